/* What an entry of a profile is for: its "includes" and "excludes", which Docker and podman have.
 */
#ifndef CTR_SECCOMP_WHEN_H
#define CTR_SECCOMP_WHEN_H

#include "reader.h"

/* Is the entry for this machine, kernel and container? As in Docker: every included architecture
 * list, capability and kernel must be ours, and no excluded one. The capabilities are those that
 * the container can have at all: reader->caps. 0, or -EINVAL after wrong(). */
int when_check(struct reader *reader, const json_t *rule, bool *applies);

/* This machine, as "architectures" has it: "SCMP_ARCH_X86_64"; "" when it has no name here. */
const char *machine_name(void);

#endif
