/* The directories of our groups: made, entered, emptied, removed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "../sys.h"
#include "cgroup.h"

enum { PATIENCE_MS = 4095 /* each wait for a group is twice as long as the one before */ };

int groups_name(struct groups *groups, const char *name)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct group *group = &groups->items[i];
		int length = snprintf(group->path, sizeof(group->path), "%s/ctr-%s", group->parent,
				      name);

		if (group->is_nested) {
			strcpy(group->nest, group->path);
			length = snprintf(group->path, sizeof(group->path), "%s/container",
					  group->nest);
		}
		if ((size_t)length >= sizeof(group->path))
			return fail(ENAMETOOLONG, "cannot make a cgroup in %s", group->parent);
	}
	return 0;
}

static const char *make_advice(int rc)
{
	switch (rc) {
	case -EEXIST:
		return " (no run of ours is on record for it, and it has processes: end them)";
	case -EACCES:
	case -EPERM:
		return " (that needs root, or a cgroup that is yours)";
	case -EAGAIN:
		return " (cgroup.max.descendants or cgroup.max.depth above is reached)";
	default:
		return "";
	}
}

int group_make(const char *path)
{
	int rc = sys_mkdir(path, 0755);

	/* The name is ours: one that is there is a leftover without a record, if it is empty. */
	if (rc == -EEXIST && sys_rmdir(path) == 0)
		rc = sys_mkdir(path, 0755);
	return rc < 0 ? fail(-rc, "cannot make the cgroup %s%s", path, make_advice(rc)) : 0;
}

const struct group *groups_v2(const struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		if (groups->items[i].version == 2)
			return &groups->items[i];
	return NULL;
}

int groups_enter(const struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];
		char path[PATH_MAX + 64];
		int rc;

		if (group->version != 1)
			continue;
		/* A thread that moves itself takes no lock over all processes; "cgroup.procs" does,
		 * and waits for a grace period of RCU. */
		snprintf(path, sizeof(path), "%s/tasks", group->path);
		rc = sys_write(path, "0");
		if (rc < 0)
			return fail(-rc, "cannot enter the cgroup %s", group->path);
	}
	return 0;
}

/* A path of ours below which no cgroup file system is mounted says nothing of the group: this mount
 * namespace does not show it. */
int group_is_gone(const char *path)
{
	return sys_is_cgroup(path) ? 0 : -ENOENT;
}

int group_remove(const char *path, struct effort *effort)
{
	int rc = sys_rmdir(path);

	/* EBUSY: processes, some maybe dead but not yet gone, or groups inside. */
	for (unsigned ms = 1; rc == -EBUSY; ms *= 2) {
		subtree_remove(path, effort);
		rc = sys_rmdir(path);
		if (rc != -EBUSY || effort->waited_ms + ms > PATIENCE_MS)
			break;
		sys_sleep_ms(ms);
		effort->waited_ms += ms;
	}
	if (rc == -ENOENT)
		return group_is_gone(path);
	return rc == -ENODEV ? 0 : rc;
}
