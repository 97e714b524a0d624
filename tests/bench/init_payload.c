/* What runs behind an init while that is measured. It does one thing, as its first word says:
 *
 *     clock               says on stdout at which time it began, and ends
 *     status N            ends with that status
 *     sleep               says on stdout that it is ready, and sleeps
 *     answer              the same, but answers each SIGUSR1 with a byte
 *     orphans LIVE EXITS  makes that many children of PID 1 that live and, behind them, that many
 *                         that wait for their end; lets these end when stdin says so, and says on
 *                         stdout how long it took until the last one was reaped
 *
 * Being ready is one byte. Times are in nanoseconds, eight bytes of this machine. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ORPHAN_STACK 1024
#define LOOK_NS	     200000L

/* Of the two pipes that orphans wait for, only the second one is ever closed. */
struct orphans {
	size_t n_live, n_exits;
	pid_t *exiting;
	char *stacks;
	int live_fds[2], exit_fds[2];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void say(const void *what, size_t size)
{
	if (write(1, what, size) != (ssize_t)size)
		_exit(1);
}

/* No stdio: it is to be small. */
static _Noreturn void die(const char *what)
{
	if (write(2, what, strlen(what)) < 0 || write(2, "\n", 1) < 0)
		_exit(2);
	_exit(1);
}

static void on_signal(int signal_number)
{
	(void)signal_number;
	say("a", 1);
}

static _Noreturn void forever(void)
{
	for (;;)
		pause();
}

static void *room(size_t size)
{
	void *place = mmap(NULL, size > 0 ? size : 1, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED)
		die("payload: mmap failed");
	return place;
}

/* It shares all memory with the others, so it uses next to none: not even an errno. */
static int orphan(void *fds)
{
	char nothing;

	syscall(SYS_read, ((const int *)fds)[0], &nothing, 1);
	syscall(SYS_exit_group, 0);
	return 0;
}

/* CLONE_PARENT: a child of our parent from the start, as an orphan is after its own parent's end.
 * Memory and descriptors are shared, so that 100000 of them fit into a small machine and one
 * close() is heard by all. */
static pid_t orphan_make(char *stack, int fds[2])
{
	pid_t pid = clone(orphan, stack + ORPHAN_STACK,
			  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_PARENT | SIGCHLD, fds);

	if (pid < 0)
		die("payload: clone failed");
	return pid;
}

static void orphans_make(struct orphans *orphans)
{
	size_t n = orphans->n_live + orphans->n_exits;

	if (pipe(orphans->live_fds) < 0 || pipe(orphans->exit_fds) < 0)
		die("payload: pipe failed");
	orphans->stacks = room(n * ORPHAN_STACK);
	orphans->exiting = room(orphans->n_exits * sizeof(pid_t));
	for (size_t i = 0; i < n; i++) {
		char *stack = orphans->stacks + i * ORPHAN_STACK;

		if (i < orphans->n_live)
			orphan_make(stack, orphans->live_fds);
		else
			orphans->exiting[i - orphans->n_live] =
				orphan_make(stack, orphans->exit_fds);
	}
}

/* Nobody else makes processes here, so a number that is gone stays gone. */
static void reaped_await(const struct orphans *orphans)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};

	for (size_t i = 0; i < orphans->n_exits; i++)
		while (kill(orphans->exiting[i], 0) == 0)
			nanosleep(&pause, NULL);
}

static _Noreturn void orphans_run(size_t n_live, size_t n_exits)
{
	struct orphans orphans = {.n_live = n_live, .n_exits = n_exits};
	uint64_t time;
	char go;

	orphans_make(&orphans);
	say("r", 1);
	if (read(0, &go, 1) != 1)
		_exit(1);
	time = now_ns();
	close(orphans.exit_fds[1]);
	reaped_await(&orphans);
	time = now_ns() - time;
	say(&time, sizeof(time));
	forever();
}

int main(int argc, char **argv)
{
	uint64_t began = now_ns();

	if (argc == 2 && strcmp(argv[1], "clock") == 0) {
		say(&began, sizeof(began));
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "status") == 0)
		return atoi(argv[2]);
	if (argc == 4 && strcmp(argv[1], "orphans") == 0)
		orphans_run(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	if (argc != 2 || (strcmp(argv[1], "sleep") != 0 && strcmp(argv[1], "answer") != 0))
		die("payload: its source says what it wants");
	if (strcmp(argv[1], "answer") == 0)
		signal(SIGUSR1, on_signal);
	say("r", 1);
	forever();
}
