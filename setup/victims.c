#include "victims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int victims_watch(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* The record of dump_oom_summary() in the kernel's mm/oom_kill.c:
 * "oom-kill:constraint=...,oom_memcg=/a/ctr-NAME,task_memcg=...,task=tail,pid=7,uid=0". The name
 * of a task is at most 15 bytes, and the payload's choice: it may hold anything but NUL. */
int victim_parse(const char *record, const char *run_name, char *name, size_t size)
{
	const char *group = strstr(record, "oom_memcg="), *group_end, *task, *task_end;
	char suffix[96];
	size_t length;

	if (!strstr(record, "oom-kill:") || !group)
		return 0;
	group_end = strstr(group, ",task_memcg=");
	task = group_end ? strstr(group_end, ",task=") : NULL;
	if (!task)
		return 0;
	length = (size_t)snprintf(suffix, sizeof(suffix), "/ctr-%s", run_name);
	if ((size_t)(group_end - group) < length || memcmp(group_end - length, suffix, length) != 0)
		return 0;
	task += strlen(",task=");
	task_end = strstr(task, ",pid=");
	if (!task_end)
		return 0;
	snprintf(name, size, "%.*s", (int)(task_end - task), task);
	return 1;
}

static void name_add(char *names, size_t size, const char *name)
{
	size_t used = strlen(names), length = strlen(name);

	/* Each name once: is it one of the list's already? */
	for (const char *item = names; *item;) {
		size_t item_length = strcspn(item, ",");

		if (item_length == length && memcmp(item, name, length) == 0)
			return;
		item += item_length;
		item += strspn(item, ", ");
	}
	snprintf(names + used, size - used, "%s%s", used ? ", " : "", name);
}

void victims_read(int fd, const char *run_name, char *names, size_t size)
{
	char record[8192], name[64];
	ssize_t length;

	/* kmsg: one record a read; EPIPE says that some were overwritten, EAGAIN that it is over.
	 */
	while ((length = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (length < 0 && errno == EPIPE)) {
		if (length < 0)
			continue;
		record[length] = '\0';
		if (victim_parse(record, run_name, name, sizeof(name)))
			name_add(names, size, name);
	}
}
