/* T-IPC-1: ctr-init's side of the plan: whatever the bytes are, it refuses them or understands them
 * whole, and never looks beyond their end. */
#include "../../init/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "support.h"

#define HEADER "ctr-plan 1\n"
#define EXEC   "exec /x\n"

/* Every verb once, every kind of field. */
static const char good[] = HEADER "root /box\n"
				  "mount proc proc /proc nosuid,nodev,noexec -\n"
				  "mount tmpfs - /a\\040b ro mode=755\n"
				  "attach 5 /data\n"
				  "node c 1 3 0666 /dev/null\n"
				  "link /proc/self/fd /dev/fd\n"
				  "console 24 80 7 0\n"
				  "hostname box\n"
				  "loopback\n"
				  "write /proc/x a\\012\n"
				  "mask /proc/kcore\n"
				  "readonly /\n"
				  "rlimit nofile 1 18446744073709551615\n"
				  "bounding 00000000a80425fb\n"
				  "user 1 2 3 4\n"
				  "caps 0\n"
				  "workdir /\n"
				  "env A=\\011\\012\\134\n"
				  "exec \\055 - a\n"
				  "exec /bin/sh\n";

static struct plan plan;

static unsigned parse_bytes(const char *text, size_t size)
{
	return plan_parse(guarded(text, size), size, &plan);
}

static unsigned parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

/* A step's only way to be right is checked with the rest of the plan around it. */
static unsigned parse_step(const char *step)
{
	char text[512];

	snprintf(text, sizeof(text), HEADER "%s\n" EXEC, step);
	return parse(text);
}

static const struct line *line_of(enum ctr_verb verb)
{
	for_each_line(line, &plan)
		if (line->verb == verb)
			return line;
	fail_msg("no line of verb %d", (int)verb);
	return NULL;
}

static void a_plan_with_every_verb_is_understood(void **state)
{
	const struct line *line;

	(void)state;
	assert_int_equal(parse(good), 0);
	assert_int_equal(plan.count, 20);
	for (unsigned i = 0; i < plan.count; i++)
		assert_int_equal(plan.lines[i].number, i + 2);
	line = line_of(CTR_VERB_MOUNT);
	assert_int_equal(line->count, 5);
	assert_string_equal(field(line, 2), "/proc");
	assert_int_equal(field_mount_flags(line, 3), MS_NOSUID | MS_NODEV | MS_NOEXEC);
	assert_string_equal(field(line, 4), "");
	assert_string_equal(field(line + 1, 1), "");
	assert_string_equal(field(line + 1, 2), "/a b");
	assert_int_equal(field_mount_flags(line + 1, 3), MS_RDONLY);
	assert_int_equal(field_octal(line_of(CTR_VERB_NODE), 3), 0666);
	assert_int_equal(line_of(CTR_VERB_LOOPBACK)->count, 0);
	assert_int_equal(field_rlimit(line_of(CTR_VERB_RLIMIT), 0), RLIMIT_NOFILE);
	assert_true(field_number(line_of(CTR_VERB_RLIMIT), 2) == UINT64_MAX);
	assert_int_equal(field_hex(line_of(CTR_VERB_BOUNDING), 0), 0xa80425fb);
	assert_int_equal(line_of(CTR_VERB_USER)->count, 4);
	assert_int_equal(field_number(line_of(CTR_VERB_USER), 3), 4);
	assert_string_equal(field(line_of(CTR_VERB_ENV), 0), "A=\t\n\\");
	line = line_of(CTR_VERB_EXEC);
	assert_string_equal(field(line, 0), "-");
	assert_string_equal(field(line, 1), "");
	assert_string_equal(field(line, 2), "a");
	assert_string_equal(field(line + 1, 0), "/bin/sh");
}

static void the_first_line_that_is_wrong_is_named(void **state)
{
	(void)state;
	assert_int_equal(parse("ctr-plan 2\n" EXEC), 1);
	assert_int_equal(parse(HEADER "exit\n" EXEC), 2);
	assert_int_equal(parse(HEADER "loopback\nloopback x\n" EXEC), 3);
	assert_int_equal(parse(HEADER EXEC EXEC "\n"), 4);
}

static void what_is_no_plan_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"ctr-plan 1",
		HEADER,
		"ctr-plan 1 \n" EXEC,
		" " HEADER EXEC,
		"\n" HEADER EXEC,
		"CTR-PLAN 1\n" EXEC,
		"ctr-plan 11\n" EXEC,
		"ctr-plan 1\r\n" EXEC,
		HEADER "exec /x",
		HEADER EXEC "exec /y",
		EXEC,
		HEADER HEADER EXEC,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse(bad[i]) == 0)
			fail_msg("accepted: %s", bad[i]);
}

static void a_plan_that_executes_nothing_is_refused(void **state)
{
	(void)state;
	assert_int_not_equal(parse(HEADER "root /\n"), 0);
	assert_int_not_equal(parse(HEADER "env A=1\n"), 0);
	assert_int_equal(parse(HEADER EXEC), 0);
}

/* Steps that no plan may have. */
static const char *const malformed[] = {
	/* verbs */
	"",
	" ",
	"exit",
	"Root /",
	"roo /",
	"roott /",
	"mount",
	"exec",
	"-",
	"\\155ask",
	/* spaces */
	" root /",
	"root  /",
	"root / ",
	"loopback ",
	"root\t/",
	"#",
	/* counts */
	"root",
	"root / /",
	"mount a b /c -",
	"mount a b /c - - -",
	"attach 5",
	"node c 1 3 0666",
	"node c 1 3 0666 /a /b",
	"link /a",
	"console 1 2 3",
	"console 1 2 3 4 5",
	"loopback x",
	"write /a",
	"write a b",
	"hostname",
	"hostname a b",
	"rlimit nofile 1",
	"rlimit nofile 1 2 3",
	"bounding",
	"bounding 1 2",
	"user 1",
	"env",
	"env A=1 B=2",
	/* paths */
	"root box",
	"root -",
	"mask ./a",
	"attach 5 data",
	"mount a b c - -",
	/* numbers */
	"attach -1 /a",
	"attach +5 /a",
	"attach 0x5 /a",
	"attach - /a",
	"attach 5a /a",
	"attach 18446744073709551616 /a",
	"attach 99999999999999999999 /a",
	"node c 1 3 0888 /a",
	"node c 1 3 40000000000 /a",
	"node c 1 3 66a /a",
	"bounding 10000000000000000",
	"bounding 0x1",
	"bounding A",
	"bounding g",
	"bounding -",
	"caps \\040",
	"user 1 2 x",
	"user 1 2 -",
	/* devices, flags, limits */
	"node d 1 3 0666 /a",
	"node cc 1 3 0666 /a",
	"node - 1 3 0666 /a",
	"node C 1 3 0666 /a",
	"mount a b /c rw -",
	"mount a b /c ro, -",
	"mount a b /c ,ro -",
	"mount a b /c ro,,nodev -",
	"mount a b /c RO -",
	"mount a b /c nodevx -",
	"mount a b /c ro:nodev -",
	"rlimit files 1 2",
	"rlimit NOFILE 1 2",
	"rlimit - 1 2",
	"rlimit nofile unlimited 1",
};

static void a_malformed_step_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(malformed); i++)
		if (parse_step(malformed[i]) != 2)
			fail_msg("accepted, or the wrong line named: %s", malformed[i]);
}

static void hexadecimal_has_sixteen_digits(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		char step[32];
		bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		if (strchr(" \n\\", c))
			continue;
		snprintf(step, sizeof(step), "bounding 1%c2", c);
		if ((parse_step(step) == 0) != is_digit)
			fail_msg("%s: %s", is_digit ? "refused" : "accepted", step);
	}
}

static void an_escape_is_three_octal_digits_of_one_byte(void **state)
{
	static const char *const bad[] = {
		"hostname \\",	   "hostname \\0",   "hostname \\04",  "hostname \\048",
		"hostname \\08a",  "hostname \\x41", "hostname \\n",   "hostname \\\\",
		"hostname a\\000", "hostname \\000", "hostname \\ 40", "hostname \\400",
		"hostname \\501",  "hostname \\777", "hostname \\-12",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse_step(bad[i]) != 2)
			fail_msg("accepted, or the wrong line named: %s", bad[i]);
	assert_int_equal(parse_step("hostname \\001\\377\\101"), 0);
	assert_string_equal(field(&plan.lines[0], 0), "\001\377A");
}

static void a_nul_byte_is_refused_wherever_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		char *text = guarded(good, sizeof(good) - 1);

		text[i] = '\0';
		assert_int_not_equal(plan_parse(text, sizeof(good) - 1, &plan), 0);
	}
}

static void stages_cannot_come_in_another_order(void **state)
{
	static const char *const in_order[] = {
		"root /", "mount a b /c - -", "link a /b", "hostname a", "caps 0", "env A=1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(in_order); i++) {
		for (size_t j = 0; j < COUNT(in_order); j++) {
			char text[128];

			snprintf(text, sizeof(text), HEADER "%s\n%s\n" EXEC, in_order[i],
				 in_order[j]);
			assert_int_equal(parse(text), i <= j ? 0 : 3);
		}
	}
	assert_int_equal(parse(HEADER EXEC "mount a b /c - -\n"), 3);
	assert_int_equal(parse(HEADER EXEC "caps ffffffffffffffff\n" EXEC), 3);
}

static void lines_and_fields_have_a_limit(void **state)
{
	static char text[CTR_PLAN_LINES_MAX * 9 + CTR_PLAN_FIELDS_MAX * 2 + 64];
	size_t used = (size_t)sprintf(text, HEADER);

	(void)state;
	for (unsigned i = 0; i < CTR_PLAN_LINES_MAX - 1; i++)
		used += (size_t)sprintf(text + used, "mask /a\n");
	strcpy(text + used, EXEC);
	assert_int_equal(parse(text), 0);
	assert_int_equal(plan.count, CTR_PLAN_LINES_MAX);
	strcpy(text + used, "mask /a\n" EXEC);
	assert_int_equal(parse(text), CTR_PLAN_LINES_MAX + 2);

	used = (size_t)sprintf(text, HEADER "exec");
	for (unsigned i = 0; i < CTR_PLAN_FIELDS_MAX; i++)
		used += (size_t)sprintf(text + used, " x");
	strcpy(text + used, "\n");
	assert_int_equal(parse(text), 0);
	assert_int_equal(plan.lines[0].count, CTR_PLAN_FIELDS_MAX);
	assert_string_equal(field(&plan.lines[0], CTR_PLAN_FIELDS_MAX - 1), "x");
	strcpy(text + used, " x\n");
	assert_int_equal(parse(text), 2);
}

/* What was accepted can be used: every field is inside the text and ends there. */
static void accepted_fields_check(const char *text, size_t size)
{
	for_each_line(line, &plan) {
		for (unsigned i = 0; i < line->count; i++) {
			const char *value = field(line, i);

			assert_true(value > text && value + strlen(value) < text + size);
		}
	}
}

static void no_truncation_is_read_beyond_its_end(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(good); size++) {
		char *text = guarded(good, size);

		if (plan_parse(text, size, &plan) == 0)
			accepted_fields_check(text, size);
	}
}

static void no_single_wrong_byte_is_read_beyond_the_end(void **state)
{
	enum { SIZE = sizeof(good) - 1 };
	unsigned refused = 0;

	(void)state;
	for (size_t i = 0; i < SIZE; i++) {
		for (unsigned c = 0; c < 256; c++) {
			char *text = guarded(good, SIZE);

			text[i] = (char)c;
			if (plan_parse(text, SIZE, &plan) == 0)
				accepted_fields_check(text, SIZE);
			else
				refused++;
		}
	}
	assert_true(refused > SIZE); /* the loop did what it says */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_plan_with_every_verb_is_understood),
		TEST(the_first_line_that_is_wrong_is_named),
		TEST(what_is_no_plan_is_refused),
		TEST(a_plan_that_executes_nothing_is_refused),
		TEST(a_malformed_step_is_refused),
		TEST(hexadecimal_has_sixteen_digits),
		TEST(an_escape_is_three_octal_digits_of_one_byte),
		TEST(a_nul_byte_is_refused_wherever_it_is),
		TEST(stages_cannot_come_in_another_order),
		TEST(lines_and_fields_have_a_limit),
		TEST(no_truncation_is_read_beyond_its_end),
		TEST(no_single_wrong_byte_is_read_beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
