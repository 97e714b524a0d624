#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "cleanup.h"
#include "log.h"
#include "sys.h"

/* A planted trusted.overlay.redirect must not lead out of the layers, and the other features must
 * not depend on how the host's kernel was configured. */
#define FEATURES "redirect_dir=nofollow,metacopy=off,index=off,xino=off"

/* --ephemeral: a tmpfs that only this mount namespace has. The run's state directory serves as its
 * mount point: it is there, and nobody else's. */
static int memory_make(const struct run *run, struct layers *layers)
{
	int rc = sys_mount_tmpfs(run->state_path, "mode=755");

	if (rc < 0)
		return fail(-rc, "cannot make a tmpfs on %s", run->state_path);
	if (asprintf(&layers->upper, "%s/upper", run->state_path) < 0 ||
	    asprintf(&layers->work, "%s/work", run->state_path) < 0)
		return fail(ENOMEM, "cannot make the upper layer in memory");
	if ((rc = sys_mkdir(layers->upper, 0755)) < 0 || (rc = sys_mkdir(layers->work, 0755)) < 0)
		return fail(-rc, "cannot make the upper layer in memory");
	return 0;
}

int layer_stays(const struct run *run, const char *path)
{
	say("the file system of %s cannot map ids: its files should belong to %u and up", path,
	    run->user_ids.first);
	return 0;
}

/* With --userns by root the directory in *fd becomes one whose tree has the ids of the container.
 * It has to be mounted somewhere: the state directory is ours. 1: its file system cannot. */
static int layer_map(const struct run *run, const char *path, int *fd)
{
	AUTO_CLOSE int tree_fd = -1;
	int rc;

	if (run->userns_fd < 0)
		return 0;
	tree_fd = sys_open_tree(*fd, "", MOUNT_ALONE);
	rc = tree_fd < 0 ? tree_fd : sys_map_tree(tree_fd, run->userns_fd);
	if (rc == -EINVAL)
		return 1;
	if (rc == 0)
		rc = sys_attach(tree_fd, run->state_path);
	if (rc < 0)
		return fail(-rc, "cannot map the ids of %s", path);
	close_and_forget(fd);
	*fd = take_fd(&tree_fd);
	return 0;
}

static int lower_open(const struct run *run, struct sys_overlay *overlay)
{
	const struct layers *layers = &run->layers;
	int rc = 0;

	for (size_t i = 0; i < layers->lower_count && rc == 0; i++) {
		int *fd = &overlay->lower_fds[overlay->lower_count++];

		*fd = sys_open_dir(AT_FDCWD, layers->lower[i]);
		if (*fd < 0)
			return fail(-*fd, "cannot open the lower directory %s", layers->lower[i]);
		rc = layer_map(run, layers->lower[i], fd);
		if (rc == 1)
			rc = layer_stays(run, layers->lower[i]);
	}
	return rc;
}

/* A new upper is given to root inside, whose / it becomes. */
static int upper_give(const struct run *run, int upper_fd)
{
	const char *upper = run->layers.upper;
	int rc = sys_give_empty(upper_fd, run->user_ids.first, run->group_ids.first);

	if (rc == -ENOTEMPTY)
		return layer_stays(run, upper);
	return rc < 0 ? fail(-rc, "cannot give %s to user %u", upper, run->user_ids.first) : 0;
}

/* The length of what two absolute paths have in common, with the slash behind it. */
static size_t common_length(const char *a, const char *b)
{
	size_t length = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '/')
			length = i + 1;
	return length;
}

/* Below the parent, so far into the path. What is there now must be what was locked. */
static int locked_open(int parent_fd, const char *path, size_t length, const struct place *locked,
		       int *fd)
{
	struct place place;

	*fd = sys_open_dir(parent_fd, path + length);
	if (*fd < 0)
		return fail(-*fd, "cannot open %s", path);
	place = place_of(*fd);
	if (locked && (place.device != locked->device || place.inode != locked->inode))
		return fail(0, "cannot use %s: another directory has taken its place", path);
	return 0;
}

/* To the keeper, who is to say what it took when it is gone from here. Root's making for a user
 * namespace has no way to him. */
static int upper_show(const struct run *run, int upper_fd)
{
	int rc = run->userns_fd >= 0 ? 0
				     : channel_send(run->socket_fd, CTR_MESSAGE_UPPER, 0, upper_fd);

	return rc < 0 ? fail(-rc, "cannot hand over the upper layer in memory") : 0;
}

/* upper and work must be on one mount: it is their common parent that is mapped. */
static int writable_open(const struct run *run, struct sys_overlay *overlay)
{
	const char *upper = run->layers.upper, *work = run->layers.work;
	bool is_locked = !run->spec->ephemeral;
	size_t length = common_length(upper, work);
	AUTO_FREE char *parent = strndup(upper, length);
	AUTO_CLOSE int parent_fd = parent ? sys_open_dir(AT_FDCWD, parent) : -ENOMEM;
	int mapped, rc;

	if (parent_fd < 0)
		return fail(-parent_fd, "cannot open where %s and %s are", upper, work);
	mapped = layer_map(run, parent, &parent_fd);
	if (mapped < 0)
		return mapped;
	if ((rc = locked_open(parent_fd, upper, length, is_locked ? &run->upper_place : NULL,
			      &overlay->upper_fd)) < 0 ||
	    (rc = locked_open(parent_fd, work, length, is_locked ? &run->work_place : NULL,
			      &overlay->work_fd)) < 0)
		return rc;
	if (!is_locked && run->spec->report && (rc = upper_show(run, overlay->upper_fd)) < 0)
		return rc;
	return mapped == 1 ? upper_give(run, overlay->upper_fd) : 0;
}

/* What the overlay makes by itself, as in work, it makes as who mounts it: with --userns by root,
 * somebody whom the layers know, too. */
static int maker_become(const struct run *run)
{
	int rc = run->userns_fd < 0 ? 0
				    : sys_make_files_as(run->user_ids.first, run->group_ids.first);

	return rc < 0 ? fail(-rc, "cannot make files as user %u", run->user_ids.first) : 0;
}

/* The kernel knows the layers by number only. */
static int mount_refused(const struct layers *layers, int rc)
{
	AUTO_FREE char *lower = NULL;
	size_t size;
	FILE *to = open_memstream(&lower, &size);

	for (size_t i = 0; to && i < layers->lower_count; i++)
		fprintf(to, " %s", layers->lower[i]);
	if (to)
		fclose(to);
	return fail(-rc,
		    "cannot mount an overlay on %s (lower%s, upper %s, work %s; dmesg may say why)",
		    layers->root, lower ? lower : "", layers->upper, layers->work);
}

int overlay_mount(struct run *run)
{
	struct layers *layers = &run->layers;
	AUTO_FREE int *lower_fds = calloc(layers->lower_count, sizeof(*lower_fds));
	struct sys_overlay overlay = {
		.lower_fds = lower_fds,
		.options = layers->is_user_s ? FEATURES ",userxattr" : FEATURES,
		.flags = run->spec->privileged ? MOUNT_BARE : 0,
	};
	int rc = lower_fds ? 0 : fail(ENOMEM, "cannot mount an overlay");

	if (rc == 0 && !layers->upper)
		rc = memory_make(run, layers);
	if (rc < 0 || (rc = writable_open(run, &overlay)) < 0 ||
	    (rc = lower_open(run, &overlay)) < 0 || (rc = maker_become(run)) < 0)
		return rc;
	overlay.target_fd = sys_open_dir(AT_FDCWD, layers->root);
	rc = overlay.target_fd < 0 ? overlay.target_fd : sys_mount_overlay(&overlay);
	if (rc == -EXDEV)
		return fail(0, "cannot mount an overlay: /proc/self/fd has not our descriptors; "
			       "mount a proc file system on /proc");
	if (rc < 0)
		return mount_refused(layers, rc);
	run->root_fd = sys_open_dir(AT_FDCWD, layers->root);
	return run->root_fd < 0 ? fail(-run->root_fd, "cannot open the root %s", layers->root) : 0;
}
