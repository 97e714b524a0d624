/* 50 rootfs: lower (the image, never written) and upper (this container's changes) become the root.
 * Before: in the child, in a copy of the host's mounts. After: the copy is private, the root is
 * mounted in it and nowhere else, and each bind waits as a detached mount. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cleanup.h"
#include "../log.h"
#include "../stage.h"
#include "../sys.h"

enum { OPTIONS_MAX = 4096 };

/* --ephemeral: upper and work on a tmpfs that only this mount namespace has. The run's state
 * directory serves as its mount point: it is there, and nobody else's. */
static int ephemeral_make(const struct run *run, char *upper, char *work, size_t size)
{
	int rc = sys_mount_tmpfs(run->state_path, "mode=755");

	if (rc < 0)
		return fail(-rc, "cannot make a tmpfs for the upper layer");
	snprintf(upper, size, "%s/upper", run->state_path);
	snprintf(work, size, "%s/work", run->state_path);
	if ((rc = sys_mkdir(upper, 0755)) < 0 || (rc = sys_mkdir(work, 0755)) < 0)
		return fail(-rc, "cannot make the upper layer in memory");
	return 0;
}

static unsigned bare_flag(const struct run *run)
{
	return run->spec->privileged ? MOUNT_BARE : 0;
}

static int overlay_mount(const struct run *run)
{
	const struct layers *layers = &run->layers;
	char upper[PATH_MAX + 16], work[PATH_MAX + 16];
	AUTO_FREE char *options = NULL;
	int rc = 0;

	if (layers->upper) {
		snprintf(upper, sizeof(upper), "%s", layers->upper);
		snprintf(work, sizeof(work), "%s", layers->work);
	} else {
		rc = ephemeral_make(run, upper, work, sizeof(upper));
	}
	if (rc < 0)
		return rc;
	options = layers_options(layers, upper, work);
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
	int rc = tree_fd < 0 ? tree_fd : sys_attach(tree_fd, root);

	return rc < 0 ? fail(-rc, "cannot mount %s on itself", root) : 0;
}

static int binds_open(struct run *run)
{
	const struct spec *spec = run->spec;

	run->bind_fds = calloc(spec->bind_count + 1, sizeof(*run->bind_fds));
	if (!run->bind_fds)
		return fail(ENOMEM, "cannot bind");
	for (size_t i = 0; i < spec->bind_count; i++) {
		const struct bind *bind = &spec->binds[i];
		int fd = sys_open_tree(bind->source, bind->readonly ? MOUNT_READ_ONLY : 0);

		if (fd < 0)
			return fail(-fd, "cannot bind %s", bind->source);
		run->bind_fds[i] = fd;
	}
	return 0;
}

int rootfs_enter(struct run *run)
{
	int rc = sys_make_private();

	if (rc < 0)
		return fail(-rc, "cannot make the mounts private");
	rc = binds_open(run);
	if (rc < 0)
		return rc;
	return run->layers.lower_count ? overlay_mount(run) : directory_mount(run);
}
