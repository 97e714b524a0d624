/* One command line on every layout of cgroups: the layouts are texts as these hosts give them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

#define SELF "/self-cgroup"
#define OTHERS                                                                                     \
	"21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"                                  \
	"22 21 0:20 / /proc rw,nosuid - proc proc rw\n"                                            \
	"30 21 0:25 / /sys/fs/cgroup ro,nosuid shared:8 - tmpfs tmpfs ro,mode=755\n"
#define ALL (BIT(CPU) | BIT(CPUSET) | BIT(MEMORY) | BIT(PIDS))

static struct groups groups;

/* As a file, for a library that reads it, and as one of the seam's. */
static void mountinfo(const char *text)
{
	file_write(scratch("mountinfo"), text, strlen(text));
	fake_file(scratch("mountinfo"), text);
}

static int scratch_begin(void **state)
{
	(void)state;
	scratch_make();
	return 0;
}

static int scratch_end(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

/* The fake begins afresh, the file goes. */
static int layout_begin(void **state)
{
	unlink(scratch("mountinfo"));
	return world_begin(state);
}
#define LAYOUT_TEST(function) cmocka_unit_test_setup(function, layout_begin)

static const char *refused_in_lines(unsigned wanted)
{
	const char *said;
	int rc;

	capture_begin(STDERR_FILENO);
	rc = groups_find(scratch("mountinfo"), SELF, wanted, 0, &groups);
	said = capture_end();
	assert_true(rc < 0);
	return said;
}

static const char *refused(unsigned wanted)
{
	const char *said = refused_in_lines(wanted);

	assert_one_line(said);
	return said;
}

static void found_and_counted(unsigned wanted, unsigned counted)
{
	const char *said;
	int rc;

	capture_begin(STDERR_FILENO);
	rc = groups_find(scratch("mountinfo"), SELF, wanted, counted, &groups);
	said = capture_end();
	if (rc != 0 || *said)
		fail_msg("%d %s", rc, said);
}

static void found(unsigned wanted)
{
	found_and_counted(wanted, 0);
}

static void assert_group(size_t i, int version, unsigned controllers, const char *parent)
{
	assert_true(i < groups.count);
	assert_string_equal(groups.items[i].parent, parent);
	assert_int_equal(groups.items[i].version, version);
	assert_int_equal(groups.items[i].controllers, controllers);
}

/* A version 2 group as the kernel shows it; type NULL: the root, which has none. */
static void v2_group(const char *path, const char *controllers, const char *subtree,
		     const char *procs, const char *type)
{
	char file[256];

	snprintf(file, sizeof(file), "%s/cgroup.controllers", path);
	fake_file(file, controllers);
	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", path);
	fake_file(file, subtree);
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	fake_file(file, procs);
	snprintf(file, sizeof(file), "%s/cgroup.type", path);
	fake_file(file, type);
}

static void a_path_of_version_2_is_found_below_the_mount_that_shows_it(void **state)
{
	char directory[PATH_MAX] = "";

	(void)state;
	mountinfo(OTHERS "31 30 0:26 / /cg/pids rw - cgroup cgroup rw,pids\n");
	assert_int_equal(group_find_v2(scratch("mountinfo"), "/a", directory), 0);
	mountinfo(OTHERS "31 30 0:26 / /cg/all rw - cgroup2 none rw\n"
			 "32 30 0:26 /a /cg/a rw - cgroup2 none rw\n");
	assert_int_equal(group_find_v2(scratch("mountinfo"), "/a/b", directory), 1);
	assert_string_equal(directory, "/cg/a/b");
	assert_int_equal(group_find_v2(scratch("mountinfo"), "/ab", directory), 1);
	assert_string_equal(directory, "/cg/all/ab");
	mountinfo(OTHERS "31 30 0:26 /a /cg/a rw - cgroup2 none rw\n");
	assert_int_equal(group_find_v2(scratch("mountinfo"), "/b", directory), -ENOENT);
	assert_int_equal(group_find_v2(scratch("mountinfo"), "/../b", directory), -ENOENT);
}

static void each_limit_names_its_controller(void **state)
{
	struct limits limits = {0};

	(void)state;
	assert_int_equal(limits_controllers(&limits), 0);
	assert_int_equal(limits_controllers(&(struct limits){.cpu_quota_us = 1}), BIT(CPU));
	assert_int_equal(limits_controllers(&(struct limits){.cpu_weight = 1}), BIT(CPU));
	assert_int_equal(limits_controllers(&(struct limits){.cpuset = "0"}), BIT(CPUSET));
	assert_int_equal(limits_controllers(&(struct limits){.memory = 1}), BIT(MEMORY));
	assert_int_equal(limits_controllers(&(struct limits){.pids = 2}), BIT(PIDS));
}

static void without_a_limit_nothing_is_even_read(void **state)
{
	(void)state;
	found(0);
	assert_int_equal(groups.count, 0);
	assert_string_equal(fake_script(), "");
}

static void v1_with_a_hierarchy_for_each_controller(void **state)
{
	(void)state;
	mountinfo(OTHERS "31 30 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
			 "32 30 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
			 "33 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
			 "34 30 0:29 / /sys/fs/cgroup/pids rw - cgroup none rw,pids\n");
	fake_file(SELF, "5:pids:/a/b\n4:memory:/\n3:cpuset:/\n2:cpu:/x:y\n1:name=systemd:/s\n");
	found(ALL);
	assert_int_equal(groups.count, 4);
	assert_group(0, 1, BIT(CPU), "/sys/fs/cgroup/cpu/x:y");
	assert_group(1, 1, BIT(CPUSET), "/sys/fs/cgroup/cpuset");
	assert_group(2, 1, BIT(MEMORY), "/sys/fs/cgroup/memory");
	assert_group(3, 1, BIT(PIDS), "/sys/fs/cgroup/pids/a/b");
}

static void v1_with_controllers_mounted_together_gets_one_group(void **state)
{
	(void)state;
	mountinfo(OTHERS "31 30 0:26 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
			 "32 30 0:27 / /cg/rest rw - cgroup cgroup rw,cpuset,memory,pids\n");
	fake_file(SELF, "2:cpu,cpuacct:/\n1:cpuset,memory,pids:/me\n");
	found(ALL);
	assert_int_equal(groups.count, 2);
	assert_group(0, 1, BIT(CPU), "/cg/cpu,cpuacct");
	assert_group(1, 1, BIT(CPUSET) | BIT(MEMORY) | BIT(PIDS), "/cg/rest/me");
}

static void a_controller_is_not_taken_for_another_that_begins_alike(void **state)
{
	(void)state;
	mountinfo("31 30 0:26 / /cg/cpuacct rw - cgroup cgroup rw,cpuacct\n"
		  "32 30 0:27 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n"
		  "33 30 0:27 / /cg/cpu rw,cpu - tmpfs cpu rw,cpu\n");
	fake_file(SELF, "1:cpuacct:/\n2:cpuset:/\n");
	assert_contains(refused(BIT(CPU)), "has the cpu controller");
}

static void systemd_s_hybrid_layout_means_v1(void **state)
{
	(void)state;
	mountinfo(OTHERS "31 30 0:26 / /cg/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
			 "32 30 0:27 / /cg/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
			 "33 30 0:28 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
			 "34 30 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n");
	fake_file(SELF, "3:memory:/user.slice\n2:cpu,cpuacct:/user.slice\n"
			"1:name=systemd:/user.slice/session-1.scope\n"
			"0::/user.slice/session-1.scope\n");
	v2_group("/cg/unified", "", "", "1\n", NULL);
	found(BIT(CPU) | BIT(MEMORY));
	assert_int_equal(groups.count, 2);
	assert_group(0, 1, BIT(CPU), "/cg/cpu,cpuacct/user.slice");
	assert_group(1, 1, BIT(MEMORY), "/cg/memory/user.slice");
	assert_contains(refused(BIT(PIDS)), "has the pids controller");
}

static void v2_mounted(const char *self)
{
	mountinfo(OTHERS "31 30 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	fake_file(SELF, self);
	v2_group("/sys/fs/cgroup", "cpuset cpu io memory pids\n", "cpu memory pids\n", "1\n2\n",
		 NULL);
}

static void v2_at_its_root_may_have_processes(void **state)
{
	(void)state;
	v2_mounted("0::/\n");
	found(ALL);
	assert_int_equal(groups.count, 1);
	assert_group(0, 2, ALL, "/sys/fs/cgroup");
}

static void v2_in_a_session_climbs_to_a_group_without_processes(void **state)
{
	(void)state;
	v2_mounted("0::/user.slice/user-0.slice/session-1.scope\n");
	v2_group("/sys/fs/cgroup/user.slice", "cpu memory pids\n", "memory pids\n", "", "domain\n");
	v2_group("/sys/fs/cgroup/user.slice/user-0.slice", "memory pids\n", "memory pids\n", "",
		 "domain\n");
	v2_group("/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope", "memory pids\n", "",
		 "77\n", "domain\n");
	found(BIT(MEMORY) | BIT(PIDS));
	assert_int_equal(groups.count, 1);
	assert_group(0, 2, BIT(MEMORY) | BIT(PIDS), "/sys/fs/cgroup/user.slice/user-0.slice");
	found(BIT(CPU));
	assert_group(0, 2, BIT(CPU), "/sys/fs/cgroup");
	/* Nobody hands it on: where it can be enabled, and the limits above still hold. */
	found(BIT(CPUSET));
	assert_group(0, 2, BIT(CPUSET), "/sys/fs/cgroup/user.slice/user-0.slice");
}

static void v2_says_which_limits_are_left_behind(void **state)
{
	const char *said;

	(void)state;
	v2_mounted("0::/a/b\n");
	v2_group("/sys/fs/cgroup/a", "memory\n", "", "", "domain\n");
	v2_group("/sys/fs/cgroup/a/b", "", "", "77\n", "domain\n");
	fake_file("/sys/fs/cgroup/a/memory.max", "20971520\n");
	fake_file("/sys/fs/cgroup/a/pids.max", "max\n");
	capture_begin(STDERR_FILENO);
	assert_int_equal(groups_find(scratch("mountinfo"), SELF, BIT(MEMORY), 0, &groups), 0);
	said = capture_end();
	assert_string_equal(said, "ctr-setup: /sys/fs/cgroup/a/memory.max does not hold for the "
				  "container: that group hands no controllers on\n");
	assert_group(0, 2, BIT(MEMORY), "/sys/fs/cgroup");
}

static void v2_with_processes_all_the_way_up_is_refused(void **state)
{
	(void)state;
	v2_mounted("0::/a\n");
	v2_group("/sys/fs/cgroup", "cpu memory\n", "memory\n", "1\n", "domain\n");
	v2_group("/sys/fs/cgroup/a", "memory\n", "", "77\n", "domain threaded\n");
	assert_contains(refused(BIT(CPU)), "Delegate=yes");
	found(BIT(MEMORY)); /* enabled above: another child may have it, too */
	assert_group(0, 2, BIT(MEMORY), "/sys/fs/cgroup");
}

/* --- who may write where */

#define USER_S	   "/sys/fs/cgroup/user.slice/user-7.slice"
#define MANAGER_S  USER_S "/user@7.service"
#define APP	   MANAGER_S "/app.slice"
#define SCOPE	   APP "/run-r1.scope"
#define SCOPE_LINE "0::/user.slice/user-7.slice/user@7.service/app.slice/run-r1.scope\n"

static void v2_forbid(const char *path)
{
	static const char *const files[] = {"", "/cgroup.procs", "/cgroup.subtree_control"};

	for (size_t i = 0; i < COUNT(files); i++) {
		char file[256];

		snprintf(file, sizeof(file), "%s%s", path, files[i]);
		fake_forbid(file, EACCES);
	}
}

/* As systemd has it for a user: from his manager downwards all is his. */
static void v2_of_a_user(const char *processes)
{
	v2_mounted(SCOPE_LINE);
	v2_group("/sys/fs/cgroup", "cpuset cpu memory pids\n", "cpuset cpu memory pids\n", "1\n",
		 NULL);
	v2_group("/sys/fs/cgroup/user.slice", "cpuset cpu memory pids\n", "cpu memory pids\n", "",
		 "domain\n");
	v2_group(USER_S, "cpu memory pids\n", "cpu memory pids\n", "", "domain\n");
	v2_group(MANAGER_S, "cpu memory pids\n", "cpu memory pids\n", "", "domain\n");
	v2_group(APP, "cpu memory pids\n", "memory pids\n", "", "domain\n");
	v2_group(SCOPE, "memory pids\n", "", processes, "domain\n");
	v2_forbid("/sys/fs/cgroup");
	v2_forbid("/sys/fs/cgroup/user.slice");
	v2_forbid(USER_S);
}

static const char *us_alone(void)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d\n", getpid());
	return text;
}

static void assert_place(const char *parent, bool is_nested)
{
	assert_string_equal(groups.items[0].parent, parent);
	assert_int_equal(groups.items[0].is_nested, is_nested);
}

static void v2_where_we_are_alone_has_the_nest(void **state)
{
	(void)state;
	v2_of_a_user(us_alone());
	found(BIT(MEMORY) | BIT(PIDS));
	assert_int_equal(groups.count, 1);
	assert_place(SCOPE, true);
	found(BIT(MEMORY) | BIT(DEVICES));
	assert_place(SCOPE, true);
	found(BIT(DEVICES)); /* nothing is to be handed on */
	assert_place(SCOPE, false);
}

static void v2_at_its_root_needs_no_nest(void **state)
{
	(void)state;
	v2_mounted("0::/\n");
	v2_group("/sys/fs/cgroup", "cpu\n", "", us_alone(), NULL);
	found(BIT(CPU));
	assert_place("/sys/fs/cgroup", false);
}

static void v2_without_the_controller_is_climbed_out_of(void **state)
{
	(void)state;
	v2_of_a_user(us_alone());
	found(BIT(CPU));
	assert_place(MANAGER_S, false);
}

static void v2_shared_is_climbed_out_of_to_what_we_may_write(void **state)
{
	char others[32];

	(void)state;
	snprintf(others, sizeof(others), "%s77\n", us_alone());
	v2_of_a_user(others);
	found(BIT(MEMORY));
	assert_place(APP, false);
	fake_file(APP "/cgroup.subtree_control", "\n");
	found(BIT(MEMORY));
	assert_place(MANAGER_S, false);
	fake_file(MANAGER_S "/cgroup.subtree_control", "\n");
	found(BIT(MEMORY)); /* those above hand on and are not ours: it is enabled in one that is */
	assert_place(APP, false);
}

/* A delegated group in others' groups: /a is root's. */
static void v2_of_nobody_s_manager(const char *controllers, const char *processes)
{
	v2_mounted("0::/a/b\n");
	v2_group("/sys/fs/cgroup", "cpu memory\n", "cpu memory\n", "1\n", NULL);
	v2_group("/sys/fs/cgroup/a", "cpu memory\n", controllers, "", "domain\n");
	v2_group("/sys/fs/cgroup/a/b", controllers, "", processes, "domain\n");
	v2_forbid("/sys/fs/cgroup");
	v2_forbid("/sys/fs/cgroup/a");
}

static void v2_shared_with_nothing_of_ours_above_is_refused_with_the_way_out(void **state)
{
	char others[32];
	const char *said;

	(void)state;
	snprintf(others, sizeof(others), "%s77\n", us_alone());
	v2_of_nobody_s_manager("cpu memory\n", others);
	said = refused(BIT(CPU));
	assert_contains(said, "in /sys/fs/cgroup/a/b: it has other processes than ctr-setup");
	assert_contains(said, "systemd-run --user --scope -p Delegate=yes ctr-setup");
	v2_of_nobody_s_manager("cpu memory\n", us_alone());
	found(BIT(CPU) | BIT(MEMORY));
	assert_place("/sys/fs/cgroup/a/b", true);
	v2_of_nobody_s_manager("memory\n", us_alone());
	assert_contains(refused(BIT(CPU) | BIT(MEMORY)),
			"cannot use the cpu controller: the cgroup /sys/fs/cgroup/a/b was not "
			"given it");
	v2_group("/sys/fs/cgroup/a/b", "cpu memory\n", "cpu\n", us_alone(), "domain threaded\n");
	assert_contains(refused(BIT(CPU)), "a threaded one (ctr-setup gc helps");
}

static void v2_where_any_of_its_files_is_not_ours_is_refused(void **state)
{
	static const char *const files[] = {"", "/cgroup.procs", "/cgroup.subtree_control"};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		char path[64];

		layout_begin(state);
		v2_of_nobody_s_manager("cpu memory\n", us_alone());
		snprintf(path, sizeof(path), "/sys/fs/cgroup/a/b%s", files[i]);
		fake_forbid(path, EACCES);
		assert_contains(refused(BIT(CPU)), "cannot make a cgroup in /sys/fs/cgroup/a/b");
	}
}

static void v1_where_we_may_not_write_is_refused_and_device_rules_go_without(void **state)
{
	(void)state;
	mountinfo("31 30 0:26 / /v1/cpu ro - cgroup cgroup rw,cpu\n"
		  "32 30 0:27 / /v1/devices ro - cgroup cgroup rw,devices\n");
	fake_file(SELF, "1:cpu:/a\n2:devices:/a\n");
	fake_forbid("/v1/cpu/a", EROFS);
	fake_forbid("/v1/devices/a", EROFS);
	assert_contains(refused(BIT(CPU)), "cannot make a cgroup in /v1/cpu/a");
	found(BIT(DEVICES));
	assert_int_equal(groups.count, 0);
	fake_forbid("/v1/devices/a", EACCES);
	assert_contains(refused(BIT(DEVICES)), "cannot make a cgroup in /v1/devices/a");
}

/* --- mounts */

static void in_a_container_the_mount_s_root_is_taken_off_our_path(void **state)
{
	(void)state;
	mountinfo("31 30 0:26 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
		  "32 30 0:27 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
	fake_file(SELF, "2:memory:/docker/abc/sub/deep\n1:cpu:/docker/abc\n");
	found(BIT(CPU) | BIT(MEMORY));
	assert_group(0, 1, BIT(CPU), "/sys/fs/cgroup/cpu");
	assert_group(1, 1, BIT(MEMORY), "/sys/fs/cgroup/memory/sub/deep");
}

static void a_place_that_the_mount_does_not_show_is_refused(void **state)
{
	static const char *const elsewhere[] = {"1:cpu:/docker/abcd\n", "1:cpu:/\n",
						"1:cpu:/docker\n", "1:cpu:/../other\n"};

	(void)state;
	mountinfo("31 30 0:26 /docker/abc /cpu ro - cgroup cgroup rw,cpu\n");
	for (size_t i = 0; i < COUNT(elsewhere); i++) {
		fake_file(SELF, elsewhere[i]);
		assert_contains(refused(BIT(CPU)), "below any mount of its hierarchy");
	}
	mountinfo("31 30 0:26 / /cpu ro - cgroup cgroup rw,cpu\n");
	fake_file(SELF, "1:cpu:/../outside\n");
	refused(BIT(CPU));
	fake_file(SELF, "1:memory:/\n");
	assert_contains(refused(BIT(CPU)), "cannot find our cgroup cpu");
}

static void some_controllers_in_v1_and_some_in_v2(void **state)
{
	(void)state;
	mountinfo("31 30 0:26 / /v2 rw - cgroup2 cgroup2 rw\n"
		  "32 30 0:27 / /v1/memory rw - cgroup cgroup rw,memory\n"
		  "33 30 0:27 / /v1/cpuset rw - cgroup cgroup rw,cpuset\n");
	fake_file(SELF, "2:memory:/m\n1:cpuset:/c\n0::/u\n");
	v2_group("/v2", "cpu pids\n", "cpu pids\n", "1\n", NULL);
	v2_group("/v2/u", "cpu pids\n", "", "77\n", "domain\n");
	found(ALL);
	assert_int_equal(groups.count, 3);
	assert_group(0, 1, BIT(CPUSET), "/v1/cpuset/c");
	assert_group(1, 1, BIT(MEMORY), "/v1/memory/m");
	assert_group(2, 2, BIT(CPU) | BIT(PIDS), "/v2");
}

static void each_missing_controller_is_named_with_the_way_to_get_it(void **state)
{
	const char *said;

	(void)state;
	v2_mounted("0::/\n");
	v2_group("/sys/fs/cgroup", "cpu pids\n", "", "", NULL);
	assert_contains(refused(BIT(CPU) | BIT(MEMORY)), "mount -t cgroup -o memory none DIR");
	mountinfo(OTHERS);
	assert_contains(refused(BIT(PIDS)), "no mounted cgroup hierarchy has the pids controller");
	/* whoever mends the one need not come back for the other */
	said = refused_in_lines(BIT(CPU) | BIT(PIDS));
	assert_contains(said, "no mounted cgroup hierarchy has the cpu controller");
	assert_contains(said, "no mounted cgroup hierarchy has the pids controller");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	fake_file(SELF, "0::/\n");
	assert_contains(refused(BIT(CPU)), "/mountinfo: No such file");
	mountinfo(OTHERS);
	fake_file(SELF, NULL);
	assert_contains(refused(BIT(CPU)), "cannot read /self-cgroup");
}

static void a_mount_point_may_have_a_space(void **state)
{
	(void)state;
	mountinfo("31 30 0:26 /a\\134b /c\\040g\\011 rw - cgroup cgroup rw,cpu\n");
	fake_file(SELF, "1:cpu:/a\\b/c\n");
	found(BIT(CPU));
	assert_group(0, 1, BIT(CPU), "/c g\t/c");
}

static void an_escape_that_is_cut_short_is_not_read_over(void **state)
{
	(void)state;
	mountinfo("31 30 0:26 / /a/rather/long/place rw - cgroup cgroup rw,memory\n"
		  "32 30 0:27 / /b\\4 rw - cgroup cgroup rw,cpu\n");
	fake_file(SELF, "1:cpu:/\n2:memory:/\n");
	if (groups_find(scratch("mountinfo"), SELF, BIT(CPU), 0, &groups) == 0)
		assert_lacks(groups.items[0].parent, "long");
}

/* As fstab(5) has it, a mount is of no root: no kernel writes that. */
static void a_table_of_another_form_shows_no_place(void **state)
{
	(void)state;
	mountinfo("cgroup /cpu cgroup rw,cpu 0 0\n");
	fake_file(SELF, "1:cpu:/\n");
	assert_contains(refused(BIT(CPU)), "below any mount of its hierarchy");
}

/* mount -t cgroup2 "" DIR: the kernel writes nothing between two spaces. */
static void a_mount_of_an_empty_source_is_found(void **state)
{
	(void)state;
	v2_mounted("0::/\n");
	mountinfo(OTHERS "31 30 0:26 / /sys/fs/cgroup rw - cgroup2  rw\n");
	found(BIT(CPU));
	assert_group(0, 2, BIT(CPU), "/sys/fs/cgroup");
}

static void devices_mounted(const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), "31 30 0:26 / /v2 rw - cgroup2 cgroup2 rw\n%s", more);
	mountinfo(text);
	fake_file(SELF, "4:devices:/d\n2:memory:/m\n0::/a/b\n");
	v2_group("/v2", "cpu memory\n", "cpu memory\n", "", NULL);
	v2_group("/v2/a", "cpu memory\n", "cpu\n", "", "domain\n");
	v2_group("/v2/a/b", "cpu\n", "", "77\n", "domain\n");
}

static void devices_of_version_1_win(void **state)
{
	(void)state;
	devices_mounted("32 30 0:27 / /v1/devices rw - cgroup cgroup rw,devices\n");
	found(BIT(DEVICES));
	assert_int_equal(groups.count, 1);
	assert_group(0, 1, BIT(DEVICES), "/v1/devices/d");
	found(BIT(CPU) | BIT(DEVICES));
	assert_int_equal(groups.count, 2);
	assert_group(1, 2, BIT(CPU), "/v2/a");
}

static void in_v2_devices_alone_go_below_our_own_group_processes_or_not(void **state)
{
	(void)state;
	devices_mounted("");
	found(BIT(DEVICES));
	assert_int_equal(groups.count, 1);
	assert_group(0, 2, BIT(DEVICES), "/v2/a/b");
	v2_group("/v2/a/b", "cpu\n", "", "77\n", "domain threaded\n");
	found(BIT(DEVICES));
	assert_group(0, 2, BIT(DEVICES), "/v2/a");
}

static void in_v2_devices_go_where_the_controllers_are(void **state)
{
	(void)state;
	devices_mounted("");
	found(BIT(CPU) | BIT(DEVICES));
	assert_int_equal(groups.count, 1);
	assert_group(0, 2, BIT(CPU) | BIT(DEVICES), "/v2/a");
	found(BIT(CPU) | BIT(MEMORY) | BIT(DEVICES));
	assert_group(0, 2, BIT(CPU) | BIT(MEMORY) | BIT(DEVICES), "/v2");
}

static void devices_without_a_hierarchy_go_without(void **state)
{
	(void)state;
	mountinfo(OTHERS);
	fake_file(SELF, "4:devices:/d\n0::/u\n");
	found(BIT(DEVICES));
	assert_int_equal(groups.count, 0);
	mountinfo("31 30 0:26 /x /v2 rw - cgroup2 cgroup2 rw\n"
		  "32 30 0:27 / /v1/memory rw - cgroup cgroup rw,memory\n");
	fake_file(SELF, "4:devices:/d\n2:memory:/m\n0::/u\n");
	found(BIT(MEMORY) | BIT(DEVICES));
	assert_int_equal(groups.count, 1);
	assert_group(0, 1, BIT(MEMORY), "/v1/memory/m");
}

#define COUNTERS (BIT(CPUACCT) | BIT(MEMORY) | BIT(PIDS))

static void what_is_only_counted_is_found_in_v1(void **state)
{
	(void)state;
	mountinfo("31 30 0:26 / /cg/cpu rw - cgroup cgroup rw,cpu\n"
		  "32 30 0:27 / /cg/cpuacct rw - cgroup cgroup rw,cpuacct\n"
		  "33 30 0:28 / /cg/memory rw - cgroup cgroup rw,memory\n");
	fake_file(SELF, "3:memory:/m\n2:cpuacct:/a\n1:cpu:/c\n");
	found_and_counted(BIT(MEMORY), COUNTERS);
	assert_int_equal(groups.count, 2);
	assert_group(0, 1, BIT(MEMORY), "/cg/memory/m");
	assert_group(1, 1, BIT(CPUACCT), "/cg/cpuacct/a");
	mountinfo("31 30 0:26 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
	fake_file(SELF, "1:cpu,cpuacct:/c\n");
	found_and_counted(BIT(CPU), COUNTERS);
	assert_int_equal(groups.count, 1);
	assert_group(0, 1, BIT(CPU) | BIT(CPUACCT), "/cg/cpu/c");
}

static void what_is_only_counted_and_cannot_be_had_is_done_without(void **state)
{
	(void)state;
	mountinfo(OTHERS);
	fake_file(SELF, "4:memory:/d\n0::/u\n");
	found_and_counted(0, COUNTERS);
	assert_int_equal(groups.count, 0);
	mountinfo("31 30 0:26 /elsewhere /memory rw - cgroup cgroup rw,memory\n");
	found_and_counted(0, COUNTERS);
	assert_int_equal(groups.count, 0);
	assert_contains(refused(BIT(MEMORY)), "below any mount of its hierarchy");
}

/* At v2/a/b there are processes, and at v2/a only cpu is handed on. */
static void in_v2_cpu_time_is_counted_where_nothing_else_can_be(void **state)
{
	(void)state;
	devices_mounted("");
	found_and_counted(BIT(DEVICES), BIT(CPUACCT));
	assert_int_equal(groups.count, 1);
	assert_group(0, 2, BIT(CPUACCT) | BIT(DEVICES), "/v2/a/b");
	v2_group("/v2", "cpu pids\n", "cpu\n", "1\n", "domain\n");
	found_and_counted(BIT(DEVICES), COUNTERS);
	assert_group(0, 2, BIT(CPUACCT) | BIT(DEVICES), "/v2/a/b");
}

static void in_v2_counters_climb_as_limits_do(void **state)
{
	(void)state;
	devices_mounted("");
	v2_group("/v2", "cpu memory pids\n", "cpu memory pids\n", "", NULL);
	found_and_counted(BIT(CPU) | BIT(DEVICES), COUNTERS);
	assert_int_equal(groups.count, 1);
	assert_group(0, 2, BIT(CPU) | BIT(DEVICES) | COUNTERS, "/v2");
	assert_int_equal(groups.items[0].counters, BIT(MEMORY) | BIT(PIDS));
	found_and_counted(BIT(CPU) | BIT(MEMORY) | BIT(DEVICES), COUNTERS);
	assert_int_equal(groups.items[0].counters, BIT(PIDS));
}

static void in_v2_counters_do_not_climb_out_of_a_limit(void **state)
{
	const char *said;

	(void)state;
	devices_mounted("");
	v2_group("/v2", "cpu memory pids\n", "cpu memory pids\n", "", NULL);
	fake_file("/v2/a/pids.max", "20\n");
	capture_begin(STDERR_FILENO);
	assert_int_equal(groups_find(scratch("mountinfo"), SELF, BIT(CPU), COUNTERS, &groups), 0);
	said = capture_end();
	assert_one_line(said);
	assert_contains(said, "/v2/a/pids.max is to hold for the container, whose memory and "
			      "processes are therefore not counted");
	assert_group(0, 2, BIT(CPU) | BIT(CPUACCT), "/v2/a");
	/* A limit that is climbed out of for another's sake is no reason. */
	capture_begin(STDERR_FILENO);
	assert_int_equal(groups_find(scratch("mountinfo"), SELF, BIT(MEMORY), COUNTERS, &groups),
			 0);
	said = capture_end();
	assert_one_line(said);
	assert_contains(said, "/v2/a/pids.max does not hold");
	assert_group(0, 2, COUNTERS, "/v2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAYOUT_TEST(a_path_of_version_2_is_found_below_the_mount_that_shows_it),
		LAYOUT_TEST(each_limit_names_its_controller),
		LAYOUT_TEST(without_a_limit_nothing_is_even_read),
		LAYOUT_TEST(v1_with_a_hierarchy_for_each_controller),
		LAYOUT_TEST(v1_with_controllers_mounted_together_gets_one_group),
		LAYOUT_TEST(a_controller_is_not_taken_for_another_that_begins_alike),
		LAYOUT_TEST(systemd_s_hybrid_layout_means_v1),
		LAYOUT_TEST(v2_at_its_root_may_have_processes),
		LAYOUT_TEST(v2_in_a_session_climbs_to_a_group_without_processes),
		LAYOUT_TEST(v2_says_which_limits_are_left_behind),
		LAYOUT_TEST(v2_with_processes_all_the_way_up_is_refused),
		LAYOUT_TEST(v2_where_we_are_alone_has_the_nest),
		LAYOUT_TEST(v2_at_its_root_needs_no_nest),
		LAYOUT_TEST(v2_without_the_controller_is_climbed_out_of),
		LAYOUT_TEST(v2_shared_is_climbed_out_of_to_what_we_may_write),
		LAYOUT_TEST(v2_shared_with_nothing_of_ours_above_is_refused_with_the_way_out),
		LAYOUT_TEST(v2_where_any_of_its_files_is_not_ours_is_refused),
		LAYOUT_TEST(v1_where_we_may_not_write_is_refused_and_device_rules_go_without),
		LAYOUT_TEST(in_a_container_the_mount_s_root_is_taken_off_our_path),
		LAYOUT_TEST(a_place_that_the_mount_does_not_show_is_refused),
		LAYOUT_TEST(a_table_of_another_form_shows_no_place),
		LAYOUT_TEST(some_controllers_in_v1_and_some_in_v2),
		LAYOUT_TEST(each_missing_controller_is_named_with_the_way_to_get_it),
		LAYOUT_TEST(a_file_that_cannot_be_read_is_named),
		LAYOUT_TEST(a_mount_point_may_have_a_space),
		LAYOUT_TEST(an_escape_that_is_cut_short_is_not_read_over),
		LAYOUT_TEST(a_mount_of_an_empty_source_is_found),
		LAYOUT_TEST(devices_of_version_1_win),
		LAYOUT_TEST(in_v2_devices_alone_go_below_our_own_group_processes_or_not),
		LAYOUT_TEST(in_v2_devices_go_where_the_controllers_are),
		LAYOUT_TEST(devices_without_a_hierarchy_go_without),
		LAYOUT_TEST(what_is_only_counted_is_found_in_v1),
		LAYOUT_TEST(what_is_only_counted_and_cannot_be_had_is_done_without),
		LAYOUT_TEST(in_v2_cpu_time_is_counted_where_nothing_else_can_be),
		LAYOUT_TEST(in_v2_counters_climb_as_limits_do),
		LAYOUT_TEST(in_v2_counters_do_not_climb_out_of_a_limit),
	};

	return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
