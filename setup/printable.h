/* Bytes as printable text, for lines that others read: what is not printable ASCII, and the
 * backslash, is written \xNN. So a name cannot write to a terminal, nor begin a line of its own.
 */
#ifndef CTR_SETUP_PRINTABLE_H
#define CTR_SETUP_PRINTABLE_H

#include <stdio.h>

void printable_put(FILE *to, const char *text);

/* The way back, in place. */
void printable_undo(char *text);

#endif
