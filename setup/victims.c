#include "victims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TASK_NAME_MAX = 15 };

int victims_watch(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* Is the group at path, which ends before end, that of the run, or one inside it? */
static bool is_of_run(const char *path, const char *end, const char *run_name)
{
	char name[96];
	size_t length = (size_t)snprintf(name, sizeof(name), "/ctr-%s", run_name);

	for (; end - path >= (ptrdiff_t)length; path++)
		if (memcmp(path, name, length) == 0 &&
		    (path + length == end || path[length] == '/'))
			return true;
	return false;
}

/* The text of a record that the kernel itself wrote: "LEVEL,SEQUENCE,TIME,FLAGS...;TEXT". What a
 * process writes to the log has a level of 8 or more, as the kernel sees to. */
static const char *kernel_text(const char *record)
{
	char *end;
	unsigned long level = strtoul(record, &end, 10);

	if (end == record || *end != ',' || level >= 8)
		return NULL;
	end = strchr(end, ';');
	return end ? end + 1 : NULL;
}

/* The last of these words in a text; NULL: it has none. */
static const char *find_last(const char *text, const char *end, const char *word)
{
	const char *found = NULL;

	while ((text = memmem(text, (size_t)(end - text), word, strlen(word))))
		found = text++;
	return found;
}

/* How many bytes the log shows here: one that is not printable as \xNN. */
static size_t bytes_shown(const char *text, const char *end)
{
	size_t count = 0;

	for (; text < end; text += *text == '\\' && end - text >= 4 ? 4 : 1)
		count++;
	return count;
}

/* The record of dump_oom_summary() in the kernel's mm/oom_kill.c:
 * "oom-kill:constraint=...,oom_memcg=/a,task_memcg=/a/ctr-NAME,task=tail,pid=7,uid=0". The name
 * of a task is at most 15 bytes, and the payload's choice: it may hold anything but NUL. So it is
 * found from its end, and begins as far ahead as a name can. */
int victim_parse(const char *record, const char *run_name, char *name, size_t size)
{
	const char *text = kernel_text(record), *group, *task, *end;

	if (!text || strncmp(text, "oom-kill:", 9) != 0)
		return 0;
	end = find_last(text, strchrnul(text, '\n'), ",pid=");
	group = strstr(text, ",task_memcg=");
	if (!end || !group)
		return 0;
	group += strlen(",task_memcg=");
	if (group >= end)
		return 0;
	task = group;
	do
		task = memmem(task + 1, (size_t)(end - task - 1), ",task=", 6);
	while (task && bytes_shown(task + 6, end) > TASK_NAME_MAX);
	if (!task || !is_of_run(group, task, run_name))
		return 0;
	task += 6;
	snprintf(name, size, "%.*s", (int)(end - task), task);
	return 1;
}

static void name_add(struct victims *victims, const char *name)
{
	for (size_t i = 0; i < victims->count; i++)
		if (strcmp(victims->names[i], name) == 0)
			return;
	if (victims->count < VICTIMS_MAX)
		snprintf(victims->names[victims->count++], VICTIM_SIZE, "%s", name);
}

void victims_read(int fd, const char *run_name, struct victims *victims)
{
	char record[8192], name[VICTIM_SIZE];
	ssize_t length;

	victims->count = 0;
	/* kmsg: one record a read; EPIPE says that some were overwritten, EAGAIN that it is over.
	 */
	while ((length = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (length < 0 && errno == EPIPE)) {
		if (length < 0)
			continue;
		record[length] = '\0';
		if (victim_parse(record, run_name, name, sizeof(name)))
			name_add(victims, name);
	}
}

void victims_join(const struct victims *victims, char *text)
{
	text[0] = '\0';
	for (size_t i = 0; i < victims->count; i++)
		strcat(strcat(text, i ? ", " : ""), victims->names[i]);
}
