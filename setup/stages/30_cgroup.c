/* 30 cgroup: the limits and the device rules, in force before there is anything to limit.
 * Before: nothing. After: a group of ours in every hierarchy that these need, all of them written
 * and read back, nobody in it yet. Leaving: what the limits did is said, then they go. */

#include "../cleanup.h"
#include "../log.h"
#include "../stage.h"
#include "../sys.h"
#include "../victims.h"

static int keeper_nest(struct run *run, const struct group *group)
{
	int rc = group_make(group->nest);

	if (rc < 0)
		return rc;
	run->nested = group;
	return nest_enter(group);
}

int cgroup_enter(struct run *run)
{
	for (size_t i = 0; i < run->groups.count; i++) {
		const struct group *group = &run->groups.items[i];
		int rc;

		if ((group->is_nested && (rc = keeper_nest(run, group)) < 0) ||
		    (group->version == 2 && (rc = v2_enable(group)) < 0) ||
		    (rc = group_make(group->path)) < 0)
			return rc;
		run->groups_made = i + 1;
		if ((rc = limits_apply(group, &run->spec->limits)) < 0 ||
		    (rc = devices_apply(group, &run->devices)) < 0)
			return rc;
	}
	if (run->spec->limits.memory || run->spec->report)
		run->kernel_log_fd = victims_watch();
	return 0;
}

static void usage_report(struct run *run)
{
	char names[VICTIMS_TEXT];

	usage_read(&run->groups, &run->usage);
	if (run->usage.oom_kills.value && run->kernel_log_fd >= 0)
		victims_read(run->kernel_log_fd, run->name, &run->victims);
	victims_join(&run->victims, names);
	log_stage(0);
	usage_say(&run->usage, &run->spec->limits, names);
	log_stage(CTR_STAGE_CGROUP);
}

void cgroup_leave(struct run *run)
{
	struct effort effort = {0};

	if (run->groups_made == run->groups.count && run->groups.count)
		usage_report(run);
	for (size_t i = run->groups_made; i-- > 0;) {
		int rc = group_remove(run->groups.items[i].path, &effort);

		if (rc == 0)
			run->groups_made--;
		else
			fail(-rc, "cannot remove the cgroup %s: ctr-setup gc will try again",
			     run->groups.items[i].path);
	}
	if (run->nested && nest_leave(run->nested) == 0)
		run->nested = NULL;
	close_and_forget(&run->kernel_log_fd);
}
