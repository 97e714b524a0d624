/* ctr-init: a small PID 1, with three lives.
 *
 * In a container that ctr-setup has prepared: new namespaces, the cgroups entered, the root mounted
 * somewhere in the host's tree, all signals blocked, the plan on CTR_PLAN_FD and the keeper on
 * CTR_KEEPER_FD. In any image, as "ctr-init -- COMMAND": nothing is prepared and the plan is empty.
 * As the init of a machine: the plan is the built-in one or the machine's own.
 *
 * Two regimes. Until the payload runs, any failure ends it all: die() tells whom it concerns and
 * leaves. From then on nothing does: watch() has no way to fail. A machine never sees us leave.
 */
#include "plan.h"
#include "stages.h"

int main(int argc, char **argv, char **environment)
{
	static struct plan plan;
	struct life life = {.environment = environment};
	struct payload payload;

	(void)argc;
	handover_accept(argv, &life, &plan);
	root_pivot(&plan);
	mounts_make(&life, &plan);
	devices_make(&life, &plan);
	identity_set(&plan);
	machine_boot(&life, &plan);
	privileges_limit(&plan);
	payload = payload_start(&life, &plan);
	watch(&life, &payload);
	return end(&life, &payload);
}
