/* The report of a run as it may be known at its end: as lines, and as JSON that is parsed back. */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "options.h"
#include "stage.h"
#include "support.h"

static struct spec spec;
static struct run run;

static int run_end(void **state)
{
	(void)state;
	preflight_leave(&run);
	spec_free(&spec);
	return 0;
}
#define REPORT_TEST(function) cmocka_unit_test_setup_teardown(function, world_begin, run_end)

/* A run of this command line of which nothing is known yet. */
static void run_of(const char *line)
{
	assert_int_equal(options_of_line(&spec, line), OPTIONS_RUN);
	run_fill(&run, &spec);
}

static void run_with_everything(void)
{
	run_of("--report --cpu 12.5 --mem 500M --pids 64 x");
	run.end = END_COMMAND;
	run.status = 3;
	run.wall_ns = 2413345678;
	run.upper_before = 4096;
	run.upper_after = 4096 + 5 * 1024 * 1024 / 2;
	run.usage = (struct usage){
		.oom_kills = {3, true},
		.memory_peak = {130 << 20, true},
		.pids_refused = {2, true},
		.pids_peak = {64, true},
		.periods = {24, true},
		.throttled_periods = {21, true},
		.throttled_ns = {1783000000, true},
		.cpu_ns = {832000000, true},
		.user_ns = {610000000, true},
		.system_ns = {220000000, true},
	};
	run.victims = (struct victims){2, {"tail", "sh"}};
}

static const char *lines(void)
{
	capture_begin(STDERR_FILENO);
	report_say(&run);
	return capture_end();
}

static void the_lines_say_what_was_used_of_what(void **state)
{
	(void)state;
	run_with_everything();
	assert_string_equal(lines(), "ctr-setup: end        exit status 3\n"
				     "ctr-setup: wall time  2.413 s\n"
				     "ctr-setup: CPU time   0.832 s (user 0.61 s, system 0.22 s)\n"
				     "ctr-setup: throttled  in 21 of 24 periods, 1.783 s in all\n"
				     "ctr-setup: memory     peak 130.0M of 500M\n"
				     "ctr-setup: pids       peak 64 of 64\n"
				     "ctr-setup: OOM kills  3: tail, sh\n"
				     "ctr-setup: upper      grew by 2.5M\n");
}

static void what_has_no_limit_is_said(void **state)
{
	(void)state;
	run_of("--report x");
	run.usage.memory_peak = (struct count){1023, true};
	run.usage.pids_peak = (struct count){2, true};
	assert_contains(lines(), "throttled  no limit\n");
	assert_contains(lines(), "memory     peak 1023 bytes, no limit\n");
	assert_contains(lines(), "pids       peak 2, no limit\n");
}

static void what_is_not_known_is_said(void **state)
{
	const char *said;

	(void)state;
	run_of("--report --cpu 10 --mem 500M x");
	run.upper_before = 0;
	said = lines();
	assert_contains(said, "CPU time   not counted here\n");
	assert_contains(said, "throttled  not counted here\n");
	assert_contains(said, "memory     not counted here\n");
	assert_contains(said, "pids       not counted here\n");
	assert_contains(said, "OOM kills  not counted here\n");
	assert_contains(said, "upper      not counted here\n");
}

static void an_upper_may_shrink(void **state)
{
	(void)state;
	run_of("--report x");
	run.upper_before = 8192;
	run.upper_after = 0;
	assert_contains(lines(), "upper      shrank by 8.0K\n");
}

/* --- the end in words */

static void assert_words(enum end end, int status, const char *wanted)
{
	char *words;

	run.end = end;
	run.status = status;
	words = report_words(&run, log_reason());
	assert_string_equal(words, wanted);
	free(words);
}

static void each_end_has_its_words(void **state)
{
	(void)state;
	run_of("--report --timeout 1500ms x");
	log_reason_keep();
	assert_words(END_COMMAND, 0, "exit status 0");
	assert_words(END_COMMAND, 125, "exit status 125");
	assert_words(END_COMMAND, 128, "exit status 128");
	assert_words(END_COMMAND, 137, "ended by signal 9 (Killed)");
	assert_words(END_COMMAND, 128 + 40, "ended by signal 40 (Real-time signal 6)");
	assert_words(END_COMMAND, 255, "exit status 255");
	assert_words(END_TIMEOUT, 124, "time limit of 1.5 s reached");
	assert_words(END_GIVEN_UP, 130, "ended by signal 2 (Interrupt) before the command began");
	assert_words(END_FAILED, 125, "failed before the command began");
	capture_begin(STDERR_FILENO);
	fail_elsewhere(CTR_STAGE_PAYLOAD, ENOENT, "cannot execute %s", "\xffx");
	capture_end();
	assert_words(END_FAILED, 127,
		     "failed before the command began: 90 payload: cannot execute \\xffx: No such "
		     "file or directory");
}

/* --- JSON */

/* The caller's to json_decref(). */
static json_t *parsed(const char *text)
{
	json_error_t error;
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!object)
		fail_msg("%s: %s", error.text, text);
	assert_true(json_is_object(object));
	return object;
}

static json_t *object(void)
{
	char *text = report_json(&run);
	json_t *got;

	assert_non_null(text);
	for (const char *c = text; *c; c++)
		assert_in_range((unsigned char)*c, 0x20, 0x7e);
	got = parsed(text);
	free(text);
	return got;
}

static void assert_object(const char *wanted)
{
	json_t *got = object(), *other = parsed(wanted);

	if (!json_equal(got, other))
		fail_msg("%s", json_dumps(got, JSON_INDENT(1)));
	json_decref(got);
	json_decref(other);
}

static void everything_is_in_the_object(void **state)
{
	(void)state;
	run_with_everything();
	assert_object("{\"name\": \"web\", \"status\": 3, \"end\": \"exit\", \"end_signal\": null,"
		      "\"end_words\": \"exit status 3\", \"wall_seconds\": 2.413345,"
		      "\"cpu_seconds\": 0.832, \"cpu_user_seconds\": 0.61,"
		      "\"cpu_system_seconds\": 0.22, \"cpu_limit_percent\": 12.5,"
		      "\"cpu_periods\": 24, \"cpu_throttled_periods\": 21,"
		      "\"cpu_throttled_seconds\": 1.783, \"memory_peak_bytes\": 136314880,"
		      "\"memory_limit_bytes\": 524288000, \"oom_kills\": 3,"
		      "\"oom_names\": [\"tail\", \"sh\"], \"pids_peak\": 64, \"pids_limit\": 64,"
		      "\"pids_refused\": 2, \"upper_growth_bytes\": 2621440}");
}

static void what_is_not_known_is_null_and_every_key_is_there(void **state)
{
	(void)state;
	run_of("--report=json x");
	run.status = 125;
	log_reason_keep();
	assert_object("{\"name\": \"web\", \"status\": 125, \"end\": \"failure\","
		      "\"end_signal\": null, \"end_words\": \"failed before the command began\","
		      "\"wall_seconds\": 0.0, \"cpu_seconds\": null, \"cpu_user_seconds\": null,"
		      "\"cpu_system_seconds\": null, \"cpu_limit_percent\": null,"
		      "\"cpu_periods\": null, \"cpu_throttled_periods\": null,"
		      "\"cpu_throttled_seconds\": null, \"memory_peak_bytes\": null,"
		      "\"memory_limit_bytes\": null, \"oom_kills\": null, \"oom_names\": null,"
		      "\"pids_peak\": null, \"pids_limit\": null, \"pids_refused\": null,"
		      "\"upper_growth_bytes\": null}");
}

static void assert_end(enum end end, int status, const char *name, int number)
{
	json_t *got, *end_signal_is;

	run.end = end;
	run.status = status;
	got = object();
	end_signal_is = json_object_get(got, "end_signal");
	assert_string_equal(json_string_value(json_object_get(got, "end")), name);
	assert_int_equal(json_integer_value(end_signal_is), number);
	assert_int_equal(json_is_null(end_signal_is), number == 0);
	json_decref(got);
}

static void each_end_has_its_name(void **state)
{
	(void)state;
	run_of("--report=json --timeout 1 x");
	assert_end(END_COMMAND, 124, "exit", 0);
	assert_end(END_COMMAND, 143, "signal", 15);
	assert_end(END_TIMEOUT, 124, "timeout", 0);
	assert_end(END_GIVEN_UP, 143, "given up", 15);
	assert_end(END_FAILED, 137, "failure", 0);
}

static void an_upper_that_shrank_is_a_number_below_zero(void **state)
{
	json_t *got;

	(void)state;
	run_of("--report=json x");
	run.upper_before = 8192;
	run.upper_after = 4096;
	got = object();
	assert_int_equal(json_integer_value(json_object_get(got, "upper_growth_bytes")), -4096);
	json_decref(got);
}

/* --- where it goes */

static void without_the_option_nothing_is_opened_or_written(void **state)
{
	(void)state;
	run_of("x");
	capture_begin(STDERR_FILENO);
	assert_int_equal(report_open(&run), 0);
	assert_int_equal(run.report_fd, -1);
	report_write(&run);
	assert_string_equal(capture_end(), "");
	run_end(NULL);
	run_of("--report=json:/x --check x");
	assert_int_equal(report_open(&run), 0);
	assert_string_equal(fake_script(), "");
}

static void json_goes_to_stderr_or_to_the_descriptor_that_is_named(void **state)
{
	int ends[2];
	char text[4096], line[64];
	ssize_t got;

	(void)state;
	run_of("--report=json x");
	capture_begin(STDERR_FILENO);
	assert_int_equal(report_open(&run), 0);
	report_write(&run);
	json_decref(parsed(capture_end()));
	run_end(NULL);
	assert_return_code(pipe(ends), 0);
	snprintf(line, sizeof(line), "--report=json:%d x", ends[1]);
	run_of(line);
	assert_int_equal(report_open(&run), 0);
	close(ends[1]); /* the copy is enough, and does not stay */
	report_write(&run);
	got = read(ends[0], text, sizeof(text) - 1);
	assert_true(got > 0);
	text[got] = '\0';
	assert_int_equal(text[got - 1], '\n');
	json_decref(parsed(text));
	assert_int_equal(read(ends[0], text, 1), 0);
	close(ends[0]);
}

static void a_file_that_cannot_be_opened_is_refused_with_its_name(void **state)
{
	const char *said;

	(void)state;
	run_of("--report=json:/there/x x");
	fake_fail_nth(1, EROFS);
	capture_begin(STDERR_FILENO);
	assert_int_equal(report_open(&run), -EROFS);
	report_write(&run); /* there is nowhere to */
	said = capture_end();
	assert_one_line(said);
	assert_contains(said, "cannot write the report to /there/x: Read-only file system");
}

/* A pipe that is full and that nobody reads; the patience is a second. */
static void a_reader_who_does_not_read_is_not_waited_for(void **state)
{
	char line[64];
	int ends[2];

	(void)state;
	assert_return_code(pipe2(ends, O_NONBLOCK), 0);
	while (write(ends[1], line, sizeof(line)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	snprintf(line, sizeof(line), "--report=json:%d x", ends[1]);
	run_of(line);
	assert_int_equal(report_open(&run), 0);
	capture_begin(STDERR_FILENO);
	report_write(&run);
	assert_contains(capture_end(), "cannot write the report to descriptor ");
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(the_lines_say_what_was_used_of_what),
		REPORT_TEST(what_has_no_limit_is_said),
		REPORT_TEST(what_is_not_known_is_said),
		REPORT_TEST(an_upper_may_shrink),
		REPORT_TEST(each_end_has_its_words),
		REPORT_TEST(everything_is_in_the_object),
		REPORT_TEST(what_is_not_known_is_null_and_every_key_is_there),
		REPORT_TEST(each_end_has_its_name),
		REPORT_TEST(an_upper_that_shrank_is_a_number_below_zero),
		REPORT_TEST(without_the_option_nothing_is_opened_or_written),
		REPORT_TEST(json_goes_to_stderr_or_to_the_descriptor_that_is_named),
		REPORT_TEST(a_file_that_cannot_be_opened_is_refused_with_its_name),
		REPORT_TEST(a_reader_who_does_not_read_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
