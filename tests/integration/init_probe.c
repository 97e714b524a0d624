/* A payload for the tests of ctr-init that does what no shell can.
 *
 * init-probe NAME [ARGUMENT...]: see the table at the end. Each line is one write(2), since several
 * processes share the output.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAMILY_END = 64, STATUS = 42, LEFT_STATUS = 7, OTHER_USER = 12345 };

/* Raw, so that the C library's own two are among them. */
static const uint64_t all = ~UINT64_C(0);

static void all_block(void)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
}

static int signal_take(void)
{
	return (int)syscall(SYS_rt_sigtimedwait, &all, NULL, NULL, sizeof(all));
}

/* Says each signal that comes, up to the last. */
static void signals_say(const char *name, int last)
{
	int number;

	do {
		number = signal_take();
		dprintf(1, "%s got %d.\n", name, number);
	} while (number != last);
}

/* Lives until the test closes our stdin. */
static int input_await(int status)
{
	char bytes[64];

	while (read(STDIN_FILENO, bytes, sizeof(bytes)) > 0)
		;
	return status;
}

/* Two of one process group; both end at the last signal. */
static int family(char **arguments)
{
	pid_t child;

	(void)arguments;
	all_block();
	child = fork();
	if (child == 0) {
		signals_say("child", FAMILY_END);
		_exit(0);
	}
	dprintf(1, "ready\n");
	signals_say("parent", FAMILY_END);
	/* What the group was sent is waiting for the child already. */
	kill(child, FAMILY_END);
	return waitpid(child, NULL, 0) != child;
}

static int catch (char **arguments)
{
	all_block();
	dprintf(1, "ready\n");
	signals_say("probe", atoi(arguments[0]));
	return 0;
}

static void continued(int number)
{
	(void)number;
	(void)!write(1, "continued\n", 10);
}

_Noreturn static int cont(char **arguments)
{
	(void)arguments;
	signal(SIGCONT, continued);
	dprintf(1, "ready\n");
	for (;;)
		pause();
}

static int end_by(char **arguments)
{
	int number = atoi(arguments[0]);
	uint64_t none = 0;

	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
	syscall(SYS_kill, getpid(), number);
	return 0;
}

/* Orphans of a double fork that end at once; their numbers are said. */
static int orphans(char **arguments)
{
	for (int i = atoi(arguments[0]); i > 0; i--) {
		pid_t child = fork();

		if (child == 0) {
			pid_t orphan = fork();

			if (orphan == 0)
				_exit(3);
			dprintf(1, "orphan %d.\n", orphan);
			_exit(orphan < 0);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return 1;
	}
	dprintf(1, "made\n");
	return input_await(STATUS);
}

/* Orphans that end together with us. */
static int crowd(char **arguments)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		return 1;
	for (int i = atoi(arguments[0]); i > 0; i--) {
		pid_t child = fork();

		if (child == 0) {
			if (fork() == 0) {
				close(ends[1]);
				_exit(read(ends[0], &byte, 1) < 0);
			}
			_exit(0);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return 1;
	}
	return STATUS;
}

/* --- what stays behind us */

static void polite(const char *name)
{
	signals_say(name, SIGTERM);
	_exit(0);
}

static void stubborn(const char *name)
{
	for (;;)
		signals_say(name, SIGTERM);
}

static void stopped(const char *name)
{
	raise(SIGSTOP);
	polite(name);
}

static int births[2]; /* a pipe: something comes when the grandchild is there */

static void parent(const char *name)
{
	if (fork() == 0)
		polite("grandchild");
	(void)!write(births[1], "", 1);
	polite(name);
}

static int leave(char **arguments)
{
	static const struct {
		const char *name;
		void (*live)(const char *name);
	} table[] = {
		{"polite", polite},
		{"stubborn", stubborn},
		{"stopped", stopped},
		{"parent", parent},
	};

	if (pipe(births) < 0)
		return 1;
	for (; *arguments; arguments++) {
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
			pid_t child;
			char byte;

			if (strcmp(table[i].name, *arguments) != 0)
				continue;
			all_block();
			child = fork();
			if (child == 0) {
				setsid(); /* else the kernel would tell a stopped one of our end */
				table[i].live(table[i].name);
			}
			if (table[i].live == stopped)
				waitpid(child, NULL, WUNTRACED);
			if (table[i].live == parent && read(births[0], &byte, 1) != 1)
				return 1;
		}
	}
	dprintf(1, "leaving\n");
	return LEFT_STATUS;
}

static int other_user(char **arguments)
{
	(void)arguments;
	if (setresuid(OTHER_USER, OTHER_USER, OTHER_USER) < 0)
		return 1;
	dprintf(1, "ready\n");
	return input_await(STATUS);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **arguments);
	} table[] = {
		{"family", family}, {"catch", catch},		{"cont", cont},
		{"end-by", end_by}, {"orphans", orphans},	{"crowd", crowd},
		{"leave", leave},   {"other-user", other_user},
	};

	for (size_t i = 0; argc > 1 && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, argv[1]) == 0)
			return table[i].run(argv + 2);
	dprintf(2, "init-probe: no such thing\n");
	return 2;
}
