#include "exec_lab.h"

#include <stdlib.h>
#include <string.h>
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

static const char *const status_fields[] = {
	"Uid:",	   "Gid:",    "Groups:", "NoNewPrivs:", "Seccomp:", "CapInh:",
	"CapPrm:", "CapEff:", "CapBnd:", "CapAmb:",	"SigBlk:",  "SigIgn:"};

void is_like_the_payload(void)
{
	static const char *const namespaces[] = {"mnt", "pid",	"uts",	 "ipc",
						 "net", "user", "cgroup"};
	static const char *const files[] = {"cgroup", "mountinfo", "limits", "loginuid"};
	struct job *job = EXEC_START(CALL(.talks = true), "echo ready; cat");
	pid_t payload = host_payload(container), command;

	job_expect(job, "ready");
	command = command_of(watch_of_command());
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
	assert_string_equal(lab_read(lab_text("/proc/%d/oom_score_adj", command)),
			    lab_read(lab_text("/proc/%d/oom_score_adj", payload)));
	assert_status(job_end(job), 0);
}
