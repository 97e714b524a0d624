/* pause and resume: every process stands still, and whatever then happens, none stays so. */
#include "lab.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LISTEN_MS = 300, LOOKS = 20 };

/* With a group of version 2 of its own, where this host has rules for devices there; or without,
 * as --privileged needs no rules: then "pause" makes one. */
static const char *const kinds[] = {"--no-tty", "--privileged"};

static struct job *start(const char *kind, const char *script)
{
	struct job *job = START_SH(NULL, script, "--name", "lab-one", kind);

	job_expect(job, "ready");
	return job;
}

#define TICKS "echo ready; while :; do echo tick; sleep 0.01; done"

static const char *ls(void)
{
	const struct result *result = RUN("ls");

	assert_status(result, 0);
	return result->out;
}

/* All that it has written is heard; then nothing comes any more. */
static void assert_stands_still(struct job *job)
{
	size_t heard;

	do {
		heard = job->out.size;
		job_listen(job, 0);
	} while (job->out.size != heard);
	job_listen(job, LISTEN_MS);
	assert_int_equal(job->out.size, heard);
	assert_has(ls(), " paused ");
}

static void assert_goes_on(struct job *job)
{
	job_listen(job, 0);
	job->out.seen = job->out.size;
	job_expect(job, "tick");
	job_expect(job, "tick");
}

static void pause_stops_all_and_resume_lets_it_go_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct job *job = start(kinds[i], TICKS);

		for (int again = 0; again < 2; again++) {
			assert_out(RUN("pause", "lab-one"), "");
			assert_out(RUN("pause", "lab-one"), "");
			assert_stands_still(job);
			assert_out(RUN("resume", "lab-one"), "");
			assert_out(RUN("resume", "lab-one"), "");
			assert_lacks(ls(), " paused ");
			assert_goes_on(job);
		}
		job_signal(job, SIGTERM);
		assert_status(job_end(job), 143);
		lab_assert_clean();
	}
}

static void a_run_that_was_not_paused_can_be_resumed(void **state)
{
	struct job *job = start("--privileged", TICKS);

	(void)state;
	assert_out(RUN("resume", "lab-one"), "");
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

/* The processes of the pid namespace that pid is in, by the group of version 2 that they are in. */
static const char *groups_of_namespace(pid_t pid)
{
	DIR *dir = opendir("/proc");
	uint64_t own = host_namespace(pid, "pid");
	struct dirent *entry;
	const char *groups = "";

	while (dir && (entry = readdir(dir))) {
		pid_t other = (pid_t)strtol(entry->d_name, NULL, 10);
		const char *text, *line;

		if (other <= 0 || host_namespace(other, "pid") != own || !host_is_running(other))
			continue;
		text = lab_read(lab_text("/proc/%d/cgroup", other));
		line = text ? strstr(text, "0::") : NULL;
		if (line)
			line = lab_text("%.*s\n", (int)strcspn(line, "\n"), line);
		if (line && !strstr(groups, line))
			groups = lab_text("%s%s", groups, line);
	}
	if (dir)
		closedir(dir);
	return groups;
}

static bool all_are_in_its_group(pid_t pid)
{
	const char *groups = groups_of_namespace(pid);

	return strcmp(strchrnul(groups, '\n'), "\n") == 0 && strstr(groups, "/ctr-lab-one\n");
}

/* All or nothing. */
static bool pause_is_done(void)
{
	const struct result *result = RUN("pause", "lab-one");

	if (result->status == 0)
		return true;
	assert_refused(result, "its processes begin and end faster than they are found; try again");
	assert_lacks(ls(), " paused ");
	return false;
}

/* Each process has a child and ends: there is always one that was not there a moment ago. */
static void what_forks_without_end_is_caught_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct job *job = start(kinds[i], "f() { f & } ; echo ready; f; f; f; f; "
						  "while :; do sleep 1; done");
		pid_t init = host_init(job);

		assert_eventually(pause_is_done());
		assert_eventually(all_are_in_its_group(init)); /* who was ending has ended */
		for (int again = 0; again < LOOKS; again++)
			assert_true(all_are_in_its_group(init));
		assert_out(RUN("kill", "lab-one", "KILL"), "");
		assert_status(job_end(job), 137);
		lab_assert_clean();
	}
}

static void a_paused_run_dies_with_its_keeper(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct job *job = start(kinds[i], TICKS);
		pid_t init = host_init(job), payload = host_payload(job);

		assert_out(RUN("pause", "lab-one"), "");
		job_signal(job, SIGKILL);
		assert_eventually(!host_is_running(init) && !host_is_running(payload));
		assert_status(job_end(job), -SIGKILL);
		assert_status(RUN("gc"), 0);
		lab_assert_clean();
	}
}

static void a_paused_run_can_be_stopped_in_its_own_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct job *job = start(kinds[i], "trap 'exit 5' TERM; " TICKS);

		assert_out(RUN("pause", "lab-one"), "");
		assert_out(RUN("stop", "lab-one"), "");
		assert_string_equal(host_leftovers(), "");
		assert_status(job_end(job), 5);
	}
}

static void a_signal_waits_until_it_goes_on_and_that_is_said(void **state)
{
	struct job *job = start("--privileged", "trap 'echo got' USR1; " TICKS);
	const struct result *result;

	(void)state;
	assert_out(RUN("pause", "lab-one"), "");
	result = RUN("kill", "lab-one", "USR1");
	assert_out(result, "");
	assert_has(result->err, "lab-one is paused: it gets the signal with ctr-setup resume");
	assert_stands_still(job);
	assert_out(RUN("resume", "lab-one"), "");
	job_expect(job, "got");
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

static void the_time_limit_holds_for_a_paused_run(void **state)
{
	struct job *job = START_SH(NULL, TICKS, "--name", "lab-one", "--privileged", "--timeout",
				   "1500ms", "--grace", "100ms");

	(void)state;
	job_expect(job, "ready");
	assert_out(RUN("pause", "lab-one"), "");
	assert_status(job_end(job), 124);
	lab_assert_clean();
}

/* The first write is the record's, the second freezes, the third moves PID 1. */
static const struct result *pause_hindered(const char *how)
{
	if (access("/usr/bin/strace", X_OK) < 0 && access("/bin/strace", X_OK) < 0)
		lab_cannot("strace is not installed");
	return job_end(START(CALL(.program = "/usr/bin/env"), "strace", "-o", lab_path("trace"),
			     "-e", "trace=write", "-e", lab_text("inject=write:%s:when=3", how),
			     getenv("CTR_SETUP"), "pause", "lab-one"));
}

/* T-FLT-9: nothing stays frozen. */
static void a_pause_that_fails_lets_all_go_on(void **state)
{
	struct job *job = start("--privileged", TICKS);

	(void)state;
	assert_refused(pause_hindered("error=EIO"),
		       "cannot write to the cgroup of lab-one: Input/output error");
	assert_has(lab_read(lab_path("trace")), "\"1\"");
	assert_lacks(ls(), " paused ");
	assert_goes_on(job);
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
	lab_assert_clean();
}

static void after_a_pause_that_was_killed_all_ways_are_open(void **state)
{
	struct job *job = start("--privileged", TICKS);

	(void)state;
	assert_status(pause_hindered("signal=KILL"), -SIGKILL);
	assert_has(ls(), " paused ");
	assert_out(RUN("resume", "lab-one"), "");
	assert_goes_on(job);
	assert_out(RUN("pause", "lab-one"), "");
	assert_stands_still(job);
	assert_out(RUN("resume", "lab-one"), "");
	assert_goes_on(job);
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
	lab_assert_clean();
	job = start("--privileged", TICKS);
	assert_status(pause_hindered("signal=KILL"), -SIGKILL);
	assert_out(RUN("stop", "lab-one"), "");
	assert_status(job_end(job), 143);
	lab_assert_clean();
}

static void see_no_version_2(const void *argument)
{
	FILE *mounts;
	char line[4096], point[4096];

	(void)argument;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(98);
	mounts = fopen("/proc/self/mounts", "re");
	while (mounts && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*s %4095s cgroup2", point) == 1 && strstr(line, " cgroup2 "))
			umount2(point, MNT_DETACH);
	fclose(mounts);
}

/* KILL would not end what version 1 has frozen. */
static void where_version_2_is_not_mounted_it_is_said_how_it_would_be(void **state)
{
	struct job *job = start("--privileged", TICKS);

	(void)state;
	assert_refused(job_end(START(CALL(.before = see_no_version_2), "pause", "lab-one")),
		       "is not mounted here (mount -t cgroup2 none DIR)");
	assert_goes_on(job);
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

/* Hosts of version 1 alone get it, among the mounts of this test. */
static const char own_mount[] = "/sys/fs/cgroup/unified";
static bool is_own;

static int group_setup(void **state)
{
	int rc = lab_group_setup(state);
	const char *mounts = lab_read("/proc/self/mounts");

	if (rc == 0 && !strstr(mounts, " cgroup2 ")) {
		rc = mkdir(own_mount, 0755);
		rc |= mount("none", own_mount, "cgroup2", 0, NULL);
		is_own = true;
	}
	return rc;
}

static int group_teardown(void **state)
{
	(void)state;
	return is_own ? umount(own_mount) | rmdir(own_mount) : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pause_stops_all_and_resume_lets_it_go_on),
		TEST(a_run_that_was_not_paused_can_be_resumed),
		TEST(what_forks_without_end_is_caught_whole),
		TEST(a_paused_run_dies_with_its_keeper),
		TEST(a_paused_run_can_be_stopped_in_its_own_way),
		TEST(a_signal_waits_until_it_goes_on_and_that_is_said),
		TEST(the_time_limit_holds_for_a_paused_run),
		TEST(a_pause_that_fails_lets_all_go_on),
		TEST(after_a_pause_that_was_killed_all_ways_are_open),
		TEST(where_version_2_is_not_mounted_it_is_said_how_it_would_be),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
