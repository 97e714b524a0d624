#include "nearest.h"

#include <string.h>

#include "choices.h"
#include "support.h"

static void the_distance_counts_letters_put_in_taken_out_changed_and_swapped(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} pairs[] = {
		{"", "", 0},	     {"mem", "mem", 0},
		{"mem", "", 3},	     {"memm", "mem", 1},
		{"mm", "mem", 1},    {"men", "mem", 1},
		{"mme", "mem", 1},   {"MEM", "mem", 0},
		{"hots", "host", 1}, {"kitten", "sitting", 3},
		{"ca", "abc", 3},    {"gc", "ls", 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_int_equal(words_distance(pairs[i].a, pairs[i].b), pairs[i].distance);
		assert_int_equal(words_distance(pairs[i].b, pairs[i].a), pairs[i].distance);
	}
}

static const char *nearest_of(const char *word, const char *const *names)
{
	static struct nearest nearest;

	nearest = nearest_to(word);
	for (; *names; names++)
		nearest_offer(&nearest, *names);
	return nearest_question(&nearest, "did you mean --");
}
#define NEAREST(word, ...) nearest_of(word, (const char *const[]){__VA_ARGS__, NULL})

static void the_nearest_is_asked_for_if_it_is_near(void **state)
{
	(void)state;
	assert_string_equal(NEAREST("memm", "cpu", "mem"), "did you mean --mem?");
	assert_string_equal(NEAREST("cpus", "cpuset", "cpu"), "did you mean --cpu?");
	assert_string_equal(NEAREST("readonly", "read-only"), "did you mean --read-only?");
	assert_string_equal(NEAREST("volume", "cpu", "mem"), "");
	assert_string_equal(NEAREST("gc", "ls"), "");
	assert_string_equal(NEAREST("x", "y"), "");
	assert_string_equal(NEAREST("", "ls"), "");
}

static void the_beginning_of_a_word_is_near_if_nothing_else_is(void **state)
{
	(void)state;
	assert_string_equal(NEAREST("memory", "mem", "cpu"), "did you mean --mem?");
	assert_string_equal(NEAREST("eph", "ephemeral"), "did you mean --ephemeral?");
	assert_string_equal(NEAREST("userr", "user", "userns"), "did you mean --user?");
	assert_string_equal(NEAREST("ep", "ephemeral"), "");
}

static void of_two_that_are_equally_near_none_is_asked_for(void **state)
{
	(void)state;
	assert_string_equal(NEAREST("cap", "cap-add", "cap-drop"), "");
	assert_string_equal(NEAREST("hox", "hop", "hot"), "");
	assert_string_equal(NEAREST("hot", "hop", "hox", "hos", "hott"), "");
	assert_string_equal(NEAREST("hotx", "hopx", "hoxx", "hotx"), "did you mean --hotx?");
}

static void what_is_too_long_is_near_to_none(void **state)
{
	char word[WORD_MAX + 1];

	(void)state;
	memset(word, 'x', sizeof(word));
	word[WORD_MAX] = '\0';
	assert_string_equal(NEAREST(word, word), "");
	assert_string_equal(NEAREST(word + 2, word), "");
	assert_int_equal(strlen(NEAREST(word + 2, word + 1)),
			 strlen("did you mean --?") + WORD_MAX - 1);
}

/* --- the words that an argument may be */

static size_t choices_count(const char *argument)
{
	char word[WORD_MAX];
	size_t count = 0;

	while (choice_get(argument, count, word)) {
		assert_true(*word && choice_has(argument, word));
		count++;
	}
	return count;
}

static void lower_case_is_a_word_and_capitals_are_none(void **state)
{
	char word[WORD_MAX];

	(void)state;
	assert_int_equal(choices_count("default|none|FILE"), 2);
	assert_true(choice_get("default|none|FILE", 1, word));
	assert_string_equal(word, "none");
	assert_false(choice_has("default|none|FILE", "FILE"));
	assert_int_equal(choices_count("[=script|trace]"), 2);
	assert_true(choice_has("[=script|trace]", "script") &&
		    choice_has("[=script|trace]", "trace"));
	assert_int_equal(choices_count("[=json[:WHERE]]"), 1);
	assert_true(choice_has("[=json[:WHERE]]", "json"));
	assert_int_equal(choices_count("PATH[:rwm]"), 0);
	assert_int_equal(choices_count("SRC:DST[:ro]"), 0);
	assert_int_equal(choices_count("K=V"), 0);
	assert_int_equal(choices_count(""), 0);
}

static void long_lists_are_known_by_their_argument(void **state)
{
	(void)state;
	assert_true(choice_has("CAP", "all") && choice_has("CAP", "chown") &&
		    choice_has("CAP", "net_raw") && choice_has("CAP", "checkpoint_restore"));
	assert_true(choices_count("CAP") >= 42);
	assert_int_equal(choices_count("NAME=SOFT[:HARD]"), 16);
	assert_true(choice_has("NAME=SOFT[:HARD]", "nofile"));
	assert_int_equal(choices_count("SIGNAL"), 31);
	assert_true(choice_has("SIGNAL", "HUP") && choice_has("SIGNAL", "SYS"));
	assert_int_equal(choices_count("NAME"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_distance_counts_letters_put_in_taken_out_changed_and_swapped),
		cmocka_unit_test(the_nearest_is_asked_for_if_it_is_near),
		cmocka_unit_test(the_beginning_of_a_word_is_near_if_nothing_else_is),
		cmocka_unit_test(of_two_that_are_equally_near_none_is_asked_for),
		cmocka_unit_test(what_is_too_long_is_near_to_none),
		cmocka_unit_test(lower_case_is_a_word_and_capitals_are_none),
		cmocka_unit_test(long_lists_are_known_by_their_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
