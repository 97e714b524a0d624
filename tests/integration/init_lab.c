#include "init_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const struct place init_first = {true}, init_beside = {false};

int init_group_setup(void **state)
{
	if (!getenv("CTR_INIT") || !getenv("CTR_INIT_PROBE")) {
		print_error("these tests need CTR_INIT and CTR_INIT_PROBE\n");
		return -1;
	}
	return lab_group_setup(state);
}

static void first_be(const void *argument)
{
	const struct call *call = argument;

	if (unshare(CLONE_NEWNS) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(98);
	if (call->before)
		call->before(call->argument);
}

static const char *children_of(pid_t pid)
{
	const char *text = lab_read(lab_text("/proc/%d/task/%d/children", pid, pid));

	return text ? text : "";
}

/* The next child is the first of a new namespace, until setns(2) ends that. */
static int namespace_begin(void)
{
	int fd = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(unshare(CLONE_NEWPID), 0);
	return fd;
}

static void namespace_end(int fd)
{
	assert_int_equal(setns(fd, CLONE_NEWPID), 0);
	close(fd);
}

struct job *init_start(const struct place *place, const struct call *call,
		       const char *const *arguments)
{
	struct call own = call ? *call : (struct call){0}, inner;
	struct job *job;
	int fd;

	if (!own.program)
		own.program = getenv("CTR_INIT");
	if (!place->is_first)
		return job_start(&own, arguments);
	inner = own;
	own.before = first_be;
	own.argument = &inner;
	fd = namespace_begin();
	job = job_start(&own, arguments);
	namespace_end(fd);
	return job;
}

pid_t init_bare_start(const struct place *place, const char *const *arguments)
{
	uint64_t all = EVERY_SIGNAL, none = 0;
	int fd = place->is_first ? namespace_begin() : -1;
	const char *words[16] = {"ctr-init"};
	pid_t pid;

	for (size_t i = 0; arguments[i] && i + 2 < COUNT(words); i++)
		words[i + 1] = arguments[i];
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(getenv("CTR_INIT"), (char *const *)words);
		_exit(99);
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
	if (fd >= 0)
		namespace_end(fd);
	assert_true(pid > 0);
	return pid;
}

int init_bare_end(pid_t pid)
{
	struct pollfd end = {(int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0};
	int status = -1;

	if (poll(&end, 1, LAB_PATIENCE_S * 1000) != 1) {
		pid_t payload = (pid_t)strtol(children_of(pid), NULL, 10);

		kill(pid, SIGKILL);
		if (payload > 0)
			kill(payload, SIGKILL);
	}
	close(end.fd);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *init_children(const struct job *job)
{
	return children_of(job->pid);
}

/* Until it executes its program, it is of our name. */
static bool has_executed(pid_t pid)
{
	const char *name = host_status(pid, "Name:");

	return *name && strcmp(name, "ctr-init") != 0;
}

pid_t init_payload(const struct job *job)
{
	pid_t pid = 0;

	assert_eventually((pid = (pid_t)strtol(init_children(job), NULL, 10)) > 0 &&
			  has_executed(pid));
	return pid;
}

void job_await(struct job *job, const char *text)
{
	int64_t limit = lab_now_us() + LAB_PATIENCE_S * INT64_C(1000000);

	while (!(job->out.bytes && strstr(job->out.bytes, text))) {
		if (lab_now_us() > limit || (job->ended && job->out_fd < 0))
			fail_msg("\"%s\" never came\n--- stdout\n%.4000s\n--- stderr\n%.4000s",
				 text, job->out.bytes ? job->out.bytes : "",
				 job->err.bytes ? job->err.bytes : "");
		job_listen(job, 100);
	}
}

pid_t init_foreground(const struct job *job)
{
	pid_t group = 0;

	/* The master may be asked by anybody. */
	return ioctl(job->in_fd, TIOCGPGRP, &group) == 0 ? group : 0;
}

bool state_is(pid_t pid, char state)
{
	return *host_status(pid, "State:") == state;
}

void caller_be(const void *argument)
{
	const struct caller *caller = argument;

	for (int number = 1; number <= 64; number++) {
		struct {
			void (*handler)(int);
			unsigned long rest[3];
		} action = {caller->ignored & BIT(number) ? SIG_IGN : SIG_DFL, {0}};

		syscall(SYS_rt_sigaction, number, &action, NULL, sizeof(uint64_t));
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &caller->blocked, NULL, sizeof(uint64_t));
}
