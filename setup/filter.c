#include "filter.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "choices.h"
#include "cleanup.h"
#include "initfile.h"
#include "log.h"
#include "signals.h"
#include "sys.h"

/* An error is a line; what ctr-seccomp writes, however it was led astray, fits in memory. */
enum { LINE_SIZE = 4096, FILE_SIZE_MAX = 1 << 20 };

/* As numbers, so that they are aligned as the kernel wants them. */
static const uint64_t default_filter[] = {
#include "default_filter.h"
};
_Static_assert(sizeof(default_filter[0]) == sizeof(struct sock_filter), "one an instruction");

/* Becomes ctr-seccomp. It speaks to files in memory: nobody has to read while it writes. */
_Noreturn static void compiler_run(const char *path, const char *asked, uint64_t caps, int out_fd,
				   int error_fd)
{
	char mask[17];
	char *arguments[] = {(char *)"ctr-seccomp", (char *)asked, mask, NULL};
	char *environment[] = {NULL};

	snprintf(mask, sizeof(mask), "%016" PRIx64, caps);
	sys_die_with_parent();
	signals_default();
	signals_restore();
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){FILE_SIZE_MAX, FILE_SIZE_MAX});
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	if (dup2(error_fd, STDERR_FILENO) >= 0 && dup2(out_fd, STDOUT_FILENO) >= 0)
		execve(path, arguments, environment);
	dprintf(error_fd, "cannot execute %s: %s", path, strerror(errno));
	_exit(127);
}

/* What the compiler said: its line, without its name. */
static int refusal_say(const char *asked, int status, int error_fd)
{
	static const char name[] = "ctr-seccomp: ";
	char line[LINE_SIZE];
	ssize_t length = pread(error_fd, line, sizeof(line) - 1, 0);
	char *text = line;

	line[length > 0 ? length : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, name, sizeof(name) - 1) == 0)
		text += sizeof(name) - 1;
	if (*text)
		return fail(0, "%s", text);
	if (WIFSIGNALED(status))
		return fail(0, "cannot use %s: ctr-seccomp was ended by signal %d", asked,
			    WTERMSIG(status));
	return fail(0, "cannot use %s: ctr-seccomp ended with status %d", asked,
		    WEXITSTATUS(status));
}

static int program_seal(const void *code, size_t size, size_t *count)
{
	int fd = sys_sealed_file("seccomp", code, size);

	*count = size / sizeof(struct sock_filter);
	return fd < 0 ? fail(-fd, "cannot make a file in memory for the seccomp filter") : fd;
}

static int program_take(const char *asked, int out_fd, size_t *count)
{
	struct sock_filter code[BPF_MAXINSNS + 1]; /* one more is one too many */
	ssize_t size = pread(out_fd, code, sizeof(code), 0);

	if (size < 0)
		return fail(errno, "cannot read what ctr-seccomp made of %s", asked);
	if (size == 0 || (size_t)size == sizeof(code) || (size_t)size % sizeof(code[0]))
		return fail(0, "cannot use %s: what ctr-seccomp made of it is no filter", asked);
	return program_seal(code, (size_t)size, count);
}

static int profile_open(const char *asked, uint64_t caps, size_t *count)
{
	char path[PATH_MAX];
	AUTO_CLOSE int program_fd =
		program_open("ctr-seccomp", CTR_SECCOMP_PATH, path, sizeof(path));
	AUTO_CLOSE int out_fd = memfd_create("filter", MFD_CLOEXEC);
	AUTO_CLOSE int error_fd = memfd_create("error", MFD_CLOEXEC);
	AUTO_CLOSE int pid_fd = -1;
	struct sys_clone clone = {.cgroup_fd = -1, .pid_fd = -1};
	int pid, rc, status = 0;

	if (program_fd < 0)
		return fail(errno, "cannot open ctr-seccomp, neither beside ctr-setup nor as %s",
			    CTR_SECCOMP_PATH);
	if (out_fd < 0 || error_fd < 0)
		return fail(errno, "cannot make a file in memory for the seccomp filter");
	pid = sys_clone(&clone);
	if (pid == 0)
		compiler_run(path, asked, caps, out_fd, error_fd);
	if (pid < 0)
		return fail(-pid, "cannot start ctr-seccomp");
	pid_fd = clone.pid_fd;
	rc = sys_wait(pid, &status);
	if (rc < 0)
		return fail(-rc, "cannot wait for ctr-seccomp");
	return status ? refusal_say(asked, status, error_fd) : program_take(asked, out_fd, count);
}

/* A word that is no profile may be a wrong one of those that --seccomp knows. */
static int profile_find(const char *asked)
{
	struct nearest nearest = nearest_to(asked);
	int error = access(asked, R_OK) < 0 ? errno : 0;

	if (!error)
		return 0;
	choices_offer("default|none|FILE", &nearest);
	return fail(error, "cannot open the seccomp profile %s%s%s", asked,
		    nearest_question(&nearest, " (did you mean "), *nearest.name ? ")" : "");
}

int filter_open(const char *asked, uint64_t caps, size_t *count)
{
	if (asked && strcmp(asked, "default") != 0) {
		int rc = profile_find(asked);

		return rc < 0 ? rc : profile_open(asked, caps, count);
	}
	return program_seal(default_filter, sizeof(default_filter), count);
}
