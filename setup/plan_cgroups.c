/* Programs size themselves by the limits of /sys/fs/cgroup: JVM, Go, node. Mounted are the
 * hierarchies in which the container has a group of its own with more than device rules. In the
 * others it is in its caller's group, which is not its to see. The cgroup namespace makes the own
 * group the root of each mount. */
#include "plan_cgroups.h"

#include <string.h>

#include "plan_text.h"

#define TOP   "/sys/fs/cgroup"
#define FLAGS "ro,nosuid,nodev,noexec,nofail"

static bool is_shown(const struct group *group)
{
	return (group->controllers & ~(1U << CONTROLLER_DEVICES)) &&
	       (group->version == 2 || *group->hierarchy);
}

static bool is_in(const char *path, const char *top)
{
	size_t length = strlen(top);

	return strncmp(path, top, length) == 0 && (path[length] == '/' || !path[length]);
}

/* What the user puts into /sys/fs/cgroup, or over it, stays alone there. */
static bool is_taken(const char *target)
{
	return is_in(target, TOP) || is_in(TOP, target);
}

/* The number of groups that are shown, and of those of version 1. In a user namespace with the
 * host's network there is no /sys. */
static size_t shown_count(const struct spec *spec, const struct plan_facts *facts, size_t *v1)
{
	size_t count = 0;

	*v1 = 0;
	if (!facts->groups || (spec->userns && !net_is_own(spec)))
		return 0;
	for (size_t i = 0; i < spec->bind_count; i++)
		if (is_taken(spec->binds[i].target))
			return 0;
	for (size_t i = 0; i < spec->tmpfs_count; i++)
		if (is_taken(spec->tmpfs[i].target))
			return 0;
	for (size_t i = 0; i < facts->groups->count; i++) {
		const struct group *group = &facts->groups->items[i];

		count += is_shown(group);
		*v1 += is_shown(group) && group->version == 1;
	}
	return count;
}

void cgroup_mounts_put(FILE *to, const struct spec *spec, const struct plan_facts *facts)
{
	size_t v1, count = shown_count(spec, facts, &v1);

	if (v1)
		LINE(to, "mount", "tmpfs", "cgroup", TOP, "nosuid,nodev,noexec",
		     "mode=755,size=64k,nr_inodes=32");
	for (size_t i = 0; count && i < facts->groups->count; i++) {
		const struct group *group = &facts->groups->items[i];
		char target[sizeof(TOP "/") + sizeof(group->hierarchy)];

		if (!is_shown(group))
			continue;
		snprintf(target, sizeof(target), TOP "/%s",
			 group->version == 1 ? group->hierarchy : "unified");
		if (group->version == 1)
			LINE(to, "mount", "cgroup", "cgroup", target, FLAGS, group->hierarchy);
		else
			LINE(to, "mount", "cgroup2", "cgroup", v1 ? target : TOP, FLAGS, "");
	}
}

void cgroup_links_put(FILE *to, const struct spec *spec, const struct plan_facts *facts)
{
	size_t v1;

	shown_count(spec, facts, &v1);
	for (size_t i = 0; v1 && i < facts->groups->count; i++) {
		const struct group *group = &facts->groups->items[i];
		char names[sizeof(group->hierarchy)], *rest = names;

		if (!is_shown(group) || !strchr(group->hierarchy, ','))
			continue;
		snprintf(names, sizeof(names), "%s", group->hierarchy);
		for (char *name; (name = strsep(&rest, ","));) {
			char path[sizeof(TOP "/") + sizeof(names)];

			snprintf(path, sizeof(path), TOP "/%s", name);
			LINE(to, "link", group->hierarchy, path);
		}
	}
}

void cgroup_readonly_put(FILE *to, const struct spec *spec, const struct plan_facts *facts)
{
	size_t v1;

	shown_count(spec, facts, &v1);
	if (v1)
		LINE(to, "readonly", TOP);
}
