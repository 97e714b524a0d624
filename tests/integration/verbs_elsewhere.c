/* Runs that were started in another pid namespace than the verb, with the same /run: a number on
 * record is then somebody else's here. */
#include "lab.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define SCRIPT "trap 'echo hup' HUP; echo ready; while :; do read line; done"

/* unshare(1) with a /proc of the new namespace, or with the old one. */
#define NEW_PROC "--mount-proc"
#define OLD_PROC "--kill-child"

static struct job *start_inside(const char *proc, const char *script)
{
	return START(CALL(.program = "/usr/bin/unshare", .talks = true), "--pid", "--fork",
		     "--kill-child", proc, "/bin/sh", "-c", script, "sh", lab_merged());
}

static struct job *start_outside(void)
{
	struct job *job = START_SH(CALL(.talks = true), SCRIPT, "--name", "lab-outer");

	job_expect(job, "ready");
	return job;
}

/* A run in a namespace of its own, whose keeper has the stranger's number there. */
static struct job *start_twin(const struct job *stranger)
{
	struct job *job = start_inside(
		NEW_PROC, lab_text("echo %d >/proc/sys/kernel/ns_last_pid && \"$CTR_SETUP\" --name "
				   "lab-inner \"$1\" -- sh -c \"" SCRIPT "\"; exit",
				   stranger->pid - 1));

	if (access("/proc/sys/kernel/ns_last_pid", W_OK) < 0)
		lab_cannot("this kernel gives no process a number that was chosen");
	job_expect(job, "ready");
	assert_has(lab_read("/run/ctr/lab-inner/run"), lab_text("keeper %d ", stranger->pid));
	return job;
}

static void stop_ends_the_run_and_no_process_of_its_keeper_s_number(void **state)
{
	struct job *stranger = START(CALL(.program = "/bin/sleep"), "1000");
	struct job *twin = start_twin(stranger);

	(void)state;
	assert_status(RUN("stop", "lab-inner"), 0);
	job_end(twin);
	assert_false(job_has_ended(stranger));
	assert_false(is_there("/run/ctr/lab-inner"));
}

static void from_the_namespace_around_it_a_run_is_reached(void **state)
{
	struct job *stranger = START(CALL(.program = "/bin/sleep"), "1000");
	struct job *twin = start_twin(stranger);
	const struct result *result = RUN("ls");

	(void)state;
	assert_status(result, 0);
	assert_string_equal(result->err, "");
	assert_has(result->out, "lab-inner ");
	assert_lacks(result->out, lab_text(" %d  running", stranger->pid));
	assert_status(RUN("stats", "--json", "lab-inner"), 0);
	assert_out(RUN("kill", "lab-inner", "HUP"), "");
	job_expect(twin, "hup");
	assert_out(RUN("exec", "lab-inner", "echo", "inside"), "inside\n");
	assert_status(RUN("kill", "lab-inner", "KILL"), 0);
	job_end(twin);
	assert_false(job_has_ended(stranger));
}

/* Each verb, and what it says, from a namespace that the run's is not in. */
static void assert_not_reached(const char *proc)
{
	struct job *job = start_inside(
		proc, "for verb in kill stop pause resume stats; do "
		      "\"$CTR_SETUP\" $verb lab-outer; echo $verb $?; done; \"$CTR_SETUP\" ls; "
		      "echo ls $?; \"$CTR_SETUP\" gc; echo gc $?; "
		      "\"$CTR_SETUP\" exec lab-outer echo exec");
	const struct result *result = job_end(job);

	assert_status(result, 0);
	assert_has(result->out, "kill 125\nstop 125\npause 125\nresume 125\nstats 125\n");
	assert_has(result->out, "ls 0\ngc 0\nexec\n");
	assert_lacks(result->out, "lab-outer");
	assert_has(result->err, "cannot reach lab-outer: it was started in another pid namespace");
}

static void a_run_outside_of_the_namespace_is_said_and_not_touched(void **state)
{
	struct job *job = start_outside();

	(void)state;
	assert_not_reached(NEW_PROC);
	assert_not_reached(OLD_PROC);
	assert_false(job_has_ended(job));
	assert_status(RUN("stop", "lab-outer"), 0);
	job_end(job);
}

static void a_name_held_in_another_namespace_is_refused_as_such(void **state)
{
	struct job *job = start_outside();
	const struct result *result =
		job_end(start_inside(NEW_PROC, "\"$CTR_SETUP\" --name lab-outer \"$1\" -- true"));

	(void)state;
	assert_has(result->err, lab_text("held by process %d of another pid namespace", job->pid));
	job_signal(job, SIGTERM);
	job_end(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stop_ends_the_run_and_no_process_of_its_keeper_s_number),
		TEST(from_the_namespace_around_it_a_run_is_reached),
		TEST(a_run_outside_of_the_namespace_is_said_and_not_touched),
		TEST(a_name_held_in_another_namespace_is_refused_as_such),
	};

	return TESTS_RUN(tests);
}
