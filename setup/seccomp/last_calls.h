/* What ctr-init itself calls between the filter and the payload's first instruction. */
#ifndef CTR_SECCOMP_LAST_CALLS_H
#define CTR_SECCOMP_LAST_CALLS_H

#include "compile.h"

/* Can the command be started under program, and can a start that fails end? 0, or a negative errno
 * after refuse(). name is the profile's. */
int last_calls_check(const struct program *program, const char *name);

#endif
