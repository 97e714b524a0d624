/* What may stand where on a command line, from the tables of options and verbs. Pure.
 *
 * A verb's arguments are in its row as its usage has them: "NAME [SIGNAL] [--json] [--lower DIR]"
 * has two operands and two flags. Of "[OPTION...]" the options are those that the verb's help
 * names.
 */
#ifndef CTR_COMPLETIONS_USAGE_H
#define CTR_COMPLETIONS_USAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "../nearest.h"
#include "../verbs/verbs.h"

/* What an argument may be, as tokens that spaces separate, until the next call: words, and @files,
 * @directories, @runs; with @more the argument goes on behind what is completed. NAME is a run's
 * where it is a verb's, and as that of an option a new one. */
const char *tokens_of(const char *argument, bool is_verb_s);

struct flag {
	char name[WORD_MAX];	 /* with its dashes */
	char argument[WORD_MAX]; /* "": it takes none */
};

/* The i-th flag of a verb; false behind the last. */
bool flag_get(const struct verb *verb, size_t i, struct flag *flag);

/* The i-th operand; false behind the last, and where any number may follow. */
bool operand_get(const struct verb *verb, size_t i, char operand[WORD_MAX]);

#endif
