#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Masks are raw 64 bits: the C library's functions leave the signals of its threads (32, 33) out,
 * and those would end us. A fault of our own is delivered even when its signal is blocked. */
#define ALL	    UINT64_MAX
#define BIT(signal) (UINT64_C(1) << ((signal)-1))

static uint64_t inherited, ignored;

static void mask_set(uint64_t mask, uint64_t *before)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, sizeof(mask));
}

void signals_block(void)
{
	struct sigaction action;

	/* Ignored by the caller, it would have the kernel reap our children for us. */
	signal(SIGCHLD, SIG_DFL);
	for (int number = 1; number <= SIGRTMAX; number++)
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			ignored |= BIT(number);
	mask_set(ALL & ~ignored, &inherited);
}

int signals_open(void)
{
	uint64_t watched = ALL & ~ignored;
	long fd = syscall(SYS_signalfd4, -1, &watched, sizeof(watched), SFD_NONBLOCK | SFD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

int signals_end_asked(void)
{
	static const int ends[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigismember(&pending, ends[i]))
			return ends[i];
	return 0;
}

void signals_restore(void)
{
	mask_set(inherited, NULL);
}

void signals_default(void)
{
	mask_set(ALL, NULL);
	for (int number = 1; number <= SIGRTMAX; number++)
		if (ignored & BIT(number))
			signal(number, SIG_DFL);
}
