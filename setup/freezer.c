#include "freezer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "cleanup.h"
#include "log.h"
#include "record.h"
#include "sys.h"

/* The first group on record that can be frozen. */
static bool group_find(const char *path, const char *name, char *directory)
{
	AUTO_FREE char *text = record_read(path, name);
	const char *key, *value;
	char *rest = text, file[PATH_MAX + 16];

	while (text && record_next(&rest, &key, &value)) {
		snprintf(file, sizeof(file), "%s/cgroup.freeze", value);
		if (strcmp(key, "cgroup") != 0 || access(file, F_OK) < 0)
			continue;
		snprintf(directory, PATH_MAX, "%s", value);
		return true;
	}
	return false;
}

bool freezer_find(const char *path, struct freezer *freezer)
{
	freezer->was_added = false;
	if (group_find(path, STATE_RUN, freezer->directory))
		return true;
	freezer->was_added = true;
	return group_find(path, STATE_FREEZER, freezer->directory);
}

/* The directory of the group that pid is in. */
static int parent_find(pid_t pid, char *directory)
{
	char file[32], text[16384], path[PATH_MAX];
	int rc;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", pid);
	rc = sys_read(file, text, sizeof(text));
	if (rc < 0)
		return fail(-rc, "cannot read %s", file);
	if (!cgroup_path(text, "", path, sizeof(path)))
		return fail(0, "cannot pause: this kernel has no cgroups of version 2");
	rc = group_find_v2("/proc/self/mountinfo", path, directory);
	if (rc > 0)
		return 0;
	/* Not by a mount of our own: it would reset what the host's was mounted with, nsdelegate
	 * and the like. */
	return fail(0,
		    "cannot pause: the cgroup %s of version 2 is not mounted here (mount -t "
		    "cgroup2 none DIR); in version 1, KILL could not end what is frozen",
		    path);
}

static int record_write(const char *path, const struct group *group)
{
	AUTO_FREE char *text = record_group(group);
	char file[PATH_MAX + 16];
	int rc;

	snprintf(file, sizeof(file), "%s/" STATE_FREEZER, path);
	sys_unlink(file); /* of a group that never came, or is gone */
	rc = text ? sys_create(file, text) : -ENOMEM;
	return rc < 0 ? fail(-rc, "cannot write %s", file) : 0;
}

int freezer_make(const char *path, const char *name, pid_t pid, struct freezer *freezer)
{
	struct groups groups = {.count = 1, .items[0] = {.version = 2}};
	struct group *group = &groups.items[0];
	int rc = parent_find(pid, group->parent);

	group->top_length = strlen(group->parent); /* nothing is to be enabled above */
	if (rc < 0 || (rc = groups_name(&groups, name)) < 0 ||
	    (rc = record_write(path, group)) < 0 || (rc = group_make(group->path)) < 0)
		return rc;
	*freezer = (struct freezer){.was_added = true};
	snprintf(freezer->directory, sizeof(freezer->directory), "%s", group->path);
	return 0;
}

int freezer_write(const struct freezer *freezer, const char *file, const char *text)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", freezer->directory, file);
	return sys_write(path, text);
}

int freezer_read(const struct freezer *freezer, const char *file, char *text)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", freezer->directory, file);
	return sys_read(path, text, FREEZER_TEXT);
}

bool freezer_is_frozen(const char *path)
{
	struct freezer freezer;
	char text[FREEZER_TEXT];

	return freezer_find(path, &freezer) && freezer_read(&freezer, "cgroup.freeze", text) > 0 &&
	       text[0] == '1';
}
