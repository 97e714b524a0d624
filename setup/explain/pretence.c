#include "pretence.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "step.h"

enum { DESCRIPTORS = 1024, WRITTEN_MAX = 4096, PASSED_MAX = 1024 };

static struct waiting behind[DESCRIPTORS];

static struct {
	char *path, *text;
} written[WRITTEN_MAX];
static unsigned written_count;

static struct {
	bool child_waits;
	unsigned sent, received;
	struct {
		char source[PATH_MAX];
		unsigned flags;
	} passed[PASSED_MAX];
} * shared;

/* --- descriptors */

/* Nothing is left out in silence. */
_Noreturn static void too_many(const char *what)
{
	fprintf(stderr, "ctr-explain: too many %s to explain\n", what);
	_exit(125);
}

int stand_in(int fd, const char *source, unsigned flags)
{
	if (fd < 0 && is_dry())
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= DESCRIPTORS)
		too_many("descriptors");
	if (fd >= 0)
		behind[fd] = (struct waiting){strdup(source), flags};
	return fd < 0 ? -errno : fd;
}

static struct waiting waiting_of(int fd)
{
	return fd >= 0 && fd < DESCRIPTORS ? behind[fd] : (struct waiting){0};
}

const char *source_of(int fd)
{
	const char *source = waiting_of(fd).source;

	return source ? source : "?";
}

unsigned flags_of(int fd)
{
	return waiting_of(fd).flags;
}

const char *source_at(int at_fd, const char *path)
{
	static char joined[PATH_MAX];
	size_t length;

	if (at_fd == AT_FDCWD || *path == '/')
		return path;
	length = (size_t)snprintf(joined, sizeof(joined), "%s", source_of(at_fd));
	if (*path)
		snprintf(joined + length, sizeof(joined) - length, "%s%s",
			 joined[length - 1] == '/' ? "" : "/", path);
	return joined;
}

void sources_place(const int *fds, size_t count, int first)
{
	struct waiting *placed = calloc(DESCRIPTORS, sizeof(*placed));

	for (size_t i = 0; placed && i < count && i + (size_t)first < DESCRIPTORS; i++)
		placed[i + (size_t)first] = waiting_of(fds[i]);
	if (placed)
		memcpy(behind, placed, sizeof(behind));
	free(placed);
}

const struct waiting *sources(unsigned *count)
{
	*count = DESCRIPTORS;
	return behind;
}

/* --- files */

void written_note(const char *path, const char *text)
{
	if (is_dry() && written_count == WRITTEN_MAX)
		too_many("files");
	if (is_dry()) {
		written[written_count].path = strdup(path);
		written[written_count++].text = strdup(text);
	}
}

/* Of version 1: what was allowed, rule by rule, is one list. */
static int devices_read(const char *path, char *text, size_t size)
{
	size_t directory = strlen(path) - strlen("list");

	*text = '\0';
	for (unsigned i = 0; i < written_count; i++)
		if (strncmp(written[i].path, path, directory) == 0 &&
		    strcmp(written[i].path + directory, "allow") == 0)
			snprintf(text + strlen(text), size - strlen(text), "%s\n", written[i].text);
	return (int)strlen(text);
}

int written_read(const char *path, char *text, size_t size)
{
	if (strstr(path, "/devices.list") && !is_there(path))
		return devices_read(path, text, size);
	for (unsigned i = written_count; i-- > 0;)
		if (strcmp(written[i].path, path) == 0)
			return snprintf(text, size, "%s", written[i].text);
	return -ENOENT;
}

bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* --- keeper and child */

int shared_make(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return shared == MAP_FAILED ? -errno : 0;
}

void child_has_settled(void)
{
	if (shared)
		shared->child_waits = true;
}

bool child_waits(void)
{
	return shared->child_waits;
}

void source_send(int fd)
{
	if (!shared || fd < 0)
		return;
	if (shared->sent == PASSED_MAX)
		too_many("passed descriptors");
	snprintf(shared->passed[shared->sent].source, PATH_MAX, "%s", source_of(fd));
	shared->passed[shared->sent++].flags = flags_of(fd);
}

void source_receive(int fd)
{
	if (!shared || fd < 0)
		return;
	if (shared->received == PASSED_MAX)
		too_many("passed descriptors");
	stand_in(fd, shared->passed[shared->received].source,
		 shared->passed[shared->received].flags);
	shared->received++;
}
