/* The first bytes of a program that cannot be executed, as ctr-init reads them. */
#include "fuzz.h"

#include "../../init/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *head = text_of(data, size), *needs;
	const char *machine = program_machine(head, size);

	needs = program_needs(head, size);
	if ((needs && strlen(needs) > size) || (machine && !*machine))
		abort();
	free(head);
	return 0;
}
