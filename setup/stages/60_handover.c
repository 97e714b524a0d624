/* 60 handover: ctr-init takes over.
 * Before: the child, still this program. After: ctr-init, from sealed memory, with an empty
 * environment and the descriptors of include/ctr/: 0-2, the plan, the keeper, the binds, the
 * filter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "ctr/message.h"
#include "ctr/plan.h"

#include "../cleanup.h"
#include "../log.h"
#include "../signals.h"
#include "../stage.h"
#include "../sys.h"

/* The program's own descriptor goes behind the others, out of their way. */
static int descriptors_place(struct run *run, int plan_fd)
{
	size_t count = CTR_ATTACH_FD - CTR_PLAN_FD + run->tree_count;
	AUTO_FREE int *fds = calloc(count + 2, sizeof(*fds));
	int rc;

	if (!fds)
		return -ENOMEM;
	fds[CTR_PLAN_FD - CTR_PLAN_FD] = plan_fd;
	fds[CTR_KEEPER_FD - CTR_PLAN_FD] = run->socket_fd;
	memcpy(fds + CTR_ATTACH_FD - CTR_PLAN_FD, run->tree_fds, run->tree_count * sizeof(*fds));
	if (run->filter_fd >= 0)
		fds[count++] = run->filter_fd;
	fds[count++] = run->init_fd;
	rc = sys_place(fds, count, CTR_PLAN_FD);
	run->init_fd = CTR_PLAN_FD + (int)count - 1;
	return rc;
}

/* PID 1 starts the payload with all rights, a further command with fewer: so that it can give that
 * the same limits, the hard ones are raised beforehand. */
static int rlimits_raise(const struct spec *spec)
{
	static const struct {
		const char *name;
		int resource;
	} table[] = {
#define ROW(name, resource) {name, resource},
		CTR_RLIMITS(ROW)
#undef ROW
	};
	int rc = 0;

	for (size_t i = 0; i < spec->rlimit_count; i++)
		for (size_t j = 0; j < sizeof(table) / sizeof(table[0]) && rc == 0; j++)
			if (strcmp(table[j].name, spec->rlimits[i].name) == 0 &&
			    (rc = sys_raise_rlimit(table[j].resource, spec->rlimits[i].hard)) < 0)
				fail(-rc,
				     "cannot raise the resource limit %s (ctr-setup itself may "
				     "have less: see ulimit -Ha, and for nofile fs.nr_open)",
				     table[j].name);
	return rc;
}

int handover_enter(struct run *run)
{
	int plan_fd, rc = sys_enter_dir(run->root_fd);

	if (rc < 0)
		return fail(-rc, "cannot enter the root %s", run->layers.root);
	rc = rlimits_raise(run->spec);
	if (rc < 0)
		return rc;
	plan_fd = sys_sealed_file("ctr-plan", run->plan, run->plan_size);
	if (plan_fd < 0)
		return fail(-plan_fd, "cannot write the plan to memory");
	rc = descriptors_place(run, plan_fd);
	if (rc < 0)
		return fail(-rc, "cannot arrange the descriptors");
	signals_default();
	rc = sys_execute(run->init_fd, "ctr-init");
	return fail(-rc, "cannot execute ctr-init");
}
