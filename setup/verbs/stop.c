/* stop: TERM, the run's grace, KILL; over when the run and all that it had is gone. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../freezer.h"
#include "../log.h"
#include "../record.h"
#include "../signals.h"
#include "../state.h"
#include "../sys.h"
#include "live.h"
#include "verbs.h"

/* Beyond the grace, at the end of which its keeper is to have killed it. */
enum { KEEPER_MS = 2000 };

static int grace_ms(const struct live *live)
{
	AUTO_FREE char *text = record_read(live->path, STATE_RUN);
	const char *key, *value;
	char *rest = text;
	int64_t ms = 0;

	while (text && record_next(&rest, &key, &value))
		if (strcmp(key, "grace") == 0)
			ms = strtoll(value, NULL, 10);
	return ms > INT32_MAX - KEEPER_MS ? -1 : (int)ms + KEEPER_MS;
}

/* A keeper that could not clean up has left that to whoever comes next. */
static int rest_remove(const struct live *live)
{
	AUTO_CLOSE int root_fd = -1, lock_fd = -1;

	if (access(live->path, F_OK) < 0)
		return 0;
	root_fd = state_root_lock();
	if (root_fd < 0)
		return root_fd;
	lock_fd = sys_lock(live->path, false);
	return lock_fd < 0 ? 0 /* gone, or the next run of this name */ : state_remove(live->path);
}

/* Its keeper ignores TERM, as nohup(1) does to HUP, or stands still. */
static void container_kill(const struct live *live)
{
	pid_t pid;
	AUTO_CLOSE int init_fd = live_init_open(live, &pid);

	if (init_fd >= 0)
		sys_kill(init_fd, SIGKILL);
	live_wake(live);
}

static int live_stop(const struct live *live)
{
	pid_t pid;
	AUTO_CLOSE int init_fd = live_init_open(live, &pid); /* -ESRCH: it is about to begin */
	int grace = grace_ms(live);
	int rc = sys_kill(live->keeper_fd, SIGTERM);

	if (rc < 0 && rc != -ESRCH)
		return fail(-rc, "cannot stop %s", live->name);
	if (freezer_is_frozen(live->path)) /* TERM is the first that it sees */
		live_resume(live);
	live_wake(live);
	if (!ends_within(live->keeper_fd, grace)) {
		container_kill(live);
		ends_within(live->keeper_fd, -1);
	}
	if (init_fd >= 0)
		ends_within(init_fd, -1);
	return rest_remove(live);
}

int stop_run(int argc, char **argv)
{
	struct live live = {.keeper_fd = -1};
	struct words words;
	int rc = words_take(argc, argv, 1, 1, &words);

	signals_restore(); /* the wait can be given up */
	if (rc == 0)
		rc = live_open(words.operands[0], &live);
	if (rc == 0)
		rc = live_stop(&live);
	live_close(&live);
	return verb_status(rc);
}
