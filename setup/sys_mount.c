/* The part of the seam that mounts: in this process's own mount namespace, nowhere else. */
#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "sys.h"

static int result(long rc)
{
	return rc < 0 ? -errno : (int)rc;
}

int sys_make_private(void)
{
	return result(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* mount(2) by libmount, which knows the generic options; without its helpers, its table of mounts
 * and its look at the target: nothing outside this call. */
static int libmount_mount(struct libmnt_context *context, const char *type, const char *target,
			  const char *options, unsigned flags)
{
	int rc;

	if (mnt_context_disable_helpers(context, 1) || mnt_context_disable_mtab(context, 1) ||
	    mnt_context_disable_canonicalize(context, 1) || mnt_context_set_fstype(context, type) ||
	    mnt_context_set_source(context, type) || mnt_context_set_target(context, target) ||
	    mnt_context_set_options(context, options) ||
	    mnt_context_set_mflags(context, flags & MOUNT_BARE ? 0 : MS_NOSUID | MS_NODEV))
		return -ENOMEM;
	rc = mnt_context_mount(context);
	if (rc == 0)
		return 0;
	if (mnt_context_syscall_called(context))
		return -mnt_context_get_syscall_errno(context);
	return rc < 0 ? rc : -EINVAL;
}

static int mount_new(const char *type, const char *target, const char *options, unsigned flags)
{
	struct libmnt_context *context = mnt_new_context();
	int rc = context ? libmount_mount(context, type, target, options, flags) : -ENOMEM;

	mnt_free_context(context);
	return rc;
}

int sys_mount_tmpfs(const char *target, const char *options)
{
	return mount_new("tmpfs", target, options, 0);
}

/* Makes the working directory one in which a number is a path to what that descriptor is open on.
 */
static int descriptors_enter(void)
{
	AUTO_CLOSE int fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return -EXDEV;
	return result(fchdir(fd));
}

/* Another's descriptors, mounted there, would lead elsewhere. */
static bool leads_to(const char *name, int fd)
{
	struct stat there, here;

	return stat(name, &there) == 0 && fstat(fd, &here) == 0 && there.st_dev == here.st_dev &&
	       there.st_ino == here.st_ino;
}

/* The name of a descriptor, behind what has to be before it. */
static bool number_put(FILE *to, const char *before, int fd)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", fd);
	return leads_to(name, fd) && fprintf(to, "%s%s", before, name) > 0;
}

static int overlay_mount(const struct sys_overlay *overlay, FILE *to, char **options)
{
	char target[16];
	bool is_there = fputs(overlay->options, to) >= 0;

	/* Behind the others: what is more than a page mount(2) cuts off. The kernel takes 500
	 * layers, for which a page is enough. */
	for (size_t i = 0; i < overlay->lower_count && is_there; i++)
		is_there = number_put(to, i ? ":" : ",lowerdir=", overlay->lower_fds[i]);
	is_there = is_there && number_put(to, ",upperdir=", overlay->upper_fd) &&
		   number_put(to, ",workdir=", overlay->work_fd);
	snprintf(target, sizeof(target), "%d", overlay->target_fd);
	if (!is_there || !leads_to(target, overlay->target_fd))
		return -EXDEV;
	if (fflush(to) != 0)
		return -ENOMEM;
	return mount_new("overlay", target, *options, overlay->flags);
}

int sys_mount_overlay(const struct sys_overlay *overlay)
{
	AUTO_FREE char *options = NULL;
	size_t size;
	FILE *to;
	int rc = descriptors_enter();

	if (rc < 0)
		return rc;
	to = open_memstream(&options, &size);
	if (!to)
		return -ENOMEM;
	rc = overlay_mount(overlay, to, &options);
	fclose(to);
	return rc;
}

bool is_common_device(int fd)
{
	static const unsigned minors = 1U << 3 | 1U << 5 | 1U << 7 | 1U << 8 | 1U << 9;
	struct stat stat;

	return fstat(fd, &stat) == 0 && S_ISCHR(stat.st_mode) && major(stat.st_rdev) == 1 &&
	       minor(stat.st_rdev) < 32 && minors >> minor(stat.st_rdev) & 1;
}

int sys_open_tree(int at_fd, const char *path, unsigned flags)
{
	AUTO_CLOSE int fd = open_tree(at_fd, path,
				      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
					      (flags & MOUNT_ALONE ? 0U : AT_RECURSIVE));
	struct mount_attr set = {
		.attr_set =
			(flags & MOUNT_BARE ? 0 : MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV) |
			(flags & (MOUNT_READ_ONLY | MOUNT_READ_ONLY_BELOW) ? MOUNT_ATTR_RDONLY : 0),
	};
	struct mount_attr clear = {.attr_clr = MOUNT_ATTR_RDONLY};

	if (fd < 0)
		return -errno;
	if (is_common_device(fd)) /* bound, it masks a file: it has to open */
		set.attr_set &= ~(uint64_t)MOUNT_ATTR_NODEV;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &set, sizeof(set)) < 0)
		return -errno;
	if (flags & MOUNT_READ_ONLY_BELOW &&
	    mount_setattr(fd, "", AT_EMPTY_PATH, &clear, sizeof(clear)) < 0)
		return -errno;
	return take_fd(&fd);
}

int sys_open_new(const char *type, unsigned flags)
{
	AUTO_CLOSE int fd = fsopen(type, FSOPEN_CLOEXEC);

	if (fd < 0 || fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	return result(fsmount(fd, FSMOUNT_CLOEXEC,
			      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
				      (flags & MOUNT_READ_ONLY ? MOUNT_ATTR_RDONLY : 0U)));
}

int sys_map_tree(int tree_fd, int userns_fd)
{
	struct mount_attr map = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (__u64)userns_fd};

	return result(mount_setattr(tree_fd, "", AT_EMPTY_PATH, &map, sizeof(map)));
}

int sys_attach(int tree_fd, const char *path)
{
	AUTO_CLOSE int place_fd = sys_open_dir(AT_FDCWD, path);

	if (place_fd < 0)
		return place_fd;
	return result(move_mount(tree_fd, "", place_fd, "",
				 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}
