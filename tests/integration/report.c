/* --report: what a run used, and how it ended. What the host counts is the measure; a host that
 * does not count a thing is to have null for it. */
#include "lab.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEBIBYTE = 1 << 20, REPORT_FD = 9 };

/* The report that is looked at. */
static json_t *report;

static void report_take(const char *from)
{
	json_error_t error;

	json_decref(report);
	report = json_loads(from ? from : "", JSON_REJECT_DUPLICATES, &error);
	if (!report)
		fail_msg("%s: \"%s\"", error.text, from ? from : "there is no report");
}

static const json_t *value(const char *key)
{
	const json_t *got = json_object_get(report, key);

	if (!got)
		fail_msg("there is no %s", key);
	return got;
}

static bool is_null(const char *key)
{
	return json_is_null(value(key));
}

static double number(const char *key)
{
	if (!json_is_number(value(key)))
		fail_msg("%s is no number", key);
	return json_number_value(value(key));
}

static void assert_end(const char *end, const char *words)
{
	assert_string_equal(json_string_value(value("end")), end);
	assert_string_equal(json_string_value(value("end_words")), words);
}

static char *to_file(void)
{
	return lab_text("--report=json:%s", lab_path("report"));
}

/* A run to its end, whose report is then at hand. */
#define REPORT_SH(script, ...) reported(RUN_SH(script, to_file() __VA_OPT__(, ) __VA_ARGS__))
static const struct result *reported(const struct result *result)
{
	report_take(lab_read(lab_path("report")));
	assert_int_equal((int)number("status"), result->status);
	return result;
}

/* --- what was used */

static void the_lines_have_everything(void **state)
{
	static const char *const labels[] = {
		"wall time  ", "CPU time   ", "throttled  no limit\n", "memory     ",
		"pids       ", "OOM kills  ", "upper      grew by "};
	const struct result *result = RUN_SH("exit 3", "--report");
	const char *line = result->err;

	(void)state;
	assert_status(result, 3);
	assert_has(line, "ctr-setup: end        exit status 3\n");
	for (size_t i = 0; i < COUNT(labels); i++) {
		assert_has(line, lab_text("\nctr-setup: %s", labels[i]));
		line = strchr(line, '\n') + 1;
	}
	assert_string_equal(strchr(line, '\n'), "\n");
}

/* What the groups of a process have counted so far; -1: nobody counts it. */
static double counted(pid_t pid, const char *controller, const char *v1, const char *v2)
{
	const char *seen = group_read(pid, controller, v1, v2);

	return seen ? strtod(seen, NULL) : -1;
}

static double cpu_seconds(pid_t pid)
{
	int version;
	const char *directory = group_of(pid, "cpuacct", &version);
	const char *stat;

	if (directory)
		return counted(pid, "cpuacct", "cpuacct.usage", "-") / 1e9;
	directory = group_of(pid, "", &version); /* version 2, whatever it offers */
	stat = directory ? lab_read(lab_text("%s/cpu.stat", directory)) : NULL;
	return stat ? strtod(strstr(stat, "usage_usec ") + 11, NULL) / 1e6 : -1;
}

static void assert_at_least(const char *key, double seen)
{
	if (seen < 0 ? !is_null(key) : number(key) < seen)
		fail_msg("%s: the host counted %f", key, seen);
}

static void the_object_has_what_the_groups_counted(void **state)
{
	struct job *job = START_SH(CALL(.talks = true),
				   "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; sleep 0 & "
				   "wait; echo ready; cat",
				   to_file());
	double cpu, memory, pids;
	pid_t payload;

	(void)state;
	job_expect(job, "ready");
	payload = host_payload(job);
	assert_string_equal(lab_read(lab_path("report")), "");
	cpu = cpu_seconds(payload);
	memory = counted(payload, "memory", "memory.max_usage_in_bytes", "memory.peak");
	pids = counted(payload, "pids", "pids.peak", "pids.peak");
	reported(job_end(job));
	print_message("seen: %f s, %.0f bytes, %.0f pids\n", cpu, memory, pids);
	assert_at_least("cpu_seconds", cpu);
	assert_at_least("memory_peak_bytes", memory);
	assert_at_least("pids_peak", pids);
	assert_end("exit", "exit status 0");
	assert_true(is_null("memory_limit_bytes") && is_null("pids_limit") &&
		    is_null("cpu_limit_percent") && is_null("cpu_periods"));
	assert_string_equal(json_string_value(value("name")), lab_text("box-%d", job->pid));
}

static void user_and_system_time_are_about_the_whole(void **state)
{
	(void)state;
	REPORT_SH("i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done");
	if (is_null("cpu_seconds")) {
		assert_true(is_null("cpu_user_seconds") && is_null("cpu_system_seconds"));
		return;
	}
	/* Version 1 has them in steps of 10 ms each. */
	assert_true(number("cpu_user_seconds") > 0);
	assert_true(number("cpu_user_seconds") + number("cpu_system_seconds") <=
		    number("cpu_seconds") + 0.001);
	assert_true(number("cpu_user_seconds") + number("cpu_system_seconds") >=
		    number("cpu_seconds") - 0.021);
}

static void limits_stand_beside_the_peaks_and_kills_have_names(void **state)
{
	const struct result *result;

	(void)state;
	group_needed("cpu");
	group_needed("memory");
	group_needed("pids");
	result = REPORT_SH("tail /dev/zero; timeout 1 sh -c 'while :; do :; done'", "--mem", "20M",
			   "--pids", "30", "--cpu", "15.5");
	assert_has(result->err, "memory limit 20M reached: 1 process killed (tail)");
	assert_int_equal((int)number("memory_limit_bytes"), 20 * MEBIBYTE);
	assert_true(is_null("memory_peak_bytes") || (number("memory_peak_bytes") > 19 * MEBIBYTE &&
						     number("memory_peak_bytes") <= 20 * MEBIBYTE));
	assert_int_equal((int)number("oom_kills"), 1);
	assert_int_equal(json_array_size(value("oom_names")), 1);
	assert_string_equal(json_string_value(json_array_get(value("oom_names"), 0)), "tail");
	assert_int_equal((int)number("pids_limit"), 30);
	assert_int_equal((int)number("pids_refused"), 0);
	assert_true(number("cpu_limit_percent") > 15.4 && number("cpu_limit_percent") < 15.6);
	assert_true(number("cpu_throttled_periods") > 0 &&
		    number("cpu_throttled_periods") <= number("cpu_periods"));
	assert_true(number("cpu_throttled_seconds") > 0);
}

static void forks_that_were_refused_are_counted(void **state)
{
	(void)state;
	group_needed("pids");
	reported(RUN("--pids", "10", to_file(), lab_merged(), "--", "probe", "forks", "100"));
	assert_int_equal((int)number("pids_refused"), 1);
	assert_true(is_null("pids_peak") || number("pids_peak") == 10);
}

/* --- of a limit further up */

static void enter_group(const void *directory)
{
	FILE *to = fopen(lab_text("%s/cgroup.procs", (const char *)directory), "we");

	if (!to || fprintf(to, "%d\n", getpid()) < 0 || fclose(to) != 0)
		_exit(98);
}

/* Of this one test, removed even when it fails: a group with a limit, and the caller's in it. */
static char outer[4096], inner[4096 + 8];

static int outer_teardown(void **state)
{
	int rc = lab_teardown(state);

	rmdir(inner);
	rmdir(outer);
	return rc;
}

static void outer_make(const char *own, int version)
{
	snprintf(outer, sizeof(outer), "%s/lab-%d", own, getpid());
	assert_int_equal(mkdir(outer, 0755), 0);
	snprintf(inner, sizeof(inner), "%s/inner", outer);
	if (version == 2) {
		lab_write(lab_text("%s/cgroup.subtree_control", own), "+memory", 0644);
		lab_write(lab_text("%s/cgroup.subtree_control", outer), "+memory", 0644);
	}
	assert_int_equal(mkdir(inner, 0755), 0);
	lab_write(lab_text("%s/%s", outer, version == 1 ? "memory.limit_in_bytes" : "memory.max"),
		  "20M", 0644);
}

static void a_kill_for_a_limit_further_up_has_its_name(void **state)
{
	int version;
	const char *own;
	struct job *job;

	(void)state;
	group_needed("memory");
	own = group_of(getpid(), "memory", &version);
	outer_make(own, version);
	/* In version 2 it would be nowhere to be counted but below a group that hands pids on. */
	if (version == 2 && group_of(getpid(), "pids", &version) && version == 2) {
		lab_write(lab_text("%s/cgroup.subtree_control", own), "+pids", 0644);
		lab_write(lab_text("%s/cgroup.subtree_control", outer), "+pids", 0644);
	}
	job = START_SH(CALL(.before = enter_group, .argument = inner), "tail /dev/zero; true",
		       to_file());
	assert_status(reported(job_end(job)), 0);
	assert_int_equal((int)number("oom_kills"), 1);
	assert_string_equal(json_string_value(json_array_get(value("oom_names"), 0)), "tail");
	assert_true(is_null("memory_limit_bytes"));
}

/* --- the upper layer */

#define WRITE_ONE "dd if=/dev/zero of=/one bs=1M count=1 2>/dev/null"

static void assert_growth(double bytes)
{
	double got = number("upper_growth_bytes");

	if (got < bytes - 131072 || got > bytes + 131072)
		fail_msg("the upper layer grew by %f", got);
}

static void what_is_written_to_the_upper_layer_is_counted(void **state)
{
	(void)state;
	REPORT_SH("true");
	assert_growth(0);
	REPORT_SH(WRITE_ONE);
	assert_growth(MEBIBYTE);
	REPORT_SH(WRITE_ONE);
	assert_growth(0);
	REPORT_SH("rm /one");
	assert_growth(-MEBIBYTE);
}

static void so_it_is_in_memory(void **state)
{
	(void)state;
	REPORT_SH(WRITE_ONE "; mkdir -p /a/b; ln -s / /a/b/c", "--ephemeral");
	assert_growth(MEBIBYTE);
	REPORT_SH("true", "--ephemeral");
	assert_growth(0);
}

static void a_root_without_layers_has_none(void **state)
{
	(void)state;
	assert_int_equal(rmdir(lab_merged()), 0);
	assert_int_equal(rename(lab_path("lower"), lab_merged()), 0);
	REPORT_SH(WRITE_ONE);
	assert_true(is_null("upper_growth_bytes"));
}

/* --- how it ended */

static void each_end_is_told_in_words(void **state)
{
	struct job *job;

	(void)state;
	REPORT_SH("exit 125");
	assert_end("exit", "exit status 125");
	assert_true(is_null("end_signal"));
	REPORT_SH("kill -9 $$");
	assert_end("signal", "ended by signal 9 (Killed)");
	assert_int_equal((int)number("end_signal"), 9);
	REPORT_SH("exec sleep 1000", "--timeout", "200ms");
	assert_end("timeout", "time limit of 0.2 s reached");
	job = START_SH(NULL, "echo ready; exec sleep 1000", to_file());
	job_expect(job, "ready");
	job_signal(job, SIGTERM);
	reported(job_end(job));
	assert_end("signal", "ended by signal 15 (Terminated)");
}

static void a_start_that_is_given_up_is_told(void **state)
{
	struct job *job;

	(void)state;
	lab_write(lab_path("hook"), "#!/bin/sh\necho waiting >&2\nexec sleep 1000\n", 0755);
	job = START_SH(NULL, "true", "--hook", lab_path("hook"), to_file());
	job_expect_error(job, "waiting");
	job_signal(job, SIGTERM);
	assert_status(reported(job_end(job)), 143);
	assert_end("given up", "ended by signal 15 (Terminated) before the command began");
	assert_true(number("wall_seconds") > 0);
}

#define FAILED "failed before the command began: "

static void a_start_that_fails_has_its_reason_wherever_it_fails(void **state)
{
	(void)state;
	assert_status(reported(RUN(to_file(), lab_path("nowhere"))), 125);
	assert_end("failure", lab_text(FAILED "10 preflight: cannot find the root directory %s: No "
					      "such file or directory (for an overlay an empty one "
					      "will do: mkdir makes it)",
				       lab_path("nowhere")));
	assert_true(is_null("memory_peak_bytes") && is_null("oom_names"));
	/* the child, before it is ctr-init */
	assert_status(REPORT_SH("true", "--net", "/etc/passwd"), 125);
	assert_end("failure", FAILED "40 namespaces: cannot join the network namespace "
				     "/etc/passwd: Invalid argument");
	/* ctr-init */
	assert_status(reported(RUN(to_file(), lab_merged(), "nosuch")), 127);
	assert_end("failure", FAILED
		   "90 payload: cannot execute nosuch (not found in /usr/local/sbin:"
		   "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin): No such file or directory");
	/* the keeper */
	lab_write(lab_path("hook"), "#!/bin/sh\nexit 7\n", 0755);
	assert_status(REPORT_SH("true", "--hook", lab_path("hook")), 125);
	assert_end("failure",
		   lab_text(FAILED "55 hooks: the hook %s failed with status 7", lab_path("hook")));
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		count++;
	}
	return count;
}

static void a_start_that_fails_says_its_reason_once(void **state)
{
	const struct result *result = RUN("--report", lab_merged(), "nosuch");

	(void)state;
	assert_status(result, 127);
	assert_int_equal(count_of(result->err, "cannot execute nosuch"), 1);
	assert_int_equal(count_of(result->err, "failed before the command began\n"), 1);
	result = RUN("--report", "--net", "/etc/passwd", lab_merged(), "true");
	assert_status(result, 125);
	assert_int_equal(count_of(result->err, "cannot join the network"), 1);
}

/* --- where it goes */

static void a_file_is_made_for_its_owner_alone_and_emptied_if_it_is_there(void **state)
{
	struct stat stat_buffer;

	(void)state;
	REPORT_SH("true");
	assert_int_equal(stat(lab_path("report"), &stat_buffer), 0);
	assert_int_equal(stat_buffer.st_mode, S_IFREG | 0600);
	lab_write(lab_path("report"), lab_text("%9999s", "x"), 0644);
	REPORT_SH("true"); /* parsed to its end */
	assert_int_equal(stat(lab_path("report"), &stat_buffer), 0);
	assert_int_equal(stat_buffer.st_mode, S_IFREG | 0644);
}

static void where_nothing_can_be_written_nothing_is_started(void **state)
{
	const char *upper = lab_path("upper");

	(void)state;
	assert_refused(RUN_SH("true", lab_text("--report=json:%s", lab_path("no/report"))),
		       "no/report: No such file or directory");
	assert_refused(RUN_SH("true", lab_text("--report=json:%s", lab_directory())),
		       ": Is a directory");
	assert_int_equal(mkfifo(lab_path("fifo"), 0600), 0);
	assert_refused(RUN_SH("true", lab_text("--report=json:%s", lab_path("fifo"))),
		       "fifo (nobody reads it): No such device");
	assert_refused(RUN_SH("true", "--report=json:77"), "\"77\" is not a descriptor");
	assert_refused(RUN_SH("true", "--report=json:0"), "\"0\" is not a descriptor");
	assert_refused(RUN_SH("true", "--report=yes"), "\"yes\" is not json");
	assert_true(!is_there(upper));
}

static void what_cannot_be_written_in_the_end_is_said_and_the_status_stays(void **state)
{
	const struct result *result = RUN_SH("exit 3", "--report=json:/dev/full");

	(void)state;
	assert_status(result, 3);
	assert_string_equal(result->err, "ctr-setup: cannot write the report to /dev/full: No "
					 "space left on device\n");
}

/* The pipe's writing end becomes a descriptor of ctr-setup's. */
static void with_pipe(const void *end)
{
	if (dup2(*(const int *)end, REPORT_FD) < 0)
		_exit(98);
}

static void a_descriptor_of_the_caller_s_gets_it_and_nobody_else_sees_it(void **state)
{
	static char got[8192];
	int ends[2];
	ssize_t length;
	struct job *job;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	lab_write(lab_path("hook"), "#!/bin/sh\n[ \"$(ls /proc/self/fd | wc -l)\" = 4 ]\n", 0755);
	job = START_SH(CALL(.before = with_pipe, .argument = &ends[1], .talks = true),
		       "probe fds; cat", lab_text("--report=json:%d", REPORT_FD), "--hook",
		       lab_path("hook"));
	close(ends[1]);
	job_expect(job, "0 1 2 \n");
	for (int fd = 5; fd <= REPORT_FD + 1; fd++) /* PID 1 has 4, the keeper's socket, maybe 3 */
		assert_false(is_there(lab_text("/proc/%d/fd/%d", host_init(job), fd)));
	assert_status(job_end(job), 0);
	length = read(ends[0], got, sizeof(got) - 1);
	assert_true(length > 0);
	report_take(got);
	assert_int_equal(read(ends[0], got, 1), 0);
	close(ends[0]);
}

static void without_a_place_it_goes_to_stderr_and_1_is_stdout(void **state)
{
	const struct result *result = RUN_SH("echo words", "--report=json");

	(void)state;
	assert_out(result, "words\n");
	report_take(result->err);
	result = RUN_SH("echo words", "--report=json:1");
	assert_status(result, 0);
	assert_string_equal(result->err, "");
	assert_has(result->out, "words\n{");
	report_take(strchr(result->out, '{'));
}

static int report_forget(void **state)
{
	(void)state;
	json_decref(report);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_lines_have_everything),
		TEST(the_object_has_what_the_groups_counted),
		TEST(user_and_system_time_are_about_the_whole),
		TEST(limits_stand_beside_the_peaks_and_kills_have_names),
		TEST(forks_that_were_refused_are_counted),
		cmocka_unit_test_setup_teardown(a_kill_for_a_limit_further_up_has_its_name,
						lab_setup, outer_teardown),
		TEST(what_is_written_to_the_upper_layer_is_counted),
		TEST(so_it_is_in_memory),
		TEST(a_root_without_layers_has_none),
		TEST(each_end_is_told_in_words),
		TEST(a_start_that_is_given_up_is_told),
		TEST(a_start_that_fails_has_its_reason_wherever_it_fails),
		TEST(a_start_that_fails_says_its_reason_once),
		TEST(a_file_is_made_for_its_owner_alone_and_emptied_if_it_is_there),
		TEST(where_nothing_can_be_written_nothing_is_started),
		TEST(what_cannot_be_written_in_the_end_is_said_and_the_status_stays),
		TEST(a_descriptor_of_the_caller_s_gets_it_and_nobody_else_sees_it),
		TEST(without_a_place_it_goes_to_stderr_and_1_is_stdout),
	};

	return cmocka_run_group_tests(tests, lab_group_setup, report_forget);
}
