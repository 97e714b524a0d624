#include "environment.h"

#include <stddef.h>
#include <string.h>

#include "text.h"

enum { BASE_MAX = 64 }; /* a kernel gives its init 32 at most */

const char *environment_find(char **environment, const char *name)
{
	for (; *environment; environment++) {
		const char *value = text_behind(*environment, name);

		if (value)
			return value;
	}
	return NULL;
}

char **environment_make(char **base, const struct plan *plan)
{
	static char *entries[BASE_MAX + CTR_PLAN_LINES_MAX + 1];

	for (unsigned i = 0; base[i] && i < BASE_MAX; i++)
		entries[i] = base[i];
	for_each_line(line, plan) {
		char *entry = field(line, 0);
		size_t name = strcspn(entry, "=") + 1;
		char **place = entries;

		if (line->verb != CTR_VERB_ENV)
			continue;
		while (*place && strncmp(*place, entry, name) != 0)
			place++;
		*place = entry;
	}
	return entries;
}
