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
#include "live.h"
#include "verbs.h"

enum {
	FREEZE_TRIES = 13, /* waits of 1, 2, 4 ... ms: 8 s in all */
	ROUNDS_MAX = 500,
};

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

/* --- into a group that they were not born in */

struct round {
	const struct live *live;
	const struct freezer *freezer;
	const struct init *init;
	struct processes before, now; /* the last round's, and those seen so far */
	size_t moved;
};

static int move(struct round *round, struct process *process)
{
	char text[16];
	int rc;

	snprintf(text, sizeof(text), "%d", process->pid);
	rc = freezer_write(round->freezer, "cgroup.procs", text);
	process->is_moved = true;
	round->moved++;
	return rc < 0 && rc != -ESRCH ? write_failed(round->live, rc) : 0;
}

/* One that descends from PID 1 is moved as soon as it is seen: many live no longer than that. In a
 * group that is frozen it stands still at once, and has no more children. */
static int see(const struct process *process, void *context)
{
	struct round *round = context;
	const struct process *parent = process_find(&round->now, process->parent);
	const struct process *before = process_find(&round->before, process->pid);
	struct process own = *process;
	bool is_init = process->pid == round->init->pid;
	int rc;

	if (is_init && ends_within(round->init->fd, 0)) /* the number may be another's by now */
		return fail(0, "%s has ended meanwhile", round->live->name);
	own.is_marked = !process_is_dead(process) && (is_init || (parent && parent->is_marked));
	own.is_moved = before && before->is_moved && before->start_ticks == own.start_ticks;
	rc = own.is_marked && !own.is_moved ? move(round, &own) : 0;
	return rc < 0 ? rc : processes_add(&round->now, &own);
}

static int round_run(struct round *round)
{
	int rc;

	processes_free(&round->before);
	round->before = round->now;
	round->now = (struct processes){0};
	round->moved = 0;
	rc = processes_visit(see, round);
	/* where numbers have begun anew, a child may be seen before its parent */
	processes_mark(&round->now, round->init->pid);
	for (size_t i = 0; i < round->now.count && rc == 0; i++)
		if (round->now.items[i].is_marked && !round->now.items[i].is_moved)
			rc = move(round, &round->now.items[i]);
	return rc;
}

/* Until two looks at all of them have found no new one: at the moment when numbers begin anew, one
 * look can miss some. */
static int gather(const struct live *live, const struct freezer *freezer, const struct init *init)
{
	struct round round = {.live = live, .freezer = freezer, .init = init};
	unsigned quiet = 0, rounds = 0;
	int rc = 0;

	while (rc == 0 && quiet < 2) {
		rc = round_run(&round);
		quiet = round.moved ? 0 : quiet + 1;
		if (rc == 0 && quiet < 2 && ++rounds == ROUNDS_MAX)
			rc = fail(0,
				  "cannot pause %s: its processes begin and end faster than they "
				  "are found; try again, some are caught by now",
				  live->name);
	}
	processes_free(&round.before);
	processes_free(&round.now);
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
	if (rc == 0 && ends_within(init->fd, 0))
		rc = fail(0, "%s has ended meanwhile", live->name);
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
	return verb_status(rc);
}

int pause_run(int argc, char **argv)
{
	return verb_run(argc, argv, live_pause);
}

int resume_run(int argc, char **argv)
{
	return verb_run(argc, argv, live_resume);
}
