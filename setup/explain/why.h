/* One line of why for each stage, and for the steps that ask for one. */
#ifndef CTR_EXPLAIN_WHY_H
#define CTR_EXPLAIN_WHY_H

#include <stdbool.h>

const char *why_of_stage(unsigned stage, bool is_leaving);
/* Of a line of the plan: its verb, and what it is on where that makes a difference; NULL: none. */
const char *why_of_line(const char *verb, const char *target);

#endif
