/* The verbs that see and end runs: ls, stats, kill, stop. */
#include "lab.h"

#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A run of this name that has said "ready" and goes on until it is ended. */
#define START_READY(name, ...)                                                                     \
	start_ready(START_SH(CALL(.talks = true), "echo ready; read line", "--name",               \
			     name __VA_OPT__(, ) __VA_ARGS__))

static struct job *start_ready(struct job *job)
{
	job_expect(job, "ready");
	return job;
}

/* --- ls and stats */

static json_t *parsed; /* the last answer */

static json_t *parse(const struct result *result)
{
	json_error_t error;

	assert_status(result, 0);
	assert_string_equal(result->err, "");
	json_decref(parsed);
	parsed = json_loads(result->out, JSON_REJECT_DUPLICATES, &error);
	if (!parsed)
		fail_msg("%s in:\n%s", error.text, result->out);
	return parsed;
}

/* The object of ls --json for a run; NULL when it is not there. Other runs of the host may be. */
static json_t *listed(const char *name)
{
	json_t *list = parse(RUN("ls", "--json")), *item;
	size_t i;

	assert_true(json_is_array(list));
	json_array_foreach(list, i,
			   item) if (strcmp(json_string_value(json_object_get(item, "name")),
					    name) == 0) return item;
	return NULL;
}

static double number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value))
		fail_msg("%s is no number", key);
	return json_number_value(value);
}

static void ls_has_a_line_for_each_run(void **state)
{
	struct job *one = START_READY("lab-one"), *other = START_READY("lab-other", "--ephemeral");
	const struct result *result = RUN("ls");

	(void)state;
	assert_status(result, 0);
	assert_string_equal(result->err, "");
	assert_has(result->out, "NAME");
	assert_has(result->out, lab_text("lab-one "));
	assert_has(result->out, lab_text(" %d  running ", one->pid));
	assert_has(result->out, lab_text(" %d  running ", other->pid));
	job_close_input(one);
	assert_status(job_end(one), 1);
	result = RUN("ls");
	assert_lacks(result->out, "lab-one ");
	assert_has(result->out, "lab-other ");
}

static void ls_has_an_object_for_each_run(void **state)
{
	struct job *job = START_READY("lab-one", "--net", "host");
	json_t *run = listed("lab-one");

	(void)state;
	assert_non_null(run);
	assert_int_equal(json_object_size(run), 8);
	assert_true(number(run, "pid") == job->pid);
	assert_string_equal(json_string_value(json_object_get(run, "state")), "running");
	assert_true(number(run, "uptime_seconds") >= 0);
	assert_true(number(run, "uptime_seconds") < LAB_PATIENCE_S);
	assert_true(number(run, "cpu_seconds") >= 0);
	assert_true(number(run, "memory_bytes") > 4096);
	assert_true(json_is_null(json_object_get(run, "memory_limit_bytes")));
	assert_true(number(run, "processes") == 2);
	assert_null(listed("lab-none"));
}

static void a_run_whose_keeper_was_killed_is_not_listed(void **state)
{
	struct job *job = START_READY("lab-dead");
	pid_t init = host_init(job);

	(void)state;
	job_signal(job, SIGKILL);
	assert_eventually(!host_is_running(init));
	job_end(job);
	assert_null(listed("lab-dead"));
	assert_refused(RUN("kill", "lab-dead"), "no run is called lab-dead: see ctr-setup ls");
	assert_status(RUN("gc"), 0);
}

static void memory_is_what_the_limit_counts(void **state)
{
	struct job *job;
	json_t *run;

	(void)state;
	group_needed("memory");
	job = start_ready(START_SH(CALL(.talks = true),
				   "head -c 20000000 /dev/zero >/t/file; echo ready; read line",
				   "--name", "lab-one", "--mem", "64M", "--tmpfs", "/t:size=32m"));
	run = listed("lab-one");
	assert_true(number(run, "memory_limit_bytes") == 64 << 20);
	assert_true(number(run, "memory_bytes") > 20000000);
	assert_true(number(run, "memory_bytes") <= 64 << 20);
	job_close_input(job);
	job_end(job);
}

static void cpu_time_grows_while_it_works(void **state)
{
	struct job *job =
		start_ready(START_SH(NULL, "echo ready; while :; do :; done", "--name", "lab-one"));
	double before = number(listed("lab-one"), "cpu_seconds");

	(void)state;
	assert_eventually(number(listed("lab-one"), "cpu_seconds") > before + 0.05);
	assert_true(number(parse(RUN("stats", "lab-one", "--json")), "cpu_percent") > 0);
	assert_int_equal(json_object_size(parsed), 9);
	job_signal(job, SIGTERM);
	job_end(job);
}

static void stats_goes_on_until_the_run_ends(void **state)
{
	struct job *job = START_READY("lab-one"), *stats = START(NULL, "stats", "lab-one");
	const char *line;

	(void)state;
	line = job_expect(stats, "lab-one  running  cpu ");
	assert_has(line, "  memory ");
	assert_has(line, "  processes 2\n");
	job_expect(stats, "lab-one  running  cpu ");
	job_close_input(job);
	job_end(job);
	assert_status(job_end(stats), 0);
}

static void on_a_terminal_stats_writes_over_its_line(void **state)
{
	struct job *job = START_READY("lab-one");
	struct job *stats = START(CALL(.terminal = true), "stats", "lab-one");

	(void)state;
	job_expect(stats, "lab-one  running  cpu ");
	job_expect(stats, "\033[K\r\n\033[Alab-one  running  cpu ");
	job_say(stats, "\003"); /* an interrupt ends it, and it alone */
	assert_status(job_end(stats), -SIGINT);
	job_close_input(job);
	assert_status(job_end(job), 1);
}

/* --- kill */

#define START_CATCH(number)                                                                        \
	start_ready(START(NULL, "--name", "lab-one", "--grace", "1000", lab_merged(), "--",        \
			  "probe", "catch", lab_text("%d", number)))

static void kill_sends_what_is_named_or_numbered(void **state)
{
	const struct {
		const char *text;
		int number;
	} signals[] = {
		{"USR1", SIGUSR1}, {"sigusr2", SIGUSR2}, {"28", SIGWINCH},
		{"INT", SIGINT},   {"HUP", SIGHUP},	 {"RTMIN+3", SIGRTMIN + 3},
	};
	struct job *job = START_CATCH(SIGTERM);

	(void)state;
	for (size_t i = 0; i < COUNT(signals); i++) {
		assert_out(RUN("kill", "lab-one", signals[i].text), "");
		job_expect(job, lab_text("got %d.", signals[i].number));
	}
	assert_out(RUN("kill", "lab-one"), "");
	job_expect(job, lab_text("got %d.", SIGTERM));
	assert_status(job_end(job), 0);
}

/* The grace of a begun end would be over long before the third. */
static void kill_delivers_and_begins_no_end(void **state)
{
	struct job *job =
		start_ready(START(NULL, "--name", "lab-one", "--grace", "1ms", lab_merged(), "--",
				  "probe", "catch", lab_text("%d", SIGUSR1)));

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_out(RUN("kill", "lab-one", "HUP"), "");
		job_expect(job, lab_text("got %d.", SIGHUP));
		assert_out(RUN("kill", "lab-one", "TERM"), "");
		job_expect(job, lab_text("got %d.", SIGTERM));
	}
	assert_out(RUN("kill", "lab-one", "USR1"), "");
	assert_status(job_end(job), 0);
}

static void kill_tstp_and_cont_are_the_command_s(void **state)
{
	struct job *job = START_READY("lab-one");
	pid_t payload = host_payload(job);

	(void)state;
	assert_out(RUN("kill", "lab-one", "TSTP"), "");
	assert_eventually(*host_status(payload, "State:") == 'T');
	assert_out(RUN("kill", "lab-one", "CONT"), "");
	assert_eventually(*host_status(payload, "State:") != 'T');
	job_signal(job, SIGTSTP);
	assert_eventually(*host_status(job->pid, "State:") == 'T');
	assert_out(RUN("kill", "lab-one", "CONT"), "");
	assert_eventually(*host_status(job->pid, "State:") != 'T');
	job_close_input(job);
	assert_status(job_end(job), 1);
}

static void kill_kill_ends_the_container_and_leaves_nothing(void **state)
{
	struct job *job = START_READY("lab-one", "--mem", "64M");

	(void)state;
	assert_out(RUN("kill", "lab-one", "KILL"), "");
	assert_status(job_end(job), 137);
	lab_assert_clean();
}

static void kill_kill_ends_one_that_was_stopped_with_its_keeper(void **state)
{
	struct job *job = START_READY("lab-one");

	(void)state;
	job_signal(job, SIGTSTP);
	assert_eventually(*host_status(job->pid, "State:") == 'T');
	assert_out(RUN("kill", "lab-one", "9"), "");
	assert_status(job_end(job), 137);
	lab_assert_clean();
}

static void what_cannot_be_sent_is_refused(void **state)
{
	struct job *job = START_READY("lab-one");

	(void)state;
	assert_refused(RUN("kill", "lab-one", "STOP"), "use ctr-setup pause lab-one");
	assert_refused(RUN("kill", "lab-one", "FOO"), "\"FOO\" is no signal");
	assert_refused(RUN("kill", "lab-one", "0"), "\"0\" is no signal");
	assert_refused(RUN("kill", "lab-none"), "no run is called lab-none: see ctr-setup ls");
	assert_refused(RUN("kill", "../ctr"), "no run is called ../ctr");
	assert_refused(RUN("kill", "a\nb"), "no run is called a\\x0ab");
	assert_refused(RUN("kill"), "the usage is ctr-setup kill NAME [SIGNAL]");
	assert_refused(RUN("stop", "lab-one", "now"), "stop takes no \"now\"");
	assert_refused(RUN("ls", "sh"), "a ROOTFS of that name is ./ls");
	assert_refused(RUN("stats", "--all", "lab-one"), "stats takes no \"--all\"");
	job_close_input(job);
	assert_status(job_end(job), 1);
}

/* A number on a dead run's record may be anybody's by now. */
static void the_pid_of_a_dead_run_s_record_is_never_signalled(void **state)
{
	struct job *stranger = START(CALL(.program = "/bin/sleep"), "1000");

	(void)state;
	mkdir("/run/ctr", 0700);
	assert_int_equal(mkdir("/run/ctr/lab-dead", 0700), 0);
	lab_write("/run/ctr/lab-dead/run",
		  lab_text("keeper %d %llu\n", stranger->pid,
			   (unsigned long long)host_namespace(getpid(), "pid")),
		  0600);
	assert_refused(RUN("kill", "lab-dead", "KILL"), "no run is called lab-dead");
	assert_refused(RUN("stop", "lab-dead"), "no run is called lab-dead");
	assert_refused(RUN("pause", "lab-dead"), "no run is called lab-dead");
	assert_null(listed("lab-dead"));
	assert_false(job_has_ended(stranger));
	assert_status(RUN("gc"), 0);
	assert_false(is_there("/run/ctr/lab-dead"));
}

/* --- stop */

/* When "stop" has ended, so has all: nothing is waited for here. */
static void assert_stopped(struct job *job, int status)
{
	pid_t init = host_init(job);

	assert_out(RUN("stop", "lab-one"), "");
	assert_string_equal(host_leftovers(), "");
	assert_false(host_is_running(init));
	assert_false(host_is_running(job->pid));
	assert_status(job_end(job), status);
}

static void stop_lets_the_command_end_in_its_own_way(void **state)
{
	(void)state;
	assert_stopped(start_ready(START_SH(NULL,
					    "trap 'sleep 0.2; exit 3' TERM; echo ready; "
					    "while :; do sleep 0.05; done",
					    "--name", "lab-one", "--mem", "64M")),
		       3);
}

static void stop_kills_what_does_not_end_within_its_grace(void **state)
{
	(void)state;
	assert_stopped(
		start_ready(START_SH(NULL, "trap '' TERM; echo ready; while :; do sleep 1; done",
				     "--name", "lab-one", "--grace", "200ms")),
		137);
}

/* Its shell ignores TERM: by its grace it would end after a quarter of an hour. */
static void stop_ends_an_interactive_shell_at_once(void **state)
{
	struct job *job =
		START(CALL(.terminal = true), "--name", "lab-one", "--grace", "1000", lab_merged());

	(void)state;
	job_expect(job, "# ");
	assert_stopped(job, 129);
}

static void stop_ends_what_stands_still(void **state)
{
	struct job *job = START_READY("lab-one");

	(void)state;
	job_signal(job, SIGTSTP);
	assert_eventually(*host_status(job->pid, "State:") == 'T');
	assert_stopped(job, 143);
}

static void ignore_term(const void *argument)
{
	(void)argument;
	signal(SIGTERM, SIG_IGN);
}

static void stop_ends_what_a_keeper_that_ignores_term_keeps(void **state)
{
	struct job *job = start_ready(START_SH(CALL(.talks = true, .before = ignore_term),
					       "echo ready; read line", "--name", "lab-one",
					       "--grace", "100ms"));

	(void)state;
	assert_stopped(job, 137);
}

static void stop_while_hooks_run_ends_the_start(void **state)
{
	const char *hook = lab_path("hook");
	struct job *job;

	(void)state;
	lab_write(hook, "#!/bin/sh\necho hooked >&2\nsleep 1000\n", 0755);
	job = START_SH(NULL, "echo never", "--name", "lab-one", "--hook", hook);
	job_expect_error(job, "hooked");
	assert_out(RUN("stop", "lab-one"), "");
	assert_string_equal(host_leftovers(), "");
	assert_status(job_end(job), 143);
}

static void the_container_is_found_among_its_hooks(void **state)
{
	const char *hook = lab_path("hook");
	struct job *job;

	(void)state;
	lab_write(hook, "#!/bin/sh\necho hooked >&2\nsleep 1000\n", 0755);
	job = START_SH(NULL, "echo never", "--name", "lab-one", "--hook", hook);
	job_expect_error(job, "hooked");
	assert_out(RUN("kill", "lab-one", "KILL"), "");
	assert_has(job_end(job)->err, "ended by signal 9 before the command began");
	lab_assert_clean();
}

static int end(void **state)
{
	(void)state;
	json_decref(parsed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ls_has_a_line_for_each_run),
		TEST(ls_has_an_object_for_each_run),
		TEST(a_run_whose_keeper_was_killed_is_not_listed),
		TEST(memory_is_what_the_limit_counts),
		TEST(cpu_time_grows_while_it_works),
		TEST(stats_goes_on_until_the_run_ends),
		TEST(on_a_terminal_stats_writes_over_its_line),
		TEST(kill_sends_what_is_named_or_numbered),
		TEST(kill_delivers_and_begins_no_end),
		TEST(kill_tstp_and_cont_are_the_command_s),
		TEST(kill_kill_ends_the_container_and_leaves_nothing),
		TEST(kill_kill_ends_one_that_was_stopped_with_its_keeper),
		TEST(what_cannot_be_sent_is_refused),
		TEST(the_pid_of_a_dead_run_s_record_is_never_signalled),
		TEST(stop_lets_the_command_end_in_its_own_way),
		TEST(stop_kills_what_does_not_end_within_its_grace),
		TEST(stop_ends_an_interactive_shell_at_once),
		TEST(stop_ends_what_stands_still),
		TEST(stop_ends_what_a_keeper_that_ignores_term_keeps),
		TEST(stop_while_hooks_run_ends_the_start),
		TEST(the_container_is_found_among_its_hooks),
	};

	return cmocka_run_group_tests(tests, lab_group_setup, end);
}
