/* state_root()/NAME: what a run would leave behind if it were killed.
 *
 * The directory is locked (flock(2)) for as long as its keeper lives; the kernel drops the lock
 * with the process, however it ends. What is in it: record.h, and the socket "exec", on which the
 * keeper is asked for further commands (include/ctr/message.h). A directory whose lock is free is
 * stale. Whoever makes or removes stale directories holds the lock on state_root() meanwhile.
 */
#ifndef CTR_SETUP_STATE_H
#define CTR_SETUP_STATE_H

#include <stdint.h>
#include <sys/types.h>

#define STATE_EXEC "exec"

/* The directory of all runs of this user: /run/ctr, or of who is not root $XDG_RUNTIME_DIR/ctr,
 * /run/user/UID/ctr or /tmp/ctr-UID. NULL after fail(). Not to be trusted before
 * state_root_check(). */
const char *state_root(void);

/* Is state_root(), or where it is to be made, this user's alone? 0, or -errno after fail(). */
int state_root_check(void);

/* Makes state_root() if need be, checks that it is this user's alone, and locks it: a descriptor,
 * or -errno after fail(). -EINTR, without a word: a signal asked for the end while others held
 * it. */
int state_root_lock(void);

/* Removes what dead runs have left: their cgroups, their directories. The lock on state_root() is
 * held. Returns how many runs it cleaned away. Warns about what it cannot. */
unsigned state_collect(void);

/* Removes the state directory at path, whose lock is ours, and the groups on record there. The lock
 * on state_root() is held. Returns 0, or -errno after fail(). */
int state_remove(const char *path);

/* The keeper that holds the state directory at path, by its number in the pid namespace that it was
 * started in. */
struct keeper {
	pid_t pid;
	uint64_t pid_namespace; /* 0: not known */
};

/* Returns 0, or -errno: -ENOENT when there is no record, -EBADMSG when it is none of ours. */
int state_keeper(const char *path, struct keeper *keeper);
/* The name of the run at path is not to be had: says who holds it. */
int state_held_refuse(const char *path, const char *name);

#endif
