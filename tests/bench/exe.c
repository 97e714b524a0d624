/* The forms in which PID 1's program can be executed so that nobody rewrites it (CVE-2019-5736).
 *
 *     cc -O2 -o exe tests/bench/exe.c && sudo CTR_MEMORY_GROUP=DIR ./exe ROUNDS CTR_INIT
 *
 * DIR is the memory cgroup that it runs in, alone. Each form is prepared and executed once a round,
 * in turns: what is timed is from the opening of the file to the end of a ctr-init that says its
 * version. Then INSTANCES of each are kept alive to see what they hold: in DIR, and as Shmem of the
 * machine. At last root with all capabilities, as with --privileged, tries to write to the program
 * of such a process by /proc/PID/exe. The file is a copy in a directory of its own. Prints a
 * Markdown table. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define INSTANCES 200
#define SEALS	  (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static char dir[] = "/tmp/ctr-exe.XXXXXX";
static char program[sizeof(dir) + 16], empty[sizeof(dir) + 16];

static int must(long rc, const char *what)
{
	if (rc < 0)
		err(1, "%s", what);
	return (int)rc;
}

/* ---- the forms: each returns a descriptor for execveat(2) */

static int sealed_copy(const void *image, size_t size)
{
	int fd = must(memfd_create("ctr-init", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create");
	char path[64];
	int read_fd;

	must(write(fd, image, size), "write");
	must(fcntl(fd, F_ADD_SEALS, SEALS), "seal");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
	close(fd);
	return read_fd;
}

static int file_itself(const void *image, size_t size)
{
	(void)image;
	(void)size;
	return must(open(program, O_RDONLY | O_CLOEXEC), program);
}

static int read_only_clone(const void *image, size_t size)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	int fd = must(open_tree(AT_FDCWD, program, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
		      "open_tree");

	(void)image;
	(void)size;
	must(mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)), "mount_setattr");
	return fd;
}

static int read_only_overlay(const void *image, size_t size)
{
	int fs_fd = must(fsopen("overlay", FSOPEN_CLOEXEC), "fsopen"), mount_fd, fd;
	char lower[2 * sizeof(empty)];

	(void)image;
	(void)size;
	snprintf(lower, sizeof(lower), "%s:%s", dir, empty); /* without an upper it wants two */
	must(fsconfig(fs_fd, FSCONFIG_SET_STRING, "lowerdir", lower, 0), lower);
	must(fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "make an overlay");
	mount_fd = must(fsmount(fs_fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID),
			"fsmount");
	fd = must(openat(mount_fd, "ctr-init", O_RDONLY | O_CLOEXEC), "ctr-init");
	close(mount_fd);
	close(fs_fd);
	return fd;
}

static const struct form {
	const char *name;
	int (*open)(const void *image, size_t size);
} forms[] = {
	{"a sealed copy in memory", sealed_copy},
	{"the file itself", file_itself},
	{"a detached read-only clone of its mount", read_only_clone},
	{"a detached read-only overlay", read_only_overlay},
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

/* Starts ctr-init by a form, its words in arguments. In all forms the file is looked at first. */
static pid_t start(const struct form *form, char *const arguments[])
{
	int file_fd = must(open(program, O_RDONLY | O_CLOEXEC), program), fd;
	struct stat stat;
	char *image;
	pid_t pid;

	must(fstat(file_fd, &stat), program);
	image = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file_fd, 0);
	if (image == MAP_FAILED || memcmp(image, "\177ELF", 4) != 0)
		errx(1, "cannot map %s, or it is no program", program);
	fd = form->open(image, (size_t)stat.st_size);
	munmap(image, (size_t)stat.st_size);
	close(file_fd);
	pid = must(vfork(), "vfork");
	if (pid == 0) {
		execveat(fd, "", arguments, (char *[]){NULL}, AT_EMPTY_PATH);
		_exit(127);
	}
	close(fd);
	return pid;
}

static void end(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0), "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		errx(1, "cannot execute %s", program);
}

/* ---- time */

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void time_all(size_t rounds, double *us[FORMS])
{
	char *const arguments[] = {(char[]){"ctr-init"}, (char[]){"--version"}, NULL};
	const struct timespec pause = {.tv_nsec = 1000000};

	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0, first = (size_t)random(); i < FORMS; i++) {
			size_t which = (first + i) % FORMS;
			double began;

			nanosleep(&pause, NULL);
			began = now_us();
			end(start(&forms[which], arguments));
			us[which][round] = now_us() - began;
		}
	for (size_t i = 0; i < FORMS; i++)
		qsort(us[i], rounds, sizeof(double), compare);
}

/* ---- memory */

static long number_after(const char *path, const char *key)
{
	char text[16384] = "";
	const char *at;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	at = got < 0 ? NULL : strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* Our own cgroup's count, where CTR_MEMORY_GROUP names its directory. */
static long group_bytes(void)
{
	static const char *const files[] = {"memory.usage_in_bytes", "memory.current"};
	const char *group = getenv("CTR_MEMORY_GROUP");
	char path[PATH_MAX];
	long bytes = -1;

	for (size_t i = 0; group && bytes < 0 && i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", group, files[i]);
		bytes = number_after(path, "");
	}
	return bytes;
}

static void memory_of(const struct form *form, double *group_kib, double *shmem_kib)
{
	char *const arguments[] = {(char[]){"ctr-init"}, (char[]){"--"}, (char[]){"/bin/sleep"},
				   (char[]){"1000"}, NULL};
	const struct timespec settle = {.tv_nsec = 500000000};
	long group = group_bytes(), shmem = number_after("/proc/meminfo", "Shmem:");
	pid_t pids[INSTANCES];

	for (size_t i = 0; i < INSTANCES; i++)
		pids[i] = start(form, arguments);
	nanosleep(&settle, NULL);
	*shmem_kib = (double)(number_after("/proc/meminfo", "Shmem:") - shmem) / INSTANCES;
	*group_kib = group < 0 ? -1 : (double)(group_bytes() - group) / 1024 / INSTANCES;
	for (size_t i = 0; i < INSTANCES; i++)
		kill(pids[i], SIGTERM);
	for (size_t i = 0; i < INSTANCES; i++)
		end(pids[i]);
	nanosleep(&settle, NULL);
}

/* ---- safety */

static const char *write_try(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	const char *said = "";

	if (fd < 0)
		return strerrorname_np(errno);
	said = pwrite(fd, "\177", 1, 0) == 1 ? "WRITTEN" : strerrorname_np(errno);
	close(fd);
	return said;
}

/* While it runs, and when it has ended and its descriptor was kept. */
static void attack(const struct form *form, const char **living, const char **dead)
{
	char *const arguments[] = {(char[]){"ctr-init"}, (char[]){"--"}, (char[]){"/bin/sleep"},
				   (char[]){"1000"}, NULL};
	const struct timespec settle = {.tv_nsec = 50000000};
	pid_t pid = start(form, arguments);
	char path[64];
	int fd;

	nanosleep(&settle, NULL);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	fd = must(open(path, O_PATH | O_CLOEXEC), path);
	*living = write_try(path);
	kill(pid, SIGTERM);
	end(pid);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*dead = write_try(path);
	close(fd);
}

static void directories_make(void)
{
	if (!mkdtemp(dir))
		err(1, "%s", dir);
	snprintf(program, sizeof(program), "%s/ctr-init", dir);
	snprintf(empty, sizeof(empty), "%s.empty", dir);
	must(mkdir(empty, 0700), empty);
}

static void directories_remove(void)
{
	unlink(program);
	rmdir(dir);
	rmdir(empty);
}

/* Afresh: the one before may have been written to. */
static void copy_make(const char *from)
{
	char command[PATH_MAX + 64];

	unlink(program);
	snprintf(command, sizeof(command), "cp '%s' %s", from, program);
	if (system(command) != 0)
		errx(1, "cannot copy %s", from);
}

int main(int argc, char **argv)
{
	size_t rounds = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC), out_fd = dup(STDOUT_FILENO);
	FILE *to = fdopen(out_fd, "w");
	double *us[FORMS];

	if (!rounds || null_fd < 0 || !to)
		errx(1, "usage: exe ROUNDS CTR_INIT");
	fcntl(out_fd, F_SETFD, FD_CLOEXEC);
	dup2(null_fd, STDOUT_FILENO);
	directories_make();
	atexit(directories_remove);
	copy_make(argv[2]);
	for (size_t i = 0; i < FORMS; i++)
		us[i] = calloc(rounds, sizeof(double));
	time_all(rounds, us);
	fprintf(to, "| PID 1 executes | median (least) µs | KiB in the cgroup | of it Shmem | "
		    "written to while it runs | afterwards |\n"
		    "| --- | ---: | ---: | ---: | --- | --- |\n");
	for (size_t i = 0; i < FORMS; i++) {
		double group_kib, shmem_kib;
		const char *living, *dead;

		memory_of(&forms[i], &group_kib, &shmem_kib);
		attack(&forms[i], &living, &dead);
		copy_make(argv[2]);
		fprintf(to, "| %s | %.0f (%.0f) | %.1f | %.1f | %s | %s |\n", forms[i].name,
			us[i][rounds / 2], us[i][0], group_kib, shmem_kib, living, dead);
	}
	fclose(to);
	return 0;
}
