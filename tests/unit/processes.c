/* Whose the host's processes are, what is said of them, and the words of the verbs. */
#include "verbs/processes.h"

#include <string.h>
#include <unistd.h>

#include "support.h"
#include "verbs/figures.h"
#include "verbs/verbs.h"

#define BEHIND " 5 5 0 -1 4194560 1 2 3 4 100 20 3 1 20 0 7 0 9000 4096 50 18446744073709551615"

static void a_name_may_hold_what_looks_like_the_rest(void **state)
{
	static const char *const names[] = {"(sh)", "()", "(a b)", "() R 1 2 (x)", "(\n)", "(((()"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct process process;

		snprintf(text, sizeof(text), "42 %s S 17" BEHIND, names[i]);
		assert_true(process_parse(text, &process));
		assert_int_equal(process.pid, 42);
		assert_int_equal(process.parent, 17);
		assert_int_equal(process.state, 'S');
		assert_int_equal(process.threads, 7);
		assert_int_equal(process.cpu_ticks, 124);
		assert_int_equal(process.start_ticks, 9000);
	}
}

static void what_is_no_process_is_refused(void **state)
{
	static const char *const texts[] = {"", "42", "42 (sh", "42 (sh) S 17",
					    "x (sh) S 17" BEHIND};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct process process;

		assert_false(process_parse(texts[i], &process));
	}
}

/* Marks from root on; which of them, in their order. */
static const char *marked(struct process *items, size_t count, pid_t root)
{
	struct processes processes = {.items = items, .count = count};
	static char text[64];

	processes_mark(&processes, root);
	for (size_t i = 0; i < count; i++)
		text[i] = items[i].is_marked ? 'x' : '.';
	text[count] = '\0';
	return text;
}

static void those_that_descend_from_pid_1_are_the_container_s(void **state)
{
	struct process items[] = {
		{1, 0, 'S', .threads = 1},   {5, 9, 'S', .threads = 1},	 {7, 20, 'S', .threads = 1},
		{9, 1, 'S', .threads = 1},   {10, 1, 'S', .threads = 1}, {20, 5, 'S', .threads = 1},
		{21, 10, 'S', .threads = 1},
	};

	(void)state;
	/* numbers wrapped twice: 9 has 5, that has 20, that has 7 */
	assert_string_equal(marked(items, COUNT(items), 9), ".xxx.x.");
	assert_string_equal(marked(items, COUNT(items), 10), "....x.x");
	assert_string_equal(marked(items, COUNT(items), 4), ".......");
	assert_string_equal(marked(items, COUNT(items), 0), ".......");
}

static void the_dead_are_not_but_a_leader_whose_threads_live_is(void **state)
{
	struct process items[] = {
		{2, 1, 'S', .threads = 1},
		{3, 2, 'Z', .threads = 1},
		{4, 2, 'Z', .threads = 2},
		{5, 4, 'R', .threads = 1},
	};

	(void)state;
	assert_string_equal(marked(items, COUNT(items), 2), "x.xx");
	assert_string_equal(marked(items, COUNT(items), 3), "....");
}

static void cpu_time_that_went_with_a_process_is_no_use_below_zero(void **state)
{
	const struct figures before = {.read_us = 1000000, .cpu_us = 500000};
	struct figures now = {.read_us = 2000000, .cpu_us = 750000};

	(void)state;
	assert_true(figures_cpu(&before, &now) == 25.0);
	now.cpu_us = 100;
	assert_true(figures_cpu(&before, &now) == 0.0);
	assert_true(figures_cpu(&before, &before) == 0.0);
}

static void figures_are_short(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{0, "0"},
		{1023, "1023"},
		{1024, "1.0K"},
		{1024 * 1023, "1.0M"}, /* not 1023.0K */
		{500 << 20, "500.0M"},
		{UINT64_C(3) << 30, "3.0G"},
		{UINT64_MAX, "16777216.0T"},
	};
	static const struct {
		uint64_t s;
		const char *text;
	} times[] = {{0, "0.00s"},    {59, "59.00s"},	 {60, "1m00s"},	   {3599, "59m59s"},
		     {3661, "1h01m"}, {86399, "23h59m"}, {90000, "1d01h"}, {8640000, "100d00h"}};
	char text[FIGURE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		bytes_show(sizes[i].bytes, text);
		assert_string_equal(text, sizes[i].text);
	}
	for (size_t i = 0; i < COUNT(times); i++) {
		time_show(times[i].s * 1000000, text);
		assert_string_equal(text, times[i].text);
	}
}

static int words_of(struct words *words, const char *first, const char *second, const char *third)
{
	char *argv[] = {(char *)first, (char *)second, (char *)third, NULL};
	int rc, argc = third ? 3 : second ? 2 : 1;

	capture_begin(STDERR_FILENO);
	rc = words_take(argc, argv, 1, 2, words);
	if (rc < 0)
		assert_one_line(capture_end());
	else
		assert_string_equal(capture_end(), "");
	return rc;
}

static void a_verb_takes_its_words_and_no_others(void **state)
{
	struct words words;

	(void)state;
	assert_int_equal(words_of(&words, "kill", "web", "HUP"), 0);
	assert_int_equal(words.count, 2);
	assert_string_equal(words.operands[1], "HUP");
	assert_int_equal(words_of(&words, "stats", "--json", "web"), 0);
	assert_true(words.json);
	assert_string_equal(words.operands[0], "web");
	assert_true(words_of(&words, "kill", NULL, NULL) < 0);
	assert_true(words_of(&words, "kill", "--json", "web") < 0);
	assert_true(words_of(&words, "stats", "web", "--jso") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_may_hold_what_looks_like_the_rest),
		TEST(what_is_no_process_is_refused),
		TEST(those_that_descend_from_pid_1_are_the_container_s),
		TEST(the_dead_are_not_but_a_leader_whose_threads_live_is),
		TEST(cpu_time_that_went_with_a_process_is_no_use_below_zero),
		TEST(figures_are_short),
		TEST(a_verb_takes_its_words_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
