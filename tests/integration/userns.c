/* --userns: root inside is nobody outside. */
#include "lab.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANGE "0:200000:70000\n"

/* For a job's "before": /etc/subuid and /etc/subgid have this text, for it alone. */
static void with_ids(const void *text)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("etc", "/etc", "tmpfs", 0, NULL) < 0)
		_exit(99);
	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(i ? "/etc/subuid" : "/etc/subgid", "we");

		if (!file || fputs(text, file) < 0 || fclose(file) != 0)
			_exit(99);
	}
}

#define IDS(...) CALL(.before = with_ids, .argument = RANGE, __VA_ARGS__)
/* busybox sh runs script in a user namespace */
#define RUN_IN(script, ...)                                                                        \
	job_end(START(IDS(), "--userns", __VA_ARGS__ __VA_OPT__(, ) lab_merged(), "--", "sh",      \
		      "-c", script))

/* Not every file system maps ids: tmpfs does from Linux 6.3 on. Then it is said what follows. */
static bool files_are_mapped(void)
{
	const struct result *result = RUN_IN("stat -c %u /bin");

	assert_status(result, 0);
	if (!*result->err)
		return true;
	assert_string_equal(result->out, "65534\n");
	assert_has(result->err, "cannot map ids: its files should belong to 200000 and up");
	return false;
}

static void anybody_inside_may_ping_and_have_any_port(void **state)
{
	(void)state;
	assert_out(RUN_IN("cat /proc/sys/net/ipv4/ping_group_range;"
			  " probe ping; probe bind-port 80",
			  "--user", "1000"),
		   "0\t69999\nanswered\nbound\n");
}

static void pipes_open_again_inside(void **state)
{
	(void)state;
	assert_out(RUN_IN("echo root >/dev/stdout"), "root\n");
	assert_out(RUN_IN("echo user >/dev/stdout", "--user", "1000"), "user\n");
}

static void root_inside_is_nobody_outside(void **state)
{
	struct job *job = START(IDS(.talks = true), "--userns", lab_merged(), "--", "sh", "-c",
				"cat /proc/self/uid_map /proc/self/gid_map; id; echo ready; cat");
	pid_t init;

	(void)state;
	job_expect(job, "0     200000      70000");
	job_expect(job, "0     200000      70000");
	job_expect(job, "uid=0 gid=0 groups=0");
	job_expect(job, "ready");
	init = host_init(job);
	assert_string_equal(host_status(init, "Uid:"), "200000\t200000\t200000\t200000");
	assert_string_equal(host_status(host_payload(job), "Gid:"),
			    "200000\t200000\t200000\t200000");
	assert_int_not_equal(host_namespace(init, "user"), host_namespace(getpid(), "user"));
	assert_status(job_end(job), 0);
}

static void a_user_inside_is_another_nobody_outside(void **state)
{
	struct job *job =
		START(IDS(.talks = true), "--userns", "--user", "1000:100", lab_merged(), "--",
		      "sh", "-c", "id; grep Cap /proc/self/status; echo ready; cat");

	(void)state;
	job_expect(job, "uid=1000 gid=100");
	job_expect(job, "CapEff:\t0000000000000000");
	job_expect(job, "ready");
	assert_string_equal(host_status(host_payload(job), "Uid:"),
			    "201000\t201000\t201000\t201000");
	assert_status(job_end(job), 0);
	assert_refused(RUN_IN("true", "--user", "70000"), "--user 70000:70000 is outside");
}

static void files_made_inside_are_owned_inside(void **state)
{
	(void)state;
	if (!files_are_mapped())
		return;
	assert_out(RUN_IN("echo text >/made && chown 5:6 /made && mkdir /d && rm /bin/vi && "
			  "stat -c %u:%g /made /d /bin/busybox && cat /made"),
		   "5:6\n0:0\n0:0\ntext\n");
	/* The same layers without a user namespace: nothing has changed hands. */
	assert_out(RUN_SH("stat -c %u:%g /made /d /bin; [ -e /bin/vi ] || echo gone"),
		   "5:6\n0:0\n0:0\ngone\n");
	assert_out(RUN_IN("echo gone >/kept; stat -c %u:%g /kept", "--ephemeral"), "0:0\n");
	assert_false(is_there(lab_path("upper/kept")));
}

static void each_of_several_layers_is_mapped(void **state)
{
	(void)state;
	if (!files_are_mapped())
		return;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(mkdir(lab_path("l,%d", i), 0755), 0);
		lab_write(lab_path("l,%d/only%d", i, i), "", 0644);
	}
	assert_out(RUN_IN("stat -c %u:%g /only* /bin", "--lower", lab_path("l,1"), "--lower",
			  lab_path("l,2"), "--lower", lab_path("l,3"), "--lower",
			  lab_path("lower")),
		   "0:0\n0:0\n0:0\n0:0\n");
}

static void a_directory_can_be_the_root(void **state)
{
	const char *root = lab_path("plain");

	(void)state;
	if (!files_are_mapped())
		return;
	assert_int_equal(rename(lab_path("lower"), root), 0);
	assert_out(job_end(START(IDS(), "--userns", root, "--", "sh", "-c",
				 "echo >/here; stat -c %u:%g /here /bin")),
		   "0:0\n0:0\n");
	assert_true(is_there(lab_path("plain/here")));
}

static void what_is_bound_stays_the_host_s(void **state)
{
	const struct result *result;

	(void)state;
	lab_write(lab_path("secret"), "secret\n", 0600);
	lab_write(lab_path("open"), "open\n", 0644);
	result = RUN_IN("cat /mnt/open; cat /mnt/secret || echo x >>/mnt/open || rm /mnt/open; "
			"stat -c %u:%g /mnt/open",
			"--bind", lab_text("%s:/mnt", lab_directory()));
	assert_status(result, 0);
	assert_string_equal(result->out, "open\n65534:65534\n");
	assert_string_equal(lab_read(lab_path("open")), "open\n");
}

static void devices_views_and_limits_are_as_ever(void **state)
{
	const struct result *result;

	(void)state;
	result = RUN_IN("head -c 1 /dev/zero | wc -c; echo x >/dev/null; head -c 2 /dev/urandom | "
			"wc -c; ls /proc/1/comm /sys/kernel; echo x >/proc/sys/kernel/domainname "
			"|| echo kept; cat /proc/kcore | wc -c; hostname; cat /proc/net/dev | "
			"grep -c lo:",
			"--hostname", "box");
	assert_status(result, 0);
	assert_has(result->out, "1\n2\n");
	assert_has(result->out, "/proc/1/comm");
	assert_has(result->out, "kept\n0\nbox\n1\n");
	group_needed("memory");
	result = RUN_IN("tail /dev/zero", "--mem", "20M");
	assert_status(result, 137);
	assert_has(result->err, "memory limit 20M reached: 1 process killed (tail)");
}

static void what_needs_the_host_s_root_is_refused(void **state)
{
	(void)state;
	assert_out(RUN_IN("mount -t tmpfs none /tmp 2>/dev/null || echo mount; "
			  "mknod /n c 1 3 2>/dev/null || echo mknod; "
			  "hostname x 2>/dev/null || echo hostname"),
		   "mount\nmknod\nhostname\n");
	/* All capabilities, but over nothing that is the host's. */
	assert_out(RUN_IN("mount -t tmpfs none /tmp && echo mount; "
			  "mknod /n b 7 0 2>/dev/null || echo mknod; "
			  "echo x >/proc/sys/kernel/core_pattern || echo core_pattern",
			  "--privileged", "--ephemeral"),
		   "mount\nmknod\ncore_pattern\n");
}

static void its_groups_are_seen_and_not_written(void **state)
{
	(void)state;
	assert_out(RUN_IN(LAB_GROUP_PROBE, "--mem", "64M"), "67108864\n" LAB_GROUP_KEPT);
	assert_out(RUN_IN("ls /sys 2>&-", "--mem", "64M", "--net", "host"), "");
}

static void hooks_run_as_root_inside(void **state)
{
	const char *hook = lab_path("hook");

	(void)state;
	lab_write(hook, "#!/bin/sh\nset -e\ncat /proc/self/uid_map >$1/map\n", 0755);
	assert_int_equal(chmod(lab_directory(), 0755), 0);
	assert_out(RUN_IN("cat /map; stat -c %u:%g /map", "--ephemeral", "--hook", hook),
		   "         0     200000      70000\n0:0\n");
}

static void a_terminal_is_had(void **state)
{
	struct job *job = START(IDS(.terminal = true), "--userns", lab_merged(), "--", "sh", "-c",
				"tty; stat -c %u:%g /dev/pts/0");

	(void)state;
	assert_has(job_end(job)->out, "/dev/pts/0\r\n0:5\r\n");
}

/* T-USERNS-1: the range comes from a file that people write. */
static void without_ids_there_is_no_user_namespace(void **state)
{
	static const char *const texts[] = {
		"",
		"nobody:100000:65536\n",
		"0:0:65536\n",
		"0:100000:0\n",
		"0:100000\n",
		"0:100000:-1\n",
		"0:100000:99999999999\n",
		"0:4294967295:1\n",
		"0:4294900000:70000\n",
		"0:18446744073709551616:1\n",
		"0: 100000:1\n",
		"0:100000:1:\n",
		":100000:65536\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct call call = {.before = with_ids, .argument = texts[i]};

		assert_refused(job_end(START(&call, "--userns", lab_merged(), "--", "true")),
			       "/etc/subuid gives 0 no ids; append the line 0:100000:65536");
	}
}

/* As ip-netns(8) keeps one. */
static uint64_t network_make(const char *path)
{
	struct stat stat_buffer;
	pid_t child;

	lab_write(path, "", 0600);
	child = fork();
	if (child == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ||
		      mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) < 0);
	assert_eventually(!host_is_running(child));
	assert_int_equal(stat(path, &stat_buffer), 0);
	return stat_buffer.st_ino;
}

static void a_network_namespace_can_be_given(void **state)
{
	const char *path = lab_path("net");
	uint64_t wanted = network_make(path);
	struct job *job =
		START(IDS(.talks = true), "--userns", "--net", path, lab_merged(), "--", "sh", "-c",
		      "grep -c lo: /proc/net/dev; ls /sys | wc -l; ip link set lo up || "
		      "echo not ours; echo ready; cat");

	(void)state;
	job_expect(job, "1\n0\nnot ours\nready");
	assert_true(host_namespace(host_payload(job), "net") == wanted);
	assert_true(host_namespace(host_payload(job), "user") != host_namespace(getpid(), "user"));
	assert_true(host_namespace(job->pid, "net") == host_namespace(getpid(), "net"));
	assert_status(job_end(job), 0);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	assert_refused(RUN_IN("true", "--net", "/proc/self/ns/uts"),
		       "cannot join the network namespace /proc/self/ns/uts");
}

static void a_killed_keeper_leaves_nothing_alive(void **state)
{
	struct job *job = START(IDS(.talks = true), "--userns", lab_merged(), "--", "sh", "-c",
				"echo ready; cat");
	pid_t init;

	(void)state;
	job_expect(job, "ready");
	init = host_init(job);
	job_signal(job, SIGKILL);
	assert_eventually(!host_is_running(init));
	job_end(job);
	assert_status(RUN("gc"), 0);
}

/* The layers have ids from 0 on, what a container sees has those outside. */
static void diff_tells_a_change_of_owner_from_a_change_of_view(void **state)
{
	static const char *const options[] = {"--no-tty", "--ephemeral"};

	(void)state;
	if (!files_are_mapped())
		return;
	assert_int_equal(system(lab_text("cd %s && mkdir dev proc run sys", lab_path("lower"))), 0);
	lab_write(lab_path("lower/etc/owned"), "", 0644);
	lab_write(lab_path("lower/etc/kept"), "", 0644);
	for (size_t i = 0; i < COUNT(options); i++) {
		struct job *job = START(IDS(.talks = true), "--userns", "--name", "lab-one",
					options[i], lab_merged(), "--", "sh", "-c",
					"chown 7 /etc/owned; mkdir /root/made; touch /root/made/x; "
					"echo ready; read line");

		job_expect(job, "ready");
		assert_out(RUN("diff", "lab-one"), "C /etc/owned\nA /root/made\nA /root/made/x\n");
		job_close_input(job);
		assert_status(job_end(job), 1);
	}
}

static void verbs_reach_it_as_any_other(void **state)
{
	struct job *job = START(IDS(.talks = true), "--userns", "--name", "lab-one", lab_merged(),
				"--", "probe", "catch", "15");

	(void)state;
	job_expect(job, "ready");
	assert_has(RUN("ls")->out, "lab-one ");
	assert_out(RUN("kill", "lab-one", "USR1"), "");
	job_expect(job, "got 10.");
	assert_out(RUN("stop", "lab-one"), "");
	assert_string_equal(host_leftovers(), "");
	assert_status(job_end(job), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(root_inside_is_nobody_outside),
		TEST(pipes_open_again_inside),
		TEST(anybody_inside_may_ping_and_have_any_port),
		TEST(a_user_inside_is_another_nobody_outside),
		TEST(files_made_inside_are_owned_inside),
		TEST(each_of_several_layers_is_mapped),
		TEST(a_directory_can_be_the_root),
		TEST(what_is_bound_stays_the_host_s),
		TEST(devices_views_and_limits_are_as_ever),
		TEST(what_needs_the_host_s_root_is_refused),
		TEST(its_groups_are_seen_and_not_written),
		TEST(hooks_run_as_root_inside),
		TEST(a_terminal_is_had),
		TEST(without_ids_there_is_no_user_namespace),
		TEST(a_network_namespace_can_be_given),
		TEST(a_killed_keeper_leaves_nothing_alive),
		TEST(diff_tells_a_change_of_owner_from_a_change_of_view),
		TEST(verbs_reach_it_as_any_other),
	};

	return TESTS_RUN(tests);
}
