/* Files and directories, and the locks on them: see seam.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "../cleanup.h"
#include "../state.h"
#include "../sys.h"
#include "pretence.h"
#include "seam.h"
#include "step.h"

/* A cgroup must be new; other directories of everybody's are made when they are missing. */
static bool is_cgroup(const char *path)
{
	AUTO_FREE char *parent = strdup(path);
	struct statfs fs;

	*strrchr(parent, '/') = '\0';
	return statfs(parent, &fs) == 0 &&
	       (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

SEAM(int, mkdir, const char *path, mode_t mode)
{
	bool there = is_there(path), may_be_there = there || (mode != 0700 && !is_cgroup(path));
	int rc = is_dry() ? 0 : __real_sys_mkdir(path, mode);

	step(rc, "mkdir%s%s %s", may_be_there ? " -p" : "", mode == 0700 ? " -m 700" : "",
	     quote(path));
	return is_dry() && there ? -EEXIST : rc;
}

SEAM(int, rmdir, const char *path)
{
	return CHANGE(__real_sys_rmdir(path), "rmdir %s", quote(path));
}

SEAM(int, unlink, const char *path)
{
	/* The socket that "ctr-setup exec" knocks at: shell makes none. */
	if (is_dry() && strcmp(strrchr(path, '/'), "/" STATE_EXEC) == 0)
		return 0;
	return CHANGE(__real_sys_unlink(path), "rm %s", quote(path));
}

/* The last newline is echo's. Static. */
static const char *line_quote(const char *text)
{
	static char *line;
	size_t length = strlen(text);

	free(line);
	line = strndup(text, length && text[length - 1] == '\n' ? length - 1 : length);
	if (!line)
		out_of_memory();
	return quote(line);
}

SEAM(int, create, const char *path, const char *text)
{
	return CHANGE(__real_sys_create(path, text), "echo %s >%s", line_quote(text), quote(path));
}

SEAM(int, open_output, const char *path)
{
	return __real_sys_open_output(path);
}

SEAM(int, write, const char *path, const char *text)
{
	written_note(path, text);
	return CHANGE(__real_sys_write(path, text), "echo %s >%s", line_quote(text), quote(path));
}

SEAM(int, may_write, const char *path)
{
	return __real_sys_may_write(path);
}

SEAM(bool, is_cgroup, const char *path)
{
	return __real_sys_is_cgroup(path);
}

SEAM(int, read, const char *path, char *text, size_t size)
{
	int rc = is_dry() ? written_read(path, text, size) : -ENOENT;

	return rc == -ENOENT ? __real_sys_read(path, text, size) : rc;
}

/* A run removes what the dead have left; whether they will still be there is not ours to say. */
static bool is_others_run(const char *dir)
{
	const char *root = state_root();

	return root && strncmp(dir, root, strlen(root)) == 0 && dir[strlen(root)] == '/';
}

SEAM(int, lock, const char *dir, bool wait)
{
	static unsigned number = 3; /* sh(1) may know no more than one digit */
	int fd = is_dry() && !is_there(dir) ? -1 : __real_sys_lock(dir, wait);

	if (is_dry() && is_there(dir) && is_others_run(dir)) {
		close_and_forget(&fd);
		return -EWOULDBLOCK;
	}
	if (fd < 0 && (!is_dry() || is_there(dir)))
		return fd;
	if (wait)
		step_note(0, "flock %s: others wait while the list of runs changes", quote(dir));
	else if (number <= 5)
		step(0, "exec %u<%s; flock -n %u", number, quote(dir), number);
	number += !wait;
	return stand_in(fd, dir, 0);
}
