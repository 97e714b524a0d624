#include "parse.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

#define TWO_63	"9223372036854775808"
#define TWO_64	"18446744073709551616"
#define MAX_63	"9223372036854775807"
#define MAX_64	"18446744073709551615"
#define LONG_62 "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum { UNTOUCHED = 77 };

struct accepted {
	const char *text;
	uint64_t value;
};

typedef bool parser(const char *text, uint64_t *value);

static void table_check(parser *parse, const struct accepted *accepted, size_t count,
			const char *const *refused)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;

		if (!parse(accepted[i].text, &value) || value != accepted[i].value)
			fail_msg("\"%s\" gives %ju", accepted[i].text, (uintmax_t)value);
	}
	for (; *refused; refused++) {
		uint64_t value = UNTOUCHED;

		if (parse(*refused, &value) || value != UNTOUCHED)
			fail_msg("\"%s\" gives %ju", *refused, (uintmax_t)value);
	}
}

static bool any_number(const char *text, uint64_t *value)
{
	return number_parse(text, 0, UINT64_MAX, value);
}

static void a_number_is_digits_and_nothing_else(void **state)
{
	static const struct accepted accepted[] = {
		{"0", 0},
		{"1", 1},
		{"007", 7},
		{"100", 100},
		{MAX_63, INT64_MAX},
		{TWO_63, UINT64_C(1) << 63},
		{"4096", 4096},
		{MAX_64, UINT64_MAX},
	};
	static const char *const refused[] = {
		"",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1\n",
		"\t1",
		"0x10",
		"1e3",
		"1.0",
		"1,0",
		"one",
		"1K",
		"-0",
		"١",
		"1-",
		TWO_64,
		"18446744073709551620",
		"99999999999999999999",
		"184467440737095516150",
		NULL,
	};

	(void)state;
	table_check(any_number, accepted, COUNT(accepted), refused);
}

static bool two_to_nine(const char *text, uint64_t *value)
{
	return number_parse(text, 2, 9, value);
}

static void a_number_outside_its_range_is_refused(void **state)
{
	static const struct accepted accepted[] = {{"2", 2}, {"9", 9}};
	static const char *const refused[] = {"0", "1", "10", TWO_64, NULL};

	(void)state;
	table_check(two_to_nine, accepted, COUNT(accepted), refused);
}

static void a_size_is_bytes_below_2_to_the_63(void **state)
{
	static const struct accepted accepted[] = {
		{"0", 0},
		{"500M", 524288000},
		{"1K", 1024},
		{"2G", UINT64_C(2) << 30},
		{"1T", UINT64_C(1) << 40},
		{"500m", 524288000},
		{"4k", 4096},
		{"2g", UINT64_C(2) << 30},
		{MAX_63, INT64_MAX},
		{"9007199254740991K", UINT64_C(9007199254740991) << 10},
		{"8388607T", UINT64_C(8388607) << 40},
		{"500MB", 524288000},
		{"512MiB", 536870912},
		{"512mib", 536870912},
		{"500B", 500},
		{"0.5G", UINT64_C(1) << 29},
		{"1.5GiB", UINT64_C(3) << 29},
		{"0.000001M", 1},
	};
	static const char *const refused[] = {
		"",
		"-1",
		"+1M",
		" 1M",
		"1M ",
		"1 M",
		"M",
		"1KBB",
		"1Ki",
		"1iB",
		"1.5",
		"1.5B",
		".5G",
		"1.G",
		"1.5.5G",
		"1.0000001G",
		"8388607.9999999T",
		"8388608.0T",
		"0x1M",
		"1e3",
		"1P",
		"1MM",
		TWO_63,
		TWO_64,
		"8388608T",
		"9007199254740992K",
		"18014398509481984K",
		"16777216T",
		NULL,
	};

	(void)state;
	table_check(size_parse, accepted, COUNT(accepted), refused);
}

static void a_percentage_becomes_microseconds_of_a_period(void **state)
{
	static const struct accepted accepted[] = {
		{"10", 10000},	 {"1", 1000},	 {"150", 150000},     {"12.5", 12500},
		{"1.001", 1001}, {"1.01", 1010}, {"100.000", 100000}, {"1000000", 1000000000},
	};
	static const char *const refused[] = {
		"",
		"0",
		"0.5",
		"0.999",
		"-10",
		"+10",
		"10%",
		"10.",
		".5",
		"1..5",
		"1.5.5",
		"1,5",
		" 10",
		"10 ",
		"1.0001",
		"1e1",
		"nan",
		"inf",
		"0x10",
		"1.-5",
		TWO_64,
		"1000001",
		"1.18446744073709551616",
		NULL,
	};

	(void)state;
	table_check(percent_parse, accepted, COUNT(accepted), refused);
}

static void a_duration_is_above_zero_and_has_a_known_unit(void **state)
{
	static const struct accepted accepted[] = {
		{"90", 90000},
		{"500ms", 500},
		{"10s", 10000},
		{"5m", 300000},
		{"2h", 7200000},
		{"1d", 86400000},
		{"1.5s", 1500},
		{"1.5", 1500},
		{"0.5m", 30000},
		{"9223372036854775807ms", INT64_MAX},
		{"9223372036854775", UINT64_C(9223372036854775000)},
	};
	static const char *const refused[] = {
		"",
		"0",
		"0ms",
		"-1",
		"+1",
		"0.5ms",
		"1.s",
		".5s",
		"1 s",
		" 1",
		"1S",
		"1us",
		"1w",
		"s",
		"1sm",
		TWO_63,
		TWO_64,
		"9223372036854776",
		"106751991168d",
		"9223372036854775808ms",
		NULL,
	};

	(void)state;
	table_check(duration_parse, accepted, COUNT(accepted), refused);
}

/* T-ID-1 */
static void a_user_is_never_a_name_and_never_wraps_to_root(void **state)
{
	static const struct {
		const char *text;
		uint32_t uid, gid;
	} accepted[] = {
		{"0", 0, 0},
		{"1", 1, 1},
		{"65534", 65534, 65534},
		{"4294967294", 4294967294, 4294967294},
		{"1:2", 1, 2},
		{"0:1000", 0, 1000},
		{"1000:0", 1000, 0},
		{"2147483648:2147483648", 2147483648, 2147483648},
	};
	static const char *const refused[] = {
		"",	  "-1",	  "4294967295", "4294967296",	"4294968296",	"2147483648:-1",
		TWO_64,	  "0x10", "1e3",	" 1",		"1 ",		"+1",
		"1:",	  ":1",	  ":",		"1:2:3",	"root",		"1:root",
		"root:0", "1: 2", "1 :2",	"1:4294967295", "1:4294967296", "1:" TWO_64,
		"0\n",	  NULL,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(accepted); i++) {
		uint32_t uid = UNTOUCHED, gid = UNTOUCHED;

		assert_true(user_parse(accepted[i].text, &uid, &gid));
		assert_int_equal(uid, accepted[i].uid);
		assert_int_equal(gid, accepted[i].gid);
	}
	for (size_t i = 0; refused[i]; i++) {
		uint32_t uid = UNTOUCHED, gid = UNTOUCHED;

		if (user_parse(refused[i], &uid, &gid) || uid != UNTOUCHED || gid != UNTOUCHED)
			fail_msg("\"%s\" gives %u:%u", refused[i], uid, gid);
	}
}

static void a_resource_limit_is_soft_then_hard(void **state)
{
	static const struct {
		const char *text;
		uint64_t soft, hard;
	} accepted[] = {
		{"0", 0, 0},
		{"1024", 1024, 1024},
		{"1024:4096", 1024, 4096},
		{"unlimited", UINT64_MAX, UINT64_MAX},
		{"5:unlimited", 5, UINT64_MAX},
		{"unlimited:unlimited", UINT64_MAX, UINT64_MAX},
	};
	static const char *const refused[] = {
		"",	     ":",	 "1:",	       ":1",	    "2:1",  "unlimited:1",
		"1:2:3",     "-1",	 "1K",	       " 1",	    "1: 2", TWO_64,
		"1:" TWO_64, "unlimite", "unlimitedx", "Unlimited", NULL,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(accepted); i++) {
		uint64_t soft, hard;

		assert_true(rlimit_values_parse(accepted[i].text, &soft, &hard));
		assert_true(soft == accepted[i].soft && hard == accepted[i].hard);
	}
	for (size_t i = 0; refused[i]; i++) {
		uint64_t soft = UNTOUCHED, hard = UNTOUCHED;

		if (rlimit_values_parse(refused[i], &soft, &hard) || soft != UNTOUCHED ||
		    hard != UNTOUCHED)
			fail_msg("\"%s\" is accepted", refused[i]);
	}
}

static void access_is_letters_each_once(void **state)
{
	static const struct {
		const char *text;
		unsigned bits;
	} accepted[] = {
		{"r", ACCESS_READ},
		{"w", ACCESS_WRITE},
		{"m", ACCESS_MKNOD},
		{"rw", ACCESS_READ | ACCESS_WRITE},
		{"wr", ACCESS_READ | ACCESS_WRITE},
		{"rwm", ACCESS_READ | ACCESS_WRITE | ACCESS_MKNOD},
	};
	static const char *const refused[] = {"",   "rr",  "rwr", "rwmr", "x",	 "rx",
					      "R",  "RW",  "r w", " r",	  "r,w", "ro",
					      "ww", "mrm", "0",	  "rw\n", NULL};

	(void)state;
	for (size_t i = 0; i < COUNT(accepted); i++) {
		unsigned bits;

		assert_true(access_parse(accepted[i].text, &bits));
		assert_int_equal(bits, accepted[i].bits);
	}
	for (size_t i = 0; refused[i]; i++) {
		unsigned bits = 99;

		if (access_parse(refused[i], &bits) || bits != 99)
			fail_msg("\"%s\" is accepted", refused[i]);
	}
}

typedef bool predicate(const char *text);

static void predicate_check(predicate *is_valid, const char *const *accepted,
			    const char *const *refused)
{
	for (; *accepted; accepted++)
		if (!is_valid(*accepted))
			fail_msg("\"%s\" is refused", *accepted);
	for (; *refused; refused++)
		if (is_valid(*refused))
			fail_msg("\"%s\" is accepted", *refused);
}

static void a_cpu_list_is_numbers_and_rising_ranges(void **state)
{
	static const char *const accepted[] = {"0",   "0-2",   "0-2,4", "4,0-2",
					       "3-3", "0,1,2", "1023",	NULL};
	static const char *const refused[] = {
		"",  ",",  "0,", ",0",	 "0,,1",    "-",   "0-",  "-2",	  "2-0", "0-1-2",
		"a", "0 ", " 0", "0, 1", "0-2:1/2", "all", "0\n", TWO_64, NULL,
	};

	(void)state;
	predicate_check(cpu_list_is_valid, accepted, refused);
}

/* T-NAME-1 */
static void a_name_cannot_leave_its_directory(void **state)
{
	static const char *const accepted[] = {
		"web", "a", "_x", "0", "web-1", "a.b+c_d", "a..b", LONG_62 "ab", NULL,
	};
	static const char *const refused[] = {
		"",    ".",    "..", "../x",	    "a/b",  "/",	"-x",	       "+x",
		".x",  "a b",  " a", "a\n",	    "\n",   "\x1b[31m", "%s",	       "a%",
		"a:b", "a\\b", "a*", "caf\xc3\xa9", "\x80", "\x7f",	LONG_62 "abc", NULL,
	};

	(void)state;
	predicate_check(name_is_valid, accepted, refused);
}

static void a_signal_has_a_number_and_names(void **state)
{
	const struct accepted signals[] = {
		{"1", 1},
		{"TERM", SIGTERM},
		{"SIGTERM", SIGTERM},
		{"term", SIGTERM},
		{"sigUSR1", SIGUSR1},
		{"64", 64},
		{"WINCH", SIGWINCH},
		{"SYS", SIGSYS},
		{"RTMIN", (uint64_t)SIGRTMIN},
		{"SIGRTMIN+3", (uint64_t)SIGRTMIN + 3},
		{"RTMAX", 64},
		{"rtmax-1", 63},
		{"RTMIN+30", 64},
		{"KILL", SIGKILL},
	};
	static const char *const refused[] = {
		"",	  "0",	       "65",	   "-1",     "+9",	"SIG",	   "FOO",
		"SIG 9",  "SIGSIGHUP", "SIG9",	   "RTMIN+", "RTMIN-1", "RTMAX+1", "RTMIN+31",
		"RTMIN3", "RTMIN+ 1",  "RTMAX-31", "TERM ",  "9x",
	};
	int number = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(signals); i++) {
		assert_true(signal_name_parse(signals[i].text, &number));
		assert_int_equal(number, signals[i].value);
	}
	number = 7;
	for (size_t i = 0; i < COUNT(refused); i++) {
		if (signal_name_parse(refused[i], &number))
			fail_msg("\"%s\" is a signal", refused[i]);
		assert_int_equal(number, 7);
	}
}

static void a_size_is_written_as_it_would_be_asked_for(void **state)
{
	static const struct accepted sizes[] = {
		{"0", 0},
		{"1", 1},
		{"1023", 1023},
		{"1K", 1024},
		{"1025", 1025},
		{"500M", 524288000},
		{"3G", UINT64_C(3) << 30},
		{"2T", UINT64_C(2) << 40},
		{"2048T", UINT64_C(2) << 50},
		{MAX_63, INT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char text[32];
		uint64_t back;

		size_format(sizes[i].value, text, sizeof(text));
		assert_string_equal(text, sizes[i].text);
		assert_true(size_parse(text, &back) && back == sizes[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_number_is_digits_and_nothing_else),
		TEST(a_number_outside_its_range_is_refused),
		TEST(a_size_is_bytes_below_2_to_the_63),
		TEST(a_percentage_becomes_microseconds_of_a_period),
		TEST(a_duration_is_above_zero_and_has_a_known_unit),
		TEST(a_user_is_never_a_name_and_never_wraps_to_root),
		TEST(a_resource_limit_is_soft_then_hard),
		TEST(access_is_letters_each_once),
		TEST(a_cpu_list_is_numbers_and_rising_ranges),
		TEST(a_name_cannot_leave_its_directory),
		TEST(a_signal_has_a_number_and_names),
		TEST(a_size_is_written_as_it_would_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
