/* One name in one layer, by the rules of overlayfs (Documentation/filesystems/overlayfs.rst).
 *
 * Who made it is hostile and may be changing it: it is opened beneath the layer's root, without
 * symbolic links, and is read only when it is known to be a regular file or a directory.
 */
#ifndef CTR_SETUP_ENTRY_H
#define CTR_SETUP_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct rules {
	bool trusted, user; /* whose attributes are obeyed: trusted.*, user.* */
	/* The tree is not an upper layer, but what a container sees: with the times of what is
	 * below, and with these ids of its user namespace added. */
	bool is_whole;
	uint32_t first_uid, first_gid;
};

struct entry {
	int fd;		 /* O_PATH; -1: it is not there */
	bool is_covered; /* by a mount */
	struct stat stat;
};

/* path is relative, "" for the root itself. Returns 0, or -errno when it cannot be told; says
 * nothing. entry_close() either way. */
int entry_open(int root_fd, const char *path, bool stays_on_mount, struct entry *entry);
void entry_close(struct entry *entry);
/* To read a directory, or a regular file: a descriptor, or -errno. */
int entry_read(const struct entry *entry, int flags);

bool entry_is_directory(const struct entry *entry);
bool entry_is_whiteout(const struct entry *entry, const struct rules *rules);
bool entry_is_opaque(const struct entry *entry, const struct rules *rules);

/* Is one of the tree's other than one below? For a directory, in itself. */
bool entry_differs(const struct entry *entry, const struct entry *below, const struct rules *rules);

#endif
