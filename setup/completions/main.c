/* ctr-completions: a shell's completions of ctr-setup, from the tables of options and verbs.
 *
 *     ctr-completions bash|zsh|fish FRAME
 *
 * What depends on the tables is printed in the shell's own syntax, then the file FRAME, which is
 * the rest and knows no option by name. It runs at build time and is not installed.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../option_rows.h"
#include "usage.h"

/* Text between single quotes, with what the shell would read in it escaped. */
static void quoted_print(const char *text, const char *special, const char *quote)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs(quote, stdout);
		else
			printf("%s%c", strchr(special, *text) ? "\\" : "", *text);
	}
}

/* --- bash: lists of words, and a function that tells the tokens of an argument */

static void bash_options(void)
{
	fputs("_ctr_setup_options='", stdout);
	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
		if (row->letter)
			printf("-%c ", row->letter);
		printf("--%s ", row->name);
	}
	fputs("'\n_ctr_setup_verbs='", stdout);
	for (size_t i = 0; i < verbs_count; i++)
		printf("%s ", verbs[i].name);
	fputs("'\n", stdout);
}

static void bash_verb(const struct verb *verb)
{
	char operand[WORD_MAX];
	struct flag flag;

	printf("\t%s:flags) tokens='--help", verb->name);
	for (size_t i = 0; flag_get(verb, i, &flag); i++)
		printf(" %s", flag.name);
	puts("' ;;");
	for (size_t i = 0; flag_get(verb, i, &flag); i++)
		if (*flag.argument)
			printf("\t%s:%s) tokens='%s' ;;\n", verb->name, flag.name,
			       tokens_of(flag.argument, true));
	for (size_t i = 0; operand_get(verb, i, operand); i++)
		printf("\t%s:%zu) tokens='%s' ;;\n", verb->name, i + 1, tokens_of(operand, true));
}

static void bash_print(void)
{
	puts("# bash completion of ctr-setup(8), made of its tables\n");
	bash_options();
	puts("\n_ctr_setup_tokens()\n{\n\tcase $1 in");
	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
		if (!row->argument)
			continue;
		/* what may be left out stands behind a "=" */
		printf("\t--%s%s) tokens='%s' ;;\n", row->name, row->argument[0] == '[' ? "=" : "",
		       tokens_of(row->argument, false));
	}
	for (size_t i = 0; i < verbs_count; i++)
		bash_verb(&verbs[i]);
	puts("\t*) return 1 ;;\n\tesac\n}\n");
}

/* --- zsh: specifications of _arguments */

enum { IS_OPTIONAL = 1, IS_VERB_S = 2 };

/* ":ARGUMENT: _ctr_setup_argument TOKENS'"; a space alone says that the argument has to come, and
 * keeps flags, which a verb may have there, from being completed. */
static void zsh_argument(const char *argument, unsigned flags)
{
	const char *known = tokens_of(argument, flags & IS_VERB_S);

	fputs(flags & IS_OPTIONAL ? "::" : ":", stdout);
	quoted_print(argument, ":[]\\", "'\\''");
	printf(": %s%s'\n", *known || flags & IS_VERB_S ? "_ctr_setup_argument " : "", known);
}

static void zsh_option(const struct option_row *row)
{
	bool may_lack = row->argument && row->argument[0] == '[';
	char names[64];

	snprintf(names, sizeof(names), "--%s", row->name);
	if (row->letter)
		printf("\t'(-%c %s)'{-%c,%s}'[", row->letter, names, row->letter, names);
	else
		printf("\t'*%s%s[", names, !row->argument ? "" : may_lack ? "=-" : "=");
	quoted_print(row->help, ":[]\\", "'\\''");
	fputs("]", stdout);
	if (row->argument)
		zsh_argument(row->argument, may_lack ? IS_OPTIONAL : 0);
	else
		puts("'");
}

static void zsh_verb(const struct verb *verb)
{
	char operand[WORD_MAX];
	struct flag flag;

	printf("%s)\n\toperands=(\n", verb->name);
	for (size_t i = 0; flag_get(verb, i, &flag); i++) {
		printf("\t'*%s%s", flag.name, *flag.argument ? "=" : "'\n");
		if (*flag.argument)
			zsh_argument(flag.argument, IS_VERB_S);
	}
	for (size_t i = 0; operand_get(verb, i, operand); i++) {
		printf("\t'%zu", i + 1);
		zsh_argument(operand, IS_VERB_S);
	}
	puts("\t)\n\t;;");
}

static void zsh_print(void)
{
	puts("#compdef ctr-setup\n# zsh completion of ctr-setup(8), made of its tables\n");
	puts("local -a options verbs operands\noptions=(");
	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
		zsh_option(row);
	puts(")\nverbs=(");
	for (size_t i = 0; i < verbs_count; i++) {
		printf("\t'%s:", verbs[i].name);
		quoted_print(verbs[i].help, ":\\", "'\\''");
		puts("'");
	}
	puts(")\ncase $words[2] in");
	for (size_t i = 0; i < verbs_count; i++)
		zsh_verb(&verbs[i]);
	puts("esac\n");
}

/* --- fish: calls of complete(1) */

/* Files are fish's own business, the rest comes from words and functions. */
static void fish_argument(const char *argument, bool is_verb_s, bool is_needed)
{
	const char *known = tokens_of(argument, is_verb_s);

	printf("%s%s", is_needed ? " -r" : "", strstr(known, "@files") ? " -F" : " -f");
	if (*known)
		printf(" -a '(__ctr_setup_argument %s)'", known);
}

static void fish_option(const struct option_row *row)
{
	printf("complete -c ctr-setup -n '__ctr_setup_at options' -l %s", row->name);
	if (row->letter)
		printf(" -s %c", row->letter);
	if (row->argument)
		fish_argument(row->argument, false, row->argument[0] != '[');
	fputs(" -d '", stdout);
	quoted_print(row->help, "\\", "\\'");
	puts("'");
}

static void fish_verb(const struct verb *verb)
{
	char operand[WORD_MAX];
	struct flag flag;

	printf("complete -c ctr-setup -n '__ctr_setup_at verbs' -a %s -d '", verb->name);
	quoted_print(verb->help, "\\", "\\'");
	printf("'\ncomplete -c ctr-setup -n '__ctr_setup_at %s' -l help\n", verb->name);
	for (size_t i = 0; flag_get(verb, i, &flag); i++) {
		printf("complete -c ctr-setup -n '__ctr_setup_at %s' -l %s", verb->name,
		       flag.name + 2);
		if (*flag.argument)
			fish_argument(flag.argument, true, true);
		puts("");
	}
	for (size_t i = 0; operand_get(verb, i, operand); i++) {
		printf("complete -c ctr-setup -n '__ctr_setup_at %s %zu'", verb->name, i + 1);
		fish_argument(operand, true, false);
		puts("");
	}
}

static void fish_print(void)
{
	struct flag flag;

	puts("# fish completion of ctr-setup(8), made of its tables\n");
	fputs("set -g __ctr_setup_verbs", stdout);
	for (size_t i = 0; i < verbs_count; i++)
		printf(" %s", verbs[i].name);
	fputs("\nset -g __ctr_setup_takes", stdout);
	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
		if (row->argument && row->argument[0] != '[')
			printf(" --%s", row->name);
	for (size_t i = 0; i < verbs_count; i++)
		for (size_t j = 0; flag_get(&verbs[i], j, &flag); j++)
			if (*flag.argument)
				printf(" %s", flag.name);
	puts("\n");
	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
		fish_option(row);
	for (size_t i = 0; i < verbs_count; i++)
		fish_verb(&verbs[i]);
	puts("");
}

static const struct {
	const char *name;
	void (*print)(void);
} shells[] = {{"bash", bash_print}, {"zsh", zsh_print}, {"fish", fish_print}};

static bool frame_print(const char *path)
{
	FILE *frame = fopen(path, "r");
	int c;

	if (!frame)
		return false;
	while ((c = getc(frame)) != EOF)
		putchar(c);
	fclose(frame);
	return fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, argv[1]) != 0)
			continue;
		shells[i].print();
		if (frame_print(argv[2]))
			return 0;
		perror(argv[2]);
		return 1;
	}
	fputs("usage: ctr-completions bash|zsh|fish FRAME\n", stderr);
	return 2;
}
