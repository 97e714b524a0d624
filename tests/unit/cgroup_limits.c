#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

/* The limits of a whole command line, in a group of this version with every controller. */
static const struct limits everything = {
	.cpu_quota_us = 10000,
	.cpu_weight = 250,
	.memory = 524288000,
	.pids = 64,
	.cpuset = "0-2,4",
};

static struct groups groups;

static int apply(int version, const struct limits *limits, const char **said)
{
	int rc;

	groups.count = 0;
	group_add(&groups, version, limits_controllers(limits), "/cg");
	fake_directory("/cg/ctr-web");
	capture_begin(STDERR_FILENO);
	rc = limits_apply(&groups.items[0], limits);
	*said = capture_end();
	return rc;
}

static void applied(int version, const struct limits *limits, const char *writes)
{
	const char *said;

	if (apply(version, limits, &said) != 0 || *said)
		fail_msg("%s", said);
	assert_string_equal(fake_changes(), writes);
}

static const char *refused(int version, const struct limits *limits)
{
	const char *said;

	assert_true(apply(version, limits, &said) < 0);
	assert_one_line(said);
	return said;
}

static void v1_writes_these_files_in_this_order(void **state)
{
	(void)state;
	fake_file("/cg/cpuset.mems", "0-1\n");
	applied(1, &everything,
		"write /cg/ctr-web/cpu.cfs_period_us 100000\n"
		"write /cg/ctr-web/cpu.cfs_quota_us 10000\n"
		"write /cg/ctr-web/cpu.shares 2560\n"
		"write /cg/ctr-web/cpuset.mems 0-1\n"
		"write /cg/ctr-web/cpuset.cpus 0-2,4\n"
		"write /cg/ctr-web/memory.limit_in_bytes 524288000\n"
		"write /cg/ctr-web/memory.memsw.limit_in_bytes 524288000\n"
		"write /cg/ctr-web/memory.swappiness 0\n"
		"write /cg/ctr-web/pids.max 64\n");
}

static void v2_writes_these_files_in_this_order(void **state)
{
	(void)state;
	applied(2, &everything,
		"write /cg/ctr-web/cpu.max 10000 100000\n"
		"write /cg/ctr-web/cpu.weight 250\n"
		"write /cg/ctr-web/cpuset.cpus 0-2,4\n"
		"write /cg/ctr-web/memory.max 524288000\n"
		"write /cg/ctr-web/memory.swap.max 0\n"
		"write /cg/ctr-web/pids.max 64\n");
}

static void every_limit_is_read_back(void **state)
{
	(void)state;
	applied(2, &(struct limits){.pids = 64}, "write /cg/ctr-web/pids.max 64\n");
	assert_string_equal(fake_script(), "write /cg/ctr-web/pids.max 64\n"
					   "read /cg/ctr-web/pids.max\n");
}

static void only_the_controllers_of_the_group_are_written(void **state)
{
	(void)state;
	group_add(&groups, 1, BIT(PIDS), "/cg");
	fake_directory("/cg/ctr-web");
	assert_int_equal(limits_apply(&groups.items[0], &everything), 0);
	assert_string_equal(fake_changes(), "write /cg/ctr-web/pids.max 64\n");
}

static void swap_is_counted_beside_memory(void **state)
{
	struct limits limits = {.memory = 4096000, .swap = 1024000, .swap_asked = true};

	(void)state;
	applied(1, &limits,
		"write /cg/ctr-web/memory.limit_in_bytes 4096000\n"
		"write /cg/ctr-web/memory.memsw.limit_in_bytes 5120000\n");
	fake_reset();
	applied(2, &limits,
		"write /cg/ctr-web/memory.max 4096000\n"
		"write /cg/ctr-web/memory.swap.max 1024000\n");
}

static void a_weight_becomes_the_kernel_s_own_number_of_shares(void **state)
{
	(void)state;
	applied(1, &(struct limits){.cpu_weight = 1}, "write /cg/ctr-web/cpu.shares 10\n");
	fake_reset();
	applied(1, &(struct limits){.cpu_weight = 100}, "write /cg/ctr-web/cpu.shares 1024\n");
	fake_reset();
	applied(1, &(struct limits){.cpu_weight = 10000}, "write /cg/ctr-web/cpu.shares 102400\n");
}

static void a_host_that_does_not_count_swap_is_an_error_only_when_asked(void **state)
{
	static const char *const files[] = {"", "/cg/ctr-web/memory.memsw.limit_in_bytes",
					    "/cg/ctr-web/memory.swap.max"};

	(void)state;
	for (int version = 1; version <= 2; version++) {
		struct limits limits = {.memory = 4096000};
		const char *said;

		fake_reset();
		fake_file(files[version], NULL);
		assert_int_equal(apply(version, &limits, &said), 0);
		assert_string_equal(said, "");
		limits.swap_asked = true;
		assert_contains(refused(version, &limits), "swapaccount=1");
	}
}

static void a_size_rounded_to_pages_is_said_and_accepted(void **state)
{
	const char *said;

	(void)state;
	fake_stubborn_file("/cg/ctr-web/memory.max", "4096\n");
	assert_int_equal(apply(2, &(struct limits){.memory = 5000}, &said), 0);
	assert_string_equal(said, "ctr-setup: the kernel rounded 5000 bytes to 4096 in "
				  "/cg/ctr-web/memory.max\n");
}

static void a_size_that_became_another_is_refused(void **state)
{
	static const char *const other[] = {
		"max\n", "", "0\n", "8192\n", "9223372036854771712\n", "-1\n", "4096000\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(other); i++) {
		struct limits limits = {.memory = i < 6 ? 5000 : 5000000};

		fake_stubborn_file("/cg/ctr-web/memory.max", other[i]);
		assert_contains(refused(2, &limits), "the kernel made ");
	}
}

static void a_count_that_the_kernel_changed_is_refused(void **state)
{
	(void)state;
	fake_stubborn_file("/cg/ctr-web/pids.max", "63\n");
	assert_contains(refused(2, &(struct limits){.pids = 64}), "the kernel made 63 of 64");
}

static void a_quota_of_another_period_is_refused(void **state)
{
	(void)state;
	fake_stubborn_file("/cg/ctr-web/cpu.max", "10000 50000\n");
	assert_contains(refused(2, &(struct limits){.cpu_quota_us = 10000}), "the kernel made ");
}

static void a_cpu_list_may_be_spelt_the_kernel_s_way_but_not_be_empty(void **state)
{
	const char *said;

	(void)state;
	fake_stubborn_file("/cg/ctr-web/cpuset.cpus", "0-2,4\n");
	assert_int_equal(apply(2, &(struct limits){.cpuset = "0,1,2,4"}, &said), 0);
	assert_string_equal(said, "");
	fake_stubborn_file("/cg/ctr-web/cpuset.cpus", "\n");
	refused(2, &(struct limits){.cpuset = "0,1"});
}

static void a_value_that_the_kernel_refuses_is_named_with_its_file(void **state)
{
	(void)state;
	fake_fail_nth(1, EINVAL);
	assert_contains(refused(1, &(struct limits){.pids = 64}),
			"cannot write 64 to /cg/ctr-web/pids.max (beyond what the group above "
			"has?): Invalid argument\n");
	fake_fail_nth(2, EIO);
	assert_contains(refused(1, &(struct limits){.pids = 64}),
			"cannot read /cg/ctr-web/pids.max back: ");
	assert_contains(refused(1, &(struct limits){.cpuset = "0"}),
			"cannot read /cg/cpuset.mems: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(v1_writes_these_files_in_this_order),
		TEST(v2_writes_these_files_in_this_order),
		TEST(every_limit_is_read_back),
		TEST(only_the_controllers_of_the_group_are_written),
		TEST(swap_is_counted_beside_memory),
		TEST(a_weight_becomes_the_kernel_s_own_number_of_shares),
		TEST(a_host_that_does_not_count_swap_is_an_error_only_when_asked),
		TEST(a_size_rounded_to_pages_is_said_and_accepted),
		TEST(a_size_that_became_another_is_refused),
		TEST(a_count_that_the_kernel_changed_is_refused),
		TEST(a_quota_of_another_period_is_refused),
		TEST(a_cpu_list_may_be_spelt_the_kernel_s_way_but_not_be_empty),
		TEST(a_value_that_the_kernel_refuses_is_named_with_its_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
