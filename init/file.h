/* Small files and directories. */
#ifndef CTR_INIT_FILE_H
#define CTR_INIT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* The beginning of a file, at most size - 1 bytes, and a NUL. Returns its length; -1 and errno. */
long file_read(const char *path, char *text, size_t size);
long descriptor_read(int fd, char *text, size_t size);

/* An entry of a directory other than "." and "..". False ends the walk. */
typedef bool directory_each(void *context, int dir_fd, const char *name, bool is_directory);

/* Calls each for every entry, in no order. False: a reading failed (errno), or each returned it. */
bool directory_walk(int dir_fd, directory_each *each, void *context);

#endif
