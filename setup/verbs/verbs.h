/* The verbs: what ctr-setup does with runs that are there, or with what they left.
 *
 * "ctr-setup VERB [OPTION...] [OPERAND...]": the first word alone decides, so that a ROOTFS of a
 * verb's name is written ./ls. Each verb is a file of this folder.
 */
#ifndef CTR_SETUP_VERBS_H
#define CTR_SETUP_VERBS_H

#include <stdbool.h>
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

/* What follows a verb's name. */
struct words {
	const char *operands[2];
	size_t count;
	bool json;
};

/* Takes from least to most operands, and --json where the verb's usage has it. Returns 0, or
 * -errno after fail(). */
int words_take(int argc, char **argv, size_t least, size_t most, struct words *words);
/* Says how the verb is used, because of this word; NULL: because there are too few. -EINVAL. */
int words_refuse(const char *name, const char *word);

/* The exit status for 0 or -errno; for -EINTR that of the signal that asked for the end. */
int verb_status(int rc);

int exec_run(int argc, char **argv);
int gc_run(int argc, char **argv);
int ls_run(int argc, char **argv);
int stats_run(int argc, char **argv);
int kill_run(int argc, char **argv);
int stop_run(int argc, char **argv);
int pause_run(int argc, char **argv);
int resume_run(int argc, char **argv);
int diff_run(int argc, char **argv);

#endif
