/* The verbs: what ctr-setup does with runs that are there, or with what they left.
 *
 * "ctr-setup VERB [OPTION...] [OPERAND...]": the first word alone decides, so that a ROOTFS of a
 * verb's name is written ./ls. Each verb is a file of this folder.
 */
#ifndef CTR_SETUP_VERBS_H
#define CTR_SETUP_VERBS_H

#include <stddef.h>

struct verb {
	const char *name;
	const char *arguments; /* as the usage line has them */
	const char *help;
	/* argv[0] is the verb's name. Returns the exit status, after saying what is wrong. */
	int (*run)(int argc, char **argv);
};

extern const struct verb verbs[];
extern const size_t verbs_count;

/* The verb of this name, or NULL. */
const struct verb *verb_find(const char *name);

int gc_run(int argc, char **argv);

#endif
