#include "help.h"

#include <ctype.h>
#include <string.h>

#include "option_rows.h"

enum { LEFT = 25 };

static const struct {
	const char *line, *what;
} examples[] = {
	{"ctr-setup --cpu 10 --mem 500M ./merged", "a shell, with a tenth of a CPU and 500 MiB"},
	{"ctr-setup --ephemeral --bind ./src:/src:ro ./merged -- make -C /src test",
	 "sources from the host, and a root that forgets what is done to it"},
	{"ctr-setup --userns --user 1000 --read-only --tmpfs /tmp ./merged ./server",
	 "a program that is nobody outside, and writes to memory only"},
	{"ctr-setup --net host --hook rootfs-hooks/resolv-conf ./merged",
	 "the host's network and name servers"},
	{"ctr-setup --explain ./merged", "each step of it as shell, and nothing is done"},
};

static void row_print(FILE *to, const char *left, const char *help)
{
	fprintf(to, "  %-*s", LEFT, left);
	if (strlen(left) > LEFT)
		fprintf(to, "\n  %-*s", LEFT, "");
	fprintf(to, "  %s\n", help);
}

static void option_print(FILE *to, const struct option_row *row)
{
	char left[64], letter[] = {'-', row->letter, ',', ' ', '\0'};
	const char *argument = row->argument ? row->argument : "";

	if (row->group)
		fprintf(to, "\n%s:\n", row->group);
	snprintf(left, sizeof(left), "%s--%s%s%s", row->letter ? letter : "", row->name,
		 *argument && *argument != '[' ? " " : "", argument);
	row_print(to, left, row->help);
}

static void verb_usage(const struct verb *verb, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s", verb->name, *verb->arguments ? " " : "", verb->arguments);
}

void help_print(FILE *to)
{
	fputs("Usage: ctr-setup [OPTION...] ROOTFS [--] [COMMAND [ARG...]]\n"
	      "       ctr-setup VERB [ARG...]\n\n"
	      "Runs COMMAND (a shell) in a container whose root is ROOTFS. When ROOTFS has a\n"
	      "sibling \"lower\", the root is an overlay of lower, upper and work beside it.\n",
	      to);
	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
		option_print(to, row);
	fputs("\nVerbs (ctr-setup VERB --help):\n", to);
	for (size_t i = 0; i < verbs_count; i++) {
		char usage[64];

		verb_usage(&verbs[i], usage, sizeof(usage));
		row_print(to, usage, verbs[i].help);
	}
	fputs("\nExamples:\n", to);
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		fprintf(to, "  %s\n      %s\n", examples[i].line, examples[i].what);
	fputs("\nOn a terminal, ^] three times gives the calling shell back; fg goes on.\n"
	      "\nExit status: the command's; 128+N when signal N ended it; 124 after --timeout;\n"
	      "125 when ctr-setup failed; 126 command cannot be executed; 127 not found.\n"
	      "All of it: ctr-setup(8).\n",
	      to);
}

void verb_help_print(FILE *to, const struct verb *verb)
{
	char usage[64];

	verb_usage(verb, usage, sizeof(usage));
	fprintf(to, "Usage: ctr-setup %s\n\n%c%s.\n\nAll of it: ctr-setup(8).\n", usage,
		toupper((unsigned char)verb->help[0]), verb->help + 1);
}
