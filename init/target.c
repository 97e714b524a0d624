#include "target.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "sys.h"

/* openat2(2) fails with EAGAIN when a rename races with ".."; it then asks to be called again. */
enum { OPEN_TRIES = 32 };

static int open_beneath(const char *path, enum target_links links, uint64_t flags)
{
	uint64_t resolve = links == LINKS_REFUSED ? RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
						  : RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	int fd = -1;

	while (*path == '/')
		path++;
	for (int i = 0; i < OPEN_TRIES; i++) {
		/* The working directory is the root: see root_pivot(). */
		fd = sys_openat2(AT_FDCWD, *path ? path : ".", flags | O_PATH | O_CLOEXEC, resolve);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

/* The parent of path, cut into parent; the last component is returned. NULL and errno: too long. */
static const char *parent_cut(const char *path, char parent[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t length = (size_t)(slash - path);

	if (length >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(parent, path, length);
	parent[length] = '\0';
	return slash + 1;
}

/* Makes the last component of path; its parent is there. */
static int entry_make(const char *path, enum target_links links, enum target_kind kind)
{
	char parent[PATH_MAX];
	const char *name = parent_cut(path, parent);
	int fd = name ? open_beneath(parent, links, O_DIRECTORY) : -1;
	int rc;

	if (fd < 0)
		return -1;
	if (kind == TARGET_DIRECTORY)
		rc = mkdirat(fd, name, 0755);
	else /* mknod, not open: it never follows a link and never truncates */
		rc = mknodat(fd, name, S_IFREG | 0644, 0);
	close(fd);
	return rc;
}

/* Makes what is missing of path. */
static int path_make(const char *path, enum target_links links, enum target_kind kind)
{
	char prefix[PATH_MAX];

	if (entry_make(path, links, kind) == 0 || errno == EEXIST)
		return 0; /* there: a link that leads nowhere, which opening it will say */
	if (errno != ENOENT)
		return -1;
	for (const char *end = path; (end = strchr(end + 1, '/'));) {
		if (end - path >= PATH_MAX)
			break;
		memcpy(prefix, path, (size_t)(end - path));
		prefix[end - path] = '\0';
		if (entry_make(prefix, links, TARGET_DIRECTORY) < 0 && errno != EEXIST)
			return -1;
	}
	return entry_make(path, links, kind);
}

int target_open(const char *path, enum target_links links, enum target_kind kind)
{
	uint64_t flags = kind == TARGET_DIRECTORY ? O_DIRECTORY : 0;
	int fd = open_beneath(path, links, flags);

	if (fd >= 0 || errno != ENOENT || kind == TARGET_ANY)
		return fd;
	if (path_make(path, links, kind) < 0)
		return -1;
	return open_beneath(path, links, flags);
}

int target_parent(const char *path, const char **name)
{
	char parent[PATH_MAX];

	*name = parent_cut(path, parent);
	return *name ? target_open(parent, LINKS_REFUSED, TARGET_DIRECTORY) : -1;
}
