/* What killed runs left behind, however strange their payloads made it, is removed, and stops no
 * other run. */
#include "lab.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
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
				    "ulimit -n 64; exec \"$CTR_SETUP\" gc")),
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_deep_tree_does_not_stop_the_next_start),
		TEST(few_descriptors_are_enough_for_a_deep_tree),
		TEST(a_wide_tree_with_groups_in_each_goes_in_one_gc),
		TEST(where_no_cgroups_are_mounted_a_record_is_kept),
	};

	return TESTS_RUN(tests);
}
