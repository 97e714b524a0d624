/* Runs that live, as another process sees them: from the pid namespace that they were started in,
 * or from one around it. From elsewhere no number leads to them.
 *
 * A run lives while its keeper holds the lock of its state directory (state.h). Its pid is on
 * record there, but a record may be a dead run's, and its pid somebody else's by now: so the lock
 * is looked at after the pid was opened, and from then on only the pidfd is used.
 */
#ifndef CTR_SETUP_LIVE_H
#define CTR_SETUP_LIVE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "processes.h"

struct live {
	char name[72];
	char path[PATH_MAX]; /* its state directory */
	pid_t keeper;
	int keeper_fd; /* a pidfd */
};

/* The run of this name. Returns 0, or -errno after fail(). live_close() either way. */
int live_open(const char *name, struct live *live);
/* The same, without a word when there is none: -ESRCH. */
int live_find(const char *name, struct live *live);
void live_close(struct live *live);

/* All of this user's, by name. Returns 0, or -errno after fail(). lives_close() either way. */
struct lives {
	struct live *items;
	size_t count;
};
int lives_open(struct lives *lives);
void lives_close(struct lives *lives);

/* Does the process of this pidfd end in that time? -1: it is waited for. */
bool ends_within(int pid_fd, int milliseconds);

/* PID 1 of the run: its pid in *pid, and a pidfd; -ESRCH when it is not there yet, or no longer;
 * else -errno after fail(). */
int live_init_open(const struct live *live, pid_t *pid);
/* The same, and -ESRCH is said, too. */
int live_init_demand(const struct live *live, pid_t *pid);

/* A keeper that stands still, as after TSTP, goes on. */
void live_wake(const struct live *live);

/* pause.c: the run goes on, if it was paused. Returns 0, or -errno after fail(). */
int live_resume(const struct live *live);

/* The same pid among processes that were read already; 0 when it is not there. */
pid_t live_init(const struct live *live, const struct processes *processes);

#endif
