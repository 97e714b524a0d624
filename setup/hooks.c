#include "hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "ctr/exit.h"
#include "log.h"
#include "signals.h"
#include "sys.h"

/* The keeper may have died before we asked to die with it; a parent outside the pid namespace has
 * no number here to ask for. */
static bool keeper_is_alive(int keeper_fd)
{
	struct pollfd end = {keeper_fd, POLLIN, 0};

	return poll(&end, 1, 0) == 0;
}

_Noreturn static void hook_run(const struct run *run, const char *program, int keeper_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char path[PATH_MAX];
	int rc;

	log_stage(CTR_STAGE_HOOKS);
	signals_restore();
	if (!realpath(program, path))
		fail(errno, "cannot find the hook %s", program);
	else if ((rc = sys_join_mounts(run->pid_fd, run->spec->userns)) < 0)
		fail(-rc, "cannot enter the container's mounts for the hook %s", program);
	else if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		fail(errno, "cannot prepare the hook %s", program);
	else if ((rc = sys_die_with_parent()) < 0)
		fail(-rc, "cannot tie the hook %s to its keeper", program);
	else if (keeper_is_alive(keeper_fd) &&
		 (rc = sys_become(path, (char *[]){path, run->layers.root, NULL})) < 0)
		fail(-rc, "cannot execute the hook %s", program);
	_exit(CTR_EXIT_FAILURE);
}

enum hooks_state hooks_start_next(struct hooks *hooks, const struct run *run)
{
	const struct texts *list = &run->spec->hooks;
	/* A pid namespace of its own: nothing that it starts outlives it. */
	struct sys_clone clone = {.namespaces = CLONE_NEWPID, .cgroup_fd = -1};
	AUTO_CLOSE int keeper_fd = -1;
	const char *program;
	int pid;

	if (hooks->begun == list->count)
		return HOOKS_DONE;
	program = list->items[hooks->begun++];
	keeper_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid = sys_clone(&clone);
	if (pid == 0)
		hook_run(run, program, keeper_fd);
	if (pid < 0) {
		fail_elsewhere(CTR_STAGE_HOOKS, -pid, "cannot start the hook %s", program);
		return HOOKS_FAILED;
	}
	hooks->pid = pid;
	hooks->fd = clone.pid_fd;
	return HOOKS_RUNNING;
}

enum hooks_state hooks_take_end(struct hooks *hooks, const struct run *run)
{
	const char *program = run->spec->hooks.items[hooks->begun - 1];
	int status = 0;

	sys_wait(hooks->pid, &status);
	close_and_forget(&hooks->fd);
	if (status == 0)
		return hooks_start_next(hooks, run);
	if (WIFSIGNALED(status))
		fail_elsewhere(CTR_STAGE_HOOKS, 0, "the hook %s was ended by signal %d", program,
			       WTERMSIG(status));
	else
		fail_elsewhere(CTR_STAGE_HOOKS, 0, "the hook %s failed with status %d", program,
			       WEXITSTATUS(status));
	return HOOKS_FAILED;
}

void hooks_stop(struct hooks *hooks)
{
	int status;

	if (hooks->fd < 0)
		return;
	sys_kill(hooks->fd, SIGKILL);
	sys_wait(hooks->pid, &status);
	close_and_forget(&hooks->fd);
}
