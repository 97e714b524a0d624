/* The root from inside: exactly the mounts there should be, the devices, the masks; roots that mean
 * harm; binds, tmpfs, read-only, working directory. */
#include "lab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* --- T-MNT-1: the mount table */

/* Mount point, type and the flags that must be there; /proc and /sys are followed by what lies over
 * parts of them, which depends on the kernel. */
static const struct {
	const char *point, *type, *flags[5];
} expected[] = {
	{"/", "overlay", {"rw", "nosuid", "nodev"}},
	{"/dev", "tmpfs", {"rw", "nosuid", "noexec"}},
	{"/dev/pts", "devpts", {"rw", "nosuid", "noexec"}},
	{"/dev/shm", "tmpfs", {"rw", "nosuid", "nodev", "noexec"}},
	{"/dev/mqueue", "mqueue", {"rw", "nosuid", "nodev", "noexec"}},
	{"/proc", "proc", {"rw", "nosuid", "nodev", "noexec"}},
	{"/sys", "sysfs", {"ro", "nosuid", "nodev", "noexec"}},
	{"/run", "tmpfs", {"rw", "nosuid", "nodev"}},
};

struct mount_line {
	char *point, *flags, *optional, *type;
};

static struct mount_line line_cut(char *line)
{
	struct mount_line cut;

	for (int i = 0; i < 4; i++)
		strsep(&line, " ");
	cut.point = strsep(&line, " ");
	cut.flags = strsep(&line, " ");
	cut.optional = line;
	line = strstr(line, "- ");
	*line = '\0';
	line += 2;
	cut.type = strsep(&line, " ");
	return cut;
}

static void flags_check(const struct mount_line *line, const char *const *flags)
{
	const char *list = lab_text(",%s,", line->flags);

	for (; *flags; flags++)
		assert_has(list, lab_text(",%s,", *flags));
}

static void the_mount_table_holds_what_it_should_and_nothing_else(void **state)
{
	const struct result *result = RUN_SH("cat /proc/self/mountinfo");
	char *rest = lab_text("%s", result->out);
	size_t next = 0;

	(void)state;
	assert_status(result, 0);
	for (char *text; (text = strsep(&rest, "\n")) && *text;) {
		struct mount_line line = line_cut(text);

		assert_string_equal(line.optional, ""); /* private: no peer, no master */
		if (next < COUNT(expected) && strcmp(line.point, expected[next].point) == 0) {
			assert_string_equal(line.type, expected[next].type);
			flags_check(&line, expected[next].flags);
			next++;
			continue;
		}
		assert_true(strncmp(line.point, "/proc/", 6) == 0 ||
			    strncmp(line.point, "/sys/", 5) == 0);
		assert_true(strcmp(line.type, "tmpfs") == 0 || strcmp(line.type, "proc") == 0 ||
			    strcmp(line.type, "sysfs") == 0);
	}
	assert_int_equal(next, COUNT(expected));
	assert_lacks(result->out, "put_old");
}

static void no_path_of_the_host_can_be_reached(void **state)
{
	const char *base = strrchr(lab_directory(), '/') + 1;
	const struct result *result = RUN_SH(
		lab_text("ls -a / /.. /proc/1/root/ 2>/dev/null | tr '\\n' ' '; ls -d /tmp/%s",
			 base),
		"--ephemeral");

	(void)state;
	assert_status(result, 1);
	assert_string_equal(result->out, "/: . .. bin dev etc proc root run sys tmp  "
					 "/..: . .. bin dev etc proc root run sys tmp ");
}

/* T-MNT-2: where the caller's mounts are shared, as systemd makes them, nothing gets out either. */
static void nothing_gets_out_of_shared_mounts(void **state)
{
	const char *before;

	(void)state;
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), 0);
	before = host_mountinfo(getpid());
	assert_status(RUN_SH("mount | grep -c tmpfs", "--bind", "/etc:/mnt/etc"), 0);
	assert_string_equal(host_mountinfo(getpid()), before);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

/* --- /dev and the like */

static void dev_holds_these_devices_and_links(void **state)
{
	(void)state;
	assert_out(RUN_SH("cd /dev; ls | tr '\\n' ' '; echo;"
			  " stat -c '%n %a %t:%T %F' null zero full random urandom tty;"
			  " for l in fd stdin stdout stderr ptmx; do readlink $l; done"),
		   "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero \n"
		   "null 666 1:3 character special file\n"
		   "zero 666 1:5 character special file\n"
		   "full 666 1:7 character special file\n"
		   "random 666 1:8 character special file\n"
		   "urandom 666 1:9 character special file\n"
		   "tty 666 5:0 character special file\n"
		   "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n");
}

static void the_devices_work(void **state)
{
	(void)state;
	assert_out(RUN_SH("cat /dev/null; head -c 4 /dev/zero | od -An -tx1;"
			  " head -c 9 /dev/urandom | wc -c; echo x 2>/dev/null >/dev/full || echo "
			  "full;"
			  " echo err >/dev/stderr; stat -c %a /dev/shm /dev/pts/ptmx"),
		   " 00 00 00 00\n9\nfull\n1777\n666\n");
}

/* T-MASK-1 */
static void sys_is_read_only_and_proc_is_masked(void **state)
{
	(void)state;
	assert_out(RUN_SH("mkdir /sys/fs/x 2>/dev/null || echo sys;"
			  " echo h >/proc/sysrq-trigger 2>/dev/null || echo sysrq;"
			  " echo 1 >/proc/sys/kernel/panic 2>/dev/null || echo sysctl;"
			  " head -c 1 /proc/kcore | wc -c; cat /proc/keys /proc/timer_list "
			  "2>/dev/null;"
			  " ls /sys/firmware; umount /proc/kcore 2>/dev/null || echo stays"),
		   "sys\nsysrq\nsysctl\n0\nstays\n");
}

/* --- roots that mean harm */

static void plant(const char *link, const char *to)
{
	(void)!rmdir(lab_path("lower/%s", link));
	assert_int_equal(symlink(to, lab_path("lower/%s", link)), 0);
}

static const char *outside_make(void)
{
	assert_int_equal(mkdir(lab_path("outside"), 0755), 0);
	assert_int_equal(mkdir(lab_path("outside/pts"), 0755), 0);
	lab_write(lab_path("outside/ptmx"), "marker", 0644);
	lab_write(lab_path("outside/null"), "marker", 0644);
	return lab_manifest(lab_path("outside"));
}

/* T-PATH-1, T-PATH-2 */
static void a_mount_point_that_is_a_link_is_refused_and_not_followed(void **state)
{
	static const char *const points[] = {"dev", "proc", "sys", "run"};
	const char *before = outside_make();
	const char *const targets[] = {lab_path("outside"), "../../../../../../tmp",
				       "/proc/self/root",   "etc",
				       "/nowhere",	    NULL /* itself */};

	(void)state;
	for (size_t i = 0; i < COUNT(points); i++) {
		for (size_t j = 0; j < COUNT(targets); j++) {
			const struct result *result;

			plant(points[i], targets[j] ? targets[j] : points[i]);
			result = RUN("--ephemeral", lab_merged(), "true");
			assert_refused(result, lab_text("on /%s", points[i]));
			assert_int_equal(unlink(lab_path("lower/%s", points[i])), 0);
			assert_string_equal(lab_manifest(lab_path("outside")), before);
		}
	}
}

/* T-PATH-3: whatever stands where a directory should, there is an end. */
static void a_mount_point_of_another_kind_is_refused_and_nothing_hangs(void **state)
{
	static const mode_t kinds[] = {S_IFREG | 0644, S_IFIFO | 0644, S_IFCHR | 0666,
				       S_IFSOCK | 0644};
	static const char *const points[] = {"dev", "proc", "sys", "run"};

	(void)state;
	for (size_t i = 0; i < COUNT(points); i++) {
		const char *path = lab_path("lower/%s", points[i]);

		for (size_t j = 0; j < COUNT(kinds); j++) {
			assert_int_equal(mknod(path, kinds[j], S_ISCHR(kinds[j]) ? 0x103 : 0), 0);
			assert_refused(RUN("--ephemeral", lab_merged(), "true"), "Not a directory");
			assert_int_equal(unlink(path), 0);
		}
		assert_int_equal(mkdir(path, 0), 0);
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_status(RUN("--ephemeral", lab_merged(), "true"), 0);
		assert_int_equal(rmdir(path), 0);
	}
}

/* T-PATH-4, T-PATH-5, T-TTY-1: what the image has in /dev is of no account. */
static void the_image_s_own_dev_is_covered(void **state)
{
	const char *before = outside_make();
	struct job *job;

	(void)state;
	assert_int_equal(mkdir(lab_path("lower/dev"), 0755), 0);
	lab_write(lab_path("lower/dev/zero"), "image's", 0644);
	lab_write(lab_path("lower/dev/ptmx"), "image's", 0644);
	plant("dev/null", lab_path("outside/null"));
	plant("dev/pts", lab_path("outside/pts"));
	plant("dev/shm", "../../outside");
	job = START_SH(CALL(.terminal = true),
		       "echo x >/dev/null; stat -c %t:%T /dev/null; tty; stat -f -c %t /dev/pts");
	assert_out(job_end(job), "1:3\r\n/dev/pts/0\r\n1cd1\r\n");
	assert_string_equal(lab_manifest(lab_path("outside")), before);
	assert_string_equal(lab_read(lab_path("lower/dev/zero")), "image's");
}

/* T-PATH-7: paths of the user's inside the image follow its links, but never out of it. */
static void the_working_directory_stays_in_the_root(void **state)
{
	(void)state;
	assert_int_equal(mkdir(lab_path("lower/b"), 0755), 0);
	plant("a", "/b");
	plant("up", "/../../b");
	plant("magic", "/proc/1/root");
	assert_out(RUN("--workdir", "/a", lab_merged(), "pwd", "-P"), "/b\n");
	assert_out(RUN("--workdir", "/up", lab_merged(), "pwd", "-P"), "/b\n");
	assert_out(RUN("--workdir", "/tmp", lab_merged(), "pwd"), "/tmp\n");
	assert_refused(RUN("--workdir", "/magic", lab_merged(), "pwd"), "working directory");
	assert_refused(RUN("--workdir", "/proc/self/fd/3", lab_merged(), "pwd"),
		       "working directory");
	assert_refused(RUN("--workdir", "/nowhere", lab_merged(), "pwd"), "No such file");
	assert_refused(RUN("--workdir", "/bin/sh", lab_merged(), "pwd"), "Not a directory");
	assert_refused(RUN("--workdir", "tmp", lab_merged(), "pwd"), "\"tmp\"");
}

/* --- binds and tmpfs */

static void host_make(void)
{
	assert_int_equal(mkdir(lab_path("host"), 0755), 0);
	assert_int_equal(mkdir(lab_path("host/in"), 0755), 0);
	lab_write(lab_path("host/in/file"), "bound\n", 0644);
}

static void files_and_directories_are_bound(void **state)
{
	(void)state;
	host_make();
	assert_out(RUN_SH("cat /mnt/deep/dir/in/file /etc/one; echo new >/mnt/deep/dir/new;"
			  " echo more >>/etc/one",
			  "--bind", lab_text("%s:/mnt/deep/dir", lab_path("host")), "--bind",
			  lab_text("%s:/etc/one", lab_path("host/in/file"))),
		   "bound\nbound\n");
	assert_string_equal(lab_read(lab_path("host/new")), "new\n");
	assert_string_equal(lab_read(lab_path("host/in/file")), "bound\nmore\n");
}

/* Mounts below the source too. */
static void slashes_in_a_target_are_one(void **state)
{
	(void)state;
	host_make();
	assert_out(RUN_SH("cat /test/test/in/file; stat -f -c %t /x/y; ls /sys/fs/cgroup", "--bind",
			  lab_text("%s://test//test/", lab_path("host")), "--tmpfs", "//x///y",
			  "--tmpfs", "//sys/fs//cgroup", "--mem", "50M"),
		   "bound\n1021994\n");
}

static void a_device_that_is_bound_masks_a_file(void **state)
{
	(void)state;
	lab_write(lab_path("lower/etc/secret"), "secret\n", 0644);
	assert_out(RUN_SH("cat /etc/secret; echo x >/etc/secret && echo written;"
			  " head -c 2 /zero | od -An -tx1",
			  "--bind", "/dev/null:/etc/secret", "--bind", "/dev/zero:/zero:ro"),
		   "written\n 00 00\n");
	/* No other device opens. */
	assert_int_equal(mknod(lab_path("disk"), S_IFBLK | 0666, makedev(7, 0)), 0);
	assert_out(RUN_SH("cat /disk 2>&- || echo kept", "--bind",
			  lab_text("%s:/disk", lab_path("disk"))),
		   "kept\n");
}

static void a_bind_in_the_place_of_a_device_is_named(void **state)
{
	static const char *const places[] = {"/dev/random", "/dev", "/dev/stdout", "/dev/null/x"};

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		assert_refused(RUN("--bind", lab_text("/etc:%s", places[i]), lab_merged(), "true"),
			       lab_text("--bind: \"%s\"", places[i]));
		assert_refused(RUN("--tmpfs", places[i], lab_merged(), "true"),
			       lab_text("--tmpfs: \"%s\"", places[i]));
	}
	assert_out(RUN_SH("ls /dev/shm", "--tmpfs", "/dev/shm"), "");
}

static void a_bind_that_is_read_only_is_so_all_the_way_down(void **state)
{
	(void)state;
	host_make();
	assert_int_equal(mount("tmpfs", lab_path("host/in"), "tmpfs", 0, ""), 0);
	assert_out(
		RUN_SH("echo x 2>/dev/null >/data/x || echo ro; echo x 2>/dev/null >/data/in/x ||"
		       " echo ro; echo rw >/also/x",
		       "--bind", lab_text("%s:/data:ro", lab_path("host")), "--bind",
		       lab_text("%s:/also:rw", lab_path("host/in"))),
		"ro\nro\n");
	assert_string_equal(lab_read(lab_path("host/in/x")), "rw\n");
	assert_int_equal(umount(lab_path("host/in")), 0);
}

static void a_bind_target_behind_a_link_stays_in_the_root(void **state)
{
	const char *before = outside_make();

	(void)state;
	host_make();
	plant("link", "/real");
	plant("out", lab_path("outside"));
	assert_int_equal(mkdir(lab_path("lower/real"), 0755), 0);
	assert_out(RUN_SH("cat /real/in/file", "--bind", lab_text("%s:/link", lab_path("host"))),
		   "bound\n");
	assert_int_equal(
		RUN_SH("true", "--bind", lab_text("%s:/out/ptmx", lab_path("host/in/file")))
			->out_size,
		0);
	assert_string_equal(lab_manifest(lab_path("outside")), before);
}

static void binds_that_cannot_be_are_refused(void **state)
{
	(void)state;
	host_make();
	assert_refused(RUN("--bind", "/no/such:/mnt", lab_merged(), "true"),
		       "cannot bind /no/such");
	assert_refused(RUN("--bind", "/etc", lab_merged(), "true"), "\"/etc\"");
	assert_refused(RUN("--bind", "/etc:mnt", lab_merged(), "true"), "\"/etc:mnt\"");
	assert_refused(
		RUN("--bind", lab_text("%s:/bin/sh", lab_path("host")), lab_merged(), "true"),
		"/bin/sh");
}

static void tmpfs_is_made_with_its_options(void **state)
{
	const struct result *result;

	(void)state;
	assert_out(RUN_SH("stat -c %a /scratch; stat -f -c %t /scratch; echo x >/scratch/x;"
			  " stat -c %a /small; grep -c '/small ro,.*size=64k' /proc/self/mountinfo",
			  "--tmpfs", "/scratch", "--tmpfs", "/small:size=64k,mode=711,ro"),
		   "1777\n1021994\n711\n1\n");
	assert_false(is_there(lab_path("upper/scratch/x")));
	result = RUN("--tmpfs", "/scratch:nonsense=1", lab_merged(), "true");
	assert_refused(result, "/scratch");
}

static void a_read_only_root_cannot_be_written_but_what_lies_on_it_can(void **state)
{
	(void)state;
	assert_out(RUN_SH("echo x 2>/dev/null >/x || echo ro; echo x >/run/x && echo x >/tmp/x && "
			  "echo rw",
			  "--read-only", "--tmpfs", "/tmp"),
		   "ro\nrw\n");
}

/* A root without layers: nothing beside it is called lower. */
static char *directory_root(void)
{
	assert_int_equal(mkdir(lab_path("alone"), 0755), 0);
	assert_int_equal(rename(lab_path("lower"), lab_path("alone/root")), 0);
	return lab_path("alone/root");
}

static void a_root_with_nothing_in_it_is_refused_before_it_is_changed(void **state)
{
	const char *root = lab_path("alone/merged");

	(void)state;
	assert_int_equal(mkdir(lab_path("alone"), 0755), 0);
	assert_int_equal(mkdir(root, 0755), 0);
	assert_refused(RUN(root, "true"), "there is no directory \"lower\" beside it");
	assert_int_equal(rmdir(root), 0);
	assert_int_equal(mkdir(root, 0755), 0);
	assert_out(RUN("--bind", lab_text("%s:/bin", lab_path("lower/bin")), root, "/bin/busybox",
		       "echo", "bound"),
		   "bound\n");
	assert_int_equal(mkdir(lab_path("alone/lower"), 0755), 0);
	assert_refused(RUN("--ephemeral", root, "true"), "as the lower layer: it is empty");
}

static void a_root_that_takes_no_mount_points_is_refused_with_the_reason(void **state)
{
	const char *root = directory_root();

	(void)state;
	assert_int_equal(mount(root, root, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, root, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_refused(RUN(root, "true"),
		       "70 mounts: cannot mount tmpfs on /dev (the root lacks it and cannot be "
		       "written to: make it in the image): Read-only file");
	assert_int_equal(umount(root), 0);
}

/* A root that is a directory brings what the host has mounted below it. */
static void a_read_only_directory_is_so_all_the_way_down(void **state)
{
	const char *root = directory_root(), *mounted = lab_text("%s/mnt", root);

	(void)state;
	mkdir(mounted, 0755);
	assert_int_equal(mount("tmpfs", mounted, "tmpfs", 0, ""), 0);
	lab_write(lab_text("%s/file", mounted), "mounted\n", 0644);
	assert_out(RUN("--read-only", root, "sh", "-c",
		       "cat /mnt/file; echo x 2>/dev/null >/mnt/x || echo ro;"
		       "echo x 2>/dev/null >/x || echo ro"),
		   "mounted\nro\nro\n");
	assert_int_equal(umount(mounted), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_mount_table_holds_what_it_should_and_nothing_else),
		TEST(no_path_of_the_host_can_be_reached),
		TEST(nothing_gets_out_of_shared_mounts),
		TEST(dev_holds_these_devices_and_links),
		TEST(the_devices_work),
		TEST(sys_is_read_only_and_proc_is_masked),
		TEST(a_mount_point_that_is_a_link_is_refused_and_not_followed),
		TEST(a_mount_point_of_another_kind_is_refused_and_nothing_hangs),
		TEST(the_image_s_own_dev_is_covered),
		TEST(the_working_directory_stays_in_the_root),
		TEST(files_and_directories_are_bound),
		TEST(slashes_in_a_target_are_one),
		TEST(a_device_that_is_bound_masks_a_file),
		TEST(a_bind_in_the_place_of_a_device_is_named),
		TEST(a_bind_that_is_read_only_is_so_all_the_way_down),
		TEST(a_bind_target_behind_a_link_stays_in_the_root),
		TEST(binds_that_cannot_be_are_refused),
		TEST(tmpfs_is_made_with_its_options),
		TEST(a_read_only_root_cannot_be_written_but_what_lies_on_it_can),
		TEST(a_root_with_nothing_in_it_is_refused_before_it_is_changed),
		TEST(a_root_that_takes_no_mount_points_is_refused_with_the_reason),
		TEST(a_read_only_directory_is_so_all_the_way_down),
	};

	return TESTS_RUN(tests);
}
