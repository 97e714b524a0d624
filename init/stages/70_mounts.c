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
#include "../text.h"

static bool is_mount_point(int fd)
{
	struct statx found;

	return syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0, &found) == 0 &&
	       found.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

static bool put_on(int target_fd, const struct line *line)
{
	const char *type = field(line, 0), *source = field(line, 1);
	uint64_t fd;

	if (!*type)
		return integer_parse(source, 10, &fd) && sys_move_mount((int)fd, target_fd) == 0;
	return fchdir(target_fd) == 0 &&
	       mount(source, ".", type, field_mount_flags(line, 3) & ~CTR_MOUNT_NOFAIL,
		     field(line, 4)) == 0;
}

/* The target is opened safely and then mounted on as ".": mount(2) gets no path that the root file
 * system could lead astray. */
static void mount_make(const struct life *life, const struct line *line)
{
	const char *type = field(line, 0), *target = field(line, 2), *why = "";
	unsigned long flags = field_mount_flags(line, 3);
	int target_fd = target_open(target, LINKS_REFUSED, TARGET_DIRECTORY);

	/* What another initramfs has mounted for a machine is in use, as its udev's /run. In a
	 * container nothing can be there. */
	if (life->kind == LIFE_MACHINE && target_fd >= 0 && is_mount_point(target_fd)) {
		close(target_fd);
		return;
	}
	if (target_fd >= 0 && put_on(target_fd, line) && chdir("/") == 0) {
		close(target_fd);
		return;
	}
	if (target_fd < 0 && errno == ELOOP)
		why = ", which the root file system has as a symbolic link";
	if (!(flags & CTR_MOUNT_NOFAIL))
		die(CTR_STAGE_MOUNTS, line, "mount ", type, " on ", target, why, NULL);
	say("cannot mount ", type, " on ", target, why, NULL);
	if (target_fd >= 0)
		close(target_fd);
	if (chdir("/") < 0)
		die(CTR_STAGE_MOUNTS, line, "enter /", NULL);
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
	    !S_ISDIR(source.st_mode)) {
		errno = EISDIR;
		die(CTR_STAGE_MOUNTS, line, "bind a file on ", target, NULL);
	}
	if (target_fd < 0 || sys_move_mount(fd, target_fd) < 0)
		die(CTR_STAGE_MOUNTS, line, "bind on ", target, NULL);
	close(target_fd);
	close(fd);
}

void mounts_make(const struct life *life, const struct plan *plan)
{
	for_each_step(line, plan, CTR_VERB_MOUNT, CTR_VERB_ATTACH)
	{
		if (line->verb == CTR_VERB_MOUNT)
			mount_make(life, line);
		else
			mount_attach(line);
	}
}
