/* 85 privileges: what is given up for good.
 * Before: root with all of the host's capabilities. After, for the payload: its ids, its groups,
 * the plan's capabilities, and no way to gain any other. After, for PID 1: the right to signal, and
 * what a further command may have in reserve.
 *
 * The bounding set and no_new_privs go first, in PID 1, and are inherited. The rest is the payload
 * process's alone: it runs between vfork(2) and execve(2), so raw system calls, each one checked.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../report.h"
#include "../stages.h"

enum { GROUPS_MAX = 64 };

static void bounding_limit(const struct line *line)
{
	uint64_t kept = field_hex(line, 0);

	/* prctl(2): EINVAL is for a capability that this kernel does not know. */
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (kept >> cap & 1)
			continue;
		if ((prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL) ||
		    prctl(PR_CAPBSET_READ, cap, 0, 0, 0) > 0)
			die(CTR_STAGE_PRIVILEGES, line, "limit the bounding set", NULL);
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		die(CTR_STAGE_PRIVILEGES, line, "clear the ambient set", NULL);
}

/* The caller's session keyring is not the payload's. A kernel without keys, or a filter that
 * forbids them, leaves the payload none to reach either. */
static void keyring_make(const struct line *line)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS &&
	    errno != EPERM)
		die(CTR_STAGE_PRIVILEGES, line, "make a session keyring", NULL);
}

static struct sock_fprog
	filter; /* of the payload's system calls; none: no instructions are there */

static uint64_t given; /* capabilities of the payload */

static size_t filter_size(void)
{
	return filter.len * sizeof(*filter.filter);
}

static void filter_map(const struct line *line)
{
	int fd = (int)field_number(line, 0);
	uint64_t count = field_number(line, 1);

	/* mmap(2) takes no length of 0. */
	filter.len = count > BPF_MAXINSNS ? 0 : (unsigned short)count;
	filter.filter = mmap(NULL, filter_size(), PROT_READ, MAP_PRIVATE, fd, 0);
	if (filter.filter == MAP_FAILED)
		die(CTR_STAGE_PRIVILEGES, line, "map the filter of system calls", NULL);
	close(fd);
}

void privileges_limit(const struct plan *plan)
{
	for_each_step(line, plan, CTR_VERB_BOUNDING, CTR_VERB_KEYRING)
	{
		errno = EPERM; /* of a yes that was none */
		if (line->verb == CTR_VERB_BOUNDING)
			bounding_limit(line);
		else if (line->verb == CTR_VERB_KEYRING)
			keyring_make(line);
		else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			 prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
			die(CTR_STAGE_PRIVILEGES, line, "set no_new_privs", NULL);
	}
	for_each_line(line, plan) {
		if (line->verb == CTR_VERB_SECCOMP)
			filter_map(line);
		else if (line->verb == CTR_VERB_CAPS)
			given = field_hex(line, 0);
	}
}

/* execve(2) leaves those of root as they are, those of others where they are ambient. */
static int caps_set(uint64_t mask)
{
	uint64_t kept = syscall(SYS_getuid) ? mask : 0;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)mask, (uint32_t)mask, (uint32_t)kept},
		{(uint32_t)(mask >> 32), (uint32_t)(mask >> 32), (uint32_t)(kept >> 32)},
	};
	int rc = (int)syscall(SYS_capset, &header, data);

	for (unsigned long cap = 0; rc == 0 && kept; cap++, kept >>= 1)
		if (kept & 1)
			rc = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	return rc;
}

static void rlimit_set(const struct line *line)
{
	struct rlimit limit = {field_number(line, 1), field_number(line, 2)};

	if (syscall(SYS_prlimit64, 0, field_rlimit(line, 0), &limit, NULL) < 0)
		die(CTR_STAGE_PRIVILEGES, line, "set the resource limit ", field(line, 0), NULL);
}

/* A filter may say yes in the kernel's stead, and nothing is done: so the kernel is asked by other
 * calls. The order of groups is its own. */
static bool is_user(unsigned uid, unsigned gid, const unsigned *groups, unsigned count)
{
	unsigned seen[GROUPS_MAX];

	if (syscall(SYS_getegid) != gid || syscall(SYS_getgroups, GROUPS_MAX, seen) != count)
		return false;
	for (unsigned i = 0, j; i < count; i++) {
		for (j = 0; j < count && seen[i] != groups[j];)
			j++;
		if (j == count)
			return false;
	}
	return uid == 0 || syscall(SYS_setresuid, 0, 0, 0) < 0;
}

static void user_become(const struct line *line)
{
	unsigned uid = (unsigned)field_number(line, 0);
	unsigned gid = (unsigned)field_number(line, 1);
	unsigned groups[GROUPS_MAX];
	unsigned count = line->count - 2;

	if (count > GROUPS_MAX) {
		errno = E2BIG;
		die(CTR_STAGE_PRIVILEGES, line, "have so many groups", NULL);
	}
	for (unsigned i = 0; i < count; i++)
		groups[i] = (unsigned)field_number(line, i + 2);
	/* Where fs.suid_dumpable is 1, a change of ids opens our memory, which is PID 1's, to
	 * others of that id, who may be there when this is for a further command: unless we have
	 * more capabilities than they, until it is closed again. execve(2) takes them. */
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	errno = EPERM; /* of a yes that was none */
	if (syscall(SYS_setgroups, count, groups) < 0 ||
	    syscall(SYS_setresgid, gid, gid, gid) < 0 ||
	    syscall(SYS_setresuid, uid, uid, uid) < 0 || !is_user(uid, gid, groups, count))
		die(CTR_STAGE_PRIVILEGES, line, "become user ", field(line, 0), NULL);
	self_protect();
}

void privileges_drop(const struct plan *plan)
{
	for_each_step(line, plan, CTR_VERB_RLIMIT, CTR_VERB_CAPS)
	{
		if (line->verb == CTR_VERB_RLIMIT)
			rlimit_set(line);
		else if (line->verb == CTR_VERB_USER)
			user_become(line);
		else if (caps_set(field_hex(line, 0)) < 0)
			die(CTR_STAGE_PRIVILEGES, line, "set capabilities", NULL);
	}
}

void system_calls_filter(void)
{
	if (filter.filter && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		die(CTR_STAGE_PRIVILEGES, NULL, "filter system calls", NULL);
}

/* Cannot fail: it takes away, and brings into effect what is permitted. Were it to, we are still
 * not dumpable. */
static void caps_keep(uint64_t permitted, uint64_t effective)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	syscall(SYS_capget, &header, data);
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(permitted >> (32 * i));
		data[i].effective = data[i].permitted & (uint32_t)(effective >> (32 * i));
	}
	syscall(SYS_capset, &header, data);
}

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

void privileges_keep(const struct life *life)
{
	uint64_t kept = CAP_BIT(CAP_KILL);

	munmap(filter.filter, filter_size());
	if (!life->is_further)
		kept |= given | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_CHOWN);
	caps_keep(kept, CAP_BIT(CAP_KILL));
}

void privileges_raise(void)
{
	caps_keep(UINT64_MAX, UINT64_MAX);
}
