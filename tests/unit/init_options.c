/* ctr-init's command line: every option in each way to write it, and what is wrong is named. */
#include "../../init/options.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those it needs */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { WORDS_MAX = 16 };

static struct life life;
static const char *complaint, *word;
static char text[512];
static char *argv[WORDS_MAX + 1];

/* The line is cut at its spaces; the texts stay until the next call. */
static enum options_wish parse(const char *line)
{
	char *rest = text, *cut;
	size_t count = 0;

	life = (struct life){.kind = LIFE_EMBEDDED};
	for (unsigned i = 0; i <= SIGNALS; i++)
		life.becomes[i] = (uint8_t)i;
	for (unsigned i = 0; i < STATUSES; i++)
		life.statuses[i] = (uint8_t)i;
	complaint = word = NULL;
	assert_true(strlen(line) < sizeof(text));
	strcpy(text, line);
	while ((cut = strsep(&rest, " ")) && count < WORDS_MAX)
		argv[count++] = cut;
	argv[count] = NULL;
	return options_parse(argv, &life, &complaint, &word);
}

static void assert_command_is(const char *first, size_t count)
{
	assert_non_null(life.command);
	assert_string_equal(life.command[0], first);
	for (size_t i = 0; i < count; i++)
		assert_non_null(life.command[i]);
	assert_null(life.command[count]);
}

static void assert_runs(const char *line)
{
	if (parse(line) != WISH_RUN)
		fail_msg("refused: %s: '%s' %s", line, word ? word : "", complaint);
	assert_command_is("cmd", 1);
}

static void assert_wrong(const char *line, const char *named, const char *why)
{
	if (parse(line) != WISH_WRONG)
		fail_msg("accepted: %s", line);
	assert_string_equal(word, named);
	assert_string_equal(complaint, why);
}

static void a_command_alone_is_enough(void **state)
{
	(void)state;
	assert_runs("ctr-init cmd");
	assert_runs("ctr-init -- cmd");
	assert_int_equal(life.kind, LIFE_EMBEDDED);
	assert_int_equal(life.grace, 0);
	assert_int_equal(life.parent_signal, 0);
	assert_false(life.must_adopt || life.says_reaped || life.says_forwarded);
	assert_true(life.to_group == 0);
}

static void the_command_keeps_its_own_options(void **state)
{
	(void)state;
	assert_int_equal(parse("ctr-init sh -c x"), WISH_RUN);
	assert_command_is("sh", 3);
	assert_string_equal(life.command[1], "-c");
	assert_int_equal(parse("ctr-init -g sh -g --version -h"), WISH_RUN);
	assert_command_is("sh", 4);
	assert_int_equal(parse("ctr-init -- -g -- --help"), WISH_RUN);
	assert_command_is("-g", 3);
	assert_int_equal(parse("ctr-init cmd --"), WISH_RUN);
	assert_command_is("cmd", 2);
	assert_int_equal(parse("ctr-init - x"), WISH_RUN);
	assert_command_is("-", 2);
}

static void letters_can_be_combined(void **state)
{
	static const char *const lines[] = {
		"ctr-init -g -v -s -w -p 9 cmd", "ctr-init -gvsw -p9 cmd",
		"ctr-init -gvswp9 cmd",		 "ctr-init -wsvgp 9 -- cmd",
		"ctr-init -gv -sw -pKILL cmd",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_runs(lines[i]);
		assert_true(life.to_group == ALL_SIGNALS);
		assert_true(life.must_adopt && life.says_reaped && life.says_forwarded);
		assert_int_equal(life.parent_signal, SIGKILL);
	}
}

static void each_letter_does_its_own(void **state)
{
	(void)state;
	assert_runs("ctr-init -g cmd");
	assert_true(life.to_group == ALL_SIGNALS);
	assert_false(life.must_adopt || life.says_reaped || life.says_forwarded);
	assert_runs("ctr-init -s cmd");
	assert_true(life.must_adopt && !life.says_reaped && !life.says_forwarded);
	assert_runs("ctr-init -v cmd");
	assert_true(!life.must_adopt && !life.says_reaped && life.says_forwarded);
	assert_runs("ctr-init -w cmd");
	assert_true(!life.must_adopt && life.says_reaped && !life.says_forwarded);
	assert_true(life.to_group == 0);
}

static void a_signal_is_a_number_or_a_name(void **state)
{
	static const char *const lines[] = {
		"ctr-init -p 15 cmd",
		"ctr-init -p TERM cmd",
		"ctr-init -pSIGTERM cmd",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_runs(lines[i]);
		assert_int_equal(life.parent_signal, SIGTERM);
	}
	assert_runs("ctr-init -p 64 cmd");
	assert_int_equal(life.parent_signal, 64);
}

static void rewriting_takes_names_numbers_and_nothing(void **state)
{
	static const char *const lines[] = {
		"ctr-init --rewrite 15:3 --rewrite 10:0 --rewrite 34:64 cmd",
		"ctr-init --rewrite=TERM:QUIT --rewrite=SIGUSR1:0 --rewrite=34:64 cmd",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_runs(lines[i]);
		for (int number = 1; number <= SIGNALS; number++)
			assert_int_equal(life.becomes[number], number == 15   ? 3
							       : number == 10 ? 0
							       : number == 34 ? 64
									      : number);
	}
	assert_runs("ctr-init --rewrite 15:3 --rewrite 15:2 cmd");
	assert_int_equal(life.becomes[15], 2);
}

static void statuses_are_mapped(void **state)
{
	static const char *const lines[] = {
		"ctr-init -e 143 --remap 0:255 --remap 7:8 cmd",
		"ctr-init -e143 --remap=0:255 --remap=7:8 cmd",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_runs(lines[i]);
		for (int status = 0; status < STATUSES; status++)
			assert_int_equal(life.statuses[status], status == 143 ? 0
								: status == 0 ? 255
								: status == 7 ? 8
									      : status);
	}
}

static void grace_is_a_number_of_seconds(void **state)
{
	(void)state;
	assert_runs("ctr-init --grace 10 cmd");
	assert_int_equal(life.grace, 10);
	assert_runs("ctr-init --grace=0 cmd");
	assert_int_equal(life.grace, 0);
	assert_runs("ctr-init --grace=4294967295 cmd");
	assert_true(life.grace == UINT32_MAX);
}

static void a_machine_needs_no_command(void **state)
{
	(void)state;
	assert_int_equal(parse("ctr-init --vm"), WISH_RUN);
	assert_int_equal(life.kind, LIFE_MACHINE);
	assert_null(life.command);
	assert_runs("ctr-init --vm -- cmd");
	assert_int_equal(life.kind, LIFE_MACHINE);
}

static void help_and_version_are_wishes(void **state)
{
	(void)state;
	assert_int_equal(parse("ctr-init -h"), WISH_HELP);
	assert_int_equal(parse("ctr-init -g --help"), WISH_HELP);
	assert_int_equal(parse("ctr-init --version"), WISH_VERSION);
	assert_int_equal(parse("ctr-init --version --nosuch"), WISH_VERSION);
}

static void the_help_names_every_option(void **state)
{
	static const char *const names[] = {
		"  -g ",
		"  -p SIGNAL",
		"  -e STATUS",
		"  -s ",
		"  -v ",
		"  -w ",
		"--rewrite ",
		"--remap ",
		"--grace ",
		"--vm",
		"--version, -h, --help\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		if (!strstr(options_usage, names[i]))
			fail_msg("the help lacks %s", names[i]);
}

static void an_unknown_option_is_quoted(void **state)
{
	static const char *const unknown[] = {
		"--nosuch",   "-x",	 "-gx", "-g=1",	 "-G",	   "--g",	  "--g=1",
		"--=",	      "--=x",	 "---", "-1",	 "--VM",   "--gracex",	  "--grac=1",
		"--version=", "--help=", "-gh", "-vg-w", "--p=15", "--rewritten",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++) {
		char line[64] = "ctr-init -v ";

		strcat(line, unknown[i]);
		strcat(line, " cmd");
		assert_wrong(line, unknown[i], "is not known");
	}
}

static void a_missing_value_is_told(void **state)
{
	static const char *const needy[] = {"-p", "-gp", "-e", "--rewrite", "--remap", "--grace"};

	(void)state;
	for (size_t i = 0; i < COUNT(needy); i++) {
		char line[64] = "ctr-init ";

		strcat(line, needy[i]);
		assert_wrong(line, needy[i], "needs a value");
	}
}

static void a_value_too_much_is_told(void **state)
{
	(void)state;
	assert_wrong("ctr-init --vm=1 cmd", "--vm=1", "has no value");
	assert_wrong("ctr-init --vm= cmd", "--vm=", "has no value");
}

static void a_wrong_value_is_told(void **state)
{
	static const struct {
		const char *option;
		const char *values[18];
	} table[] = {
		{"-p", {"0", "65", "-1", "+9", "term", "SIG", "NOSUCH", "9x", "SIGSIGHUP", ":"}},
		{"-e", {"256", "-1", "x", "1x", "0x1", "99999999999999999999"}},
		{"--rewrite",
		 {"15", "15:", ":3", ":", "0:15", "65:1", "1:65", "15:3:4", "x:1", "1:x", "15=3",
		  "-1:3", "15:-3", "TERM:NOSUCH", "term:quit", "15,3"}},
		{"--remap",
		 {"1", "1:", ":1", ":", "256:0", "0:256", "1:2:3", "TERM:0", "-1:0", "0x1:0"}},
		{"--grace", {"-1", "1s", "x", "1.5", "4294967296", "99999999999999999999"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		for (const char *const *value = table[i].values; *value; value++) {
			char line[128] = "ctr-init ";

			strcat(strcat(line, table[i].option), table[i].option[1] == '-' ? "=" : "");
			strcat(strcat(line, *value), " cmd");
			if (parse(line) != WISH_WRONG)
				fail_msg("accepted: %s", line);
			assert_string_equal(complaint, "cannot have this value");
			assert_non_null(strstr(word, *value)); /* it is quoted, too */
		}
	}
	assert_wrong("ctr-init --grace= cmd", "--grace=", "cannot have this value");
	assert_wrong("ctr-init --grace", "--grace", "needs a value");
}

/* In a word of its own the value is as wrong; at least the option is named. */
static void a_wrong_value_in_a_word_of_its_own_is_refused(void **state)
{
	static const char *const lines[] = {
		"ctr-init -p nosuch cmd",     "ctr-init -e 300 cmd",	"ctr-init --rewrite 15 cmd",
		"ctr-init --remap 1:2:3 cmd", "ctr-init --grace x cmd",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		if (parse(lines[i]) != WISH_WRONG)
			fail_msg("accepted: %s", lines[i]);
		assert_string_equal(complaint, "cannot have this value");
	}
}

static void a_missing_command_is_told(void **state)
{
	(void)state;
	assert_wrong("ctr-init", "COMMAND", "is missing");
	assert_wrong("ctr-init -gv", "COMMAND", "is missing");
	assert_wrong("ctr-init --", "COMMAND", "is missing");
	assert_wrong("ctr-init --grace 5", "COMMAND", "is missing");
}

static void a_program_without_a_name_has_no_command_either(void **state)
{
	char *none[] = {NULL};

	(void)state;
	life = (struct life){.kind = LIFE_EMBEDDED};
	assert_int_equal(options_parse(none, &life, &complaint, &word), WISH_WRONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_alone_is_enough),
		cmocka_unit_test(the_command_keeps_its_own_options),
		cmocka_unit_test(letters_can_be_combined),
		cmocka_unit_test(each_letter_does_its_own),
		cmocka_unit_test(a_signal_is_a_number_or_a_name),
		cmocka_unit_test(rewriting_takes_names_numbers_and_nothing),
		cmocka_unit_test(statuses_are_mapped),
		cmocka_unit_test(grace_is_a_number_of_seconds),
		cmocka_unit_test(a_machine_needs_no_command),
		cmocka_unit_test(help_and_version_are_wishes),
		cmocka_unit_test(the_help_names_every_option),
		cmocka_unit_test(an_unknown_option_is_quoted),
		cmocka_unit_test(a_missing_value_is_told),
		cmocka_unit_test(a_value_too_much_is_told),
		cmocka_unit_test(a_wrong_value_is_told),
		cmocka_unit_test(a_wrong_value_in_a_word_of_its_own_is_refused),
		cmocka_unit_test(a_missing_command_is_told),
		cmocka_unit_test(a_program_without_a_name_has_no_command_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
