/* Limits: in force before the payload's first instruction, kept, said when they hurt, and refused
 * where they cannot be. Group files are found through the container's own processes, so that the
 * same tests hold on cgroup v1, v2 and mixes. */
#include "lab.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void assert_group_file(pid_t pid, const char *controller, const char *v1, const char *v2,
			      const char *wanted_v1, const char *wanted_v2)
{
	int version;
	const char *directory = group_of(pid, controller, &version);
	const char *text = group_read(pid, controller, v1, v2);

	assert_non_null(directory);
	assert_non_null(strstr(directory, "/ctr-"));
	assert_non_null(text);
	assert_string_equal(text, version == 1 ? wanted_v1 : wanted_v2);
}

static struct job *start_sleeper(void)
{
	struct job *job = START_SH(CALL(.talks = true), "echo ready; cat", "--cpu", "10", "--mem",
				   "500M", "--pids", "33");

	job_expect(job, "ready");
	return job;
}

static void the_limits_of_the_main_job_stand_in_the_host_s_group_files(void **state)
{
	struct job *job;
	pid_t payload;

	(void)state;
	group_needed("cpu");
	group_needed("memory");
	group_needed("pids");
	job = start_sleeper();
	payload = host_payload(job);
	assert_group_file(payload, "cpu", "cpu.cfs_quota_us", "cpu.max", "10000", "10000 100000");
	assert_group_file(payload, "cpu", "cpu.cfs_period_us", "cpu.max", "100000", "10000 100000");
	assert_group_file(payload, "memory", "memory.limit_in_bytes", "memory.max", "524288000",
			  "524288000");
	assert_group_file(payload, "pids", "pids.max", "pids.max", "33", "33");
	assert_group_file(host_init(job), "memory", "memory.limit_in_bytes", "memory.max",
			  "524288000", "524288000");
	assert_status(job_end(job), 0);
}

static void swap_is_off_with_a_memory_limit(void **state)
{
	struct job *job;
	const char *text;

	(void)state;
	group_needed("memory");
	job = start_sleeper();
	text = group_read(host_payload(job), "memory", "memory.memsw.limit_in_bytes",
			  "memory.swap.max");
	if (!text)
		text = group_read(host_payload(job), "memory", "memory.swappiness", "-");
	if (!text)
		lab_cannot("this host does not count swap");
	assert_true(strcmp(text, "0") == 0 || strcmp(text, "524288000") == 0);
	assert_status(job_end(job), 0);
}

static void the_keeper_stays_outside_the_limits(void **state)
{
	struct job *job;
	int version;

	(void)state;
	group_needed("memory");
	job = start_sleeper();
	assert_lacks(group_of(job->pid, "memory", &version), "/ctr-");
	assert_string_equal(group_of(job->pid, "memory", &version),
			    group_of(getpid(), "memory", &version));
	assert_status(job_end(job), 0);
}

/* A hook runs when PID 1 is there and the payload is not: nobody has executed a thing by then. */
static void limits_are_in_force_before_the_payload_s_first_instruction(void **state)
{
	struct job *job;
	pid_t init;

	(void)state;
	group_needed("cpu");
	group_needed("memory");
	assert_int_equal(mkfifo(lab_path("gate"), 0600), 0);
	lab_write(lab_path("hook"),
		  lab_text("#!/bin/sh\necho waiting >&2\nread go <%s\n", lab_path("gate")), 0755);
	job = START_SH(NULL, "echo began", "--cpu", "10", "--mem", "500M", "--hook",
		       lab_path("hook"));
	job_expect_error(job, "waiting");
	init = host_init(job);
	assert_group_file(init, "cpu", "cpu.cfs_quota_us", "cpu.max", "10000", "10000 100000");
	assert_group_file(init, "memory", "memory.limit_in_bytes", "memory.max", "524288000",
			  "524288000");
	job_listen(job, 0);
	assert_int_equal(job->out.size, 0);
	lab_write(lab_path("gate"), "go\n", 0600);
	assert_out(job_end(job), "began\n");
}

/* --- cpu */

static uint64_t cpu_used_us(pid_t pid)
{
	int version;
	const char *directory = group_of(pid, "cpuacct", &version);
	const char *text;

	if (directory && version == 1 && strstr(directory, "/ctr-"))
		return strtoull(lab_read(lab_text("%s/cpuacct.usage", directory)), NULL, 10) / 1000;
	directory = group_of(pid, "cpu", &version);
	text = version == 2 ? lab_read(lab_text("%s/cpu.stat", directory)) : NULL;
	if (text)
		return strtoull(strstr(text, "usage_usec") + 11, NULL, 10);
	/* utime and stime of proc(5), counted behind the name, which may hold anything */
	text = strrchr(lab_read(lab_text("/proc/%d/stat", pid)), ')');
	for (int field = 2; field < 14; field++)
		text = strchr(text + 1, ' ');
	return (strtoull(text, NULL, 10) + strtoull(strchr(text + 1, ' '), NULL, 10)) * 1000000 /
	       (uint64_t)sysconf(_SC_CLK_TCK);
}

static double busy_percent(const char *cpu, int seconds, const struct result **result)
{
	struct job *job =
		START_SH(NULL, "trap 'exit 0' TERM; echo ready; while :; do :; done", "--cpu", cpu);
	int64_t began;
	uint64_t used;
	double percent;
	pid_t payload;

	job_expect(job, "ready");
	payload = host_payload(job);
	job_listen(job, 500); /* the first period is given whole */
	began = lab_now_us();
	used = cpu_used_us(payload);
	while (lab_now_us() - began < (int64_t)seconds * 1000000)
		job_listen(job, 100);
	percent = (double)(cpu_used_us(payload) - used) * 100 / (double)(lab_now_us() - began);
	job_signal(job, SIGTERM);
	*result = job_end(job);
	print_message("a busy loop under --cpu %s had %.2f %%\n", cpu, percent);
	return percent;
}

static void a_busy_loop_gets_ten_percent_of_a_cpu_as_seen_from_the_host(void **state)
{
	const struct result *result;
	double percent;

	(void)state;
	group_needed("cpu");
	percent = busy_percent("10", 6, &result);
	assert_true(percent > 8 && percent < 12);
	assert_status(result, 0);
	assert_has(result->err, "cpu limit 10% reached: held back in ");
}

static void a_busy_loop_gets_a_third_of_a_cpu_when_told_so(void **state)
{
	const struct result *result;
	double percent;

	(void)state;
	group_needed("cpu");
	percent = busy_percent("33.5", 4, &result);
	assert_true(percent > 31.5 && percent < 35.5);
}

static void more_than_one_cpu_can_be_given(void **state)
{
	struct job *job;

	(void)state;
	group_needed("cpu");
	job = START_SH(CALL(.talks = true), "echo ready; cat", "--cpu", "150");
	job_expect(job, "ready");
	assert_group_file(host_payload(job), "cpu", "cpu.cfs_quota_us", "cpu.max", "150000",
			  "150000 100000");
	assert_status(job_end(job), 0);
}

static void cpu_weight_is_shares_in_version_1_and_weight_in_version_2(void **state)
{
	struct job *job;

	(void)state;
	group_needed("cpu");
	job = START_SH(CALL(.talks = true), "echo ready; cat", "--cpu-weight", "50");
	job_expect(job, "ready");
	assert_group_file(host_payload(job), "cpu", "cpu.shares", "cpu.weight", "512", "50");
	assert_status(job_end(job), 0);
}

static void cpuset_keeps_the_payload_on_its_cpu(void **state)
{
	(void)state;
	group_needed("cpuset");
	assert_out(RUN("--cpuset", "0", lab_merged(), "sh", "-c",
		       "grep ^Cpus_allowed_list: /proc/self/status"),
		   "Cpus_allowed_list:\t0\n");
}

/* --- memory */

static void tail_of_dev_zero_is_killed_at_500_mebibytes_and_stderr_names_it(void **state)
{
	const struct result *result;

	(void)state;
	group_needed("memory");
	result = RUN("--mem", "500M", lab_merged(), "--", "tail", "/dev/zero");
	assert_status(result, 137);
	assert_has(result->err,
		   "ctr-setup: memory limit 500M reached: 1 process killed (tail), peak ");
	assert_has(result->err, "peak 500M\n");
}

static void a_shell_outlives_its_child_that_the_memory_limit_kills(void **state)
{
	const struct result *result;

	(void)state;
	group_needed("memory");
	result = RUN_SH("tail /dev/zero; echo $?; tail /dev/zero; echo $?", "--mem", "20M");
	assert_out(result, "137\n137\n");
	assert_has(result->err, "memory limit 20M reached: 2 processes killed (tail)");
}

static void memory_within_the_limit_is_had(void **state)
{
	const struct result *result;

	(void)state;
	group_needed("memory");
	result = RUN("--mem", "64M", lab_merged(), "--", "probe", "memory", "50331648");
	assert_out(result, "1 held\n");
	assert_string_equal(result->err, "");
}

/* The kernel charges ahead for each CPU, up to 64 pages at a time, and keeps what is freed there:
 * when a CPU is slow to give that back (mm/memcontrol.c, drain_all_stock()), as a virtual one may
 * be, the limit is reached before its time. Beyond that, half a mebibyte is enough. */
static void half_a_mebibyte_runs_true_beside_what_the_kernel_charges_ahead(void **state)
{
	long ahead = sysconf(_SC_NPROCESSORS_ONLN) * 64 * sysconf(_SC_PAGESIZE);
	const struct result *result;

	(void)state;
	group_needed("memory");
	result = RUN("--mem", lab_text("%ld", 512 * 1024 + ahead), lab_merged(), "--", "true");
	assert_status(result, 0);
	assert_string_equal(result->err, "");
}

static void swap_can_be_given_beside_memory(void **state)
{
	const struct result *result;
	struct job *job;

	(void)state;
	group_needed("memory");
	job = START_SH(CALL(.talks = true), "echo ready; cat", "--mem", "64M", "--swap", "32M");
	if (!LAB_WITHIN(job->out.size > 0 || job_has_ended(job)))
		fail_msg("neither began nor ended");
	if (job->ended) { /* refused aloud where the kernel does not count swap */
		result = job_end(job);
		assert_refused(result, "cannot limit swap");
		lab_cannot("this kernel does not count swap");
	}
	assert_group_file(host_payload(job), "memory", "memory.memsw.limit_in_bytes",
			  "memory.swap.max", "100663296", "33554432");
	assert_status(job_end(job), 0);
}

static void a_limit_that_the_kernel_rounds_is_said(void **state)
{
	const struct result *result;

	(void)state;
	group_needed("memory");
	result = RUN("--mem", "5000001", lab_merged(), "--", "true");
	assert_status(result, 0);
	assert_has(result->err, "the kernel rounded 5000001 bytes to ");
}

/* --- processes */

static void forks_beyond_the_pids_limit_are_refused_and_counted(void **state)
{
	const struct result *result;

	(void)state;
	group_needed("pids");
	result = RUN("--pids", "10", lab_merged(), "--", "probe", "forks", "100");
	assert_out(result, "8 made\n"); /* PID 1 and the probe are the other two */
	assert_has(result->err, "pids limit 10 reached: 1 fork refused, peak 10");
}

static void rlimits_are_the_payload_s(void **state)
{
	(void)state;
	assert_out(RUN_SH("ulimit -Sn; ulimit -Hn; ulimit -c", "--rlimit", "nofile=100:200",
			  "--rlimit", "core=0"),
		   "100\n200\n0\n");
}

/* A tool that assumes to be at the top of its hierarchy fails here. */
static void enter_group(const void *directory)
{
	FILE *to = fopen(lab_text("%s/cgroup.procs", (const char *)directory), "we");

	if (!to || fprintf(to, "%d\n", getpid()) < 0 || fclose(to) != 0)
		_exit(98);
}

/* Of this one test, removed even when it fails. */
static char nested[4096];

static int nested_teardown(void **state)
{
	int rc = lab_teardown(state);

	rmdir(nested);
	return rc;
}

static void the_limits_nest_below_the_caller_s_own_group(void **state)
{
	int version;
	const char *top;
	struct job *job;

	(void)state;
	group_needed("memory");
	job = start_sleeper();
	top = group_of(host_payload(job), "memory", &version);
	snprintf(nested, sizeof(nested), "%.*s/lab-%d", (int)(strrchr(top, '/') - top), top,
		 getpid());
	assert_int_equal(mkdir(nested, 0755), 0);
	assert_status(job_end(job), 0);
	job = START_SH(CALL(.talks = true, .before = enter_group, .argument = nested),
		       "echo ready; cat", "--mem", "64M");
	job_expect(job, "ready");
	assert_has(group_of(host_payload(job), "memory", &version), lab_text("%s/ctr-", nested));
	assert_group_file(host_payload(job), "memory", "memory.limit_in_bytes", "memory.max",
			  "67108864", "67108864");
	assert_status(job_end(job), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_limits_of_the_main_job_stand_in_the_host_s_group_files),
		TEST(swap_is_off_with_a_memory_limit),
		TEST(the_keeper_stays_outside_the_limits),
		TEST(limits_are_in_force_before_the_payload_s_first_instruction),
		TEST(a_busy_loop_gets_ten_percent_of_a_cpu_as_seen_from_the_host),
		TEST(a_busy_loop_gets_a_third_of_a_cpu_when_told_so),
		TEST(more_than_one_cpu_can_be_given),
		TEST(cpu_weight_is_shares_in_version_1_and_weight_in_version_2),
		TEST(cpuset_keeps_the_payload_on_its_cpu),
		TEST(tail_of_dev_zero_is_killed_at_500_mebibytes_and_stderr_names_it),
		TEST(a_shell_outlives_its_child_that_the_memory_limit_kills),
		TEST(memory_within_the_limit_is_had),
		TEST(half_a_mebibyte_runs_true_beside_what_the_kernel_charges_ahead),
		TEST(swap_can_be_given_beside_memory),
		TEST(a_limit_that_the_kernel_rounds_is_said),
		TEST(forks_beyond_the_pids_limit_are_refused_and_counted),
		TEST(rlimits_are_the_payload_s),
		cmocka_unit_test_setup_teardown(the_limits_nest_below_the_caller_s_own_group,
						lab_setup, nested_teardown),
	};

	return TESTS_RUN(tests);
}
