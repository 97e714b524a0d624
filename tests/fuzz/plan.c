/* The plan, as ctr-init parses it in place. What it accepts, it can go through. */
#include "fuzz.h"

#include "../../init/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct plan plan;
	char *text = text_of(data, size);

	if (size && plan_parse(text, size, &plan) == 0)
		for (unsigned i = 0; i < plan.count; i++)
			for (unsigned n = 0; n < plan.lines[i].count; n++)
				if (strlen(field(&plan.lines[i], n)) > size)
					abort();
	free(text);
	return 0;
}
