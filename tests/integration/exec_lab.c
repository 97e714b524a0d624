#include "exec_lab.h"

#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct job *container;
const char *name;

void container_start(const struct call *call, const char *const *arguments)
{
	const char *words[32] = {"--name", name = lab_text("lab-%d", getpid())};
	struct call talking = call ? *call : (struct call){0};

	talking.talks = true;
	for (size_t i = 0; arguments[i]; i++)
		words[i + 2] = arguments[i];
	container = job_start(&talking, words);
	job_expect(container, "ready");
}

void container_end(void)
{
	assert_status(job_end(container), 0);
}

/* The children of PID 1, in the host's numbers. */
static const char *children(void)
{
	pid_t init = host_init(container);
	const char *text = lab_read(lab_text("/proc/%d/task/%d/children", init, init));

	return text ? text : "";
}

bool payload_is_alone(void)
{
	return strcmp(children(), lab_text("%d ", host_payload(container))) == 0;
}

pid_t watch_of_command(void)
{
	pid_t pid = 0;

	assert_eventually((pid = host_child(host_init(container), "ctr-init")) > 0);
	return pid;
}

pid_t command_of(pid_t watch)
{
	const char *text = lab_text("/proc/%d/task/%d/children", watch, watch);
	pid_t pid = 0;

	assert_eventually((pid = (pid_t)strtol(lab_read(text), NULL, 10)) > 0);
	return pid;
}

const char *descriptors(pid_t pid)
{
	const char *text = "";

	for (int fd = 0; fd < 64; fd++) {
		char to[256] = "";

		if (readlink(lab_text("/proc/%d/fd/%d", pid, fd), to, sizeof(to) - 1) > 0)
			text = lab_text("%s%d %.*s\n", text, fd, (int)strcspn(to, ":"), to);
	}
	return text;
}

/* Of /proc/PID/status */
static const char *const status_fields[] = {
	"Uid:",		"Gid:",	    "Groups:",		"Umask:",
	"NoNewPrivs:",	"Seccomp:", "Seccomp_filters:", "CapInh:",
	"CapPrm:",	"CapEff:",  "CapBnd:",		"CapAmb:",
	"SigBlk:",	"SigIgn:",  "CoreDumping:",	"THP_enabled:",
	"Cpus_allowed:"};

static const char *link_of(pid_t pid, const char *file)
{
	char to[256] = "";

	assert_true(readlink(lab_text("/proc/%d/%s", pid, file), to, sizeof(to) - 1) > 0);
	return lab_text("%s", to);
}

/* The variables, one a line, in their order. */
static const char *environment_of(pid_t pid)
{
	FILE *from = fopen(lab_text("/proc/%d/environ", pid), "re");
	char *variable = NULL;
	const char *text = "";
	size_t size = 0;

	assert_non_null(from);
	while (getdelim(&variable, &size, '\0', from) > 0)
		text = lab_text("%s%s\n", text, variable);
	free(variable);
	fclose(from);
	return text;
}

/* The priority, the policy, and whether it leads a session, from /proc/PID/stat. */
static const char *schedule_of(pid_t pid)
{
	int group, session, nice;
	unsigned policy;
	const char *text = strrchr(lab_read(lab_text("/proc/%d/stat", pid)), ')');

	assert_int_equal(sscanf(text,
				") %*c %*d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
				"%d %*d %*d %*u %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u "
				"%*u %*u %*u %*d %*d %*u %u",
				&group, &session, &nice, &policy),
			 4);
	return lab_text("group %s, session %s, nice %d, policy %u", group == pid ? "own" : "other",
			session == pid ? "own" : "other", nice, policy);
}

/* What must not come from the caller of exec. */
static void strange_caller(const void *argument)
{
	sigset_t blocked;

	(void)argument;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	umask(0);
	setenv("SECRET", "of the caller", 1);
	personality(ADDR_NO_RANDOMIZE);
	prctl(PR_SET_TIMERSLACK, 1);
	prctl(PR_SET_DUMPABLE, 0);
	if (nice(5) < 0 || chdir("/etc") < 0 ||
	    setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1}) < 0 ||
	    setgroups(2, (gid_t[]){4, 20}) < 0)
		_exit(98);
}

/* The shells have become the last word of their scripts. */
static bool is_cat(pid_t pid)
{
	const char *program = lab_read(lab_text("/proc/%d/comm", pid));

	return program && strcmp(program, "cat\n") == 0;
}

void is_like_the_payload(void)
{
	static const char *const namespaces[] = {"mnt", "pid",	"uts",	 "ipc",
						 "net", "user", "cgroup"};
	static const char *const files[] = {"cgroup",	     "mountinfo",      "limits",
					    "loginuid",	     "personality",    "timerslack_ns",
					    "oom_score_adj", "coredump_filter"};
	struct job *job =
		EXEC_START(CALL(.talks = true, .before = strange_caller), "echo ready; cat");
	pid_t payload = host_payload(container), command;

	job_expect(job, "ready");
	command = command_of(watch_of_command());
	assert_eventually(is_cat(command) && is_cat(payload));
	for (size_t i = 0; i < COUNT(status_fields); i++)
		assert_string_equal(host_status(command, status_fields[i]),
				    host_status(payload, status_fields[i]));
	for (size_t i = 0; i < COUNT(namespaces); i++)
		assert_int_equal(host_namespace(command, namespaces[i]),
				 host_namespace(payload, namespaces[i]));
	for (size_t i = 0; i < COUNT(files); i++)
		if (lab_read(lab_text("/proc/%d/%s", payload, files[i])))
			assert_string_equal(lab_read(lab_text("/proc/%d/%s", command, files[i])),
					    lab_read(lab_text("/proc/%d/%s", payload, files[i])));
	assert_string_equal(link_of(command, "cwd"), link_of(payload, "cwd"));
	assert_string_equal(link_of(command, "root"), link_of(payload, "root"));
	assert_string_equal(environment_of(command), environment_of(payload));
	assert_string_equal(schedule_of(command), schedule_of(payload));
	assert_status(job_end(job), 0);
}
