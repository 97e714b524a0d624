/* What the user asked for: filled by options.c, changed by no one else.
 *
 * Texts point into argv, or into a copy of its arguments. "Not asked for" is NULL, 0 or false,
 * unless a member says otherwise.
 */
#ifndef CTR_SETUP_SPEC_H
#define CTR_SETUP_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct texts {
	const char **items;
	size_t count;
};

struct limits {
	uint64_t cpu_quota_us; /* in a period of 100 ms */
	uint64_t cpu_weight;
	uint64_t memory; /* bytes */
	uint64_t swap;	 /* bytes; 0 is off */
	bool swap_asked;
	uint64_t pids;
	const char *cpuset;
};

struct bind {
	const char *source; /* on the host */
	const char *target; /* in the container */
	bool readonly;
};

struct tmpfs {
	const char *target;
	char flags[64], data[512]; /* of the mount, both lists by comma */
};

struct rlimit_spec {
	const char *name;
	uint64_t soft, hard; /* UINT64_MAX is no limit */
};

/* What may be done with a device: as BPF_DEVCG_ACC_* of linux/bpf.h. */
enum { ACCESS_MKNOD = 1, ACCESS_READ = 2, ACCESS_WRITE = 4 };

struct device {
	const char *path; /* of a node on the host, and in the container; below /dev */
	unsigned access;  /* bit set of ACCESS_* */
};

enum mode { MODE_RUN, MODE_CHECK, MODE_PRINT_PLAN };

/* Nothing is made, and printed for a reader or as a script; or all is, and each step is printed. */
enum explain { EXPLAIN_NOT, EXPLAIN_READ, EXPLAIN_SCRIPT, EXPLAIN_TRACE };
enum report { REPORT_NONE, REPORT_LINES, REPORT_JSON };

enum terminal_wish { TERMINAL_IF_ANY, TERMINAL_YES, TERMINAL_NO };

struct spec {
	enum mode mode;
	enum explain explain;
	bool verbose;
	enum report report;
	const char *report_path; /* of a file; NULL: it goes to a descriptor */
	int report_fd;		 /* the caller's */
	char *arguments, *arguments_end;

	const char *rootfs;
	char **command; /* ends in NULL; empty: a shell */

	struct limits limits;
	struct rlimit_spec *rlimits;
	size_t rlimit_count;
	uint64_t timeout_ms;
	uint64_t grace_ms;

	struct texts lower; /* top first */
	const char *upper, *work;
	bool ephemeral, readonly;
	struct bind *binds;
	size_t bind_count;
	struct tmpfs *tmpfs;
	size_t tmpfs_count;
	struct texts hooks;

	const char *name, *hostname;
	uint32_t uid, gid;
	const char *workdir;
	struct texts env;
	bool clear_env;

	struct device *devices;
	size_t device_count;

	bool userns;	     /* a user namespace: root inside is nobody outside */
	bool privileged;     /* nothing is kept from root inside but the namespaces */
	uint64_t caps;	     /* of root inside: bits by number, see capabilities.h */
	uint64_t caps_added; /* those that were asked for by name: also of who is not root */
	const char *seccomp; /* "default", "none" or a profile's path; NULL: not asked for */

	const char *net; /* NULL or "none": its own; "host"; or the path of a network namespace */
	enum terminal_wish terminal;
};

static inline bool net_is_own(const struct spec *spec)
{
	return !spec->net || strcmp(spec->net, "none") == 0;
}

static inline bool net_is_path(const struct spec *spec)
{
	return !net_is_own(spec) && strcmp(spec->net, "host") != 0;
}

#endif
