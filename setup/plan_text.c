#include "plan_text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "ctr/plan.h"
#include "log.h"

static void field_put(FILE *to, const char *text)
{
	fputc(' ', to);
	if (!*text)
		fputc('-', to);
	else if (strcmp(text, "-") == 0)
		fputs("\\055", to);
	else
		for (; *text; text++) {
			if (strchr(" \t\n\\", *text))
				fprintf(to, "\\%03o", (unsigned)*text);
			else
				fputc(*text, to);
		}
}

void line_put(FILE *to, const char *verb, const char *const *fields)
{
	fputs(verb, to);
	for (; *fields; fields++)
		field_put(to, *fields);
	fputc('\n', to);
}

void home_put(FILE *to, uint32_t uid)
{
	LINE(to, "home", uid == 0 ? "/root" : "/");
}

void term_put(FILE *to, const char *term)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._+-";
	bool is_sane = term && *term && strlen(term) <= 32 && term[strspn(term, allowed)] == '\0';

	fprintf(to, "env TERM=%s\n", is_sane ? term : "linux");
}

int plan_size_check(const char *text, size_t size, char *const *command)
{
	size_t lines = 0, words = 0;

	for (const char *c = strchr(text, '\n') + 1; *c; c++)
		lines += *c == '\n';
	while (command[words])
		words++;
	if (words > CTR_PLAN_FIELDS_MAX)
		return fail(E2BIG, "cannot pass %zu words to the command: at most %d", words,
			    CTR_PLAN_FIELDS_MAX);
	if (lines > CTR_PLAN_LINES_MAX || size > CTR_PLAN_MAX)
		return fail(E2BIG,
			    "cannot make a plan of %zu lines and %zu bytes: at most %d and "
			    "%d",
			    lines, size, CTR_PLAN_LINES_MAX, CTR_PLAN_MAX);
	return 0;
}
