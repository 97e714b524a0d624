/* The floor of the benchmark: the main job done with nothing but the system calls it needs.
 *
 * Before: a root file system in LOWER that has dev, proc, sys and run, and the cgroups to be made
 * in. After: the payload ran in a container with an overlay root, 10 % of one CPU and 500 MiB
 * without swap; its status is ours and nothing is left behind. It never looks at the host, never
 * recovers from a crash, never relays a terminal and has no options: it says how cheap the job can
 * be, not how it should be done.
 *
 * With --around it does a part only: overlay, cgroups and state around a COMMAND of the host that
 * makes the rest of the container. So a tool that can do no more than that is measured at the same
 * job. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILED		  125
#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

#define HOST_FLAGS (CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC)
#define BOUNDING   UINT64_C(0x00000000a80425fb)

struct limit {
	const char *file;
	const char *value;
	bool may_lack; /* a kernel without swap accounting has no such file */
};

struct mounting {
	const char *type;
	const char *target;
	unsigned long flags;
	const char *data;
};

struct node {
	const char *path;
	unsigned int major, minor;
};

struct link {
	const char *target, *path;
};

struct layers {
	const char *lower, *upper, *work, *merged;
};

/* What atexit() has to undo: an empty path was not made. */
static struct {
	char cpu[PATH_MAX];
	char memory[PATH_MAX];
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

/* In this order: what is mounted on /dev needs the directories made by devices_make(). */
static const struct mounting mounts[] = {
	{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL},
	{"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755"},
	{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5"},
	{"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777"},
	{"mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
};

static const struct node nodes[] = {
	{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

static const struct link links[] = {
	{"pts/ptmx", "/dev/ptmx"},	    {"/proc/self/fd", "/dev/fd"},
	{"/proc/self/fd/0", "/dev/stdin"},  {"/proc/self/fd/1", "/dev/stdout"},
	{"/proc/self/fd/2", "/dev/stderr"},
};

static const char *const masked_files[] = {
	"/proc/interrupts",  "/proc/kcore",	 "/proc/keys",	       "/proc/latency_stats",
	"/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats",  "/proc/kpagecgroup",
	"/proc/kpagecount",  "/proc/kpageflags", "/proc/pagetypeinfo", "/proc/slabinfo",
	"/proc/vmallocinfo",
};

static const char *const masked_dirs[] = {
	"/proc/acpi", "/proc/dynamic_debug", "/proc/asound",
	"/proc/scsi", "/sys/firmware",	     "/sys/devices/virtual/powercap",
};

static const char *const read_only[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/pressure", "/proc/sys", "/proc/sysrq-trigger",
};

/* ---- the keeper: failures end in exit(), which undoes ---- */

static void undo(void)
{
	if (made.cpu[0] && rmdir(made.cpu) < 0)
		warn("rmdir %s", made.cpu);
	if (made.memory[0] && rmdir(made.memory) < 0)
		warn("rmdir %s", made.memory);
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

static void state_make(void)
{
	char path[sizeof(made.dir)];
	int fd;

	snprintf(path, sizeof(path), "/run/ctr-floor.%d", (int)getpid());
	if (mkdir(path, 0700) < 0)
		err(FAILED, "mkdir %s", path);
	memcpy(made.dir, path, sizeof(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err(FAILED, "open %s", path);
	/* held until we end: the descriptor is left open on purpose */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		err(FAILED, "flock %s", path);
	write_at(fd, "state", "floor\n", false);
	snprintf(made.file, sizeof(made.file), "%s/state", path);
}

/* Makes a group below parent and returns its directory; the path goes where undo() looks. */
static int group_make(const char *parent, char path[PATH_MAX], const struct limit limits[],
		      size_t n_limits)
{
	char wanted[PATH_MAX];
	int dir_fd;

	if (snprintf(wanted, sizeof(wanted), "%s/ctr-floor.%d", parent, (int)getpid()) >= PATH_MAX)
		errx(FAILED, "%s: too long", parent);
	if (mkdir(wanted, 0755) < 0)
		err(FAILED, "mkdir %s", wanted);
	memcpy(path, wanted, sizeof(wanted));
	dir_fd = open(wanted, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		err(FAILED, "open %s", wanted);
	for (size_t i = 0; i < n_limits; i++)
		write_at(dir_fd, limits[i].file, limits[i].value, limits[i].may_lack);
	return dir_fd;
}

/* ---- PID 1: failures end in _exit(), so that what the keeper made stays the keeper's ---- */

static void must(long rc, const char *what, const char *object)
{
	if (rc >= 0)
		return;
	warn("%s %s", what, object);
	_exit(FAILED);
}

/* A thread that moves itself does not take the lock over all thread groups, which waits for an RCU
 * grace period: this is why it is tasks, and 0, and not cgroup.procs. */
static void group_enter(int dir_fd)
{
	int fd = openat(dir_fd, "tasks", O_WRONLY | O_CLOEXEC);

	must(fd, "open", "tasks");
	must(write(fd, "0", 1), "write", "tasks");
	close(fd);
}

static void overlay_mount(const struct layers *layers)
{
	char options[3 * PATH_MAX];

	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount private", "/");
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", layers->lower,
		 layers->upper, layers->work);
	must(mount("overlay", layers->merged, "overlay", 0, options), "mount overlay",
	     layers->merged);
}

static void root_change(const struct layers *layers)
{
	must(chdir(layers->merged), "chdir", layers->merged);
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root", layers->merged);
	must(umount2(".", MNT_DETACH), "umount2", "the old root");
	must(chdir("/"), "chdir", "/");
}

static void devices_make(void)
{
	umask(0);
	must(mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755"), "mount", "/dev");
	for (size_t i = 0; i < N_ELEMENTS(nodes); i++)
		must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
		     "mknod", nodes[i].path);
	for (size_t i = 0; i < N_ELEMENTS(links); i++)
		must(symlink(links[i].target, links[i].path), "symlink", links[i].path);
	must(mkdir("/dev/pts", 0755), "mkdir", "/dev/pts");
	must(mkdir("/dev/shm", 0755), "mkdir", "/dev/shm");
	must(mkdir("/dev/mqueue", 0755), "mkdir", "/dev/mqueue");
	umask(022);
}

static void mounts_make(void)
{
	for (size_t i = 0; i < N_ELEMENTS(mounts); i++)
		must(mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			   mounts[i].data),
		     "mount", mounts[i].target);
}

/* Returns false where there is nothing to cover. */
static bool cover(const char *source, const char *target)
{
	if (mount(source, target, NULL, MS_BIND, NULL) == 0)
		return true;
	if (errno != ENOENT)
		must(-1, "bind over", target);
	return false;
}

static void paths_cover(void)
{
	const char *empty = NULL;

	for (size_t i = 0; i < N_ELEMENTS(masked_files); i++)
		cover("/dev/null", masked_files[i]);
	/* the first directory gets a file system of its own, the others the same one again */
	for (size_t i = 0; i < N_ELEMENTS(masked_dirs); i++) {
		if (empty)
			cover(empty, masked_dirs[i]);
		else if (mount("tmpfs", masked_dirs[i], "tmpfs", MS_RDONLY, "mode=555") == 0)
			empty = masked_dirs[i];
		else if (errno != ENOENT)
			must(-1, "mount over", masked_dirs[i]);
	}
	for (size_t i = 0; i < N_ELEMENTS(read_only); i++)
		if (cover(read_only[i], read_only[i]))
			must(mount(NULL, read_only[i], NULL,
				   MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV |
					   MS_NOEXEC,
				   NULL),
			     "remount read-only", read_only[i]);
}

static void identity_set(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd, "socket", "AF_INET");
	must(ioctl(fd, SIOCSIFFLAGS, &request), "bring up", "lo");
	close(fd);
	must(sethostname("floor", 5), "sethostname", "floor");
}

static void privileges_drop(void)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (BOUNDING >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		/* past the last one that this kernel knows */
		if (errno == EINVAL && cap > CAP_AUDIT_READ)
			break;
		must(-1, "prctl", "PR_CAPBSET_DROP");
	}
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl", "PR_SET_NO_NEW_PRIVS");
}

static _Noreturn void payload_run(char *const command[])
{
	char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
	int status = 0;
	pid_t payload = vfork(), ended;

	must(payload, "vfork", command[0]);
	if (payload == 0) {
		execve(command[0], command, environment);
		must(-1, "execve", command[0]);
	}
	do {
		ended = wait(&status);
		must(ended, "wait", command[0]);
	} while (ended != payload);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void limits_enter(int cpu_fd, int memory_fd)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl", "PR_SET_PDEATHSIG");
	if (cpu_fd != memory_fd) {
		group_enter(cpu_fd);
		group_enter(memory_fd);
	}
	must(unshare(CLONE_NEWCGROUP), "unshare", "CLONE_NEWCGROUP");
}

static _Noreturn void container(const struct layers *layers, char *const command[])
{
	root_change(layers);
	devices_make();
	mounts_make();
	identity_set();
	paths_cover();
	privileges_drop();
	payload_run(command);
}

int main(int argc, char **argv)
{
	char *const by_default[] = {(char[]){"/bin/busybox"}, (char[]){"true"}, NULL};
	struct clone_args how = {.flags = HOST_FLAGS, .exit_signal = SIGCHLD};
	int cpu_fd, memory_fd, status;
	bool around = argc > 1 && strcmp(argv[1], "--around") == 0;
	struct layers layers;
	pid_t init;

	argc -= around;
	argv += around;
	if (argc < 7 + around)
		errx(FAILED, "usage: floor [--around] CPU_PARENT MEMORY_PARENT LOWER UPPER WORK "
			     "MERGED [COMMAND...]\n"
			     "the two parents are the same one on cgroup v2");
	if (around)
		how.flags = CLONE_NEWNS;
	layers = (struct layers){argv[3], argv[4], argv[5], argv[6]};
	atexit(undo);
	state_make();
	if (strcmp(argv[1], argv[2]) == 0) {
		cpu_fd = memory_fd =
			group_make(argv[1], made.cpu, unified_limits, N_ELEMENTS(unified_limits));
		how.flags |= CLONE_INTO_CGROUP;
		how.cgroup = (__u64)cpu_fd;
	} else {
		cpu_fd = group_make(argv[1], made.cpu, cpu_limits, N_ELEMENTS(cpu_limits));
		memory_fd =
			group_make(argv[2], made.memory, memory_limits, N_ELEMENTS(memory_limits));
	}
	init = (pid_t)syscall(SYS_clone3, &how, sizeof(how));
	if (init < 0)
		err(FAILED, "clone3");
	if (init == 0) {
		limits_enter(cpu_fd, memory_fd);
		overlay_mount(&layers);
		if (!around)
			container(&layers, argc > 7 ? argv + 7 : by_default);
		execvp(argv[7], argv + 7);
		must(-1, "execvp", argv[7]);
	}
	if (waitpid(init, &status, 0) < 0)
		err(FAILED, "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
