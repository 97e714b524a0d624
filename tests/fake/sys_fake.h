/* The seam, faked: nothing on the machine changes, every call is written down, and any one call
 * can be made to fail.
 *
 * What exists is what the test said (fake_file, fake_directory) and what the code made. Every
 * descriptor given out is a real one, of /dev/null or of a socket pair, with a number that no
 * other open(2) gets, so that close(2) works and is noticed. The memory is shared across fork(2):
 * what a forked child did is seen by the test that forked it.
 *
 * sys_execute() writes its line, counts, and returns -ENOEXEC, as it returns only on failure.
 * sys_place() writes its line and moves nothing. A sys_kill() that fails on demand says that the
 * process has ended, the one way in which it can fail. sys_wait() for a process that nothing has
 * ended would wait for ever: it returns -EDEADLK and the process stays. What was cloned after the
 * first process, FAKE_PID, has ended by itself, with status 0.
 */
#ifndef CTR_FAKE_H
#define CTR_FAKE_H

#include <stdbool.h>

enum { FAKE_PID = 4711 };

/* Forgets everything; closes what is still open of what it gave out. */
void fake_reset(void);

/* The n-th call from now (1 is the next) fails with error and does nothing. */
void fake_fail_nth(unsigned n, int error);
/* Calls up to now, those that failed included. */
unsigned fake_calls(void);

/* The calls, one a line; sys_sleep_ms() and sys_show() are among them but are not counted, as they
 * cannot fail. */
const char *fake_script(void);
/* The same without the reads. */
const char *fake_changes(void);

/* A file with this text, which a write replaces, or of a cgroup.subtree_control changes as the
 * kernel does. NULL: reads and writes give -ENOENT, even
 * in a directory whose files otherwise come by themselves (as a cgroup's do). */
void fake_file(const char *path, const char *text);
/* A file that reads as text whatever is written to it. */
void fake_stubborn_file(const char *path, const char *text);
/* sys_may_write() gives -error for this path. */
void fake_forbid(const char *path, int error);
/* What the file reads as now, or NULL. */
const char *fake_text(const char *path);
/* A directory that was there before and belongs to somebody else. */
void fake_directory(const char *path);
/* A directory that is meant to stay once it is made: neither done nor undone. */
void fake_keep(const char *path);
/* The next count calls of sys_rmdir() for path give -EBUSY. */
void fake_busy(const char *path, unsigned count);

/* What was made, taken and started, one a line, and what of it was given back; when nothing is
 * left behind both are the same. What was tried to be given back counts as given back: more
 * cannot be asked of a caller whose rmdir was made to fail. */
const char *fake_done(void);
const char *fake_undone(void);

enum fake_side {
	FAKE_PARENT, /* sys_clone() returns FAKE_PID, and the numbers behind it */
	FAKE_CHILD,  /* it returns 0, and the keeper does its part on its end of the socket */
	FAKE_ORPHAN, /* it returns 0, and the keeper is dead */
	FAKE_LENDER, /* it returns FAKE_PID, and the second time 0 */
};
/* keeper is only for FAKE_CHILD, and may be NULL: a keeper that lives and does nothing. */
void fake_clone_as(enum fake_side side, void (*keeper)(int socket_fd));
/* FAKE_PID has ended by itself: sys_wait() gives status. */
void fake_process_ends(int status);
/* Calls of sys_execute() that were not made to fail. */
unsigned fake_executions(void);

#endif
