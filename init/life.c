#include "life.h"

#include <signal.h>
#include <unistd.h>

#include "text.h"

void life_defaults(struct life *life)
{
	life->is_first = getpid() == 1;
	life->terminal_fd = life->idle_fd = -1;
	life->ending = ORDER_POWEROFF;
	for (unsigned i = 0; i <= SIGNALS; i++)
		life->becomes[i] = (uint8_t)i;
	life->becomes[SIGCHLD] = 0;
	for (unsigned i = 0; i < STATUSES; i++)
		life->statuses[i] = (uint8_t)i;
	/* A job stops and goes on as a whole. */
	life->to_group = SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGTSTP) |
			 SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU);
}

bool life_grace(struct life *life, const char *text, unsigned max)
{
	long seconds = decimal_parse(text, max);

	if (seconds >= 0)
		life->grace = (unsigned)seconds;
	return seconds >= 0;
}

void life_own_session(struct life *life)
{
	life->own_session = true;
	/* The group of a session's leader is an orphaned one, where a terminal stop is dropped: a
	 * plain stop is not. */
	life->becomes[SIGTSTP] = life->becomes[SIGTTIN] = life->becomes[SIGTTOU] = SIGSTOP;
}
