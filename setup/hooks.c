#include "hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "ctr/exit.h"
#include "log.h"
#include "signals.h"
#include "sys.h"

_Noreturn static void hook_run(const struct run *run, const char *program)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	log_stage(CTR_STAGE_HOOKS);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signals_restore();
	if (setns(run->pid_fd, CLONE_NEWNS) < 0)
		fail(errno, "cannot enter the container's mounts for the hook %s", program);
	else if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		fail(errno, "cannot prepare the hook %s", program);
	else if (execl(program, program, run->layers.root, NULL) < 0)
		fail(errno, "cannot execute the hook %s", program);
	_exit(CTR_EXIT_FAILURE);
}

enum hooks_state hooks_start_next(struct hooks *hooks, const struct run *run)
{
	const struct texts *list = &run->spec->hooks;
	const char *program;

	if (hooks->begun == list->count)
		return HOOKS_DONE;
	program = list->items[hooks->begun++];
	hooks->pid = fork();
	if (hooks->pid == 0)
		hook_run(run, program);
	hooks->fd = hooks->pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, hooks->pid, 0);
	if (hooks->fd >= 0)
		return HOOKS_RUNNING;
	fail_elsewhere(CTR_STAGE_HOOKS, errno, "cannot start the hook %s", program);
	return HOOKS_FAILED;
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
