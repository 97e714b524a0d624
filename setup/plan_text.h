/* The lines of a plan, as include/ctr/plan.h has them. */
#ifndef CTR_SETUP_PLAN_TEXT_H
#define CTR_SETUP_PLAN_TEXT_H

#include <stdint.h>
#include <stdio.h>

/* A verb and its fields, up to a NULL, escaped. */
void line_put(FILE *to, const char *verb, const char *const *fields);
#define LINE(to, verb, ...) line_put(to, verb, (const char *const[]){__VA_ARGS__, NULL})

/* The home line of a user that is in no passwd(5). */
void home_put(FILE *to, uint32_t uid);

/* The env line for a terminal that is called term (NULL: not known), when that is sane. */
void term_put(FILE *to, const char *term);

/* What ctr-init would refuse is refused here, where it can be told. command ends in NULL. Returns
 * 0, or -errno after fail(). */
int plan_size_check(const char *text, size_t size, char *const *command);

#endif
