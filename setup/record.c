#include "record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "printable.h"
#include "sys.h"

/* More has no run but one whose layers no overlay can have: those come last. */
enum { RECORD_SIZE = 65536 };

static void path_put(FILE *to, const char *key, const char *path)
{
	fprintf(to, "%s ", key);
	printable_put(to, path);
	fputc('\n', to);
}

uint64_t pid_namespace(pid_t pid)
{
	char path[40];
	struct stat stat_buffer;

	snprintf(path, sizeof(path), "/proc/%ld/ns/pid", (long)pid);
	return stat(path, &stat_buffer) < 0 ? 0 : stat_buffer.st_ino;
}

uint64_t pid_namespace_own(void)
{
	char own[24], shown[24] = "";

	/* Another namespace's /proc has another process by our number, and calls us otherwise. */
	snprintf(own, sizeof(own), "%ld", (long)getpid());
	if (readlink("/proc/self", shown, sizeof(shown) - 1) < 0 || strcmp(own, shown) != 0)
		return 0;
	return pid_namespace(getpid());
}

char *record_text(const struct run *run)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	fprintf(to, "keeper %ld %" PRIu64 "\n", (long)getpid(), pid_namespace_own());
	for (size_t i = 0; i < run->groups.count; i++)
		path_put(to, "cgroup", run->groups.items[i].path);
	for (size_t i = 0; i < run->groups.count; i++)
		if (run->groups.items[i].is_nested)
			path_put(to, "nest", run->groups.items[i].nest);
	fprintf(to, "grace %" PRIu64 "\n", run->spec->grace_ms);
	path_put(to, "root", run->layers.root);
	if (run->layers.upper) {
		path_put(to, "upper", run->layers.upper);
		path_put(to, "work", run->layers.work);
	}
	for (size_t i = 0; i < run->layers.lower_count; i++)
		path_put(to, "lower", run->layers.lower[i]);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *record_group(const struct group *group)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	path_put(to, "cgroup", group->path);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *record_read(const char *path, const char *file)
{
	AUTO_FREE char *text = malloc(RECORD_SIZE);
	char whole[PATH_MAX + 16];
	char *taken = text;
	int rc;

	snprintf(whole, sizeof(whole), "%s/%s", path, file);
	rc = text ? sys_read(whole, text, RECORD_SIZE) : -ENOMEM;
	if (rc < 0 && rc != -E2BIG) {
		errno = -rc;
		return NULL;
	}
	text = NULL;
	return taken;
}

bool record_next(char **rest, const char **key, const char **value)
{
	char *end, *space;

	/* A line without its end was cut off: half a path is another path. */
	for (char *line = *rest; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		space = strchr(line, ' ');
		if (!space)
			continue;
		*space = '\0';
		printable_undo(space + 1);
		*rest = end + 1;
		*key = line;
		*value = space + 1;
		return true;
	}
	return false;
}
