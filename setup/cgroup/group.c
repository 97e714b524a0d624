/* The directories of our groups: made, entered, emptied, removed. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../log.h"
#include "../sys.h"
#include "cgroup.h"

enum {
	LIST_SIZE = 65536,
	REMOVE_TRIES = 12, /* waits of 1, 2, 4 ... ms: 4 s in all */
};

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

/* Kills every process that the group lists. */
static void members_kill(const char *path)
{
	char file[PATH_MAX + 64];
	AUTO_FREE char *list = malloc(LIST_SIZE);
	char *next, *end;
	int rc;

	snprintf(file, sizeof(file), "%s/cgroup.kill", path);
	if (sys_write(file, "1") == 0 || !list)
		return;
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	rc = sys_read(file, list, LIST_SIZE);
	if (rc < 0 && rc != -E2BIG)
		return;
	end = strrchr(list, '\n'); /* of a list that is too long, the whole lines: the rest later */
	for (char *item = list; end && item < end; item = next + 1) {
		pid_t pid = (pid_t)strtol(item, &next, 10);

		if (*next != '\n')
			break;
		if (pid > 1)
			sys_kill_pid(pid, SIGKILL);
	}
}

/* One pass over the group and those that the payload made inside it, from the leaves up. */
static int subtree_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char child[PATH_MAX];

		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    (size_t)snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
			    sizeof(child))
			subtree_remove(child);
	}
	if (dir)
		closedir(dir);
	members_kill(path);
	return sys_rmdir(path);
}

int group_remove(const char *path)
{
	int rc = sys_rmdir(path);

	/* EBUSY: processes, some maybe dead but not yet gone, or groups inside. */
	for (unsigned i = 0; rc == -EBUSY && i < REMOVE_TRIES; i++) {
		rc = subtree_remove(path);
		if (rc == -EBUSY)
			sys_sleep_ms(1U << i);
	}
	return rc == -ENOENT || rc == -ENODEV ? 0 : rc;
}
