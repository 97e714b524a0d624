/* Layers become an overlay at the root's place, in a mount namespace of the container's.
 *
 * Each layer is opened once, and then known by its descriptor alone: who owns a directory above may
 * put another in its place meanwhile, and what the preflight has checked and 20 state has locked is
 * what is mounted, or nothing is.
 */
#ifndef CTR_SETUP_OVERLAY_H
#define CTR_SETUP_OVERLAY_H

#include "run.h"

/* Leaves run->root_fd. Returns 0, or -errno after fail(). What it opens lives in this process only,
 * which ends with an exec or an exit. */
int overlay_mount(struct run *run);

/* Says that a tree keeps its ids, as its file system cannot map any. Returns 0. */
int layer_stays(const struct run *run, const char *path);

#endif
