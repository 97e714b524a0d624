/* What surrounds a start and is not what it should be: /proc, /run, the file of ctr-init, its plan,
 * names and words; and what others on the host see of a run. */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A script of sh in a mount namespace of its own; "$CTR_SETUP" is there. */
static const struct result *run_among_mounts(const char *script)
{
	return job_end(START(CALL(.program = "/bin/sh"), "-c",
			     lab_text("exec unshare -m sh -c '%s'", script)));
}

/* --- /proc */

/* T-PROC-2: what is there instead is not believed. */
static void a_proc_that_is_none_is_refused(void **state)
{
	const char *merged = lab_merged(), *fake = lab_path("fake");

	(void)state;
	assert_int_equal(mkdir(fake, 0755), 0);
	assert_refused(
		run_among_mounts(lab_text("mount --make-rprivate / && mount -t tmpfs none /proc && "
					  "exec \"$CTR_SETUP\" --ephemeral %s echo ran",
					  merged)),
		"/proc/self/");
	assert_refused(
		run_among_mounts(lab_text("mount --make-rprivate / && mount -t tmpfs none /proc && "
					  "exec \"$CTR_SETUP\" --ephemeral --pids 20 %s echo ran",
					  merged)),
		"/proc/self/");
}

/* What such a /proc gives for the copy of ctr-init would be PID 1, with all of the host's rights.
 */
static void a_proc_that_gives_another_program_for_ctr_init_is_refused(void **state)
{
	const char *fake = lab_path("fake");
	const struct result *result;

	(void)state;
	assert_int_equal(mkdir(fake, 0755), 0);
	result = run_among_mounts(lab_text(
		"f=%s && mount --make-rprivate / && mount -t tmpfs none $f && mkdir -p $f/self/fd "
		"&&"
		" cat /proc/self/mountinfo >$f/self/mountinfo && cat /proc/mounts >$f/self/mounts "
		"&&"
		" cat /proc/self/cgroup >$f/self/cgroup && ln -s \"$CTR_SETUP\" $f/self/exe &&"
		" for n in 3 4 5 6 7 8 9; do cp %s $f/self/fd/$n; done && mount --move $f /proc &&"
		" exec \"$CTR_SETUP\" --ephemeral %s echo ran",
		fake, lab_path("lower/bin/busybox"), lab_merged()));
	assert_refused(result, "cannot make a file in memory");
	assert_string_equal(result->out, "");
}

/* T-PROC-3: a run writes to none of proc's files, so what lies over them stays as it is. */
static void what_lies_over_files_of_proc_is_not_written_to(void **state)
{
	const char *marker = lab_path("marker");

	(void)state;
	lab_write(marker, "marker\n", 0666);
	assert_out(run_among_mounts(lab_text(
			   "mount --make-rprivate / && for f in oom_score_adj setgroups uid_map "
			   "gid_map attr/exec attr/current comm; do "
			   "mount --bind %s /proc/$$/$f; done; "
			   "exec \"$CTR_SETUP\" --ephemeral --pids 20 %s -- echo ran",
			   marker, lab_merged())),
		   "ran\n");
	assert_string_equal(lab_read(marker), "marker\n");
}

/* --- /run */

/* T-RACE-2: whoever may rename in /run could put another directory in the place of /run/ctr. */
static void a_run_directory_that_others_may_change_is_refused(void **state)
{
	static const char *const bad[] = {"chmod 777 /run", "chmod 770 /run", "chown 65534 /run"};
	static const char *const good[] = {"chmod 755 /run", "chmod 1777 /run"};
	static const char script[] = "mount --make-rprivate / && mount -t tmpfs none /run && %s && "
				     "\"$CTR_SETUP\" --ephemeral %s echo ran; s=$?; ls -A /run; "
				     "exit $s";

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct result *result =
			run_among_mounts(lab_text(script, bad[i], lab_merged()));

		assert_refused(result, "cannot trust the directory that /run/ctr is in");
		assert_string_equal(result->out, "");
	}
	for (size_t i = 0; i < COUNT(good); i++)
		assert_out(run_among_mounts(lab_text(script, good[i], lab_merged())), "ran\nctr\n");
}

static void become_nobody(const void *argument)
{
	(void)argument;
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		_exit(98);
}

static void nobody_may_not(const char *script)
{
	const struct result *result =
		job_end(START(CALL(.program = "/bin/sh", .before = become_nobody), "-c", script));

	assert_true(result->status > 0);
	assert_has(result->err, "ermission denied");
}

/* T-STATE-2 */
static void others_on_the_host_reach_nothing_of_a_run(void **state)
{
	struct job *job = START_SH(CALL(.talks = true),
				   "cp /bin/busybox /su; chmod 4755 /su; echo ready; cat",
				   "--ephemeral", "--name", "private");
	const char *root;

	(void)state;
	job_expect(job, "ready");
	root = lab_text("/proc/%d/root", host_init(job));
	nobody_may_not("ls /run/ctr");
	nobody_may_not("ls /run/ctr/private");
	nobody_may_not("cat /run/ctr/private/run");
	nobody_may_not(lab_text("%s/su id", root));
	assert_false(is_there(lab_path("merged/su")));
	assert_status(job_end(job), 0);
}

/* --- PID 1's program */

/* T-EXE-1: the payload is shown a copy in memory, and the file stays what it is. */
static void the_file_of_ctr_init_is_out_of_reach(void **state)
{
	const char *sum = lab_text("cksum \"$CTR_INIT\"");
	const struct result *before = job_end(START(CALL(.program = "/bin/sh"), "-c", sum));
	struct job *job = START_SH(CALL(.talks = true),
				   "echo x >/proc/1/exe; cat /proc/1/exe; echo ready; cat");
	char to[256] = "";

	(void)state;
	job_expect(job, "ready");
	assert_true(readlink(lab_text("/proc/%d/exe", host_init(job)), to, sizeof(to) - 1) > 0);
	assert_has(to, "/memfd:ctr-init");
	assert_status(job_end(job), 0);
	assert_out(job_end(START(CALL(.program = "/bin/sh"), "-c", sum)), before->out);
}

/* T-ELF-2: each of them would have the container's root give PID 1 its code, or is nothing. */
static void a_ctr_init_that_is_no_static_program_is_refused(void **state)
{
	static const char *const preparations[] = {
		"cp /bin/ls %1$s",
		"printf \"#!/bin/sh\\necho ran\\n\" >%1$s; chmod 755 %1$s",
		"head -c 100 \"$CTR_INIT\" >%1$s; chmod 755 %1$s",
		"head -c 20000 \"$CTR_INIT\" >%1$s; chmod 755 %1$s",
		"mkdir %1$s",
		": >%1$s; chmod 755 %1$s",
		"mkfifo %1$s",
		"cp \"$CTR_PROBE\" %1$s; printf \"\\1\" | "
		"dd of=%1$s bs=1 seek=4 conv=notrunc 2>/dev/null",
	};
	const char *copy = lab_path("programs/ctr-setup");
	const char *before;

	(void)state;
	assert_int_equal(mkdir(lab_path("programs"), 0755), 0);
	assert_int_equal(system(lab_text("cp \"$CTR_SETUP\" %s", copy)), 0);
	before = lab_manifest(lab_merged());
	for (size_t i = 0; i < COUNT(preparations); i++) {
		const char *init = lab_path("programs/ctr-init");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		assert_int_equal(system(lab_text(preparations[i], init)), 0);
#pragma GCC diagnostic pop
		assert_refused(job_end(START(CALL(.program = copy), lab_merged(), "true")),
			       "cannot use ");
		assert_false(is_there(lab_path("upper")));
		assert_string_equal(lab_manifest(lab_merged()), before);
		remove(init);
	}
}

/* --- T-IPC-1: the plan that ctr-init is handed */

struct bytes {
	const char *text;
	size_t size;
	bool is_plain; /* a file, which its writer can go on changing */
	bool is_unsealed;
};

static int plan_file(const struct bytes *plan)
{
	int fd = plan->is_plain ? open("/tmp", O_RDWR | O_TMPFILE, 0600)
				: memfd_create("plan", MFD_ALLOW_SEALING);

	for (size_t used = 0; used < plan->size;) {
		ssize_t written = write(fd, plan->text + used, plan->size - used);

		if (written < 0)
			_exit(98);
		used += (size_t)written;
	}
	if (!plan->is_plain && !plan->is_unsealed)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	return fd;
}

/* Whatever it would do, it does to mounts of its own. */
static void hand_over(const void *argument)
{
	int plan_fd = fcntl(plan_file(argument), F_DUPFD, 10), null_fd = open("/dev/null", O_RDWR);

	if (chdir("/") < 0 || unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0 || dup2(plan_fd, 3) < 0 ||
	    dup2(null_fd, 4) < 0)
		_exit(98);
}

static const struct result *init_is_handed(struct bytes plan)
{
	return job_end(
		START(CALL(.program = getenv("CTR_INIT"), .before = hand_over, .argument = &plan),
		      "--handover"));
}

static const char *plan_of(const char *lines)
{
	return lab_text("ctr-plan 1\n%s", lines);
}

#define TEXT(words)                                                                                \
	(struct bytes)                                                                             \
	{                                                                                          \
		.text = words, .size = strlen(words)                                               \
	}

static void a_plan_that_is_none_ends_ctr_init_before_anything_is_done(void **state)
{
	static const char record[] = "ctr-plan 1\nexec /bin/true";
	const char *rows[] = {
		"\n",
		"ctr-plan",
		"ctr-plan 1",
		"ctr-plan 2\nexec /bin/echo ran\n",
		"ctr-plan 1 \nexec /bin/echo ran\n",
		"ctr-plan 1\nexec",
		"ctr-plan 1\nexec\n",
		"ctr-plan 1\nexec /bin/echo ran",
		"ctr-plan 1\nexe /bin/echo ran\n",
		"ctr-plan 1\nexecute /bin/echo ran\n",
		"ctr-plan 1\nmount tmpfs tmpfs /tmp nosuid mode=755 extra\nexec /bin/echo ran\n",
		"ctr-plan 1\nmount tmpfs tmpfs ../tmp nosuid mode=755\nexec /bin/echo ran\n",
		"ctr-plan 1\nuser 0x0 0 0\nexec /bin/echo ran\n",
		"ctr-plan 1\nuser 4294967295 0\nexec /bin/echo ran\n",
		"ctr-plan 1\nattach 4294967295 /mnt\nexec /bin/echo ran\n",
		"ctr-plan 1\nexec /bin/echo \\\n",
		"ctr-plan 1\nexec /bin/echo \\9\n",
		"ctr-plan 1\nexec /bin/echo \\000\n",
		"ELF\x7f\x7f\x7f",
	};
	char *many = lab_text("%0*d", 2000000, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct result *result = init_is_handed(TEXT(rows[i]));

		if (result->status != 125)
			print_error("row %zu: %s\n", i, rows[i]);
		assert_status(result, 125);
		assert_string_equal(result->out, "");
	}
	assert_status(init_is_handed((struct bytes){.text = "", .size = 0}), 125);
	assert_status(init_is_handed((struct bytes){.text = record, .size = sizeof(record)}), 125);
	memcpy(many, plan_of(""), strlen(plan_of("")));
	assert_status(init_is_handed(TEXT(many)), 125);
	memset(many + strlen(plan_of("")), '\n', 100000);
	assert_status(init_is_handed((struct bytes){.text = many, .size = 100000}), 125);
}

/* The same plan is obeyed when it is sealed, so it is not the plan that is refused. */
static void a_plan_that_its_writer_can_still_change_is_not_trusted(void **state)
{
	struct bytes plan = TEXT(plan_of("workdir /\nexec /bin/echo ran\n"));

	(void)state;
	assert_out(init_is_handed(plan), "ran\n");
	plan.is_unsealed = true;
	assert_status(init_is_handed(plan), 125);
	plan.is_plain = true;
	assert_status(init_is_handed(plan), 125);
}

/* --- names and words */

/* T-NAME-1, T-LOG-1 */
static void names_that_lead_elsewhere_are_refused(void **state)
{
	const char *const bad[] = {"..",  ".",	       "a/b",	    "/",    "-x",
				   "",	  "a\nb",      "\033[31mx", "%s%n", "\xc3\xa4",
				   "a b", "../../etc", ".hidden",   "a\\b", lab_text("%065d", 0)};
	const char *const good[] = {"a", "A.b_c-9", lab_text("%063d", 1)};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct result *result =
			RUN("--ephemeral", lab_text("--name=%s", bad[i]), lab_merged(), "true");

		assert_refused(result, "name");
		for (const char *c = result->err; c[1]; c++)
			assert_in_range(*c, 0x20, 0x7e);
	}
	for (size_t i = 0; i < COUNT(good); i++)
		assert_out(RUN("--ephemeral", "--name", good[i], lab_merged(), "--", "hostname"),
			   lab_text("%s\n", good[i]));
}

/* T-LOG-1: of words that are longer than any line. */
static void long_words_are_refused_in_one_line(void **state)
{
	char *word = lab_text("%0*d", 65536, 0);

	(void)state;
	memset(word + 100, '\033', 60000);
	assert_refused(RUN("--mem", word, lab_merged(), "true"), "ctr-setup: ");
	assert_refused(RUN(word), "ctr-setup: ");
	assert_refused(RUN("--bind", lab_text("/%s:/mnt", word), lab_merged(), "true"),
		       "ctr-setup: ");
	assert_refused(RUN("--bind", lab_text("/etc:/%s", word), lab_merged(), "true"),
		       "ctr-setup: ");
	assert_refused(RUN("--workdir", lab_text("/%s", word), lab_merged(), "true"),
		       "ctr-setup: ");
	assert_status(RUN("--ephemeral", lab_merged(), "--", lab_text("/%s", word)), 126);
}

/* T-SUID-1: nor by capabilities of the file. */
static void capabilities_of_the_file_are_refused(void **state)
{
	const char *copy = lab_path("ctr-setup");
	struct vfs_cap_data all = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = {{.permitted = 1U << CAP_SYS_ADMIN}},
	};

	(void)state;
	assert_int_equal(system(lab_text("cp \"$CTR_SETUP\" %s", copy)), 0);
	if (setxattr(copy, "security.capability", &all, sizeof(all), 0) < 0)
		lab_cannot("this file system keeps no capabilities of files");
	assert_refused(job_end(START(CALL(.program = copy, .before = become_nobody), lab_merged())),
		       "file capabilities");
	assert_false(is_there(lab_path("upper")));
}

static void enter_and_remove(const void *argument)
{
	if (mkdir(argument, 0755) < 0 || chdir(argument) < 0 || rmdir(argument) < 0)
		_exit(98);
}

/* T-STDIO-1: the pty inside becomes the user's, the caller's own stays whose it was. */
static void the_caller_s_terminal_keeps_owner_and_mode(void **state)
{
	struct job *job =
		START_SH(CALL(.terminal = true), "read x; stat -c %u /dev/pts/0", "--user", "1000");
	struct stat before, after;

	(void)state;
	assert_int_equal(fstat(job->slave_fd, &before), 0);
	job_say(job, "go on\n");
	assert_has(job_end(job)->out, "1000");
	assert_int_equal(fstat(job->slave_fd, &after), 0);
	assert_int_equal(before.st_mode, after.st_mode);
	assert_int_equal(before.st_uid, after.st_uid);
	assert_int_equal(before.st_gid, after.st_gid);
}

/* T-CWD-1: the caller's directory is gone. */
static void a_caller_s_directory_that_is_gone_is_not_missed(void **state)
{
	struct job *job = START(CALL(.before = enter_and_remove, .argument = lab_path("gone")),
				"--ephemeral", lab_merged(), "--", "pwd");

	(void)state;
	assert_out(job_end(job), "/\n");
	job = START(CALL(.before = enter_and_remove, .argument = lab_path("gone")), "merged");
	assert_refused(job_end(job), "merged");
}

/* T-LIBM-1: the root and its layers are numbers to mount(2); no table of mounts is written and no
 * helper called. */
static void no_path_inside_the_root_is_ever_mounted_on_by_name(void **state)
{
	const char *trace, *root = lab_merged();
	char *rest;

	(void)state;
	if (access("/usr/bin/strace", X_OK) < 0)
		lab_cannot("strace is not installed");
	assert_out(job_end(START(CALL(.program = "/usr/bin/strace"), "-f", "-o", lab_path("trace"),
				 "-e", "trace=mount,umount2,execve,execveat,chmod,chown,lchown",
				 getenv("CTR_SETUP"), "--name", "traced", "--tmpfs", "/tmp",
				 "--bind", "/etc:/mnt", root, "--", "echo", "ran")),
		   "ran\n");
	trace = lab_read(lab_path("trace"));
	assert_has(trace, "mount(\"proc\", \".\", \"proc\"");
	rest = lab_text("%s", trace);
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (!strstr(line, "ctr-setup\", ["))
			assert_lacks(line, lab_directory());
		if (strstr(line, " mount("))
			assert_true(strstr(line, ", \".\", ") || strstr(line, "NULL, \"/\"") ||
				    strstr(line, "mount(\"overlay\", \""));
		assert_lacks(line, "chmod(");
		assert_lacks(line, "chown(");
		assert_lacks(line, "/sbin/mount");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_proc_that_is_none_is_refused),
		TEST(a_proc_that_gives_another_program_for_ctr_init_is_refused),
		TEST(what_lies_over_files_of_proc_is_not_written_to),
		TEST(a_run_directory_that_others_may_change_is_refused),
		TEST(others_on_the_host_reach_nothing_of_a_run),
		TEST(the_file_of_ctr_init_is_out_of_reach),
		TEST(a_ctr_init_that_is_no_static_program_is_refused),
		TEST(a_plan_that_is_none_ends_ctr_init_before_anything_is_done),
		TEST(a_plan_that_its_writer_can_still_change_is_not_trusted),
		TEST(names_that_lead_elsewhere_are_refused),
		TEST(long_words_are_refused_in_one_line),
		TEST(capabilities_of_the_file_are_refused),
		TEST(the_caller_s_terminal_keeps_owner_and_mode),
		TEST(a_caller_s_directory_that_is_gone_is_not_missed),
		TEST(no_path_inside_the_root_is_ever_mounted_on_by_name),
	};

	return TESTS_RUN(tests);
}
