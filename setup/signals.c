#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

static sigset_t inherited, watched, ignored;

void signals_block(void)
{
	static const int faults[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
	struct sigaction action;

	/* Ignored by the caller, it would have the kernel reap our children for us. */
	signal(SIGCHLD, SIG_DFL);
	sigfillset(&watched);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&watched, faults[i]);
	for (int number = 1; number <= SIGRTMAX; number++) {
		if (sigaction(number, NULL, &action) < 0 || action.sa_handler != SIG_IGN)
			continue;
		sigaddset(&ignored, number);
		sigdelset(&watched, number);
	}
	sigprocmask(SIG_SETMASK, &watched, &inherited);
}

int signals_open(void)
{
	int fd = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void signals_restore(void)
{
	sigprocmask(SIG_SETMASK, &inherited, NULL);
}

void signals_default(void)
{
	sigfillset(&watched);
	sigprocmask(SIG_SETMASK, &watched, NULL);
	for (int number = 1; number <= SIGRTMAX; number++)
		if (sigismember(&ignored, number))
			signal(number, SIG_DFL);
}
