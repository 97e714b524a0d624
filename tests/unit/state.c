/* What a run writes down of itself. Collecting what dead runs have left reads the real directory:
 * it is for the integration suite. */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "printable.h"
#include "record.h"
#include "support.h"

static struct run run;
static struct spec spec;

/* A run named web, of this command line, without groups. */
static void run_of(const char *line)
{
	spec_free(&spec);
	assert_int_equal(options_of_line(&spec, line), OPTIONS_RUN);
	layers_free(&run.layers);
	free(run.plan);
	run_fill(&run, &spec);
}

static void assert_keeper_is_us(void)
{
	struct keeper keeper;

	assert_int_equal(state_keeper("/run/ctr/web", &keeper), 0);
	assert_int_equal(keeper.pid, getpid());
	assert_true(keeper.pid_namespace && keeper.pid_namespace == pid_namespace_own());
}

static void a_record_names_its_keeper_each_group_and_each_layer(void **state)
{
	char expected[512];
	char *text;

	(void)state;
	run_of("--grace 3s --lower /box/app --lower /box/base /box/merged");
	group_add(&run.groups, 1, BIT(CPU), "/sys/fs/cgroup/cpu");
	group_add(&run.groups, 2, BIT(PIDS), "/sys/fs/cgroup/a b");
	text = record_text(&run);
	snprintf(expected, sizeof(expected),
		 "keeper %ld %llu\ncgroup /sys/fs/cgroup/cpu/ctr-web\n"
		 "cgroup /sys/fs/cgroup/a b/ctr-web\ngrace 3000\nroot /box/merged\n"
		 "upper /box/upper\nwork /box/work\nlower /box/app\nlower /box/base\n",
		 (long)getpid(), (unsigned long long)pid_namespace_own());
	assert_string_equal(text, expected);
	free(text);
}

static void a_nest_is_on_record_behind_the_groups(void **state)
{
	char *text;

	(void)state;
	run_of("/box/merged");
	group_nest(&run.groups, BIT(PIDS), "/cg");
	group_add(&run.groups, 1, BIT(CPU), "/cpu");
	text = record_text(&run);
	assert_contains(text, "\ncgroup /cg/ctr-web/container\n"
			      "cgroup /cpu/ctr-web\nnest /cg/ctr-web\n");
	free(text);
}

static void a_record_without_groups_names_its_keeper(void **state)
{
	char *text;

	(void)state;
	run_of("/box/merged");
	text = record_text(&run);
	assert_int_equal(lines_count(text), 3);
	fake_file("/run/ctr/web/run", text);
	assert_keeper_is_us();
	free(text);
}

static void a_record_that_is_none_has_no_keeper(void **state)
{
	static const char *const texts[] = {"",
					    "keeper",
					    "keeper \n",
					    "cgroup /x\nkeeper 5\n",
					    "keeperx 5\n",
					    " keeper 5\n",
					    "keeper 5"};
	struct keeper keeper;

	(void)state;
	assert_int_equal(state_keeper("/run/ctr/web", &keeper), -ENOENT);
	for (size_t i = 0; i < COUNT(texts); i++) {
		fake_file("/run/ctr/web/run", texts[i]);
		assert_int_equal(state_keeper("/run/ctr/web", &keeper), -EBADMSG);
	}
}

static void the_longest_record_can_be_read_back(void **state)
{
	char *text;

	(void)state;
	run_of("/box/merged");
	for (int i = 0; i < CONTROLLERS; i++) {
		struct group *group = group_add(&run.groups, 1, 1, "/");

		memset(group->path, 'x', sizeof(group->path) - 1);
		group->path[sizeof(group->path) - 1] = '\0';
		strcpy(group->nest, group->path);
		group->is_nested = i == 0; /* there is one hierarchy of version 2 */
	}
	text = record_text(&run);
	fake_file("/run/ctr/web/run", text);
	free(text);
	assert_keeper_is_us();
}

/* "cgroup /victim" would be one for gc to remove. */
static void a_path_with_a_newline_is_no_line_of_its_own(void **state)
{
	static const char lower[] = "/box/a\ncgroup /victim\n\\x41 \x7f\xff";
	const char *key, *value = "";
	char *text, *rest;

	(void)state;
	run_of("--lower /box/a /box/merged");
	free(run.layers.lower[0]);
	run.layers.lower[0] = strdup(lower);
	text = rest = record_text(&run);
	assert_int_equal(lines_count(text), 6);
	while (record_next(&rest, &key, &value))
		assert_string_not_equal(key, "cgroup");
	assert_string_equal(key, "lower");
	assert_string_equal(value, lower);
	free(text);
}

static void a_line_that_was_cut_off_is_none(void **state)
{
	char text[] = "keeper 5\ncgroup\ncgroup /sys/fs/cgroup/cpu", *rest = text;
	const char *key, *value;

	(void)state;
	assert_true(record_next(&rest, &key, &value));
	assert_string_equal(value, "5");
	assert_false(record_next(&rest, &key, &value));
}

static void what_looks_like_an_escape_and_is_none_stays(void **state)
{
	char text[] = "\\x\\x4\\xg1\\x00\\x4G\\y41\\";

	(void)state;
	printable_undo(text);
	assert_string_equal(text, "\\x\\x4\\xg1\\x00\\x4G\\y41\\");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_names_its_keeper_each_group_and_each_layer),
		TEST(a_nest_is_on_record_behind_the_groups),
		TEST(a_record_without_groups_names_its_keeper),
		TEST(a_record_that_is_none_has_no_keeper),
		TEST(the_longest_record_can_be_read_back),
		TEST(a_path_with_a_newline_is_no_line_of_its_own),
		TEST(a_line_that_was_cut_off_is_none),
		TEST(what_looks_like_an_escape_and_is_none_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
