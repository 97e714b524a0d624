/* What --help says, from the tables of options and verbs. */
#ifndef CTR_SETUP_HELP_H
#define CTR_SETUP_HELP_H

#include <stdio.h>

#include "verbs/verbs.h"

void help_print(FILE *to);

/* The same of one verb. */
void verb_help_print(FILE *to, const struct verb *verb);

#endif
