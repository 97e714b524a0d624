/* Version 2: the group below which ours can be made.
 *
 * It is the caller's own, where ctr-setup is alone in it and it has the controllers: the keeper can
 * leave it (nest.c), and what limits it, limits the container. Else it is the nearest one, from
 * there upwards, that hands the controllers on already: a manager such as systemd may take back
 * what others enabled in its groups, and with it our limits. Only where there is none are they
 * enabled, down to the nearest group that can hand them on. None is of use where we may not write.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "../sys.h"
#include "v2.h"

/* Whoever brings a process to a group needs leave in the nearest group above both, too. */
static int may_use(const char *directory)
{
	static const char *const files[] = {"", "/cgroup.procs", "/cgroup.subtree_control"};
	int rc = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && rc == 0; i++) {
		char path[PATH_MAX + 64];

		snprintf(path, sizeof(path), "%s%s", directory, files[i]);
		rc = sys_may_write(path);
	}
	return rc;
}

static bool has_us_alone(const char *directory)
{
	char processes[V2_TEXT_SIZE], own[16];

	snprintf(own, sizeof(own), "%ld\n", (long)getpid());
	return v2_read(directory, "cgroup.procs", processes) > 0 && strcmp(processes, own) == 0;
}

static bool could_hand_on(const char *directory)
{
	char processes[V2_TEXT_SIZE];
	bool is_root;

	return may_use(directory) == 0 && v2_is_domain(directory, &is_root) &&
	       (is_root || v2_read(directory, "cgroup.procs", processes) == 0);
}

static bool is_ready(const struct group *group)
{
	return may_use(group->parent) == 0 && v2_hands_on(group->parent, v2_controllers(group));
}

static int step_check(const char *directory, unsigned wanted)
{
	return v2_hands_on(directory, wanted) || could_hand_on(directory) ? 0 : -EBUSY;
}

static bool can_be_made_ready(const struct group *group)
{
	return may_use(group->parent) == 0 &&
	       v2_walk(group, v2_controllers(group), step_check) == 0;
}

/* The first controller that the group above does not hand on to this one; CONTROLLERS: none. */
static int lacking_find(const char *directory, unsigned wanted)
{
	int i = 0;

	while (i < CONTROLLERS && (!(wanted >> i & 1) || v2_offers(directory, i)))
		i++;
	return i;
}

/* Nothing is enabled yet in a plain group that has us, and at the end nothing is to be. */
static bool can_be_nested(const struct group *group)
{
	bool is_root;

	return v2_controllers(group) && may_use(group->parent) == 0 &&
	       v2_is_domain(group->parent, &is_root) && !is_root && has_us_alone(group->parent) &&
	       lacking_find(group->parent, group->controllers) == CONTROLLERS;
}

/* Moves group->parent up until it is good; false when even the top is not. */
static bool climb(struct group *group, bool (*is_good)(const struct group *group))
{
	while (!is_good(group)) {
		if (strlen(group->parent) <= group->top_length)
			return false;
		*strrchr(group->parent, '/') = '\0';
	}
	return true;
}

/* Moves group->parent from own up to the nearest group that is fit for its controllers. */
static bool parent_find(struct group *group, const char *own)
{
	snprintf(group->parent, sizeof(group->parent), "%s", own);
	group->is_nested = can_be_nested(group);
	if (group->is_nested || climb(group, is_ready))
		return true;
	snprintf(group->parent, sizeof(group->parent), "%s", own);
	return climb(group, can_be_made_ready);
}

/* Says what becomes of each limit of the groups from one up to, but not at, another; is there any?
 */
static bool limits_between(const char *from, const char *to, const char *fate)
{
	static const char *const files[] = {"memory.max", "pids.max", "cpu.max"};
	char directory[PATH_MAX], text[V2_TEXT_SIZE];
	bool found = false;

	snprintf(directory, sizeof(directory), "%s", from);
	while (strlen(directory) > strlen(to)) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
			if (v2_read(directory, files[i], text) > 0 &&
			    strncmp(text, "max", 3) != 0) {
				say("%s/%s %s", directory, files[i], fate);
				found = true;
			}
		*strrchr(directory, '/') = '\0';
	}
	return found;
}

/* A group with the counters as well, if there is a place for it where the same limits hold. */
static void counters_add(struct group *group, const char *own, unsigned counted)
{
	struct group with = *group;

	with.controllers |= counted;
	with.counters = counted;
	if (!parent_find(&with, own))
		trace("memory and processes are not counted: no group can have their controllers");
	else if (!limits_between(group->parent, with.parent,
				 "is to hold for the container, whose memory and processes are "
				 "therefore not counted: that group hands no controllers on"))
		*group = with;
}

static int place_refuse(const char *top, const char *own, unsigned wanted)
{
	int lacking = lacking_find(own, wanted), rc = may_use(own);
	bool is_root;

	if (rc < 0)
		return parent_refuse(own, -rc);
	if (may_use(top) == 0)
		return fail(EBUSY,
			    "cannot bring cgroup controllers to a group below %s: the groups there "
			    "have processes of their own; move those to a leaf group (mkdir "
			    "%s/leaf; write their pids to its cgroup.procs), or run ctr-setup "
			    "itself in a group of its own, as by systemd-run --scope -p "
			    "Delegate=yes ctr-setup",
			    top, top);
	if (lacking < CONTROLLERS)
		return fail(0,
			    "cannot use the %s controller: the cgroup %s was not given it (by "
			    "systemd, see Delegate= of user@.service)",
			    controller_names[lacking], own);
	if (!v2_is_domain(own, &is_root))
		return fail(EBUSY,
			    "cannot use the cgroup %s: it is a threaded one (ctr-setup gc helps if "
			    "a dead run left it so)",
			    own);
	return fail(
		EBUSY,
		"cannot make a cgroup with limits in %s: it has other processes than ctr-setup; "
		"run ctr-setup itself in a group of its own, as by systemd-run --user --scope "
		"-p Delegate=yes ctr-setup",
		own);
}

int v2_place(const char *top, const char *own, unsigned wanted, unsigned counted,
	     struct group *group)
{
	*group = (struct group){
		.version = 2,
		.controllers = wanted | (counted & V2_FOR_ALL),
		.top_length = strlen(top),
	};
	if (!parent_find(group, own))
		return place_refuse(top, own, wanted);
	/* What we climbed out of. */
	limits_between(own, group->parent,
		       "does not hold for the container: that group hands no controllers on");
	counted &= ~(unsigned)V2_FOR_ALL;
	if (counted)
		counters_add(group, own, counted);
	return 0;
}
