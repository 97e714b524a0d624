/* A run's record in the state directory, as the next start and the verbs read it. */
#include "fuzz.h"

#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), *rest = text;
	const char *key, *value;

	while (record_next(&rest, &key, &value))
		if (strlen(key) + strlen(value) > size)
			abort();
	free(text);
	return 0;
}
