/* The floor of the benchmark: the main job done with nothing but the system calls it needs.
 *
 * Before: a root file system in LOWER that has dev, proc, sys and run, and the cgroups to be made
 * in. After: the payload ran in a container with an overlay root, 10 % of one CPU, 500 MiB without
 * swap, device rules and the default filter of system calls; its status is ours and nothing is left
 * behind. It never looks at the host, never reads back, never recovers from a crash, never relays a
 * terminal and has no options: it says how cheap the job can be, not how it should be done.
 *
 * With --around it does a part only: overlay, cgroups and state around a COMMAND of the host that
 * makes the rest of the container, and finds the filter on descriptor FILTER_FD. So a tool that can
 * do no more than that is measured at the same job. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST_FLAGS (CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC)
#define FILTER_FD  99 /* no other of ours: dup2(2) onto itself would leave it to be closed */

struct limit {
	const char *file;
	const char *value;
	bool may_lack; /* a kernel without swap accounting has no such file */
};

struct layers {
	const char *lower, *upper, *work, *merged;
};

struct group {
	char path[PATH_MAX];
	int dir_fd;
};

/* What atexit() has to undo: an empty path was not made. */
static struct {
	struct group groups[3];
	size_t n_groups;
	char dir[64];
	char file[80];
} made;

static const struct limit cpu_limits[] = {
	{"cpu.cfs_quota_us", "10000", false},
};

static const struct limit memory_limits[] = {
	{"memory.limit_in_bytes", "524288000", false},
	{"memory.memsw.limit_in_bytes", "524288000", true},
	{"memory.swappiness", "0", false},
};

static const struct limit unified_limits[] = {
	{"cpu.max", "10000 100000", false},
	{"memory.max", "524288000", false},
	{"memory.swap.max", "0", true},
};

/* As the version 1 hierarchy takes them; what they are for is in setup/devices.c. */
static const char *const device_rules[] = {
	"c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm",
	"c 1:9 rwm", "c 5:0 rwm", "c 5:2 rw",  "c 136:* rw",
};

/* ---- the keeper: failures end in exit(), which undoes ---- */

static void undo(void)
{
	for (size_t i = made.n_groups; i-- > 0;)
		if (rmdir(made.groups[i].path) < 0)
			warn("rmdir %s", made.groups[i].path);
	if (made.file[0] && unlink(made.file) < 0)
		warn("unlink %s", made.file);
	if (made.dir[0] && rmdir(made.dir) < 0)
		warn("rmdir %s", made.dir);
}

static void write_at(int dir_fd, const char *file, const char *value, bool may_lack)
{
	int fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC | O_CREAT, 0600);
	size_t length = strlen(value);

	/* a cgroup refuses O_CREAT of an unknown file with EPERM or EACCES */
	if (fd < 0 && may_lack && (errno == ENOENT || errno == EPERM || errno == EACCES))
		return;
	if (fd < 0)
		err(FAILED, "open %s", file);
	if (write(fd, value, length) != (ssize_t)length)
		err(FAILED, "write %s to %s", value, file);
	close(fd);
}

/* Held until we end: the descriptor is left open on purpose. */
static int dir_lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(FAILED, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		err(FAILED, "flock %s", path);
	return fd;
}

static void state_make(void)
{
	char path[sizeof(made.dir)];

	snprintf(path, sizeof(path), "/run/ctr-floor.%d", (int)getpid());
	if (mkdir(path, 0700) < 0)
		err(FAILED, "mkdir %s", path);
	memcpy(made.dir, path, sizeof(path));
	write_at(dir_lock(path), "state", "floor\n", false);
	snprintf(made.file, sizeof(made.file), "%s/state", path);
}

static struct group *group_make(const char *parent, const struct limit limits[], size_t n_limits)
{
	struct group *group = &made.groups[made.n_groups];

	if (snprintf(group->path, sizeof(group->path), "%s/ctr-floor.%d", parent, (int)getpid()) >=
	    PATH_MAX)
		errx(FAILED, "%s: too long", parent);
	if (mkdir(group->path, 0755) < 0)
		err(FAILED, "mkdir %s", group->path);
	made.n_groups++;
	group->dir_fd = open(group->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (group->dir_fd < 0)
		err(FAILED, "open %s", group->path);
	for (size_t i = 0; i < n_limits; i++)
		write_at(group->dir_fd, limits[i].file, limits[i].value, limits[i].may_lack);
	return group;
}

static void devices_limit(const char *parent)
{
	int dir_fd = group_make(parent, NULL, 0)->dir_fd;
	int fd = openat(dir_fd, "devices.allow", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		err(FAILED, "open devices.allow");
	write_at(dir_fd, "devices.deny", "a", false);
	for (size_t i = 0; i < N_ELEMENTS(device_rules); i++)
		if (write(fd, device_rules[i], strlen(device_rules[i])) < 0)
			err(FAILED, "write %s to devices.allow", device_rules[i]);
	close(fd);
}

/* ---- PID 1: failures end in must() ---- */

/* A thread that moves itself does not take the lock over all thread groups, which waits for an RCU
 * grace period: this is why it is tasks, and 0, and not cgroup.procs. */
static void groups_enter(void)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl", "PR_SET_PDEATHSIG");
	/* in version 2 it was born there, and tasks is not */
	for (size_t i = 0; i < made.n_groups; i++) {
		int fd = openat(made.groups[i].dir_fd, "tasks", O_WRONLY | O_CLOEXEC);

		if (fd < 0 && errno == ENOENT)
			continue;
		must(fd, "open", "tasks");
		must(write(fd, "0", 1), "write", "tasks");
		close(fd);
	}
	must(unshare(CLONE_NEWCGROUP), "unshare", "CLONE_NEWCGROUP");
}

static void overlay_mount(const struct layers *layers)
{
	char options[4096];

	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount private", "/");
	snprintf(options, sizeof(options),
		 "lowerdir=%s,upperdir=%s,workdir=%s,redirect_dir=nofollow,metacopy=off,index=off,"
		 "xino=off",
		 layers->lower, layers->upper, layers->work);
	must(mount("overlay", layers->merged, "overlay", MS_NOSUID | MS_NODEV, options),
	     "mount overlay", layers->merged);
}

static _Noreturn void inside(const struct layers *layers, bool around, char *const command[])
{
	char *const by_default[] = {(char[]){"/bin/busybox"}, (char[]){"true"}, NULL};

	groups_enter();
	overlay_mount(layers);
	if (!around) {
		must(chdir(layers->merged), "chdir", layers->merged);
		container(*command ? command : by_default);
	}
	filter_hand(FILTER_FD);
	execvp(command[0], command);
	must(-1, "execvp", command[0]);
	_exit(FAILED);
}

int main(int argc, char **argv)
{
	bool around = argc > 1 && strcmp(argv[1], "--around") == 0;
	struct clone_args how = {.flags = around ? CLONE_NEWNS : HOST_FLAGS,
				 .exit_signal = SIGCHLD};
	struct layers layers;
	int status;
	pid_t init;

	argc -= around;
	argv += around;
	if (argc < 8 + around)
		errx(FAILED, "usage: floor [--around] CPU_PARENT MEMORY_PARENT DEVICES_PARENT "
			     "LOWER UPPER WORK MERGED [COMMAND...]\n"
			     "the first two parents are the same one on cgroup v2; the third is "
			     "- where no v1 hierarchy has devices");
	layers = (struct layers){argv[4], argv[5], argv[6], argv[7]};
	atexit(undo);
	/* bubblewrap ends before its container has: else its cgroups could not be removed */
	if (around)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	state_make();
	dir_lock(layers.upper);
	dir_lock(layers.work);
	if (strcmp(argv[1], argv[2]) == 0) {
		how.flags |= CLONE_INTO_CGROUP;
		how.cgroup = (__u64)group_make(argv[1], unified_limits, N_ELEMENTS(unified_limits))
				     ->dir_fd;
	} else {
		group_make(argv[1], cpu_limits, N_ELEMENTS(cpu_limits));
		group_make(argv[2], memory_limits, N_ELEMENTS(memory_limits));
	}
	if (strcmp(argv[3], "-") != 0)
		devices_limit(argv[3]);
	init = (pid_t)syscall(SYS_clone3, &how, sizeof(how));
	if (init < 0)
		err(FAILED, "clone3");
	if (init == 0)
		inside(&layers, around, argv + 8);
	if (waitpid(init, &status, 0) < 0)
		err(FAILED, "waitpid");
	while (around && wait(NULL) > 0)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
