/* A filter from a profile: the object linux.seccomp of the OCI runtime specification, as JSON. */
#ifndef CTR_SECCOMP_PROFILE_H
#define CTR_SECCOMP_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "compile.h"

enum { PROFILE_MAX = 1 << 20 }; /* bytes; the longest in use have 20000 */

/* text is what is in the file, which need not be trusted; caps are the container's capabilities,
 * bits by number, for "includes" and "excludes". 0, or a negative errno after refuse(). */
int profile_compile(const char *file, const char *text, size_t size, uint64_t caps,
		    struct program *program);

#endif
