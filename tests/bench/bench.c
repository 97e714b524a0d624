/* Takes the wall time of several commands side by side.
 *
 *     bench ROUNDS ::: LABEL [@MNTNS] COMMAND [ARG...] ::: LABEL [@MNTNS] COMMAND [ARG...] ...
 *
 * A command is started in the mount namespace MNTNS (a file) where one is named; entering it is not
 * timed, but it sets the working directory to /.
 * Every round runs every command once, in an order drawn anew, because what a command leaves to the
 * kernel's workers burdens whatever runs next. The first command is what the others are compared
 * with, round by round. Prints one row of a Markdown table for each; the time itself never makes
 * it fail. SIGINT, SIGTERM and SIGHUP are heard between two commands, so none is cut short. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEPARATOR    ":::"
#define TIMEOUT_S    20
#define PAUSE_NS     5000000L
#define MAX_COMMANDS 16

struct command {
	const char *label;
	char **argv;
	int namespace_fd; /* -1 for ours */
	double *ms;	  /* one for each round, NAN where the command failed */
	size_t failures;
	int first_failure; /* status of the trial run, 0 when the command works */
};

static volatile sig_atomic_t running; /* for on_alarm() alone */

static void on_alarm(int signal_number)
{
	(void)signal_number;
	/* the commands are leaders of their own process groups */
	if (running > 0)
		kill(-running, SIGKILL);
}

static sigset_t ends(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

static void end_if_asked(void)
{
	const struct timespec at_once = {0};
	const sigset_t set = ends();
	int signal_number = sigtimedwait(&set, NULL, &at_once);

	if (signal_number > 0)
		exit(128 + signal_number);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void namespace_enter(int fd)
{
	if (fd >= 0 && setns(fd, CLONE_NEWNS) < 0)
		err(2, "cannot enter a mount namespace");
}

static void attributes_fill(posix_spawnattr_t *attributes)
{
	sigset_t none, defaults;

	sigemptyset(&none);
	/* a shell without job control ignores these two for what it starts behind itself */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGQUIT);
	posix_spawnattr_init(attributes);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &defaults);
}

static void actions_fill(posix_spawn_file_actions_t *actions, bool quiet)
{
	posix_spawn_file_actions_init(actions);
	posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
	if (quiet)
		posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
}

/* Returns the exit status as a shell would say it. */
static int run_once(const struct command *command, bool quiet, double *ms)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc, status;
	double start;
	pid_t pid;

	actions_fill(&actions, quiet);
	attributes_fill(&attributes);
	start = now_ms();
	rc = posix_spawnp(&pid, command->argv[0], &actions, &attributes, command->argv, environ);
	if (rc != 0)
		errx(2, "%s: %s", command->argv[0], strerror(rc));
	running = pid;
	alarm(TIMEOUT_S);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err(2, "waitpid");
	*ms = now_ms() - start;
	running = 0;
	alarm(0);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ours_fd is the mount namespace to come back to. */
static int run_in_namespace(const struct command *command, int ours_fd, bool quiet, double *ms)
{
	int status;

	namespace_enter(command->namespace_fd);
	status = run_once(command, quiet, ms);
	if (command->namespace_fd >= 0)
		namespace_enter(ours_fd);
	return status;
}

static int namespace_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(2, "%s", path);
	return fd;
}

/* Cuts argv at the separators, in place. */
static size_t commands_parse(char **argv, struct command commands[MAX_COMMANDS])
{
	size_t n = 0;

	for (char **word = argv; *word; word++) {
		if (strcmp(*word, SEPARATOR) != 0)
			continue;
		if (n == MAX_COMMANDS || !word[1] || !word[2])
			errx(2, "a label and a command belong behind each %s", SEPARATOR);
		*word = NULL;
		commands[n] =
			(struct command){.label = word[1], .argv = word + 2, .namespace_fd = -1};
		if (word[2][0] == '@') {
			commands[n].namespace_fd = namespace_open(word[2] + 1);
			commands[n].argv++;
		}
		n++;
	}
	return n;
}

/* A command that does not work at all says so here, with its messages, and is not run again. */
static void trial_run(struct command commands[], size_t n, size_t rounds, int ours_fd)
{
	double ms;

	for (size_t i = 0; i < n; i++) {
		end_if_asked();
		commands[i].ms = calloc(rounds, sizeof(double));
		if (!commands[i].ms)
			err(2, "calloc");
		commands[i].first_failure = run_in_namespace(&commands[i], ours_fd, false, &ms);
	}
}

static void shuffle(size_t order[], size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t other = (size_t)random() % i, kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

static void measure(struct command commands[], size_t n, size_t rounds, int ours_fd)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	size_t order[MAX_COMMANDS];

	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t round = 0; round < rounds; round++) {
		shuffle(order, n);
		for (size_t i = 0; i < n; i++) {
			struct command *command = &commands[order[i]];

			end_if_asked();
			if (command->first_failure != 0)
				continue;
			nanosleep(&pause, NULL);
			if (run_in_namespace(command, ours_fd, true, &command->ms[round]) == 0)
				continue;
			command->ms[round] = NAN;
			command->failures++;
		}
	}
}

static int compare(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Sorts and returns the value below which that share of the values lies; NAN when there is none. */
static double quantile(double values[], size_t n, double share)
{
	if (n == 0)
		return NAN;
	qsort(values, n, sizeof(values[0]), compare);
	return values[(size_t)(share * (double)(n - 1) + 0.5)];
}

static void row_print(const struct command *command, const struct command *floor, size_t rounds)
{
	double *times = calloc(rounds, sizeof(double)), *ratios = calloc(rounds, sizeof(double));
	size_t n_times = 0, n_ratios = 0;

	if (!times || !ratios)
		err(2, "calloc");
	for (size_t round = 0; round < rounds; round++) {
		if (isnan(command->ms[round]))
			continue;
		times[n_times++] = command->ms[round];
		if (!isnan(floor->ms[round]) && floor->ms[round] > 0)
			ratios[n_ratios++] = command->ms[round] / floor->ms[round];
	}
	if (command->first_failure != 0) {
		printf("| %s | failed with status %d | | | |\n", command->label,
		       command->first_failure);
	} else {
		printf("| %s | %.2f | %.2f | %.2f | %.2f |", command->label,
		       quantile(times, n_times, 0.5), quantile(times, n_times, 0),
		       quantile(times, n_times, 0.95), quantile(ratios, n_ratios, 0.5));
		if (command->failures > 0)
			printf(" (%zu of %zu failed)", command->failures, rounds);
		putchar('\n');
	}
	free(times);
	free(ratios);
}

int main(int argc, char **argv)
{
	struct sigaction alarm_action = {.sa_handler = on_alarm};
	struct command commands[MAX_COMMANDS];
	const sigset_t held = ends();
	size_t n, rounds;
	int ours_fd;

	if (argc < 5 || strtol(argv[1], NULL, 10) <= 0)
		errx(2, "usage: bench ROUNDS " SEPARATOR " LABEL COMMAND [ARG...] ...");
	rounds = (size_t)strtol(argv[1], NULL, 10);
	sigprocmask(SIG_BLOCK, &held, NULL);
	sigaction(SIGALRM, &alarm_action, NULL);
	n = commands_parse(argv + 2, commands);
	if (n == 0)
		errx(2, "no command");
	ours_fd = namespace_open("/proc/self/ns/mnt");
	trial_run(commands, n, rounds, ours_fd);
	measure(commands, n, rounds, ours_fd);
	for (size_t i = 0; i < n; i++)
		row_print(&commands[i], &commands[0], rounds);
	for (size_t i = 0; i < n; i++)
		free(commands[i].ms);
	return 0;
}
