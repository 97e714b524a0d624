#include "file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

long descriptor_read(int fd, char *text, size_t size)
{
	long length = 0, part;

	while ((part = read(fd, text + length, size - 1 - (size_t)length)) > 0)
		length += part;
	text[length] = '\0';
	return part < 0 ? -1 : length;
}

long file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long length = fd < 0 ? -1 : descriptor_read(fd, text, size);

	close(fd);
	return length;
}

/* getdents64(2) */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

bool directory_walk(int dir_fd, directory_each *each, void *context)
{
	_Alignas(struct entry) char entries[1024];
	long size;

	while ((size = syscall(SYS_getdents64, dir_fd, entries, sizeof(entries))) > 0) {
		const struct entry *entry;

		for (long at = 0; at < size; at += entry->size) {
			entry = (const struct entry *)(entries + at);
			if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0 &&
			    !each(context, dir_fd, entry->name, entry->type == DT_DIR))
				return false;
		}
	}
	return size == 0;
}
