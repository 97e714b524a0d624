/* ctr-init as one of a shell's jobs: its payload stops, goes on and ends by the keys of the
 * terminal, and the shell sees it. As PID 1, which no shell sees, at least nothing is stranded. */
#include "init_lab.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct job *shell_start(const char *const *words)
{
	struct job *job = job_start(CALL(.terminal = true, .program = words[0]), words + 1);

	job_say(job, "PS1='pro''mpt> '; stty -echo\n");
	job_expect(job, "prompt> ");
	return job;
}

static struct job *bash_start(void)
{
	return shell_start(ARGUMENTS("/bin/bash", "--norc", "-i"));
}

/* The interactive shells that are here. */
static const char *const *const shells[] = {
	ARGUMENTS("/bin/bash", "--norc", "-i"),
	ARGUMENTS("/bin/busybox", "ash", "-i"),
	ARGUMENTS("/bin/sh", "-i"),
};

static pid_t init_of(const struct job *shell)
{
	pid_t pid = 0;

	assert_eventually((pid = host_child(shell->pid, "ctr-init")) > 0);
	return pid;
}

static void shell_exit(struct job *shell)
{
	job_say(shell, "exit 3\n");
	assert_status(job_end(shell), 3);
}

static void stop_and_go_check(const char *const *words)
{
	struct job *shell = shell_start(words);
	pid_t init, cat = 0;

	job_say(shell, "\"$CTR_INIT\" -- cat; echo status=$?\n");
	init = init_of(shell);
	assert_eventually((cat = host_child(init, "cat")) > 0);
	for (int i = 0; i < 2; i++) {
		assert_eventually(init_foreground(shell) == cat);
		job_say(shell, "words\n");
		job_expect(shell, "words");
		job_say(shell, "\032");
		assert_eventually(state_is(cat, 'T'));
		assert_eventually(state_is(init, 'T'));
		job_expect(shell, "prompt> ");
		job_say(shell, "echo sh''ell\n");
		job_expect(shell, "shell");
		job_expect(shell, "prompt> ");
		job_say(shell, "fg\n");
	}
	assert_eventually(init_foreground(shell) == cat && state_is(cat, 'S'));
	job_say(shell, "\003");
	assert_eventually(!host_is_running(init));
	job_expect(shell, "prompt> ");
	job_say(shell, "read line; echo line=$line\nwords\n");
	job_expect(shell, "line=words");
	shell_exit(shell);
}

static void it_stops_goes_on_and_ends_like_any_job(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shells); i++)
		stop_and_go_check(shells[i]);
}

static void the_shell_sees_the_status(void **state)
{
	struct job *shell = bash_start();

	(void)state;
	job_say(shell, "\"$CTR_INIT\" -- sleep 1000; echo status=$?\n");
	assert_eventually(host_child(init_of(shell), "sleep") > 0);
	job_say(shell, "\003");
	job_expect(shell, "status=130");
	job_say(shell, "\"$CTR_INIT\" -- sh -c 'exit 7'; echo status=$?\n");
	job_expect(shell, "status=7");
	shell_exit(shell);
}

static void bg_lets_it_go_on_and_fg_brings_it_back(void **state)
{
	struct job *shell = bash_start();
	pid_t init, sleeper = 0;

	(void)state;
	job_say(shell, "\"$CTR_INIT\" -- sleep 1000\n");
	init = init_of(shell);
	assert_eventually((sleeper = host_child(init, "sleep")) > 0);
	assert_eventually(init_foreground(shell) == sleeper);
	job_say(shell, "\032");
	job_expect(shell, "Stopped");
	job_say(shell, "fg\n");
	assert_eventually(init_foreground(shell) == sleeper && state_is(sleeper, 'S'));
	job_say(shell, "\032");
	job_expect(shell, "Stopped");
	job_say(shell, "bg\n");
	assert_eventually(state_is(sleeper, 'S') && state_is(init, 'S'));
	job_say(shell, "echo sh''ell\n"); /* which still has the terminal */
	job_expect(shell, "shell");
	job_say(shell, "fg\n");
	assert_eventually(init_foreground(shell) != shell->pid);
	job_say(shell, "\032"); /* typed to ctr-init, which nobody had to wake */
	job_expect(shell, "Stopped");
	job_say(shell, "fg\n");
	assert_eventually(init_foreground(shell) == sleeper);
	job_say(shell, "\003");
	assert_eventually(!host_is_running(init));
	job_expect(shell, "prompt> ");
	shell_exit(shell);
}

/* A shell does not wake a job that runs already: it is by reading that the payload shows its need.
 */
static void brought_back_while_it_runs_it_can_read_the_terminal(void **state)
{
	struct job *shell = bash_start();
	const char *go = lab_path("go");
	pid_t init;

	(void)state;
	job_say(shell, lab_text("\"$CTR_INIT\" -- sh -c 'while [ ! -e %s ]; do sleep 0.02; done;"
				" read x; echo got=$x' &\n",
				go));
	init = init_of(shell);
	job_say(shell, "fg\n");
	assert_eventually(init_foreground(shell) != shell->pid);
	lab_write(go, "", 0644);
	job_say(shell, "words\n");
	job_expect(shell, "got=words");
	assert_eventually(!host_is_running(init));
	job_expect(shell, "prompt> ");
	shell_exit(shell);
}

/* Started with "&", a reader of the terminal stops until it is in the foreground. */
static void from_the_background_it_waits_for_the_terminal(void **state)
{
	struct job *shell = bash_start();
	pid_t init, cat = 0;

	(void)state;
	job_say(shell, "\"$CTR_INIT\" -- cat &\n");
	init = init_of(shell);
	assert_eventually((cat = host_child(init, "cat")) > 0);
	assert_eventually(state_is(cat, 'T') && state_is(init, 'T'));
	job_say(shell, "echo sh''ell\n");
	job_expect(shell, "shell");
	job_say(shell, "fg\n");
	assert_eventually(init_foreground(shell) == cat && state_is(cat, 'S'));
	job_say(shell, "words\n");
	job_expect(shell, "words");
	job_say(shell, "\004");
	assert_eventually(!host_is_running(init));
	job_expect(shell, "prompt> ");
	shell_exit(shell);
}

/* With "stty tostop" a writer does, but ctr-init itself may say something at any time. */
static void from_the_background_a_writer_waits_and_ctr_init_does_not(void **state)
{
	struct job *shell = bash_start();
	pid_t init, echo;

	(void)state;
	job_say(shell, "stty tostop; \"$CTR_INIT\" -v -- sh -c 'read x; echo got $x' &\n");
	init = init_of(shell);
	assert_eventually((echo = host_child(init, "sh")) > 0);
	assert_eventually(state_is(echo, 'T') && state_is(init, 'T'));
	assert_int_equal(kill(init, SIGUSR2), 0);
	assert_int_equal(kill(init, SIGCONT), 0);
	job_expect(shell, "forwarding signal 12");
	job_expect(shell, "forwarding signal 18");
	assert_eventually(!host_is_running(init));
	job_say(shell, "echo sh''ell\n");
	job_expect(shell, "shell");
	shell_exit(shell);
}

static void a_job_in_the_background_without_the_terminal_just_runs(void **state)
{
	struct job *shell = bash_start();

	(void)state;
	job_say(shell, "\"$CTR_INIT\" -- sh -c 'echo in''side; exit 7' </dev/null & wait $!;"
		       " echo status=$?\n");
	job_expect(shell, "inside");
	job_expect(shell, "status=7");
	job_say(shell, "read line; echo line=$line\nwords\n");
	job_expect(shell, "line=words");
	shell_exit(shell);
}

/* A shell without job control takes nothing back itself. */
static void a_script_has_its_terminal_back_afterwards(void **state)
{
	struct job *job;

	(void)state;
	lab_write(lab_path("script"),
		  "\"$CTR_INIT\" -- sh -c 'read x; echo got=$x; exit 7'\necho status=$?\n"
		  "read line\necho line=$line\nexit 4\n",
		  0755);
	job = START(CALL(.terminal = true, .program = "/bin/sh"), lab_path("script"));
	job_say(job, "one\n");
	job_expect(job, "got=one");
	job_expect(job, "status=7");
	job_say(job, "two\n");
	job_expect(job, "line=two");
	assert_status(job_end(job), 4);
}

/* It may read and write the terminal: it is in the foreground when ctr-init is. */
static void the_payload_is_in_the_foreground_from_its_start_on(void **state)
{
	struct job *shell = bash_start();

	(void)state;
	job_say(shell, "stty tostop\n");
	job_expect(shell, "prompt> ");
	for (int i = 0; i < 20; i++) {
		job_say(shell,
			lab_text("\"$CTR_INIT\" -- sh -c 'stty -a >/dev/null; echo r$1' - %d\n",
				 i));
		job_expect(shell, lab_text("r%d", i));
		job_expect(shell, "prompt> ");
	}
	shell_exit(shell);
}

static void as_pid_1_of_no_session_of_its_own_ctrl_z_strands_nothing(void **state)
{
	struct job *shell = bash_start();

	(void)state;
	job_say(shell, "unshare -fp --mount-proc \"$CTR_INIT\" -- cat; echo status=$?\n");
	job_say(shell, "one\n");
	job_expect(shell, "one\r\n");
	job_say(shell, "\032");
	job_say(shell, "two\n");
	job_expect(shell, "two\r\n");
	job_say(shell, "\003");
	job_expect(shell, "status=130");
	shell_exit(shell);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_stops_goes_on_and_ends_like_any_job),
		TEST(the_shell_sees_the_status),
		TEST(bg_lets_it_go_on_and_fg_brings_it_back),
		TEST(brought_back_while_it_runs_it_can_read_the_terminal),
		TEST(from_the_background_it_waits_for_the_terminal),
		TEST(from_the_background_a_writer_waits_and_ctr_init_does_not),
		TEST(a_job_in_the_background_without_the_terminal_just_runs),
		TEST(a_script_has_its_terminal_back_afterwards),
		TEST(the_payload_is_in_the_foreground_from_its_start_on),
		TEST(as_pid_1_of_no_session_of_its_own_ctrl_z_strands_nothing),
	};

	return INIT_TESTS_RUN(tests);
}
