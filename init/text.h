/* Numbers and names in text. Pure. */
#ifndef CTR_INIT_TEXT_H
#define CTR_INIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For tables of text: the ABI aligns arrays to 16 bytes, which nothing here needs. */
#define UNALIGNED __attribute__((aligned(1)))

/* The whole of text as a number in base (2 to 16; digits a-f). False: it is none, or too large. */
bool integer_parse(const char *text, unsigned base, uint64_t *value);

/* The whole of text as a decimal number of at most max; -1: it is none such. */
long decimal_parse(const char *text, uint64_t max);

/* Writes value in decimal behind text, which holds size bytes; what does not fit is left out. */
void text_append_number(char *text, size_t size, uint64_t value);
void text_append(char *text, size_t size, const char *part);

/* A table of names is a text: before each name a byte of its value, behind it a NUL. The value of
 * the name that is the first length bytes of text; -1: it is not in the table. */
int name_find(const char *table, size_t size, const char *text, size_t length);

/* A signal by number (0 to 64) or name, with or without SIG. -1: there is none such. */
int signal_parse(const char *text);

/* What remains of text behind prefix; NULL when it does not begin so. */
char *text_behind(char *text, const char *prefix);

/* Decodes base64 in place. Returns the number of bytes, -1 when it is malformed. */
long base64_decode(char *text);

/* "No such file or directory" or, for an error that is not among the usual, "error 123". */
const char *error_text(int error, char spare[24]);

#endif
