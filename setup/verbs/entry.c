#include "entry.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../cleanup.h"

enum { CHUNK = 65536, LINK_SIZE = 32 };

int entry_open(int root_fd, const char *path, bool stays_on_mount, struct entry *entry)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   (stays_on_mount ? RESOLVE_NO_XDEV : 0U),
	};

	*entry = (struct entry){.fd = -1};
	entry->fd = (int)syscall(SYS_openat2, root_fd, *path ? path : ".", &how, sizeof(how));
	if (entry->fd >= 0)
		return fstat(entry->fd, &entry->stat) < 0 ? -errno : 0;
	entry->is_covered = errno == EXDEV;
	/* ELOOP: what was a directory is a link by now. */
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV ? 0 : -errno;
}

void entry_close(struct entry *entry)
{
	close_and_forget(&entry->fd);
}

/* What is open can neither be exchanged, nor be a device that opening would do something to. */
static void link_name(const struct entry *entry, char *path)
{
	snprintf(path, LINK_SIZE, "/proc/self/fd/%d", entry->fd);
}

int entry_read(const struct entry *entry, int flags)
{
	char path[LINK_SIZE];
	int fd;

	link_name(entry, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	return fd < 0 ? -errno : fd;
}

bool entry_is_directory(const struct entry *entry)
{
	return entry->fd >= 0 && S_ISDIR(entry->stat.st_mode);
}

/* --- attributes */

/* The first byte of an attribute of overlayfs's own, '\1' when it is empty; 0: it has none. */
static char mark(const struct entry *entry, const struct rules *rules, const char *name)
{
	char path[LINK_SIZE], whole[64], value[8];

	link_name(entry, path);
	for (int i = 0; i < 2; i++) {
		ssize_t size;

		if (i == 0 ? !rules->trusted : !rules->user)
			continue;
		snprintf(whole, sizeof(whole), "%s.overlay.%s", i == 0 ? "trusted" : "user", name);
		size = getxattr(path, whole, value, sizeof(value));
		if (size >= 0)
			return size ? value[0] : '\1';
	}
	return '\0';
}

bool entry_is_whiteout(const struct entry *entry, const struct rules *rules)
{
	if (entry->fd < 0)
		return false;
	if (S_ISCHR(entry->stat.st_mode))
		return entry->stat.st_rdev == 0;
	return S_ISREG(entry->stat.st_mode) && entry->stat.st_size == 0 &&
	       mark(entry, rules, "whiteout");
}

bool entry_is_opaque(const struct entry *entry, const struct rules *rules)
{
	return mark(entry, rules, "opaque") == 'y';
}

/* Not the file system's own, nor what every layer has after its own fashion. */
static bool is_of_interest(const char *name)
{
	return strncmp(name, "trusted.", 8) != 0 && strncmp(name, "user.overlay.", 13) != 0 &&
	       strcmp(name, "security.selinux") != 0;
}

/* Has b every attribute of a, with the same value? */
static bool has_attributes(const struct entry *b, const struct entry *a)
{
	char paths[2][LINK_SIZE], names[XATTR_LIST_MAX], values[2][XATTR_SIZE_MAX];
	ssize_t size;

	link_name(a, paths[0]);
	link_name(b, paths[1]);
	size = listxattr(paths[0], names, sizeof(names));
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t length = getxattr(paths[0], names + at, values[0], sizeof(values[0]));

		if (is_of_interest(names + at) && length >= 0 &&
		    (getxattr(paths[1], names + at, values[1], sizeof(values[1])) != length ||
		     memcmp(values[0], values[1], (size_t)length) != 0))
			return false;
	}
	return true;
}

/* --- contents */

static bool links_differ(const struct entry *a, const struct entry *b)
{
	char to[2][PATH_MAX];
	ssize_t length = readlinkat(a->fd, "", to[0], sizeof(to[0]));

	return length < 0 || readlinkat(b->fd, "", to[1], sizeof(to[1])) != length ||
	       memcmp(to[0], to[1], (size_t)length) != 0;
}

/* What cannot be read counts as different. */
static bool files_differ(const struct entry *a, const struct entry *b)
{
	AUTO_CLOSE int a_fd = entry_read(a, 0);
	AUTO_CLOSE int b_fd = entry_read(b, 0);
	char bytes[2][CHUNK];
	ssize_t got;

	do {
		got = read(a_fd, bytes[0], CHUNK);
		if (got < 0 || read(b_fd, bytes[1], CHUNK) != got ||
		    memcmp(bytes[0], bytes[1], (size_t)got) != 0)
			return true;
	} while (got > 0);
	return false;
}

static bool times_differ(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec || a->tv_nsec != b->tv_nsec;
}

static bool id_differs(uint32_t id, uint32_t below, uint32_t first)
{
	return id != below && id != below + first;
}

bool entry_differs(const struct entry *entry, const struct entry *below, const struct rules *rules)
{
	const struct stat *is = &entry->stat, *was = &below->stat;

	if (is->st_mode != was->st_mode || id_differs(is->st_uid, was->st_uid, rules->first_uid) ||
	    id_differs(is->st_gid, was->st_gid, rules->first_gid))
		return true;
	if (S_ISDIR(is->st_mode)) /* its size and time are of what is in it */
		return !has_attributes(entry, below) || !has_attributes(below, entry);
	if (rules->is_whole && !times_differ(&is->st_ctim, &was->st_ctim))
		return false; /* it is the one below: a copy has a time of its own */
	if (is->st_rdev != was->st_rdev || is->st_size != was->st_size ||
	    times_differ(&is->st_mtim, &was->st_mtim) || !has_attributes(entry, below) ||
	    !has_attributes(below, entry))
		return true;
	if (S_ISLNK(is->st_mode))
		return links_differ(entry, below);
	/* A copy of what is about the file alone has no contents of its own. */
	return S_ISREG(is->st_mode) && !mark(entry, rules, "metacopy") &&
	       files_differ(entry, below);
}
