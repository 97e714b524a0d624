/* 70 mounts: /proc, /sys, /dev and the rest.
 * Before: the bare root. After: every mount of the plan is there, with its final flags from its
 * first moment on: each is made detached and only then put on its target. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../report.h"
#include "../stages.h"
#include "../sys.h"
#include "../target.h"

/* Hands the options (key=value or key, by comma) to the file system one by one. Cuts data up. */
static bool options_set(int fs_fd, char *data)
{
	while (data && *data) {
		char *next = strchr(data, ',');
		char *value;
		int rc;

		if (next)
			*next++ = '\0';
		value = strchr(data, '=');
		if (value)
			*value++ = '\0';
		rc = value ? sys_fsconfig(fs_fd, FSCONFIG_SET_STRING, data, value)
			   : sys_fsconfig(fs_fd, FSCONFIG_SET_FLAG, data, NULL);
		if (rc < 0)
			return false;
		data = next;
	}
	return true;
}

static int filesystem_make(const struct line *line)
{
	int fs_fd = sys_fsopen(field(line, 0));
	int fd = -1;

	if (fs_fd < 0)
		return -1;
	if (sys_fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", field(line, 1)) == 0 &&
	    options_set(fs_fd, field(line, 4)) &&
	    sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
		fd = sys_fsmount(fs_fd, field_mount_flags(line, 3));
	close(fs_fd);
	return fd;
}

static void mount_make(const struct line *line)
{
	const char *type = field(line, 0), *target = field(line, 2);
	int fd = filesystem_make(line);
	int target_fd;

	if (fd < 0)
		die(CTR_STAGE_MOUNTS, line->number, errno, "cannot make a ", type, " for ", target,
		    NULL);
	target_fd = target_open(target, LINKS_REFUSED, TARGET_DIRECTORY);
	if (target_fd < 0 || sys_move_mount(fd, target_fd) < 0)
		die(CTR_STAGE_MOUNTS, line->number, errno, "cannot mount ", type, " on ", target,
		    NULL);
	close(target_fd);
	close(fd);
}

static void mount_attach(const struct line *line)
{
	int fd = (int)field_number(line, 0);
	const char *target = field(line, 1);
	struct stat stat;
	int target_fd = -1;

	if (fstat(fd, &stat) == 0)
		target_fd = target_open(target, LINKS_IN_ROOT,
					S_ISDIR(stat.st_mode) ? TARGET_DIRECTORY : TARGET_FILE);
	if (target_fd < 0 || sys_move_mount(fd, target_fd) < 0)
		die(CTR_STAGE_MOUNTS, line->number, errno, "cannot bind on ", target, NULL);
	close(target_fd);
	close(fd);
}

void mounts_make(const struct plan *plan)
{
	for_each_line(line, plan) {
		if (line->verb == CTR_VERB_MOUNT)
			mount_make(line);
		else if (line->verb == CTR_VERB_ATTACH)
			mount_attach(line);
	}
}
