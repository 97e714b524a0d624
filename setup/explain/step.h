/* Where the steps are printed, and how: for a reader, as a script for sh(1), or, while they are
 * made, with their times.
 */
#ifndef CTR_EXPLAIN_STEP_H
#define CTR_EXPLAIN_STEP_H

#include <stdbool.h>

#include "../spec.h"

/* Begins: prints the head, which quotes argv. */
void step_begin(enum explain how, char **argv);

/* Are the changes printed and not made? */
bool is_dry(void);
bool is_script(void);

/* Steps from here on belong to this stage. Its heading comes before its first step. */
void step_stage(unsigned stage);

/* This process is a child: what it does belongs to the way in. */
void step_leaves_nothing(void);

/* Prints a step, a line of shell, that came out as rc (0 or more, or -errno). Returns rc. */
int step(int rc, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Why the step behind it; not where the same was said last. Not in a trace. */
void step_why(const char *text);
/* Of a trace: ctr-init has done this line of the plan, at this time. */
struct timespec;
void step_of_plan(const char *line, const struct timespec *at);
/* What shell has no step for: a comment. */
int step_note(int rc, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints a command that goes on as a shell of its own, which reads the steps from here on. */
void step_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The steps of those shells are all printed. */
void step_shells_end(void);
/* The redirections that close the scripts of these shells, for the last command of all. */
const char *step_shells_close(void);

/* A word of shell, of any bytes and length, on one line: newlines are "$nl", which the head
 * defines. Eight at a time. */
const char *quote(const char *word);

_Noreturn void out_of_memory(void);

#endif
