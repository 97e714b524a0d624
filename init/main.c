/* ctr-init: a small PID 1, with three lives.
 *
 * In a container that ctr-setup has prepared: new namespaces, the cgroups entered, the root mounted
 * somewhere in the host's tree, all signals blocked, the plan on CTR_PLAN_FD and the keeper on
 * CTR_KEEPER_FD. In any image, as "ctr-init -- COMMAND": nothing is prepared and the plan is empty.
 * As the init of a machine: the plan is the built-in one or the machine's own.
 *
 * Two regimes. Until the payload runs, any failure ends it all: die() tells whom it concerns and
 * leaves. From then on nothing does: watch() has no way to fail. A machine never sees us leave.
 *
 * A further command in a container is a life of its own: that of a child, which begins where the
 * list does, with a plan that has only the last of its steps.
 */
#include "plan.h"
#include "stages.h"

int main(int argc, char **argv, char **environment)
{
	static struct plan plan;
	struct life life;
	struct payload payload;
	bool is_further = false;

	(void)argc;
	do {
		life = (struct life){.environment = environment, .is_further = is_further};
		handover_accept(argv, &life, &plan);
		root_pivot(&plan);
		mounts_make(&life, &plan);
		devices_make(&life, &plan);
		identity_set(&plan);
		machine_boot(&life, &plan);
		privileges_limit(&plan);
		payload = payload_start(&life, &plan);
		is_further = watch(&life, &payload);
	} while (is_further);
	end(&life, &payload);
}
