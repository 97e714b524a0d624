/* The command line: getopt(3) over the table of option_rows.c, and what no single option can see.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capabilities.h"
#include "log.h"
#include "nearest.h"
#include "option_rows.h"
#include "verbs/verbs.h"

/* Refuses what no single option can see. */
static int combinations_check(const struct spec *spec)
{
	if (spec->limits.swap_asked && !spec->limits.memory)
		return fail(0, "--swap needs --mem: swap is counted beside a memory limit");
	if (spec->ephemeral && (spec->upper || spec->work))
		return fail(0, "--ephemeral keeps changes in memory: it goes with neither --upper "
			       "nor --work");
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

/* A verb is the first word, and a ROOTFS of a verb's name, or nearly so, a path. */
static int root_check(const char *word)
{
	struct nearest nearest = nearest_to(word);

	if (verb_find(word))
		return fail(0,
			    "%s is a verb: it comes first, as in ctr-setup %s (a ROOTFS of that "
			    "name is ./%s)",
			    word, word, word);
	if (strchr(word, '/') || access(word, F_OK) == 0)
		return 0;
	for (size_t i = 0; i < verbs_count; i++)
		nearest_offer(&nearest, verbs[i].name);
	if (!*nearest.name)
		return 0;
	return fail(0, "\"%s\" is neither a directory nor a verb%s see ctr-setup --help", word,
		    nearest_question(&nearest, ": did you mean "));
}

static int operands_take(int argc, char **argv, struct spec *spec)
{
	int rc;

	if (optind == argc)
		return fail(0, "no ROOTFS is given: see ctr-setup --help");
	spec->rootfs = argv[optind++];
	if ((rc = root_check(spec->rootfs)) < 0)
		return rc;
	if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	else if (optind < argc && argv[optind][0] == '-' && argv[optind][1])
		return fail(0,
			    "%s comes too late: options stand before ROOTFS, and a COMMAND of "
			    "that name behind --",
			    argv[optind]);
	spec->command = argv + optind;
	return combinations_check(spec);
}

/* word is --NAME, --NAME=VALUE, -NAME, or letters of which getopt(3) has the wrong one. */
static int unknown_say(const char *word)
{
	const char *start = word + strspn(word, "-");
	char name[WORD_MAX];
	struct nearest nearest;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(start, "="), start);
	nearest = nearest_to(name);
	for (int i = 0; i < OPTION_ROWS; i++)
		nearest_offer(&nearest, option_rows[i].name);
	if (*nearest.name)
		return fail(0, "unknown option \"%s\"%s see ctr-setup --help", word,
			    nearest_question(&nearest, ": did you mean --"));
	if (word[1] != '-')
		return fail(0, "unknown option -%c: see ctr-setup --help", optopt);
	return fail(0, "unknown option \"%s\": see ctr-setup --help", word);
}

/* Of what getopt(3) did not take. */
static int misuse(int c, const char *word)
{
	size_t length = strcspn(word, "=");

	for (int i = 0; i < OPTION_ROWS; i++) {
		const char *name = option_rows[i].name;

		if (strncmp(word, "--", 2) != 0 || strlen(name) != length - 2 ||
		    strncmp(word + 2, name, length - 2) != 0)
			continue;
		if (c == ':')
			return fail(0, "option --%s needs an argument: see ctr-setup --help", name);
		return fail(0, "option --%s takes no argument, as \"%s\" has: see ctr-setup --help",
			    name, word);
	}
	return unknown_say(word);
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

static bool is_among(const char *name, const char *const *some)
{
	while (some && *some && strcmp(*some, name) != 0)
		some++;
	return !some || *some;
}

/* Runs the setter of what getopt(3) found at word. It also takes an unambiguous beginning for the
 * whole: not here, where --cpus would be --cpuset. */
static int option_take(int c, int index, const char *word, const char *const *some,
		       struct spec *spec)
{
	const struct option_row *row = &option_rows[index];

	for (int i = 0; i < OPTION_ROWS; i++)
		if (c && option_rows[i].letter == c)
			return option_rows[i].set(spec, NULL);
	if (c != LONG_OPTION || strcspn(word + 2, "=") != strlen(row->name))
		return misuse(c, word);
	if (!is_among(row->name, some))
		return fail(0, "option --%s is for a start, not for this: see ctr-setup --help",
			    row->name);
	return row->set(spec, argument_copy(spec, optarg));
}

static int argument_kind(const struct option_row *row)
{
	if (!row->argument)
		return no_argument;
	return row->argument[0] == '[' ? optional_argument : required_argument;
}

int options_take(int argc, char **argv, const char *const *some, struct spec *spec)
{
	struct option longs[OPTION_ROWS + 1] = {{0}};
	int rc;

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
			return OPTIONS_RUN;
		rc = option_take(c, index, word, some, spec);
	}
	return rc;
}

int options_parse(int argc, char **argv, struct spec *spec)
{
	int rc;

	*spec = (struct spec){
		.grace_ms = 10000,
		.workdir = "/",
		.caps = capabilities_default(),
		.userns = geteuid() != 0, /* who is not root can make no other container */
	};
	rc = options_take(argc, argv, NULL, spec);
	return rc == OPTIONS_RUN ? operands_take(argc, argv, spec) : rc;
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
