/* 10 preflight: every refusal that can be known before any change.
 * Before: the command line. After: the layers, the place of each cgroup, the checked ctr-init and
 * the plan are known; nothing on the machine has changed, but that the file of --report is empty.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "../capabilities.h"
#include "../cleanup.h"
#include "../filter.h"
#include "../initfile.h"
#include "../kernel.h"
#include "../log.h"
#include "../needs.h"
#include "../payload_fds.h"
#include "../plan.h"
#include "../report.h"
#include "../stage.h"
#include "../terminal.h"

static int caller_check(struct run *run)
{
	(void)run;
	if (getauxval(AT_SECURE))
		return fail(EPERM, "cannot be set-user-id or have file capabilities: whoever may "
				   "start this chooses what it mounts; take them away (chmod u-s, "
				   "setcap -r), and start it by sudo");
	return payload_fds_check();
}

static int privileges_check(struct run *run)
{
	const struct spec *spec = run->spec;
	uint64_t missing = spec->userns ? 0 : plan_caps_given(spec) & ~capabilities_own();

	if (missing)
		return fail(EPERM,
			    "cannot give %s to %s inside: ctr-setup itself lacks it "
			    "(--cap-drop %s would do without)",
			    capabilities_first(missing), spec->uid == 0 ? "root" : "the user",
			    capabilities_first(missing));
	if (spec->privileged)
		say("--privileged: root inside is root of this host but for its namespaces");
	return 0;
}

static int ids_check(struct run *run)
{
	const struct spec *spec = run->spec;
	uint64_t own;
	int rc;

	if (!spec->userns)
		return 0;
	if ((rc = ids_find("/etc/subuid", &run->user_ids)) < 0 ||
	    (rc = ids_find("/etc/subgid", &run->group_ids)) < 0)
		return rc;
	own = geteuid() != 0; /* root inside is the caller then, the range comes behind */
	if (spec->uid >= run->user_ids.count + own || spec->gid >= run->group_ids.count + own)
		return fail(0,
			    "--user %u:%u is outside the user namespace, which has %u users and %u "
			    "groups",
			    spec->uid, spec->gid, run->user_ids.count + (unsigned)own,
			    run->group_ids.count + (unsigned)own);
	return 0;
}

static int paths_check(struct run *run)
{
	const struct spec *spec = run->spec;

	for (size_t i = 0; i < spec->bind_count; i++)
		if (access(spec->binds[i].source, F_OK) < 0)
			return fail(errno, "cannot bind %s", spec->binds[i].source);
	for (size_t i = 0; i < spec->hooks.count; i++)
		if (access(spec->hooks.items[i], X_OK) < 0)
			return fail(errno, "cannot run the hook %s%s", spec->hooks.items[i],
				    errno == EACCES ? " (chmod +x makes it a program)" : "");
	if (net_is_path(spec) && access(spec->net, F_OK) < 0)
		return fail(errno,
			    "cannot use the network namespace %s (ip netns add NAME makes "
			    "/run/netns/NAME)",
			    spec->net);
	return 0;
}

/* Every container has rules for its devices but where nothing is kept back, and where who is not
 * root could neither make rules nor needs any: the user namespace makes no device. */
static unsigned controllers_wanted(const struct spec *spec)
{
	unsigned limits = limits_controllers(&spec->limits);

	return spec->privileged || geteuid() != 0 ? limits : limits | 1U << CONTROLLER_DEVICES;
}

/* Not cpu itself: without a limit it has nothing to count, and a group with it is scheduled as one.
 */
static unsigned controllers_counted(const struct spec *spec)
{
	return spec->report
		       ? 1U << CONTROLLER_CPUACCT | 1U << CONTROLLER_MEMORY | 1U << CONTROLLER_PIDS
		       : 0;
}

static int groups_settle(struct run *run)
{
	return groups_find("/proc/self/mountinfo", "/proc/self/cgroup",
			   controllers_wanted(run->spec), controllers_counted(run->spec),
			   &run->groups);
}

/* --privileged goes without, unless one is asked for. */
static int filter_make(struct run *run, size_t *count)
{
	const char *asked = run->spec->seccomp;

	if (asked ? strcmp(asked, "none") == 0 : run->spec->privileged)
		return 0;
	run->filter_fd = filter_open(asked, plan_caps(run->spec), count);
	return run->filter_fd < 0 ? run->filter_fd : 0;
}

static int plan_make(struct run *run)
{
	struct plan_facts facts = {
		.root = run->layers.root,
		.name = run->name,
		.term = getenv("TERM"),
		.console_fds = run->console_fds,
		.gid_count = run->group_ids.count + (geteuid() != 0),
		.groups = &run->groups,
		.devices = &run->devices,
	};
	int rc = filter_make(run, &facts.filter_count);

	if (rc < 0)
		return rc;
	terminal_size(&facts.rows, &facts.columns);
	return plan_compile(run->spec, &facts, &run->plan, &run->plan_size);
}

static int kernel_settle(struct run *run)
{
	(void)run;
	return kernel_check();
}

static int layers_settle(struct run *run)
{
	int rc = layers_find(run->spec, &run->layers);

	if (rc == 0)
		rc = layers_check(&run->layers);
	return rc < 0 ? rc : layers_content_check(run->spec, &run->layers);
}

static int devices_settle(struct run *run)
{
	return devices_find(run->spec, run->console_fds, &run->devices);
}

static int init_settle(struct run *run)
{
	run->init_fd = initfile_open();
	return run->init_fd < 0 ? run->init_fd : 0;
}

/* In their order: the plan is made of what was settled before it. */
static const struct need {
	const char *what;
	int (*settle)(struct run *run);
	bool is_for_check; /* a run finds out in its own place */
} needs[] = {
	{"a caller that may choose what is mounted", caller_check, false},
	{"a report that can be written", report_open, false},
	{"the calls of Linux 5.12", kernel_settle, false},
	{"namespaces", namespaces_check, true},
	{"the capabilities that root inside is to have", privileges_check, false},
	{"ids for a user namespace", ids_check, false},
	{"what is bound, hooks, networks", paths_check, false},
	{"the root and its layers", layers_settle, false},
	{"the overlay file system", overlay_check, true},
	{"programs that map ids", idmap_check, true},
	{"devices", devices_settle, false},
	{"cgroups for the limits", groups_settle, false},
	{"swap that is counted", swap_check, true},
	{"a name, and layers that are free", state_check, true},
	{"a plan, and a filter of system calls", plan_make, false},
	{"a kernel that filters system calls", seccomp_check, true},
	{"ctr-init", init_settle, false},
};
enum { NEEDS = sizeof(needs) / sizeof(needs[0]) };

static void names_settle(struct run *run)
{
	if (run->spec->name)
		snprintf(run->name, sizeof(run->name), "%s", run->spec->name);
	else
		snprintf(run->name, sizeof(run->name), "box-%ld", (long)getpid());
	run->console_fds = terminal_choose(run->spec->terminal);
}

int preflight_enter(struct run *run)
{
	int rc = 0;

	names_settle(run);
	for (size_t i = 0; i < NEEDS && rc == 0; i++)
		if (!needs[i].is_for_check)
			rc = needs[i].settle(run);
	return rc;
}

int preflight_list(struct run *run)
{
	unsigned missing = 0;

	names_settle(run);
	for (size_t i = 0; i < NEEDS; i++) {
		bool is_known = missing == 0 || needs[i].settle != plan_make;
		int rc = is_known ? needs[i].settle(run) : 0;

		if (rc == -EINTR) /* the end was asked for */
			return rc;
		missing += rc < 0;
		printf("%-8s %s\n",
		       !is_known ? "unknown"
		       : rc < 0	 ? "missing"
				 : "ok",
		       needs[i].what);
		fflush(stdout);
	}
	return missing ? -ENOENT : 0;
}

void preflight_leave(struct run *run)
{
	close_and_forget(&run->init_fd);
	close_and_forget(&run->filter_fd);
	free(run->plan);
	run->plan = NULL;
	devices_free(&run->devices);
	layers_free(&run->layers);
}
