/* ctr-init: PID 1 of a container that ctr-setup has prepared.
 *
 * Before: new namespaces, the cgroups entered, the root mounted somewhere in the host's tree, all
 * signals blocked, the plan on CTR_PLAN_FD and the keeper on CTR_KEEPER_FD.
 * After: exit with the payload's status, which takes the pid namespace and all in it down.
 *
 * Two regimes. Until the payload runs, any failure ends the container: die() reports it to the
 * keeper and exits. From then on nothing does: watch() has no way to fail.
 */
#include "plan.h"
#include "stages.h"

int main(void)
{
	static struct plan plan;
	int pid;

	handover_accept(&plan);
	root_pivot(&plan);
	mounts_make(&plan);
	devices_make(&plan);
	identity_set(&plan);
	privileges_limit(&plan);
	pid = payload_start(&plan);
	return watch(pid);
}
