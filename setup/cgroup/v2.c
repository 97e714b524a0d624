/* Version 2: which controllers a group hands on to those in it (cgroups(7)).
 *
 * A controller reaches a group when every group above it hands it on (cgroup.subtree_control). A
 * group that has processes of its own cannot ("no internal processes"), unless it is the root of
 * the hierarchy; nor can one that is part of a threaded subtree.
 */
#include "v2.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../log.h"
#include "../sys.h"

int v2_read(const char *directory, const char *file, char *text)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	return sys_read(path, text, V2_TEXT_SIZE);
}

static bool file_has(const char *directory, const char *file, const char *word)
{
	char text[V2_TEXT_SIZE];

	return v2_read(directory, file, text) >= 0 && list_has(text, " \n", word);
}

bool v2_offers(const char *top, enum controller controller)
{
	return 1U << controller & V2_FOR_ALL ||
	       file_has(top, "cgroup.controllers", controller_names[controller]);
}

bool v2_is_domain(const char *directory, bool *is_root)
{
	char type[V2_TEXT_SIZE];

	*is_root = v2_read(directory, "cgroup.type", type) < 0;
	return *is_root || strcmp(type, "domain\n") == 0;
}

static bool is_handed_on(const char *directory, enum controller controller)
{
	return file_has(directory, "cgroup.subtree_control", controller_names[controller]);
}

bool v2_hands_on(const char *directory, unsigned wanted)
{
	bool is_root;

	for (int i = 0; i < CONTROLLERS; i++)
		if (wanted >> i & 1 && !is_handed_on(directory, i))
			return false;
	return v2_is_domain(directory, &is_root);
}

unsigned v2_controllers(const struct group *group)
{
	return group->controllers & ~(unsigned)V2_FOR_ALL;
}

int v2_walk(const struct group *group, unsigned wanted,
	    int (*step)(const char *directory, unsigned wanted))
{
	char directory[PATH_MAX];
	size_t length = group->top_length;
	int rc = 0;

	while (rc == 0) {
		snprintf(directory, sizeof(directory), "%.*s", (int)length, group->parent);
		rc = step(directory, wanted);
		if (!group->parent[length])
			break;
		length += 1 + strcspn(group->parent + length + 1, "/");
	}
	return rc;
}

/* Writes +NAME or -NAME. */
static int control(const char *directory, char sign, enum controller controller)
{
	char path[PATH_MAX + 64], text[16];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", directory);
	snprintf(text, sizeof(text), "%c%s", sign, controller_names[controller]);
	return sys_write(path, text);
}

static const char *enable_advice(int rc)
{
	switch (rc) {
	case -EINVAL:
		return " (a real-time process outside the root group prevents it: see ps -eLo "
		       "pid,cls,comm)";
	case -EBUSY:
		return " (by now it has other processes)";
	default:
		return "";
	}
}

/* One write a controller: one that cannot be enabled does not take the others with it. */
static int step_enable(const char *directory, unsigned wanted)
{
	for (int i = 0; i < CONTROLLERS; i++) {
		int rc;

		if (!(wanted >> i & 1) || is_handed_on(directory, i))
			continue;
		rc = control(directory, '+', i);
		if (rc < 0)
			return fail(-rc, "cannot enable the %s controller in %s%s",
				    controller_names[i], directory, enable_advice(rc));
	}
	return 0;
}

/* What is only counted can be gone without. */
static int step_enable_counters(const char *directory, unsigned counters)
{
	for (int i = 0; i < CONTROLLERS; i++) {
		int rc = counters >> i & 1 && !is_handed_on(directory, i)
				 ? control(directory, '+', i)
				 : 0;

		if (rc < 0)
			trace("%s may not be counted: %s does not hand it on: %s",
			      controller_names[i], directory, strerror(-rc));
	}
	return 0;
}

int v2_enable(const struct group *group)
{
	unsigned limiting = v2_controllers(group) & ~group->counters;
	int rc = v2_walk(group, limiting, step_enable);

	if (rc == 0)
		rc = v2_walk(group, group->counters, step_enable_counters);
	if (rc < 0 || !group->is_nested)
		return rc;
	rc = step_enable(group->nest, limiting);
	return rc < 0 ? rc : step_enable_counters(group->nest, group->counters);
}

int v2_disable(const char *directory)
{
	int rc = 0;

	for (int i = 0; i < CONTROLLERS && rc == 0; i++)
		if (is_handed_on(directory, i))
			rc = control(directory, '-', i);
	return rc;
}
