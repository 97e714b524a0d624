#include "tamper.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LISTENER_FD = 3, HANG_S = 30, ROUND_MS = 10, ROUNDS = 100, CALLS = 1024 };

struct overseer {
	struct job *job;
	int fd;
	struct points *points;
	const struct fault *fault;
	bool *done;
	struct process {
		pid_t pid;
		unsigned counts[CALLS];
		bool is_at_work; /* in a main() of ours */
	} processes[TAMPER_PROCESSES];
	size_t count;
	bool is_polled; /* the input */
	unsigned idle;	/* rounds without a call */
};

/* In the child, last before its execve(2). */
static void filter_install(const void *argument)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
	struct sock_fprog program = {COUNT(code), code};

	(void)argument;
	close_range(LISTENER_FD, ~0U, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* The child's next call waits for us, so it keeps the descriptor until we have it as well. */
static bool listener_take(const struct job *job, int *fd)
{
	uint64_t none = 0;

	*fd = (int)syscall(SYS_pidfd_getfd, job->pid_fd, LISTENER_FD, 0);
	if (*fd < 0)
		return false;
	if (ioctl(*fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &none) < 0 && errno == ENOENT)
		return true;
	close(*fd); /* of ours, and not closed yet */
	return false;
}

static struct process *process_known(struct overseer *overseer, pid_t pid)
{
	for (size_t i = 0; i < overseer->count; i++)
		if (overseer->processes[i].pid == pid)
			return &overseer->processes[i];
	return NULL;
}

static struct process *process_add(struct overseer *overseer, pid_t pid)
{
	struct process *process = &overseer->processes[overseer->count];

	assert_true(overseer->count < TAMPER_PROCESSES);
	*process = (struct process){.pid = pid, .is_at_work = overseer->count > 0};
	overseer->count++;
	return process;
}

/* Two that the keeper started may come to their first calls in any order. */
static void children_add(struct overseer *overseer, pid_t keeper)
{
	const char *next = lab_read(lab_text("/proc/%d/task/%d/children", keeper, keeper));
	char *end;

	for (; next && *next; next = *end ? end + 1 : end) {
		pid_t pid = (pid_t)strtol(next, &end, 10);

		if (!process_known(overseer, pid))
			process_add(overseer, pid);
	}
}

static struct process *process_of(struct overseer *overseer, pid_t pid)
{
	struct process *process = process_known(overseer, pid);

	if (!process && overseer->count) {
		children_add(overseer, overseer->processes[0].pid);
		process = process_known(overseer, pid);
	}
	return process ? process : process_add(overseer, pid);
}

/* main() begins with signals_block(); what is cloned goes on in it. */
static bool is_counted(struct process *process, bool is_keeper, int call)
{
	bool was_at_work = process->is_at_work;

	if (is_keeper && call == SYS_rt_sigaction)
		process->is_at_work = was_at_work = true;
	if (call == SYS_execve)
		process->is_at_work = false;
	return was_at_work;
}

static bool is_keeper_killed(const struct overseer *overseer)
{
	return *overseer->done && !overseer->fault->error && overseer->fault->at.process == 0;
}

static void input_give(const struct overseer *overseer)
{
	if (!is_keeper_killed(overseer))
		(void)!write(overseer->job->in_fd, "\n", 1);
}

/* Of another program than ours. */
static bool is_for_input(const struct process *process, int call)
{
#ifdef SYS_poll
	if (call == SYS_poll)
		return !process->is_at_work;
#endif
	return !process->is_at_work && call == SYS_ppoll;
}

/* Returns the errno that the call is to fail with, or 0. */
static int call_judge(struct overseer *overseer, pid_t pid, int call)
{
	struct process *process = process_of(overseer, pid);
	struct point here = {(unsigned)(process - overseer->processes), call, 0};
	const struct fault *fault = overseer->fault;

	assert_in_range(call, 0, CALLS - 1);
	if (is_for_input(process, call)) {
		overseer->is_polled = true;
		input_give(overseer);
	}
	if (!is_counted(process, here.process == 0, call))
		return 0;
	here.nth = ++process->counts[call];
	if (overseer->points) {
		assert_true(overseer->points->count < TAMPER_POINTS);
		overseer->points->items[overseer->points->count++] = here;
	}
	if (!fault || memcmp(&fault->at, &here, sizeof(here)) != 0)
		return 0;
	*overseer->done = true;
	if (!fault->error)
		kill(pid, SIGKILL);
	return fault->error;
}

static void call_answer(struct overseer *overseer)
{
	union {
		struct seccomp_notif it;
		char room[512]; /* for a later kernel's, which is larger */
	} asked = {0};
	union {
		struct seccomp_notif_resp it;
		char room[512];
	} answer = {0};

	if (ioctl(overseer->fd, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
		return; /* who asked is dead */
	answer.it.id = asked.it.id;
	answer.it.error = -call_judge(overseer, (pid_t)asked.it.pid, asked.it.data.nr);
	if (!answer.it.error)
		answer.it.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(overseer->fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

/* Until nobody is left whom the filter sees. False: somebody is. */
static bool oversee(struct overseer *overseer)
{
	int64_t limit = lab_now_us() + HANG_S * INT64_C(1000000);
	struct job *job = overseer->job;
	bool is_over = false;

	while (!is_over && lab_now_us() < limit) {
		struct pollfd fds[] = {{overseer->fd, POLLIN, 0},
				       {job->ended ? -1 : job->pid_fd, POLLIN, 0}};

		/* The fault may have lost what was given. */
		if (poll(fds, 2, ROUND_MS) == 0 && overseer->is_polled &&
		    ++overseer->idle % ROUNDS == 0)
			input_give(overseer);
		if (fds[0].revents & POLLIN)
			call_answer(overseer);
		is_over = fds[0].revents & POLLHUP;
		if (fds[1].revents)
			job_has_ended(job);
		/* Up to Linux 6.10 the dead are seen until they are reaped. */
		while (job->ended && waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return is_over;
}

const struct result *tamper(const struct call *call, const char *const *arguments,
			    struct points *points, const struct fault *fault, bool *done)
{
	struct overseer *overseer = lab_keep(calloc(1, sizeof(*overseer)));
	struct call filtered = *call;
	struct job *job;
	bool is_over;

	filtered.before = filter_install;
	job = job_start(&filtered, arguments);
	*done = false;
	*overseer = (struct overseer){.job = job, .points = points, .fault = fault, .done = done};
	if (!LAB_WITHIN(listener_take(job, &overseer->fd) || job_has_ended(job)) || job->ended)
		lab_cannot("this kernel, or a filter of others, lets us set none to be asked by");
	is_over = oversee(overseer);
	close(overseer->fd);
	if (is_over)
		return job_end(job);
	if (!job->ended)
		job_signal(job, SIGKILL);
	job_close_input(job);
	return NULL;
}
