/* The files of a run's state directory: "KEY VALUE" lines, each value as printable.h has it.
 *
 * STATE_RUN, of stage 20, before anything is made:
 *	keeper PID NAMESPACE	a number counts only in the pid namespace that it was taken in
 *	cgroup PATH	one for each of its groups
 *	nest PATH	what one of them is in, behind it
 *	grace MS	from TERM to KILL
 *	root PATH	ROOTFS
 *	upper PATH	where changes go; none with --ephemeral
 *	lower PATH	one for each layer below, top first; none: no overlay of ours
 * STATE_FREEZER, of "ctr-setup pause" where the run had no group to freeze:
 *	cgroup PATH
 */
#ifndef CTR_SETUP_RECORD_H
#define CTR_SETUP_RECORD_H

#include <stdbool.h>

#include "run.h"

#define STATE_RUN     "run"
#define STATE_FREEZER "freezer"

/* The inode number of a process's pid namespace, and of our own; 0: it is not known. Our /proc may
 * be that of another. */
uint64_t pid_namespace(pid_t pid);
uint64_t pid_namespace_own(void);

/* The texts of STATE_RUN and of STATE_FREEZER. The caller's, or NULL. */
char *record_text(const struct run *run);
char *record_group(const struct group *group);

/* The text of one file of the state directory at path: the caller's, or NULL with errno. */
char *record_read(const char *path, const char *file);

/* Takes the next whole line off *rest, in place; false when there is none. */
bool record_next(char **rest, const char **key, const char **value);

#endif
