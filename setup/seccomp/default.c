/* The default filter: what no payload needs and what would give it more of the kernel.
 *
 * All calls are allowed but those below. That is safe with calls that are new, because none above
 * JUDGED gets through: the kernel gives a new call the next number, and to be allowed it has to be
 * judged here first. Most of the calls below are refused by the kernel too, for want of a
 * capability; the filter is there for the others, and for the day on which the kernel's own check
 * has a hole.
 *
 * chroot(2) is allowed: CAP_SYS_CHROOT is one of the capabilities that root inside has. So are
 * ptrace(2) and its like: debuggers work, and PID 1 is not to be had by them.
 */
#include "default.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/socket.h>

#include "refuse.h"

/* Every call up to this one, file_setattr(2), was looked at for the list below. From 424 on numbers
 * are the same on all machines. */
enum { JUDGED = 469 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ERRNO(error) (SECCOMP_RET_ERRNO | (error))
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)

/* EPERM, as without the capability. */
static const char *const forbidden[] = {
	/* namespaces and mounts; a user namespace would give all capabilities back within it */
	"unshare", "setns", "mount", "umount", "umount2", "pivot_root", "open_tree",
	"open_tree_attr", "move_mount", "mount_setattr", "fsopen", "fsconfig", "fsmount", "fspick",
	/* files by handle lead out of the root: the "shocker" of 2014 */
	"open_by_handle_at",
	/* code and probes in the kernel */
	"bpf", "perf_event_open", "init_module", "finit_module", "delete_module", "kexec_load",
	"kexec_file_load", "lookup_dcookie",
	/* what made the kernel's bugs usable, and asks for no capability */
	"userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "uselib", "sysfs",
	"ustat",
	/* other processes, beyond what ptrace(2) gives */
	"kcmp", "pidfd_getfd", "process_madvise",
	/* the machine's memory nodes */
	"mbind", "get_mempolicy", "set_mempolicy", "set_mempolicy_home_node", "migrate_pages",
	"move_pages",
	/* the machine */
	"reboot", "swapon", "swapoff", "settimeofday", "clock_settime", "clock_settime64", "stime",
	"sethostname", "setdomainname", "acct", "quotactl", "quotactl_fd", "syslog", "vhangup",
	"fanotify_init", "iopl", "ioperm"};

/* ENOSYS: programs know how to do without. */
static const char *const missing[] = {
	/* its flags are behind a pointer, where no filter can read; clone(2) is the way back that
	 * C libraries have */
	"clone3",
	/* keys have no namespace: user 0's are those of the host's user 0. EPERM would be an error
	 * where a kernel without keys is one of the cases that programs go on with */
	"keyctl", "add_key", "request_key"};

static const struct test tests[] = {
	/* glibc's fork(2) and pthread_create(3) are clone(2) without these */
	{"clone", 0, BPF_JSET, 1, {NAMESPACES}, ERRNO(EPERM), SECCOMP_RET_ALLOW},
	/* typing at a terminal, pasting at a console: CVE-2017-5226, CVE-2023-28100 */
	{"ioctl", 1, BPF_JEQ, 2, {TIOCSTI, TIOCLINUX}, ERRNO(EPERM), SECCOMP_RET_ALLOW},
	/* AF_ALG: CVE-2026-31431; AF_VSOCK: there is one of them for all containers */
	{"socket", 0, BPF_JEQ, 2, {AF_ALG, AF_VSOCK}, ERRNO(EAFNOSUPPORT), SECCOMP_RET_ALLOW},
	/* Linux, 32-bit, each with an old version's name (UNAME26); the question. The others map
	 * page zero or make stacks executable. */
	{"personality",
	 0,
	 BPF_JEQ,
	 5,
	 {0, 8, 0x20000, 0x20008, UINT32_MAX},
	 SECCOMP_RET_ALLOW,
	 ERRNO(EPERM)},
};

/* A name that libseccomp has not is of another machine, or newer than newest_known(). */
static int rules_add(scmp_filter_ctx filter, uint32_t action, const char *const *names,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);
		int rc = number < 0 ? 0 : seccomp_rule_add(filter, action, number, 0);

		if (rc < 0)
			return refuse("cannot forbid %s: %s", names[i], strerror(-rc));
	}
	return 0;
}

int default_compile(struct program *program)
{
	struct front front = {.newest = newest_known(), .tests = tests, .count = COUNT(tests)};
	scmp_filter_ctx filter = filter_new(SCMP_ACT_ALLOW);
	int rc;

	if (!filter)
		return -ENOMEM;
	if (front.newest > JUDGED)
		front.newest = JUDGED;
	rc = rules_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden, COUNT(forbidden));
	if (rc == 0)
		rc = rules_add(filter, SCMP_ACT_ERRNO(ENOSYS), missing, COUNT(missing));
	if (rc == 0)
		rc = program_make(filter, &front, "the default filter", program);
	seccomp_release(filter);
	return rc;
}
