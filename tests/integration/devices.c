/* Devices: those of every container, those that are asked for, and no others, on whatever this host
 * has for rules: version 1 hidden, a host of both is one of version 2.
 *
 * Where nodev and the want of CAP_MKNOD would answer already, the rules do not show. They do where
 * a node of ours is opened beyond its access, and where a descriptor of the caller's is opened
 * again, by /proc, on the caller's own mount. */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define RULES                                                                                      \
	"c 1:3 rwm\nc 1:5 rwm\nc 1:7 rwm\nc 1:8 rwm\nc 1:9 rwm\nc 5:0 rwm\n"                       \
	"c 5:2 rw\nc 136:* rw\n"

/* How ctr-setup finds the host. */
struct host {
	bool hides_v1, hides_v2, without_bpf;
	bool hands; /* the odd device, open for reading, is its stdin */
};

static const struct host hosts[] = {{0}, {.hides_v1 = true}};

/* A device that any kernel has, that no container has, and that is harmless to open. */
static unsigned odd_minor(void)
{
	const char *line = strstr(lab_read("/proc/misc"), " cpu_dma_latency");

	if (!line)
		lab_cannot("this kernel has no cpu_dma_latency");
	while (line[-1] >= '0' && line[-1] <= '9')
		line--;
	return (unsigned)strtoul(line, NULL, 10);
}

/* --- in the child */

static void must(bool holds)
{
	if (!holds)
		_exit(98);
}

/* In version 1, all that are mounted together with the devices go along. */
static void hierarchies_hide(const struct host *host)
{
	char *rest = lab_text("%s", lab_read("/proc/self/mountinfo"));

	for (char *line; (line = strsep(&rest, "\n"));) {
		bool is_v2 = strstr(line, " - cgroup2 ");
		bool is_v1 = strstr(line, " - cgroup ") && strstr(line, ",devices");
		char *point = line;

		if (!(is_v1 && host->hides_v1) && !(is_v2 && host->hides_v2))
			continue;
		for (int i = 0; i < 5; i++)
			line = strsep(&point, " ");
		must(umount2(line, MNT_DETACH) == 0);
	}
}

static void bpf_forbid(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {COUNT(filter), filter};

	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* A /dev of our own: nothing of it is left, however the test ends. */
static void dev_furnish(void)
{
	dev_t odd = makedev(10, odd_minor());

	must(mount("tmpfs", "/dev", "tmpfs", 0, "mode=755") == 0);
	umask(0);
	must(mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) == 0);
	must(mknod("/dev/odd", S_IFCHR | 0640, odd) == 0);
	must(mknod("/dev/disk", S_IFBLK | 0460, makedev(7, 3)) == 0);
	must(mkdir("/dev/deep", 0755) == 0 && mkdir("/dev/deep/er", 0755) == 0);
	must(mknod("/dev/deep/er/odd", S_IFCHR | 0600, odd) == 0);
	must(symlink("deep/er/odd", "/dev/link") == 0);
	must(mknod("/dev/file", S_IFREG | 0644, 0) == 0);
	must(mkfifo("/dev/pipe", 0644) == 0);
}

static void host_arrange(const void *argument)
{
	const struct host *host = argument;

	must(unshare(CLONE_NEWNS) == 0);
	hierarchies_hide(host);
	dev_furnish();
	if (host->hands)
		must(dup2(open("/dev/odd", O_RDONLY | O_CLOEXEC), 0) == 0);
	if (host->without_bpf)
		bpf_forbid();
}

/* --- what carries the rules there: 1, 2, or 0 for nothing */

static int carrier(const struct host *host)
{
	int version;

	if (!host->hides_v1 && group_of(getpid(), "devices", &version) && version == 1)
		return 1;
	return !host->hides_v2 && !host->without_bpf && group_of(getpid(), "", &version) ? 2 : 0;
}

static const struct host *next_host(const struct host *host)
{
	if (!host && carrier(&hosts[0]) == 0 && carrier(&hosts[1]) == 0)
		lab_cannot("this host has nothing to carry device rules");
	do
		host = host ? host + 1 : hosts;
	while (host < hosts + COUNT(hosts) && carrier(host) == 0);
	return host < hosts + COUNT(hosts) ? host : NULL;
}
#define FOR_EACH_HOST(host) for (const struct host *host = NULL; (host = next_host(host));)

#define ON(host)		  CALL(.before = host_arrange, .argument = (host))
#define RUN_ON(host, script, ...) job_end(START_SH(ON(host), script, __VA_ARGS__))

/* --- those of every container */

/* T-DEV-1 */
static void each_node_of_every_container_can_be_opened(void **state)
{
	(void)state;
	FOR_EACH_HOST(host) {
		assert_out(RUN_ON(host,
				  "for node in null zero full random urandom ptmx; do"
				  " (: <>/dev/$node) && echo $node; done;"
				  " (: </dev/tty) 2>&1 | grep -o 'No such device or address'"),
			   "null\nzero\nfull\nrandom\nurandom\nptmx\nNo such device or address\n");
	}
}

static void a_terminal_of_its_own_can_be_opened_again(void **state)
{
	(void)state;
	FOR_EACH_HOST(host) {
		const struct result *result = job_end(
			START_SH(CALL(.terminal = true, .before = host_arrange, .argument = host),
				 "echo slave >/dev/pts/0; echo own >/dev/tty"));

		assert_status(result, 0);
		assert_string_equal(result->out, "slave\r\nown\r\n");
	}
}

/* T-DEV-1 */
static void no_other_node_can_be_made(void **state)
{
	(void)state;
	FOR_EACH_HOST(host) {
		const struct result *result =
			RUN_ON(host, "mknod /tmp/mem c 1 1 || mknod /tmp/disk b 8 0 ||"
				     " mknod /dev/zero2 c 1 5 || echo none");

		assert_out(result, "none\n");
		assert_has(result->err, "mem: Operation not permitted");
		assert_has(result->err, "disk: Operation not permitted");
		assert_has(result->err, "zero2: Operation not permitted");
	}
}

/* Without rules both are had: neither nodev nor a capability stands in the way of root. */
static void a_descriptor_for_reading_cannot_be_opened_again_for_writing(void **state)
{
	static const char script[] = "(: </dev/stdin) && echo read;"
				     "(: >/dev/stdin) && echo written;"
				     "(: <>/proc/self/fd/0) && echo both; true";
	struct host bare = {.hides_v1 = true, .hides_v2 = true, .hands = true};

	(void)state;
	FOR_EACH_HOST(host) {
		struct host handing = *host;
		const struct result *result;

		handing.hands = true;
		result = RUN_ON(&handing, script);
		assert_out(result, "read\n");
		assert_has(result->err, "Operation not permitted");
	}
	assert_out(RUN_ON(&bare, script), "read\nwritten\nboth\n");
}

/* A whiteout is a device of the numbers 0:0 (overlayfs.rst). */
static void files_of_the_image_can_be_removed(void **state)
{
	struct stat stat_buffer;

	(void)state;
	FOR_EACH_HOST(host) {
		lab_write(lab_path("lower/etc/gone"), "text", 0644);
		assert_out(RUN_ON(host, "rm /etc/gone && ls /etc"), "");
		assert_int_equal(lstat(lab_path("upper/etc/gone"), &stat_buffer), 0);
		assert_true(S_ISCHR(stat_buffer.st_mode) && stat_buffer.st_rdev == 0);
		assert_int_equal(unlink(lab_path("upper/etc/gone")), 0);
	}
}

/* --- as the host sees them */

static unsigned programs_count(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr attributes = {
		.query = {.target_fd = (uint32_t)fd, .attach_type = BPF_CGROUP_DEVICE},
	};

	assert_true(fd >= 0);
	assert_int_equal(syscall(SYS_bpf, BPF_PROG_QUERY, &attributes, sizeof(attributes)), 0);
	assert_int_equal(attributes.query.attach_flags, BPF_F_ALLOW_MULTI);
	close(fd);
	return attributes.query.prog_cnt;
}

static void assert_rules(pid_t pid, int carrier, const char *wanted)
{
	int version;
	const char *group = group_of(pid, carrier == 1 ? "devices" : "", &version);

	assert_has(group, "/ctr-");
	if (carrier == 1)
		assert_string_equal(lab_read(lab_text("%s/devices.list", group)), wanted);
	else
		assert_int_equal(programs_count(group), 1);
}

static void the_rules_stand_in_the_host_s_group_without_any_limit(void **state)
{
	(void)state;
	FOR_EACH_HOST(host) {
		struct job *job =
			START_SH(CALL(.talks = true, .before = host_arrange, .argument = host),
				 "echo ready; cat", "--device", "/dev/odd:r");

		job_expect(job, "ready");
		assert_rules(host_payload(job), carrier(host),
			     lab_text(RULES "c 10:%u rm\n", odd_minor()));
		assert_rules(host_init(job), carrier(host),
			     lab_text(RULES "c 10:%u rm\n", odd_minor()));
		assert_status(job_end(job), 0);
		lab_assert_clean();
	}
}

static void gc_removes_the_group_of_a_killed_keeper(void **state)
{
	(void)state;
	FOR_EACH_HOST(host) {
		struct job *job =
			START_SH(CALL(.talks = true, .before = host_arrange, .argument = host),
				 "echo ready; cat");

		job_expect(job, "ready");
		job_signal(job, SIGKILL);
		assert_status(job_end(job), -SIGKILL);
		lab_assert_no_process();
		assert_has(host_leftovers(), "/sys/fs/cgroup");
		assert_status(RUN("gc"), 0);
		lab_assert_clean();
	}
}

/* Of this one test, removed even when it fails. */
static char nested[4096];

static int nested_teardown(void **state)
{
	int rc = lab_teardown(state);

	rmdir(nested);
	return rc;
}

static void enter_nested(const void *argument)
{
	FILE *to = fopen(lab_text("%s/cgroup.procs", nested), "we");

	(void)argument;
	must(to && fprintf(to, "%d\n", getpid()) > 0 && fclose(to) == 0);
}

static void a_device_that_the_group_above_lacks_is_said(void **state)
{
	int version;
	const char *own = group_of(getpid(), "devices", &version);

	(void)state;
	if (!own || version != 1)
		return; /* of version 1 alone: programs of all groups above are asked, too */
	snprintf(nested, sizeof(nested), "%s/lab-%d", own, getpid());
	assert_int_equal(mkdir(nested, 0755), 0);
	lab_write(lab_text("%s/devices.deny", nested), "c 1:7 w", 0200);
	assert_refused(job_end(START(CALL(.before = enter_nested), lab_merged(), "true")),
		       "c 1:7 rwm to ");
	lab_write(lab_text("%s/devices.allow", nested), "c 1:7 w", 0200);
	assert_status(job_end(START(CALL(.before = enter_nested), lab_merged(), "true")), 0);
}

/* --- those that are asked for */

static void a_device_is_there_when_it_is_asked_for(void **state)
{
	static const char look[] = "ls /dev | grep -e odd -e deep -e disk -e link; true";

	(void)state;
	FOR_EACH_HOST(host) {
		assert_out(RUN_ON(host, look), "");
		assert_out(RUN_ON(host, look, "--device", "/dev/odd", "--device", "/dev/disk:r"),
			   "disk\nodd\n");
		assert_out(RUN_ON(host, "(: </dev/odd) && (: >/dev/odd) && echo open", "--device",
				  "/dev/odd"),
			   "open\n");
	}
}

static void only_the_access_that_is_asked_for_is_had(void **state)
{
	static const struct {
		const char *option, *had;
	} table[] = {
		{"/dev/odd", "r\nw\nb\n"},     {"/dev/odd:rw", "r\nw\nb\n"}, {"/dev/odd:r", "r\n"},
		{"/dev/odd:w", "w\n"},	       {"/dev/odd:rm", "r\n"},	     {"/dev/odd:m", ""},
		{"/dev/odd:rwm", "r\nw\nb\n"},
	};

	(void)state;
	FOR_EACH_HOST(host) {
		for (size_t i = 0; i < COUNT(table); i++)
			assert_out(RUN_ON(host,
					  "(: </dev/odd) && echo r; (: >/dev/odd) && echo w;"
					  "(: <>/dev/odd) && echo b; true",
					  "--device", table[i].option),
				   table[i].had);
	}
}

static void its_node_is_as_on_the_host(void **state)
{
	(void)state;
	assert_out(RUN_ON(&hosts[0], "stat -c '%A %t:%T %u %g' /dev/odd /dev/disk", "--device",
			  "/dev/odd", "--device", "/dev/disk"),
		   lab_text("crw-r----- a:%x 0 0\nbr--rw---- 7:3 0 0\n", odd_minor()));
}

static void its_directories_are_made_and_a_link_is_followed(void **state)
{
	(void)state;
	assert_out(RUN_ON(&hosts[0],
			  "(: <>/dev/deep/er/odd) && (: <>/dev/link) &&"
			  " stat -c '%F %a' /dev/deep /dev/deep/er /dev/link",
			  "--device", "/dev/deep/er/odd", "--device", "/dev/link"),
		   "directory 755\ndirectory 755\ncharacter special file 600\n");
}

static void what_is_no_device_of_the_host_is_refused(void **state)
{
	static const struct {
		const char *option, *says;
	} table[] = {
		{"/dev/file", "--device: \"/dev/file\" is not a device node"},
		{"/dev/pipe", "--device: \"/dev/pipe\" is not a device node"},
		{"/dev/deep", "--device: \"/dev/deep\" is not a device node"},
		{"/dev/none", "--device: cannot look at \"/dev/none\": No such file"},
		{"/dev/null", "--device: \"/dev/null\" is not the host's"},
		{"/dev/pts/0", "--device: \"/dev/pts/0\" is not the host's"},
		{"/srv/odd", "--device: \"/srv/odd\" is not a path below /dev"},
		{"/dev", "--device: \"/dev\" is not a path below /dev"},
		{"odd", "--device: \"odd\" is not a path below /dev"},
		{"/dev/../etc/x", "--device: \"/dev/../etc/x\" is not a path below /dev"},
		{"/dev/odd:x", "--device: \"/dev/odd:x\" is not PATH or PATH:ACCESS"},
		{"/dev/odd:rr", "--device: \"/dev/odd:rr\" is not PATH or PATH:ACCESS"},
		{"/dev/odd:", "--device: \"/dev/odd:\" is not PATH or PATH:ACCESS"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_refused(RUN_ON(&hosts[0], "true", "--device", table[i].option),
			       table[i].says);
	assert_refused(RUN_ON(&hosts[0], "true", "--device", "/dev/odd", "--device", "/dev/odd:r"),
		       "--device: \"/dev/odd\" is given twice");
	assert_false(is_there(lab_path("upper")));
}

/* --- where there are none */

static void where_nothing_carries_rules_the_run_goes_on_and_traces_it(void **state)
{
	static const struct host bare[] = {
		{.hides_v1 = true, .hides_v2 = true},
		{.hides_v1 = true, .without_bpf = true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bare); i++) {
		const struct result *result =
			RUN_ON(&bare[i], "(: <>/dev/odd) && echo open", "--device", "/dev/odd");

		assert_out(result, "open\n");
		assert_string_equal(result->err, "");
		result = RUN_ON(&bare[i], "echo ran", "--verbose");
		assert_out(result, "ran\n");
		assert_has(result->err, ": no device rules: ");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_node_of_every_container_can_be_opened),
		TEST(a_terminal_of_its_own_can_be_opened_again),
		TEST(no_other_node_can_be_made),
		TEST(a_descriptor_for_reading_cannot_be_opened_again_for_writing),
		TEST(files_of_the_image_can_be_removed),
		TEST(the_rules_stand_in_the_host_s_group_without_any_limit),
		TEST(gc_removes_the_group_of_a_killed_keeper),
		cmocka_unit_test_setup_teardown(a_device_that_the_group_above_lacks_is_said,
						lab_setup, nested_teardown),
		TEST(a_device_is_there_when_it_is_asked_for),
		TEST(only_the_access_that_is_asked_for_is_had),
		TEST(its_node_is_as_on_the_host),
		TEST(its_directories_are_made_and_a_link_is_followed),
		TEST(what_is_no_device_of_the_host_is_refused),
		TEST(where_nothing_carries_rules_the_run_goes_on_and_traces_it),
	};

	return TESTS_RUN(tests);
}
