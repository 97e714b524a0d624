#include "processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../log.h"
#include "../sys.h"

bool process_parse(const char *text, struct process *process)
{
	const char *behind = strrchr(text, ')'); /* of the name, which may hold anything */
	uint64_t user, system, children_user, children_system;

	*process = (struct process){0};
	if (!behind || sscanf(text, "%d", &process->pid) != 1 ||
	    sscanf(behind,
		   ") %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %*d %*d %" SCNu64 " %*d %" SCNu64,
		   &process->state, &process->parent, &user, &system, &children_user,
		   &children_system, &process->threads, &process->start_ticks) != 8)
		return false;
	process->cpu_ticks = user + system + children_user + children_system;
	return true;
}

bool process_read(pid_t pid, struct process *process)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return sys_read(path, text, sizeof(text)) > 0 && process_parse(text, process);
}

/* The next number that /proc lists, 0 at the end, or -errno. One a call, to be looked at before the
 * next is listed: what then is gone has left its child a number that is yet to come. Among many at
 * once its child could be passed over while it is being born, and who forks without end would never
 * be seen. */
static long pid_next(int proc_fd)
{
	enum { ROOM_FOR_ONE = 40 };
	struct dirent64 entry;
	long pid = 0;

	while (pid <= 0) {
		ssize_t got = getdents64(proc_fd, &entry, ROOM_FOR_ONE);

		if (got < 0 && errno == EINVAL && lseek(proc_fd, 1, SEEK_CUR) >= 0)
			continue; /* a name that is longer than any number */
		if (got <= 0)
			return got < 0 ? -errno : 0;
		pid = strtol(entry.d_name, NULL, 10);
	}
	return pid;
}

int processes_visit(int (*see)(const struct process *process, void *context), void *context)
{
	AUTO_CLOSE int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long pid = proc_fd < 0 ? -errno : proc_fd;
	int rc = 0;

	while (rc == 0 && pid >= 0 && (pid = pid_next(proc_fd)) > 0) {
		struct process process;

		if (process_read((pid_t)pid, &process)) /* else it has ended meanwhile */
			rc = see(&process, context);
	}
	return pid < 0 ? fail((int)-pid, "cannot read /proc") : rc;
}

int processes_add(struct processes *processes, const struct process *process)
{
	if (processes->count == processes->room) {
		size_t room = processes->room ? processes->room * 2 : 512;
		void *grown = reallocarray(processes->items, room, sizeof(*process));

		if (!grown)
			return fail(ENOMEM, "cannot list the processes");
		processes->items = grown;
		processes->room = room;
	}
	processes->items[processes->count++] = *process;
	return 0;
}

static int add(const struct process *process, void *processes)
{
	return processes_add(processes, process);
}

int processes_read(struct processes *processes)
{
	*processes = (struct processes){0};
	return processes_visit(add, processes);
}

void processes_free(struct processes *processes)
{
	free(processes->items);
	*processes = (struct processes){0};
}

static int by_pid(const void *a, const void *b)
{
	pid_t left = ((const struct process *)a)->pid, right = ((const struct process *)b)->pid;

	return (left > right) - (left < right);
}

struct process *process_find(const struct processes *processes, pid_t pid)
{
	const struct process key = {.pid = pid};

	return processes->count
		       ? bsearch(&key, processes->items, processes->count, sizeof(key), by_pid)
		       : NULL;
}

bool process_is_dead(const struct process *process)
{
	return (process->state == 'Z' || process->state == 'X') && process->threads <= 1;
}

void processes_mark(struct processes *processes, pid_t root)
{
	bool is_new = true;

	for (size_t i = 0; i < processes->count; i++)
		processes->items[i].is_marked =
			processes->items[i].pid == root && !process_is_dead(&processes->items[i]);
	/* A parent mostly has the lower number, and one round is enough; not where these wrapped.
	 */
	while (is_new) {
		is_new = false;
		for (size_t i = 0; i < processes->count; i++) {
			struct process *process = &processes->items[i];
			const struct process *parent = process_find(processes, process->parent);

			if (process->is_marked || !parent || !parent->is_marked ||
			    process_is_dead(process))
				continue;
			process->is_marked = is_new = true;
		}
	}
}

uint64_t process_memory(pid_t pid)
{
	char path[32], text[256];
	uint64_t resident, shared;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	if (sys_read(path, text, sizeof(text)) < 0 ||
	    sscanf(text, "%*u %" SCNu64 " %" SCNu64, &resident, &shared) != 2 || shared > resident)
		return 0;
	return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

pid_t process_inner_pid(pid_t pid)
{
	char path[32], text[16384];
	const char *line, *last;
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	rc = sys_read(path, text, sizeof(text));
	line = rc > 0 || rc == -E2BIG ? strstr(text, "\nNSpid:") : NULL;
	if (!line)
		return 0;
	line++;
	last = memrchr(line, '\t', strcspn(line, "\n"));
	return last ? (pid_t)strtol(last, NULL, 10) : 0;
}
