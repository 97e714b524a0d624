/* The kernel's command line as ctr-init reads it: its quoting, every word of ours, and whatever
 * else stands there is passed over or named, never looked at beyond its end. */
#include "../../init/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static struct life life;
static struct plan plan;

static const char *read_words(const char *text)
{
	life = (struct life){.kind = LIFE_MACHINE, .ending = ORDER_POWEROFF, .grace = 10};
	plan.count = 0;
	return machine_words_read(guarded(text, strlen(text) + 1), &life, &plan);
}

static void assert_read(const char *text)
{
	const char *wrong = read_words(text);

	if (wrong)
		fail_msg("'%s' is refused: %s", wrong, text);
}

static void assert_wrong(const char *text, const char *named)
{
	const char *wrong = read_words(text);

	if (!wrong)
		fail_msg("accepted: %s", text);
	assert_string_equal(wrong, named);
}

/* The command's words, one a line, are wanted. */
static void assert_command(const char *wanted)
{
	char got[512] = "";

	assert_non_null(life.command);
	for (char **word = life.command; *word; word++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s\n", *word);
	assert_string_equal(got, wanted);
}

static void a_line_without_a_word_of_ours_changes_nothing(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		" \n ",
		"console=ttyS0 quiet rw root=/dev/vda\n",
		"ctr ctr= xctr.exec=a CTR.exec=a Ctr.grace=1",
		"--",
		"quiet --  \n",
		"\"\"",
		"\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_read(lines[i]);
		assert_null(life.command);
		assert_int_equal(plan.count, 0);
		assert_int_equal(life.ending, ORDER_POWEROFF);
		assert_int_equal(life.grace, 10);
	}
}

static void every_word_of_ours_is_understood(void **state)
{
	assert_read("quiet ctr.exec=/bin/x ctr.hostname=box ctr.env.A=b ctr.env.C= ctr.exit=reboot "
		    "ctr.grace=3 ctr.report=status ctr.emergency=/bin/sh ctr.root=/dev/vda "
		    "ctr.rootfstype=erofs rw\n");
	(void)state;
	assert_command("/bin/x\n");
	assert_int_equal(plan.count, 3);
	assert_int_equal(plan.lines[0].verb, CTR_VERB_HOSTNAME);
	assert_string_equal(field(&plan.lines[0], 0), "box");
	assert_int_equal(plan.lines[1].verb, CTR_VERB_ENV);
	assert_string_equal(field(&plan.lines[1], 0), "A=b");
	assert_string_equal(field(&plan.lines[2], 0), "C=");
	assert_int_equal(life.ending, ORDER_REBOOT);
	assert_int_equal(life.grace, 3);
	assert_string_equal(life.report, "status");
	assert_string_equal(life.emergency, "/bin/sh");
	assert_string_equal(life.root, "/dev/vda");
	assert_string_equal(life.root_type, "erofs");
}

static void every_ending_has_its_word(void **state)
{
	(void)state;
	assert_read("ctr.exit=halt");
	assert_int_equal(life.ending, ORDER_HALT);
	assert_read("ctr.exit=halt ctr.exit=poweroff");
	assert_int_equal(life.ending, ORDER_POWEROFF);
}

static void quotes_hold_words_together_and_go(void **state)
{
	(void)state;
	assert_read("\"ctr.env.A=b c\" ctr.env.D=\"e  f\" ctr.env.\"G=h \"i ctr.hostname=a\"\"b");
	assert_int_equal(plan.count, 4);
	assert_string_equal(field(&plan.lines[0], 0), "A=b c");
	assert_string_equal(field(&plan.lines[1], 0), "D=e  f");
	assert_string_equal(field(&plan.lines[2], 0), "G=h i");
	assert_string_equal(field(&plan.lines[3], 0), "ab");
	assert_read("ctr.env.A=\"b ctr.grace=1\nc"); /* a quote that does not end */
	assert_int_equal(plan.count, 1);
	assert_string_equal(field(&plan.lines[0], 0), "A=b ctr.grace=1\nc");
	assert_int_equal(life.grace, 10);
}

static void exec_is_cut_at_its_spaces(void **state)
{
	(void)state;
	assert_read("ctr.exec=\"/bin/sh  -c exit\" quiet");
	assert_command("/bin/sh\n-c\nexit\n");
	assert_read("ctr.exec=a ctr.exec=b");
	assert_command("b\n");
}

static void exec64_has_any_words(void **state)
{
	(void)state;
	assert_read("ctr.exec64=c2gALWMAZWNobyAiYSAgYiI7IGV4aXQgMwA= quiet");
	assert_command("sh\n-c\necho \"a  b\"; exit 3\n");
	assert_read("ctr.exec64=YQAAYgA="); /* an empty word among them */
	assert_command("a\n\nb\n");
}

static void exec64_that_is_none_is_named(void **state)
{
	static const char *const bad[] = {
		"ctr.exec64=",	 "ctr.exec64=!",
		"ctr.exec64=YQ", "ctr.exec64=YQ==" /* its last word has no end */,
		"ctr.exec64=Y",	 "ctr.exec64=c2gALWMA\xff",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *wrong = read_words(bad[i]);

		if (!wrong)
			fail_msg("accepted: %s", bad[i]);
		assert_contains(wrong, "ctr.exec64=");
	}
}

static void what_follows_two_dashes_is_the_command_s(void **state)
{
	(void)state;
	assert_read("quiet -- /bin/x -v \"a b\" ctr.grace=1\n");
	assert_command("/bin/x\n-v\na b\nctr.grace=1\n");
	assert_int_equal(life.grace, 10);
	assert_read("ctr.exec=\"sh -c\" -- exit --");
	assert_command("sh\n-c\nexit\n--\n");
}

static void a_command_that_is_there_already_stays(void **state)
{
	char text[] = "ctr.exec=other -- x";
	char *words[] = {(char *)"own", NULL};

	(void)state;
	life = (struct life){.kind = LIFE_MACHINE, .command = words};
	plan.count = 0;
	assert_null(machine_words_read(text, &life, &plan));
	assert_ptr_equal(life.command, words);
}

static void an_unknown_word_of_ours_is_named(void **state)
{
	static const char *const unknown[] = {
		"ctr.",	      "ctr.nosuch", "ctr.nosuch=1", "ctr.exec",
		"ctr.EXEC=a", "ctr.grace",  "ctr.=",
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++) {
		snprintf(text, sizeof(text), "quiet %s rw", unknown[i]);
		assert_wrong(text, unknown[i]);
	}
}

static void a_wrong_value_is_named(void **state)
{
	static const char *const bad[] = {
		"ctr.exec=",
		"ctr.hostname=",
		"ctr.env.A",
		"ctr.env.=b",
		"ctr.env.",
		"ctr.exit=",
		"ctr.exit=off",
		"ctr.exit=haltx",
		"ctr.grace=",
		"ctr.grace=-1",
		"ctr.grace=1s",
		"ctr.grace=86401",
		"ctr.grace=99999999999999999999",
		"ctr.report=",
		"ctr.emergency=",
		"ctr.root=",
		"ctr.root=UUID=1234",
		"ctr.root=LABEL=",
		"ctr.root=PARTUUID=12345678",
		"ctr.rootfstype=",
	};
	char text[96];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), "quiet %s rw", bad[i]);
		assert_wrong(text, bad[i]);
	}
	assert_read("ctr.grace=86400");
}

static void the_first_wrong_word_is_named_and_the_rest_still_counts(void **state)
{
	(void)state;
	assert_wrong("ctr.one ctr.two ctr.grace=1 ctr.exec=x", "ctr.one");
	assert_int_equal(life.grace, 1);
	assert_command("x\n");
}

static void words_and_lines_have_a_limit(void **state)
{
	static char text[CTR_PLAN_LINES_MAX * 16 + 8192];
	size_t used = 0;

	(void)state;
	for (int i = 0; i < CTR_PLAN_LINES_MAX; i++)
		used += (size_t)sprintf(text + used, "ctr.env.A=%d ", i % 10);
	assert_read(text);
	assert_int_equal(plan.count, CTR_PLAN_LINES_MAX);
	strcpy(text + used, "ctr.env.B=1");
	assert_wrong(text, "ctr.env.B=1");
	assert_int_equal(plan.count, CTR_PLAN_LINES_MAX);

	used = (size_t)sprintf(text, "-- ");
	for (int i = 0; i < 2048; i++)
		used += (size_t)sprintf(text + used, "x ");
	assert_read(text);
	strcpy(text + used, "y");
	assert_wrong(text, "y");
	assert_null(life.command[2048]);
}

/* --- garbage */

/* What was accepted lies in the text and ends there. */
static void carried_over_check(const char *text, size_t size)
{
	const char *const values[] = {life.report, life.emergency, life.root, life.root_type};

	for (char **word = life.command; word && *word; word++)
		assert_true(*word >= text && *word + strlen(*word) < text + size);
	for_each_line(line, &plan)
		assert_true(field(line, 0) > text &&
			    field(line, 0) + strlen(field(line, 0)) < text + size);
	for (size_t i = 0; i < COUNT(values); i++)
		assert_true(!values[i] ||
			    (values[i] > text && values[i] + strlen(values[i]) < text + size));
}

static void read_garbage(const char *bytes, size_t size)
{
	char *text = guarded(bytes, size);

	life = (struct life){.kind = LIFE_MACHINE};
	plan.count = 0;
	machine_words_read(text, &life, &plan);
	carried_over_check(text, size);
}

static const char whole[] = "quiet \"ctr.env.A=b c\" ctr.exec64=c2gALWMAZXhpdCAzAA== "
			    "ctr.grace=3 ctr.hostname=box ctr.root=/dev/vda -- \"x y\" z\n";

static void no_truncation_is_read_beyond_its_end(void **state)
{
	char text[sizeof(whole)];

	(void)state;
	for (size_t size = 1; size <= sizeof(whole); size++) {
		memcpy(text, whole, size);
		text[size - 1] = '\0';
		read_garbage(text, size);
	}
}

static void no_single_wrong_byte_is_read_beyond_the_end(void **state)
{
	char text[sizeof(whole)];

	(void)state;
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		for (int c = 0; c < 256; c++) {
			memcpy(text, whole, sizeof(whole));
			text[i] = (char)c;
			read_garbage(text, sizeof(text));
		}
	}
}

/* Random bytes and random pieces of what is understood. */
static void no_garbage_is_read_beyond_its_end(void **state)
{
	static const char *const pieces[] = {
		"ctr.",	     "exec=", "exec64=", "env.",    "grace=",	   "exit=",
		"hostname=", "--",    " ",	 "\"",	    "=",	   "\n",
		"YQA=",	     "A",     "root=",	 "report=", "ctr.exec64=",
	};
	char text[4097];

	(void)state;
	srandom(2);
	for (int round = 0; round < 20000; round++) {
		size_t limit = (size_t)random() % (round % 100 ? 200 : sizeof(text) - 16), size = 0;

		while (size < limit) {
			const char *piece = pieces[(size_t)random() % COUNT(pieces)];

			if (random() % 4 == 0)
				text[size++] = (char)random();
			else
				size += (size_t)sprintf(text + size, "%s", piece);
		}
		text[size] = '\0';
		read_garbage(text, size + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_without_a_word_of_ours_changes_nothing),
		TEST(every_word_of_ours_is_understood),
		TEST(every_ending_has_its_word),
		TEST(quotes_hold_words_together_and_go),
		TEST(exec_is_cut_at_its_spaces),
		TEST(exec64_has_any_words),
		TEST(exec64_that_is_none_is_named),
		TEST(what_follows_two_dashes_is_the_command_s),
		TEST(a_command_that_is_there_already_stays),
		TEST(an_unknown_word_of_ours_is_named),
		TEST(a_wrong_value_is_named),
		TEST(the_first_wrong_word_is_named_and_the_rest_still_counts),
		TEST(words_and_lines_have_a_limit),
		TEST(no_truncation_is_read_beyond_its_end),
		TEST(no_single_wrong_byte_is_read_beyond_the_end),
		TEST(no_garbage_is_read_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
