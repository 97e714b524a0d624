/* The terminal of a further command. */
#include "exec_lab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void it_has_a_terminal_of_its_own(void **state)
{
	struct winsize size = {.ws_row = 44, .ws_col = 101};
	struct job *job;

	(void)state;
	CONTAINER(NULL);
	assert_out(job_end(EXEC_START(TERMINAL,
				      "tty; tty <&1; tty <&2; echo word >/dev/tty; "
				      "stty size; stat -c %u /dev/pts/0; echo $TERM",
				      "--env", "TERM=mine", "--user", "1000")),
		   lab_text("/dev/pts/0\r\n/dev/pts/0\r\n/dev/pts/0\r\nword\r\n%d %d\r\n1000\r\n"
			    "mine\r\n",
			    LAB_ROWS, LAB_COLUMNS));
	job = EXEC_START(TERMINAL, "trap 'stty size; exit 3' WINCH; echo ready;"
				   " while :; do sleep 0.1; done");
	job_expect(job, "ready");
	assert_int_equal(ioctl(job->in_fd, TIOCSWINSZ, &size), 0);
	job_expect(job, "44 101");
	assert_status(job_end(job), 3);
	assert_true(job_modes_are_kept(job));
	assert_out(job_end(EXEC_START(TERMINAL, "test -t 0 && echo same", "--no-tty")), "same\r\n");
	assert_out(EXEC_SH("tty", "--tty"), "/dev/pts/0\r\n");
	container_end();
}

static void job_control_works_in_it(void **state)
{
	struct job *job;
	pid_t shell, sleeper = 0;

	(void)state;
	CONTAINER(NULL);
	job = START(TERMINAL, "exec", name, "sh");
	job_expect(job, "# ");
	shell = command_of(watch_of_command());
	job_say(job, "sleep 1000\n");
	assert_eventually((sleeper = host_child(shell, "sleep")) > 0);
	job_say(job, "\032");
	job_expect(job, "Stopped");
	assert_eventually(*host_status(sleeper, "State:") == 'T');
	job_say(job, "fg\n");
	assert_eventually(*host_status(sleeper, "State:") == 'S');
	job_say(job, "\003");
	assert_eventually(!host_is_running(sleeper));
	job_say(job, "exit $((40+2))\n");
	assert_status(job_end(job), 42);
	assert_true(job_modes_are_kept(job));
	container_end();
}

static void all_output_comes_out_of_its_terminal(void **state)
{
	(void)state;
	CONTAINER(TERMINAL);
	for (int i = 0; i < 20; i++)
		assert_out(job_end(START(TERMINAL, "exec", name, "echo", "last words")),
			   "last words\r\n");
	assert_has(job_end(START(TERMINAL, "exec", name, "seq", "1", "20000"))->out, "\n20000\r\n");
	assert_out(job_end(EXEC_START(TERMINAL, "tty")), "/dev/pts/1\r\n");
	job_say(container, "\004");
	assert_status(job_end(container), 0);
}

/* What the pty serves is not even seen by what watches over the command: by strace. */
static void the_caller_s_terminal_stays_outside(void **state)
{
	const char *trace, *sent;

	(void)state;
	if (access("/usr/bin/strace", X_OK) < 0)
		lab_cannot("strace is not installed");
	CONTAINER(NULL);
	assert_out(job_end(START(CALL(.terminal_in = true, .program = "/usr/bin/strace"), "-o",
				 lab_path("trace"), "-e", "trace=sendmsg", getenv("CTR_SETUP"),
				 "exec", name, "tty")),
		   "/dev/pts/0\n");
	trace = lab_read(lab_path("trace"));
	sent = strstr(trace, "cmsg_data=[");
	assert_non_null(sent);
	sent = strstr(sent + 1, "cmsg_data=["); /* the first is the socket, for the keeper */
	assert_non_null(sent);
	assert_true(sent[11] > '2' && strncmp(sent + 12, ", 1, ", 5) == 0);
	sent = strstr(sent, ", 1, ") + 5; /* stdout is a pipe here */
	assert_true(*sent > '2');
	container_end();
}

/* A root inside may have put anything in these places. */
static void it_needs_nothing_of_a_spoilt_dev(void **state)
{
	(void)state;
	CONTAINER(NULL);
	assert_status(EXEC_SH("rm /dev/null /dev/tty && exit 4"), 4);
	assert_status(EXEC_SH("mkfifo /dev/null && exit 5"), 5);
	assert_out(EXEC_SH("echo as ever"), "as ever\n");
	assert_out(job_end(EXEC_START(TERMINAL, "echo as ever")), "as ever\r\n");
	container_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_has_a_terminal_of_its_own),
		TEST(job_control_works_in_it),
		TEST(all_output_comes_out_of_its_terminal),
		TEST(the_caller_s_terminal_stays_outside),
		TEST(it_needs_nothing_of_a_spoilt_dev),
	};

	return TESTS_RUN(tests);
}
