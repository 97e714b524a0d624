/* The plan (include/ctr/plan.h) as shell: what ctr-init does with each of its lines. */
#ifndef CTR_EXPLAIN_LINES_H
#define CTR_EXPLAIN_LINES_H

/* What waits behind a descriptor of the plan: what was bound, or the type of a new file system. */
struct waiting {
	const char *source; /* NULL: nothing */
	unsigned flags;	    /* MOUNT_* of sys.h */
};

/* Prints the plan, whose lines it cuts up. waiting: by descriptor, from 0 to count - 1. */
void lines_print(char *plan, const struct waiting *waiting, unsigned count);

/* The stage of a line of the plan, by its verb. */
unsigned line_stage(const char *line);

/* Before the root becomes /: in a script the binds are put on their places already, since what they
 * are of cannot be found afterwards. The plan stays as it is. */
void lines_bind_early(const char *plan, const struct waiting *waiting, unsigned count);

/* "nosuid,nodev,ro" and its like for a bind; may be empty. Static. */
const char *bind_options(unsigned flags);

#endif
