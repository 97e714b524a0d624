#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "cleanup.h"
#include "log.h"
#include "record.h"
#include "signals.h"
#include "sys.h"

static bool is_own(const char *path)
{
	struct stat stat;

	return lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode) && stat.st_uid == geteuid() &&
	       (stat.st_mode & 0777) == 0700;
}

/* As after su(1), or in a job of cron(8). /tmp is everybody's: root_trust() looks at what is there,
 * and sys_mkdir() and sys_lock() follow no link. */
static void root_settle_unset(char *path, size_t size)
{
	snprintf(path, size, "/run/user/%u", geteuid());
	if (is_own(path))
		strcat(path, "/ctr");
	else
		snprintf(path, size, "/tmp/ctr-%u", geteuid());
}

static bool root_settle(char *path, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		snprintf(path, size, "/run/ctr");
	else if (!runtime || !*runtime)
		root_settle_unset(path, size);
	else if (runtime[0] == '/' && realpath(runtime, path) && strlen(path) <= PATH_MAX - 80 &&
		 access(path, W_OK | X_OK) == 0)
		strcat(path, "/ctr");
	else
		return false;
	return true;
}

const char *state_root(void)
{
	static char path[PATH_MAX + 8]; /* settled once: what it names may go meanwhile */
	static bool is_settled;

	if (!is_settled && !root_settle(path, sizeof(path))) {
		fail(0, "XDG_RUNTIME_DIR names no directory that you can write in: unset it, or "
			"set it to one of yours");
		return NULL;
	}
	is_settled = true;
	return path;
}

/* Whoever may rename in there could put another directory in the place of ours. */
static bool parent_is_safe(const char *root)
{
	char parent[PATH_MAX];
	struct stat stat_buffer;

	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(root, '/') - root), root);
	return stat(parent, &stat_buffer) < 0 || /* mkdir(2) will say why */
	       ((stat_buffer.st_uid == 0 || stat_buffer.st_uid == geteuid()) &&
		(!(stat_buffer.st_mode & 022) || stat_buffer.st_mode & S_ISVTX));
}

/* One that is not there harms nobody: whoever opens it next says so. */
static int root_trust(const char *root)
{
	struct stat stat;

	if (lstat(root, &stat) < 0)
		return errno == ENOENT ? 0 : fail(errno, "cannot look at %s", root);
	if (!S_ISDIR(stat.st_mode) || stat.st_uid != geteuid() || (stat.st_mode & 0777) != 0700)
		return fail(EPERM,
			    "cannot trust %s: it must be a directory of user %u's with mode 0700",
			    root, geteuid());
	return 0;
}

int state_root_check(void)
{
	const char *root = state_root();

	if (!root)
		return -ENOENT;
	if (!parent_is_safe(root))
		return fail(EPERM,
			    "cannot trust the directory that %s is in: it must be root's, or "
			    "yours, with "
			    "no other to write in it",
			    root);
	return root_trust(root);
}

int state_root_lock(void)
{
	const char *root;
	int rc = state_root_check();

	if (rc < 0)
		return rc;
	root = state_root();
	rc = sys_mkdir(root, 0700);
	if (rc < 0 && rc != -EEXIST)
		return fail(-rc, "cannot make %s", root);
	if (rc == -EEXIST && (rc = root_trust(root)) < 0)
		return rc;
	rc = sys_lock(root, true);
	return rc < 0 && rc != -EINTR ? fail(-rc, "cannot lock %s", root) : rc;
}

int state_keeper(const char *path, struct keeper *keeper)
{
	AUTO_FREE char *text = record_read(path, STATE_RUN);
	const char *key, *value;
	char *rest = text, *end;

	*keeper = (struct keeper){0};
	if (!text)
		return -errno;
	if (!record_next(&rest, &key, &value) || strcmp(key, "keeper") != 0)
		return -EBADMSG;
	keeper->pid = (pid_t)strtol(value, &end, 10);
	keeper->pid_namespace = strtoull(end, NULL, 10);
	return keeper->pid > 0 ? 0 : -EBADMSG;
}

int state_held_refuse(const char *path, const char *name)
{
	struct keeper keeper;
	char holder[40] = "another process";

	if (state_keeper(path, &keeper) == 0)
		snprintf(holder, sizeof(holder), "process %ld", (long)keeper.pid);
	return fail(0, "cannot use the name %s: it is held by %s%s; give another --name", name,
		    holder,
		    keeper.pid_namespace == pid_namespace_own() ? "" : " of another pid namespace");
}

/* A line of a damaged record must not lead to what was never ours. */
static bool is_ours(const char *group)
{
	return strstr(group, "/ctr-") != NULL;
}

static int line_undo(const char *key, const char *group, struct effort *effort)
{
	bool is_nest = strcmp(key, "nest") == 0;
	int rc = -EBADMSG;

	if (!is_nest && strcmp(key, "cgroup") != 0)
		return 0;
	if (is_ours(group) && !sys_is_cgroup(group))
		rc = -ENOENT; /* not to be seen in this mount namespace */
	else if (is_ours(group))
		rc = is_nest ? nest_remove(group, effort) : group_remove(group, effort);
	return rc < 0 ? fail(-rc, "cannot remove the cgroup %s of a dead run", group) : 0;
}

/* Removes the groups that one of a run's files lists, then the file. */
static int file_undo(const char *path, const char *name, struct effort *effort)
{
	AUTO_FREE char *text = record_read(path, name);
	const char *key, *group;
	char *rest = text, file[PATH_MAX + 16];
	int rc = 0;

	if (!text)
		return errno == ENOENT
			       ? 0
			       : fail(errno, "cannot read what the dead run at %s had", path);
	while (record_next(&rest, &key, &group))
		if (line_undo(key, group, effort) < 0)
			rc = -EBUSY;
	if (rc < 0)
		return rc; /* another time */
	snprintf(file, sizeof(file), "%s/%s", path, name);
	sys_unlink(file);
	return 0;
}

static int run_remove(const char *path, struct effort *effort)
{
	char socket[PATH_MAX + 16];
	int rc = file_undo(path, STATE_FREEZER, effort);

	if (rc < 0 || (rc = file_undo(path, STATE_RUN, effort)) < 0)
		return rc;
	snprintf(socket, sizeof(socket), "%s/" STATE_EXEC, path);
	sys_unlink(socket);
	rc = sys_rmdir(path);
	return rc < 0 && rc != -ENOENT ? fail(-rc, "cannot remove %s of a dead run", path) : 0;
}

int state_remove(const char *path)
{
	struct effort effort = {0};

	return run_remove(path, &effort);
}

/* Was it a dead run's, and is it removed? */
static bool entry_collect(const char *path, struct effort *effort)
{
	AUTO_CLOSE int lock_fd = sys_lock(path, false);

	if (lock_fd >= 0)
		return run_remove(path, effort) == 0;
	if (lock_fd != -EWOULDBLOCK)
		fail(-lock_fd, "passed over %s, which is no run's", path);
	return false;
}

unsigned state_collect(void)
{
	const char *root = state_root();
	DIR *dir = root ? opendir(root) : NULL;
	struct dirent *entry;
	struct effort effort = {0};
	unsigned collected = 0;

	while (dir && !signals_end_asked() && (entry = readdir(dir))) {
		char path[PATH_MAX + NAME_MAX + 8];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", root, entry->d_name);
		collected += entry_collect(path, &effort);
	}
	if (dir)
		closedir(dir);
	return collected;
}
