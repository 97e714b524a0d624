#include "changes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "../printable.h"

static void refuse(struct changes *changes, int error)
{
	changes->rc = fail(error, "cannot look at %s", *changes->path ? changes->path : "/");
}

/* The entry at changes->path in the layer at root_fd. */
static void look(struct changes *changes, int root_fd, struct entry *entry)
{
	const char *path = changes->path + (*changes->path == '/');
	bool stays = changes->rules.is_whole && root_fd == changes->tree_fd;
	int rc = entry_open(root_fd, path, stays, entry);

	if (rc < 0)
		refuse(changes, -rc);
}

/* What is seen there of the layers below. merged: those that a directory there is made of. */
static void look_below(struct changes *changes, const bool *below, struct entry *found,
		       bool *merged)
{
	*found = (struct entry){.fd = -1};
	for (size_t i = 0; i < changes->lower_count; i++) {
		struct entry entry;
		bool is_last;

		if (!below[i])
			continue;
		look(changes, changes->lower_fds[i], &entry);
		if (entry.fd < 0)
			continue;
		is_last = !entry_is_directory(&entry);
		merged[i] = !is_last;
		if (!is_last)
			is_last = entry_is_opaque(&entry, &changes->rules);
		/* A file below a directory is hidden by it, a whiteout hides what is below. */
		if (found->fd < 0 && !entry_is_whiteout(&entry, &changes->rules))
			*found = entry;
		else
			entry_close(&entry);
		if (is_last)
			break;
	}
}

/* --- names */

struct names {
	char **items;
	size_t count, room;
};

static bool names_add(struct names *names, const char *name)
{
	if (names->count == names->room) {
		size_t more = names->room ? names->room * 2 : 32;
		void *grown = reallocarray(names->items, more, sizeof(*names->items));

		if (!grown)
			return false;
		names->items = grown;
		names->room = more;
	}
	names->items[names->count] = strdup(name);
	return names->items[names->count] && ++names->count;
}

static void names_read(struct changes *changes, int root_fd, struct names *names)
{
	struct entry directory;
	struct dirent *entry;
	DIR *dir = NULL;
	int fd;

	look(changes, root_fd, &directory);
	if (entry_is_directory(&directory)) { /* it was one a moment ago */
		fd = entry_read(&directory, O_DIRECTORY);
		dir = fd < 0 ? NULL : fdopendir(fd);
		if (!dir)
			refuse(changes, fd < 0 ? -fd : errno);
	}
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !names_add(names, entry->d_name)) {
			refuse(changes, ENOMEM);
			break;
		}
	if (dir)
		closedir(dir);
	entry_close(&directory);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

/* --- the walk */

static void line_write(const struct changes *changes, char kind)
{
	fprintf(changes->to, "%c ", kind);
	printable_put(changes->to, changes->path);
	fputc('\n', changes->to);
}

static void directory_walk(struct changes *changes, const bool *below, bool hides);

/* What there is at changes->path, in a directory that is made of these below, or hides them. */
static void path_walk(struct changes *changes, const bool *below, bool hides)
{
	bool *merged = calloc(changes->lower_count + 1, sizeof(*merged));
	bool is_gone, is_directory, is_opaque;
	struct entry entry, under;

	if (!merged) {
		refuse(changes, ENOMEM);
		return;
	}
	look(changes, changes->tree_fd, &entry);
	look_below(changes, below, &under, merged);
	is_gone = entry_is_whiteout(&entry, &changes->rules) || (hides && entry.fd < 0);
	is_directory = entry_is_directory(&entry);
	is_opaque = is_directory && entry_is_opaque(&entry, &changes->rules);
	if (is_gone && !entry.is_covered && under.fd >= 0)
		line_write(changes, 'D');
	else if (!is_gone && entry.fd >= 0 && under.fd < 0)
		line_write(changes, 'A');
	else if (!is_gone && entry.fd >= 0 && entry_differs(&entry, &under, &changes->rules))
		line_write(changes, 'C');
	/* None stays open while one goes down. */
	entry_close(&entry);
	entry_close(&under);
	if (is_directory)
		directory_walk(changes, merged, changes->rules.is_whole || is_opaque);
	free(merged);
}

static void directory_walk(struct changes *changes, const bool *below, bool hides)
{
	size_t length = strlen(changes->path);
	struct names names = {0};

	names_read(changes, changes->tree_fd, &names);
	for (size_t i = 0; i < changes->lower_count && hides; i++)
		if (below[i])
			names_read(changes, changes->lower_fds[i], &names);
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), by_bytes);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];

		if (i > 0 && strcmp(name, names.items[i - 1]) == 0)
			continue;
		if (length + 1 + strlen(name) >= sizeof(changes->path)) {
			refuse(changes, ENAMETOOLONG);
			break;
		}
		changes->path[length] = '/';
		strcpy(changes->path + length + 1, name);
		path_walk(changes, below, hides);
		changes->path[length] = '\0';
	}
	names_free(&names);
}

int changes_write(struct changes *changes)
{
	bool *below = calloc(changes->lower_count + 1, sizeof(*below));

	changes->path[0] = '\0';
	changes->rc = 0;
	if (!below) {
		refuse(changes, ENOMEM);
		return changes->rc;
	}
	memset(below, true, changes->lower_count);
	directory_walk(changes, below, changes->rules.is_whole);
	free(below);
	return changes->rc;
}
