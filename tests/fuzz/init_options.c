/* ctr-init's own command line: a line of the input is a word. */
#include "fuzz.h"

#include "../../init/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), *words[66] = {"ctr-init"};
	const char *complaint, *word;
	struct life life = {.kind = LIFE_EMBEDDED};

	lines_of(text, words + 1, 64);
	life_defaults(&life);
	if (options_parse(words, &life, &complaint, &word) == WISH_WRONG &&
	    strlen(complaint) + strlen(word) == 0)
		abort();
	free(text);
	return 0;
}
