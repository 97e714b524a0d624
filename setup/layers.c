#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

bool is_directory(const char *path)
{
	struct stat stat_buffer;

	return stat(path, &stat_buffer) == 0 && S_ISDIR(stat_buffer.st_mode);
}

struct place place_of(int fd)
{
	struct stat stat = {0};

	(void)fstat(fd, &stat);
	return (struct place){stat.st_dev, stat.st_ino};
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

static bool is_plain(const struct spec *spec)
{
	return spec->lower.count == 1 && strcmp(spec->lower.items[0], "none") == 0;
}

static int lower_find(const struct spec *spec, struct layers *layers)
{
	AUTO_FREE char *sibling = NULL;
	size_t count = spec->lower.count ? spec->lower.count : 1;

	if (is_plain(spec))
		return 0;
	layers->lower = calloc(count, sizeof(*layers->lower));
	if (!layers->lower || asprintf(&sibling, "%s/../lower", layers->root) < 0)
		return fail(ENOMEM, "cannot find lower");
	if (!spec->lower.count && !is_directory(sibling))
		return access(sibling, F_OK) < 0
			       ? 0
			       : fail(ENOTDIR, "cannot use %s as the lower layer", sibling);
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

static int root_find(const struct spec *spec, struct layers *layers)
{
	if (*spec->rootfs && access(spec->rootfs, F_OK) < 0 && errno == ENOENT)
		return fail(0,
			    "cannot find the root directory %s: %s (for an overlay an empty one "
			    "will do: mkdir makes it)",
			    spec->rootfs, strerror(ENOENT));
	return directory_find("root", spec->rootfs, &layers->root);
}

int layers_find(const struct spec *spec, struct layers *layers)
{
	int rc;

	*layers = (struct layers){.is_user_s = geteuid() != 0, .is_alone = is_plain(spec)};
	rc = root_find(spec, layers);
	if (rc < 0)
		return rc;
	if (strcmp(layers->root, "/") == 0)
		return fail(0, "cannot use / as the root: it is the host's own");
	if (is_mounted_overlay(layers->root)) {
		if ((spec->lower.count && !is_plain(spec)) || spec->upper || spec->ephemeral)
			return fail(0,
				    "cannot put layers on %s: an overlay is mounted there, and is "
				    "used as it is; unmount it first",
				    layers->root);
		trace("%s is an overlay already: used as it is", layers->root);
		return 0;
	}
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
	return writable_find(spec, layers);
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
