/* The terminal: a pty of the payload's own behind a real one, job control inside and outside, and
 * the caller's terminal as it was, however the run ends. */
#include "lab.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TERMINAL CALL(.terminal = true)

/* --- what the payload has */

static void the_payload_s_terminal_is_dev_pts_0(void **state)
{
	(void)state;
	assert_out(job_end(START_SH(TERMINAL, "tty; tty <&1; tty <&2; stat -f -c %t /dev/pts/0")),
		   "/dev/pts/0\r\n/dev/pts/0\r\n/dev/pts/0\r\n1cd1\r\n");
}

static void dev_console_is_the_terminal_and_there_with_one_alone(void **state)
{
	(void)state;
	assert_out(job_end(START_SH(TERMINAL, "readlink /dev/console; echo word >/dev/console")),
		   "pts/0\r\nword\r\n");
	assert_out(job_end(START_SH(TERMINAL, "echo word >/dev/console", "--user", "1000")),
		   "word\r\n");
	assert_out(RUN_SH("[ ! -e /dev/console ] && echo none"), "none\n");
}

static void the_payload_s_terminal_is_its_controlling_one(void **state)
{
	(void)state;
	assert_out(job_end(START_SH(TERMINAL, "echo word >/dev/tty; cut -d' ' -f7 /proc/$$/stat")),
		   "word\r\n34816\r\n" /* 136, 0: of devpts, the first */);
}

static void the_size_is_right_from_the_first_instruction_on(void **state)
{
	const char *wanted = lab_text("%d %d\r\n", LAB_ROWS, LAB_COLUMNS);

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_out(job_end(START(TERMINAL, lab_merged(), "--", "probe", "size")), wanted);
}

static void a_new_size_reaches_the_payload(void **state)
{
	struct winsize size = {.ws_row = 44, .ws_col = 101};
	struct job *job = START_SH(TERMINAL, "trap 'stty size; exit 3' WINCH; echo ready;"
					     " while :; do sleep 0.1; done");

	(void)state;
	job_expect(job, "ready");
	assert_int_equal(ioctl(job->in_fd, TIOCSWINSZ, &size), 0);
	job_expect(job, "44 101");
	assert_status(job_end(job), 3);
}

static void a_pty_can_be_had_without_a_terminal(void **state)
{
	const struct result *result =
		job_end(START_SH(CALL(.input = "line\n"), "tty; read x; echo \"got $x\"", "--tty"));

	(void)state;
	assert_status(result, 0);
	assert_has(result->out, "/dev/pts/0");
	assert_has(result->out, "got line");
}

static void no_tty_leaves_the_descriptors_alone(void **state)
{
	(void)state;
	assert_out(job_end(START_SH(TERMINAL, "ls /dev/pts; test -t 0 && echo same", "--no-tty")),
		   "ptmx\r\nsame\r\n");
}

/* --- keys */

static void ctrl_c_ends_the_foreground_command(void **state)
{
	struct job *job = START_SH(TERMINAL, "echo ready; sleep 1000; echo not here");

	(void)state;
	job_expect(job, "ready");
	job_say(job, "\003");
	assert_status(job_end(job), 130);
}

/* A shell ignores QUIT, as busybox's does until it executes the last command. */
static void ctrl_backslash_quits_it(void **state)
{
	struct job *job =
		START(TERMINAL, "--rlimit", "core=0", lab_merged(), "--", "sleep", "1000");
	pid_t payload = host_payload(job);

	(void)state;
	assert_eventually(strcmp(host_status(payload, "Name:"), "sleep") == 0);
	job_say(job, "\034");
	assert_status(job_end(job), 131);
}

static void ctrl_d_is_the_end_of_input(void **state)
{
	struct job *job = START(TERMINAL, lab_merged(), "--", "cat");

	(void)state;
	assert_eventually(host_payload(job) > 0);
	job_say(job, "words\n\004");
	assert_status(job_end(job), 0);
}

static void ctrl_z_and_fg_work_in_the_shell_inside(void **state)
{
	struct job *job = START(TERMINAL, lab_merged());
	pid_t shell, sleeper = 0;

	(void)state;
	job_expect(job, "# ");
	shell = host_payload(job);
	job_say(job, "sleep 1000\n"); /* by then it is the foreground group, and in its senses */
	assert_eventually((sleeper = host_child(shell, "sleep")) > 0);
	job_say(job, "\032");
	job_expect(job, "Stopped");
	assert_eventually(*host_status(sleeper, "State:") == 'T');
	job_say(job, "echo b$((1+1))k\n");
	job_expect(job, "b2k");
	job_say(job, "fg\n");
	assert_eventually(*host_status(sleeper, "State:") == 'S');
	job_say(job, "\003");
	assert_eventually(!host_is_running(sleeper));
	job_say(job, "exit $((40+2))\n");
	assert_status(job_end(job), 42);
}

static void ctrl_z_stops_nothing_where_no_shell_could_go_on(void **state)
{
	struct job *job = START_SH(TERMINAL, "echo ready; read x; echo \"got $x\"");

	(void)state;
	job_expect(job, "ready");
	job_say(job, "\032line\n");
	job_expect(job, "got ");
	assert_status(job_end(job), 0);
}

/* --- bytes */

static void much_output_comes_out_to_the_last_byte(void **state)
{
	const struct result *result =
		job_end(START(TERMINAL, lab_merged(), "--", "seq", "1", "100000"));
	size_t wanted = 0;

	(void)state;
	assert_status(result, 0);
	for (int i = 1; i <= 100000; i++)
		wanted += (size_t)snprintf(NULL, 0, "%d\r\n", i);
	assert_int_equal(result->out_size, wanted);
	assert_string_equal(result->out + result->out_size - 8, "100000\r\n");
}

/* More than the caller's terminal takes at once, and the payload dead before it takes the rest. */
static void what_a_slow_reader_has_not_read_yet_is_not_lost(void **state)
{
	(void)state;
	for (int count = 1500; count < 8000; count += 500) {
		struct job *job =
			START(TERMINAL, lab_merged(), "--", "seq", "1", lab_text("%d", count));
		const struct result *result;
		size_t wanted = 0;

		lab_sleep_us(
			100000); /* long enough to fill all buffers, and too short does no harm */
		result = job_end(job);
		assert_status(result, 0);
		for (int i = 1; i <= count; i++)
			wanted += (size_t)snprintf(NULL, 0, "%d\r\n", i);
		assert_int_equal(result->out_size, wanted);
	}
}

static void the_last_words_of_many_short_lives_come_out(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++)
		assert_out(job_end(START(TERMINAL, lab_merged(), "--", "echo", "last words")),
			   "last words\r\n");
}

static void stdout_to_a_pipe_is_byte_exact_while_stdin_is_a_terminal(void **state)
{
	const struct result *result = job_end(START_SH(
		CALL(.terminal_in = true), "tty >&2; head -c 3000000 /dev/zero | tr '\\0' '\\n'"));

	(void)state;
	assert_status(result, 0);
	assert_int_equal(result->out_size, 3000000);
	assert_int_equal(strspn(result->out, "\n"), 3000000);
	/* One return is the pty's, one the terminal's: others may be writing to that. */
	assert_string_equal(result->err, "/dev/pts/0\r\r\n");
}

/* --- the caller's terminal afterwards */

static void modes_are_restored_when_the_run_ends_by_itself(void **state)
{
	static const struct {
		const char *script;
		int status;
	} table[] = {
		{"exit 0", 0},		{"exit 5", 5},
		{"kill -9 $$", 137},	{"stty raw -echo; exit 6", 6},
		{"exec /no/such", 127}, {"exec </dev/null >/dev/null 2>&1; exit 8", 8},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct job *job = START_SH(TERMINAL, table[i].script);

		assert_status(job_end(job), table[i].status);
		assert_true(job_modes_are_kept(job));
	}
}

static void modes_are_untouched_by_a_refusal_and_an_unknown_command(void **state)
{
	struct job *job = START(TERMINAL, "--mem", "x", lab_merged());

	(void)state;
	assert_status(job_end(job), 125);
	assert_true(job_modes_are_kept(job));
	job = START(TERMINAL, lab_merged(), "--", "/no/such");
	assert_status(job_end(job), 127);
	assert_true(job_modes_are_kept(job));
	job = START(TERMINAL, "--hook", "/bin/false", lab_merged(), "--", "true");
	assert_status(job_end(job), 125);
	assert_true(job_modes_are_kept(job));
}

/* Also by a signal that nobody can catch: a guard of its own gives the terminal back. */
static void modes_are_restored_when_ctr_setup_is_ended_by_a_signal(void **state)
{
	static const struct {
		int number, status;
	} table[] = {{SIGTERM, 143}, {SIGHUP, 129}, {SIGKILL, -SIGKILL}, {SIGSEGV, 139}};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct job *job = START_SH(TERMINAL, "echo ready; exec sleep 1000");

		job_expect(job, "ready");
		assert_eventually(job_is_raw(job));
		job_signal(job, table[i].number);
		assert_status(job_end(job), table[i].status);
		assert_eventually(job_modes_are_kept(job));
		assert_status(RUN("gc"), 0);
	}
}

static void output_that_nobody_reads_does_not_hold_up_the_end(void **state)
{
	struct job *job =
		START(TERMINAL, "--timeout", "1s", "--grace", "500ms", lab_merged(), "--", "yes");

	(void)state;
	assert_eventually(!host_is_running(job->pid));
	assert_status(job_end(job), 124);
}

static void a_hang_up_ends_the_container(void **state)
{
	struct job *job = START_SH(TERMINAL, "echo ready; sleep 1000");

	(void)state;
	job_expect(job, "ready");
	close(job->out_fd);
	job->in_fd = job->out_fd = -1;
	assert_eventually(job_has_ended(job));
	lab_assert_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_payload_s_terminal_is_dev_pts_0),
		TEST(dev_console_is_the_terminal_and_there_with_one_alone),
		TEST(the_payload_s_terminal_is_its_controlling_one),
		TEST(the_size_is_right_from_the_first_instruction_on),
		TEST(a_new_size_reaches_the_payload),
		TEST(a_pty_can_be_had_without_a_terminal),
		TEST(no_tty_leaves_the_descriptors_alone),
		TEST(ctrl_c_ends_the_foreground_command),
		TEST(ctrl_backslash_quits_it),
		TEST(ctrl_d_is_the_end_of_input),
		TEST(ctrl_z_and_fg_work_in_the_shell_inside),
		TEST(ctrl_z_stops_nothing_where_no_shell_could_go_on),
		TEST(much_output_comes_out_to_the_last_byte),
		TEST(what_a_slow_reader_has_not_read_yet_is_not_lost),
		TEST(the_last_words_of_many_short_lives_come_out),
		TEST(stdout_to_a_pipe_is_byte_exact_while_stdin_is_a_terminal),
		TEST(modes_are_restored_when_the_run_ends_by_itself),
		TEST(modes_are_untouched_by_a_refusal_and_an_unknown_command),
		TEST(modes_are_restored_when_ctr_setup_is_ended_by_a_signal),
		TEST(output_that_nobody_reads_does_not_hold_up_the_end),
		TEST(a_hang_up_ends_the_container),
	};

	return TESTS_RUN(tests);
}
