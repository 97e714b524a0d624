/* What killed runs left behind, however strange their payloads made it, is removed, and stops no
 * other run. */
#include "lab.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The container's own groups, where they can be written to. */
#define GROUP_MOUNT                                                                                \
	"mkdir -p /cg; mount -t cgroup -o pids none /cg 2>&- || mount -t cgroup2 none /cg; cd "    \
	"/cg; "

/* Starts a run whose payload does this, then kills its keeper and waits for the container's end. */
static void leave(const char *script)
{
	struct job *job = START_SH(CALL(.talks = true), lab_text("%secho ready; read line", script),
				   "--name", "lab-dead", "--privileged", "--pids", "100");
	pid_t init;

	job_expect(job, "ready");
	init = host_init(job);
	job_signal(job, SIGKILL);
	assert_eventually(!host_is_running(init));
	job_end(job);
}

/* --- groups inside the run's own */

static const char *deep_tree(int levels)
{
	return lab_text(GROUP_MOUNT "i=0; while [ $i -lt %d ]; do mkdir a || exit; cd a || exit; "
				    "i=$((i + 1)); done; ",
			levels);
}

static void a_deep_tree_does_not_stop_the_next_start(void **state)
{
	(void)state;
	group_needed("pids");
	leave(deep_tree(2040));
	assert_out(RUN_SH("echo ran"), "ran\n");
	lab_assert_clean();
}

static void few_descriptors_are_enough_for_a_deep_tree(void **state)
{
	(void)state;
	group_needed("pids");
	leave(deep_tree(1200));
	assert_status(job_end(START(CALL(.program = "/bin/sh"), "-c",
				    "ulimit -n 16; exec \"$CTR_SETUP\" gc")),
		      0);
	lab_assert_clean();
}

static void a_wide_tree_with_groups_in_each_goes_in_one_gc(void **state)
{
	(void)state;
	group_needed("pids");
	leave(GROUP_MOUNT "i=0; while [ $i -lt 300 ]; do mkdir -p g$i/a/b g$i/c || exit; "
			  "i=$((i + 1)); done; ");
	assert_status(RUN("gc"), 0);
	lab_assert_clean();
}

static void without_cgroups(const void *unused)
{
	(void)unused;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    umount2("/sys/fs/cgroup", MNT_DETACH) < 0)
		_exit(99);
}

static void where_no_cgroups_are_mounted_a_record_is_kept(void **state)
{
	const struct result *result;

	(void)state;
	group_needed("pids");
	leave("");
	result = job_end(START(CALL(.before = without_cgroups), "gc"));
	assert_status(result, 0);
	assert_has(result->err, "cannot remove the cgroup ");
	assert_has(result->err, "0 dead runs cleaned away");
	assert_true(is_there("/run/ctr/lab-dead/run"));
	result = RUN("gc");
	assert_has(result->err, "1 dead run cleaned away");
	lab_assert_clean();
}

/* --- what is no record */

/* In the state directory: of every kind of file one, and records that are none. */
static void strange_entries_make(void)
{
	static char huge[300000];

	mkdir("/run/ctr", 0700);
	assert_int_equal(mkfifo("/run/ctr/lab-fifo", 0600), 0);
	lab_write("/run/ctr/lab-file", "x", 0600);
	assert_int_equal(symlink("/nowhere", "/run/ctr/lab-link"), 0);
	assert_int_equal(symlink("/run", "/run/ctr/lab-link-to-directory"), 0);
	assert_int_equal(mkdir("/run/ctr/lab-record-is-fifo", 0700), 0);
	assert_int_equal(mkfifo("/run/ctr/lab-record-is-fifo/run", 0600), 0);
	assert_int_equal(mkdir("/run/ctr/lab-record-is-directory", 0700), 0);
	assert_int_equal(mkdir("/run/ctr/lab-record-is-directory/run", 0700), 0);
	assert_int_equal(mkdir("/run/ctr/lab-of-others", 0700), 0);
	lab_write("/run/ctr/lab-of-others/run",
		  lab_text("keeper 1 1\ncgroup %s\nnest %s\n", lab_path("mine"), lab_path("mine")),
		  0600);
	assert_int_equal(mkdir(lab_path("mine"), 0700), 0);
	memset(huge, 'x', sizeof(huge) - 1);
	assert_int_equal(mkdir("/run/ctr/lab-huge", 0700), 0);
	lab_write("/run/ctr/lab-huge/run", huge, 0600);
}

static void strange_entries_remove(void)
{
	assert_int_equal(system("cd /run/ctr && rm -r lab-fifo lab-file lab-link* lab-record-* "
				"lab-of-others"),
			 0);
}

static void assert_passed_over(const char *errors)
{
	static const char *const lines[] = {
		"passed over /run/ctr/lab-fifo, which is no run's",
		"passed over /run/ctr/lab-file, which is no run's",
		"passed over /run/ctr/lab-link, which is no run's",
		"passed over /run/ctr/lab-link-to-directory, which is no run's",
		"cannot read what the dead run at /run/ctr/lab-record-is-fifo had",
		"cannot read what the dead run at /run/ctr/lab-record-is-directory had",
		"/mine of a dead run: No such file or directory",
	};

	for (size_t i = 0; i < COUNT(lines); i++)
		assert_has(errors, lines[i]);
}

static void what_is_no_record_is_said_and_stops_no_run(void **state)
{
	const struct result *result;

	(void)state;
	strange_entries_make();
	result = RUN_SH("echo ran", "--name", "lab-one");
	assert_out(result, "ran\n");
	assert_passed_over(result->err);
	result = RUN("gc");
	assert_status(result, 0);
	assert_passed_over(result->err);
	assert_false(is_there("/run/ctr/lab-huge"));
	assert_true(is_there(lab_path("mine")));
	strange_entries_remove();
}

static void no_verb_waits_for_what_is_no_record(void **state)
{
	static const char *const verbs[] = {"kill", "stop", "pause", "resume", "stats", "diff"};
	static const char *const names[] = {"lab-fifo", "lab-link-to-directory",
					    "lab-record-is-fifo", "lab-record-is-directory",
					    "lab-huge"};
	struct job *job =
		START_SH(CALL(.talks = true), "echo ready; read line", "--name", "lab-one");
	const struct result *result;

	(void)state;
	job_expect(job, "ready");
	strange_entries_make();
	for (size_t i = 0; i < COUNT(names); i++) {
		for (size_t k = 0; k < COUNT(verbs); k++)
			assert_refused(RUN(verbs[k], names[i]), lab_text("called %s", names[i]));
		assert_refused(RUN("exec", names[i], "true"), names[i]);
	}
	result = RUN("ls");
	assert_status(result, 0);
	assert_has(result->out, "lab-one ");
	job_close_input(job);
	job_end(job);
	assert_status(RUN("gc"), 0);
	strange_entries_remove();
}

/* The keeper lives, but its record is another file by now. */
static void a_living_run_without_its_record_is_said(void **state)
{
	struct job *job =
		START_SH(CALL(.talks = true), "echo ready; read line", "--name", "lab-one");
	const struct result *result;

	(void)state;
	job_expect(job, "ready");
	lab_write("/run/ctr/lab-one/run", "keeper of the keys\n", 0600);
	result = RUN("ls");
	assert_status(result, 0);
	assert_has(result->err, "cannot reach lab-one: its record cannot be read: Bad message");
	assert_refused(RUN("kill", "lab-one"), "cannot reach lab-one: its record cannot be read");
	job_close_input(job);
	job_end(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_deep_tree_does_not_stop_the_next_start),
		TEST(few_descriptors_are_enough_for_a_deep_tree),
		TEST(a_wide_tree_with_groups_in_each_goes_in_one_gc),
		TEST(where_no_cgroups_are_mounted_a_record_is_kept),
		TEST(what_is_no_record_is_said_and_stops_no_run),
		TEST(no_verb_waits_for_what_is_no_record),
		TEST(a_living_run_without_its_record_is_said),
	};

	return TESTS_RUN(tests);
}
