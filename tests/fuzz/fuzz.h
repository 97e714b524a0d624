/* What the harnesses share: libFuzzer calls LLVMFuzzerTestOneInput() with bytes; most parsers want
 * them as a text that ends where it ends, so that AddressSanitizer sees each read beyond it. */
#ifndef CTR_FUZZ_H
#define CTR_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of the bytes with a NUL behind them; the caller's. */
static inline char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* The lines of text, cut in place, as an array that ends in NULL, in room for count + 1. */
static inline void lines_of(char *text, char **lines, size_t count)
{
	size_t used = 0;

	for (char *line = strtok(text, "\n"); line && used < count; line = strtok(NULL, "\n"))
		lines[used++] = line;
	lines[used] = NULL;
}

#endif
