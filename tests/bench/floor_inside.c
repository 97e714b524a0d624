/* The floor's PID 1: from a root that is mounted to a payload that has ended. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* As root inside has them: see setup/capabilities.c. */
#define CAPABILITIES UINT64_C(0x00000000800405fb)

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

/* In this order: what is mounted on /dev needs the directories made by devices_make(). */
static const struct mounting mounts[] = {
	{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL},
	{"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755,size=64m"},
	{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5"},
	{"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m"},
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

/* As numbers, so that they are aligned as the kernel wants them. */
static const uint64_t default_filter[] = {
#include "default_filter.h"
};

void must(long rc, const char *what, const char *object)
{
	if (rc >= 0)
		return;
	warn("%s %s", what, object);
	_exit(FAILED);
}

void filter_hand(int fd)
{
	int ends[2];

	must(pipe2(ends, O_CLOEXEC), "make", "a pipe");
	must(write(ends[1], default_filter, sizeof(default_filter)), "write", "the filter");
	must(dup2(ends[0], fd), "place", "the filter");
	close(ends[1]); /* its reader is to see the end */
}

static void root_change(void)
{
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root", "the root");
	must(umount2(".", MNT_DETACH), "umount2", "the old root");
	must(chdir("/"), "chdir", "/");
}

static void devices_make(void)
{
	umask(0);
	must(mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC,
		   "mode=755,size=64k,nr_inodes=128"),
	     "mount", "/dev");
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

static void identity_set(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd, "socket", "AF_INET");
	must(ioctl(fd, SIOCSIFFLAGS, &request), "bring up", "lo");
	close(fd);
	must(sethostname("floor", 5), "sethostname", "floor");
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

static void privileges_limit(void)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (CAPABILITIES >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		/* past the last one that this kernel knows */
		if (errno == EINVAL && cap > CAP_AUDIT_READ)
			break;
		must(-1, "prctl", "PR_CAPBSET_DROP");
	}
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl", "PR_SET_NO_NEW_PRIVS");
	must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), "keyctl", "JOIN_SESSION");
	/* as root that may do more than the payload: neither traced nor rewritten */
	must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl", "PR_SET_DUMPABLE");
}

/* The payload's alone: no inheritable capability, no group of the caller's, no descriptor, the
 * filter. */
static void privileges_drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)CAPABILITIES, .permitted = (uint32_t)CAPABILITIES},
	};
	struct sock_fprog filter = {N_ELEMENTS(default_filter), (void *)default_filter};

	setsid();
	must(setgroups(1, (gid_t[]){0}), "setgroups", "0");
	must(syscall(SYS_capset, &header, data), "capset", "of the payload");
	must(close_range(3, ~0U, 0), "close_range", "3");
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), "seccomp", "the filter");
}

static _Noreturn void payload_run(char *const command[])
{
	char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
				     (char[]){"HOME=/root"}, (char[]){"container=floor"}, NULL};
	int status = 0;
	pid_t payload = vfork(), ended;

	must(payload, "vfork", command[0]);
	if (payload == 0) {
		privileges_drop();
		execve(command[0], command, environment);
		must(-1, "execve", command[0]);
	}
	do {
		ended = wait(&status);
		must(ended, "wait", command[0]);
	} while (ended != payload);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

void container(char *const command[])
{
	root_change();
	devices_make();
	mounts_make();
	identity_set();
	paths_cover();
	privileges_limit();
	payload_run(command);
}
