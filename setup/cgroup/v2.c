/* Version 2: where a group of ours can be made, and what must be enabled for it (cgroups(7)).
 *
 * A controller reaches a group when every group above it hands it on (cgroup.subtree_control). A
 * group that has processes of its own cannot ("no internal processes"), unless it is the root of
 * the hierarchy; nor can one that is part of a threaded subtree.
 *
 * Ours is made below the nearest group, from the caller's own upwards, that hands the controllers
 * on already: a manager such as systemd may take back what others enabled in its groups, and with
 * it our limits. Only where there is none are they enabled, down to the nearest group that can.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../log.h"
#include "../sys.h"
#include "cgroup.h"

enum { TEXT_SIZE = 4096 };

/* -errno, or the length; a text that is too long has something in it. */
static int file_read(const char *directory, const char *file, char *text)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	return sys_read(path, text, TEXT_SIZE);
}

static bool file_has(const char *directory, const char *file, const char *word)
{
	char text[TEXT_SIZE];

	return file_read(directory, file, text) >= 0 && list_has(text, " \n", word);
}

bool v2_offers(const char *top, enum controller controller)
{
	return controller == CONTROLLER_DEVICES ||
	       file_has(top, "cgroup.controllers", controller_names[controller]);
}

/* May it hand controllers on at all: is it the root of the hierarchy, which alone has no type, or a
 * plain domain, not "domain threaded" and the like? */
static bool is_domain(const char *directory, bool *is_root)
{
	char type[TEXT_SIZE];

	*is_root = file_read(directory, "cgroup.type", type) < 0;
	return *is_root || strcmp(type, "domain\n") == 0;
}

static bool hands_on(const char *directory, unsigned wanted)
{
	bool is_root;

	for (int i = 0; i < CONTROLLERS; i++)
		if (wanted >> i & 1 &&
		    !file_has(directory, "cgroup.subtree_control", controller_names[i]))
			return false;
	return is_domain(directory, &is_root);
}

static bool could_hand_on(const char *directory)
{
	char processes[TEXT_SIZE];
	bool is_root;

	return is_domain(directory, &is_root) &&
	       (is_root || file_read(directory, "cgroup.procs", processes) == 0);
}

/* Those that are handed on: all but the devices, of which a group is in need of no one's leave. */
static unsigned controllers_handed_on(const struct group *group)
{
	return group->controllers & ~(1U << CONTROLLER_DEVICES);
}

/* Calls step for every group from the top to parent; stops at the first that returns not 0. */
static int path_walk(const struct group *group, int (*step)(const char *directory, unsigned wanted))
{
	char directory[PATH_MAX];
	size_t length = group->top_length;
	int rc = 0;

	while (rc == 0) {
		snprintf(directory, sizeof(directory), "%.*s", (int)length, group->parent);
		rc = step(directory, controllers_handed_on(group));
		if (!group->parent[length])
			break;
		length += 1 + strcspn(group->parent + length + 1, "/");
	}
	return rc;
}

static bool is_ready(const struct group *group)
{
	return hands_on(group->parent, controllers_handed_on(group));
}

static int step_check(const char *directory, unsigned wanted)
{
	return hands_on(directory, wanted) || could_hand_on(directory) ? 0 : -EBUSY;
}

static bool can_be_made_ready(const struct group *group)
{
	return path_walk(group, step_check) == 0;
}

/* Moves group->parent up until it is good; false when even the top is not. */
static bool climb(struct group *group, bool (*is_good)(const struct group *group))
{
	while (!is_good(group)) {
		if (strlen(group->parent) <= group->top_length)
			return false;
		*strrchr(group->parent, '/') = '\0';
	}
	return true;
}

/* Limits of the groups that we climbed out of do not hold for the container: that is said. */
static void passed_over_say(const struct group *group, const char *own)
{
	static const char *const files[] = {"memory.max", "pids.max", "cpu.max"};
	char directory[PATH_MAX], text[TEXT_SIZE];

	snprintf(directory, sizeof(directory), "%s", own);
	while (strlen(directory) > strlen(group->parent)) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
			if (file_read(directory, files[i], text) > 0 &&
			    strncmp(text, "max", 3) != 0)
				say("%s/%s does not hold for the container: that group hands no "
				    "controllers on",
				    directory, files[i]);
		*strrchr(directory, '/') = '\0';
	}
}

int v2_place(const char *top, const char *own, unsigned wanted, struct group *group)
{
	*group = (struct group){
		.version = 2,
		.controllers = wanted,
		.top_length = strlen(top),
	};
	snprintf(group->parent, sizeof(group->parent), "%s", own);
	if (!climb(group, is_ready)) {
		snprintf(group->parent, sizeof(group->parent), "%s", own);
		if (!climb(group, can_be_made_ready))
			return fail(EBUSY,
				    "cannot bring cgroup controllers to a group below %s: the "
				    "groups there have processes of their own; move those to a "
				    "leaf group (mkdir %s/leaf; write their pids to its "
				    "cgroup.procs), or run in a group of your own, as by "
				    "systemd-run --scope -p Delegate=yes",
				    top, top);
	}
	passed_over_say(group, own);
	return 0;
}

/* One write a controller: one that cannot be enabled does not take the others with it. */
static int step_enable(const char *directory, unsigned wanted)
{
	char path[PATH_MAX + 64], text[16];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", directory);
	for (int i = 0; i < CONTROLLERS; i++) {
		int rc;

		if (!(wanted >> i & 1))
			continue;
		snprintf(text, sizeof(text), "+%s", controller_names[i]);
		rc = sys_write(path, text);
		if (rc < 0)
			return fail(-rc, "cannot enable the %s controller in %s%s",
				    controller_names[i], directory,
				    rc == -EINVAL ? " (a real-time process outside the root group "
						    "prevents it: see ps -eLo pid,cls,comm)"
						  : "");
	}
	return 0;
}

int v2_enable(const struct group *group)
{
	return path_walk(group, step_enable);
}
