/* Who is left to ctr-init: reaped when dead, and ended, if that was asked for, after the payload.
 */
#include "init_lab.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BURST = 1000, CROWDS = 30, LEFT = 7, STATUS = 42 };

/* --- the dead */

static bool is_alone_with(const struct job *job, pid_t payload)
{
	return strcmp(init_children(job), lab_text("%d ", payload)) == 0;
}

static void burst_check(struct job *job)
{
	pid_t payload;

	job_await(job, "made");
	payload = init_payload(job);
	assert_eventually(is_alone_with(job, payload));
	assert_status(job_end(job), STATUS);
}

static void a_thousand_orphans_at_once_leave_no_zombie(void **state)
{
	burst_check(INIT(CALL(.talks = true), INIT_PROBE, "orphans", lab_text("%d", BURST)));
}

/* The way of older kernels, too: with -w it waits for each itself. */
static void with_w_they_are_reaped_as_well(void **state)
{
	burst_check(INIT(CALL(.talks = true), "-w", INIT_PROBE, "orphans", lab_text("%d", BURST)));
}

static void with_w_it_says_who_is_reaped(void **state)
{
	struct job *job = INIT(CALL(.talks = true), "-w", INIT_PROBE, "orphans", "20");
	const char *orphan;
	size_t said = 0;

	job_await(job, "made");
	orphan = job->out.bytes;
	while ((orphan = strstr(orphan, "orphan "))) {
		long pid = strtol(orphan += 7, NULL, 10);

		while (!strstr(job->err.bytes ? job->err.bytes : "",
			       lab_text("ctr-init: reaped process %ld\n", pid)))
			job_expect_error(job, "reaped process");
		said++;
	}
	assert_int_equal(said, 20);
	assert_status(job_end(job), STATUS);
}

static void without_w_it_says_nothing(void **state)
{
	struct job *job = INIT(CALL(.talks = true), INIT_PROBE, "orphans", "20");

	job_await(job, "made");
	assert_eventually(is_alone_with(job, init_payload(job)));
	assert_string_equal(job_end(job)->err, "");
}

/* SIGCHLD says "at least one": the payload is among many. */
static void the_status_of_the_payload_is_right_in_a_crowd(void **state)
{
	static const char *const options[] = {"--", "-w"};

	for (int i = 0; i < CROWDS; i++)
		assert_status(INIT_RUN(options[i % 2], INIT_PROBE, "crowd", "60"), STATUS);
}

/* --- the living */

/* By default it ends as soon as its payload has. */
static void by_default_nobody_is_waited_for(void **state)
{
	const struct place *place = *state;
	const struct result *result =
		INIT_SH("sleep 1000 </dev/null >/dev/null 2>&1 & echo $!; exit 7");
	pid_t left = (pid_t)strtol(result->out, NULL, 10);

	assert_status(result, LEFT);
	if (place->is_first) {
		lab_assert_no_process();
		return;
	}
	assert_true(host_is_running(left)); /* and is ours now */
	assert_int_equal(strtol(host_status(left, "PPid:"), NULL, 10), getpid());
	assert_int_equal(kill(left, SIGKILL), 0);
}

static bool is_child(const struct job *job, pid_t pid)
{
	return strstr(lab_text(" %s", init_children(job)), lab_text(" %d ", pid)) != NULL;
}

/* It is one only when the shell that started it is gone, which is after its last word. As PID 1 has
 * other numbers for it, there it is any child but the payload. */
static void an_orphan_is_ctr_init_s_child(void **state)
{
	const struct place *place = *state;
	struct job *job = INIT(CALL(.talks = true), "sh", "-c",
			       "exec 3<&0; (cat <&3 & echo $! ready); cat; exit 7");
	pid_t orphan;

	job_await(job, "ready");
	orphan = (pid_t)strtol(job->out.bytes, NULL, 10);
	if (place->is_first)
		assert_eventually(!is_alone_with(job, init_payload(job)));
	else
		assert_eventually(is_child(job, orphan));
	assert_status(job_end(job), LEFT);
}

static void who_ends_in_time_is_not_killed(void **state)
{
	const struct result *result = INIT_RUN("--grace", "1000", INIT_PROBE, "leave", "polite",
					       "polite", "stopped", "parent");

	assert_status(result, LEFT);
	assert_has(result->out, "stopped got 15.\n");
	assert_has(result->out, "parent got 15.\n");
	assert_has(result->out, "grandchild got 15.\n");
	assert_has(strstr(result->out, "polite got 15.\n") + 1, "polite got 15.\n");
	lab_assert_no_process();
}

static void who_does_not_end_in_time_is_killed(void **state)
{
	const struct result *result =
		INIT_RUN("--grace=1", INIT_PROBE, "leave", "stubborn", "polite", "stubborn");

	assert_status(result, LEFT);
	assert_has(result->out, "polite got 15.\n");
	assert_has(result->out, "stubborn got 15.\n");
	lab_assert_no_process();
}

static void a_second_term_makes_the_end_come_at_once(void **state)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGQUIT};

	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct job *job =
			INIT(NULL, "--grace", "1000", INIT_PROBE, "leave", "stubborn", "polite");

		job_await(job, "stubborn got 15.\n");
		job_signal(job, numbers[i]);
		assert_status(job_end(job), LEFT);
		lab_assert_no_process();
	}
}

static void other_signals_do_not_hurry_it(void **state)
{
	struct job *job = INIT(NULL, "--grace", "1000", INIT_PROBE, "leave", "stubborn");

	job_await(job, "stubborn got 15.\n");
	job_signal(job, SIGUSR1);
	job_signal(job, SIGHUP);
	job_signal(job, SIGCHLD);
	lab_sleep_us(300000); /* three looks at the rest */
	assert_false(job_has_ended(job));
	job_signal(job, SIGTERM);
	assert_status(job_end(job), LEFT);
}

/* As an engine's "stop" does it: the first TERM is the payload's. */
static void a_first_term_ends_the_payload_and_then_the_rest_in_peace(void **state)
{
	struct job *job = INIT(NULL, "--grace", "1000", "sh", "-c",
			       "\"$CTR_INIT_PROBE\" catch 15 & exec \"$CTR_INIT_PROBE\" cont");
	const char *first;

	job_await(job, "ready");
	first = strstr(job->out.bytes, "ready\n");
	while (!strstr(first + 1, "ready\n")) {
		job_listen(job, 100);
		first = strstr(job->out.bytes, "ready\n");
	}
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
	assert_has(job->out.bytes, "probe got 15.\n");
}

static void nobody_left_is_no_reason_to_wait(void **state)
{
	assert_status(INIT_RUN("--grace", "1000", "sh", "-c", "exit 7"), LEFT);
	assert_status(INIT_RUN("--grace", "1000", "/no/such"), 127);
	assert_status(INIT_RUN("-w", "--grace", "1000", INIT_PROBE, "crowd", "20"), STATUS);
}

static void the_status_is_kept_and_mapped_afterwards(void **state)
{
	assert_status(INIT_RUN("--grace=1000", "--remap=7:9", INIT_PROBE, "leave", "polite"), 9);
	assert_status(INIT_RUN("--grace=1000", "-e7", INIT_PROBE, "leave", "polite"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BOTH(a_thousand_orphans_at_once_leave_no_zombie),
		TEST_BOTH(with_w_they_are_reaped_as_well),
		TEST_BOTH(with_w_it_says_who_is_reaped),
		TEST_BOTH(without_w_it_says_nothing),
		TEST_BOTH(the_status_of_the_payload_is_right_in_a_crowd),
		TEST_BOTH(by_default_nobody_is_waited_for),
		TEST_BOTH(an_orphan_is_ctr_init_s_child),
		TEST_BOTH(who_ends_in_time_is_not_killed),
		TEST_BOTH(who_does_not_end_in_time_is_killed),
		TEST_BOTH(a_second_term_makes_the_end_come_at_once),
		TEST_BOTH(other_signals_do_not_hurry_it),
		TEST_BOTH(a_first_term_ends_the_payload_and_then_the_rest_in_peace),
		TEST_BOTH(nobody_left_is_no_reason_to_wait),
		TEST_BOTH(the_status_is_kept_and_mapped_afterwards),
	};

	return INIT_TESTS_RUN(tests);
}
