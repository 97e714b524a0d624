/* 50 rootfs: lower (the image, never written) and upper (this container's changes) become the root.
 * Before: in the child, in a copy of the host's mounts. After: the copy is private, the root is
 * mounted in it and nowhere else, and each bind waits as a detached mount. With --userns a process
 * of the keeper's does it for the child: see userns.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "../cleanup.h"
#include "../log.h"
#include "../overlay.h"
#include "../plan.h"
#include "../stage.h"
#include "../sys.h"

/* pivot_root(2) wants a mount: the directory becomes one of its own. With --read-only what is
 * mounted below it is so from now on; itself, only when its mount points are made (80 identity). */
static int directory_mount(struct run *run)
{
	const struct spec *spec = run->spec;
	const char *root = run->layers.root;
	AUTO_CLOSE int fd = sys_open_dir(AT_FDCWD, root);
	AUTO_CLOSE int tree_fd =
		fd < 0 ? fd
		       : sys_open_tree(fd, "",
				       (spec->readonly ? MOUNT_READ_ONLY_BELOW : 0) |
					       (spec->privileged ? MOUNT_BARE : 0));
	int rc = tree_fd < 0 ? tree_fd : 0;

	if (rc == 0 && run->userns_fd >= 0) {
		rc = sys_map_tree(tree_fd, run->userns_fd);
		if (rc == -EINVAL)
			rc = layer_stays(run, root);
	}
	if (rc == 0)
		rc = sys_attach(tree_fd, root);
	if (rc < 0)
		return fail(-rc, "cannot mount %s on itself", root);
	run->root_fd = take_fd(&tree_fd);
	return 0;
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
		int fd =
			sys_open_tree(AT_FDCWD, bind->source, bind->readonly ? MOUNT_READ_ONLY : 0);

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
