/* Limits of who is not root, in a cgroup v2 group that was delegated to him. For hosts that have
 * memory, pids, cpu and cpuset in version 2, and these tests in a group that can hand them on. */
#include "lab_user.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char above[4096], group[4096 + 16]; /* root's, and in it the user's */

static bool is_written(const char *path, const char *text)
{
	FILE *to = fopen(path, "we");
	bool is_good = to && fputs(text, to) >= 0;

	return to && fclose(to) == 0 && is_good;
}

static int delegated_setup(void **state)
{
	static const char *const given[] = {"", "/cgroup.procs", "/cgroup.subtree_control"};
	const char *own;
	int version, rc = user_setup(state);

	if (rc != 0)
		return rc;
	own = group_of(getpid(), "memory", &version);
	if (!own || version != 2 ||
	    !is_written(lab_text("%s/cgroup.subtree_control", own), "+cpu +cpuset +memory +pids"))
		return 0; /* delegated_needed() says so */
	snprintf(above, sizeof(above), "%s", own);
	if (above[strlen(above) - 1] == '/')
		above[strlen(above) - 1] = '\0';
	snprintf(group, sizeof(group), "%s/lab-%d", above, getpid());
	rc = mkdir(group, 0755);
	for (size_t i = 0; i < COUNT(given); i++)
		rc |= chown(lab_text("%s%s", group, given[i]), USER, USER);
	return rc;
}

static void delegated_needed(void)
{
	if (!*group)
		lab_cannot(
			"this host has no cgroup v2 group here that can hand on all controllers");
}

/* Groups in it, and what it hands on: nothing of that is to be left. */
static const char *group_contents(void)
{
	DIR *dir = opendir(group);
	struct dirent *entry;
	const char *text = lab_read(lab_text("%s/cgroup.subtree_control", group));

	text = text ? lab_text("%.*s", (int)strcspn(text, "\n"), text) : "";
	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			text = lab_text("%s%s ", text, entry->d_name);
	if (dir)
		closedir(dir);
	return text;
}

static int delegated_teardown(void **state)
{
	int rc = 0;

	jobs_kill();
	if (*group_contents()) {
		print_error("left in %s: %s\n", group, group_contents());
		(void)!system(lab_text("echo 1 >%s/cgroup.kill; rmdir %s/*/", group, group));
		rc = -1;
	}
	rc |= lab_teardown(state);
	if (*group)
		rc |= rmdir(group);
	*group = '\0';
	return rc;
}

static void group_enter(const char *directory)
{
	if (!is_written(lab_text("%s/cgroup.procs", directory), "0"))
		_exit(98);
}

/* For a job's "before". */
static void enter_as_user(const void *argument)
{
	group_enter(argument);
	become_user(RANGE);
}

static void enter_as_root(const void *argument)
{
	group_enter(argument);
}

#define CALL_IN(directory, ...)                                                                    \
	CALL(.program = user_program, .before = enter_as_user, .argument = (directory),            \
	     .environment = user_environment, __VA_ARGS__)
#define THERE_CALL(...) CALL_IN(group, __VA_ARGS__)
#define THERE_RUN(script, ...)                                                                     \
	job_end(START(THERE_CALL(), __VA_ARGS__, lab_merged(), "--", "sh", "-c", script))

static struct job *sleeper_start(const struct call *call, const char *option, const char *value)
{
	struct job *job = START(call, option, value, "--name", "box", lab_merged(), "--", "sh",
				"-c", "cat /proc/self/cgroup; echo ready; cat");

	job_expect(job, "ready");
	return job;
}

static void assert_value(const struct job *job, const char *file, const char *wanted)
{
	const char *got = group_read(host_payload(job), "memory", "-", file);

	assert_non_null(got);
	assert_string_equal(got, wanted);
}

static void limits_hold_in_a_group_of_the_user_s(void **state)
{
	struct job *job;
	int version;

	(void)state;
	delegated_needed();
	job = START(THERE_CALL(.talks = true), "--cpu", "20", "--cpu-weight", "50", "--cpuset", "0",
		    "--mem", "64M", "--pids", "20", "--name", "box", lab_merged(), "--", "sh", "-c",
		    "cat /proc/self/cgroup; echo ready; cat");
	job_expect(job, "0::/\n");
	job_expect(job, "ready");
	assert_string_equal(group_of(host_payload(job), "memory", &version),
			    lab_text("%s/ctr-box/container", group));
	assert_string_equal(group_of(host_init(job), "memory", &version),
			    lab_text("%s/ctr-box/container", group));
	assert_string_equal(group_of(job->pid, "memory", &version),
			    lab_text("%s/ctr-box/keeper", group));
	assert_value(job, "cpu.max", "20000 100000");
	assert_value(job, "cpu.weight", "50");
	assert_value(job, "cpuset.cpus.effective", "0");
	assert_value(job, "memory.max", "67108864");
	assert_value(job, "memory.swap.max", "0");
	assert_value(job, "pids.max", "20");
	assert_status(job_end(job), 0);
	assert_string_equal(group_contents(), "");
}

static void limits_that_hurt_are_said(void **state)
{
	const struct result *result;

	(void)state;
	delegated_needed();
	result = THERE_RUN("tail /dev/zero; echo $?", "--mem", "30M");
	assert_out(result, "137\n");
	assert_has(result->err, "ctr-setup: memory limit 30M reached: 1 process killed");
	assert_has(result->err, "peak 30M\n");
	result = THERE_RUN("exec probe forks 100", "--pids", "10");
	assert_out(result, "8 made\n");
	assert_has(result->err, "pids limit 10 reached: 1 fork refused, peak 10");
	result = THERE_RUN("exec timeout 3 sh -c 'while :; do :; done'", "--cpu", "20");
	assert_has(result->err, "cpu limit 20% reached: held back in ");
}

static void a_signal_ends_it_and_nothing_is_left(void **state)
{
	struct job *job;

	(void)state;
	delegated_needed();
	job = sleeper_start(THERE_CALL(.talks = true), "--mem", "64M");
	job_signal(job, SIGTERM);
	assert_eventually(job_has_ended(job));
	assert_status(job_end(job), 143);
	assert_string_equal(group_contents(), "");
}

static void a_start_that_fails_leaves_nothing(void **state)
{
	(void)state;
	delegated_needed();
	/* when the group is there, */
	assert_refused(THERE_RUN("true", "--mem", "64M", "--cpuset", "1000"), "cpuset");
	assert_string_equal(group_contents(), "");
	/* and when the container is. */
	assert_int_equal(
		job_end(START(THERE_CALL(), "--mem", "64M", lab_merged(), "--", "nothing"))->status,
		127);
	assert_string_equal(group_contents(), "");
}

static void killed_in(const struct call *call, const char *option, const char *value)
{
	struct job *job = sleeper_start(call, option, value);
	pid_t init = host_init(job);

	job_signal(job, SIGKILL);
	assert_eventually(!host_is_running(init));
	job_end(job);
	assert_has(group_contents(), "ctr-box");
}

static void a_killed_keeper_leaves_what_gc_takes(void **state)
{
	(void)state;
	delegated_needed();
	killed_in(THERE_CALL(.talks = true), "--mem", "64M");
	assert_has(job_end(START(USER_CALL(), "gc"))->err, "1 dead run cleaned away");
	assert_string_equal(group_contents(), "");
	assert_status(THERE_RUN("true", "--mem", "64M"), 0);
}

static void a_killed_keeper_leaves_what_the_next_start_takes(void **state)
{
	(void)state;
	delegated_needed();
	killed_in(THERE_CALL(.talks = true), "--mem", "64M");
	assert_status(USER_RUN("true"), 0);
	assert_string_equal(group_contents(), "");
}

static void a_keeper_killed_at_any_moment_leaves_what_gc_takes(void **state)
{
	enum { KILLS = 40 };
	int64_t began = lab_now_us();
	long span;

	(void)state;
	delegated_needed();
	assert_status(THERE_RUN("true", "--cpu", "50", "--mem", "64M"), 0);
	span = (long)(lab_now_us() - began) * 3 / 2;
	for (int i = 0; i < KILLS; i++) {
		struct job *job = START(THERE_CALL(), "--cpu", "50", "--mem", "64M", lab_merged(),
					"--", "sleep", "1000");

		lab_sleep_us(span * i / KILLS + random() % 200);
		job_signal(job, SIGKILL);
		job_end(job);
		lab_assert_no_process();
		assert_status(job_end(START(USER_CALL(), "gc")), 0);
		assert_string_equal(group_contents(), "");
	}
}

/* A group that hands on no more than pids can be entered all the same, and is a threaded one then.
 */
static void where_a_dead_run_left_a_threaded_group_gc_is_named(void **state)
{
	(void)state;
	delegated_needed();
	killed_in(THERE_CALL(.talks = true), "--pids", "20");
	assert_refused(THERE_RUN("true", "--pids", "20"), "ctr-setup gc helps");
	assert_status(job_end(START(USER_CALL(), "gc")), 0);
	assert_status(THERE_RUN("true", "--pids", "20"), 0);
}

static void with_another_process_in_the_group_it_is_refused_with_the_way_out(void **state)
{
	struct job *other;

	(void)state;
	delegated_needed();
	other = START(CALL(.program = "/bin/sh", .before = enter_as_root, .argument = group,
			   .talks = true),
		      "-c", "echo there; read line");
	job_expect(other, "there");
	assert_refused(THERE_RUN("true", "--mem", "64M"),
		       "it has other processes than ctr-setup; run ctr-setup itself in a group of "
		       "its own, as by systemd-run --user --scope -p Delegate=yes ctr-setup");
	assert_status(THERE_RUN("true", "--ephemeral"), 0); /* no limit, no need */
	job_say(other, "\n");
	assert_status(job_end(other), 0);
}

static void a_group_that_is_not_the_user_s_is_refused(void **state)
{
	(void)state;
	delegated_needed();
	assert_int_equal(chown(lab_text("%s/cgroup.subtree_control", group), 0, 0), 0);
	assert_refused(THERE_RUN("true", "--mem", "64M"),
		       "limits need root, or a cgroup that is yours");
	assert_refused(USER_RUN("true", "--mem", "64M"),
		       "limits need root, or a cgroup that is yours");
}

/* A group of the user's that hands on, above one that is shared: as systemd has it for his units.
 */
static void a_group_above_that_is_the_user_s_and_hands_on_is_used(void **state)
{
	const char *inner;
	struct job *job;
	int version;

	(void)state;
	delegated_needed();
	inner = lab_text("%s/inner", group);
	assert_int_equal(mkdir(inner, 0755), 0);
	assert_true(is_written(lab_text("%s/cgroup.subtree_control", group), "+memory"));
	job = sleeper_start(CALL_IN(inner, .talks = true), "--mem", "64M");
	assert_string_equal(group_of(host_payload(job), "memory", &version),
			    lab_text("%s/ctr-box", group));
	assert_string_equal(group_of(job->pid, "memory", &version), inner);
	assert_status(job_end(job), 0);
	assert_string_equal(group_contents(), "memoryinner ");
	assert_int_equal(rmdir(inner), 0);
	assert_true(is_written(lab_text("%s/cgroup.subtree_control", group), "-memory"));
}

/* As systemd does on a reload, with groups that it was not told to keep its hands off. */
static void nobody_takes_the_limits_away(void **state)
{
	struct job *job;

	(void)state;
	delegated_needed();
	job = sleeper_start(THERE_CALL(.talks = true), "--mem", "64M");
	assert_false(is_written(lab_text("%s/cgroup.subtree_control", group), "-memory"));
	assert_false(is_written(lab_text("%s/cgroup.subtree_control", above), "-memory"));
	assert_value(job, "memory.max", "67108864");
	assert_status(job_end(job), 0);
}

static void root_nests_in_its_own_group_too(void **state)
{
	struct job *job;
	int version;

	(void)state;
	delegated_needed();
	job = sleeper_start(CALL(.before = enter_as_root, .argument = group, .talks = true),
			    "--mem", "64M");
	assert_string_equal(group_of(host_payload(job), "memory", &version),
			    lab_text("%s/ctr-box/container", group));
	assert_status(job_end(job), 0);
	assert_string_equal(group_contents(), "");
}

#define DELEGATED_TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, delegated_setup, delegated_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DELEGATED_TEST(limits_hold_in_a_group_of_the_user_s),
		DELEGATED_TEST(limits_that_hurt_are_said),
		DELEGATED_TEST(a_signal_ends_it_and_nothing_is_left),
		DELEGATED_TEST(a_start_that_fails_leaves_nothing),
		DELEGATED_TEST(a_killed_keeper_leaves_what_gc_takes),
		DELEGATED_TEST(a_killed_keeper_leaves_what_the_next_start_takes),
		DELEGATED_TEST(a_keeper_killed_at_any_moment_leaves_what_gc_takes),
		DELEGATED_TEST(where_a_dead_run_left_a_threaded_group_gc_is_named),
		DELEGATED_TEST(with_another_process_in_the_group_it_is_refused_with_the_way_out),
		DELEGATED_TEST(a_group_that_is_not_the_user_s_is_refused),
		DELEGATED_TEST(a_group_above_that_is_the_user_s_and_hands_on_is_used),
		DELEGATED_TEST(nobody_takes_the_limits_away),
		DELEGATED_TEST(root_nests_in_its_own_group_too),
	};

	return TESTS_RUN(tests);
}
