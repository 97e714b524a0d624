/* ctr-init's numbers and names: what is no number is refused, and a name is what signal(7) and
 * errno(3) say. */
#include "../../init/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static void a_number_is_its_digits(void **state)
{
	static const struct {
		const char *text;
		unsigned base;
		uint64_t value;
	} table[] = {
		{"0", 10, 0},
		{"7", 8, 7},
		{"0666", 8, 0666},
		{"007", 10, 7},
		{"18446744073709551615", 10, UINT64_MAX},
		{"1777777777777777777777", 8, UINT64_MAX},
		{"ffffffffffffffff", 16, UINT64_MAX},
		{"0000000000000000000000000a80425fb", 16, 0xa80425fb},
		{"1010", 2, 10},
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		if (!integer_parse(table[i].text, table[i].base, &value))
			fail_msg("refused: %s", table[i].text);
		assert_true(value == table[i].value);
	}
}

static void what_is_no_number_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned base;
	} table[] = {
		{"", 10},
		{" 1", 10},
		{"1 ", 10},
		{"+1", 10},
		{"-1", 10},
		{"1a", 10},
		{"a", 10},
		{"0x1", 16},
		{"A", 16},
		{"g", 16},
		{"8", 8},
		{"2", 2},
		{"1.0", 10},
		{"1\n", 10},
		{"\xb2", 10},
		{"18446744073709551616", 10},
		{"18446744073709551620", 10},
		{"99999999999999999999", 10},
		{"100000000000000000000000000000000", 10},
		{"2000000000000000000000", 8},
		{"10000000000000000", 16},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		uint64_t value = 42;

		if (integer_parse(table[i].text, table[i].base, &value))
			fail_msg("accepted: %s", table[i].text);
		assert_true(value == 42);
	}
}

static void what_does_not_fit_is_left_out(void **state)
{
	char text[8] = "ab";

	(void)state;
	text_append(text, sizeof(text), "cd");
	assert_string_equal(text, "abcd");
	text_append_number(text, sizeof(text), 0);
	assert_string_equal(text, "abcd0");
	text_append_number(text, sizeof(text), UINT64_MAX);
	assert_string_equal(text, "abcd018");
	text_append(text, sizeof(text), "x");
	assert_string_equal(text, "abcd018");
	text[0] = '\0';
	text_append(text, 1, "x");
	assert_string_equal(text, "");
}

static void a_number_is_written_whole(void **state)
{
	static const uint64_t values[] = {0, 9, 10, 123, 4294967296, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		char text[24] = "", wanted[24];

		snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)values[i]);
		text_append_number(text, sizeof(text), values[i]);
		assert_string_equal(text, wanted);
	}
}

static void what_is_behind_a_prefix_is_found(void **state)
{
	char text[] = "ctr.exec=x";

	(void)state;
	assert_ptr_equal(text_behind(text, "ctr."), text + 4);
	assert_ptr_equal(text_behind(text, ""), text);
	assert_string_equal(text_behind(text, "ctr.exec=x"), "");
	assert_null(text_behind(text, "ctr.exec=xy"));
	assert_null(text_behind(text, "Ctr."));
}

static void every_signal_has_its_number_and_its_name(void **state)
{
	static const char *const aliases[][2] = {{"IOT", "ABRT"}, {"POLL", "IO"}};

	(void)state;
	for (int number = 0; number <= 64; number++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", number);
		assert_int_equal(signal_parse(text), number);
	}
	for (int number = 1; number <= 31; number++) {
		char with[32] = "SIG";

		strcat(with, sigabbrev_np(number));
		assert_int_equal(signal_parse(with), number);
		assert_int_equal(signal_parse(sigabbrev_np(number)), number);
	}
	for (size_t i = 0; i < COUNT(aliases); i++)
		assert_int_equal(signal_parse(aliases[i][0]), signal_parse(aliases[i][1]));
}

static void what_is_no_signal_is_refused(void **state)
{
	static const char *const bad[] = {
		"",	 "SIG",	       "65",	"-1",	   "+1",    "1x",
		"0x1",	 "term",       "Term",	"TER",	   "TERMX", "SIGSIGHUP",
		"SIG15", "HUP ",       " HUP",	"HUP\001", "H",	    "P",
		"\001",	 "HUP\001INT", "RTMIN", "RTMIN+1", "256",   "18446744073709551617",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (signal_parse(bad[i]) != -1)
			fail_msg("accepted: %s", bad[i]);
}

/* --- base64 */

static long decode(const char *text)
{
	return base64_decode(guarded(text, strlen(text) + 1));
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Of bytes, as RFC 4648 has it. */
static void encode(const unsigned char *bytes, size_t size, char *text)
{
	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		unsigned bits = (unsigned)bytes[i] << 16;

		bits |= left > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
		bits |= left > 2 ? bytes[i + 2] : 0;
		*text++ = digits[bits >> 18];
		*text++ = digits[bits >> 12 & 63];
		*text++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*text++ = left > 2 ? digits[bits & 63] : '=';
	}
	*text = '\0';
}

static void base64_gives_back_every_byte(void **state)
{
	unsigned char bytes[256];
	char text[400];

	(void)state;
	for (size_t size = 0; size <= sizeof(bytes); size++) {
		char *in_place;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (unsigned char)(i * 167 + size);
		encode(bytes, size, text);
		in_place = guarded(text, strlen(text) + 1);
		assert_int_equal(base64_decode(in_place), (long)size);
		assert_memory_equal(in_place, bytes, size);
	}
}

static void malformed_base64_is_refused(void **state)
{
	static const char *const bad[] = {
		"A",	    "AA",    "AAA",   "AAAAA",	  "AA=",  "=",	      "==",
		"===",	    "A=",    "AA=A",  "A===",	  "====", "AA==AAAA", "AAAA====",
		"AA======", "AA A",  "AAA\n", "AA==\n",	  "AA-_", "AAA.",     "\xff\xff\xff\xff",
		"AAA=A",    "AA== ", " AAAA", "AAA=====",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (decode(bad[i]) != -1)
			fail_msg("accepted: '%s'", bad[i]);
}

static void base64_never_reads_or_writes_beyond_its_end(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		char text[64];
		size_t size = (size_t)random() % (sizeof(text) - 1);
		long got;

		for (size_t i = 0; i < size; i++) {
			long kind = random() % 16;

			text[i] = kind == 0   ? (char)random()
				  : kind == 1 ? '='
					      : digits[random() % 64];
		}
		text[size] = '\0';
		got = decode(text);
		assert_true(got >= -1 && got <= (long)(size / 4 * 3));
	}
}

/* --- errors */

static void an_error_has_the_system_s_text_or_its_number(void **state)
{
	static const int named[] = {ENOENT, EACCES, ENOEXEC, ENOTDIR, EINVAL,
				    ENOMEM, EAGAIN, ELOOP,   EPERM,   ENODEV};
	char spare[24], number[24];

	(void)state;
	for (int error = 1; error < 134; error++) {
		const char *text = error_text(error, spare);

		snprintf(number, sizeof(number), "error %d", error);
		if (strcmp(text, strerror(error)) != 0)
			assert_string_equal(text, number);
	}
	for (size_t i = 0; i < COUNT(named); i++)
		assert_string_equal(error_text(named[i], spare), strerror(named[i]));
	assert_string_equal(error_text(4095, spare), "error 4095");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_number_is_its_digits),
		TEST(what_is_no_number_is_refused),
		TEST(what_does_not_fit_is_left_out),
		TEST(a_number_is_written_whole),
		TEST(what_is_behind_a_prefix_is_found),
		TEST(every_signal_has_its_number_and_its_name),
		TEST(what_is_no_signal_is_refused),
		TEST(base64_gives_back_every_byte),
		TEST(malformed_base64_is_refused),
		TEST(base64_never_reads_or_writes_beyond_its_end),
		TEST(an_error_has_the_system_s_text_or_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
