#include "choices.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "capabilities.h"
#include "ctr/plan.h"

/* The i-th alternative, as "script" of "[=script|trace]"; those in capitals are not words. */
static bool alternative_get(const char *argument, size_t i, char word[WORD_MAX])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	argument += strspn(argument, "[=");
	for (;; argument++) {
		size_t length = strspn(argument, letters);

		if (length && i-- == 0) {
			snprintf(word, WORD_MAX, "%.*s", (int)length, argument);
			return true;
		}
		argument += strcspn(argument, "|");
		if (!*argument)
			return false;
	}
}

static const char *capability(size_t i)
{
	return i == 0 ? "all" : capability_name((unsigned)i - 1);
}

static const char *rlimit(size_t i)
{
#define NAME(text, resource) text,
	static const char *const names[] = {CTR_RLIMITS(NAME) NULL};
#undef NAME

	return names[i];
}

/* The real-time ones have no names of their own. */
static const char *signal_name(size_t i)
{
	return i + 1 < (size_t)__SIGRTMIN ? sigabbrev_np((int)i + 1) : NULL;
}

static const struct {
	const char *argument;
	const char *(*name)(size_t i); /* NULL behind the last; called with one i after another */
} lists[] = {
	{"CAP", capability},
	{"NAME=", rlimit},
	{"SIGNAL", signal_name},
};

bool choice_get(const char *argument, size_t i, char word[WORD_MAX])
{
	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++) {
		const char *name;

		if (strncmp(argument, lists[list].argument, strlen(lists[list].argument)) != 0)
			continue;
		name = lists[list].name(i);
		if (name)
			snprintf(word, WORD_MAX, "%s", name);
		return name != NULL;
	}
	return alternative_get(argument, i, word);
}

bool choice_has(const char *argument, const char *word)
{
	char choice[WORD_MAX];
	size_t i = 0;

	while (choice_get(argument, i, choice) && strcmp(choice, word) != 0)
		i++;
	return choice_get(argument, i, choice);
}

void choices_offer(const char *argument, struct nearest *nearest)
{
	char choice[WORD_MAX];

	for (size_t i = 0; choice_get(argument, i, choice); i++)
		nearest_offer(nearest, choice);
}
