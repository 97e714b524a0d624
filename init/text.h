/* Numbers and names in text. Pure. */
#ifndef CTR_INIT_TEXT_H
#define CTR_INIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole of text as a number in base (2 to 16; digits a-f). False: it is none, or too large. */
bool integer_parse(const char *text, unsigned base, uint64_t *value);

/* Writes value in decimal behind text, which holds size bytes; what does not fit is left out. */
void text_append_number(char *text, size_t size, uint64_t value);
void text_append(char *text, size_t size, const char *part);

/* A signal by number (0 to 64) or name, with or without SIG. -1: there is none such. */
int signal_parse(const char *text);

/* What remains of text behind prefix; NULL when it does not begin so. */
char *text_behind(char *text, const char *prefix);

/* Decodes base64 in place. Returns the number of bytes, -1 when it is malformed. */
long base64_decode(char *text);

/* "No such file or directory" or, for an error that is not among the usual, "error 123". */
const char *error_text(int error, char spare[24]);

#endif
