/* What the root is made of: an overlay of layers, or a directory as it is. */
#ifndef CTR_SETUP_LAYERS_H
#define CTR_SETUP_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "spec.h"

/* Which directory it is, by whatever path. */
struct place {
	dev_t device;
	ino_t inode;
};

struct layers {
	char *root;	    /* where it is mounted, seen from the host's tree */
	char **lower;	    /* top first */
	size_t lower_count; /* 0: root is used as it is */
	char *upper, *work; /* NULL with --ephemeral: they come on a tmpfs of the run */
	bool is_alone;	    /* by --lower none: no other run may use the root */
	bool is_user_s;	    /* of one who is not root: no attribute trusted.* can be had */
};

/* Decides on the layers: a sibling "lower" of ROOTFS makes an overlay. Paths come out absolute and
 * without symbolic links. upper and work may not exist yet. Changes nothing. Returns 0, or -errno
 * after fail(); layers_free() either way. */
int layers_find(const struct spec *spec, struct layers *layers);

/* Refuses what an overlay cannot be made of, before the kernel would with its EINVAL. Changes
 * nothing. Returns 0, or -errno after fail(). */
int layers_check(const struct layers *layers);

/* Refuses a root with nothing in it, unless the run brings something. Returns as layers_check(). */
int layers_content_check(const struct spec *spec, const struct layers *layers);

bool is_directory(const char *path);
struct place place_of(int fd);

void layers_free(struct layers *layers);

#endif
