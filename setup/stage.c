#include "stage.h"

#include "log.h"

const struct stage host_stages[] = {
	{CTR_STAGE_PREFLIGHT, preflight_enter, preflight_leave},
	{CTR_STAGE_STATE, state_enter, state_leave},
	{CTR_STAGE_CGROUP, cgroup_enter, cgroup_leave},
	{CTR_STAGE_NAMESPACES, namespaces_enter, namespaces_leave},
	{CTR_STAGE_WATCH, watch_enter, NULL},
};
const size_t host_stages_count = sizeof(host_stages) / sizeof(host_stages[0]);

const struct stage child_stages[] = {
	{CTR_STAGE_ROOTFS, rootfs_enter, NULL},
	{CTR_STAGE_HOOKS, hooks_enter, NULL},
	{CTR_STAGE_HANDOVER, handover_enter, NULL},
};
const size_t child_stages_count = sizeof(child_stages) / sizeof(child_stages[0]);

int stages_enter(const struct stage *stages, size_t count, struct run *run, size_t *entered)
{
	int rc = 0;

	for (*entered = 0; *entered < count && rc == 0; (*entered)++) {
		log_stage(stages[*entered].number);
		trace("enter");
		rc = stages[*entered].enter(run);
	}
	return rc;
}

int stages_run(const struct stage *stages, size_t count, struct run *run)
{
	size_t entered;
	int rc = stages_enter(stages, count, run, &entered);

	log_reason_close();
	while (entered-- > 0) {
		log_stage(stages[entered].number);
		trace("leave");
		if (stages[entered].leave)
			stages[entered].leave(run);
	}
	log_stage(0);
	return rc;
}
