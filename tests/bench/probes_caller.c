/* The caller's side of the security probes. It does one thing, as its first word says:
 *
 *     world DIR COMMAND...   executes COMMAND with what a careless caller has: a descriptor of DIR,
 *                            a secret in the environment, groups, a key in the session keyring, and
 *                            DIR as its working directory
 *     terminal COMMAND...    runs COMMAND on a terminal, and says whether anything was typed at it
 *     host TOKEN             a process of the host, listening on the abstract socket TOKEN
 *     identity FILE...       writes who these files are to standard output, see probes.h
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "probes.h"

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int world(char **words)
{
	static const gid_t groups[] = {4, 24, 27};
	int fd = open(words[0], O_RDONLY | O_DIRECTORY);

	if (fd < 0 || dup2(fd, LEAKED_FD) < 0 || (fd != LEAKED_FD && close(fd) < 0) ||
	    fchdir(LEAKED_FD) < 0)
		die(words[0]);
	if (setgroups(sizeof(groups) / sizeof(groups[0]), groups) < 0)
		die("setgroups");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
	    syscall(SYS_add_key, "user", SECRET_KEY, "secret", 6, KEY_SPEC_SESSION_KEYRING) < 0)
		die("keyring");
	setenv(SECRET_VARIABLE, "secret", 1);
	execvp(words[1], words + 1);
	die(words[1]);
	return 2;
}

/* The far end of the terminal: shows what it gets, so that nobody has to wait for a reader. */
static void relay(int master, pid_t pid)
{
	struct pollfd output = {master, POLLIN, 0};
	char bytes[4096];
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0)
		if (poll(&output, 1, 50) > 0) {
			ssize_t got = read(master, bytes, sizeof(bytes));

			if (got > 0 && write(STDERR_FILENO, bytes, (size_t)got) < 0)
				return;
		}
}

static int terminal(char **words)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, waiting = 0;
	struct termios modes;
	pid_t pid;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
	    (slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
		die("terminal");
	pid = fork();
	if (pid == 0) {
		setsid();
		if (ioctl(slave, TIOCSCTTY, 0) < 0)
			die("terminal");
		for (int fd = 0; fd < 3; fd++)
			dup2(slave, fd);
		execvp(words[0], words);
		die(words[0]);
	}
	relay(master, pid);
	/* Whatever modes the command left: a single byte is to count. */
	if (tcgetattr(slave, &modes) < 0)
		die("terminal");
	modes.c_lflag &= (tcflag_t)~ICANON;
	if (tcsetattr(slave, TCSANOW, &modes) < 0 || ioctl(slave, FIONREAD, &waiting) < 0)
		die("terminal");
	printf("terminal\t%s\t%d bytes were typed\n", waiting ? "FALLS" : "withstands", waiting);
	return 0;
}

static int host(char **words)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(words[0]);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (length > sizeof(address.sun_path) - 2)
		return 2;
	memcpy(address.sun_path + 1, words[0], length);
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) < 0 ||
	    listen(fd, 64) < 0)
		die("socket");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	puts("ready");
	fclose(stdout);
	for (;;)
		close(accept(fd, NULL, NULL));
}

static int identity(char **words)
{
	for (; *words; words++) {
		struct stat stat_buffer;
		struct identity one;

		if (stat(*words, &stat_buffer) < 0)
			die(*words);
		one = (struct identity){stat_buffer.st_dev, stat_buffer.st_ino};
		if (fwrite(&one, sizeof(one), 1, stdout) != 1)
			return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int least;
		int (*run)(char **words);
	} table[] = {
		{"world", 2, world},
		{"terminal", 1, terminal},
		{"host", 1, host},
		{"identity", 1, identity},
	};

	for (size_t i = 0; argc > 1 && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(argv[1], table[i].name) == 0 && argc - 2 >= table[i].least)
			return table[i].run(argv + 2);
	fputs("probes: see the head of probes_caller.c\n", stderr);
	return 2;
}
