/* --explain: the life of a container as shell.
 *
 * It is the same life, lived over a back end of the seam that prints each change in the place of
 * making it (explain/seam.h), and for what ctr-init would do prints each line of the plan
 * (explain/lines.c). That back end is a program of its own, ctr-explain, linked from the same core:
 * a run that explains nothing carries nothing of it.
 */
#ifndef CTR_SETUP_EXPLAIN_H
#define CTR_SETUP_EXPLAIN_H

#include "spec.h"

/* In ctr-setup: becomes ctr-explain by exec, with the same argv, and returns only -errno after
 * fail(). In ctr-explain: begins, and returns 0. */
int explain_begin(enum explain how, char **argv);

#endif
