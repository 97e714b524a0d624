/* The command line: getopt(3) over the table of option_rows.c, and what no single option can see.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capabilities.h"
#include "log.h"
#include "option_rows.h"
#include "verbs/verbs.h"

void help_print(FILE *to)
{
	fputs("Usage: ctr-setup [OPTION...] ROOTFS [--] [COMMAND [ARG...]]\n"
	      "       ctr-setup VERB [ARG...]\n\n"
	      "Runs COMMAND (a shell) in a container whose root is ROOTFS. When ROOTFS has a\n"
	      "sibling \"lower\", the root is an overlay of lower, upper and work beside it.\n"
	      "\n"
	      "  ctr-setup --cpu 10 --mem 500M ./merged\n"
	      "  ctr-setup --ephemeral --bind ./src:/src:ro ./merged -- make -C /src test\n",
	      to);
	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
		char left[40], letter[] = {'-', row->letter, ',', ' ', '\0'};

		if (row->group)
			fprintf(to, "\n%s:\n", row->group);
		snprintf(left, sizeof(left), "%s--%s%s%s", row->letter ? letter : "", row->name,
			 row->argument && row->argument[0] != '[' ? " " : "",
			 row->argument ? row->argument : "");
		fprintf(to, "  %-25s  %s\n", left, row->help);
	}
	fputs("\nVerbs:\n", to);
	for (size_t i = 0; i < verbs_count; i++) {
		char left[40];

		snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].arguments);
		fprintf(to, "  %-25s  %s\n", left, verbs[i].help);
	}
	fputs("\nExit status: the command's; 128+N when signal N ended it; 124 after --timeout;\n"
	      "125 when ctr-setup failed; 126 command cannot be executed; 127 not found.\n",
	      to);
}

/* Refuses what no single option can see. */
static int combinations_check(const struct spec *spec)
{
	if (spec->limits.swap_asked && !spec->limits.memory)
		return fail(0, "--swap needs --mem: swap is counted beside a memory limit");
	if (spec->ephemeral && (spec->upper || spec->work))
		return fail(0, "--ephemeral keeps changes in memory: it goes with neither --upper "
			       "nor --work");
	if (spec->caps_added && spec->uid != 0)
		return fail(0, "--cap-add gives to root inside: it goes with no --user but 0");
	if (spec->explain && spec->mode != MODE_RUN)
		return fail(0, "--explain goes with neither --check nor --print-plan");
	if (spec->report && spec->explain && spec->explain != EXPLAIN_TRACE)
		return fail(0, "--report has nothing to say of what --explain does not do");
	if (spec->explain == EXPLAIN_SCRIPT && spec->userns)
		return fail(0,
			    "--explain=script has no user namespace, as others must map its ids: "
			    "use --explain");
	if (spec->work && !spec->upper)
		return fail(0, "--work needs --upper, on the same file system");
	return 0;
}

static int operands_take(int argc, char **argv, struct spec *spec)
{
	if (optind == argc)
		return fail(0, "no ROOTFS is given: see ctr-setup --help");
	if (verb_find(argv[optind]))
		return fail(0,
			    "%s is a verb: it comes first, as in ctr-setup %s (a ROOTFS of that "
			    "name is ./%s)",
			    argv[optind], argv[optind], argv[optind]);
	spec->rootfs = argv[optind++];
	if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	spec->command = argv + optind;
	return combinations_check(spec);
}

static int misuse(int c, const char *word)
{
	if (c == ':')
		return fail(0, "option %s needs an argument: see ctr-setup --help", word);
	if (word[1] == '-' && strchr(word, '='))
		return fail(0,
			    "unknown option \"%s\", or it takes no argument: see ctr-setup --help",
			    word);
	if (word[1] != '-')
		return fail(0, "unknown option -%c: see ctr-setup --help", optopt);
	return fail(0, "unknown option \"%s\": see ctr-setup --help", word);
}

enum { LONG_OPTION = 256 }; /* beyond any letter */

/* Setters cut what they get; argv stays whole, for who executes it again. */
static int arguments_make_room(int argc, char **argv, struct spec *spec)
{
	size_t size = 1;

	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	spec->arguments = spec->arguments_end = malloc(size);
	return spec->arguments ? 0 : fail(ENOMEM, "cannot read the command line");
}

static char *argument_copy(struct spec *spec, const char *text)
{
	char *copy = spec->arguments_end;

	if (!text)
		return NULL;
	spec->arguments_end = stpcpy(copy, text) + 1;
	return copy;
}

/* Runs the setter of what getopt(3) found at word. It also takes an unambiguous beginning for the
 * whole: not here, where --cpus would be --cpuset. */
static int option_take(int c, int index, const char *word, struct spec *spec)
{
	const struct option_row *row = &option_rows[index];

	for (int i = 0; i < OPTION_ROWS; i++)
		if (c && option_rows[i].letter == c)
			return option_rows[i].set(spec, NULL);
	if (c != LONG_OPTION || strcspn(word + 2, "=") != strlen(row->name))
		return misuse(c, word);
	return row->set(spec, argument_copy(spec, optarg));
}

static int argument_kind(const struct option_row *row)
{
	if (!row->argument)
		return no_argument;
	return row->argument[0] == '[' ? optional_argument : required_argument;
}

int options_parse(int argc, char **argv, struct spec *spec)
{
	struct option longs[OPTION_ROWS + 1] = {{0}};
	int rc;

	*spec = (struct spec){
		.grace_ms = 10000,
		.workdir = "/",
		.caps = capabilities_default(),
		.userns = geteuid() != 0, /* who is not root can make no other container */
	};
	for (int i = 0; i < OPTION_ROWS; i++) {
		longs[i].name = option_rows[i].name;
		longs[i].has_arg = argument_kind(&option_rows[i]);
		longs[i].val = LONG_OPTION;
	}
	rc = arguments_make_room(argc, argv, spec);
	opterr = 0;
	optind = 0; /* getopt(3), NOTES: starts afresh */
	while (rc == 0) {
		const char *word = argv[optind ? optind : 1];
		int index = 0, c = getopt_long(argc, argv, "+:vh", longs, &index);

		if (c == -1)
			return operands_take(argc, argv, spec);
		rc = option_take(c, index, word, spec);
	}
	return rc;
}

void spec_free(struct spec *spec)
{
	free(spec->arguments);
	free(spec->rlimits);
	free(spec->lower.items);
	free(spec->binds);
	free(spec->tmpfs);
	free(spec->devices);
	free(spec->hooks.items);
	free(spec->env.items);
}
