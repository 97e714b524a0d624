/* ctr-init's command line. Pure. */
#ifndef CTR_INIT_OPTIONS_H
#define CTR_INIT_OPTIONS_H

#include "life.h"

enum options_wish { WISH_RUN, WISH_HELP, WISH_VERSION, WISH_WRONG };

extern const char options_usage[];

/* Reads argv up to the first word that is no option; life->command is what follows. With
 * WISH_WRONG, complaint says what is wrong with word. life holds the defaults before. */
enum options_wish options_parse(char **argv, struct life *life, const char **complaint,
				const char **word);

#endif
