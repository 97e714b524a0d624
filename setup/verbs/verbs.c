#include "verbs.h"

#include <string.h>

const struct verb verbs[] = {
	{"gc", "", "remove what killed runs have left behind", gc_run},
};
const size_t verbs_count = sizeof(verbs) / sizeof(verbs[0]);

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < verbs_count; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}
