/* What a run needs from the host and would find out later, in its own place: for --check, which
 * wants to know all of it at once. Nothing is changed. Each returns 0, or -errno after fail(),
 * which says what to do.
 */
#ifndef CTR_SETUP_NEEDS_H
#define CTR_SETUP_NEEDS_H

#include "run.h"

int namespaces_check(struct run *run);
int overlay_check(struct run *run);
int seccomp_check(struct run *run);
int swap_check(struct run *run);
int idmap_check(struct run *run);
int state_check(struct run *run);

#endif
