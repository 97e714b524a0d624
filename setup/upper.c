#include "upper.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signals.h"

enum { DEPTH_MAX = 256, BLOCK = 512 /* stat(2): of st_blocks */ };

struct walk {
	dev_t device;
	double bytes;
};

static bool directory_add(int parent_fd, const char *name, struct walk *walk, unsigned depth);

/* A file of several names has a share of its bytes at each. */
static void bytes_add(const struct stat *stat, struct walk *walk)
{
	double bytes = (double)stat->st_blocks * BLOCK;

	walk->bytes += S_ISDIR(stat->st_mode) ? bytes : bytes / (double)stat->st_nlink;
}

static bool entry_add(int dir_fd, const char *name, struct walk *walk, unsigned depth)
{
	struct stat stat;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	if (fstatat(dir_fd, name, &stat, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return false;
	if (stat.st_dev != walk->device)
		return true;
	bytes_add(&stat, walk);
	return !S_ISDIR(stat.st_mode) || directory_add(dir_fd, name, walk, depth + 1);
}

/* The payload made the tree: it may be as deep and as wide as it likes. */
static bool directory_add(int parent_fd, const char *name, struct walk *walk, unsigned depth)
{
	int fd = depth > DEPTH_MAX || signals_end_asked()
			 ? -1
			 : openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool is_known = dir != NULL;

	while (is_known && (entry = readdir(dir)))
		is_known = entry_add(fd, entry->d_name, walk, depth);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return is_known;
}

int64_t upper_bytes(int dir_fd)
{
	struct walk walk = {0};
	struct stat stat;

	if (dir_fd < 0 || fstat(dir_fd, &stat) < 0)
		return -1;
	walk.device = stat.st_dev;
	bytes_add(&stat, &walk);
	return directory_add(dir_fd, ".", &walk, 0) ? (int64_t)(walk.bytes + 0.5) : -1;
}
