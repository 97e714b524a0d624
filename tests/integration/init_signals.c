/* ctr-init and signals: all of them are passed on, to the right processes, and none is lost. */
#include "init_lab.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { STARTS = 150, FAMILY_END = 64 };

static bool can_be_sent(int number)
{
	return number != SIGKILL && number != SIGSTOP && number != SIGCHLD;
}

/* A job stops and goes on as a whole. */
static bool is_of_a_job(int number)
{
	return number == SIGCONT || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* All signals, one after the other, to a family of which the group is to get them or not. */
static void family_check(struct job *job, bool is_group)
{
	const struct result *result;

	job_await(job, "ready");
	for (int number = 1; number < FAMILY_END; number++) {
		if (!can_be_sent(number))
			continue;
		job_signal(job, number);
		job_await(job, lab_text("parent got %d.\n", number));
		if (is_group || is_of_a_job(number))
			job_await(job, lab_text("child got %d.\n", number));
	}
	job_signal(job, FAMILY_END);
	result = job_end(job);
	assert_status(result, 0);
	assert_string_equal(result->err, "");
	for (int number = 1; number < FAMILY_END && !is_group; number++)
		if (!is_of_a_job(number))
			assert_lacks(result->out, lab_text("child got %d.\n", number));
}

static void every_signal_reaches_the_payload_alone(void **state)
{
	family_check(INIT(NULL, INIT_PROBE, "family"), false);
}

static void with_g_every_signal_reaches_its_group(void **state)
{
	family_check(INIT(NULL, "-g", INIT_PROBE, "family"), true);
}

static void group_ask(const void *argument)
{
	setenv("TINI_KILL_PROCESS_GROUP", argument, 1);
}

static void a_variable_asks_for_the_group_too(void **state)
{
	family_check(INIT(CALL(.before = group_ask, .argument = "1"), INIT_PROBE, "family"), true);
	family_check(INIT(CALL(.before = group_ask, .argument = ""), INIT_PROBE, "family"), true);
}

static void signals_are_rewritten_and_dropped(void **state)
{
	struct job *job =
		INIT(NULL, "--rewrite", "15:3", "--rewrite=USR1:SIGHUP", "--rewrite", "12:0",
		     "--rewrite=35:34", "--rewrite", "WINCH:64", INIT_PROBE, "family");
	const struct result *result;

	job_await(job, "ready");
	job_signal(job, SIGUSR2); /* is forwarded before those behind it, if at all */
	job_signal(job, SIGTERM);
	job_await(job, "parent got 3.\n");
	job_signal(job, SIGUSR1);
	job_await(job, "parent got 1.\n");
	job_signal(job, 35);
	job_await(job, "parent got 34.\n");
	job_signal(job, SIGWINCH);
	result = job_end(job);
	assert_status(result, 0);
	assert_has(result->out, "parent got 64.\n");
	assert_lacks(result->out, "got 12.");
	assert_lacks(result->out, "got 15.");
	assert_lacks(result->out, "got 10.");
	assert_lacks(result->out, "got 35.");
}

static void with_v_it_says_what_is_forwarded(void **state)
{
	struct job *job = INIT(NULL, "-v", INIT_CATCH(15));

	job_await(job, "ready");
	job_signal(job, SIGUSR1);
	job_expect_error(job, "ctr-init: forwarding signal 10\n");
	job_signal(job, SIGTERM);
	job_expect_error(job, "ctr-init: forwarding signal 15\n");
	assert_status(job_end(job), 0);
}

/* --- stops without a terminal */

static void a_payload_that_stops_can_go_on(void **state)
{
	const struct place *place = *state;
	struct job *job = INIT(NULL, INIT_PROBE, "cont");
	pid_t payload;

	job_await(job, "ready");
	payload = init_payload(job);
	kill(payload, SIGSTOP);
	assert_eventually(state_is(payload, 'T'));
	if (!place->is_first) /* whoever waits for us is to see it */
		assert_eventually(state_is(job->pid, 'T'));
	job_signal(job, SIGCONT);
	job_expect(job, "continued");
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

static void a_terminal_stop_strands_nothing(void **state)
{
	const struct place *place = *state;
	struct job *job = INIT(NULL, INIT_PROBE, "cont");

	job_await(job, "ready");
	job_signal(job, SIGTSTP);
	if (!place->is_first) {
		assert_eventually(state_is(job->pid, 'T'));
		job_signal(job, SIGCONT);
	}
	job_expect(job, "continued");
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

/* --- none is lost */

static void no_signal_is_lost_from_the_clone_on(void **state)
{
	static const char *const options[] = {"--", "-g"};
	static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, 32, 64};

	srandom(3);
	for (int i = 0; i < STARTS; i++) {
		int number = numbers[(size_t)i % COUNT(numbers)], status;
		pid_t pid = init_bare_start(*state, ARGUMENTS(options[(size_t)i % COUNT(options)],
							      "/bin/sleep", "1000"));

		lab_sleep_us(i % 3 ? random() % 1500 : 0);
		assert_int_equal(kill(pid, number), 0);
		status = init_bare_end(pid);
		if (status != 128 + number)
			fail_msg("start %d, signal %d: status %d", i, number, status);
	}
}

/* --- who cannot be signalled */

/* Root as it is in many containers: without the right to signal others' processes. */
static void kill_give_up(const void *argument)
{
	(void)argument;
	prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0);
}

static void a_payload_that_may_not_be_signalled_ends_nothing(void **state)
{
	static const char *const options[] = {"-v", "-vg"};

	for (size_t i = 0; i < COUNT(options); i++) {
		struct job *job = INIT(CALL(.talks = true, .before = kill_give_up), options[i],
				       INIT_PROBE, "other-user");

		job_await(job, "ready");
		job_signal(job, SIGUSR1);
		job_expect_error(job, "forwarding signal 10\n");
		job_signal(job, SIGTERM);
		job_expect_error(job, "forwarding signal 15\n");
		assert_status(job_end(job), 42); /* by its own end, that of its stdin */
	}
}

/* --- from inside */

/* KILL and STOP of PID 1 from inside are nothing to the kernel. */
static void a_signal_from_the_payload_comes_back_to_it(void **state)
{
	const struct result *result =
		INIT_SH("trap 'echo term; exit 4' TERM; kill -9 1; kill -STOP 1; kill -TERM 1;"
			" while :; do sleep 0.01; done");

	assert_status(result, 4);
	assert_string_equal(result->out, "term\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BOTH(every_signal_reaches_the_payload_alone),
		TEST_BOTH(with_g_every_signal_reaches_its_group),
		TEST_BOTH(a_variable_asks_for_the_group_too),
		TEST_BOTH(signals_are_rewritten_and_dropped),
		TEST_BOTH(with_v_it_says_what_is_forwarded),
		TEST_BOTH(a_payload_that_stops_can_go_on),
		TEST_BOTH(a_terminal_stop_strands_nothing),
		TEST_BOTH(no_signal_is_lost_from_the_clone_on),
		TEST_BOTH(a_payload_that_may_not_be_signalled_ends_nothing),
		TEST_FIRST(a_signal_from_the_payload_comes_back_to_it),
	};

	return INIT_TESTS_RUN(tests);
}
