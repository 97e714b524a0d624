/* What a tree has changed of the layers below it: an upper layer, where a whiteout deletes and an
 * opaque directory hides what is below, or the whole root that a container sees, which lacks what
 * was deleted (entry.h).
 */
#ifndef CTR_SETUP_CHANGES_H
#define CTR_SETUP_CHANGES_H

#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#include "entry.h"

struct changes {
	struct rules rules;
	int tree_fd;
	int *lower_fds; /* top first */
	size_t lower_count;
	FILE *to;

	char path[PATH_MAX]; /* this and the rest are its own */
	int rc;
};

/* Writes a line each: "A /path" for what is new, "C" for what is changed in contents, owner, mode,
 * time or attributes, "D" for what is deleted; a directory is not changed by what is in it. In the
 * order of names, printable.h has their form. Returns 0, or -errno after fail() for what could not
 * be looked at, when the rest was written. */
int changes_write(struct changes *changes);

#endif
