#include "completions/usage.h"

#include <string.h>

#include "support.h"

static void what_an_argument_may_be_is_told_by_its_name(void **state)
{
	static const char *const table[][2] = {
		{"PCT", ""},
		{"none|host|PATH", "none host @files"},
		{"[=script|trace]", "script trace"},
		{"DIR", "@directories"},
		{"DST[:OPTIONS]", ""},
		{"PROGRAM", "@files"},
		{"SRC:DST[:ro]", "@files @more"},
		{"NAME", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_string_equal(tokens_of(table[i][0], false), table[i][1]);
	assert_string_equal(tokens_of("NAME", true), "@runs");
	assert_string_equal(tokens_of("NAME|UPPER", true), "@directories @runs");
	assert_contains(tokens_of("NAME=SOFT[:HARD]", false), " nofile= ");
	assert_contains(tokens_of("NAME=SOFT[:HARD]", false), " @more");
	assert_contains(tokens_of("CAP", false), "all chown ");
}

/* "OPERAND OPERAND, --flag --flag=ARGUMENT" */
static const char *usage_of(const char *arguments, const char *help)
{
	const struct verb verb = {.name = "do", .arguments = arguments, .help = help};
	static char text[512];
	char operand[WORD_MAX];
	struct flag flag;

	text[0] = '\0';
	for (size_t i = 0; operand_get(&verb, i, operand); i++)
		strcat(strcat(text, i ? " " : ""), operand);
	strcat(text, ",");
	for (size_t i = 0; flag_get(&verb, i, &flag); i++) {
		strcat(strcat(text, " "), flag.name);
		if (*flag.argument)
			strcat(strcat(text, "="), flag.argument);
	}
	return text;
}

static void a_verb_has_operands_and_flags(void **state)
{
	(void)state;
	assert_string_equal(usage_of("", "help"), ",");
	assert_string_equal(usage_of("NAME", "help"), "NAME,");
	assert_string_equal(usage_of("[--json]", "help"), ", --json");
	assert_string_equal(usage_of("NAME [SIGNAL]", "help"), "NAME SIGNAL,");
	assert_string_equal(usage_of("NAME|UPPER [--lower DIR] [--json]", "help"),
			    "NAME|UPPER, --lower=DIR --json");
	assert_string_equal(usage_of("FILE... MORE", "help"), ",");
	assert_string_equal(usage_of("[unclosed", "help"), "unclosed,");
}

static void options_of_a_verb_are_those_that_its_help_names(void **state)
{
	(void)state;
	assert_string_equal(
		usage_of("NAME [OPTION...] CMD [ARG...]", "run it: --user --env, --tty"),
		"NAME CMD, --user=UID[:GID] --env=K[=V] --tty");
	assert_string_equal(usage_of("NAME [OPTION...] CMD", "--cpu-weight --nothing"),
			    "NAME CMD, --cpu-weight=N");
	assert_string_equal(usage_of("NAME", "not --user"), "NAME,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_argument_may_be_is_told_by_its_name),
		cmocka_unit_test(a_verb_has_operands_and_flags),
		cmocka_unit_test(options_of_a_verb_are_those_that_its_help_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
