#include "world.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FIRST_FD = 200, LAST_FD = FIRST_FD + THINGS };

struct fake *fake;

void fake_reset(void)
{
	if (!fake) {
		fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
		assert(fake != MAP_FAILED);
	}
	for (int fd = FIRST_FD; fd < fake->next_fd; fd++)
		close(fd);
	fake->calls = fake->fail_at = fake->executions = fake->busy_count = 0;
	fake->script[0] = fake->busy_path[0] = '\0';
	strcpy(fake->kept, "\n");
	fake->file_count = fake->thing_count = 0;
	fake->next_fd = FIRST_FD;
	if (fake->cloned_fd > 0)
		close(fake->cloned_fd);
	fake->keeper_fd = fake->container_fd = fake->cloned_fd = -1;
	fake->clones = 0;
	fake->side = FAKE_PARENT;
	fake->keeper = NULL;
	fake->process_ended = false;
}

void fake_fail_nth(unsigned n, int error)
{
	fake->fail_at = fake->calls + n;
	fake->fail_error = error;
}

unsigned fake_calls(void)
{
	return fake->calls;
}

unsigned fake_executions(void)
{
	return fake->executions;
}

static void text_add(char *text, size_t size, const char *format, va_list arguments)
{
	size_t used = strlen(text);
	int length = vsnprintf(text + used, size - used, format, arguments);

	assert(length >= 0 && (size_t)length < size - used);
	(void)length;
}

void script_add(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_add(fake->script, sizeof(fake->script), format, arguments);
	va_end(arguments);
}

int call(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_add(fake->script, sizeof(fake->script), format, arguments);
	va_end(arguments);
	script_add("\n");
	return ++fake->calls == fake->fail_at ? -fake->fail_error : 0;
}

const char *fake_script(void)
{
	return fake->script;
}

const char *fake_changes(void)
{
	char *to = fake->answer;

	for (const char *line = fake->script; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, "read ", 5) != 0)
			to = mempcpy(to, line, (size_t)(strchr(line, '\n') + 1 - line));
	*to = '\0';
	return fake->answer;
}

/* --- what is there */

struct file *file_find(const char *path)
{
	for (size_t i = 0; i < fake->file_count; i++)
		if (strcmp(fake->files[i].path, path) == 0)
			return &fake->files[i];
	return NULL;
}

struct file *file_set(const char *path, const char *text)
{
	struct file *file = file_find(path);

	if (!file) {
		assert(fake->file_count < FILES && strlen(path) < NAME_SIZE);
		file = &fake->files[fake->file_count++];
		*file = (struct file){0};
		strcpy(file->path, path);
	}
	assert(strlen(text) < TEXT_SIZE);
	strcpy(file->text, text);
	return file;
}

/* "+NAME" or "-NAME" to a list of names, each with a space behind it. */
static void list_change(struct file *list, const char *change)
{
	char name[64], *at;

	snprintf(name, sizeof(name), "%s ", change + 1);
	at = strstr(list->text, name);
	if (*change == '-' && at)
		memmove(at, at + strlen(name), strlen(at + strlen(name)) + 1);
	else if (*change == '+' && !at)
		strcat(list->text, name);
}

void file_put(const char *path, const char *text)
{
	const char *name = strrchr(path, '/');
	struct file *list = file_find(path);

	if (list && strcmp(name, "/cgroup.subtree_control") == 0)
		list_change(list, text);
	else
		file_set(path, text);
}

void fake_forbid(const char *path, int error)
{
	struct file *file = file_find(path);

	if (!file)
		file = file_set(path, "");
	file->forbidden = error;
}

void fake_file(const char *path, const char *text)
{
	struct file *file = file_set(path, text ? text : "");

	file->stubborn = false;
	file->missing = !text;
}

void fake_stubborn_file(const char *path, const char *text)
{
	file_set(path, text)->stubborn = true;
}

const char *fake_text(const char *path)
{
	struct file *file = file_find(path);

	return file && !file->missing ? file->text : NULL;
}

struct thing *thing_find(const char *kind, const char *path)
{
	size_t length = strlen(kind);

	for (size_t i = fake->thing_count; i-- > 0;) {
		struct thing *thing = &fake->things[i];

		if (thing->live && strncmp(thing->what, kind, length) == 0 &&
		    thing->what[length] == ' ' && strcmp(thing->what + length + 1, path) == 0)
			return thing;
	}
	return NULL;
}

struct thing *thing_add(const char *kind, const char *path, int fd)
{
	struct thing *thing = &fake->things[fake->thing_count++];

	assert(fake->thing_count <= THINGS);
	*thing = (struct thing){.fd = fd, .live = true};
	snprintf(thing->what, sizeof(thing->what), "%s %s", kind, path);
	return thing;
}

void fake_directory(const char *path)
{
	thing_add("directory", path, -1)->kept = true;
}

void fake_keep(const char *path)
{
	size_t used = strlen(fake->kept);

	assert(used + strlen(path) + 2 < sizeof(fake->kept));
	snprintf(fake->kept + used, sizeof(fake->kept) - used, "%s\n", path);
}

bool is_kept(const char *path)
{
	char line[NAME_SIZE + 2];

	snprintf(line, sizeof(line), "\n%s\n", path);
	return strstr(fake->kept, line) != NULL;
}

void fake_busy(const char *path, unsigned count)
{
	snprintf(fake->busy_path, sizeof(fake->busy_path), "%s", path);
	fake->busy_count = count;
}

bool has_anything_in(const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < fake->thing_count; i++) {
		const struct thing *thing = &fake->things[i];
		const char *inner = strchr(thing->what, ' ') + 1;

		if (thing->live && thing->fd < 0 && strncmp(inner, path, length) == 0 &&
		    inner[length] == '/')
			return true;
	}
	return false;
}

static const char *things_list(bool undone_only)
{
	char *to = fake->answer + (undone_only ? sizeof(fake->answer) / 2 : 0);
	char *start = to;

	*to = '\0';
	for (size_t i = 0; i < fake->thing_count; i++) {
		struct thing *thing = &fake->things[i];

		if (thing->fd >= 0 && fcntl(thing->fd, F_GETFD) < 0)
			thing->live = false;
		if (!thing->kept && (!undone_only || !thing->live || thing->tried))
			to += sprintf(to, "%s\n", thing->what);
	}
	return start;
}

const char *fake_done(void)
{
	return things_list(false);
}

const char *fake_undone(void)
{
	return things_list(true);
}

int thing_remove(struct thing *thing, int rc)
{
	if (!thing)
		return rc < 0 ? rc : -ENOENT;
	thing->tried = true;
	if (rc == 0)
		thing->live = false;
	return rc;
}

int fd_give(int real_fd, const char *kind, const char *path)
{
	int fd = fcntl(real_fd, F_DUPFD_CLOEXEC, fake->next_fd);

	assert(fd == fake->next_fd && fd < LAST_FD);
	fake->next_fd++;
	close(real_fd);
	thing_add(kind, path, fd);
	return fd;
}

int null_give(const char *kind, const char *path)
{
	return fd_give(open("/dev/null", O_RDWR | O_CLOEXEC), kind, path);
}

static struct thing *thing_at(int fd)
{
	for (size_t i = fake->thing_count; i-- > 0;)
		if (fd >= 0 && fake->things[i].fd == fd)
			return &fake->things[i];
	return NULL;
}

void fds_rename(const int *fds, size_t count, int first)
{
	struct thing *moved[64] = {NULL};

	assert(count <= 64);
	for (size_t i = 0; i < count; i++)
		moved[i] = thing_at(fds[i]);
	for (size_t i = 0; i < count; i++)
		if (moved[i])
			moved[i]->fd = first + (int)i;
}

const char *fd_name(int fd)
{
	const struct thing *thing = thing_at(fd);

	return thing ? thing->what : "a stranger";
}

void fake_clone_as(enum fake_side side, void (*keeper)(int socket_fd))
{
	fake->side = side;
	fake->keeper = keeper;
}

void fake_process_ends(int status)
{
	fake->process_ended = true;
	fake->process_status = status;
}
