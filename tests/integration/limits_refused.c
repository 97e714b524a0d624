/* Limits that make no sense, and limits that this host cannot give. */
#include "lab.h"

static const struct {
	const char *option, *text, *says;
} bad[] = {
	{"--cpu", "0", "\"0\""},
	{"--cpu", "-1", "\"-1\""},
	{"--cpu", "ten", "\"ten\""},
	{"--cpu", "10%", "\"10%\""},
	{"--cpu", "0.5", "\"0.5\""},
	{"--cpu", "1e3", "\"1e3\""},
	{"--cpu", "99999999999999999999", "\"99999999999999999999\""},
	{"--cpu", "", "\"\""},
	{"--mem", "0", "\"0\""},
	{"--mem", "-1", "\"-1\""},
	{"--mem", "+5M", "\"+5M\""},
	{"--mem", " 5M", "\" 5M\""},
	{"--mem", "5M ", "\"5M \""},
	{"--mem", "5X", "\"5X\""},
	{"--mem", "5MBB", "\"5MBB\""},
	{"--mem", "0x10", "\"0x10\""},
	{"--mem", "1.5.5G", "\"1.5.5G\""},
	{"--mem", "M", "\"M\""},
	{"--mem", "18446744073709551616", "\"18446744073709551616\""},
	{"--mem", "9223372036854775808", "\"9223372036854775808\""},
	{"--mem", "8388608T", "\"8388608T\""},
	{"--mem", "", "\"\""},
	{"--swap", "-1", "\"-1\""},
	{"--pids", "0", "\"0\""},
	{"--pids", "-1", "\"-1\""},
	{"--pids", "1", "\"1\""},
	{"--pids", "max", "\"max\""},
	{"--pids", "5000000", "\"5000000\""},
	{"--cpuset", "a", "\"a\""},
	{"--cpuset", "1-", "\"1-\""},
	{"--cpuset", "2-1", "\"2-1\""},
	{"--cpuset", "0,", "\"0,\""},
	{"--cpuset", "", "\"\""},
	{"--cpu-weight", "0", "\"0\""},
	{"--cpu-weight", "10001", "\"10001\""},
	{"--rlimit", "nofile", "\"nofile\""},
	{"--rlimit", "nofile=", "\"nofile="},
	{"--rlimit", "nofile=9:3", "\"nofile=9:3\""},
	{"--rlimit", "nofiles=9", "\"nofiles"},
	{"--rlimit", "nofile=-1", "\"nofile=-1\""},
	{"--timeout", "0", "\"0\""},
	{"--timeout", "5y", "\"5y\""},
};

static void bad_limits_are_refused_with_the_argument_quoted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct result *result = RUN(bad[i].option, bad[i].text, lab_merged(), "true");

		assert_refused(result, bad[i].says);
		assert_has(result->err, bad[i].option);
	}
	assert_false(is_there(lab_path("upper")));
}

static void a_limit_that_the_host_cannot_give_is_refused_and_leaves_nothing(void **state)
{
	(void)state;
	group_needed("cpuset");
	group_needed("memory");
	assert_refused(RUN("--mem", "64M", "--cpuset", "1023", lab_merged(), "true"), "cpuset");
	lab_assert_clean();
}

static void a_second_limit_that_fails_takes_the_first_one_s_group_along(void **state)
{
	(void)state;
	group_needed("cpu");
	group_needed("cpuset");
	assert_refused(
		RUN("--cpu", "10", "--pids", "9", "--cpuset", "1000-1023", lab_merged(), "true"),
		"cpuset");
	lab_assert_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_limits_are_refused_with_the_argument_quoted),
		TEST(a_limit_that_the_host_cannot_give_is_refused_and_leaves_nothing),
		TEST(a_second_limit_that_fails_takes_the_first_one_s_group_along),
	};

	return TESTS_RUN(tests);
}
