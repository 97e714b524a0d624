/* Control groups: where each controller is, our group in it, its limits and device rules,
 * what it counted.
 *
 * Controllers are looked up one by one: a host may have all of them in version 1 hierarchies, all
 * in the one version 2 hierarchy, or some here and some there (cgroups(7)). Everything that depends
 * on the version is in the tables of limits.c and usage.c and in the few functions of group.c that
 * ask for it.
 */
#ifndef CTR_SETUP_CGROUP_H
#define CTR_SETUP_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../devices.h"
#include "../spec.h"

enum controller {
	CONTROLLER_CPU,
	CONTROLLER_CPUSET,
	CONTROLLER_MEMORY,
	CONTROLLER_PIDS,
	/* In version 2 these are no controllers: any group has its CPU time, and may have a program
	 * for its devices. */
	CONTROLLER_CPUACCT,
	CONTROLLER_DEVICES
};
enum { CONTROLLERS = 6 };

extern const char *const controller_names[CONTROLLERS];

/* One directory of ours in one hierarchy. */
struct group {
	int version;	      /* 1 or 2 */
	unsigned controllers; /* bit set by enum controller: those we use here */
	unsigned counters;    /* of these: those that only count, and may be missing; version 2 */
	size_t top_length;    /* of the mount point, with which parent begins; version 2 only */
	bool is_nested; /* parent is the caller's own group: the container is in a nest there */
	char parent[PATH_MAX];
	char hierarchy[128]; /* all of its controllers, by comma; version 1 only */
	/* set by groups_name(): */
	char nest[PATH_MAX]; /* parent/ctr-NAME, if there is one */
	char path[PATH_MAX]; /* parent/ctr-NAME, or nest/container */
};

struct groups {
	size_t count;
	struct group items[CONTROLLERS];
};

/* The bit set of controllers that these limits need. */
unsigned limits_controllers(const struct limits *limits);

/* find.c: fills groups with a parent for every wanted controller, from mountinfo and from the text
 * of /proc/self/cgroup. Where none is fit for the devices, these go without: their rules are a
 * second layer, behind nodev mounts and the want of CAP_MKNOD. So does what is only to be counted.
 * Changes nothing. Returns 0, or -errno after fail(). */
int groups_find(const char *mountinfo_path, const char *self_cgroup_path, unsigned wanted,
		unsigned counted, struct groups *groups);

/* find.c: says that no group can be made in parent, for this reason. Returns -errno. */
int parent_refuse(const char *parent, int error);

/* find.c: is word one of the list's, which are separated by any of separators? */
bool list_has(const char *list, const char *separators, const char *word);

/* find.c: the path of a process's group in the hierarchy of a controller ("" for version 2), from
 * the text of its /proc/PID/cgroup; false when it has none. */
bool cgroup_path(const char *text, const char *controller, char *path, size_t size);

/* find.c: the directory, of PATH_MAX bytes, of the group that has this path in the hierarchy of
 * version 2. Returns 1; 0 when that is not mounted; -ENOENT when no mount shows it. */
int group_find_v2(const char *mountinfo_path, const char *path, char *directory);

/* v2.c: does the hierarchy mounted at top have the controller? */
bool v2_offers(const char *top, enum controller controller);
/* Fills group with the best parent from the caller's own group upwards, of those where we may make
 * one. For the sake of what is only counted it is no place where a limit of a group would not hold.
 * Changes nothing. Returns 0, or -errno after fail(). */
int v2_place(const char *top, const char *own, unsigned wanted, unsigned counted,
	     struct group *group);
/* Has the controllers handed on from the top down to the group that ours is in. They stay so: other
 * runs may depend on it. Returns 0, or -errno after fail(). */
int v2_enable(const struct group *group);
/* Has this group hand nothing on any more. Returns 0 or -errno; says nothing. */
int v2_disable(const char *directory);

/* group.c: the directories. */
int groups_name(struct groups *groups, const char *name);
/* Makes one directory, in place of an empty one. Returns 0, or -errno after fail(). */
int group_make(const char *path);
/* Moves the calling process into the version 1 groups; version 2 is entered by clone. */
int groups_enter(const struct groups *groups);
/* The version 2 group, or NULL. */
const struct group *groups_v2(const struct groups *groups);
/* What removals have cost so far; begins as zero. Their sum has a bound: what is in the groups, the
 * payload made. */
struct effort {
	unsigned waited_ms; /* for the dying */
	unsigned steps;	    /* through the groups inside */
};

/* Kills what is left in a group and removes it and the groups inside it. A group that is not there
 * is removed, if the directory above it is a group's; else -ENOENT. Returns 0 or -errno; says
 * nothing. */
int group_remove(const char *path, struct effort *effort);
/* 0 when a group that is not found is gone; -ENOENT when its hierarchy is not to be seen here. */
int group_is_gone(const char *path);

/* subtree.c: kills every process that the group lists. */
void members_kill(const char *path);
/* One pass over the group and those inside it: members are killed, and groups that are empty are
 * removed, from the leaves up. The group itself stays. */
void subtree_remove(const char *path, struct effort *effort);

/* nest.c: moves the keeper into the nest of this group, which is made; back again, and removes the
 * nest, also one that was half entered. Returns 0, or -errno after fail(). */
int nest_enter(const struct group *group);
int nest_leave(const struct group *group);
/* What a dead keeper left of a nest. Returns 0 or -errno; says nothing. */
int nest_remove(const char *nest, struct effort *effort);

/* limits.c: writes the limits of one group and reads them back. Returns 0, or -errno after fail().
 */
int limits_apply(const struct group *group, const struct limits *limits);

/* devices.c: writes the rules of a group that has the devices, and reads them back: all devices but
 * theirs are refused. A kernel that has no programs for groups goes without. Returns 0, or -errno
 * after fail(). */
int devices_apply(const struct group *group, const struct devices *devices);

/* device_program.c: the rules as a program of version 2, in room for program_room() instructions.
 * Returns how many there are. Pure. */
struct bpf_insn;
size_t device_program_fill(const struct device_rule *rules, size_t count, struct bpf_insn *program);
size_t device_program_room(size_t count);

/* One counter of the kernel; 0 where it does not count. */
struct count {
	uint64_t value;
	bool is_known;
};

struct usage {
	struct count oom_kills;	  /* for any cause */
	struct count memory_hits; /* of our own limit; version 2 only */
	struct count memory_peak; /* bytes */
	struct count pids_refused;
	struct count pids_peak;
	struct count periods, throttled_periods;
	struct count throttled_ns;
	struct count cpu_ns, user_ns, system_ns;
};

/* usage.c: reads the counters of all groups. */
void usage_read(const struct groups *groups, struct usage *usage);
/* Says in one line each which limits hurt the run. victims are the names of those that the memory
 * limit killed, by comma; may be empty. */
void usage_say(const struct usage *usage, const struct limits *limits, const char *victims);

#endif
