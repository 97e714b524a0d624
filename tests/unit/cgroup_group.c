/* The directories of the groups. Groups that a payload made inside need a real cgroup file system:
 * they are for the integration suite. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static struct groups groups;

static int groups_begin(void **state)
{
	groups.count = 0;
	return world_begin(state);
}
#define GROUP_TEST(function) cmocka_unit_test_setup(function, groups_begin)

static void a_group_is_named_after_its_run(void **state)
{
	(void)state;
	group_add(&groups, 1, BIT(CPU), "/sys/fs/cgroup/cpu");
	group_add(&groups, 2, BIT(PIDS), "/sys/fs/cgroup");
	assert_int_equal(groups_name(&groups, "box-7"), 0);
	assert_string_equal(groups.items[0].path, "/sys/fs/cgroup/cpu/ctr-box-7");
	assert_string_equal(groups.items[1].path, "/sys/fs/cgroup/ctr-box-7");
	groups.items[1].is_nested = true;
	assert_int_equal(groups_name(&groups, "box-7"), 0);
	assert_string_equal(groups.items[1].nest, "/sys/fs/cgroup/ctr-box-7");
	assert_string_equal(groups.items[1].path, "/sys/fs/cgroup/ctr-box-7/container");
}

static void a_path_too_long_for_a_group_is_refused(void **state)
{
	(void)state;
	group_add(&groups, 2, BIT(PIDS), "/");
	for (int nested = 0; nested < 2; nested++) {
		groups.items[0].is_nested = nested;
		memset(groups.items[0].parent, 'x', sizeof(groups.items[0].parent) - 1);
		if (nested) /* the nest fits, and the container's does not */
			groups.items[0].parent[sizeof(groups.items[0].parent) - 10] = '\0';
		capture_begin(STDERR_FILENO);
		assert_int_equal(groups_name(&groups, "a"), -ENAMETOOLONG);
		assert_one_line(capture_end());
	}
}

static void a_group_is_just_made(void **state)
{
	(void)state;
	assert_int_equal(group_make("/cg/ctr-web"), 0);
	assert_string_equal(fake_script(), "mkdir /cg/ctr-web 0755\n");
}

static void controllers_are_enabled_one_by_one(void **state)
{
	(void)state;
	fake_file("/cg/cgroup.subtree_control", "");
	assert_int_equal(v2_enable(group_add(&groups, 2, BIT(CPU) | BIT(PIDS), "/cg")), 0);
	assert_string_equal(fake_changes(), "write /cg/cgroup.subtree_control +cpu\n"
					    "write /cg/cgroup.subtree_control +pids\n");
}

/* Who is not root may not write to the groups above what was delegated. */
static void what_is_enabled_is_not_written_again(void **state)
{
	struct group *group = group_add(&groups, 2, BIT(CPU) | BIT(PIDS), "/cg/a");

	(void)state;
	group->top_length = strlen("/cg");
	fake_file("/cg/cgroup.subtree_control", "cpu pids\n");
	fake_file("/cg/a/cgroup.subtree_control", "cpu\n");
	assert_int_equal(v2_enable(group), 0);
	assert_string_equal(fake_changes(), "write /cg/a/cgroup.subtree_control +pids\n");
}

static void for_devices_nothing_is_enabled(void **state)
{
	(void)state;
	fake_file("/cg/cgroup.subtree_control", "");
	assert_int_equal(v2_enable(group_add(&groups, 2, BIT(DEVICES), "/cg")), 0);
	assert_string_equal(fake_changes(), "");
}

static void a_controller_that_cannot_be_enabled_is_named(void **state)
{
	static const struct {
		int error;
		const char *says;
	} failures[] = {
		{EINVAL, "cannot enable the pids controller in /cg (a real-time process"},
		{EBUSY, "cannot enable the pids controller in /cg (by now it has other processes)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++) {
		const char *said;

		groups_begin(state);
		fake_file("/cg/cgroup.subtree_control", "");
		fake_fail_nth(4, failures[i].error);
		capture_begin(STDERR_FILENO);
		assert_int_equal(v2_enable(group_add(&groups, 2, BIT(CPU) | BIT(PIDS), "/cg")),
				 -failures[i].error);
		said = capture_end();
		assert_one_line(said);
		assert_contains(said, failures[i].says);
		assert_string_equal(fake_changes(), "write /cg/cgroup.subtree_control +cpu\n"
						    "write /cg/cgroup.subtree_control +pids\n");
	}
}

static void a_controller_that_only_counts_may_fail_to_be_enabled(void **state)
{
	struct group *group = group_add(&groups, 2, BIT(CPU) | BIT(MEMORY) | BIT(PIDS), "/cg");

	(void)state;
	group->counters = BIT(MEMORY) | BIT(PIDS);
	fake_file("/cg/cgroup.subtree_control", "");
	fake_fail_nth(4, EBUSY); /* to write memory's, when cpu's and its own were looked for */
	capture_begin(STDERR_FILENO);
	assert_int_equal(v2_enable(group), 0);
	assert_string_equal(capture_end(), "");
	assert_contains(fake_changes(), "write /cg/cgroup.subtree_control +cpu\n"
					"write /cg/cgroup.subtree_control +memory\n"
					"write /cg/cgroup.subtree_control +pids\n");
}

/* Who is not root may not write at the top. */
static void a_controller_that_is_enabled_already_is_not_enabled_again(void **state)
{
	(void)state;
	fake_file("/cg/cgroup.subtree_control", "cpu memory\n");
	assert_int_equal(v2_enable(group_add(&groups, 2, BIT(MEMORY), "/cg")), 0);
	assert_string_equal(fake_changes(), "");
}

static void an_empty_group_of_our_name_is_replaced_and_a_used_one_is_not(void **state)
{
	(void)state;
	fake_directory("/cg/ctr-web");
	assert_int_equal(group_make("/cg/ctr-web"), 0);
	assert_string_equal(fake_script(), "mkdir /cg/ctr-web 0755\nrmdir /cg/ctr-web\n"
					   "mkdir /cg/ctr-web 0755\n");
	fake_busy("/cg/ctr-web", 1);
	capture_begin(STDERR_FILENO);
	assert_int_equal(group_make("/cg/ctr-web"), -EEXIST);
	assert_one_line(capture_end());
	assert_lacks(fake_script(), "kill");
}

/* --- the nest */

static const struct group *nest_given(const char *handed_on)
{
	fake_file("/cg/cgroup.subtree_control", handed_on);
	fake_file("/cg/ctr-web/cgroup.subtree_control", handed_on);
	fake_file("/cg/cgroup.procs", "");
	return group_nest(&groups, BIT(CPU) | BIT(PIDS), "/cg");
}

static void the_keeper_goes_into_the_nest_and_back(void **state)
{
	const struct group *group = nest_given("");

	(void)state;
	assert_int_equal(group_make(group->nest), 0);
	assert_int_equal(nest_enter(group), 0);
	assert_int_equal(v2_enable(group), 0);
	assert_int_equal(nest_leave(group), 0);
	assert_string_equal(fake_changes(), "mkdir /cg/ctr-web 0755\n"
					    "mkdir /cg/ctr-web/keeper 0755\n"
					    "write /cg/ctr-web/keeper/cgroup.procs 0\n"
					    "write /cg/cgroup.subtree_control +cpu\n"
					    "write /cg/cgroup.subtree_control +pids\n"
					    "write /cg/ctr-web/cgroup.subtree_control +cpu\n"
					    "write /cg/ctr-web/cgroup.subtree_control +pids\n"
					    "write /cg/ctr-web/cgroup.subtree_control -cpu\n"
					    "write /cg/ctr-web/cgroup.subtree_control -pids\n"
					    "write /cg/cgroup.subtree_control -cpu\n"
					    "write /cg/cgroup.subtree_control -pids\n"
					    "write /cg/cgroup.procs 0\n"
					    "rmdir /cg/ctr-web/keeper\n"
					    "rmdir /cg/ctr-web\n");
}

/* group_remove() kills what is in a group, and we may be. */
static void a_nest_that_the_keeper_cannot_leave_is_not_removed(void **state)
{
	unsigned calls;

	(void)state;
	fake_directory("/cg/ctr-web");
	assert_int_equal(nest_enter(nest_given("cpu ")), 0);
	calls = fake_calls();
	assert_int_equal(nest_leave(&groups.items[0]), 0);
	calls = fake_calls() - calls - 2; /* but for those that remove */
	for (unsigned n = 1; n <= calls; n++) {
		const char *said;
		int rc;

		groups_begin(state);
		fake_directory("/cg/ctr-web");
		assert_int_equal(nest_enter(nest_given("cpu ")), 0);
		fake_fail_nth(n, EBUSY);
		capture_begin(STDERR_FILENO);
		rc = nest_leave(&groups.items[0]);
		said = capture_end();
		if (rc == 0) /* a read that failed: what it asks for is not enabled */
			continue;
		assert_int_equal(rc, -EBUSY);
		assert_one_line(said);
		assert_contains(said, "cannot go back to the cgroup /cg: ctr-setup gc will remove "
				      "/cg/ctr-web");
		assert_lacks(fake_changes(), "rmdir");
		assert_lacks(fake_changes(), "kill");
	}
}

static void a_dead_keeper_s_nest_goes_with_what_was_enabled_for_it(void **state)
{
	(void)state;
	nest_given("cpu pids ");
	fake_directory("/cg/ctr-web");
	fake_directory("/cg/ctr-web/keeper");
	assert_int_equal(nest_remove("/cg/ctr-web", &(struct effort){0}), 0);
	assert_string_equal(fake_changes(), "open /cg/ctr-web\n"
					    "write /cg/ctr-web/cgroup.subtree_control -cpu\n"
					    "write /cg/ctr-web/cgroup.subtree_control -pids\n"
					    "write /cg/cgroup.subtree_control -cpu\n"
					    "write /cg/cgroup.subtree_control -pids\n"
					    "rmdir /cg/ctr-web/keeper\n"
					    "rmdir /cg/ctr-web\n");
}

static void where_the_nest_is_gone_nothing_is_touched(void **state)
{
	(void)state;
	nest_given("cpu ");
	fake_fail_nth(1, ENOENT);
	assert_int_equal(nest_remove("/cg/ctr-web", &(struct effort){0}), 0);
	assert_string_equal(fake_script(), "open /cg/ctr-web\n");
}

/* --- entering and removing */

static void only_v1_groups_are_entered_by_writing(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		static const char *const parents[] = {"/cpu", "/v2", "/memory"};

		group_add(&groups, i == 1 ? 2 : 1, 1, parents[i]);
		fake_directory(groups.items[i].path);
	}
	assert_int_equal(groups_enter(&groups), 0);
	assert_string_equal(fake_script(),
			    "write /cpu/ctr-web/tasks 0\nwrite /memory/ctr-web/tasks 0\n");
	assert_ptr_equal(groups_v2(&groups), &groups.items[1]);
	groups.count = 1;
	assert_null(groups_v2(&groups));
}

static void an_empty_group_is_removed_at_once(void **state)
{
	(void)state;
	fake_directory("/cg/ctr-web");
	assert_int_equal(group_remove("/cg/ctr-web", &(struct effort){0}), 0);
	assert_string_equal(fake_script(), "rmdir /cg/ctr-web\n");
}

static void a_group_that_is_not_there_is_removed(void **state)
{
	(void)state;
	assert_int_equal(group_remove("/cg/ctr-web", &(struct effort){0}), 0);
	fake_fail_nth(1, ENODEV);
	assert_int_equal(group_remove("/cg/ctr-web", &(struct effort){0}), 0);
}

static void a_group_whose_hierarchy_is_not_to_be_seen_is_not_gone(void **state)
{
	(void)state;
	assert_int_equal(group_remove("/unseen/ctr-web", &(struct effort){0}), -ENOENT);
	fake_fail_nth(2, ENOENT);
	assert_int_equal(nest_remove("/unseen/ctr-web", &(struct effort){0}), -ENOENT);
}

static void a_busy_v1_group_has_each_member_killed(void **state)
{
	(void)state;
	fake_directory("/cg/ctr-web");
	fake_busy("/cg/ctr-web", 2);
	fake_file("/cg/ctr-web/cgroup.kill", NULL);
	fake_file("/cg/ctr-web/cgroup.procs", "77\n0\n1\n88\n");
	assert_int_equal(group_remove("/cg/ctr-web", &(struct effort){0}), 0);
	assert_string_equal(fake_changes(),
			    "rmdir /cg/ctr-web\n"
			    "write /cg/ctr-web/cgroup.kill 1\nkill_pid 77 9\nkill_pid 88 9\n"
			    "rmdir /cg/ctr-web\nsleep 1\n"
			    "write /cg/ctr-web/cgroup.kill 1\nkill_pid 77 9\nkill_pid 88 9\n"
			    "rmdir /cg/ctr-web\n");
}

static void a_busy_v2_group_is_killed_as_a_whole(void **state)
{
	(void)state;
	fake_directory("/cg/ctr-web");
	fake_busy("/cg/ctr-web", 1);
	assert_int_equal(group_remove("/cg/ctr-web", &(struct effort){0}), 0);
	assert_string_equal(fake_script(), "rmdir /cg/ctr-web\nwrite /cg/ctr-web/cgroup.kill 1\n"
					   "rmdir /cg/ctr-web\n");
}

static void a_group_that_stays_busy_is_given_up_after_a_bounded_time(void **state)
{
	unsigned waited = 0;

	(void)state;
	fake_directory("/cg/ctr-web");
	fake_busy("/cg/ctr-web", 1000);
	assert_int_equal(group_remove("/cg/ctr-web", &(struct effort){0}), -EBUSY);
	for (const char *line = fake_script(); (line = strstr(line, "sleep ")); line++)
		waited += (unsigned)strtoul(line + 6, NULL, 10);
	assert_in_range(waited, 1000, 10000);
}

/* Others wait for whoever removes what dead runs left. */
static void many_groups_that_stay_busy_take_no_longer_than_one(void **state)
{
	struct effort effort = {0};
	unsigned waited = 0;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		fake_directory("/cg/ctr-web");
		fake_busy("/cg/ctr-web", 1000);
		assert_int_equal(group_remove("/cg/ctr-web", &effort), -EBUSY);
	}
	for (const char *line = fake_script(); (line = strstr(line, "sleep ")); line++)
		waited += (unsigned)strtoul(line + 6, NULL, 10);
	assert_in_range(waited, 1000, 5000);
}

static void another_reason_than_busy_is_not_tried_again(void **state)
{
	(void)state;
	fake_directory("/cg/ctr-web");
	fake_fail_nth(1, EPERM);
	assert_int_equal(group_remove("/cg/ctr-web", &(struct effort){0}), -EPERM);
	assert_int_equal(fake_calls(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROUP_TEST(a_group_is_named_after_its_run),
		GROUP_TEST(a_path_too_long_for_a_group_is_refused),
		GROUP_TEST(a_group_is_just_made),
		GROUP_TEST(controllers_are_enabled_one_by_one),
		GROUP_TEST(what_is_enabled_is_not_written_again),
		GROUP_TEST(for_devices_nothing_is_enabled),
		GROUP_TEST(a_controller_that_cannot_be_enabled_is_named),
		GROUP_TEST(a_controller_that_only_counts_may_fail_to_be_enabled),
		GROUP_TEST(a_controller_that_is_enabled_already_is_not_enabled_again),
		GROUP_TEST(an_empty_group_of_our_name_is_replaced_and_a_used_one_is_not),
		GROUP_TEST(the_keeper_goes_into_the_nest_and_back),
		GROUP_TEST(a_nest_that_the_keeper_cannot_leave_is_not_removed),
		GROUP_TEST(a_dead_keeper_s_nest_goes_with_what_was_enabled_for_it),
		GROUP_TEST(where_the_nest_is_gone_nothing_is_touched),
		GROUP_TEST(only_v1_groups_are_entered_by_writing),
		GROUP_TEST(an_empty_group_is_removed_at_once),
		GROUP_TEST(a_group_that_is_not_there_is_removed),
		GROUP_TEST(a_group_whose_hierarchy_is_not_to_be_seen_is_not_gone),
		GROUP_TEST(a_busy_v1_group_has_each_member_killed),
		GROUP_TEST(a_busy_v2_group_is_killed_as_a_whole),
		GROUP_TEST(a_group_that_stays_busy_is_given_up_after_a_bounded_time),
		GROUP_TEST(many_groups_that_stay_busy_take_no_longer_than_one),
		GROUP_TEST(another_reason_than_busy_is_not_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
