/* The group by which a run is paused: cgroups(7), the freezer of version 2.
 *
 * Any group of version 2 can be frozen, whatever controllers it has; KILL ends a frozen process
 * there, which it does not in version 1. So a paused run dies with its keeper like any other. A run
 * that has no such group gets one with its first pause, below the one that it is in, and stays in
 * it.
 */
#ifndef CTR_SETUP_FREEZER_H
#define CTR_SETUP_FREEZER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct freezer {
	char directory[PATH_MAX];
	bool was_added; /* with a pause: processes of the run may be outside */
};

/* The group of the run whose state directory is at path; false when it has none. */
bool freezer_find(const char *path, struct freezer *freezer);
/* Makes one for a process and what comes from it, nobody in it yet, and puts it on record. The lock
 * on state_root() is held. Returns 0, or -errno after fail(). */
int freezer_make(const char *path, const char *name, pid_t pid, struct freezer *freezer);

/* One file of the group. Return as sys_write() and sys_read() do. */
enum { FREEZER_TEXT = 256 };
int freezer_write(const struct freezer *freezer, const char *file, const char *text);
int freezer_read(const struct freezer *freezer, const char *file, char *text);

/* Is the run paused, or about to be? */
bool freezer_is_frozen(const char *path);

#endif
