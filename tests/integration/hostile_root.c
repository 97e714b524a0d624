/* Roots that mean harm, further than those of rootfs.c: that change while they are used, that are
 * odd all through, that bring privileges along; and what a payload finds to break out by. */
#include "lab.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *const points[] = {"dev", "proc", "sys", "run"};

static void directory_add(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

static const char *outside_make(void)
{
	directory_add(lab_path("outside"));
	directory_add(lab_path("outside/pts"));
	directory_add(lab_path("outside/t"));
	lab_write(lab_path("outside/ptmx"), "marker", 0644);
	lab_write(lab_path("outside/null"), "marker", 0644);
	return lab_manifest(lab_path("outside"));
}

/* A root that is a plain directory: no overlay between it and who changes it. */
static const char *plain_root_make(void)
{
	directory_add(lab_path("plain"));
	assert_int_equal(rename(lab_path("lower"), lab_path("plain/root")), 0);
	return lab_path("plain/root");
}

/* --- links and kinds */

/* T-PATH-2: more than any lookup follows, and one, where the user asked for a mount. */
static void a_mount_point_behind_links_is_refused(void **state)
{
	const char *before = outside_make(), *to = lab_path("outside");

	(void)state;
	for (int i = 41; i > 0; i--) {
		assert_int_equal(symlink(to, lab_path("lower/link%d", i)), 0);
		to = lab_text("link%d", i);
	}
	for (size_t i = 0; i < COUNT(points); i++) {
		assert_int_equal(symlink(to, lab_path("lower/%s", points[i])), 0);
		assert_refused(RUN("--ephemeral", lab_merged(), "true"),
			       lab_text("on /%s", points[i]));
		assert_int_equal(unlink(lab_path("lower/%s", points[i])), 0);
	}
	assert_int_equal(symlink("etc", lab_path("lower/one")), 0);
	assert_refused(RUN("--ephemeral", "--tmpfs", "/one/t", lab_merged(), "true"), "on /one/t");
	assert_refused(RUN("--ephemeral", "--tmpfs", "/one", lab_merged(), "true"), "on /one");
	assert_string_equal(lab_manifest(lab_path("outside")), before);
}

/* T-PATH-3: chattr(1)'s +i; nothing can be made in it, but it can be mounted on. */
static bool immutable_set(const char *path, bool on)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), flags = on ? FS_IMMUTABLE_FL : 0;
	int rc = ioctl(fd, FS_IOC_SETFLAGS, &flags);

	close(fd);
	return rc == 0;
}

static void a_root_that_nothing_can_be_made_in_works_or_is_refused(void **state)
{
	const char *root = plain_root_make();
	const struct result *refused, *works;

	(void)state;
	if (!immutable_set(root, true))
		return; /* not on this file system */
	refused = RUN(root, "echo", "ran");
	assert_true(immutable_set(root, false));
	for (size_t i = 0; i < COUNT(points); i++) {
		directory_add(lab_text("%s/%s", root, points[i]));
		assert_true(immutable_set(lab_text("%s/%s", root, points[i]), true));
	}
	assert_true(immutable_set(root, true));
	works = RUN(root, "echo", "ran");
	assert_true(immutable_set(root, false)); /* before anything can fail: it is to be removed */
	for (size_t i = 0; i < COUNT(points); i++)
		assert_true(immutable_set(lab_text("%s/%s", root, points[i]), false));
	assert_refused(refused, "on /dev");
	assert_out(works, "ran\n");
}

/* T-PATH-3 */
static void a_block_device_as_a_mount_point_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(points); i++) {
		const char *path = lab_path("lower/%s", points[i]);

		assert_int_equal(mknod(path, S_IFBLK | 0666, makedev(7, 200)), 0);
		assert_refused(RUN("--ephemeral", lab_merged(), "true"), "Not a directory");
		assert_int_equal(unlink(path), 0);
	}
}

/* T-PATH-8 */
static void the_longest_names_work_and_longer_paths_are_refused(void **state)
{
	char *name = lab_text("%0255d", 0);
	int fd = open(lab_path("lower"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *home = lab_path("%s", name);

	(void)state;
	for (int depth = 0; depth < 20; depth++) { /* 5120 bytes: no path leads there */
		int next_fd;

		assert_int_equal(mkdirat(fd, name, 0755), 0);
		next_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next_fd >= 0);
		close(fd);
		fd = next_fd;
	}
	directory_add(home);
	assert_int_equal(rename(lab_path("lower"), lab_text("%s/lower", home)), 0);
	directory_add(lab_text("%s/merged", home));
	assert_out(RUN(lab_text("%s/merged", home), "echo", "ran"), "ran\n");
	assert_true(is_there(lab_text("%s/upper", home)));
	assert_int_equal(mkdirat(fd, "merged", 0755), 0);
	assert_refused(
		job_end(START(CALL(.program = "/bin/sh"), "-c",
			      lab_text("cd /proc/%d/fd/%d && exec \"$CTR_SETUP\" merged true",
				       getpid(), fd))),
		"cannot ");
	close(fd);
	assert_int_equal(system(lab_text("rm -rf %s", home)), 0);
}

/* --- T-RACE-1: what was a directory is a link out of the root the next moment */

static const char *const swapped[] = {"dev", "proc", "sys", "run", "mnt"};

/* Until it is killed; argument is the root. */
static void swap_for_ever(const void *argument)
{
	if (chdir(argument) < 0)
		_exit(98);
	for (size_t i = 0;; i = (i + 1) % COUNT(swapped)) {
		char other[8] = "x";

		syscall(SYS_renameat2, AT_FDCWD, swapped[i], AT_FDCWD, strcat(other, swapped[i]),
			RENAME_EXCHANGE);
	}
}

static struct job *swapping_begin(const char *root)
{
	for (size_t i = 0; i < COUNT(swapped); i++) {
		directory_add(lab_text("%s/%s", root, swapped[i]));
		assert_int_equal(symlink(lab_path("outside"), lab_text("%s/x%s", root, swapped[i])),
				 0);
	}
	directory_add(lab_text("%s/mnt/t", root));
	return START(CALL(.before = swap_for_ever, .argument = root), NULL);
}

/* Each run works or is refused; what is outside is never touched. */
static void runs_while_swapping(const char *root, const char *in, const char *option)
{
	enum { RUNS = 30 };
	const char *before = outside_make();
	struct job *swapper = swapping_begin(in);

	directory_add(lab_path("source"));
	for (int i = 0; i < RUNS; i++) {
		const struct result *result =
			RUN(option, "--bind", lab_text("%s:/mnt/t", lab_path("source")), root, "--",
			    "/bin/echo", "ran");

		if (result->status == 0)
			assert_string_equal(result->out, "ran\n");
		else
			assert_refused(result, "cannot ");
		assert_string_equal(lab_manifest(lab_path("outside")), before);
	}
	job_signal(swapper, SIGKILL);
	assert_status(job_end(swapper), -SIGKILL);
}

static void a_layer_that_changes_meanwhile_leads_nowhere(void **state)
{
	(void)state;
	runs_while_swapping(lab_merged(), lab_path("lower"), "--ephemeral");
}

static void a_directory_that_changes_meanwhile_leads_nowhere(void **state)
{
	const char *root = plain_root_make();

	(void)state;
	runs_while_swapping(root, root, "--clear-env");
}

/* --- what the image has ready */

/* T-PROC-1 */
static void a_proc_of_the_image_s_is_covered_and_left_alone(void **state)
{
	static const char *const fakes[] = {"self/attr/exec",	  "self/uid_map", "self/setgroups",
					    "self/oom_score_adj", "1/mountinfo",  "sysrq-trigger"};
	const char *before;

	(void)state;
	assert_int_equal(system(lab_text("mkdir -p %s/proc/self/attr %s/proc/1", lab_path("lower"),
					 lab_path("lower"))),
			 0);
	for (size_t i = 0; i < COUNT(fakes); i++)
		lab_write(lab_path("lower/proc/%s", fakes[i]), "fake\n", 0666);
	before = lab_manifest(lab_path("lower"));
	assert_out(RUN_SH("stat -f -c %t /proc; head -c 4 /proc/1/status; echo 1 "
			  ">/proc/self/oom_score_adj; cat /proc/self/oom_score_adj"),
		   "9fa0\nName1\n");
	assert_string_equal(lab_manifest(lab_path("lower")), before);
	assert_false(is_there(lab_path("upper/proc")));
}

/* T-FILE-1: what a runtime might want to read of an image, none of it fit to be read. */
static void files_of_the_image_that_are_traps_are_not_touched(void **state)
{
	static const char *const files[] = {
		"etc/passwd", "etc/group",	 "etc/os-release",  "etc/hostname",
		"etc/hosts",  "etc/resolv.conf", "etc/ld.so.cache", "etc/ctr-init.plan"};
	static const char *const traps[] = {"mkfifo", "truncate -s 1G", "mkdir", "ln -s /dev/zero",
					    "ln -s /proc/kmsg"};
	const char *fifo = lab_path("fifo");

	(void)state;
	assert_int_equal(mkfifo(fifo, 0644), 0);
	for (size_t i = 0; i <= COUNT(traps); i++) {
		const char *trap = i < COUNT(traps) ? traps[i] : lab_text("ln -s %s", fifo);

		for (size_t j = 0; j < COUNT(files); j++)
			assert_int_equal(
				system(lab_text("%s %s", trap, lab_path("lower/%s", files[j]))), 0);
		assert_out(RUN("--ephemeral", "--user", "1000", lab_merged(), "--", "/bin/probe",
			       "fds"),
			   "0 1 2 \n");
		for (size_t j = 0; j < COUNT(files); j++)
			assert_int_equal(remove(lab_path("lower/%s", files[j])), 0);
	}
}

/* T-CAP-2: capabilities of files, permitted and inheritable, for a user and for root. */
static void file_capabilities_of_the_image_give_nothing(void **state)
{
	static const unsigned shapes[][2] = {{~0U, 0}, {0, ~0U}, {~0U, ~0U}};
	const char *grep = lab_path("lower/capped/grep");

	(void)state;
	directory_add(lab_path("lower/capped"));
	assert_int_equal(system(lab_text("cp %s %s", lab_path("lower/bin/busybox"), grep)), 0);
	for (size_t i = 0; i < COUNT(shapes); i++) {
		struct vfs_cap_data data = {
			.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
			.data = {{shapes[i][0], shapes[i][1]}, {shapes[i][0], shapes[i][1]}},
		};

		if (setxattr(grep, "security.capability", &data, sizeof(data), 0) < 0)
			lab_cannot("this file system keeps no capabilities of files");
		assert_out(RUN("--ephemeral", "--user", "1000", lab_merged(), "--", "/capped/grep",
			       "CapPrm", "/proc/self/status"),
			   "CapPrm:\t0000000000000000\n");
		assert_out(RUN("--ephemeral", lab_merged(), "--", "/capped/grep", "CapPrm",
			       "/proc/self/status"),
			   "CapPrm:\t00000000800405fb\n");
	}
}

/* --- what a payload finds */

#define MASKED                                                                                     \
	"/proc/acpi /proc/asound /proc/dynamic_debug /proc/interrupts /proc/kcore /proc/keys "     \
	"/proc/kpagecgroup /proc/kpagecount /proc/kpageflags /proc/latency_stats "                 \
	"/proc/pagetypeinfo /proc/sched_debug /proc/scsi /proc/slabinfo /proc/timer_list "         \
	"/proc/timer_stats /proc/vmallocinfo /sys/firmware /sys/devices/virtual/powercap"
#define READ_ONLY "/proc/bus /proc/fs /proc/irq /proc/pressure /proc/sys /proc/sysrq-trigger"

/* T-MASK-1 */
static void what_is_masked_is_empty_and_stays_so(void **state)
{
	(void)state;
	assert_out(RUN_SH("for p in " MASKED "; do [ -e $p ] || continue;"
			  " if [ -d $p ]; then ls -A $p; mkdir $p/x 2>/dev/null && echo made $p;"
			  " else head -c 1 $p; echo x 2>/dev/null >$p; head -c 1 $p; fi;"
			  " umount $p 2>/dev/null && echo unmounted $p;"
			  " umount -l $p 2>/dev/null && echo detached $p;"
			  " mount -o remount,rw $p 2>/dev/null && echo remounted $p;"
			  " rm -rf $p 2>/dev/null && echo removed $p;"
			  " mv $p /tmp/x 2>/dev/null && echo moved $p; done; echo end"),
		   "end\n");
}

/* T-MASK-1 */
static void what_is_read_only_stays_so(void **state)
{
	(void)state;
	assert_out(RUN_SH("for p in " READ_ONLY "; do [ -e $p ] || continue;"
			  " grep -q \" $p ro,\" /proc/self/mountinfo || echo writable $p;"
			  " umount $p 2>/dev/null && echo unmounted $p;"
			  " mount -o remount,rw $p 2>/dev/null && echo remounted $p;"
			  " done; echo h 2>/dev/null >/proc/sysrq-trigger && echo sysrq;"
			  " echo x 2>/dev/null >/proc/sys/kernel/core_pattern && echo core;"
			  " echo x 2>/dev/null >/proc/sys/vm/drop_caches && echo vm; echo end"),
		   "end\n");
}

/* T-CG-1: what is shown of cgroups can be read, and nothing else. */
static void no_cgroup_can_be_changed(void **state)
{
	(void)state;
	group_needed("pids");
	assert_out(
		RUN_SH("find / -path /sys/fs/cgroup -prune -o \\( -name notify_on_release -o -name "
		       "'cgroup.*' -o -name 'devices.*' -o -name pids.max -o -name tasks "
		       "-type f \\) -print 2>/dev/null; find / -name release_agent 2>/dev/null;"
		       "find /sys/fs/cgroup | while read -r p; do"
		       " if [ -d $p ]; then mkdir $p/x 2>/dev/null && echo made $p/x;"
		       " else (: >>$p) 2>/dev/null && echo opened $p; fi;"
		       " mount -o remount,rw $p 2>/dev/null && echo remounted $p;"
		       " umount $p 2>/dev/null && echo unmounted $p; done;"
		       "mount | grep 'type cgroup' | grep -v '(ro,'; cut -d: -f3 "
		       "/proc/self/cgroup | sort -u",
		       "--pids", "20"),
		"/\n");
}

/* T-PATH-6 */
static void the_lower_layer_is_never_written(void **state)
{
	const char *before = lab_manifest(lab_path("lower"));

	(void)state;
	assert_status(
		RUN_SH("chmod 700 /etc; chown 5:5 /bin/probe; rm -r /root; mv /tmp /tmp2;"
		       " echo x >>/bin/busybox; mkdir /bin/d; ln /bin/probe /hard; touch /dev/x "
		       "/run/x"),
		0);
	assert_string_equal(lab_manifest(lab_path("lower")), before);
	assert_status(RUN("--bind", lab_text("%s:/a/b/c", lab_path("lower")), "--tmpfs", "/d/e",
			  "--read-only", lab_merged(), "--", "true"),
		      0);
	assert_string_equal(lab_manifest(lab_path("lower")), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mount_point_behind_links_is_refused),
		TEST(a_root_that_nothing_can_be_made_in_works_or_is_refused),
		TEST(a_block_device_as_a_mount_point_is_refused),
		TEST(the_longest_names_work_and_longer_paths_are_refused),
		TEST(a_layer_that_changes_meanwhile_leads_nowhere),
		TEST(a_directory_that_changes_meanwhile_leads_nowhere),
		TEST(a_proc_of_the_image_s_is_covered_and_left_alone),
		TEST(files_of_the_image_that_are_traps_are_not_touched),
		TEST(file_capabilities_of_the_image_give_nothing),
		TEST(what_is_masked_is_empty_and_stays_so),
		TEST(what_is_read_only_stays_so),
		TEST(no_cgroup_can_be_changed),
		TEST(the_lower_layer_is_never_written),
	};

	return TESTS_RUN(tests);
}
