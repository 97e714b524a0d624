/* Where is each controller, and where are we in it? (cgroups(7), proc(5))
 *
 * A version 1 hierarchy is a mount of type cgroup with the controller's name among its super
 * options. Our place in it is our line of /proc/self/cgroup, less the mount's root. What is not
 * mounted so may be a controller of the version 2 hierarchy: there our group is made in or above
 * our own, where the controllers can be had (v2_place.c). Device rules and CPU time need nobody's
 * handing on there.
 */
#include <errno.h>
#include <libmount.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../log.h"
#include "../sys.h"
#include "cgroup.h"

enum { TEXT_SIZE = 16384, LINE_SIZE = PATH_MAX + 256 };

const char *const controller_names[CONTROLLERS] = {
	[CONTROLLER_CPU] = "cpu",	  [CONTROLLER_CPUSET] = "cpuset",
	[CONTROLLER_MEMORY] = "memory",	  [CONTROLLER_PIDS] = "pids",
	[CONTROLLER_CPUACCT] = "cpuacct", [CONTROLLER_DEVICES] = "devices",
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
bool list_has(const char *list, const char *separators, const char *word)
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

/* Lines are "ID:CONTROLLERS:PATH". Cuts that of a controller's hierarchy ("" for version 2) from
 * text into line, and that into the hierarchy's controllers, which are returned, and our path.
 * NULL: there is none. */
static const char *line_find(const char *text, const char *controller, char line[LINE_SIZE],
			     const char **path)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		char *controllers, *end;

		snprintf(line, LINE_SIZE, "%.*s", (int)length, text);
		text += length + (text[length] == '\n');
		controllers = strchr(line, ':');
		end = controllers ? strchr(++controllers, ':') : NULL;
		if (!end)
			continue;
		*end = '\0';
		*path = end + 1;
		if (*controller ? list_has(controllers, ",", controller) : !*controllers)
			return controllers;
	}
	return NULL;
}

bool cgroup_path(const char *text, const char *controller, char *path, size_t size)
{
	char line[LINE_SIZE];
	const char *found;

	if (!line_find(text, controller, line, &found))
		return false;
	snprintf(path, size, "%s", found);
	return true;
}

/* Our own group in one hierarchy: the mount point, and the directory below it. */
struct place {
	char top[PATH_MAX];
	char own[PATH_MAX];
};

/* The mount point plus our path less the mount's root; false when this mount does not show it. */
static bool place_fill(struct libmnt_fs *fs, const char *path, struct place *place)
{
	const char *root = mnt_fs_get_root(fs);
	size_t length = !root || strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (!root || !mnt_fs_get_target(fs) || strncmp(path, root, length) != 0 ||
	    (path[length] && path[length] != '/') || strncmp(path, "/..", 3) == 0)
		return false;
	path += length;
	if (strcmp(path, "/") == 0)
		path = "";
	snprintf(place->top, sizeof(place->top), "%s", mnt_fs_get_target(fs));
	return (size_t)snprintf(place->own, sizeof(place->own), "%s%s", place->top, path) <
	       sizeof(place->own);
}

/* Is this a mount of the controller's version 1 hierarchy, or, for "", of version 2? */
static bool is_mount_of(struct libmnt_fs *fs, const char *controller)
{
	const char *options = mnt_fs_get_fs_options(fs), *type = mnt_fs_get_fstype(fs);

	if (!type || !*controller)
		return type && strcmp(type, "cgroup2") == 0;
	return strcmp(type, "cgroup") == 0 && options && list_has(options, ",", controller);
}

/* The place of path in a hierarchy: of several mounts the last that shows it. 1, 0 when the
 * hierarchy is not mounted, or -ENOENT when no mount shows it. */
static int place_of(struct libmnt_table *table, const char *path, const char *controller,
		    struct place *place)
{
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_BACKWARD);
	struct libmnt_fs *fs = NULL;
	int rc = 0;

	while (iterator && rc <= 0 && mnt_table_next_fs(table, iterator, &fs) == 0)
		if (is_mount_of(fs, controller))
			rc = path[0] && place_fill(fs, path, place) ? 1 : -ENOENT;
	mnt_free_iter(iterator);
	return rc;
}

/* Our place in a hierarchy; with -ENOENT, place->own is our path in the hierarchy. */
static int place_find(struct libmnt_table *table, const char *self, const char *controller,
		      struct place *place)
{
	char path[PATH_MAX];
	int rc;

	if (!cgroup_path(self, controller, path, sizeof(path)))
		path[0] = '\0';
	rc = place_of(table, path, controller, place);
	if (rc < 0)
		snprintf(place->own, sizeof(place->own), "%s", path);
	return rc;
}

static void v1_add(const struct place *place, const char *self, enum controller controller,
		   struct groups *groups)
{
	struct group *group = groups->items;
	char line[LINE_SIZE];
	const char *path, *all = line_find(self, controller_names[controller], line, &path);

	/* Controllers that are mounted together share one group. */
	while (group < groups->items + groups->count && strcmp(group->parent, place->own) != 0)
		group++;
	if (group == groups->items + groups->count) {
		*group = (struct group){.version = 1};
		snprintf(group->parent, sizeof(group->parent), "%s", place->own);
		snprintf(group->hierarchy, sizeof(group->hierarchy), "%s", all ? all : "");
		groups->count++;
	}
	group->controllers |= 1U << controller;
}

/* The version of the hierarchy that has the controller, and our place in it; 0 when none has. */
static int version_find(struct libmnt_table *table, const char *self, enum controller controller,
			struct place *place)
{
	int rc = place_find(table, self, controller_names[controller], place);

	if (rc != 0)
		return rc;
	rc = place_find(table, self, "", place);
	if (rc <= 0)
		return rc;
	return v2_offers(place->top, controller) ? 2 : 0;
}

static int missing_say(int rc, const char *name, const struct place *place)
{
	if (rc < 0)
		return fail(-rc,
			    "cannot find our cgroup %s:%s below any mount of its hierarchy: mount "
			    "it afresh in this namespace",
			    name, place->own);
	return fail(0,
		    "no mounted cgroup hierarchy has the %s controller: see /proc/cgroups; mount "
		    "it (mount -t cgroup -o %s none DIR, or mount -t cgroup2 none DIR), or leave "
		    "the limit out",
		    name, name);
}

int parent_refuse(const char *parent, int error)
{
	return fail(error, "cannot make a cgroup in %s%s", parent,
		    geteuid() == 0 ? ""
				   : " (limits need root, or a cgroup that is yours, as in version "
				     "2 by systemd-run --user --scope -p Delegate=yes ctr-setup)");
}

static int parents_check(const struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		int rc = sys_may_write(groups->items[i].parent);

		if (rc < 0)
			return parent_refuse(groups->items[i].parent, -rc);
	}
	return 0;
}

/* Devices go without where there is no hierarchy; in a container, its mounts are often read-only.
 * What is only counted goes without for any reason. */
static bool goes_without(int version, enum controller controller, bool is_wanted,
			 const char *directory)
{
	if (controller == CONTROLLER_DEVICES) {
		if (version > 0 && sys_may_write(directory) != -EROFS)
			return false;
		trace("no device rules: there is no cgroup hierarchy for them");
		return true;
	}
	if (is_wanted || (version > 0 && sys_may_write(directory) == 0))
		return false;
	trace("%s is not counted: there is no cgroup hierarchy for it",
	      controller_names[controller]);
	return true;
}

static int controllers_find(struct libmnt_table *table, const char *self, unsigned wanted,
			    unsigned counted, struct groups *groups)
{
	struct place place, v2;
	unsigned in_v2 = 0;
	int rc = 0;

	for (int i = 0; i < CONTROLLERS; i++) {
		int version;

		if (!((wanted | counted) >> i & 1))
			continue;
		version = version_find(table, self, (enum controller)i, &place);
		if (goes_without(version, (enum controller)i, wanted >> i & 1, place.own))
			continue;
		if (version <= 0) {
			rc = missing_say(version, controller_names[i], &place);
		} else if (version == 1) {
			v1_add(&place, self, (enum controller)i, groups);
		} else {
			v2 = place;
			in_v2 |= 1U << i;
		}
	}
	return rc < 0 || !in_v2
		       ? rc
		       : v2_place(v2.top, v2.own, in_v2 & wanted, in_v2 & counted & ~wanted,
				  &groups->items[groups->count++]);
}

/* NULL after fail(). The caller's to mnt_unref_table(). */
static struct libmnt_table *mounts_read(const char *mountinfo_path)
{
	struct libmnt_table *table = mnt_new_table();
	int rc = table ? mnt_table_parse_file(table, mountinfo_path) : -ENOMEM;

	if (rc == 0)
		return table;
	fail(rc < 0 ? -rc : EINVAL, "cannot read %s", mountinfo_path);
	mnt_unref_table(table);
	return NULL;
}

int group_find_v2(const char *mountinfo_path, const char *path, char *directory)
{
	struct libmnt_table *table = mounts_read(mountinfo_path);
	struct place place;
	int rc = table ? place_of(table, path, "", &place) : -EINVAL;

	if (rc > 0)
		snprintf(directory, PATH_MAX, "%s", place.own);
	mnt_unref_table(table);
	return rc;
}

int groups_find(const char *mountinfo_path, const char *self_cgroup_path, unsigned wanted,
		unsigned counted, struct groups *groups)
{
	char self[TEXT_SIZE];
	struct libmnt_table *table;
	int rc;

	groups->count = 0;
	if (!(wanted | counted))
		return 0;
	rc = sys_read(self_cgroup_path, self, sizeof(self));
	if (rc < 0)
		return fail(-rc, "cannot read %s", self_cgroup_path);
	table = mounts_read(mountinfo_path);
	rc = table ? controllers_find(table, self, wanted, counted, groups) : -EINVAL;
	mnt_unref_table(table);
	return rc < 0 ? rc : parents_check(groups);
}
