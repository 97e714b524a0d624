/* Between the two halves of the fake: what it knows of its world. */
#ifndef CTR_FAKE_WORLD_H
#define CTR_FAKE_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "sys_fake.h"

enum { NAME_SIZE = 640, TEXT_SIZE = 32768, FILES = 128, THINGS = 128, SCRIPT_SIZE = 65536 };

struct file {
	char path[NAME_SIZE], text[TEXT_SIZE];
	bool stubborn, missing;
	int forbidden; /* errno */
};

/* What is made and is to be given back. */
struct thing {
	char what[NAME_SIZE]; /* "directory PATH", "lock PATH" ... */
	int fd;		      /* of what a close gives back, or -1 */
	bool live, tried, kept;
};

struct fake {
	unsigned calls, fail_at, executions;
	int fail_error;
	char script[SCRIPT_SIZE], answer[SCRIPT_SIZE];
	struct file files[FILES];
	size_t file_count;
	struct thing things[THINGS];
	size_t thing_count;
	char kept[NAME_SIZE * 4]; /* paths, each between newlines */
	char busy_path[NAME_SIZE];
	unsigned busy_count;
	int next_fd, keeper_fd, container_fd, cloned_fd;
	unsigned clones;
	enum fake_side side;
	void (*keeper)(int socket_fd);
	bool process_ended;
	int process_status;
};

extern struct fake *fake;

void script_add(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Writes a call down. Returns 0, or the -errno that the test asked for. */
int call(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct file *file_find(const char *path);
struct file *file_set(const char *path, const char *text);
/* What a write does to it. */
void file_put(const char *path, const char *text);

/* The latest live thing of this kind and path, or NULL. */
struct thing *thing_find(const char *kind, const char *path);
struct thing *thing_add(const char *kind, const char *path, int fd);
/* Gives a thing back unless rc, the fate of the call, says otherwise; -ENOENT when it is NULL. */
int thing_remove(struct thing *thing, int rc);
bool is_kept(const char *path);
bool has_anything_in(const char *path);

/* A descriptor of the world for something of /dev/null, or for real_fd, which is closed. */
int null_give(const char *kind, const char *path);
int fd_give(int real_fd, const char *kind, const char *path);
/* What stood at fds[i] now stands at first + i. */
void fds_rename(const int *fds, size_t count, int first);
/* What a descriptor stands for. */
const char *fd_name(int fd);

#endif
