#include "layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "cleanup.h"
#include "log.h"

static bool is_directory(const char *path)
{
	struct stat stat_buffer;

	return stat(path, &stat_buffer) == 0 && S_ISDIR(stat_buffer.st_mode);
}

/* The real path of a directory that must be there. */
static int directory_find(const char *what, const char *path, char **found)
{
	*found = NULL;
	if (!*path)
		return fail(ENOENT, "cannot use an empty path as the %s directory", what);
	*found = realpath(path, NULL);
	if (!*found)
		return fail(errno, "cannot find the %s directory %s", what, path);
	if (!is_directory(*found))
		return fail(ENOTDIR, "cannot use %s as the %s directory", path, what);
	return 0;
}

/* The same for one that may have to be made: its parent must be there. */
static int directory_find_or_plan(const char *what, const char *path, char **found)
{
	AUTO_FREE char *parent = NULL, *copy = NULL;
	const char *base;
	char *slash;

	if (!*path || is_directory(path))
		return directory_find(what, path, found);
	copy = strdup(path);
	if (!copy)
		return fail(ENOMEM, "cannot find %s", path);
	while ((slash = strrchr(copy, '/')) && slash != copy && !slash[1])
		*slash = '\0'; /* trailing slashes */
	base = slash ? slash + 1 : copy;
	parent = slash ? strndup(copy, (size_t)(slash - copy + (slash == copy))) : strdup(".");
	*found = NULL;
	if (parent) {
		AUTO_FREE char *real = realpath(parent, NULL);

		if (!real)
			return fail(errno, "cannot find where the %s directory %s is to be", what,
				    path);
		if (asprintf(found, "%s/%s", strcmp(real, "/") == 0 ? "" : real, base) < 0)
			*found = NULL;
	}
	return *found ? 0 : fail(ENOMEM, "cannot find %s", path);
}

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
	return fail(ELOOP, "cannot make an overlay: the %s %s and the %s %s overlap", what_a, a,
		    what_b, b);
}

/* The existing directory that path is, or is to be made in. */
static void existing_parent(const char *path, char *existing, size_t size)
{
	snprintf(existing, size, "%s", path);
	while (!is_directory(existing) && strrchr(existing, '/') > existing)
		*strrchr(existing, '/') = '\0';
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

/* Only what an overlay itself leaves there: "work", and "index" or so beside it. */
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
			rc = fail(EBUSY, "cannot use %s as upper: the overlay on %s is using it",
				  upper, mount->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return rc;
}

static int overlay_check(const struct layers *layers)
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

/* --upper and --work, or the siblings of the root; no --work is a sibling of upper's. */
static int writable_find(const struct spec *spec, struct layers *layers)
{
	AUTO_FREE char *upper = NULL, *work = NULL;
	int rc;

	if (spec->ephemeral)
		return 0;
	if ((spec->upper ? asprintf(&upper, "%s", spec->upper)
			 : asprintf(&upper, "%s/../upper", layers->root)) < 0)
		return fail(ENOMEM, "cannot find upper");
	rc = directory_find_or_plan("upper", upper, &layers->upper);
	if (rc < 0)
		return rc;
	if ((spec->work ? asprintf(&work, "%s", spec->work)
			: asprintf(&work, "%.*s/work",
				   (int)(strrchr(layers->upper, '/') - layers->upper),
				   layers->upper)) < 0)
		return fail(ENOMEM, "cannot find work");
	return directory_find_or_plan("work", work, &layers->work);
}

static int lower_find(const struct spec *spec, struct layers *layers)
{
	AUTO_FREE char *sibling = NULL;
	size_t count = spec->lower.count ? spec->lower.count : 1;

	layers->lower = calloc(count, sizeof(*layers->lower));
	if (!layers->lower || asprintf(&sibling, "%s/../lower", layers->root) < 0)
		return fail(ENOMEM, "cannot find lower");
	if (!spec->lower.count && !is_directory(sibling))
		return 0;
	for (size_t i = 0; i < count; i++) {
		const char *path = spec->lower.count ? spec->lower.items[i] : sibling;
		int rc = directory_find("lower", path, &layers->lower[i]);

		layers->lower_count += layers->lower[i] != NULL;
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* An overlay that was mounted there by hand is used as it is. */
static bool is_mounted_overlay(const char *path)
{
	struct statfs fs;
	struct statx stat;

	return statfs(path, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC &&
	       statx(AT_FDCWD, path, 0, 0, &stat) == 0 &&
	       (stat.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int layers_find(const struct spec *spec, struct layers *layers)
{
	int rc;

	*layers = (struct layers){0};
	rc = directory_find("root", spec->rootfs, &layers->root);
	if (rc < 0)
		return rc;
	if (strcmp(layers->root, "/") == 0)
		return fail(EINVAL, "cannot use / as the root: it is the host's own");
	if (!spec->lower.count && is_mounted_overlay(layers->root))
		trace("%s is an overlay already: used as it is", layers->root);
	else
		rc = lower_find(spec, layers);
	if (rc < 0)
		return rc;
	if (!layers->lower_count) {
		if (spec->upper || spec->ephemeral)
			return fail(0,
				    "--%s needs a lower layer: name one with --lower, or put "
				    "it beside %s as \"lower\"",
				    spec->upper ? "upper" : "ephemeral", spec->rootfs);
		return 0;
	}
	rc = writable_find(spec, layers);
	return rc < 0 ? rc : overlay_check(layers);
}

/* overlayfs takes "\" before a character of its own meaning: the comma that separates options, the
 * colon that separates layers, and the backslash. */
static void escaped_put(FILE *to, const char *path)
{
	for (; *path; path++) {
		if (strchr("\\,:", *path))
			fputc('\\', to);
		fputc(*path, to);
	}
}

char *layers_options(const struct layers *layers, const char *upper, const char *work)
{
	char *options = NULL;
	size_t size;
	FILE *to = open_memstream(&options, &size);

	if (!to)
		return NULL;
	for (size_t i = 0; i < layers->lower_count; i++) {
		fputs(i ? ":" : "lowerdir=", to);
		escaped_put(to, layers->lower[i]);
	}
	fputs(",upperdir=", to);
	escaped_put(to, upper);
	fputs(",workdir=", to);
	escaped_put(to, work);
	/* A planted trusted.overlay.redirect must not lead out of the layers, and the other
	 * features must not depend on how the host's kernel was configured. */
	fputs(",redirect_dir=nofollow,metacopy=off,index=off,xino=off", to);
	if (fclose(to) != 0) {
		free(options);
		return NULL;
	}
	return options;
}

void layers_free(struct layers *layers)
{
	for (size_t i = 0; i < layers->lower_count; i++)
		free(layers->lower[i]);
	free(layers->lower);
	free(layers->root);
	free(layers->upper);
	free(layers->work);
	*layers = (struct layers){0};
}
