#include "uses.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "parse.h"
#include "record.h"
#include "state.h"
#include "sys.h"
#include "verbs/processes.h"

static bool is_same(const char *path, const struct stat *wanted)
{
	struct stat stat_buffer;

	return stat(path, &stat_buffer) == 0 && stat_buffer.st_dev == wanted->st_dev &&
	       stat_buffer.st_ino == wanted->st_ino;
}

/* Hooks are children of the keeper, in a pid namespace of their own. /proc is the keeper's, or that
 * of a namespace around its own. */
static bool is_ancestor(const struct keeper *keeper)
{
	char self[16] = "";
	struct process process = {0};

	if (readlink("/proc/self", self, sizeof(self) - 1) > 0)
		process.parent = atoi(self);
	while (process.parent > 0 && process_read(process.parent, &process))
		if (process_inner_pid(process.pid) == keeper->pid &&
		    pid_namespace(process.pid) == keeper->pid_namespace)
			return true;
	return false;
}

bool run_uses(const char *state_path, const struct stat *directory)
{
	AUTO_FREE char *text = record_read(state_path, STATE_RUN);
	struct keeper keeper;
	const char *key, *value;
	char *rest = text;

	if (state_keeper(state_path, &keeper) == 0 && is_ancestor(&keeper))
		return false;
	while (text && record_next(&rest, &key, &value))
		if ((strcmp(key, "root") == 0 || strcmp(key, "upper") == 0 ||
		     strcmp(key, "work") == 0 || strcmp(key, "lower") == 0) &&
		    is_same(value, directory))
			return true;
	return false;
}

static bool is_living(const char *state_path)
{
	AUTO_CLOSE int fd = sys_lock(state_path, false);

	return fd == -EWOULDBLOCK;
}

bool run_using(const char *path, char name[RUN_NAME_SIZE])
{
	struct stat wanted;
	DIR *dir = stat(path, &wanted) == 0 ? opendir(state_root()) : NULL;
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		char state_path[PATH_MAX + 256];

		if (!name_is_valid(entry->d_name))
			continue;
		snprintf(state_path, sizeof(state_path), "%s/%s", state_root(), entry->d_name);
		found = run_uses(state_path, &wanted) && is_living(state_path);
		if (found)
			snprintf(name, RUN_NAME_SIZE, "%.71s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

const char *run_using_text(const char *path, char text[RUN_TEXT_SIZE])
{
	char name[RUN_NAME_SIZE];

	if (!run_using(path, name))
		return "another container";
	snprintf(text, RUN_TEXT_SIZE, "the run %s", name);
	return text;
}

int run_using_refuse(const char *path)
{
	char name[RUN_NAME_SIZE];

	if (!run_using(path, name))
		return 0;
	return fail(0, "cannot work on %s: the run %s uses it (ctr-setup stop %s)", path, name,
		    name);
}
