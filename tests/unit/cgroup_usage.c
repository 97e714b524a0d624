#include <unistd.h>

#include "support.h"

static struct groups groups;
static const struct limits limits = {.cpu_quota_us = 12500, .memory = 524288000, .pids = 64};

static void v1_counts_these(void **state)
{
	struct usage usage;

	(void)state;
	groups.count = 0;
	group_add(&groups, 1, BIT(CPU), "/cpu");
	group_add(&groups, 1, BIT(MEMORY), "/memory");
	group_add(&groups, 1, BIT(PIDS), "/pids");
	fake_file("/cpu/ctr-web/cpu.stat",
		  "nr_periods 100\nnr_throttled 60\nthrottled_time 4500000000\n");
	fake_file("/memory/ctr-web/memory.oom_control",
		  "oom_kill_disable 1\nunder_oom 0\noom_kill 3\n");
	fake_file("/memory/ctr-web/memory.max_usage_in_bytes", "524288000\n");
	fake_file("/pids/ctr-web/pids.events", "max 7\n");
	group_add(&groups, 1, BIT(CPUACCT), "/acct");
	fake_file("/acct/ctr-web/cpuacct.usage", "1234567890\n");
	fake_file("/acct/ctr-web/cpuacct.stat", "user 100\nsystem 23\n");
	usage_read(&groups, &usage);
	assert_int_equal(usage.cpu_ns.value, 1234567890);
	assert_int_equal(usage.user_ns.value, 1000000000);
	assert_int_equal(usage.system_ns.value, 230000000);
	assert_int_equal(usage.periods.value, 100);
	assert_int_equal(usage.throttled_periods.value, 60);
	assert_int_equal(usage.throttled_ns.value, 4500000000);
	assert_int_equal(usage.oom_kills.value, 3);
	assert_int_equal(usage.memory_peak.value, 524288000);
	assert_int_equal(usage.pids_refused.value, 7);
	assert_int_equal(usage.pids_peak.value, 0);
}

static void v2_counts_these(void **state)
{
	struct usage usage;

	(void)state;
	groups.count = 0;
	group_add(&groups, 2, BIT(CPU) | BIT(MEMORY) | BIT(PIDS) | BIT(CPUACCT), "/cg");
	fake_file("/cg/ctr-web/cpu.stat",
		  "usage_usec 9\nuser_usec 7\nsystem_usec 2\nnr_periods 100\nnr_throttled 60\n"
		  "throttled_usec 4500000\nnr_bursts 0\n");
	fake_file("/cg/ctr-web/memory.events",
		  "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 5\n");
	fake_file("/cg/ctr-web/memory.peak", "4096\n");
	fake_file("/cg/ctr-web/pids.events", "max 7\n");
	fake_file("/cg/ctr-web/pids.peak", "64\n");
	usage_read(&groups, &usage);
	assert_int_equal(usage.cpu_ns.value, 9000);
	assert_int_equal(usage.user_ns.value, 7000);
	assert_int_equal(usage.system_ns.value, 2000);
	assert_int_equal(usage.periods.value, 100);
	assert_int_equal(usage.throttled_periods.value, 60);
	assert_int_equal(usage.throttled_ns.value, 4500000000);
	assert_int_equal(usage.oom_kills.value, 1);
	assert_int_equal(usage.memory_peak.value, 4096);
	assert_int_equal(usage.pids_refused.value, 7);
	assert_int_equal(usage.pids_peak.value, 64);
}

static void a_counter_that_is_not_there_is_zero_and_not_known(void **state)
{
	struct usage usage = {.oom_kills = {5, true}};

	(void)state;
	groups.count = 0;
	group_add(&groups, 2, BIT(CPU) | BIT(MEMORY) | BIT(PIDS), "/cg");
	fake_file("/cg/ctr-web/cpu.stat", "usage_usec 9\nnr_throttled \n");
	fake_file("/cg/ctr-web/memory.events", "");
	fake_file("/cg/ctr-web/memory.peak", "");
	fake_file("/cg/ctr-web/pids.peak", "0\n");
	usage_read(&groups, &usage);
	assert_int_equal(usage.oom_kills.value + usage.periods.value + usage.memory_peak.value +
				 usage.pids_refused.value + usage.cpu_ns.value,
			 0);
	assert_false(usage.oom_kills.is_known || usage.periods.is_known ||
		     usage.throttled_periods.is_known || usage.memory_peak.is_known ||
		     usage.pids_refused.is_known || usage.cpu_ns.is_known);
	assert_true(usage.pids_peak.is_known);
}

static const char *said_of(const struct usage *usage, const struct limits *asked,
			   const char *victims)
{
	capture_begin(STDERR_FILENO);
	usage_say(usage, asked, victims);
	return capture_end();
}

static void each_limit_that_hurt_has_one_line(void **state)
{
	struct usage usage = {
		.oom_kills.value = 1,
		.memory_peak.value = 524288000,
		.pids_refused.value = 2,
		.pids_peak.value = 64,
		.periods.value = 100,
		.throttled_periods.value = 90,
		.throttled_ns.value = 8250000000,
	};

	(void)state;
	assert_string_equal(said_of(&usage, &limits, "tail"),
			    "ctr-setup: memory limit 500M reached: 1 process killed (tail), peak "
			    "500M\n"
			    "ctr-setup: pids limit 64 reached: 2 forks refused, peak 64\n"
			    "ctr-setup: cpu limit 12.5% reached: held back in 90 of 100 periods, "
			    "8.2 s in all\n");
}

/* A group's counters have what a limit above it, or the host's own want, did to its processes. */
static void what_another_limit_did_is_not_blamed_on_ours(void **state)
{
	struct usage usage = {.oom_kills.value = 1, .memory_peak.value = 19 << 20};

	(void)state;
	assert_string_equal(said_of(&usage, &limits, "tail"),
			    "ctr-setup: memory short above the limit of 500M: 1 process killed "
			    "(tail), peak 19M\n");
	usage = (struct usage){.pids_refused.value = 3, .pids_peak.value = 5};
	assert_string_equal(said_of(&usage, &limits, ""), "");
}

static void numbers_agree_with_their_nouns(void **state)
{
	struct usage usage = {.oom_kills.value = 2,
			      .memory_hits.value = 1,
			      .memory_peak.value = 5000,
			      .pids_refused.value = 1};

	(void)state;
	assert_string_equal(said_of(&usage, &limits, ""),
			    "ctr-setup: memory limit 500M reached: 2 processes killed, peak 4K\n"
			    "ctr-setup: pids limit 64 reached: 1 fork refused, peak 64\n");
	usage = (struct usage){.oom_kills.value = 1,
			       .memory_hits.value = 1,
			       .memory_peak.value = (3 << 20) + 4096};
	assert_contains(said_of(&usage, &limits, "a, b"), "1 process killed (a, b), peak 3M\n");
}

static void a_victim_cannot_write_to_the_terminal(void **state)
{
	struct usage usage = {.oom_kills.value = 1};
	const char *said = said_of(&usage, &limits, "\x1b[2J\nok");

	(void)state;
	assert_one_line(said);
	assert_contains(said, "(\\x1b[2J\\x0aok)");
}

static void limits_that_did_not_hurt_or_were_not_asked_for_are_not_said(void **state)
{
	struct usage usage = {
		.memory_peak.value = 1 << 30, .pids_peak.value = 64, .throttled_periods.value = 9};
	struct usage hurt = {
		.oom_kills.value = 1, .pids_refused.value = 1, .throttled_periods.value = 99};

	(void)state;
	assert_string_equal(said_of(&usage, &limits, ""), "");
	assert_string_equal(said_of(&hurt, &(struct limits){0}, ""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(v1_counts_these),
		TEST(v2_counts_these),
		TEST(a_counter_that_is_not_there_is_zero_and_not_known),
		TEST(each_limit_that_hurt_has_one_line),
		TEST(what_another_limit_did_is_not_blamed_on_ours),
		TEST(numbers_agree_with_their_nouns),
		TEST(a_victim_cannot_write_to_the_terminal),
		TEST(limits_that_did_not_hurt_or_were_not_asked_for_are_not_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
