/* The payload's environment. */
#ifndef CTR_INIT_ENVIRONMENT_H
#define CTR_INIT_ENVIRONMENT_H

#include "plan.h"

/* The entries of base and, in the place of those of the same name, the plan's env lines. The array
 * lives for ever; the entries stay where they are. */
char **environment_make(char **base, const struct plan *plan);

/* The value of the variable that is called name, with its "=" behind it; NULL: it is not set. */
const char *environment_find(char **environment, const char *name);

#endif
