/* 20 state: a name, and the locks that last as long as we do.
 * Before: other runs, living and dead. After: the dead are cleaned away, the name is ours, and so
 * is the upper layer: no second run can mount it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../cleanup.h"
#include "../log.h"
#include "../record.h"
#include "../signals.h"
#include "../stage.h"
#include "../state.h"
#include "../sys.h"
#include "../upper.h"
#include "../uses.h"
#include "ctr/exit.h"

/* By a living keeper, or by what a dead one left and nobody could remove: that was said. */
static int name_is_held(const struct run *run)
{
	AUTO_CLOSE int fd = sys_lock(run->state_path, false);

	if (fd == -EWOULDBLOCK)
		return state_held_refuse(run->state_path, run->name);
	return fail(0,
		    "cannot use the name %s: what a dead run of it left is still there; give "
		    "another --name, or see ctr-setup gc",
		    run->name);
}

static int name_take(struct run *run)
{
	int rc;

	snprintf(run->state_path, sizeof(run->state_path), "%s/%s", state_root(), run->name);
	rc = sys_mkdir(run->state_path, 0700);
	if (rc == -EEXIST)
		return name_is_held(run);
	if (rc < 0)
		return fail(-rc, "cannot make %s", run->state_path);
	run->state_made = true;
	run->state_fd = sys_lock(run->state_path, false);
	if (run->state_fd < 0)
		return fail(-run->state_fd, "cannot lock %s", run->state_path);
	return 0;
}

/* Before the cgroups themselves are made: a record of too much does no harm. */
static int record_make(struct run *run)
{
	char path[PATH_MAX + 16];
	AUTO_FREE char *text = NULL;
	int rc = groups_name(&run->groups, run->name);

	if (rc < 0)
		return rc;
	text = record_text(run);
	if (!text)
		return fail(ENOMEM, "cannot write the run's record");
	snprintf(path, sizeof(path), "%s/" STATE_RUN, run->state_path);
	run->record_made = true;
	rc = sys_create(path, text);
	return rc < 0 ? fail(-rc, "cannot write %s", path) : 0;
}

static int exec_make(struct run *run)
{
	run->exec_made = true;
	run->exec_fd = sys_socket_in(run->state_fd, STATE_EXEC);
	return run->exec_fd < 0 ? fail(-run->exec_fd, "cannot make %s/" STATE_EXEC, run->state_path)
				: 0;
}

/* The user's data: made when missing, locked, never removed. */
static int layer_take(const char *what, const char *path, int *fd)
{
	char text[RUN_TEXT_SIZE];
	int rc = sys_mkdir(path, 0755);

	if (rc < 0 && rc != -EEXIST)
		return fail(-rc, "cannot make the %s directory %s", what, path);
	*fd = sys_lock(path, false);
	if (*fd == -EWOULDBLOCK)
		return fail(0,
			    "cannot use %s as %s: %s is using it; name another, or use --ephemeral",
			    path, what, run_using_text(path, text));
	return *fd < 0 ? fail(-*fd, "cannot lock %s", path) : 0;
}

static int layers_take(struct run *run)
{
	const struct layers *layers = &run->layers;
	int rc;

	if (!layers->upper)
		return 0;
	if ((rc = layer_take("upper", layers->upper, &run->upper_fd)) < 0 ||
	    (rc = layer_take("work", layers->work, &run->work_fd)) < 0)
		return rc;
	run->upper_place = place_of(run->upper_fd);
	run->work_place = place_of(run->work_fd);
	return 0;
}

static int state_take(struct run *run)
{
	AUTO_CLOSE int root_fd = state_root_lock();
	int rc;

	if (root_fd == -EINTR) {
		run->end = END_GIVEN_UP;
		run->status = CTR_EXIT_SIGNAL + signals_end_asked();
	}
	if (root_fd < 0)
		return root_fd;
	state_collect();
	rc = run->layers.is_alone ? run_using_refuse(run->layers.root) : 0;
	if (rc == 0)
		rc = name_take(run);
	if (rc == 0)
		rc = record_make(run);
	if (rc == 0)
		rc = exec_make(run);
	return rc < 0 ? rc : layers_take(run);
}

int state_enter(struct run *run)
{
	int rc = state_take(run);

	/* Others may start meanwhile: it takes its time. */
	if (rc == 0 && run->spec->report)
		run->upper_before = upper_bytes(run->upper_fd);
	return rc;
}

/* "ctr-setup pause" has made a group for the run, which is on record beside ours. It holds the lock
 * on all while it does so. */
static int rest_remove(const struct run *run)
{
	AUTO_CLOSE int root_fd = state_root_lock();

	return root_fd < 0 ? root_fd : state_remove(run->state_path);
}

static int entry_remove(const struct run *run, const char *name)
{
	char path[PATH_MAX + 16];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", run->state_path, name);
	rc = sys_unlink(path);
	return rc == -ENOENT ? 0 : rc;
}

void state_leave(struct run *run)
{
	int rc = 0;

	if (run->spec->report)
		run->upper_after = upper_bytes(run->upper_fd);
	close_and_forget(&run->work_fd);
	close_and_forget(&run->upper_fd);
	close_and_forget(&run->exec_fd);
	/* The record is still needed: a dead run's, for gc. */
	if (run->groups_made > 0 || run->nested) {
		close_and_forget(&run->state_fd);
		return;
	}
	if (run->exec_made)
		rc = entry_remove(run, STATE_EXEC);
	if (rc == 0 && run->record_made)
		rc = entry_remove(run, STATE_RUN);
	if (rc == 0 && run->state_made)
		rc = sys_rmdir(run->state_path);
	if (rc == -ENOTEMPTY && rest_remove(run) == -EINTR)
		rc = -EINTR;
	if (rc < 0 && rc != -ENOTEMPTY)
		fail(-rc, "cannot remove %s: the next run will try again", run->state_path);
	close_and_forget(&run->state_fd);
}
