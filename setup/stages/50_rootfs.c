/* 50 rootfs: lower (the image, never written) and upper (this container's changes) become the root.
 * Before: in the child, in a copy of the host's mounts. After: the copy is private, the root is
 * mounted in it and nowhere else, and each bind waits as a detached mount. With --userns a process
 * of the keeper's does it for the child: see userns.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cleanup.h"
#include "../log.h"
#include "../plan.h"
#include "../stage.h"
#include "../sys.h"

enum { OPTIONS_MAX = 4096 };

/* A tmpfs that only this mount namespace has, for an upper layer in memory and for layers with
 * other ids. The run's state directory serves as its mount point: it is there, and nobody else's.
 */
static int scratch_make(const struct run *run)
{
	int rc = sys_mount_tmpfs(run->state_path, "mode=755");

	return rc < 0 ? fail(-rc, "cannot make a tmpfs on %s", run->state_path) : 0;
}

static char *scratch_path(const struct run *run, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", run->state_path, name) < 0 ? NULL : path;
}

/* --ephemeral */
static int ephemeral_make(const struct run *run, struct layers *layers)
{
	int rc;

	layers->upper = scratch_path(run, "upper");
	layers->work = scratch_path(run, "work");
	if (!layers->upper || !layers->work)
		return fail(ENOMEM, "cannot make the upper layer in memory");
	if ((rc = sys_mkdir(layers->upper, 0755)) < 0 || (rc = sys_mkdir(layers->work, 0755)) < 0)
		return fail(-rc, "cannot make the upper layer in memory");
	return 0;
}

static int map_refused(const struct run *run, const char *path)
{
	say("the file system of %s cannot map ids: its files should belong to %u and up", path,
	    run->user_ids.first);
	return 0;
}

/* *path becomes a place on the scratch where its tree has the ids of the container. 1: the file
 * system cannot; its files are nobody's inside unless they belong to such ids. */
static int layer_map(const struct run *run, const char *name, char **path)
{
	AUTO_CLOSE int fd = sys_open_tree(*path, MOUNT_ALONE);
	char *place;
	int rc = fd < 0 ? fd : sys_map_tree(fd, run->userns_fd);

	if (rc == -EINVAL)
		return 1;
	place = scratch_path(run, name);
	if (!place)
		return fail(ENOMEM, "cannot map the ids of %s", *path);
	if (rc < 0 || (rc = sys_mkdir(place, 0700)) < 0 || (rc = sys_attach(fd, place)) < 0)
		fail(-rc, "cannot map the ids of %s", *path);
	free(*path);
	*path = place;
	return rc;
}

/* A new upper is given to root inside, whose / it becomes. */
static int upper_give(const struct run *run, const char *upper)
{
	int rc = sys_give_empty(upper, run->user_ids.first, run->group_ids.first);

	if (rc == -ENOTEMPTY)
		return map_refused(run, upper);
	return rc < 0 ? fail(-rc, "cannot give %s to user %u", upper, run->user_ids.first) : 0;
}

/* upper and work must be on one mount: it is their common parent that is mapped. */
static int writable_map(const struct run *run, struct layers *layers)
{
	AUTO_FREE char *upper = layers->upper, *work = layers->work;
	AUTO_FREE char *parent = NULL;
	size_t common = 0;
	int rc;

	for (size_t i = 0; upper[i] && upper[i] == work[i]; i++)
		if (upper[i] == '/')
			common = i;
	layers->upper = layers->work = NULL;
	parent = strndup(upper, common ? common : 1);
	if (!parent)
		return fail(ENOMEM, "cannot map the ids of %s", upper);
	rc = layer_map(run, "writable", &parent);
	if (rc < 0)
		return rc;
	if (asprintf(&layers->upper, "%s%s", parent, upper + common) < 0 ||
	    asprintf(&layers->work, "%s%s", parent, work + common) < 0)
		return fail(ENOMEM, "cannot map the ids of %s", upper);
	return rc == 1 ? upper_give(run, upper) : 0;
}

/* What the overlay makes by itself, as in work, it makes as who mounts it: somebody whom the layers
 * know, too. */
static int layers_map(const struct run *run, struct layers *layers)
{
	int rc = writable_map(run, layers);

	for (size_t i = 0; i < layers->lower_count && rc == 0; i++) {
		char name[32];

		snprintf(name, sizeof(name), "lower%zu", i);
		rc = layer_map(run, name, &layers->lower[i]);
		if (rc == 1)
			rc = map_refused(run, layers->lower[i]);
	}
	if (rc < 0)
		return rc;
	rc = sys_make_files_as(run->user_ids.first, run->group_ids.first);
	return rc < 0 ? fail(-rc, "cannot make files as user %u", run->user_ids.first) : 0;
}

static unsigned bare_flag(const struct run *run)
{
	return run->spec->privileged ? MOUNT_BARE : 0;
}

/* What the layers become lives in this process only, which ends with an exec or an exit. */
static int overlay_mount(struct run *run)
{
	struct layers *layers = &run->layers;
	AUTO_FREE char *options = NULL;
	int rc = 0;

	if (!layers->upper || run->userns_fd >= 0)
		rc = scratch_make(run);
	if (rc == 0 && !layers->upper)
		rc = ephemeral_make(run, layers);
	if (rc == 0 && run->userns_fd >= 0)
		rc = layers_map(run, layers);
	if (rc < 0)
		return rc;
	options = layers_options(layers);
	if (!options)
		return fail(ENOMEM, "cannot mount an overlay");
	/* mount(2) takes one page and would cut the rest off, the safety of redirect_dir included.
	 */
	if (strlen(options) >= OPTIONS_MAX)
		return fail(E2BIG,
			    "cannot mount an overlay: the paths of its layers take %zu "
			    "bytes of options, more than %d; use shorter ones",
			    strlen(options), OPTIONS_MAX - 1);
	rc = sys_mount_overlay(layers->root, options, bare_flag(run));
	return rc < 0 ? fail(-rc, "cannot mount an overlay on %s (%s; dmesg may say why)",
			     layers->root, options)
		      : 0;
}

/* pivot_root(2) wants a mount: the directory becomes one of its own. With --read-only what is
 * mounted below it is so from now on; itself, only when its mount points are made (80 identity). */
static int directory_mount(const struct run *run)
{
	const char *root = run->layers.root;
	AUTO_CLOSE int tree_fd = sys_open_tree(
		root, (run->spec->readonly ? MOUNT_READ_ONLY_BELOW : 0) | bare_flag(run));
	int rc = tree_fd < 0 ? tree_fd : 0;

	if (rc == 0 && run->userns_fd >= 0) {
		rc = sys_map_tree(tree_fd, run->userns_fd);
		if (rc == -EINVAL)
			rc = map_refused(run, root);
	}
	if (rc == 0)
		rc = sys_attach(tree_fd, root);
	return rc < 0 ? fail(-rc, "cannot mount %s on itself", root) : 0;
}

int trees_make_room(struct run *run)
{
	size_t most = run->spec->bind_count + 2; /* proc, sysfs */

	while (plan_node(run->spec, most - run->spec->bind_count - 2))
		most++;
	run->tree_fds = calloc(most, sizeof(*run->tree_fds));
	return run->tree_fds ? 0 : fail(ENOMEM, "cannot bind");
}

static int binds_open(struct run *run)
{
	const struct spec *spec = run->spec;
	int rc = trees_make_room(run);

	for (size_t i = 0; i < spec->bind_count && rc == 0; i++) {
		const struct bind *bind = &spec->binds[i];
		int fd = sys_open_tree(bind->source, bind->readonly ? MOUNT_READ_ONLY : 0);

		if (fd < 0)
			return fail(-fd, "cannot bind %s", bind->source);
		run->tree_fds[run->tree_count++] = fd;
	}
	return rc;
}

int rootfs_make(struct run *run)
{
	int rc = sys_make_private();

	if (rc < 0)
		return fail(-rc, "cannot make the mounts private");
	rc = binds_open(run);
	if (rc < 0)
		return rc;
	return run->layers.lower_count ? overlay_mount(run) : directory_mount(run);
}

int rootfs_enter(struct run *run)
{
	return run->spec->userns ? userns_enter(run) : rootfs_make(run);
}
