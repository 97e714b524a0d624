/* The nest: ctr-NAME in the caller's own group of version 2, with the container and the keeper in
 * it.
 *
 * A group that has processes of its own hands no controllers on (cgroups(7)), so the keeper leaves
 * the group that it was started in, for NEST/keeper. At the end it goes back, with nothing handed
 * on there any more, as it was.
 *
 * That the nest hands the controllers on, too, is what makes the limits last: none can be taken
 * from a group while one in it hands it on. A manager such as systemd would, when it is reloaded,
 * unless it was told that the group is delegated. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "../cleanup.h"
#include "../log.h"
#include "../sys.h"
#include "cgroup.h"

static void keeper_path(const char *nest, char *path, size_t size)
{
	snprintf(path, size, "%s/keeper", nest);
}

static int move(const char *directory)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	return sys_write(path, "0");
}

int nest_enter(const struct group *group)
{
	char keeper[PATH_MAX + 16];
	int rc;

	keeper_path(group->nest, keeper, sizeof(keeper));
	rc = group_make(keeper);
	if (rc < 0)
		return rc;
	rc = move(keeper);
	return rc < 0 ? fail(-rc, "cannot move to the cgroup %s", keeper) : 0;
}

/* From the inside out: what is inside holds its controller. */
static int controllers_release(const char *own, const char *nest)
{
	int rc = v2_disable(nest);

	return rc < 0 ? rc : v2_disable(own);
}

/* Without the container and the keeper. */
static int directories_remove(const char *nest, struct effort *effort)
{
	char keeper[PATH_MAX + 16];
	int rc;

	keeper_path(nest, keeper, sizeof(keeper));
	rc = group_remove(keeper, effort);
	return rc < 0 ? rc : group_remove(nest, effort);
}

int nest_leave(const struct group *group)
{
	struct effort effort = {0};
	int rc = controllers_release(group->parent, group->nest);

	if (rc == 0)
		rc = move(group->parent);
	if (rc < 0)
		return fail(-rc, "cannot go back to the cgroup %s: ctr-setup gc will remove %s",
			    group->parent, group->nest);
	rc = directories_remove(group->nest, &effort);
	return rc < 0 ? fail(-rc, "cannot remove the cgroup %s: ctr-setup gc will try again",
			     group->nest)
		      : 0;
}

int nest_remove(const char *nest, struct effort *effort)
{
	AUTO_CLOSE int fd = sys_open_dir(AT_FDCWD, nest);
	char own[PATH_MAX];
	int rc;

	if (fd == -ENOENT) /* the group around it may be another one by now */
		return group_is_gone(nest);
	snprintf(own, sizeof(own), "%.*s", (int)(strrchr(nest, '/') - nest), nest);
	rc = controllers_release(own, nest);
	return rc < 0 ? rc : directories_remove(nest, effort);
}
