#include "usage.h"

#include <stdio.h>
#include <string.h>

#include "../choices.h"
#include "../option_rows.h"

static char tokens[2048];

static void token_add(const char *token, const char *suffix)
{
	size_t used = strlen(tokens);

	snprintf(tokens + used, sizeof(tokens) - used, "%s%s%s", used ? " " : "", token, suffix);
}

static bool has_any(const char *argument, const char *const *names)
{
	while (*names && !strstr(argument, *names))
		names++;
	return *names != NULL;
}
#define HAS(argument, ...) has_any(argument, (const char *const[]){__VA_ARGS__, NULL})

const char *tokens_of(const char *argument, bool is_verb_s)
{
	bool is_list = strncmp(argument, "NAME=", 5) == 0;
	char word[WORD_MAX];

	tokens[0] = '\0';
	for (size_t i = 0; choice_get(argument, i, word); i++)
		token_add(word, is_list ? "=" : "");
	if (HAS(argument, "FILE", "PATH", "PROGRAM", "SRC"))
		token_add("@files", "");
	if (HAS(argument, "DIR", "UPPER"))
		token_add("@directories", "");
	if (is_verb_s && HAS(argument, "NAME"))
		token_add("@runs", "");
	if (is_list || HAS(argument, "SRC:"))
		token_add("@more", "");
	return tokens;
}

/* The next of a verb's arguments: a word, or what is between brackets. */
static bool argument_next(const char **rest, char argument[WORD_MAX])
{
	bool is_bracketed;
	size_t length;

	*rest += strspn(*rest, " ");
	is_bracketed = **rest == '[';
	*rest += is_bracketed;
	length = strcspn(*rest, is_bracketed ? "]" : " ");
	snprintf(argument, WORD_MAX, "%.*s", (int)length, *rest);
	*rest += length + (is_bracketed && (*rest)[length]);
	return length > 0;
}

/* The i-th option that the help names. */
static bool option_named(const char *help, size_t i, struct flag *flag)
{
	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
		char name[WORD_MAX];
		const char *found;
		size_t length = (size_t)snprintf(name, sizeof(name), "--%s", row->name);

		found = strstr(help, name);
		if (!found || !strchr(" ,:;)", found[length]) || i-- > 0)
			continue;
		snprintf(flag->name, WORD_MAX, "%s", name);
		snprintf(flag->argument, WORD_MAX, "%s", row->argument ? row->argument : "");
		return true;
	}
	return false;
}

bool flag_get(const struct verb *verb, size_t i, struct flag *flag)
{
	const char *rest = verb->arguments;
	char argument[WORD_MAX];

	while (argument_next(&rest, argument)) {
		size_t length = strcspn(argument, " ");

		if (argument[0] != '-' || i-- > 0)
			continue;
		snprintf(flag->name, WORD_MAX, "%.*s", (int)length, argument);
		snprintf(flag->argument, WORD_MAX, "%s",
			 argument + length + (argument[length] == ' '));
		return true;
	}
	return strstr(verb->arguments, "[OPTION...]") && option_named(verb->help, i, flag);
}

bool operand_get(const struct verb *verb, size_t i, char operand[WORD_MAX])
{
	const char *rest = verb->arguments;

	while (argument_next(&rest, operand)) {
		if (operand[0] == '-' || strcmp(operand, "OPTION...") == 0)
			continue;
		if (strstr(operand, "..."))
			break;
		if (i-- == 0)
			return true;
	}
	return false;
}
