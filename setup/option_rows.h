/* The table of options: --help is printed from it, the parser obeys it, documents are checked by
 * it.
 */
#ifndef CTR_SETUP_OPTION_ROWS_H
#define CTR_SETUP_OPTION_ROWS_H

#include <stddef.h>

#include "spec.h"

struct option_row {
	const char *group; /* heading before this row, or NULL */
	char letter;	   /* its short form, or 0 */
	const char *name;
	const char *argument; /* NULL: takes none; [=...]: may be left out, then set gets NULL */
	const char *help;
	/* 0, a negative errno after fail(), or OPTIONS_DONE. */
	int (*set)(struct spec *spec, char *text);
};

extern const struct option_row option_rows[];
enum { OPTION_ROWS = 39 };

#endif
