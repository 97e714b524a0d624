/* pause and resume: every process of a run stands still, and goes on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../freezer.h"
#include "../log.h"
#include "../state.h"
#include "../sys.h"
#include "ctr/exit.h"
#include "live.h"
#include "verbs.h"

enum { FREEZE_TRIES = 13 }; /* waits of 1, 2, 4 ... ms: 8 s in all */

struct init {
	pid_t pid;
	int fd;
};

static int write_failed(const struct live *live, int rc)
{
	if (rc == -ENOENT || rc == -ENODEV)
		return fail(0, "%s has ended meanwhile", live->name);
	return fail(-rc, "cannot write to the cgroup of %s", live->name);
}

/* Under the lock on all: a run that ends takes it before it removes a group that we have made. */
static int freezer_provide(const struct live *live, const struct init *init,
			   struct freezer *freezer)
{
	AUTO_CLOSE int root_fd = state_root_lock();

	if (root_fd < 0)
		return root_fd;
	return freezer_find(live->path, freezer)
		       ? 0
		       : freezer_make(live->path, live->name, init->pid, freezer);
}

/* Moves in what descends from init; *moved counts those that were not among the known. What is in
 * stands still at once, and has no more children. */
static int round_gather(const struct live *live, const struct freezer *freezer,
			const struct init *init, struct processes *known, size_t *moved)
{
	struct processes now;
	int rc = processes_read(&now);

	*moved = 0;
	if (rc == 0 && ends_within(init->fd, 0)) /* the number may be another's by now */
		rc = fail(0, "%s has ended meanwhile", live->name);
	processes_mark(&now, init->pid);
	for (size_t i = 0; i < now.count && rc == 0; i++) {
		const struct process *process = &now.items[i], *before;
		char text[16];

		if (!process->is_marked)
			continue;
		before = process_find(known, process->pid);
		if (before && before->is_marked && before->start_ticks == process->start_ticks)
			continue;
		snprintf(text, sizeof(text), "%d", process->pid);
		rc = freezer_write(freezer, "cgroup.procs", text);
		rc = rc == 0 || rc == -ESRCH ? 0 : write_failed(live, rc);
		++*moved;
	}
	processes_free(known);
	*known = now;
	return rc;
}

/* Until two looks at all of them have found no new one: where the numbers of processes begin anew,
 * one look can miss some. */
static int gather(const struct live *live, const struct freezer *freezer, const struct init *init)
{
	struct processes known = {0};
	unsigned quiet = 0;
	int rc = 0;

	while (rc == 0 && quiet < 2) {
		size_t moved;

		rc = round_gather(live, freezer, init, &known, &moved);
		quiet = moved ? 0 : quiet + 1;
	}
	processes_free(&known);
	return rc;
}

static int await(const struct live *live, const struct freezer *freezer)
{
	char text[FREEZER_TEXT];

	for (unsigned i = 0; i < FREEZE_TRIES; i++) {
		int rc = freezer_read(freezer, "cgroup.events", text);

		if (rc < 0)
			return write_failed(live, rc);
		if (strstr(text, "frozen 1"))
			return 0;
		sys_sleep_ms(1U << i);
	}
	return fail(0,
		    "cannot pause %s: a process of it does not stand still (state D of ps(1): it "
		    "waits for a device or a file system)",
		    live->name);
}

static int stand_still(const struct live *live, const struct freezer *freezer,
		       const struct init *init)
{
	int rc = freezer_write(freezer, "cgroup.freeze", "1");

	if (rc < 0)
		return write_failed(live, rc);
	if (freezer->was_added)
		rc = gather(live, freezer, init);
	if (rc == 0)
		rc = await(live, freezer);
	if (rc < 0)
		freezer_write(freezer, "cgroup.freeze", "0");
	return rc;
}

static int live_pause(const struct live *live)
{
	struct freezer freezer;
	struct init init;
	int rc;

	init.fd = live_init_demand(live, &init.pid);
	if (init.fd < 0)
		return init.fd;
	rc = freezer_provide(live, &init, &freezer);
	if (rc == 0)
		rc = stand_still(live, &freezer, &init);
	close(init.fd);
	return rc;
}

/* The group stays, for the next time. */
int live_resume(const struct live *live)
{
	struct freezer freezer;
	int rc = freezer_find(live->path, &freezer) ? freezer_write(&freezer, "cgroup.freeze", "0")
						    : 0;

	return rc < 0 ? write_failed(live, rc) : 0;
}

static int verb_run(int argc, char **argv, int (*act)(const struct live *live))
{
	struct live live = {.keeper_fd = -1};
	struct words words;
	int rc = words_take(argc, argv, 1, 1, &words);

	if (rc == 0)
		rc = live_open(words.operands[0], &live);
	if (rc == 0)
		rc = act(&live);
	live_close(&live);
	return rc < 0 ? CTR_EXIT_FAILURE : 0;
}

int pause_run(int argc, char **argv)
{
	return verb_run(argc, argv, live_pause);
}

int resume_run(int argc, char **argv)
{
	return verb_run(argc, argv, live_resume);
}
