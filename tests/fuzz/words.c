/* The strict parsers of what a user writes: numbers, sizes, times, ids, lists, names. A size that
 * is written out again is the same size. */
#include "fuzz.h"

#include "parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), again[32];
	uint64_t one, two;
	uint32_t uid, gid;
	unsigned access;
	int number;

	number_parse(text, 1, 1000, &one);
	percent_parse(text, &one);
	duration_parse(text, &one);
	user_parse(text, &uid, &gid);
	rlimit_values_parse(text, &one, &two);
	cpu_list_is_valid(text);
	access_parse(text, &access);
	signal_name_parse(text, &number);
	name_is_valid(text);
	if (size_parse(text, &one)) {
		size_format(one, again, sizeof(again));
		if (!size_parse(again, &two) || one != two)
			abort();
	}
	free(text);
	return 0;
}
