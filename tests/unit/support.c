#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "options.h"

int world_begin(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

/* --- what is written */

static struct {
	int fd, saved_fd, read_fd;
	char text[1 << 17];
} captured;

void capture_begin(int fd)
{
	int ends[2];

	fflush(NULL);
	assert_return_code(pipe2(ends, O_CLOEXEC), 0);
	assert_return_code(fcntl(ends[1], F_SETPIPE_SZ, sizeof(captured.text)), 0);
	captured.fd = fd;
	captured.saved_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	captured.read_fd = ends[0];
	dup2(ends[1], fd);
	close(ends[1]);
}

const char *capture_end(void)
{
	size_t used = 0;
	ssize_t got;

	fflush(NULL);
	dup2(captured.saved_fd, captured.fd);
	close(captured.saved_fd);
	while ((got = read(captured.read_fd, captured.text + used,
			   sizeof(captured.text) - 1 - used)) > 0)
		used += (size_t)got;
	close(captured.read_fd);
	captured.text[used] = '\0';
	return captured.text;
}

size_t lines_count(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in \"%s\"", part, text);
}

void assert_one_line(const char *text)
{
	size_t length = strlen(text);

	assert_int_equal(lines_count(text), 1);
	assert_int_equal(text[length - 1], '\n');
	for (size_t i = 0; i + 1 < length; i++)
		assert_in_range((unsigned char)text[i], 0x20, 0x7e);
}

/* --- memory and files */

char *guarded(const void *data, size_t size)
{
	static char *start;
	char *text;

	if (!start) {
		start = mmap(NULL, GUARDED_MAX + 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(start != MAP_FAILED);
		assert_return_code(mprotect(start + GUARDED_MAX, 4096, PROT_NONE), 0);
	}
	assert_true(size <= GUARDED_MAX);
	text = start + GUARDED_MAX - size;
	return size ? memcpy(text, data, size) : text;
}

static char scratch_path[256];

const char *scratch_make(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(scratch_path, sizeof(scratch_path), "%s/ctr-unit-XXXXXX",
		 parent ? parent : "/tmp");
	assert_non_null(mkdtemp(scratch_path));
	return scratch_path;
}

static int entry_remove(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
	(void)stat;
	(void)kind;
	(void)walk;
	return remove(path);
}

void scratch_remove(void)
{
	nftw(scratch_path, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
	scratch_path[0] = '\0';
}

const char *scratch(const char *format, ...)
{
	static char paths[32][512];
	static unsigned next;
	char *path = paths[next++ % 32];
	va_list arguments;

	va_start(arguments, format);
	strcpy(path, scratch_path);
	strcat(path, "/");
	vsnprintf(path + strlen(path), 512 - strlen(path), format, arguments);
	va_end(arguments);
	return path;
}

void file_write(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

void descriptors_list(char *text, size_t size)
{
	*text = '\0';
	for (int fd = 0; fd < 1024; fd++) {
		size_t used = strlen(text);

		if (fcntl(fd, F_GETFD) >= 0)
			snprintf(text + used, size - used, "%d ", fd);
	}
}

/* --- what was asked for */

enum { WORDS_MAX = 64 };

int options_of(struct spec *spec, const char *const *words)
{
	static char texts[1 << 17];
	static char *argv[WORDS_MAX + 2];
	char *text = texts;
	int argc = 0;

	argv[argc++] = (char *)"ctr-setup";
	for (; *words; words++) {
		assert_true(argc <= WORDS_MAX && text + strlen(*words) < texts + sizeof(texts));
		argv[argc++] = text;
		text = stpcpy(text, *words) + 1;
	}
	argv[argc] = NULL;
	return options_parse(argc, argv, spec);
}

int options_of_line(struct spec *spec, const char *line)
{
	const char *words[WORDS_MAX + 1];
	char copy[4096], *rest = copy;
	size_t count = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word; (word = strsep(&rest, " "));)
		words[count++] = word;
	words[count] = NULL;
	return options_of(spec, words);
}

struct group *group_add(struct groups *groups, int version, unsigned controllers,
			const char *parent)
{
	struct group *group = &groups->items[groups->count++];

	*group = (struct group){
		.version = version, .controllers = controllers, .top_length = strlen(parent)};
	snprintf(group->parent, sizeof(group->parent), "%s", parent);
	snprintf(group->path, sizeof(group->path), "%s/ctr-web", parent);
	return group;
}

struct group *group_nest(struct groups *groups, unsigned controllers, const char *own)
{
	struct group *group = group_add(groups, 2, controllers, own);

	group->is_nested = true;
	strcpy(group->nest, group->path);
	strcat(group->path, "/container");
	return group;
}

void run_fill(struct run *run, const struct spec *spec)
{
	struct layers *layers = &run->layers;

	*run = run_begin(spec);
	strcpy(run->name, "web");
	run->plan = strdup("ctr-plan 1\n");
	run->plan_size = strlen(run->plan);
	layers->root = strdup("/box/merged");
	layers->lower = calloc(spec->lower.count + 1, sizeof(*layers->lower));
	for (size_t i = 0; i < spec->lower.count; i++)
		layers->lower[layers->lower_count++] = strdup(spec->lower.items[i]);
	if (spec->lower.count && !spec->ephemeral) {
		layers->upper = strdup("/box/upper");
		layers->work = strdup("/box/work");
	}
}
