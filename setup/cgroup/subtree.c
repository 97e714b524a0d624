/* The groups inside one of ours: the payload may have made them, as deep, as many and with what
 * names it liked.
 *
 * So nothing here recurses, and no path is longer than a name: one directory is open at a time, and
 * the only memory that grows is the list of names from the top to here. A version 1 group can be
 * renamed but never moved to another parent, so ".." leads back to where we came from. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../sys.h"
#include "cgroup.h"

enum {
	LIST_SIZE = 65536,
	/* What all passes together may cost: some seconds. What is left is for the next gc. */
	STEPS_MAX = 1 << 23,
	STEPS_OF_ENTRY = 1,
	STEPS_OF_REMOVAL = 32,
	EMPTY_LINKS = 2, /* stat(2): a group with none inside */
};

struct walk {
	DIR *dir;
	char *names; /* of the groups from the top to here, each followed by a slash */
	size_t length;
	char tried[NAME_MAX + 1]; /* here: names up to this one have been entered */
	char next[NAME_MAX + 1];  /* here: the first name after it that is to be */
	struct effort *effort;
};

void members_kill(const char *path)
{
	char file[PATH_MAX + 64];
	AUTO_FREE char *list = malloc(LIST_SIZE);
	char *next, *end;
	int rc;

	snprintf(file, sizeof(file), "%s/cgroup.kill", path);
	if (sys_write(file, "1") == 0 || !list)
		return;
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	rc = sys_read(file, list, LIST_SIZE);
	if (rc < 0 && rc != -E2BIG)
		return;
	end = strrchr(list, '\n'); /* of a list that is too long, the whole lines: the rest later */
	for (char *item = list; end && item < end; item = next + 1) {
		pid_t pid = (pid_t)strtol(item, &next, 10);

		if (*next != '\n')
			break;
		if (pid > 1)
			sys_kill_pid(pid, SIGKILL);
	}
}

/* Makes fd, which is taken, the directory that the walk is in. */
static int directory_become(struct walk *walk, int fd)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int error = errno;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -error;
	}
	if (walk->dir)
		closedir(walk->dir);
	walk->dir = dir;
	return 0;
}

/* A group without others inside goes at once, or loses its members. */
static void group_try(struct walk *walk, const char *name)
{
	char path[NAME_MAX + 64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd(walk->dir), name);
	walk->effort->steps += STEPS_OF_REMOVAL;
	if (sys_rmdir(path) < 0)
		members_kill(path);
}

static bool has_groups(const struct walk *walk, const char *name)
{
	struct stat stat;

	return fstatat(dirfd(walk->dir), name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
	       stat.st_nlink > EMPTY_LINKS;
}

static void entry_see(struct walk *walk, const struct dirent *entry)
{
	const char *name = entry->d_name;
	int order = strcmp(name, walk->tried);

	if (entry->d_type != DT_DIR || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	walk->effort->steps += STEPS_OF_ENTRY;
	if (!*walk->tried || order == 0) /* the first look, or back from that one */
		group_try(walk, name);
	if (order > 0 && (!*walk->next || strcmp(name, walk->next) < 0) && has_groups(walk, name))
		strcpy(walk->next, name);
}

/* Removes what can be removed here and finds the next group to enter. */
static void directory_see(struct walk *walk)
{
	const struct dirent *entry;

	*walk->next = '\0';
	rewinddir(walk->dir);
	while (walk->effort->steps < STEPS_MAX && (entry = readdir(walk->dir)))
		entry_see(walk, entry);
}

static int go_down(struct walk *walk)
{
	size_t length = strlen(walk->next);
	char *grown = realloc(walk->names, walk->length + length + 2);
	int rc;

	if (!grown)
		return -ENOMEM;
	walk->names = grown;
	rc = directory_become(walk, openat(dirfd(walk->dir), walk->next,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	strcpy(walk->tried, walk->next); /* also where it has gone meanwhile */
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	strcpy(stpcpy(grown + walk->length, walk->next), "/");
	walk->length += length + 1;
	*walk->tried = '\0';
	return 0;
}

/* 1 at the top. */
static int go_up(struct walk *walk)
{
	char *name;
	int rc;

	if (!walk->length)
		return 1;
	rc = directory_become(walk, openat(dirfd(walk->dir), "..",
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (rc < 0)
		return rc;
	walk->names[--walk->length] = '\0';
	name = memrchr(walk->names, '/', walk->length);
	name = name ? name + 1 : walk->names;
	strcpy(walk->tried, name);
	walk->length = (size_t)(name - walk->names);
	return 0;
}

void subtree_remove(const char *path, struct effort *effort)
{
	struct walk walk = {.effort = effort};
	int rc = directory_become(&walk,
				  open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));

	members_kill(path);
	while (rc == 0 && effort->steps < STEPS_MAX) {
		directory_see(&walk);
		rc = *walk.next ? go_down(&walk) : go_up(&walk);
	}
	if (walk.dir)
		closedir(walk.dir);
	free(walk.names);
}
