/* A life on the host's side, from the state directory to its removal, with the fake below it.
 * Strongest of all: whichever call fails, exactly what was done is undone. */
#include "stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "options.h"
#include "support.h"
#include "sys.h"

typedef void groups_maker(struct groups *groups);

static struct run run;
static struct spec spec;
static bool watch_reached, is_paused;
static unsigned calls_before; /* the watch */
static int watch_result;
static bool is_user_s; /* who is not root starts it */

/* Without the checks that need root and a real host. */
static int preflight_stub(struct run *started)
{
	started->init_fd = sys_sealed_file("ctr-init", "", 0);
	return started->init_fd < 0 ? fail(-started->init_fd, "cannot copy") : 0;
}

/* The container ends by itself, unless watching is to fail. */
static int watch_stub(struct run *watched)
{
	int status;

	watch_reached = true;
	calls_before = fake_calls();
	if (watch_result < 0)
		return fail(-watch_result, "cannot wait for signals");
	if (is_paused) { /* as "ctr-setup pause" does it, in another process */
		sys_create("/run/ctr/web/freezer", "cgroup /v2/ctr-paused\n");
		sys_mkdir("/v2/ctr-paused", 0755);
	}
	fake_process_ends(0);
	sys_wait(watched->pid, &status);
	watched->pid = 0;
	return 0;
}

/* The real list, but for the two stages that need a real host; *said is what it said. */
static int stages_live(const char **said)
{
	struct stage stages[16];
	int rc;

	assert_true(host_stages_count <= COUNT(stages));
	memcpy(stages, host_stages, host_stages_count * sizeof(stages[0]));
	for (size_t i = 0; i < host_stages_count; i++) {
		if (stages[i].number == CTR_STAGE_PREFLIGHT)
			stages[i].enter = preflight_stub;
		else if (stages[i].number == CTR_STAGE_WATCH)
			stages[i].enter = watch_stub;
	}
	watch_reached = false;
	capture_begin(STDERR_FILENO);
	rc = stages_run(stages, host_stages_count, &run);
	*said = capture_end();
	return rc;
}

static const struct device_rule rules[] = {
	{.type = 'c', .major = 1, .minor = 3, .access = ACCESS_READ | ACCESS_WRITE},
	{.type = 'b', .major = 7, .any_minor = true, .access = ACCESS_READ},
};

/* The run's to free. */
static struct devices devices_with(const struct device_rule *from, size_t count)
{
	struct devices devices = {.rules = calloc(count, sizeof(*from)), .rule_count = count};

	assert_non_null(devices.rules);
	memcpy(devices.rules, from, count * sizeof(*from));
	return devices;
}

/* The world and the run at the beginning of a life. */
static void life_begin(const char *line, groups_maker *make)
{
	fake_reset();
	fake_keep("/run/ctr");
	fake_keep("/box/upper");
	fake_keep("/box/work");
	fake_file("/v2/cgroup.subtree_control", "");
	fake_file("/v1/cpuset/cpuset.mems", "0\n");
	spec_free(&spec);
	assert_int_equal(options_of_line(&spec, line), OPTIONS_RUN);
	run_fill(&run, &spec);
	run.layers.is_user_s = is_user_s;
	run.user_ids = run.group_ids = (struct ids){200000, 70000};
	fake_file("/proc/4711/uid_map", "");
	fake_file("/proc/4711/gid_map", "");
	run.devices = devices_with(rules, COUNT(rules));
	fake_stubborn_file("/v1/devices/ctr-web/devices.list", "c 1:3 rw\nb 7:* r\n");
	make(&run.groups);
}

static int life_setup(void **state)
{
	watch_result = 0;
	is_user_s = false;
	is_paused = false;
	return world_begin(state);
}
#define LIFE_TEST(function) cmocka_unit_test_setup(function, life_setup)

static void in_v1(struct groups *groups)
{
	group_add(groups, 1, BIT(CPU), "/v1/cpu");
	group_add(groups, 1, BIT(MEMORY), "/v1/memory");
}

static void in_v1_and_v2(struct groups *groups)
{
	group_add(groups, 1, BIT(CPUSET), "/v1/cpuset");
	group_add(groups, 2, BIT(CPU) | BIT(MEMORY) | BIT(PIDS), "/v2");
}

static void with_devices_in_v1(struct groups *groups)
{
	group_add(groups, 1, BIT(MEMORY), "/v1/memory");
	group_add(groups, 1, BIT(DEVICES), "/v1/devices");
}

static void with_devices_in_v2(struct groups *groups)
{
	group_add(groups, 2, BIT(CPU) | BIT(MEMORY) | BIT(DEVICES), "/v2");
}

static void devices_alone_in_v2(struct groups *groups)
{
	group_add(groups, 2, BIT(DEVICES), "/v2");
}

static void in_v2(struct groups *groups)
{
	group_add(groups, 2, BIT(CPU) | BIT(MEMORY), "/v2");
}

static void in_a_nest(struct groups *groups)
{
	group_nest(groups, BIT(CPU) | BIT(MEMORY), "/v2");
	fake_file("/v2/cgroup.procs", "");
	fake_file("/v2/ctr-web/cgroup.subtree_control", "");
}

static void counted_in_v1(struct groups *groups)
{
	in_v1(groups);
	group_add(groups, 1, BIT(CPUACCT), "/v1/cpuacct");
	group_add(groups, 1, BIT(PIDS), "/v1/pids");
}

static void in_none(struct groups *groups)
{
	groups->count = 0;
}

#define MAIN_JOB "--cpu 10 --mem 500M --lower /box/lower /box/merged"

/* What cannot fail is not counted. */
static bool is_counted(const char *line)
{
	return strncmp(line, "sleep ", 6) != 0 && strncmp(line, "show\n", 5) != 0 &&
	       strncmp(line, "hide\n", 5) != 0;
}

/* The call that was the n-th. */
static const char *nth_call(unsigned n)
{
	static char call[512];
	const char *line = fake_script();

	for (;; line = strchr(line, '\n') + 1)
		if (is_counted(line) && --n == 0)
			break;
	snprintf(call, sizeof(call), "%.*s", (int)strcspn(line, "\n"), line);
	return call;
}

/* The number of the first such call of the life before. */
static unsigned call_number(const char *call)
{
	unsigned n = 1;

	while (strcmp(nth_call(n), call) != 0)
		n++;
	return n;
}

static void nothing_is_left(const char *failed)
{
	char done[8192];

	snprintf(done, sizeof(done), "%s", fake_done());
	if (strcmp(done, fake_undone()) != 0)
		fail_msg("after a failed \"%s\" was done:\n%sundone:\n%sscript:\n%s", failed, done,
			 fake_undone(), fake_script());
}

/* The keeper that cannot go back stays in its nest. */
static bool is_way_back(const char *call)
{
	return strcmp(call, "write /v2/cgroup.procs 0") == 0 ||
	       (strncmp(call, "write /v2/", 10) == 0 && strstr(call, "/cgroup.subtree_control -"));
}

/* What cannot be seen to be enabled is enabled again. */
static bool can_be_gone_without(const char *call)
{
	return strncmp(call, "read ", 5) == 0 && strstr(call, "/cgroup.subtree_control");
}

/* One life whose n-th call fails. Returns false when there is no such call. */
static bool life_fails_at(unsigned n, int error, const char *line, groups_maker *make)
{
	char before[4096], after[4096];
	const char *said, *failed;
	int rc;

	life_begin(line, make);
	descriptors_list(before, sizeof(before));
	fake_fail_nth(n, error);
	rc = stages_live(&said);
	descriptors_list(after, sizeof(after));
	if (fake_calls() < n) {
		assert_int_equal(rc, watch_result);
		assert_int_equal(lines_count(said), watch_result < 0);
		nothing_is_left("nothing");
		assert_string_equal(after, before);
		return false;
	}
	failed = nth_call(n);
	if (strcmp(before, after) != 0)
		fail_msg("after a failed \"%s\": open %s, before %s", failed, after, before);
	if (watch_reached && n <= calls_before && !can_be_gone_without(failed))
		fail_msg("a failed \"%s\" is passed over", failed);
	/* Who works for the keeper, or in it, may have said why, and that was all. */
	if (watch_reached ? rc != watch_result : rc != -error && rc != -ECANCELED && rc != -EPERM)
		fail_msg("a failed \"%s\" gives %d", failed, rc);
	if (!watch_reached && lines_count(said) != 1)
		fail_msg("of a failed \"%s\" is said:\n%s", failed, said);
	/* A group or a record that stays is for gc: what it is found by may stay with it. */
	if (is_way_back(failed))
		assert_non_null(fake_text("/run/ctr/web/run"));
	else if (strncmp(failed, "rmdir /v", 8) != 0 && strncmp(failed, "unlink ", 7) != 0)
		nothing_is_left(failed);
	return true;
}

static void every_call_fails_once(const char *line, groups_maker *make, unsigned least)
{
	static const int errors[] = {EIO, EBUSY, ENOMEM};

	for (size_t i = 0; i < COUNT(errors); i++) {
		unsigned n = 1;

		while (life_fails_at(n, errors[i], line, make))
			n++;
		assert_true(n > least);
	}
}

static void whatever_fails_with_v1_groups_all_is_undone(void **state)
{
	(void)state;
	every_call_fails_once(MAIN_JOB, in_v1, 30);
}

static void whatever_fails_with_a_v2_group_all_is_undone(void **state)
{
	(void)state;
	every_call_fails_once(MAIN_JOB, in_v2, 20);
}

static void whatever_fails_in_a_nest_all_is_undone(void **state)
{
	(void)state;
	every_call_fails_once(MAIN_JOB, in_a_nest, 30);
	watch_result = -EMFILE;
	every_call_fails_once(MAIN_JOB, in_a_nest, 30);
}

static void whatever_fails_with_groups_of_both_versions_all_is_undone(void **state)
{
	(void)state;
	every_call_fails_once("--cpu 10 --mem 500M --swap 1M --pids 9 --cpuset 0 --cpu-weight 7 "
			      "--ephemeral --lower /box/lower /box/merged",
			      in_v1_and_v2, 30);
}

static void whatever_fails_of_the_device_rules_all_is_undone(void **state)
{
	(void)state;
	every_call_fails_once(MAIN_JOB, with_devices_in_v1, 30);
	every_call_fails_once(MAIN_JOB, with_devices_in_v2, 25);
	every_call_fails_once("--net host /box/merged", devices_alone_in_v2, 15);
}

static void whatever_fails_of_a_run_with_a_report_all_is_undone(void **state)
{
	(void)state;
	every_call_fails_once("--report " MAIN_JOB, counted_in_v1, 35);
}

static void whatever_fails_without_a_group_all_is_undone(void **state)
{
	(void)state;
	every_call_fails_once("--net host /box/merged", in_none, 8);
	every_call_fails_once("--net /run/netns/x /box/merged", in_none, 12);
}

static void whatever_fails_while_the_container_is_killed_all_is_undone(void **state)
{
	(void)state;
	watch_result = -EMFILE;
	every_call_fails_once(MAIN_JOB, in_v1, 30);
	every_call_fails_once(MAIN_JOB, in_v2, 20);
}

static void whatever_fails_of_a_user_namespace_s_ids_all_is_undone(void **state)
{
	(void)state;
	every_call_fails_once("--userns " MAIN_JOB, in_v2, 22);
	is_user_s = true;
	every_call_fails_once("--userns --lower /box/lower /box/merged", in_none, 12);
}

static void ids_are_mapped_by_root_or_by_those_who_may(void **state)
{
	const char *said;

	(void)state;
	life_begin("--userns --lower /box/lower /box/merged", in_none);
	assert_int_equal(stages_live(&said), 0);
	assert_contains(fake_changes(), "\nclone mnt pid uts ipc net user\n"
					"write /proc/4711/gid_map 0 200000 70000\n"
					"write /proc/4711/uid_map 0 200000 70000\n"
					"clone\nwait 4712\nwait 4711\n");
	is_user_s = true;
	life_begin("--userns --lower /box/lower /box/merged", in_none);
	assert_int_equal(stages_live(&said), 0);
	assert_contains(fake_changes(), "\nshow\nclone mnt pid uts ipc net user\nhide\n"
					"run newgidmap\nrun newuidmap\nwait 4711\n");
}

static void the_main_job_on_v1_is_this_script(void **state)
{
	const char *said;

	(void)state;
	life_begin(MAIN_JOB, in_v1);
	assert_int_equal(stages_live(&said), 0);
	assert_string_equal(fake_changes(),
			    "seal ctr-init\n"
			    "mkdir /run/ctr 0700\nlock /run/ctr wait\n"
			    "mkdir /run/ctr/web 0700\nlock /run/ctr/web\ncreate /run/ctr/web/run\n"
			    "socket exec in lock /run/ctr/web\n"
			    "mkdir /box/upper 0755\nlock /box/upper\n"
			    "mkdir /box/work 0755\nlock /box/work\n"
			    "mkdir /v1/cpu/ctr-web 0755\n"
			    "write /v1/cpu/ctr-web/cpu.cfs_period_us 100000\n"
			    "write /v1/cpu/ctr-web/cpu.cfs_quota_us 10000\n"
			    "mkdir /v1/memory/ctr-web 0755\n"
			    "write /v1/memory/ctr-web/memory.limit_in_bytes 524288000\n"
			    "write /v1/memory/ctr-web/memory.memsw.limit_in_bytes 524288000\n"
			    "write /v1/memory/ctr-web/memory.swappiness 0\n"
			    "socketpair\nclone mnt pid uts ipc net\n"
			    "wait 4711\n"
			    "rmdir /v1/memory/ctr-web\nrmdir /v1/cpu/ctr-web\n"
			    "unlink /run/ctr/web/exec\nunlink /run/ctr/web/run\n"
			    "rmdir /run/ctr/web\n");
}

static void on_v2_the_child_is_born_in_its_group(void **state)
{
	const char *said;

	(void)state;
	life_begin(MAIN_JOB, in_v2);
	assert_int_equal(stages_live(&said), 0);
	assert_contains(fake_changes(), "\nwrite /v2/cgroup.subtree_control +cpu\n"
					"write /v2/cgroup.subtree_control +memory\n"
					"mkdir /v2/ctr-web 0755\n");
	assert_contains(fake_changes(), "\nopen /v2/ctr-web\n"
					"clone mnt pid uts ipc net into open /v2/ctr-web\n");
}

static void in_its_own_group_the_keeper_makes_a_nest_and_leaves_nothing(void **state)
{
	const char *said;

	(void)state;
	life_begin(MAIN_JOB, in_a_nest);
	assert_int_equal(stages_live(&said), 0);
	assert_contains(fake_changes(), "\nmkdir /v2/ctr-web 0755\n"
					"mkdir /v2/ctr-web/keeper 0755\n"
					"write /v2/ctr-web/keeper/cgroup.procs 0\n"
					"write /v2/cgroup.subtree_control +cpu\n"
					"write /v2/cgroup.subtree_control +memory\n"
					"write /v2/ctr-web/cgroup.subtree_control +cpu\n"
					"write /v2/ctr-web/cgroup.subtree_control +memory\n"
					"mkdir /v2/ctr-web/container 0755\n");
	assert_contains(fake_changes(), " into open /v2/ctr-web/container\n");
	assert_contains(fake_changes(), "\nrmdir /v2/ctr-web/container\n"
					"write /v2/ctr-web/cgroup.subtree_control -cpu\n"
					"write /v2/ctr-web/cgroup.subtree_control -memory\n"
					"write /v2/cgroup.subtree_control -cpu\n"
					"write /v2/cgroup.subtree_control -memory\n"
					"write /v2/cgroup.procs 0\n"
					"rmdir /v2/ctr-web/keeper\n"
					"rmdir /v2/ctr-web\n");
	assert_string_equal(fake_text("/v2/cgroup.subtree_control"), "");
	assert_true(call_number("create /run/ctr/web/run") < call_number("mkdir /v2/ctr-web 0755"));
}

static void a_nest_of_others_is_left_alone(void **state)
{
	const char *said;

	(void)state;
	life_begin(MAIN_JOB, in_a_nest);
	fake_directory("/v2/ctr-web");
	fake_busy("/v2/ctr-web", 1000);
	assert_int_equal(stages_live(&said), -EEXIST);
	assert_contains(said, "cannot make the cgroup /v2/ctr-web (no run of ours is on record");
	assert_lacks(fake_changes(), "kill");
	assert_lacks(fake_changes(), "write /v2/");
}

static void a_network_of_others_is_not_made(void **state)
{
	const char *said;

	(void)state;
	life_begin("--net host /box/merged", in_none);
	assert_int_equal(stages_live(&said), 0);
	assert_contains(fake_changes(), "\nclone mnt pid uts ipc\n");
	assert_lacks(fake_changes(), "join_netns");
}

static void the_child_is_born_in_a_network_to_which_the_keeper_goes_and_comes_back(void **state)
{
	const char *said;

	(void)state;
	life_begin("--net /run/netns/x /box/merged", in_none);
	assert_int_equal(stages_live(&said), 0);
	assert_contains(fake_changes(), "\nopen /proc/self/ns/net\nopen /run/netns/x\n"
					"join_netns open /run/netns/x\nclone mnt pid uts ipc\n"
					"join_netns open /proc/self/ns/net\n");
}

static void a_keeper_that_cannot_come_back_kills_the_container(void **state)
{
	const char *said;
	unsigned n;

	(void)state;
	life_begin("--net /run/netns/x /box/merged", in_none);
	assert_int_equal(stages_live(&said), 0);
	n = call_number("join_netns open /proc/self/ns/net");
	life_begin("--net /run/netns/x /box/merged", in_none);
	fake_fail_nth(n, EPERM);
	assert_int_equal(stages_live(&said), -EPERM);
	assert_contains(said, "40 namespaces: cannot return to our own network namespace");
	assert_contains(fake_changes(), "\nkill pidfd 4711 9\nwait 4711\n");
	assert_false(watch_reached);
}

static void a_keeper_that_cannot_watch_kills_the_container(void **state)
{
	const char *said;

	(void)state;
	life_begin(MAIN_JOB, in_v1);
	watch_result = -EMFILE;
	assert_int_equal(stages_live(&said), -EMFILE);
	assert_contains(fake_changes(), "\nkill pidfd 4711 9\nwait 4711\nrmdir ");
	nothing_is_left("watch");
}

static void the_record_is_there_before_any_group_and_names_each(void **state)
{
	const char *said;
	unsigned made;

	(void)state;
	life_begin(MAIN_JOB, in_v1);
	assert_int_equal(stages_live(&said), 0);
	made = call_number("mkdir /v1/cpu/ctr-web 0755");
	assert_true(call_number("create /run/ctr/web/run") < made);
	assert_true(call_number("unlink /run/ctr/web/run") > call_number("rmdir /v1/cpu/ctr-web"));
}

static void a_group_that_cannot_be_removed_stays_on_record_for_gc(void **state)
{
	const char *said;

	(void)state;
	life_begin(MAIN_JOB, in_v1);
	fake_busy("/v1/cpu/ctr-web", 1000);
	assert_int_equal(stages_live(&said), 0);
	assert_one_line(said);
	assert_contains(said, "cannot remove the cgroup /v1/cpu/ctr-web: ctr-setup gc will try "
			      "again");
	assert_non_null(fake_text("/run/ctr/web/run"));
	assert_contains(fake_text("/run/ctr/web/run"), "cgroup /v1/cpu/ctr-web\n");
}

static void a_group_that_came_with_a_pause_goes_with_the_run(void **state)
{
	const char *said;

	(void)state;
	is_paused = true;
	life_begin(MAIN_JOB, in_v1);
	assert_int_equal(stages_live(&said), 0);
	assert_string_equal(said, "");
	assert_contains(fake_changes(), "unlink /run/ctr/web/run\nrmdir /run/ctr/web\n"
					"mkdir /run/ctr 0700\nlock /run/ctr wait\n"
					"rmdir /v2/ctr-paused\nunlink /run/ctr/web/freezer\n"
					"unlink /run/ctr/web/exec\n"
					"rmdir /run/ctr/web\n");
	nothing_is_left("nothing");
}

static void a_name_in_use_is_refused_with_its_holder(void **state)
{
	const char *said;
	unsigned n;

	(void)state;
	life_begin(MAIN_JOB, in_v1);
	fake_directory("/run/ctr/web");
	assert_int_equal(stages_live(&said), -EINVAL);
	assert_contains(said, "what a dead run of it left is still there");
	n = call_number("lock /run/ctr/web");
	life_begin(MAIN_JOB, in_v1);
	fake_directory("/run/ctr/web");
	fake_file("/run/ctr/web/run", "keeper 42\ncgroup /v1/cpu/ctr-web\n");
	fake_fail_nth(n, EWOULDBLOCK);
	assert_int_equal(stages_live(&said), -EINVAL);
	assert_one_line(said);
	assert_contains(said, "20 state: cannot use the name web: it is held by process 42");
	assert_lacks(fake_changes(), "rmdir");
	assert_lacks(fake_changes(), "unlink");
}

static void an_upper_layer_in_use_is_refused(void **state)
{
	const char *said;
	unsigned n;

	(void)state;
	life_begin(MAIN_JOB, in_v1);
	assert_int_equal(stages_live(&said), 0);
	n = call_number("lock /box/upper");
	life_begin(MAIN_JOB, in_v1);
	fake_fail_nth(n, EWOULDBLOCK);
	assert_int_equal(stages_live(&said), -EINVAL);
	assert_contains(said, "cannot use /box/upper as upper: another container is using it");
	nothing_is_left("lock /box/upper");
}

static void layers_that_are_there_are_taken_as_they_are(void **state)
{
	const char *said;

	(void)state;
	life_begin(MAIN_JOB, in_v1);
	fake_directory("/box/upper");
	fake_directory("/box/work");
	assert_int_equal(stages_live(&said), 0);
	assert_string_equal(said, "");
	assert_lacks(fake_changes(), "rmdir /box");
}

static int spec_end(void **state)
{
	(void)state;
	spec_free(&spec);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(whatever_fails_with_v1_groups_all_is_undone),
		LIFE_TEST(whatever_fails_with_a_v2_group_all_is_undone),
		LIFE_TEST(whatever_fails_in_a_nest_all_is_undone),
		LIFE_TEST(whatever_fails_with_groups_of_both_versions_all_is_undone),
		LIFE_TEST(whatever_fails_of_the_device_rules_all_is_undone),
		LIFE_TEST(whatever_fails_of_a_run_with_a_report_all_is_undone),
		LIFE_TEST(whatever_fails_without_a_group_all_is_undone),
		LIFE_TEST(whatever_fails_while_the_container_is_killed_all_is_undone),
		LIFE_TEST(whatever_fails_of_a_user_namespace_s_ids_all_is_undone),
		LIFE_TEST(ids_are_mapped_by_root_or_by_those_who_may),
		LIFE_TEST(the_main_job_on_v1_is_this_script),
		LIFE_TEST(on_v2_the_child_is_born_in_its_group),
		LIFE_TEST(in_its_own_group_the_keeper_makes_a_nest_and_leaves_nothing),
		LIFE_TEST(a_nest_of_others_is_left_alone),
		LIFE_TEST(a_network_of_others_is_not_made),
		LIFE_TEST(the_child_is_born_in_a_network_to_which_the_keeper_goes_and_comes_back),
		LIFE_TEST(a_keeper_that_cannot_come_back_kills_the_container),
		LIFE_TEST(a_keeper_that_cannot_watch_kills_the_container),
		LIFE_TEST(the_record_is_there_before_any_group_and_names_each),
		LIFE_TEST(a_group_that_cannot_be_removed_stays_on_record_for_gc),
		LIFE_TEST(a_group_that_came_with_a_pause_goes_with_the_run),
		LIFE_TEST(a_name_in_use_is_refused_with_its_holder),
		LIFE_TEST(an_upper_layer_in_use_is_refused),
		LIFE_TEST(layers_that_are_there_are_taken_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, spec_end);
}
