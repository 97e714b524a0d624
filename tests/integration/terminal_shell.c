/* The terminal of a calling shell with job control: its own again after the run, and ctr-setup one
 * of its jobs meanwhile. */
#include "lab.h"

#include <signal.h>
#include <unistd.h>

static struct job *shell_start(void)
{
	struct job *job = START(CALL(.terminal = true, .program = "/bin/bash"), "--norc", "-i");

	job_say(job, "PS1='pro''mpt> '; stty -echo\n");
	job_expect(job, "prompt> ");
	return job;
}

/* The line that the shell is told to run ctr-setup by, its echo turned off. */
static const char *command_line(const char *script)
{
	return lab_text("\"$CTR_SETUP\" %s -- sh -c '%s'", lab_merged(), script);
}

static void a_calling_shell_can_read_a_line_afterwards(void **state)
{
	struct job *shell = shell_start();

	(void)state;
	job_say(shell, lab_text("%s; echo status=$?; read line; echo \"line=$line\"\n",
				command_line("exit 7")));
	job_expect(shell, "status=7");
	job_say(shell, "words\n");
	job_expect(shell, "line=words");
	job_say(shell, "exit 3\n");
	assert_status(job_end(shell), 3);
}

static void a_calling_script_with_job_control_is_not_stopped_afterwards(void **state)
{
	struct job *job;

	(void)state;
	lab_write(lab_path("script"),
		  lab_text("set -m\n%s\necho status=$?\nread line\necho \"line=$line\"\nexit 4\n",
			   command_line("echo inside; exit 7")),
		  0755);
	job = START(CALL(.terminal = true, .program = "/bin/bash"), lab_path("script"));
	job_expect(job, "inside");
	job_expect(job, "status=7");
	job_say(job, "words\n");
	job_expect(job, "line=words");
	assert_status(job_end(job), 4);
}

static void tstp_stops_ctr_setup_as_a_job_and_fg_goes_on_with_it(void **state)
{
	struct job *shell = shell_start();
	pid_t pid = 0;

	(void)state;
	job_say(shell, lab_text("%s\n", command_line("echo ready; read x; echo got=$x; read x")));
	job_expect(shell, "ready");
	assert_eventually((pid = host_child(shell->pid, "ctr-setup")) > 0);
	assert_int_equal(kill(pid, SIGTSTP), 0);
	job_expect(shell, "Stopped");
	job_expect(shell, "prompt> ");
	job_say(shell, "echo sh''ell\n");
	job_expect(shell, "shell");
	job_say(shell, "fg\n");
	job_expect(shell, "CTR_SETUP"); /* the shell says what it goes on with */
	assert_eventually(job_is_raw(shell));
	job_say(shell, "words\n");
	job_expect(shell, "got=words");
	job_say(shell, "\n");
	job_expect(shell, "prompt> ");
	job_say(shell, "exit 0\n");
	assert_status(job_end(shell), 0);
}

static void a_background_start_runs_and_fg_gives_it_the_terminal(void **state)
{
	struct job *shell = shell_start();
	pid_t pid = 0;

	(void)state;
	job_say(shell, lab_text("%s &\n", command_line("echo ru\"\"ns; read x; echo got=$x")));
	assert_eventually((pid = host_child(shell->pid, "ctr-setup")) > 0);
	job_expect(shell, "runs");
	job_say(shell, "echo sh''ell\n"); /* what is typed is the shell's */
	job_expect(shell, "shell");
	assert_true(*host_status(pid, "State:") != 'T');
	job_say(shell, "fg\n");
	assert_eventually(job_is_raw(shell) && *host_status(pid, "State:") != 'T');
	job_say(shell, "words\n");
	job_expect(shell, "got=words");
	job_expect(shell, "prompt> ");
	job_say(shell, "exit 0\n");
	assert_status(job_end(shell), 0);
}

static void bg_lets_a_stopped_job_run_on(void **state)
{
	struct job *shell = shell_start();
	pid_t pid = 0;

	(void)state;
	job_say(shell, lab_text("%s\n", command_line("trap \"exit 0\" USR1; echo ready; "
						     "while :; do sleep 0.1; done")));
	job_expect(shell, "ready");
	assert_eventually((pid = host_child(shell->pid, "ctr-setup")) > 0);
	assert_int_equal(kill(pid, SIGTSTP), 0);
	job_expect(shell, "prompt> ");
	job_say(shell, "bg\n");
	assert_eventually(*host_status(pid, "State:") != 'T');
	assert_int_equal(kill(pid, SIGUSR1), 0);
	job_say(shell, "wait; echo o''ver\n");
	job_expect(shell, "over");
	job_say(shell, "exit 0\n");
	assert_status(job_end(shell), 0);
}

static void the_escape_brings_the_caller_s_shell_back(void **state)
{
	struct job *shell = shell_start();
	pid_t pid = 0, payload = 0;

	(void)state;
	job_say(shell, lab_text("\"$CTR_SETUP\" %s sleep 1000\n", lab_merged()));
	assert_eventually((pid = host_child(shell->pid, "ctr-setup")) > 0);
	assert_eventually((payload = host_child(host_child(pid, "ctr-init"), "sleep")) > 0);
	assert_eventually(job_is_raw(shell));
	job_say(shell, "\032\035\035x\035\035\035");
	job_expect(shell, "Stopped");
	job_expect(shell, "prompt> ");
	assert_eventually(*host_status(payload, "State:") == 'T');
	job_say(shell, "fg\n");
	assert_eventually(job_is_raw(shell) && *host_status(pid, "State:") != 'T' &&
			  *host_status(payload, "State:") != 'T');
	job_say(shell, "\003");
	job_expect(shell, "prompt> ");
	job_say(shell, "exit 0\n");
	assert_status(job_end(shell), 0);
}

static void a_background_start_without_the_terminal_just_runs(void **state)
{
	struct job *shell = shell_start();

	(void)state;
	job_say(shell, lab_text("%s </dev/null & wait $!; echo status=$?\n",
				command_line("echo inside; exit 7")));
	job_expect(shell, "inside");
	job_expect(shell, "status=7");
	job_say(shell, "read line; echo \"line=$line\"\nwords\n");
	job_expect(shell, "line=words");
	job_say(shell, "exit 0\n");
	assert_status(job_end(shell), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_calling_shell_can_read_a_line_afterwards),
		TEST(a_calling_script_with_job_control_is_not_stopped_afterwards),
		TEST(tstp_stops_ctr_setup_as_a_job_and_fg_goes_on_with_it),
		TEST(a_background_start_runs_and_fg_gives_it_the_terminal),
		TEST(bg_lets_a_stopped_job_run_on),
		TEST(the_escape_brings_the_caller_s_shell_back),
		TEST(a_background_start_without_the_terminal_just_runs),
	};

	return TESTS_RUN(tests);
}
