/* HOME, by the root's own passwd(5). */
#ifndef CTR_INIT_HOME_H
#define CTR_INIT_HOME_H

#include "plan.h"

/* Gives environment (of environment_make(), with the plan's lines) the HOME that a home line asks
 * for, unless it has one. Called by the payload's process, with its ids, in the root. */
void home_settle(char **environment, const struct plan *plan);

#endif
