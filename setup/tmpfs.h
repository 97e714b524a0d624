/* The options of --tmpfs. Pure. */
#ifndef CTR_SETUP_TMPFS_H
#define CTR_SETUP_TMPFS_H

#include "spec.h"

/* Checks options, as in "size=64m,noexec" (NULL: none), and fills tmpfs but for its target. Cuts
 * options. Returns 0, or -EINVAL after fail() with the target. */
int tmpfs_parse(const char *target, char *options, struct tmpfs *tmpfs);

#endif
