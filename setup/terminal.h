/* The caller's terminal, and the relay between it and the container's pty.
 *
 * The caller's terminal is raw only while this process is in the foreground of it, and is given
 * back whatever happens: at the end, when stopped, and, by a guard process, even after SIGKILL.
 */
#ifndef CTR_SETUP_TERMINAL_H
#define CTR_SETUP_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "spec.h"

enum { TERMINAL_FDS = 4 };
enum { RELAY_SIZE = 4096 }; /* what a pty gives at once */

struct relay {
	int from_fd, to_fd; /* -1: ended */
	size_t start, end;  /* of what is read and not yet written */
	char buffer[RELAY_SIZE];
};

struct terminal {
	int tty_fd;	      /* the caller's terminal, or -1: nothing to keep */
	struct termios saved; /* how it was */
	struct termios raw;   /* how we set it */
	bool is_raw;
	bool is_kept_off;     /* in the background, with input to read later */
	unsigned escapes;     /* ^] in a row */
	bool is_output;	      /* the container's stdout is the terminal's */
	bool ends_in_line;    /* the last byte relayed to the pty was no newline */
	int guard_fd;	      /* the guard ends when this closes */
	pid_t guard_pid;      /* 0: none */
	int master_fd;	      /* of the container's pty, or -1 */
	struct relay in, out; /* terminal to pty, pty to terminal */
};

/* Remembers the modes of the terminal among descriptors 0-2, if there is one. */
void terminal_open(struct terminal *terminal);
/* Which of the descriptors 0-2, as a bit set, a pty is to serve: those that are terminals, or all
 * when one is wished and stdin is none; 0: no pty. Who has the caller's own can read what is typed
 * there and change its modes, also through a descriptor for output. */
unsigned terminal_choose(enum terminal_wish wish);
/* Rows and columns of the terminal among descriptors 0-2; 0 and 0 when there is none. */
void terminal_size(unsigned short *rows, unsigned short *columns);
/* Begins to relay for the master, which becomes the terminal's own and serves the payload's
 * descriptors of console_fds (a bit set). Returns 0 or -errno. */
int terminal_attach(struct terminal *terminal, int master_fd, unsigned console_fds);
/* At the start and after a stop: makes the terminal raw if we are in the foreground, and passes the
 * caller's size on. */
void terminal_engage(struct terminal *terminal);
/* Gives the terminal back as it was. */
void terminal_release(struct terminal *terminal);
/* Passes the caller's size on. */
void terminal_resize(const struct terminal *terminal);
/* What poll(2) is to wait for: fills TERMINAL_FDS of fds, unused ones with -1. */
void terminal_poll_fill(struct terminal *terminal, struct pollfd *fds);
/* For how long poll(2) may wait, who would wait so long (-1: for ever): in the background less, as
 * nobody tells when we come to the foreground. Call after terminal_poll_fill(). */
int terminal_wait_ms(const struct terminal *terminal, int wait);
/* Moves what can be moved. */
void terminal_relay(struct terminal *terminal, const struct pollfd *fds);
/* The container is gone: does the pty still hold output? */
bool terminal_has_output(struct terminal *terminal);
/* Where terminal.out.to_fd is ready: writes some of it. */
void terminal_write(struct terminal *terminal);
/* Releases, and lets the guard go. */
void terminal_close(struct terminal *terminal);

#endif
