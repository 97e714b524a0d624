#include "hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
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

_Noreturn static void hook_run(const struct run *run, const char *path, int keeper_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int rc;

	signals_restore();
	if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		fail(errno, "cannot prepare the hook %s", path);
	else if ((rc = sys_die_with_parent()) < 0)
		fail(-rc, "cannot tie the hook %s to its keeper", path);
	else if (keeper_is_alive(keeper_fd) &&
		 (rc = sys_become(path, (char *[]){(char *)path, run->layers.root, NULL})) < 0)
		fail(-rc, "cannot execute the hook %s", path);
	_exit(CTR_EXIT_FAILURE);
}

/* A process that goes among the container's mounts, starts the hook there beside itself, tells the
 * keeper of it, and ends. The hook has a pid namespace of its own, so that nothing it starts
 * outlives it: in a user namespace only who is inside may make one. */
_Noreturn static void hook_start(const struct run *run, const char *program, int keeper_fd,
				 int socket_fd)
{
	struct sys_clone clone = {.namespaces = CLONE_NEWPID, .cgroup_fd = -1, .as_sibling = true};
	char path[PATH_MAX];
	int rc;

	log_stage(CTR_STAGE_HOOKS);
	if (!realpath(program, path))
		fail(errno, "cannot find the hook %s", program);
	else if ((rc = sys_join_mounts(run->pid_fd, run->spec->userns)) < 0)
		fail(-rc, "cannot enter the container's mounts for the hook %s", program);
	else if ((rc = sys_clone(&clone)) < 0)
		fail(-rc, "cannot start the hook %s", program);
	else if (rc == 0)
		hook_run(run, path, keeper_fd);
	else if ((rc = channel_send(socket_fd, CTR_MESSAGE_HOOKS, rc, clone.pid_fd)) < 0)
		fail(-rc, "cannot tell of the hook %s", program);
	else
		_exit(0);
	_exit(CTR_EXIT_FAILURE);
}

/* The hook, as its starter tells of it: its pid is in the place of an error. */
static enum hooks_state hook_take(struct hooks *hooks, const char *program, int socket_fd,
				  int status)
{
	struct ctr_message message;
	int rc = status ? 0 : channel_receive(socket_fd, &message, &hooks->fd, MSG_DONTWAIT);

	if (status == 0 && rc == 0) {
		hooks->pid = message.error;
		return HOOKS_RUNNING;
	}
	if (rc < 0)
		fail_elsewhere(CTR_STAGE_HOOKS, -rc, "cannot learn of the hook %s", program);
	else if (WIFSIGNALED(status)) /* else it has said why */
		fail_elsewhere(CTR_STAGE_HOOKS, 0,
			       "the start of the hook %s was ended by signal %d", program,
			       WTERMSIG(status));
	return HOOKS_FAILED;
}

enum hooks_state hooks_start_next(struct hooks *hooks, const struct run *run)
{
	const struct texts *list = &run->spec->hooks;
	struct sys_clone clone = {.cgroup_fd = -1};
	AUTO_CLOSE int keeper_fd = -1;
	const char *program;
	int ends[2], pid, rc, status;
	enum hooks_state state = HOOKS_FAILED;

	if (hooks->begun == list->count)
		return HOOKS_DONE;
	program = list->items[hooks->begun++];
	rc = sys_socketpair(ends);
	if (rc < 0) {
		fail_elsewhere(CTR_STAGE_HOOKS, -rc, "cannot start the hook %s", program);
		return HOOKS_FAILED;
	}
	keeper_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid = sys_clone(&clone);
	if (pid == 0)
		hook_start(run, program, keeper_fd, ends[1]);
	if (pid < 0) {
		fail_elsewhere(CTR_STAGE_HOOKS, -pid, "cannot start the hook %s", program);
	} else {
		close(clone.pid_fd);
		sys_wait(pid, &status);
		state = hook_take(hooks, program, ends[0], status);
	}
	close(ends[0]);
	close(ends[1]);
	return state;
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
