/* 90 payload: the program for whose sake all this is.
 * Before: PID 1 alone. After: the payload runs as its child, leader of its own session, with the
 * pty as its controlling terminal when there is one, and PID 1 knows that its execve(2) succeeded.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../report.h"
#include "../stages.h"
#include "../sys.h"

enum { STACK_SIZE = 32 * 1024 };

static char *environment[CTR_PLAN_LINES_MAX + 1];
static char *arguments[CTR_PLAN_FIELDS_MAX + 1];

static void terminal_take(void)
{
	unsigned fds;
	int fd = console_slave(&fds);

	if (fd < 0)
		return;
	if (ioctl(fd, TIOCSCTTY, 0) < 0)
		die(CTR_STAGE_PAYLOAD, 0, errno, "cannot take the terminal", NULL);
	for (int i = 0; i < 3; i++)
		if (fds >> i & 1 && dup2(fd, i) < 0)
			die(CTR_STAGE_PAYLOAD, 0, errno, "cannot use the terminal", NULL);
}

static void workdir_enter(const struct line *line)
{
	const char *path = field(line, 0);
	/* What execve(2) would resolve from; a path of the user's, so links are followed in root.
	 */
	int fd = sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC,
			     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	char seen[4096];

	if (fd < 0 || fchdir(fd) < 0)
		die(CTR_STAGE_PAYLOAD, line->number, errno, "cannot enter the working directory ",
		    path, NULL);
	/* getcwd(2), NOTES: a directory outside the root reads as "(unreachable)...". */
	if (syscall(SYS_getcwd, seen, sizeof(seen)) < 0 || seen[0] != '/')
		die(CTR_STAGE_PAYLOAD, line->number, errno, "cannot trust the working directory ",
		    path, NULL);
	close(fd);
}

/* The payload starts like a program of a fresh login: nothing blocked, and nothing is ignored:
 * ctr-setup has seen to that, and this program handles none. */
static void signals_unblock(void)
{
	uint64_t none = 0;

	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

static const char *path_variable(void)
{
	for (char **entry = environment; *entry; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			return *entry + 5;
	return "/bin:/usr/bin";
}

/* As execvp(3), without its fall-back to a shell. Returns only when nothing was run: an errno. */
static int command_execute(const char *file)
{
	char path[4096];
	int error = ENOENT;
	size_t file_length = strlen(file);

	if (!*file || strchr(file, '/')) {
		execve(file, arguments, environment);
		return errno;
	}
	for (const char *dir = path_variable(), *end; dir; dir = *end ? end + 1 : NULL) {
		size_t length;

		end = dir + strcspn(dir, ":");
		length = (size_t)(end - dir);
		if (length + file_length + 2 > sizeof(path))
			continue;
		memcpy(path, dir, length);
		path[length] = '/';
		memcpy(path + length + (length > 0), file, file_length + 1);
		execve(path, arguments, environment);
		if (errno != ENOENT && errno != ENOTDIR)
			error = errno;
		if (error != ENOENT && error != EACCES)
			break;
	}
	return error;
}

static void exec_lines_try(const struct plan *plan)
{
	const struct line *last = NULL;
	int error = ENOENT;

	for_each_line(line, plan) {
		if (line->verb != CTR_VERB_EXEC)
			continue;
		for (unsigned i = 0; i < line->count; i++)
			arguments[i] = field(line, i);
		arguments[line->count] = NULL;
		error = command_execute(arguments[0]);
		last = line;
		if (error != ENOENT)
			break;
	}
	die_of_command(error == ENOENT ? CTR_EXIT_NOT_FOUND : CTR_EXIT_CANNOT_RUN, last->number,
		       error, field(last, 0));
}

/* Shares PID 1's memory until it execs, as vfork(2): what it may touch is its own stack, the arrays
 * of this file and death_status(). */
static int payload_main(void *argument)
{
	const struct plan *plan = argument;

	setsid();
	terminal_take();
	privileges_drop(plan);
	for_each_line(line, plan)
		if (line->verb == CTR_VERB_WORKDIR)
			workdir_enter(line);
	umask(022);
	sys_close_range(CTR_KEEPER_FD + 1, 0);
	signals_unblock();
	exec_lines_try(plan);
	return CTR_EXIT_FAILURE;
}

static void environment_fill(const struct plan *plan)
{
	size_t count = 0;

	for_each_line(line, plan)
		if (line->verb == CTR_VERB_ENV)
			environment[count++] = field(line, 0);
}

int payload_start(const struct plan *plan)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	int pid;

	environment_fill(plan);
	pid = clone(payload_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD,
		    (void *)plan);
	if (pid < 0)
		die(CTR_STAGE_PAYLOAD, 0, errno, "cannot start a process", NULL);
	if (death_status())
		_exit(death_status()); /* it has said why */
	return pid;
}
