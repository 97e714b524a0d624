#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static void a_failure_names_stage_and_reason_and_returns_it(void **state)
{
	int rc;

	(void)state;
	log_stage(CTR_STAGE_ROOTFS);
	capture_begin(STDERR_FILENO);
	rc = fail(EINVAL, "cannot mount an overlay on %s", "/box");
	log_stage(0);
	assert_string_equal(capture_end(),
			    "ctr-setup: 50 rootfs: cannot mount an overlay on /box: Invalid "
			    "argument\n");
	assert_int_equal(rc, -EINVAL);
}

static void a_failure_without_an_errno_ends_in_its_text(void **state)
{
	int rc;

	(void)state;
	capture_begin(STDERR_FILENO);
	rc = fail(0, "no %s", "ROOTFS");
	assert_string_equal(capture_end(), "ctr-setup: no ROOTFS\n");
	assert_int_equal(rc, -EINVAL);
}

static void a_failure_elsewhere_leaves_our_own_stage(void **state)
{
	(void)state;
	log_stage(CTR_STAGE_WATCH);
	capture_begin(STDERR_FILENO);
	fail_elsewhere(CTR_STAGE_MOUNTS, EPERM, "cannot mount %s", "proc");
	fail_elsewhere(12345, 0, "what");
	fail(0, "here");
	log_stage(0);
	assert_string_equal(capture_end(),
			    "ctr-setup: 70 mounts: cannot mount proc: Operation not permitted\n"
			    "ctr-setup: 12345 unknown stage: what\n"
			    "ctr-setup: 95 watch: here\n");
}

static void a_remark_has_no_stage(void **state)
{
	(void)state;
	log_stage(CTR_STAGE_CGROUP);
	capture_begin(STDERR_FILENO);
	say("rounded to %d", 4096);
	log_stage(0);
	assert_string_equal(capture_end(), "ctr-setup: rounded to 4096\n");
}

static void a_trace_is_silent_unless_asked_for(void **state)
{
	(void)state;
	capture_begin(STDERR_FILENO);
	trace("unheard");
	log_verbose(true);
	trace("heard");
	log_verbose(false);
	trace("unheard");
	assert_string_equal(capture_end(), "ctr-setup: heard\n");
}

/* T-LOG-1 */
static void no_byte_of_an_argument_reaches_the_terminal_raw(void **state)
{
	char hostile[256], expected[2048] = "ctr-setup: cannot use ";

	(void)state;
	for (unsigned c = 1; c < 256; c++) {
		hostile[c - 1] = (char)c;
		if (c >= 0x20 && c < 0x7f)
			sprintf(expected + strlen(expected), "%c", c);
		else
			sprintf(expected + strlen(expected), "\\x%02x", c);
	}
	hostile[255] = '\0';
	strcat(expected, "\n");
	capture_begin(STDERR_FILENO);
	fail(0, "cannot use %s", hostile);
	assert_string_equal(capture_end(), expected);
	assert_one_line(expected);
}

static void an_argument_is_never_a_format(void **state)
{
	(void)state;
	capture_begin(STDERR_FILENO);
	fail(0, "cannot use %s", "%s%n%99999d");
	assert_string_equal(capture_end(), "ctr-setup: cannot use %s%n%99999d\n");
}

/* T-LOG-1 */
static void a_long_line_is_cut_and_stays_one_line(void **state)
{
	static const char *const fillings[] = {"x", "\n", "\x1b", "\xff"};

	(void)state;
	for (size_t size = 8000; size <= 65536; size += size < 8300 ? 1 : 57236) {
		static char text[65536 + 1];
		const char *filling = fillings[size % COUNT(fillings)];

		memset(text, *filling, size);
		text[size] = '\0';
		capture_begin(STDERR_FILENO);
		log_stage(CTR_STAGE_CGROUP);
		fail(EACCES, "cannot open %s", text);
		log_stage(0);
		assert_one_line(capture_end());
	}
}

static void saying_something_keeps_errno(void **state)
{
	(void)state;
	capture_begin(STDERR_FILENO);
	errno = EXDEV;
	fail(EPERM, "%s", strerror(ENOENT));
	say("x");
	assert_int_equal(errno, EXDEV);
	assert_int_equal(lines_count(capture_end()), 2);
}

static void the_last_failure_is_kept_until_the_run_is_left(void **state)
{
	(void)state;
	capture_begin(STDERR_FILENO);
	fail(ENOENT, "before");
	assert_string_equal(log_reason(), "");
	log_reason_keep();
	assert_string_equal(log_reason(), "");
	fail(ENOENT, "a warning");
	log_stage(CTR_STAGE_ROOTFS);
	fail(EINVAL, "cannot mount \x1b[2J");
	say("words");
	log_verbose(true);
	trace("more words");
	log_verbose(false);
	log_reason_close();
	fail(EBUSY, "cannot remove it");
	log_stage(0);
	capture_end();
	assert_string_equal(log_reason(), "50 rootfs: cannot mount \\x1b[2J: Invalid argument");
}

static void a_child_s_failure_is_kept(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	capture_begin(STDERR_FILENO);
	log_reason_keep();
	pid = fork();
	if (pid == 0) {
		fail_elsewhere(CTR_STAGE_HOOKS, 0, "in the child");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	capture_end();
	assert_string_equal(log_reason(), "55 hooks: in the child");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failure_names_stage_and_reason_and_returns_it),
		TEST(a_failure_without_an_errno_ends_in_its_text),
		TEST(a_failure_elsewhere_leaves_our_own_stage),
		TEST(a_remark_has_no_stage),
		TEST(a_trace_is_silent_unless_asked_for),
		TEST(no_byte_of_an_argument_reaches_the_terminal_raw),
		TEST(an_argument_is_never_a_format),
		TEST(a_long_line_is_cut_and_stays_one_line),
		TEST(saying_something_keeps_errno),
		TEST(the_last_failure_is_kept_until_the_run_is_left),
		TEST(a_child_s_failure_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
