/* What an overlay cannot be made of, said before the kernel would with its EINVAL
 * (Documentation/filesystems/overlayfs.rst). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layers.h"
#include "log.h"

/* Is path inside directory, or the directory itself? Both real. */
static bool is_within(const char *path, const char *directory)
{
	size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

	return strncmp(path, directory, length) == 0 && (path[length] == '/' || !path[length]);
}

static int overlap_check(const char *what_a, const char *a, const char *what_b, const char *b)
{
	if (!is_within(a, b) && !is_within(b, a))
		return 0;
	return fail(0, "cannot make an overlay: the %s %s and the %s %s overlap", what_a, a, what_b,
		    b);
}

/* The existing directory that path is, or is to be made in. */
static void existing_parent(const char *path, char *existing, size_t size)
{
	snprintf(existing, size, "%s", path);
	while (!is_directory(existing) && existing[1]) {
		char *slash = strrchr(existing, '/');

		slash[slash == existing] = '\0'; /* of "/x" the "/" stays */
	}
}

/* overlayfs.rst: the upper file system must be writable and keep trusted.* extended attributes; an
 * overlay is refused as one. */
static int upper_carries(const char *upper)
{
	char existing[PATH_MAX];
	struct statfs fs;

	existing_parent(upper, existing, sizeof(existing));
	if (statfs(existing, &fs) < 0)
		return fail(errno, "cannot look at the upper directory %s", upper);
	if (fs.f_type == OVERLAYFS_SUPER_MAGIC)
		return fail(
			EINVAL,
			"cannot use %s as upper: it is on an overlay itself; choose a directory "
			"on another file system, or --ephemeral",
			upper);
	if (fs.f_flags & ST_RDONLY)
		return fail(EROFS, "cannot use %s as upper: choose another or --ephemeral", upper);
	if (getxattr(existing, "trusted.overlay.opaque", NULL, 0) < 0 && errno == EOPNOTSUPP)
		return fail(EINVAL,
			    "cannot use %s as upper: its file system (type 0x%lx) keeps no trusted "
			    "attributes; choose a directory on ext4, xfs, btrfs or tmpfs",
			    upper, (unsigned long)fs.f_type);
	return 0;
}

static int same_mount_check(const char *upper, const char *work)
{
	char existing[2][PATH_MAX];
	struct statx stat[2];

	existing_parent(upper, existing[0], sizeof(existing[0]));
	existing_parent(work, existing[1], sizeof(existing[1]));
	for (int i = 0; i < 2; i++)
		if (statx(AT_FDCWD, existing[i], 0, STATX_MNT_ID, &stat[i]) < 0)
			return fail(errno, "cannot look at %s", existing[i]);
	if (stat[0].stx_mnt_id != stat[1].stx_mnt_id)
		return fail(EXDEV,
			    "cannot make an overlay: upper %s and work %s are on different mounts; "
			    "choose --work beside upper",
			    upper, work);
	return 0;
}

/* Only what an overlay itself leaves there. */
static int work_is_free(const char *work)
{
	DIR *dir = opendir(work);
	struct dirent *entry;
	int rc = 0;

	while (dir && rc == 0 && (entry = readdir(dir))) {
		static const char *const own[] = {".", "..", "work", "index"};
		size_t i = 0;

		while (i < sizeof(own) / sizeof(own[0]) && strcmp(own[i], entry->d_name) != 0)
			i++;
		if (i == sizeof(own) / sizeof(own[0]))
			rc = fail(ENOTEMPTY,
				  "cannot use the work directory %s: it holds \"%s\"; it must be "
				  "an empty directory of the overlay's own",
				  work, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* An overlay that somebody mounted by hand has no lock of ours; the kernel would let a second one
 * use its upper directory and corrupt it (overlayfs.rst, "index"). */
static int upper_is_free(const char *upper)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	int rc = 0;

	while (mounts && rc == 0 && (mount = getmntent(mounts))) {
		const char *option = strcmp(mount->mnt_type, "overlay") == 0
					     ? strstr(mount->mnt_opts, ",upperdir=")
					     : NULL;
		size_t length = strlen(upper);

		if (!option)
			continue;
		option += strlen(",upperdir=");
		if (strncmp(option, upper, length) == 0 &&
		    (!option[length] || option[length] == ','))
			rc = fail(0, "cannot use %s as upper: the overlay on %s is using it", upper,
				  mount->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return rc;
}

int layers_check(const struct layers *layers)
{
	int rc = 0;

	for (size_t i = 0; i < layers->lower_count && rc == 0; i++) {
		for (size_t j = 0; j < i && rc == 0; j++)
			rc = overlap_check("lower", layers->lower[j], "lower", layers->lower[i]);
		if (rc == 0 && layers->upper)
			rc = overlap_check("lower", layers->lower[i], "upper", layers->upper);
		if (rc == 0 && layers->work)
			rc = overlap_check("lower", layers->lower[i], "work", layers->work);
	}
	if (rc < 0 || !layers->upper)
		return rc;
	if ((rc = overlap_check("upper", layers->upper, "work", layers->work)) < 0 ||
	    (rc = upper_carries(layers->upper)) < 0 ||
	    (rc = same_mount_check(layers->upper, layers->work)) < 0 ||
	    (rc = upper_is_free(layers->upper)) < 0)
		return rc;
	return work_is_free(layers->work);
}

/* One that cannot be read is not known to be. */
static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = dir != NULL;

	while (empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir)
		closedir(dir);
	return empty;
}

/* A root with nothing in it has no program. What is bound, or a hook, may bring one. */
int layers_content_check(const struct spec *spec, const struct layers *layers)
{
	if (spec->bind_count || spec->hooks.count)
		return 0;
	if (!layers->lower_count)
		return !is_empty(layers->root)
			       ? 0
			       : fail(0,
				      "cannot use %s as the root: it is empty, and there is no "
				      "directory \"lower\" beside it (a root file system goes into "
				      "either, as by rootfs-hooks/busybox; --lower names another)",
				      spec->rootfs);
	for (size_t i = 0; i < layers->lower_count; i++)
		if (!is_empty(layers->lower[i]))
			return 0;
	if (layers->upper && access(layers->upper, F_OK) == 0 && !is_empty(layers->upper))
		return 0;
	return fail(0,
		    "cannot use %s as the lower layer: it is empty (a root file system goes into "
		    "it, as by rootfs-hooks/busybox)",
		    layers->lower[0]);
}
