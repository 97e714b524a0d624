/* What a run writes down of itself. Collecting what dead runs have left reads the real directory:
 * it is for the integration suite. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static struct groups groups;

static void a_record_names_its_keeper_and_each_group(void **state)
{
	char expected[256];
	char *text;

	(void)state;
	groups.count = 0;
	group_add(&groups, 1, BIT(CPU), "/sys/fs/cgroup/cpu");
	group_add(&groups, 2, BIT(PIDS), "/sys/fs/cgroup/a b");
	text = state_record(&groups);
	snprintf(expected, sizeof(expected),
		 "keeper %ld\ncgroup /sys/fs/cgroup/cpu/ctr-web\n"
		 "cgroup /sys/fs/cgroup/a b/ctr-web\n",
		 (long)getpid());
	assert_string_equal(text, expected);
	free(text);
}

static void a_nest_is_on_record_behind_the_groups(void **state)
{
	char *text;

	(void)state;
	groups.count = 0;
	group_nest(&groups, BIT(PIDS), "/cg");
	group_add(&groups, 1, BIT(CPU), "/cpu");
	text = state_record(&groups);
	assert_string_equal(strchr(text, '\n'), "\ncgroup /cg/ctr-web/container\n"
						"cgroup /cpu/ctr-web\nnest /cg/ctr-web\n");
	free(text);
}

static void a_record_without_groups_names_its_keeper(void **state)
{
	char *text;

	(void)state;
	groups.count = 0;
	text = state_record(&groups);
	assert_int_equal(lines_count(text), 1);
	fake_file("/run/ctr/web/run", text);
	assert_int_equal(state_keeper("/run/ctr/web"), getpid());
	free(text);
}

static void a_record_that_is_none_has_no_keeper(void **state)
{
	static const char *const texts[] = {
		"", "keeper", "keeper \n", "cgroup /x\nkeeper 5\n", "keeperx 5\n", " keeper 5\n"};

	(void)state;
	assert_int_equal(state_keeper("/run/ctr/web"), 0);
	for (size_t i = 0; i < COUNT(texts); i++) {
		fake_file("/run/ctr/web/run", texts[i]);
		assert_int_equal(state_keeper("/run/ctr/web"), 0);
	}
}

static void the_longest_record_can_be_read_back(void **state)
{
	char *text;

	(void)state;
	groups.count = 0;
	for (int i = 0; i < CONTROLLERS; i++) {
		struct group *group = group_add(&groups, 1, 1, "/");

		memset(group->path, 'x', sizeof(group->path) - 1);
		group->path[sizeof(group->path) - 1] = '\0';
		strcpy(group->nest, group->path);
		group->is_nested = i == 0; /* there is one hierarchy of version 2 */
	}
	text = state_record(&groups);
	fake_file("/run/ctr/web/run", text);
	free(text);
	assert_int_equal(state_keeper("/run/ctr/web"), getpid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_names_its_keeper_and_each_group),
		TEST(a_nest_is_on_record_behind_the_groups),
		TEST(a_record_without_groups_names_its_keeper),
		TEST(a_record_that_is_none_has_no_keeper),
		TEST(the_longest_record_can_be_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
