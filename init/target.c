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

static int entry_make(int parent_fd, const char *name, enum target_kind kind)
{
	int rc;

	if (kind == TARGET_DIRECTORY)
		rc = mkdirat(parent_fd, name, 0755);
	else /* mknod, not open: it never follows a link and never truncates */
		rc = mknodat(parent_fd, name, S_IFREG | 0644, 0);
	return rc < 0 && errno != EEXIST ? -1 : 0;
}

/* Makes what is missing of path, from the left. */
static int path_make(const char *path, enum target_links links, enum target_kind kind)
{
	char prefix[PATH_MAX];
	size_t length = strlen(path);

	if (length >= sizeof(prefix)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (size_t start = 0, end; start < length; start = end) {
		int parent_fd, rc;

		start += strspn(path + start, "/");
		end = start + strcspn(path + start, "/");
		if (start == end)
			break;
		memcpy(prefix, path, start);
		prefix[start] = '\0';
		parent_fd = open_beneath(prefix, links, O_DIRECTORY);
		if (parent_fd < 0)
			return -1;
		memcpy(prefix, path + start, end - start);
		prefix[end - start] = '\0';
		rc = entry_make(parent_fd, prefix, path[end] ? TARGET_DIRECTORY : kind);
		close(parent_fd);
		if (rc < 0)
			return -1;
	}
	return 0;
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
	const char *slash = strrchr(path, '/');
	size_t length = (size_t)(slash - path);

	if (length >= sizeof(parent)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(parent, path, length);
	parent[length] = '\0';
	*name = slash + 1;
	return open_beneath(parent, LINKS_REFUSED, O_DIRECTORY);
}
