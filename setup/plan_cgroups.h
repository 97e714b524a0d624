/* The lines of a plan that show a container its own groups, read-only, in /sys/fs/cgroup. Pure. */
#ifndef CTR_SETUP_PLAN_CGROUPS_H
#define CTR_SETUP_PLAN_CGROUPS_H

#include <stdio.h>

#include "plan.h"

/* Each writes what belongs to its stage: the mounts, the links to hierarchies of several
 * controllers, the mount of these that becomes read-only. */
void cgroup_mounts_put(FILE *to, const struct spec *spec, const struct plan_facts *facts);
void cgroup_links_put(FILE *to, const struct spec *spec, const struct plan_facts *facts);
void cgroup_readonly_put(FILE *to, const struct spec *spec, const struct plan_facts *facts);

#endif
