/* 90 payload: the program for whose sake all this is.
 * Before: PID 1 alone. After: the payload runs as its child, in its own session or process group,
 * with its terminal when there is one, and PID 1 knows that its execve(2) succeeded.
 *
 * The child shares PID 1's memory until it executes: what it may touch is its own stack, the arrays
 * of this file and of home.c, the environment's end, and death_status(). */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../environment.h"
#include "../home.h"
#include "../program.h"
#include "../raw.h"
#include "../report.h"
#include "../stages.h"
#include "../sys.h"
#include "../text.h"

static char *arguments[CTR_PLAN_FIELDS_MAX + 1];
static char why[256]; /* the command could not be executed; "" when nothing more is known */

bool foreground_move(int fd, int from, int to)
{
	int group;

	if (fd < 0 || ioctl(fd, TIOCGPGRP, &group) < 0 || group != from)
		return false;
	ioctl(fd, TIOCSPGRP, &to);
	return true;
}

/* A session of its own with its terminal, or a process group of its own, in the foreground if we
 * are. Without the terminal the payload still runs, but where it was promised one. */
static void place_take(const struct life *life)
{
	int fd = life->terminal_fd, job = getpgrp();

	if (!life->own_session) {
		setpgid(0, 0);
		foreground_move(fd, job, getpid());
		return;
	}
	setsid();
	if (fd < 0)
		return;
	if (ioctl(fd, TIOCSCTTY, 0) < 0 && life->kind == LIFE_CONTAINER)
		die(CTR_STAGE_PAYLOAD, NULL, "take the terminal", NULL);
	for (int i = 0; i < 3; i++)
		if (life->terminal_fds >> i & 1 && dup2(fd, i) < 0)
			die(CTR_STAGE_PAYLOAD, NULL, "use the terminal", NULL);
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
		die(CTR_STAGE_PAYLOAD, line, "enter the working directory ", path, NULL);
	/* getcwd(2), NOTES: a directory outside the root reads as "(unreachable)...". */
	if (syscall(SYS_getcwd, seen, sizeof(seen)) < 0 || seen[0] != '/')
		die(CTR_STAGE_PAYLOAD, line, "trust the working directory ", path, NULL);
	close(fd);
}

/* The payload starts with the signals of whoever asked for it. Where that is ctr-setup, none is
 * blocked and, as it has seen to it, none ignored. */
static void signals_restore(const struct life *life)
{
	struct sys_action ignored = {.handler = SIG_IGN};

	if (life->ignores_children)
		sys_sigaction(SIGCHLD, &ignored, NULL);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &life->mask, NULL, sizeof(life->mask));
}

/* execvp(3): a file that is no format the kernel knows is taken for a script of the shell. The word
 * before argv is written to. */
static int shell_execute(const struct life *life, char *path, char **argv)
{
	char *name = argv[0];

	argv[-1] = (char *)"/bin/sh";
	argv[0] = path;
	execve(argv[-1], argv - 1, life->environment);
	argv[0] = name;
	return ENOEXEC;
}

static int file_execute(const struct life *life, char *path, char **argv)
{
	int error;

	execve(path, argv, life->environment);
	error = errno;
	if (error == ENOEXEC && life->kind == LIFE_EMBEDDED)
		return shell_execute(life, path, argv);
	if (!*why)
		program_look(path, error, why, sizeof(why));
	return error;
}

static const char *path_searched(const struct life *life)
{
	const char *path = environment_find(life->environment, "PATH=");

	return path ? path : "/bin:/usr/bin";
}

/* As execvp(3); its fall-back to a shell is for images whose scripts count on it. Returns only when
 * nothing was run: an errno. */
static int command_execute(const struct life *life, char **argv)
{
	const char *file = argv[0], *dir = path_searched(life);
	char path[4096];
	int error = ENOENT;
	size_t file_length = strlen(file);

	if (!*file || strchr(file, '/'))
		return file_execute(life, argv[0], argv);
	for (const char *end; dir; dir = *end ? end + 1 : NULL) {
		size_t length;
		int rc;

		end = dir + strcspn(dir, ":");
		length = (size_t)(end - dir);
		if (length + file_length + 2 > sizeof(path))
			continue;
		memcpy(path, dir, length);
		path[length] = '/';
		memcpy(path + length + (length > 0), file, file_length + 1);
		rc = file_execute(life, path, argv);
		if (rc != ENOENT && rc != ENOTDIR)
			error = rc;
		if (error != ENOENT && error != EACCES)
			break;
	}
	return error;
}

_Noreturn void command_refuse(int error, const struct line *line, const char *command)
{
	errno = error;
	die_of_command(error == ENOENT ? CTR_EXIT_NOT_FOUND : CTR_EXIT_CANNOT_RUN, line, command,
		       why);
}

_Noreturn static void refuse(const struct life *life, int error, const struct line *line,
			     const char *command)
{
	if (error == ENOENT && !*why && !strchr(command, '/'))
		why_write(why, sizeof(why), " (not found in ", path_searched(life), ")");
	command_refuse(error, line, command);
}

_Noreturn static void exec_lines_try(const struct life *life, const struct plan *plan)
{
	const struct line *last = NULL;
	int error = ENOENT;
	char *word;

	for_each_line(line, plan) {
		if (line->verb != CTR_VERB_EXEC)
			continue;
		word = line->fields;
		for (unsigned i = 0; i < line->count; i++, word += strlen(word) + 1)
			arguments[i] = word;
		arguments[line->count] = NULL;
		error = command_execute(life, arguments);
		last = line;
		if (error != ENOENT || *why) /* its file is there */
			break;
	}
	refuse(life, error, last, field(last, 0));
}

/* Of a socket that a service manager handed over: LISTEN_PID says for which process it is, in
 * sd_listen_fds(3), and we are not the one that it is meant for. */
static void listen_pid_settle(const struct life *life, int parent)
{
	static char entry[32];
	uint64_t pid;

	for (char **variable = life->environment; *variable; variable++) {
		const char *value = text_behind(*variable, "LISTEN_PID=");

		if (!value || !integer_parse(value, 10, &pid) || pid != (uint64_t)parent)
			continue;
		entry[0] = '\0';
		text_append(entry, sizeof(entry), "LISTEN_PID=");
		text_append_number(entry, sizeof(entry), (uint64_t)getpid());
		*variable = entry;
	}
}

static void plan_obey(const struct life *life, const struct plan *plan)
{
	privileges_drop(plan);
	home_settle(life->environment, plan);
	for_each_line(line, plan)
		if (line->verb == CTR_VERB_WORKDIR)
			workdir_enter(line);
}

static void payload_main(const struct life *life, const struct plan *plan, int parent)
{
	place_take(life);
	if (life->parent_signal) /* were we killed, nobody could pass it on */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (plan)
		plan_obey(life, plan);
	if (life->kind == LIFE_EMBEDDED)
		listen_pid_settle(life, parent);
	else
		umask(022);
	if (life->kind == LIFE_CONTAINER)
		sys_close_range(CTR_KEEPER_FD + 1, ~0U);
	signals_restore(life);
	system_calls_filter();
	if (!life->command)
		exec_lines_try(life, plan);
	refuse(life, command_execute(life, life->command), NULL, life->command[0]);
}

struct payload program_start(const struct life *life, const struct plan *plan)
{
	struct payload payload = {.pid_fd = -1};
	int parent = getpid(), death;

	payload.pid = raw_vfork();
	if (payload.pid == 0) {
		payload_main(life, plan, parent);
		_exit(CTR_EXIT_FAILURE);
	}
	if (payload.pid < 0) {
		errno = -payload.pid;
		die(CTR_STAGE_PAYLOAD, NULL, "start a process", NULL);
	}
	death = death_status();
	if (death) {
		waitpid(payload.pid, NULL, 0);
		payload.has_ended = true;
		payload.status = W_EXITCODE(death, 0);
	}
	return payload;
}

struct payload payload_start(const struct life *life, const struct plan *plan)
{
	struct payload payload = program_start(life, plan);

	if (payload.has_ended)
		leave(life, WEXITSTATUS(payload.status)); /* it has said why */
	return payload;
}
