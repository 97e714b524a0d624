#include "live.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../log.h"
#include "../parse.h"
#include "../record.h"
#include "../state.h"
#include "../sys.h"

/* 0; -ESRCH when nobody holds the directory at path. */
static int lock_check(const char *path)
{
	AUTO_CLOSE int fd = sys_lock(path, false);

	if (fd >= 0 || fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return -ESRCH;
	return fd == -EWOULDBLOCK ? 0 : fail(-fd, "cannot look at %s", path);
}

/* --- a keeper by its number */

struct search {
	struct keeper keeper; /* as on record */
	pid_t found;	      /* our number for it */
};

static bool is_same(pid_t pid, const struct keeper *keeper)
{
	return process_inner_pid(pid) == keeper->pid && pid_namespace(pid) == keeper->pid_namespace;
}

static int see(const struct process *process, void *context)
{
	struct search *search = context;

	if (!is_same(process->pid, &search->keeper))
		return 0;
	search->found = process->pid;
	return 1;
}

/* The keeper's number is one of its own pid namespace, which may be inside ours: /proc has both.
 * Returns 0 when it was found, with its pidfd or the reason why there is none. */
static int keeper_find(const struct keeper *keeper, struct live *live)
{
	struct search search = {.keeper = *keeper};
	uint64_t own = pid_namespace_own();
	int rc = -ESRCH;

	if (!own || !keeper->pid_namespace)
		return -ESRCH;
	if (keeper->pid_namespace == own)
		search.found = keeper->pid;
	else if ((rc = processes_visit(see, &search)) <= 0)
		return rc < 0 ? rc : -ESRCH;
	live->keeper = search.found;
	live->keeper_fd = pidfd_open(live->keeper, 0);
	/* what was opened by number is looked at once more */
	return keeper->pid_namespace == own || is_same(live->keeper, keeper) ? 0 : -ESRCH;
}

/* The lock on state_root() is held: so nobody but a keeper holds that of its directory, and a
 * directory that goes does not come again. */
static int live_fill(const char *name, struct live *live)
{
	struct keeper keeper;
	int rc, found, error;

	*live = (struct live){.keeper_fd = -1};
	snprintf(live->name, sizeof(live->name), "%s", name);
	snprintf(live->path, sizeof(live->path), "%s/%s", state_root(), name);
	rc = state_keeper(live->path, &keeper);
	if (rc == -ENOENT)
		return -ESRCH;
	found = rc < 0 ? rc : keeper_find(&keeper, live);
	error = errno;
	rc = lock_check(live->path); /* only now: the number was the keeper's, and is */
	if (rc < 0)
		return rc;
	if (found == -ESRCH)
		return fail(0,
			    "cannot reach %s: it was started in another pid namespace, which "
			    "cannot be seen from here",
			    name);
	if (found < 0)
		return fail(-found, "cannot reach %s: its record cannot be read", name);
	return live->keeper_fd < 0 ? fail(error, "cannot look at process %d", live->keeper) : 0;
}

int live_find(const char *name, struct live *live)
{
	AUTO_CLOSE int root_fd = -1;

	*live = (struct live){.keeper_fd = -1};
	if (!name_is_valid(name))
		return -ESRCH;
	root_fd = state_root_lock();
	return root_fd < 0 ? root_fd : live_fill(name, live);
}

int live_open(const char *name, struct live *live)
{
	int rc = live_find(name, live);

	return rc == -ESRCH ? fail(0, "no run is called %s: see ctr-setup ls", name) : rc;
}

void live_close(struct live *live)
{
	close_and_forget(&live->keeper_fd);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct live *)a)->name, ((const struct live *)b)->name);
}

/* One that cannot be reached was said, and hides no other. */
static int lives_add(struct lives *lives, const char *name)
{
	void *grown = reallocarray(lives->items, lives->count + 1, sizeof(*lives->items));

	if (!grown)
		return fail(ENOMEM, "cannot list the runs");
	lives->items = grown;
	if (live_fill(name, &lives->items[lives->count]) == 0)
		lives->count++;
	else
		live_close(&lives->items[lives->count]);
	return 0;
}

int lives_open(struct lives *lives)
{
	AUTO_CLOSE int root_fd = state_root_lock();
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	*lives = (struct lives){0};
	if (root_fd < 0)
		return root_fd;
	dir = opendir(state_root());
	while (dir && rc == 0 && (entry = readdir(dir)))
		if (name_is_valid(entry->d_name))
			rc = lives_add(lives, entry->d_name);
	if (dir)
		closedir(dir);
	if (lives->count)
		qsort(lives->items, lives->count, sizeof(*lives->items), by_name);
	return rc;
}

void lives_close(struct lives *lives)
{
	for (size_t i = 0; i < lives->count; i++)
		live_close(&lives->items[i]);
	free(lives->items);
	*lives = (struct lives){0};
}

/* Hooks are children of the keeper, each number 1 somewhere, too; but PID 1 is there before them.
 */
pid_t live_init(const struct live *live, const struct processes *processes)
{
	const struct process *eldest = NULL;

	for (size_t i = 0; i < processes->count; i++) {
		const struct process *process = &processes->items[i];

		if (process->parent == live->keeper && process->state != 'Z' &&
		    (!eldest || process->start_ticks < eldest->start_ticks) &&
		    process_inner_pid(process->pid) == 1)
			eldest = process;
	}
	return eldest ? eldest->pid : 0;
}

bool ends_within(int pid_fd, int milliseconds)
{
	struct pollfd end = {pid_fd, POLLIN, 0};
	int rc;

	do
		rc = poll(&end, 1, milliseconds);
	while (rc < 0 && errno == EINTR);
	return rc > 0;
}

int live_init_open(const struct live *live, pid_t *pid)
{
	struct processes processes;
	struct process process;
	AUTO_CLOSE int init_fd = -1;
	int rc = processes_read(&processes);

	*pid = rc < 0 ? 0 : live_init(live, &processes);
	processes_free(&processes);
	if (rc < 0)
		return rc;
	if (*pid)
		init_fd = pidfd_open(*pid, 0);
	/* What was opened by number is looked at once more; the keeper's own number is still its.
	 */
	if (init_fd < 0 || !process_read(*pid, &process) || process.parent != live->keeper ||
	    ends_within(live->keeper_fd, 0))
		return -ESRCH;
	return take_fd(&init_fd);
}

int live_init_demand(const struct live *live, pid_t *pid)
{
	int fd = live_init_open(live, pid);

	return fd == -ESRCH
		       ? fail(0, "cannot find the container of %s: it is about to begin or to end",
			      live->name)
		       : fd;
}

void live_wake(const struct live *live)
{
	struct process keeper;

	if (process_read(live->keeper, &keeper) && keeper.state == 'T')
		sys_kill(live->keeper_fd, SIGCONT);
}
