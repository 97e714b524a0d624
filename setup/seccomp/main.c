/* ctr-seccomp: writes a seccomp filter, compiled, to its standard output.
 *
 *   ctr-seccomp default     the filter that containers get
 *   ctr-seccomp FILE CAPS   a profile of the OCI runtime specification, linux.seccomp, for a
 *                           container with these capabilities (hexadecimal, as in /proc/PID/status)
 *
 * What comes out is an array of struct sock_filter for this machine and nothing else, all of it or,
 * with one line on stderr and status 125, none of it.
 *
 * A program of its own, so that ctr-setup has to load neither a JSON library nor libseccomp, and no
 * file that somebody wrote by hand is parsed by the process that makes containers. The build runs
 * it for the default filter, which is part of ctr-setup; ctr-setup runs it for a FILE (filter.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctr/exit.h"

#include "default.h"
#include "profile.h"
#include "refuse.h"

/* A profile in use takes 0.02 s. */
enum { CPU_SECONDS = 5 };

static void give_up(int number)
{
	static const char line[] = "ctr-seccomp: cannot compile the profile: its comparisons take "
				   "too long: give it fewer\n";

	(void)number;
	(void)!write(STDERR_FILENO, line, sizeof(line) - 1);
	_exit(CTR_EXIT_FAILURE);
}

/* With many comparisons in an entry libseccomp's time grows exponentially; its memory does
 * not. */
static void time_limit(void)
{
	signal(SIGXCPU, give_up);
	setrlimit(RLIMIT_CPU, &(struct rlimit){CPU_SECONDS, CPU_SECONDS + 1});
}

/* The whole file; neither a pipe that never ends nor a device. */
static ssize_t file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat stat_buffer;
	size_t used = 0;
	ssize_t got = 1;

	if (fd < 0)
		return refuse("cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &stat_buffer) < 0 || !S_ISREG(stat_buffer.st_mode)) {
		close(fd);
		return refuse("cannot use %s: it is no regular file", path);
	}
	while (got > 0 && used < size) {
		got = read(fd, text + used, size - used);
		used += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		refuse("cannot read %s: %s", path, strerror(errno));
	close(fd);
	return got < 0 ? -EIO : (ssize_t)used;
}

static int file_compile(const char *path, uint64_t caps, struct program *program)
{
	static char text[PROFILE_MAX + 1]; /* one more byte is one too many */
	ssize_t size = file_read(path, text, sizeof(text));

	return size < 0 ? (int)size : profile_compile(path, text, (size_t)size, caps, program);
}

static int asked_compile(int argc, char **argv, struct program *program)
{
	uint64_t caps;
	char behind;

	if (argc == 2 && strcmp(argv[1], "default") == 0)
		return default_compile(program);
	if (argc == 3 && sscanf(argv[2], "%" SCNx64 "%c", &caps, &behind) == 1)
		return file_compile(argv[1], caps, program);
	return refuse("say 'ctr-seccomp default' or 'ctr-seccomp FILE CAPS', with CAPS as CapBnd "
		      "in /proc/PID/status");
}

int main(int argc, char **argv)
{
	static struct program program;

	time_limit();
	if (asked_compile(argc, argv, &program) < 0)
		return CTR_EXIT_FAILURE;
	if (fwrite(program.code, sizeof(program.code[0]), program.count, stdout) != program.count ||
	    fflush(stdout) != 0) {
		refuse("cannot write the filter: %s", strerror(errno));
		return CTR_EXIT_FAILURE;
	}
	return 0;
}
