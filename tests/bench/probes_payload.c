/* The hostile payload of the security probes, static, the only program of the hostile root. It
 * looks, and opens, and asks; what it opens for writing is never written to. By its first word:
 *
 *     all TOKEN   every probe of the table at the end
 *     poke        writes to what a root prepares under /dev, /proc, /sys and /run, and says whether
 *                 a mount lies below /planted
 *     where       says whether the working directory is outside the root
 *     type        types into the terminal that it was given
 *     linger MARK leaves a process behind
 *     hold MARK   stays
 *     gained      status 1 when it is root
 *     bound       status 0 when a file is bound on /etc/new
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fcntl.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes.h"

#ifndef PTRACE_SEIZE
#define PTRACE_SEIZE 0x4206
#endif

enum { LIFE_S = 60, FDS = 1024 };

static pid_t payload; /* what the tool started; a probe is its child */

struct finding withstands(void)
{
	return (struct finding){.falls = false};
}

struct finding falls(const char *format, ...)
{
	struct finding finding = {.falls = true};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding.text, sizeof(finding.text), format, arguments);
	va_end(arguments);
	return finding;
}

struct finding falls_if_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC) >= 0 ? falls("%s opens", path) : withstands();
}

/* Some files open for anybody and refuse only to be read, or are empty. */
static struct finding falls_if_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char byte;

	return fd >= 0 && read(fd, &byte, 1) == 1 ? falls("%s is read", path) : withstands();
}

/* --- what came along from the caller */

static struct finding probe_descriptors(const char *token)
{
	(void)token;
	for (int fd = 3; fd < FDS; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return falls("descriptor %d", fd);
	return withstands();
}

static struct finding probe_environment(const char *token)
{
	(void)token;
	return getenv(SECRET_VARIABLE) ? falls("%s", SECRET_VARIABLE) : withstands();
}

static struct finding probe_groups(const char *token)
{
	gid_t groups[64];
	int count = getgroups(64, groups);

	(void)token;
	for (int i = 0; i < count; i++)
		if (groups[i] != getgid())
			return falls("%d groups", count);
	return withstands();
}

static struct finding probe_directory(const char *token)
{
	char seen[4096];

	(void)token;
	if (syscall(SYS_getcwd, seen, sizeof(seen)) < 0 || seen[0] != '/')
		return falls("%.20s", seen);
	return access(MARKER, F_OK) == 0 ? falls("the caller's") : withstands();
}

/* --- what of the host is seen */

static struct finding probe_host_processes(const char *token)
{
	glob_t found;
	struct finding finding = withstands();

	if (glob("/proc/[0-9]*/cmdline", 0, NULL, &found) != 0)
		return finding;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char line[4096] = "";
		int fd = open(found.gl_pathv[i], O_RDONLY);
		ssize_t got = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);

		/* its words: the program, "host", the token */
		if (got > 0 && memmem(line, (size_t)got, "\0host", 6) &&
		    memmem(line, (size_t)got, token, strlen(token)))
			finding = falls("%s", found.gl_pathv[i]);
		if (fd >= 0)
			close(fd);
	}
	return finding;
}

static struct finding probe_kcore(const char *token)
{
	(void)token;
	return falls_if_read("/proc/kcore");
}

static struct finding probe_timer_list(const char *token)
{
	(void)token;
	return falls_if_read("/proc/timer_list");
}

/* Mode 0400: of all users inside only root can, and only where it is the host's root. */
static struct finding probe_memory_maps(const char *token)
{
	static const char *const paths[] = {"/proc/kpageflags", "/proc/kpagecount",
					    "/proc/slabinfo", "/proc/vmallocinfo"};

	(void)token;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		char entry[8]; /* of kpageflags no less can be read: proc(5) */

		if (fd >= 0 && read(fd, entry, sizeof(entry)) > 0)
			return falls("%s is read", paths[i]);
	}
	return withstands();
}

static struct finding probe_firmware(const char *token)
{
	DIR *dir = opendir("/sys/firmware");
	struct dirent *entry;

	(void)token;
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			return falls("/sys/firmware/%.32s", entry->d_name);
	return withstands();
}

/* --- what of the host could be changed */

static struct finding probe_sysctl(const char *token)
{
	(void)token;
	return falls_if_open("/proc/sys/kernel/core_pattern", O_WRONLY);
}

static struct finding probe_sysrq(const char *token)
{
	(void)token;
	return falls_if_open("/proc/sysrq-trigger", O_WRONLY);
}

static struct finding first_open(const char *const patterns[], int flags)
{
	for (; *patterns; patterns++) {
		glob_t found;

		if (glob(*patterns, 0, NULL, &found) != 0)
			continue;
		for (size_t i = 0; i < found.gl_pathc; i++) {
			struct finding finding = falls_if_open(found.gl_pathv[i], flags);

			if (finding.falls)
				return finding;
		}
		globfree(&found);
	}
	return withstands();
}

static struct finding probe_sys(const char *token)
{
	static const char *const attributes[] = {
		"/sys/kernel/mm/*/enabled",   "/sys/kernel/mm/ksm/run",	  "/sys/kernel/profiling",
		"/sys/module/*/parameters/*", "/sys/class/net/*/ifalias", NULL};

	(void)token;
	return first_open(attributes, O_WRONLY);
}

static struct finding probe_proc_files(const char *token)
{
	static const char *const files[] = {"/proc/dynamic_debug/control", "/proc/mtrr",
					    "/proc/pressure/*", NULL};

	(void)token;
	return first_open(files, O_WRONLY);
}

static struct finding probe_cgroup(const char *token)
{
	static const char *const files[] = {"/sys/fs/cgroup/cgroup.procs",
					    "/sys/fs/cgroup/*/cgroup.procs", NULL};

	(void)token;
	return first_open(files, O_WRONLY);
}

static struct finding probe_release_agent(const char *token)
{
	static const char *const files[] = {"/sys/fs/cgroup/release_agent",
					    "/sys/fs/cgroup/*/release_agent", NULL};

	(void)token;
	return first_open(files, O_WRONLY);
}

/* --- PID 1, when the tool has one of its own in there */

static struct finding probe_pid_1(const char *token)
{
	static const char *const paths[] = {"/proc/1/root", "/proc/1/exe", "/proc/1/fd/0",
					    "/proc/1/mem", "/proc/1/environ"};

	(void)token;
	if (payload == 1)
		return withstands();
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct finding finding = falls_if_open(paths[i], O_RDONLY | O_NONBLOCK);

		if (finding.falls)
			return finding;
	}
	return syscall(SYS_ptrace, PTRACE_SEIZE, 1, 0, 0) == 0 ? falls("traced") : withstands();
}

/* A program that runs cannot be written to: ETXTBSY says that it could be, later. */
static bool could_write(const char *path)
{
	return open(path, O_WRONLY | O_CLOEXEC) >= 0 || errno == ETXTBSY;
}

static struct finding probe_pid_1_program(const char *token)
{
	int fd = open("/proc/1/exe", O_RDONLY | O_CLOEXEC), list = open(IDENTITY_PATH, O_RDONLY);
	struct identity one;
	struct statvfs fs;
	struct stat stat;

	(void)token;
	if (fd < 0 || fstat(fd, &stat) < 0 || fstatvfs(fd, &fs) < 0 || fs.f_flag & ST_RDONLY)
		return withstands();
	while (read(list, &one, sizeof(one)) == sizeof(one))
		if (one.device == stat.st_dev && one.inode == stat.st_ino &&
		    could_write("/proc/1/exe"))
			return falls("/proc/1/exe is the host's");
	return withstands();
}

static const struct {
	const char *name;
	probe_function *run;
} probes[] = {
	{"descriptors", probe_descriptors},
	{"environment", probe_environment},
	{"groups", probe_groups},
	{"directory", probe_directory},
	{"keyring", probe_keyring},
	{"processes", probe_host_processes},
	{"abstract", probe_abstract_socket},
	{"kernel-log", probe_kernel_log},
	{"kcore", probe_kcore},
	{"timer-list", probe_timer_list},
	{"memory-maps", probe_memory_maps},
	{"proc-files", probe_proc_files},
	{"firmware", probe_firmware},
	{"sysctl", probe_sysctl},
	{"sysrq", probe_sysrq},
	{"sys", probe_sys},
	{"cgroup", probe_cgroup},
	{"release-agent", probe_release_agent},
	{"pid-1", probe_pid_1},
	{"pid-1-program", probe_pid_1_program},
	{"no-new-privs", probe_no_new_privs},
	{"set-user-id", probe_set_user_id},
	{"capabilities", probe_capabilities},
	{"mknod", probe_mknod},
	{"mount", probe_mount},
	{"user-namespace", probe_user_namespace},
	{"io-uring", probe_io_uring},
	{"userfaultfd", probe_userfaultfd},
	{"bpf", probe_bpf},
	{"keyctl", probe_keyctl},
	{"af-alg", probe_af_alg},
};

/* Each in a process of its own: a filter may kill for the asking. */
static int run_all(const char *token)
{
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			struct finding finding = probes[i].run(token);

			printf("%s\t%s\t%s\n", probes[i].name,
			       finding.falls ? "FALLS" : "withstands", finding.text);
			fflush(stdout);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 2;
		if (WIFSIGNALED(status))
			printf("%s\twithstands\tended by signal %d\n", probes[i].name,
			       WTERMSIG(status));
		fflush(stdout);
	}
	return 0;
}

static int poke(const char *unused)
{
	static const char *const files[] = {
		"/dev/null",	    "/dev/console",  "/dev/ptmx",
		"/dev/poke",	    "/dev/pts/poke", "/dev/shm/poke",
		"/dev/mqueue/poke", "/proc/poke",    "/proc/self/oom_score_adj",
		"/sys/poke",	    "/run/poke",     "/etc/poke"};
	static const char *const planted[] = {"/planted/proc", "/planted/sys"};
	struct stat here, there;

	(void)unused;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, 0644);

		if (fd >= 0 && write(fd, "0", 1) == 1)
			close(fd);
	}
	if (stat("/dev/null", &here) == 0 &&
	    !(S_ISCHR(here.st_mode) && here.st_rdev == makedev(1, 3)))
		puts("FALLS\t/dev/null is the root's");
	for (size_t i = 0; i < 2; i++)
		if (stat("/", &here) == 0 && stat(planted[i], &there) == 0 &&
		    here.st_dev != there.st_dev)
			printf("FALLS\t%s is mounted on\n", planted[i]);
	return 0;
}

static int where(const char *unused)
{
	struct finding finding = probe_directory(unused);

	if (finding.falls)
		printf("FALLS\t%s\n", finding.text);
	return 0;
}

/* A filter may look at more bits of the request than the kernel does. */
static int type(const char *unused)
{
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY);
	const int fds[] = {0, 1, 2, tty};

	(void)unused;
	for (size_t i = 0; i < 4; i++) {
		syscall(SYS_ioctl, fds[i], (unsigned long)TIOCSTI, "x");
		syscall(SYS_ioctl, fds[i], TIOCSTI | 1UL << 32, "\n");
	}
	return 0;
}

static int hold(const char *unused)
{
	(void)unused;
	sleep(LIFE_S);
	return 0;
}

static int linger(const char *unused)
{
	if (fork() > 0)
		return 0;
	setsid();
	for (int fd = 0; fd < 3; fd++) /* nobody is to wait for us by a pipe's end */
		close(fd);
	return hold(unused);
}

static int gained(const char *unused)
{
	(void)unused;
	return geteuid() == 0;
}

static int bound(const char *unused)
{
	struct stat stat_buffer;

	(void)unused;
	return stat("/etc/new", &stat_buffer) < 0 || stat_buffer.st_size == 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *argument);
	} table[] = {
		{"all", run_all}, {"poke", poke},     {"where", where},	  {"type", type},
		{"hold", hold},	  {"linger", linger}, {"gained", gained}, {"bound", bound},
	};

	payload = getpid();
	for (size_t i = 0; argc > 1 && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(argv[1], table[i].name) == 0)
			return table[i].run(argc > 2 ? argv[2] : "");
	return 2;
}
