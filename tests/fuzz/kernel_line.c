/* The kernel's command line, as ctr-init reads it in a machine. */
#include "fuzz.h"

#include "../../init/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct plan plan;
	struct life life = {.kind = LIFE_MACHINE};
	char *text = text_of(data, size);

	plan.count = 0;
	life_defaults(&life);
	machine_words_read(text, &life, &plan);
	free(text);
	return 0;
}
