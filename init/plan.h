/* The plan, parsed (include/ctr/plan.h has the format). */
#ifndef CTR_INIT_PLAN_H
#define CTR_INIT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctr/plan.h"
#include "ctr/stage.h"

struct line {
	enum ctr_verb verb;
	unsigned number; /* in the plan's text, the header being 1 */
	unsigned count;	 /* fields */
	char *fields;	 /* the first; each ends in NUL and the next follows it */
};

struct plan {
	unsigned count;
	struct line lines[CTR_PLAN_LINES_MAX];
};

/* Parses text in place (size bytes, the last of them a newline) and checks it whole: the header,
 * every verb, the number and the kind of its fields, the order of stages, that there is an exec.
 * Returns 0, or the number of the first line that is not understood. plan points into text. */
unsigned plan_parse(char *text, size_t size, struct plan *plan);

/* Cuts one field off *from, unescaped and ended by NUL, to *to; never writes beyond what it read.
 * Returns the character that ended it (space or newline), or 0 when the field is malformed. */
char field_cut(char **from, char **to);

/* The n-th field (from 0 to line->count - 1) of a parsed line. */
char *field(const struct line *line, unsigned n);

/* The value of a field of kind u, o, x or r. */
uint64_t field_number(const struct line *line, unsigned n);
unsigned field_octal(const struct line *line, unsigned n);
uint64_t field_hex(const struct line *line, unsigned n);
int field_rlimit(const struct line *line, unsigned n);

/* The MS_ bits of a field of kind m. */
unsigned long field_mount_flags(const struct line *line, unsigned n);

/* The next line of the plan behind this one (NULL: from the beginning) whose verb is in the range;
 * NULL: there is none. This one was carried out: the keeper is told, where the plan wants it. */
const struct line *step_next(const struct plan *plan, const struct line *line, enum ctr_verb first,
			     enum ctr_verb last);

/* The plan's lines with verbs from first to last, in order. */
#define for_each_step(step, plan, first, last)                                                     \
	for (const struct line *step = step_next(plan, NULL, first, last); step;                   \
	     step = step_next(plan, step, first, last))

/* The plan's lines in order. */
#define for_each_line(step, plan)                                                                  \
	for (const struct line *step = (plan)->lines; step < (plan)->lines + (plan)->count; step++)

#endif
