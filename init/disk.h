/* Finds the disk of a machine. */
#ifndef CTR_INIT_DISK_H
#define CTR_INIT_DISK_H

#include <stdbool.h>

enum { DISK_ID_SIZE = 16 };

/* What is looked for: a file system by its label or its UUID, or a partition by its own. */
struct disk_search {
	const char *label; /* NULL: by id */
	bool is_partition, is_mbr;
	unsigned char id[DISK_ID_SIZE]; /* as it is written on the disk */
};

/* Fills search from UUID=, LABEL= or PARTUUID= and a value. Returns 1; 0: name is none of these;
 * -1: the value is malformed. Pure. */
int disk_search_begin(const char *name, struct disk_search *search);

/* Looks at the disk, or its image, that is open at fd. Returns 0: it is the one; n: its partition n
 * is; -1: neither. What is on it is not trusted. */
int disk_compare(int fd, const struct disk_search *search);

/* Waits up to 10 seconds for the device that name stands for, a path or one of the above, and
 * returns its path. What is not found, or is another name, comes back as it is. */
const char *disk_await(const char *name);

#endif
