/* ctr-init at a terminal: the leader of its session hands it over; started by a shell it is a job
 * like any other. */
#include "init_lab.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STARTS = 25 };

#define TERMINAL CALL(.terminal = true)

/* --- as the leader of the session, as engines start it */

/* proc_pid_stat(5): pid, process group, session, terminal, its foreground group. */
static void the_payload_has_the_terminal_in_a_session_of_its_own(void **state)
{
	struct job *job = INIT(TERMINAL, "sh", "-c",
			       "tty; echo word >/dev/tty; read pid name state parent group session"
			       " terminal foreground rest </proc/self/stat;"
			       " [ $pid = $$ ] && [ $group = $$ ] && [ $session = $$ ] &&"
			       " [ $foreground = $$ ] && [ $terminal != 0 ] && echo its own");

	job_expect(job, "/dev/pts/");
	job_expect(job, "word");
	job_expect(job, "its own");
	assert_status(job_end(job), 0);
}

static void shell_begin(struct job *job)
{
	job_say(job, "PS1='pro''mpt> '; stty -echo\n");
	job_expect(job, "prompt> ");
}

static pid_t child_of(pid_t parent, const char *name)
{
	pid_t pid = 0;

	assert_eventually((pid = host_child(parent, name)) > 0);
	return pid;
}

/* The shell has the terminal: what is typed next is for it. */
static void shell_await(struct job *job, pid_t shell)
{
	job_expect(job, "prompt> ");
	assert_eventually(init_foreground(job) == shell);
}

/* Behind a "bg" busybox's own shell reads no more, with ctr-init or without. */
static void job_control_check(struct job *job, const char *name, bool has_bg)
{
	pid_t shell, sleeper;

	shell_begin(job);
	assert_null(strstr(job->out.bytes, "no job control"));
	assert_null(strstr(job->out.bytes, "job control turned off"));
	shell = child_of(job->pid, name);
	job_say(job, "sleep 1000\n");
	sleeper = child_of(shell, "sleep");
	for (int i = 0; i < 2; i++) {
		job_say(job, "\032");
		assert_eventually(state_is(sleeper, 'T'));
		shell_await(job, shell);
		if (has_bg) {
			job_say(job, "bg\n");
			assert_eventually(state_is(sleeper, 'S'));
			shell_await(job, shell);
		}
		job_say(job, "fg\n");
		assert_eventually(init_foreground(job) == sleeper && state_is(sleeper, 'S'));
	}
	job_say(job, "\003");
	assert_eventually(!host_is_running(sleeper));
	shell_await(job, shell);
	job_say(job, "exit $((40+2))\n");
	assert_status(job_end(job), 42);
}

static void bash_inside_has_job_control(void **state)
{
	job_control_check(INIT(TERMINAL, "/bin/bash", "--norc", "-i"), "bash", true);
}

static void busybox_ash_inside_has_job_control(void **state)
{
	job_control_check(INIT(TERMINAL, lab_path("lower/bin/busybox"), "ash", "-i"), "busybox",
			  false);
}

static void ctrl_c_and_ctrl_backslash_end_the_payload(void **state)
{
	static const struct {
		const char *key;
		int status;
	} table[] = {{"\003", 130}, {"\034", 131}};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct job *job =
			INIT(TERMINAL, "sh", "-c", "ulimit -c 0; echo ready; exec sleep 1000");

		job_expect(job, "ready");
		job_say(job, table[i].key);
		assert_status(job_end(job), table[i].status);
	}
}

static void ctrl_z_stops_nothing_where_no_shell_could_go_on(void **state)
{
	struct job *job = INIT(TERMINAL, "cat");

	job_say(job, "one\n");
	job_expect(job, "one\r\none\r\n");
	job_say(job, "\032");
	job_say(job, "two\n");
	job_expect(job, "two\r\ntwo\r\n");
	job_say(job, "\004");
	assert_status(job_end(job), 0);
}

/* As an operator's "kill -TSTP": there is nobody who would only seem to be stopped. */
static void a_terminal_stop_sent_to_us_stops_the_payload(void **state)
{
	struct job *job = INIT(TERMINAL, INIT_PROBE, "cont");
	pid_t payload;

	job_expect(job, "ready");
	payload = init_payload(job);
	job_signal(job, SIGTSTP);
	assert_eventually(state_is(payload, 'T'));
	job_signal(job, SIGCONT);
	job_expect(job, "continued");
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

/* The kernel sends HUP and CONT to a leader that lets its terminal go. */
static void giving_the_terminal_away_sends_no_signal(void **state)
{
	for (int i = 0; i < STARTS; i++) {
		struct job *job = INIT(TERMINAL, INIT_CATCH(15));

		job_await(job, "ready");
		job_signal(job, SIGTERM);
		assert_out(job_end(job), "ready\r\nprobe got 15.\r\n");
	}
}

static void hup_be_pending(const void *argument)
{
	(void)argument;
	caller_be(&(struct caller){.blocked = EVERY_SIGNAL});
	kill(getpid(), SIGHUP);
}

static void a_hup_that_somebody_sent_before_is_the_payload_s(void **state)
{
	assert_status(
		job_end(INIT(CALL(.terminal = true, .before = hup_be_pending), "sleep", "1000")),
		129);
}

static void a_hang_up_ends_the_payload(void **state)
{
	struct job *job = INIT(TERMINAL, "sh", "-c", "echo ready; exec sleep 1000");

	job_expect(job, "ready");
	close(job->out_fd);
	job->in_fd = job->out_fd = -1;
	assert_eventually(job_has_ended(job));
	lab_assert_no_process();
}

static void with_a_pipe_for_stdout_the_rest_is_the_terminal(void **state)
{
	assert_status(
		job_end(INIT(CALL(.terminal_in = true), "sh", "-c", "tty; tty <&2 >&2; exit 7")),
		7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BOTH(the_payload_has_the_terminal_in_a_session_of_its_own),
		TEST_BOTH(bash_inside_has_job_control),
		TEST_BOTH(busybox_ash_inside_has_job_control),
		TEST_BOTH(ctrl_c_and_ctrl_backslash_end_the_payload),
		TEST_BOTH(ctrl_z_stops_nothing_where_no_shell_could_go_on),
		TEST_BOTH(a_terminal_stop_sent_to_us_stops_the_payload),
		TEST_BOTH(giving_the_terminal_away_sends_no_signal),
		TEST_BOTH(a_hup_that_somebody_sent_before_is_the_payload_s),
		TEST_BOTH(a_hang_up_ends_the_payload),
		TEST_BOTH(with_a_pipe_for_stdout_the_rest_is_the_terminal),
	};

	return INIT_TESTS_RUN(tests);
}
