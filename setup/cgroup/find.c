/* Where is each controller, and where are we in it? (cgroups(7), proc(5))
 *
 * A version 1 hierarchy is a mount of type cgroup with the controller's name among its super
 * options. Our place in it is our line of /proc/self/cgroup, less the mount's root. What is not
 * mounted so may be a controller of the version 2 hierarchy: there our group is made below the
 * nearest group, from ours upwards, that can hand the controllers on to its children. A group that
 * has processes cannot, unless it is the hierarchy's root ("no internal processes" rule).
 */
#include <errno.h>
#include <libmount.h>
#include <stdio.h>
#include <string.h>

#include "../cleanup.h"
#include "../log.h"
#include "../sys.h"
#include "cgroup.h"

enum { TEXT_SIZE = 16384 };

const char *const controller_names[CONTROLLERS] = {
	[CONTROLLER_CPU] = "cpu",
	[CONTROLLER_CPUSET] = "cpuset",
	[CONTROLLER_MEMORY] = "memory",
	[CONTROLLER_PIDS] = "pids",
};

unsigned limits_controllers(const struct limits *limits)
{
	unsigned wanted = 0;

	if (limits->cpu_quota_us || limits->cpu_weight)
		wanted |= 1U << CONTROLLER_CPU;
	if (limits->cpuset)
		wanted |= 1U << CONTROLLER_CPUSET;
	if (limits->memory)
		wanted |= 1U << CONTROLLER_MEMORY;
	if (limits->pids)
		wanted |= 1U << CONTROLLER_PIDS;
	return wanted;
}

/* Is word one of the list's, which are separated by any of separators? */
static bool list_has(const char *list, const char *separators, const char *word)
{
	size_t length = strlen(word);

	while (*list) {
		size_t item = strcspn(list, separators);

		if (item == length && memcmp(list, word, length) == 0)
			return true;
		list += item + (list[item] != '\0');
	}
	return false;
}

/* Our path in the hierarchy of a controller ("" for version 2), from the text of /proc/self/cgroup:
 * lines of "ID:CONTROLLERS:PATH". */
static bool own_path(const char *text, const char *controller, char *path, size_t size)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		char line[PATH_MAX + 256];
		char *controllers, *end;

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		text += length + (text[length] == '\n');
		controllers = strchr(line, ':');
		end = controllers ? strchr(++controllers, ':') : NULL;
		if (!end)
			continue;
		*end = '\0';
		if (*controller ? list_has(controllers, ",", controller) : !*controllers) {
			snprintf(path, size, "%s", end + 1);
			return true;
		}
	}
	return false;
}

/* The directory of our own group: the mount point plus our path less the mount's root. */
static int own_directory(struct libmnt_fs *fs, const char *path, char *directory, size_t size)
{
	const char *root = mnt_fs_get_root(fs);
	size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (strncmp(path, root, length) != 0 || (path[length] && path[length] != '/') ||
	    strncmp(path, "/..", 3) == 0)
		return fail(ENOENT, "cannot find our cgroup %s: %s shows only %s", path,
			    mnt_fs_get_target(fs), root);
	path += length;
	if (strcmp(path, "/") == 0)
		path = "";
	if ((size_t)snprintf(directory, size, "%s%s", mnt_fs_get_target(fs), path) >= size)
		return fail(ENAMETOOLONG, "cannot use cgroup %s", path);
	return 0;
}

/* The first mount of the type whose super options have the controller, when one is given. */
static struct libmnt_fs *mount_of(struct libmnt_table *table, const char *type,
				  const char *controller)
{
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs = NULL, *found = NULL;

	while (iterator && !found && mnt_table_next_fs(table, iterator, &fs) == 0) {
		const char *options = mnt_fs_get_fs_options(fs);

		if (strcmp(mnt_fs_get_fstype(fs), type) == 0 &&
		    (!*controller || (options && list_has(options, ",", controller))))
			found = fs;
	}
	mnt_free_iter(iterator);
	return found;
}

static bool file_has(const char *directory, const char *file, const char *word)
{
	char path[PATH_MAX + 64], text[TEXT_SIZE];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	return sys_read(path, text, sizeof(text)) >= 0 && list_has(text, " \n", word);
}

static bool file_is_empty(const char *directory, const char *file)
{
	char path[PATH_MAX + 64], text[TEXT_SIZE];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	return sys_read(path, text, sizeof(text)) == 0;
}

/* Can this version 2 group hand all wanted controllers to a child, now or by enabling them? */
static bool can_hand_on(const char *directory, unsigned wanted)
{
	bool enabled = true;

	for (int i = 0; i < CONTROLLERS; i++) {
		if (!(wanted >> i & 1))
			continue;
		if (!file_has(directory, "cgroup.controllers", controller_names[i]))
			return false;
		if (!file_has(directory, "cgroup.subtree_control", controller_names[i]))
			enabled = false;
	}
	/* Only the true root of the hierarchy has no cgroup.type. */
	return enabled || file_is_empty(directory, "cgroup.procs") ||
	       !(file_has(directory, "cgroup.type", "domain") ||
		 file_has(directory, "cgroup.type", "threaded"));
}

/* Climbs from our group to the mount point. */
static int v2_find(struct libmnt_fs *fs, const char *self, unsigned wanted, struct group *group)
{
	char path[PATH_MAX];
	size_t top = strlen(mnt_fs_get_target(fs));
	int rc;

	if (!own_path(self, "", path, sizeof(path)))
		return fail(ENOENT, "cannot find our place in the cgroup2 hierarchy");
	rc = own_directory(fs, path, group->parent, sizeof(group->parent));
	if (rc < 0)
		return rc;
	group->version = 2;
	group->controllers = wanted;
	while (!can_hand_on(group->parent, wanted)) {
		char *slash = strrchr(group->parent, '/');

		if (strlen(group->parent) <= top)
			return fail(EBUSY,
				    "cannot hand cgroup controllers on below %s: the groups there "
				    "have processes of their own or lack the controller; run in a "
				    "delegated group, as by systemd-run --scope -p Delegate=yes",
				    mnt_fs_get_target(fs));
		*slash = '\0';
	}
	return 0;
}

static int v1_find(struct libmnt_fs *fs, const char *self, enum controller controller,
		   struct groups *groups)
{
	struct group *group = &groups->items[groups->count];
	char path[PATH_MAX];
	int rc;

	if (!own_path(self, controller_names[controller], path, sizeof(path)))
		return fail(ENOENT, "cannot find our place in the %s hierarchy",
			    controller_names[controller]);
	*group = (struct group){.version = 1, .controllers = 1U << controller};
	rc = own_directory(fs, path, group->parent, sizeof(group->parent));
	if (rc < 0)
		return rc;
	/* Controllers that are mounted together share one group. */
	for (size_t i = 0; i < groups->count; i++) {
		if (strcmp(groups->items[i].parent, group->parent) == 0) {
			groups->items[i].controllers |= group->controllers;
			return 0;
		}
	}
	groups->count++;
	return 0;
}

static bool v2_offers(struct libmnt_fs *fs, const char *controller)
{
	return fs && file_has(mnt_fs_get_target(fs), "cgroup.controllers", controller);
}

static int controllers_find(struct libmnt_table *table, const char *self, unsigned wanted,
			    struct groups *groups)
{
	struct libmnt_fs *v2 = mount_of(table, "cgroup2", "");
	unsigned in_v2 = 0;

	for (int i = 0; i < CONTROLLERS; i++) {
		struct libmnt_fs *v1;
		int rc = 0;

		if (!(wanted >> i & 1))
			continue;
		v1 = mount_of(table, "cgroup", controller_names[i]);
		if (v1)
			rc = v1_find(v1, self, (enum controller)i, groups);
		else if (v2_offers(v2, controller_names[i]))
			in_v2 |= 1U << i;
		else
			rc = fail(0,
				  "this host has no %s controller: mount one (mount -t cgroup -o "
				  "%s none DIR), or leave the limit out",
				  controller_names[i], controller_names[i]);
		if (rc < 0)
			return rc;
	}
	return in_v2 ? v2_find(v2, self, in_v2, &groups->items[groups->count++]) : 0;
}

int groups_find(const char *mountinfo_path, const char *self_cgroup_path, unsigned wanted,
		struct groups *groups)
{
	char self[TEXT_SIZE];
	struct libmnt_table *table;
	int rc;

	groups->count = 0;
	if (!wanted)
		return 0;
	rc = sys_read(self_cgroup_path, self, sizeof(self));
	if (rc < 0)
		return fail(-rc, "cannot read %s", self_cgroup_path);
	table = mnt_new_table();
	rc = table ? mnt_table_parse_file(table, mountinfo_path) : -ENOMEM;
	if (rc == 0)
		rc = controllers_find(table, self, wanted, groups);
	else
		rc = fail(rc < 0 ? -rc : EINVAL, "cannot read %s", mountinfo_path);
	mnt_unref_table(table);
	return rc;
}
