/* The command line. */
#ifndef CTR_SETUP_OPTIONS_H
#define CTR_SETUP_OPTIONS_H

#include "spec.h"

/* What became of the command line: go on, or leave with success (--help, --version). */
enum { OPTIONS_RUN = 0, OPTIONS_DONE = 1 };

/* Fills spec from argv, whose texts it keeps pointing to, and leaves argv as it is. Returns
 * OPTIONS_RUN, OPTIONS_DONE, or a negative errno after saying what is wrong. spec_free() gives back
 * what spec holds either way. */
int options_parse(int argc, char **argv, struct spec *spec);

/* The options before the first operand, which is argv[optind] then. Only those that are called as
 * some says, up to a NULL; NULL itself: all. */
int options_take(int argc, char **argv, const char *const *some, struct spec *spec);

void spec_free(struct spec *spec);

#endif
