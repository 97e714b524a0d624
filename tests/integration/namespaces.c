/* Namespaces: all of the container's are its own, the network is loopback, the host's or a given
 * one, and the cgroup namespace is rooted at the container's group. */
#include "lab.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static struct job *start_ready(const char *option, const char *argument)
{
	struct job *job = option ? START_SH(CALL(.talks = true), "echo ready; cat", "--mem", "64M",
					    option, argument)
				 : START_SH(CALL(.talks = true), "echo ready; cat", "--mem", "64M");

	job_expect(job, "ready");
	return job;
}

static void each_namespace_is_the_container_s_own(void **state)
{
	static const char *const names[] = {"uts", "pid", "mnt", "net", "ipc", "cgroup"};
	struct job *job = start_ready(NULL, NULL);
	pid_t payload = host_payload(job);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_true(host_namespace(payload, names[i]) != 0);
		assert_true(host_namespace(payload, names[i]) !=
			    host_namespace(getpid(), names[i]));
		assert_true(host_namespace(payload, names[i]) ==
			    host_namespace(host_init(job), names[i]));
		assert_true(host_namespace(job->pid, names[i]) ==
			    host_namespace(getpid(), names[i]));
	}
	assert_status(job_end(job), 0);
}

static void the_payload_sees_only_its_own_processes(void **state)
{
	(void)state;
	assert_out(RUN_SH("cd /proc; echo [0-9]*"), "1 2\n");
}

static void loopback_is_up_and_alone_and_usable(void **state)
{
	(void)state;
	assert_out(RUN(lab_merged(), "--", "probe", "loopback"), "word\n");
	assert_out(RUN_SH("ls /sys/class/net | tr -d '\\n'; cat /sys/class/net/lo/flags"),
		   "lo0x9\n");
}

#define NET_SCRIPT                                                                                 \
	"cd /proc/sys/net/ipv4; cat ping_group_range ip_unprivileged_port_start;"                  \
	" probe ping; probe bind-port 80"

static void anybody_may_ping_and_have_any_port_in_a_network_of_its_own(void **state)
{
	(void)state;
	assert_out(RUN_SH(NET_SCRIPT, "--user", "1000"), "0\t2147483647\n0\nanswered\nbound\n");
	assert_status(RUN_SH("echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start"), 1);
}

static void net_host_is_the_host_s(void **state)
{
	struct job *job = start_ready("--net", "host");

	(void)state;
	assert_true(host_namespace(host_payload(job), "net") == host_namespace(getpid(), "net"));
	assert_true(host_namespace(host_payload(job), "ipc") != host_namespace(getpid(), "ipc"));
	assert_status(job_end(job), 0);
}

/* A namespace kept by a bind mount, as ip-netns(8) does it. */
static void net_path_is_the_one_at_the_path(void **state)
{
	const char *path = lab_path("net");
	uint64_t wanted;
	struct job *job;
	pid_t child;

	(void)state;
	lab_write(path, "", 0600);
	child = fork();
	if (child == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ||
		      mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) < 0);
	assert_eventually(!host_is_running(child));
	job = START(CALL(.program = "/usr/bin/stat"), "-L", "-c", "%i", path);
	wanted = strtoull(job_end(job)->out, NULL, 10);
	job = start_ready("--net", path);
	assert_true(host_namespace(host_payload(job), "net") == wanted);
	assert_true(wanted != host_namespace(getpid(), "net"));
	assert_status(job_end(job), 0);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
}

static void a_net_path_that_is_no_namespace_is_refused(void **state)
{
	(void)state;
	lab_write(lab_path("file"), "", 0600);
	assert_refused(RUN("--net", lab_path("none"), lab_merged(), "true"), lab_path("none"));
	assert_refused(RUN("--net", lab_path("file"), lab_merged(), "true"), lab_path("file"));
	assert_refused(RUN("--net", "/proc/self/ns/uts", lab_merged(), "true"),
		       "/proc/self/ns/uts");
	assert_refused(RUN("--net", "bridge", lab_merged(), "true"), "\"bridge\"");
	lab_assert_clean();
}

/* T-CG-1 */
static void the_cgroup_namespace_is_rooted_at_the_container_s_group(void **state)
{
	const struct result *result =
		RUN_SH("cat /proc/self/cgroup", "--cpu", "50", "--mem", "64M", "--pids", "50");
	char *rest;

	(void)state;
	assert_status(result, 0);
	assert_true(*result->out != '\0');
	rest = lab_text("%s", result->out);
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line)
			assert_string_equal(strrchr(line, ':'), ":/");
}

static void the_container_sees_its_own_limits_and_cannot_write_them(void **state)
{
	const struct result *result = RUN_SH(LAB_GROUP_PROBE, "--mem", "64M");

	(void)state;
	assert_out(result, "67108864\n" LAB_GROUP_KEPT);
	assert_out(RUN_SH("ls /sys/fs/cgroup"), "");
}

static void the_host_name_is_the_run_s_name_or_the_one_asked_for(void **state)
{
	const char *name = lab_text("lab-%d-h", getpid());
	char before[65] = "", after[65] = "";

	(void)state;
	gethostname(before, sizeof(before) - 1);
	assert_out(RUN_SH("hostname", "--name", name), lab_text("%s\n", name));
	assert_out(RUN_SH("hostname; uname -n", "--hostname", "other.box"),
		   "other.box\nother.box\n");
	gethostname(after, sizeof(after) - 1);
	assert_string_equal(before, after);
}

/* T-NAME-1 */
static void names_that_are_none_are_refused(void **state)
{
	static const char *const names[] = {
		"",
		".",
		"..",
		"a/b",
		"-x",
		"a b",
		"a\nb",
		"\x1b[31m",
		"%s\xc3\xa4",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaa"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct result *result = RUN("--name", names[i], lab_merged(), "true");

		assert_refused(result, "--name: \"");
		for (const char *c = result->err; *c; c++)
			assert_true((*c >= 0x20 && *c < 0x7f) || *c == '\n');
		assert_refused(RUN("--hostname", names[i], lab_merged(), "true"), "--hostname: \"");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_namespace_is_the_container_s_own),
		TEST(the_payload_sees_only_its_own_processes),
		TEST(loopback_is_up_and_alone_and_usable),
		TEST(anybody_may_ping_and_have_any_port_in_a_network_of_its_own),
		TEST(net_host_is_the_host_s),
		TEST(net_path_is_the_one_at_the_path),
		TEST(a_net_path_that_is_no_namespace_is_refused),
		TEST(the_cgroup_namespace_is_rooted_at_the_container_s_group),
		TEST(the_container_sees_its_own_limits_and_cannot_write_them),
		TEST(the_host_name_is_the_run_s_name_or_the_one_asked_for),
		TEST(names_that_are_none_are_refused),
	};

	return TESTS_RUN(tests);
}
