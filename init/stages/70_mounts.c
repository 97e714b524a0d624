/* 70 mounts: /proc, /sys, /dev and the rest.
 * Before: the bare root. After: every mount of the plan is there, with its final flags from its
 * first moment on. */
#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../report.h"
#include "../stages.h"
#include "../sys.h"
#include "../target.h"

/* The target is opened safely and then mounted on as ".": mount(2) gets no path that the root file
 * system could lead astray. */
static void mount_make(const struct line *line)
{
	const char *type = field(line, 0), *target = field(line, 2);
	int target_fd = target_open(target, LINKS_REFUSED, TARGET_DIRECTORY);

	if (target_fd < 0 && errno == ELOOP)
		die(CTR_STAGE_MOUNTS, line->number, errno, "cannot mount ", type, " on ", target,
		    ", which the root file system has as a symbolic link", NULL);
	if (target_fd < 0 || fchdir(target_fd) < 0 ||
	    mount(field(line, 1), ".", type, field_mount_flags(line, 3), field(line, 4)) < 0 ||
	    chdir("/") < 0)
		die(CTR_STAGE_MOUNTS, line->number, errno, "cannot mount ", type, " on ", target,
		    NULL);
	close(target_fd);
}

static void mount_attach(const struct line *line)
{
	int fd = (int)field_number(line, 0);
	const char *target = field(line, 1);
	struct stat source = {0}, found = {0};
	int target_fd = -1;

	if (fstat(fd, &source) == 0)
		target_fd = target_open(target, LINKS_IN_ROOT,
					S_ISDIR(source.st_mode) ? TARGET_DIRECTORY : TARGET_FILE);
	if (target_fd >= 0 && fstat(target_fd, &found) == 0 && S_ISDIR(found.st_mode) &&
	    !S_ISDIR(source.st_mode))
		die(CTR_STAGE_MOUNTS, line->number, EISDIR, "cannot bind a file on ", target, NULL);
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
