/* Paths of the new root. They are opened once, beneath the root, and only the descriptor is used
 * from then on: the root file system is not trusted and may change under us.
 */
#ifndef CTR_INIT_TARGET_H
#define CTR_INIT_TARGET_H

#include <stdbool.h>

enum target_links {
	LINKS_REFUSED, /* a symbolic link anywhere in the path is an error (ELOOP) */
	LINKS_IN_ROOT, /* links are followed and stay inside the root; magic links are refused */
};

enum target_kind { TARGET_ANY, TARGET_DIRECTORY, TARGET_FILE };

/* Opens an absolute path with O_PATH. A missing directory or empty file is made when kind asks for
 * one, and so are its parents. Returns a descriptor of the caller's, or -1 and errno. */
int target_open(const char *path, enum target_links links, enum target_kind kind);

/* Opens the directory that holds path, made when it is missing, and points *name at path's last
 * component. */
int target_parent(const char *path, const char **name);

#endif
