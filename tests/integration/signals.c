/* Signals: passed on from the first moment, to the right processes, and none lost. */
#include "lab.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { STARTS = 60 };

static const char *signal_text(int number)
{
	return lab_text("%d", number);
}

/* Not: what cannot be blocked, SIGCHLD, and the stops, which do as a terminal's do. TERM is last:
 * it ends the payload; HUP before it: it begins the grace period. */
static bool is_for_the_payload(int number)
{
	static const int others[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGTSTP,
				     SIGTTIN, SIGTTOU, SIGHUP,	SIGTERM};

	for (size_t i = 0; i < COUNT(others); i++)
		if (number == others[i])
			return false;
	return true;
}

static void every_signal_to_ctr_setup_reaches_the_payload(void **state)
{
	struct job *job = START(NULL, "--grace", "1000", lab_merged(), "--", "probe", "catch",
				signal_text(SIGTERM));

	(void)state;
	job_expect(job, "ready");
	for (int number = 1; number <= 31; number++) {
		if (is_for_the_payload(number)) {
			job_signal(job, number);
			job_expect(job, lab_text("got %d.", number));
		}
	}
	for (int number = SIGRTMIN; number <= 64; number++) {
		job_signal(job, number);
		job_expect(job, lab_text("got %d.", number));
	}
	job_signal(job, SIGHUP);
	job_expect(job, "got 1.");
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 0);
}

/* 32 and 33, which the C library keeps to itself, and hides in its sigset functions. */
static void the_c_library_s_own_signals_reach_the_payload_too(void **state)
{
	(void)state;
	for (int number = 32; number < SIGRTMIN; number++) {
		struct job *job =
			START(NULL, lab_merged(), "--", "probe", "catch", signal_text(number));

		job_expect(job, "ready");
		job_signal(job, number);
		assert_status(job_end(job), 0);
	}
}

static void a_signal_to_pid_1_from_the_host_reaches_the_payload(void **state)
{
	struct job *job = START(NULL, lab_merged(), "--", "probe", "catch", signal_text(SIGUSR2));

	(void)state;
	job_expect(job, "ready");
	assert_int_equal(kill(host_init(job), SIGUSR2), 0);
	assert_out(job_end(job), lab_text("ready\ngot %d.\n", SIGUSR2));
}

static void term_and_hup_end_a_payload_that_does_not_care(void **state)
{
	static const int numbers[] = {SIGTERM, SIGHUP};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct job *job = START_SH(NULL, "echo ready; sleep 1000 & wait");

		job_expect(job, "ready");
		job_signal(job, numbers[i]);
		assert_status(job_end(job), 128 + numbers[i]);
		lab_assert_clean();
	}
}

static void a_payload_that_ignores_term_is_killed_after_the_grace_period(void **state)
{
	struct job *job = START_SH(NULL, "trap '' TERM; echo ready; while :; do sleep 1; done",
				   "--grace", "500ms");
	const struct result *result;

	(void)state;
	job_expect(job, "ready");
	job_signal(job, SIGTERM);
	result = job_end(job);
	assert_status(result, 137);
	assert_has(result->err, "did not end within 0.5 s (--grace): it was killed");
}

static void int_goes_to_the_payload_s_whole_group(void **state)
{
	struct job *job = START_SH(NULL, "trap 'echo shell' INT; probe catch 2; exit 4");

	(void)state;
	job_expect(job, "ready");
	job_signal(job, SIGINT);
	job_expect(job, "got 2.");
	job_expect(job, "shell");
	assert_status(job_end(job), 4);
}

static void tstp_stops_ctr_setup_and_payload_and_cont_lets_both_go_on(void **state)
{
	struct job *job =
		START(NULL, lab_merged(), "--", "sh", "-c", "echo ready; exec sleep 1000");
	pid_t payload;

	(void)state;
	job_expect(job, "ready");
	payload = host_payload(job);
	for (int i = 0; i < 3; i++) {
		job_signal(job, SIGTSTP);
		assert_eventually(*host_status(job->pid, "State:") == 'T');
		assert_eventually(*host_status(payload, "State:") == 'T');
		job_signal(job, SIGCONT);
		assert_eventually(*host_status(job->pid, "State:") != 'T');
		assert_eventually(*host_status(payload, "State:") != 'T');
	}
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

static void ignore_hup(const void *argument)
{
	(void)argument;
	signal(SIGHUP, SIG_IGN);
}

static void under_nohup_a_hup_stays_ignored(void **state)
{
	struct job *job = START(CALL(.before = ignore_hup), lab_merged(), "--", "probe", "catch",
				signal_text(SIGUSR1));

	(void)state;
	job_expect(job, "ready");
	job_signal(job, SIGHUP);
	job_signal(job, SIGUSR1);
	assert_out(job_end(job), lab_text("ready\ngot %d.\n", SIGUSR1));
}

static void ignore_chld(const void *argument)
{
	(void)argument;
	signal(SIGCHLD, SIG_IGN);
}

static void a_caller_that_ignores_sigchld_still_gets_the_status(void **state)
{
	(void)state;
	assert_status(job_end(START_SH(CALL(.before = ignore_chld), "exit 7")), 7);
}

/* Either ctr-setup was not yet awake, or the payload had it: by its default action when it was not
 * yet awake itself. A lost TERM shows as 137 after the grace period, a lost USR1 as a run that does
 * not end. */
static void assert_signal_was_seen(struct job *job, int number)
{
	const struct result *result = job_end(job);

	if (result->status == -number) {
		assert_string_equal(result->out, "");
		return;
	}
	if (result->status == 0)
		assert_has(result->out, lab_text("got %d.", number));
	else
		assert_status(result, 128 + number);
}

static void no_signal_is_lost_from_the_start_on(void **state)
{
	static const int numbers[] = {SIGTERM, SIGUSR1, SIGINT};
	long span = lab_start_us() * 3 / 2;

	(void)state;
	srandom((unsigned)getpid());
	for (int i = 0; i < STARTS; i++) {
		int number = numbers[(size_t)i % COUNT(numbers)];
		struct job *job = START(NULL, "--mem", "64M", lab_merged(), "--", "probe", "catch",
					signal_text(number));

		lab_sleep_us(span * i / STARTS + random() % 200);
		job_signal(job, number);
		assert_signal_was_seen(job, number);
		assert_string_equal(host_leftovers(), "");
	}
}

static void no_signal_to_pid_1_is_lost_from_its_start_on(void **state)
{
	(void)state;
	for (int i = 0; i < STARTS / 2; i++) {
		struct job *job =
			START(NULL, lab_merged(), "--", "probe", "catch", signal_text(SIGUSR1));
		pid_t init = host_init(job);

		lab_sleep_us(random() % 5000);
		assert_int_equal(kill(init, SIGUSR1), 0);
		assert_signal_was_seen(job, SIGUSR1);
	}
}

/* --- while others hold the lock on all runs */

static bool is_deaf(const struct job *job)
{
	uint64_t blocked = strtoull(host_status(job->pid, "SigBlk:"), NULL, 16);

	return blocked & UINT64_C(1) << (SIGTERM - 1);
}

static void assert_gives_up(const char *const *arguments, int number)
{
	struct job *job = job_start(NULL, arguments);
	const struct result *result;

	assert_eventually(is_deaf(job));
	job_listen(job, 50);
	assert_false(job->ended);
	job_signal(job, number);
	result = job_end(job);
	assert_status(result, 128 + number);
	assert_string_equal(result->err, "");
}

static void who_waits_for_the_lock_on_all_runs_ends_on_a_signal_without_a_word(void **state)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	int fd;

	(void)state;
	RUN("gc"); /* makes the directory */
	fd = open("/run/ctr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		assert_gives_up(ARGUMENTS(lab_merged(), "true"), numbers[i]);
		assert_gives_up(ARGUMENTS("gc"), numbers[i]);
		assert_gives_up(ARGUMENTS("ls"), numbers[i]);
		assert_gives_up(ARGUMENTS("kill", "lab-none"), numbers[i]);
		assert_gives_up(ARGUMENTS("pause", "lab-none"), numbers[i]);
	}
	assert_gives_up(ARGUMENTS("--check", "--pids", "9", lab_merged()), SIGTERM);
	close(fd);
}

static void a_report_says_that_a_start_was_given_up(void **state)
{
	struct job *job;
	int fd;

	(void)state;
	RUN("gc");
	fd = open("/run/ctr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	job = START(NULL, "--report", lab_merged(), "true");
	assert_eventually(is_deaf(job));
	job_signal(job, SIGTERM);
	job_expect_error(job, "ended by signal 15 (Terminated) before the command began");
	assert_status(job_end(job), 143);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_signal_to_ctr_setup_reaches_the_payload),
		TEST(the_c_library_s_own_signals_reach_the_payload_too),
		TEST(a_signal_to_pid_1_from_the_host_reaches_the_payload),
		TEST(term_and_hup_end_a_payload_that_does_not_care),
		TEST(a_payload_that_ignores_term_is_killed_after_the_grace_period),
		TEST(int_goes_to_the_payload_s_whole_group),
		TEST(tstp_stops_ctr_setup_and_payload_and_cont_lets_both_go_on),
		TEST(under_nohup_a_hup_stays_ignored),
		TEST(a_caller_that_ignores_sigchld_still_gets_the_status),
		TEST(no_signal_is_lost_from_the_start_on),
		TEST(no_signal_to_pid_1_is_lost_from_its_start_on),
		TEST(who_waits_for_the_lock_on_all_runs_ends_on_a_signal_without_a_word),
		TEST(a_report_says_that_a_start_was_given_up),
	};

	return TESTS_RUN(tests);
}
