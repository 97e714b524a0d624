/* The entries of a profile's "syscalls". */
#ifndef CTR_SECCOMP_RULES_H
#define CTR_SECCOMP_RULES_H

#include <seccomp.h>

#include "reader.h"

/* The action of an object, from the keys named: what it is, and the errno that it may have with it.
 * 0, or -EINVAL after wrong(). */
int action_get(const struct reader *reader, const json_t *object, const char *key,
	       const char *errno_number, const char *errno_name, uint32_t *action);

/* Adds what an entry says to the filter. 0, or -EINVAL after wrong(). */
int rule_add(struct reader *reader, const json_t *rule, uint32_t otherwise, scmp_filter_ctx filter);

#endif
