/* The caller of this process: the signals that come from there, and the terminal.
 *
 * What is under way is elsewhere, in a container: signals are passed on to it, stops are shared,
 * and its pty is relayed (terminal.h).
 */
#ifndef CTR_SETUP_CALLER_H
#define CTR_SETUP_CALLER_H

#include <stdbool.h>

#include "terminal.h"

struct caller {
	void *of; /* for the two functions */
	/* Sees each signal first. True: it is dealt with. */
	bool (*take)(void *of, int signal);
	void (*pass_on)(void *of, int signal);
	struct terminal terminal;
	int signal_fd;
	bool is_over;  /* what was under way is: any signal now is for us */
	bool is_hasty; /* somebody asked for the end */
};

/* Begins to watch signals and the terminal's modes. of, take and pass_on are set. Returns 0, or
 * -errno after fail(). */
int caller_watch(struct caller *caller);
/* signal_fd is ready: deals with each signal that came. */
void caller_hear(struct caller *caller);
/* Call after the payload has ended. Writes what is left of its output: gives up when the terminal
 * takes nothing for a minute or, when the end was asked for, for a second. Then gives the terminal
 * back. */
void caller_leave(struct caller *caller);

/* The other end of a pipe is to see end-of-file when the payload closes its own, not when we end:
 * our stdin and stdout are let go of, but for those in console_fds. */
void caller_pipes_release(unsigned console_fds);

#endif
