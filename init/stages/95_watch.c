/* 95 watch: PID 1 at work.
 * Before: the payload runs. After: it has ended and its status is ours. In between nothing here can
 * end the container: there is no way to fail, and the compiler sees to it. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../report.h"
#include "../stages.h"
#include "../sys.h"

#pragma GCC poison die die_of_command exit _exit abort

/* Raw, because the C library's sigset functions leave its own real-time signals out. Faults are
 * among them: one of our own is delivered all the same, another's kill(2) is passed on. */
#define ALL_SIGNALS UINT64_MAX

/* Peers see the payload's end-of-file only when no one else holds the descriptor. */
static void descriptors_release(void)
{
	for (int i = 0; i < 3; i++)
		dup2(idle_descriptor(), i);
	sys_close_range(3, 0);
}

/* Reaps whatever has ended: SIGCHLD says "at least one". True, with its status, when pid did. */
static bool reap(int pid, int *status)
{
	bool ended = false;
	int child, child_status;

	while ((child = waitpid(-1, &child_status, WNOHANG)) > 0) {
		if (child == pid) {
			*status = child_status;
			ended = true;
		}
	}
	return ended;
}

/* What a terminal sends goes to the payload's whole group, as from a terminal; the rest to the
 * payload. Its group is an orphaned one, where a terminal stop would be dropped: a plain stop is
 * not. Errors are of no interest: the payload may just have ended. */
static void forward(int pid, int signal)
{
	switch (signal) {
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		kill(-pid, SIGSTOP);
		break;
	case SIGINT:
	case SIGQUIT:
	case SIGCONT:
	case SIGWINCH:
		kill(-pid, signal);
		break;
	default:
		kill(pid, signal);
	}
}

int watch(int pid)
{
	uint64_t watched = ALL_SIGNALS;
	int status = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &watched, NULL, sizeof(watched));
	report(CTR_MESSAGE_STARTED, -1);
	descriptors_release();
	privileges_keep_kill();
	self_protect();
	while (!reap(pid, &status)) {
		long signal = syscall(SYS_rt_sigtimedwait, &watched, NULL, NULL, sizeof(watched));

		if (signal > 0 && signal != SIGCHLD)
			forward(pid, (int)signal);
	}
	return WIFSIGNALED(status) ? CTR_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}
