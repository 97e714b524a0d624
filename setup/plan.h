/* Compiles what was asked for into the plan (include/ctr/plan.h). Pure. */
#ifndef CTR_SETUP_PLAN_H
#define CTR_SETUP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/cgroup.h"
#include "devices.h"
#include "spec.h"

/* What the plan depends on beside the spec. */
struct plan_facts {
	const char *root;     /* where the root is mounted */
	const char *name;     /* of the run: the host name when none is given */
	const char *term;     /* TERM of the caller, or NULL */
	unsigned console_fds; /* bit set of descriptors that a pty serves; 0: no pty */
	unsigned short rows, columns;
	size_t filter_count; /* instructions of the filter; its descriptor is behind the others */
	uint32_t gid_count;  /* with a user namespace: of the group ids in it */
	const struct groups *groups;   /* NULL: none */
	const struct devices *devices; /* NULL: none beside those of every container */
};

/* The i-th device node of a container; NULL behind the last. */
const char *plan_node(const struct spec *spec, size_t i);

/* The capabilities that anything in the container can ever have: bits by number. */
uint64_t plan_caps(const struct spec *spec);

/* Those that the command has: who is not root has what was asked for by name. */
uint64_t plan_caps_given(const struct spec *spec);

/* Writes the plan as a string of the caller's to *text. Returns 0, or -errno after fail(). */
int plan_compile(const struct spec *spec, const struct plan_facts *facts, char **text,
		 size_t *size);

/* The same for a further command in a container whose own plan is of: with its privileges, and what
 * spec has of user, working directory, environment and command. UINT32_MAX as uid and NULL as
 * workdir are the container's. */
int plan_compile_further(const char *of, const struct spec *spec, const struct plan_facts *facts,
			 char **text, size_t *size);

/* Is path, below /dev, among what every plan makes, or inside it? */
bool plan_makes(const char *path);

#endif
