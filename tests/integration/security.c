/* What a hostile payload gets hold of, and what a hostile caller's leftovers do: the T- tests. */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- descriptors */

static void open_much(const void *argument)
{
	struct rlimit limit = {512, 512};

	(void)argument;
	setrlimit(RLIMIT_NOFILE, &limit);
	dup2(open("/etc", O_RDONLY | O_DIRECTORY), 9);
	dup2(open("/etc/passwd", O_RDONLY), 8);
	dup2(socket(AF_UNIX, SOCK_STREAM, 0), 10);
	for (int fd = 200; fd < 260; fd++)
		dup2(9, fd);
	for (int fd = 3; fd < 8; fd++)
		dup2(9, fd);
}

/* T-FD-1 */
static void no_descriptor_of_the_caller_s_reaches_the_payload(void **state)
{
	struct job *job = START(CALL(.before = open_much), "--mem", "64M", "--bind", "/etc:/mnt",
				lab_merged(), "--", "probe", "fds");

	(void)state;
	assert_out(job_end(job), "0 1 2 \n");
	assert_out(job_end(START_SH(CALL(.terminal = true, .before = open_much), "probe fds")),
		   "0 1 2 \r\n");
}

static void directory_give(const void *argument)
{
	int fd = open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, *(const int *)argument) < 0)
		_exit(98);
}

/* T-FD-1: openat(2) would lead from it to all of the host. */
static void a_directory_as_one_of_the_three_descriptors_is_refused(void **state)
{
	static const int fds[] = {STDIN_FILENO, STDOUT_FILENO};

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++)
		assert_refused(job_end(START(CALL(.before = directory_give, .argument = &fds[i]),
					     lab_merged(), "--", "echo", "ran")),
			       lab_text("as its descriptor %d: Is a directory", fds[i]));
	/* Of stderr nothing can be said, there. */
	assert_status(job_end(START(CALL(.before = directory_give, .argument = (int[]){2}),
				    lab_merged(), "--", "true")),
		      125);
}

/* T-FD-2: none of a directory, of ctr-init's own image or of the plan. */
static void pid_1_holds_dev_null_its_payload_and_the_keeper_alone(void **state)
{
	static const char *const wanted[] = {"/dev/null", "/dev/null", "/dev/null", "pidfd",
					     "socket:"};
	struct job *job = START(CALL(.talks = true, .before = open_much), "--mem", "64M", "--bind",
				"/etc:/mnt", lab_merged(), "--", "sh", "-c", "echo ready; cat");
	const char *listing;
	pid_t init;

	(void)state;
	job_expect(job, "ready");
	init = host_init(job);
	assert_eventually(strcmp(host_status(init, "CapEff:"), "0000000000000020") == 0);
	listing = job_end(START(CALL(.program = "/bin/ls"), lab_text("/proc/%d/fd", init)))->out;
	if (strcmp(listing, "0\n1\n2\n4\n") != 0) /* a kernel that keeps statuses: stage 95 */
		assert_string_equal(listing, "0\n1\n2\n3\n4\n");
	for (size_t fd = 0; fd < COUNT(wanted); fd++) {
		char to[256] = "";

		if (readlink(lab_text("/proc/%d/fd/%zu", init, fd), to, sizeof(to) - 1) > 0)
			assert_has(to, wanted[fd]);
	}
	assert_status(job_end(job), 0);
}

/* A line of /proc/net/unix ends with the inode, or with a name behind that. */
static int sockets_count(pid_t pid, const char *name)
{
	const char *sockets = lab_read("/proc/net/unix");
	int count = 0;

	for (int fd = 0; fd < 64; fd++) {
		char to[256] = "";
		const char *inode, *line;

		if (readlink(lab_text("/proc/%d/fd/%d", pid, fd), to, sizeof(to) - 1) < 0 ||
		    strncmp(to, "socket:[", 8) != 0)
			continue;
		inode = lab_text(" %.*s", (int)strcspn(to + 8, "]"), to + 8);
		line = strstr(sockets, inode);
		assert_non_null(line);
		line += strlen(inode);
		line = lab_text("%.*s", (int)strcspn(line, "\n"), line);
		count += *name ? strstr(line, name) != NULL : !*line;
		assert_true(*line != '@'); /* of no file system: anybody's */
	}
	return count;
}

/* T-SOCK-1: but for the keeper's, in a directory that is the caller's alone, nothing that another
 * process could connect to. */
static void no_socket_has_a_name_that_others_could_use(void **state)
{
	const char *name = lab_text("lab-%d", getpid());
	struct job *job = START_SH(CALL(.talks = true), "echo ready; cat", "--name", name);
	struct stat stat_buffer;

	(void)state;
	job_expect(job, "ready");
	assert_int_equal(sockets_count(job->pid, ""), 1);
	assert_int_equal(sockets_count(job->pid, "/exec"), 1);
	assert_int_equal(sockets_count(host_init(job), ""), 1);
	assert_int_equal(sockets_count(host_init(job), "/"), 0);
	assert_int_equal(stat(lab_text("/run/ctr/%s", name), &stat_buffer), 0);
	assert_int_equal(stat_buffer.st_mode & 0777, 0700);
	assert_int_equal(stat(lab_text("/run/ctr/%s/exec", name), &stat_buffer), 0);
	assert_int_equal(stat_buffer.st_mode & 0022, 0);
	assert_status(job_end(job), 0);
}

/* --- PID 1 */

/* T-PTR-1, T-EXE-1 */
static void nothing_of_pid_1_can_be_had(void **state)
{
	static const char *const things[] = {"mem",   "exe",   "root/",	  "cwd/",    "fd/0",
					     "maps",  "stack", "syscall", "environ", "exe-link",
					     "seize", "readv", "fd-link"};
	const struct result *result = RUN(lab_merged(), "--", "probe", "touch", "1");

	(void)state;
	assert_status(result, 0);
	assert_lacks(result->out, "succeeded");
	for (size_t i = 0; i < COUNT(things); i++)
		assert_has(result->out, lab_text("%s ", things[i]));
}

/* --- privileges */

static const char *field(const struct result *result, const char *name)
{
	const char *line = strstr(result->out, lab_text("%s:\t", name));

	assert_non_null(line);
	line += strlen(name) + 2;
	return lab_text("%.*s", (int)strcspn(line, "\n"), line);
}

/* T-CAP-1: chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot
 * setfcap and no other. */
static void root_inside_has_the_documented_capabilities_and_no_other(void **state)
{
	const struct result *result = RUN(lab_merged(), "--", "cat", "/proc/self/status");

	(void)state;
	assert_status(result, 0);
	assert_string_equal(field(result, "CapBnd"), "00000000800405fb");
	assert_string_equal(field(result, "CapPrm"), "00000000800405fb");
	assert_string_equal(field(result, "CapEff"), "00000000800405fb");
	assert_string_equal(field(result, "CapInh"), "0000000000000000");
	assert_string_equal(field(result, "CapAmb"), "0000000000000000");
	assert_string_equal(field(result, "NoNewPrivs"), "1");
}

static void a_user_inside_has_none(void **state)
{
	static const char *const sets[] = {"CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb"};
	const struct result *result =
		RUN("--user", "1000:1001", lab_merged(), "--", "cat", "/proc/self/status");

	(void)state;
	assert_status(result, 0);
	for (size_t i = 0; i < COUNT(sets); i++)
		assert_string_equal(field(result, sets[i]), "0000000000000000");
	assert_string_equal(field(result, "Uid"), "1000\t1000\t1000\t1000");
	assert_string_equal(field(result, "Gid"), "1001\t1001\t1001\t1001");
	assert_string_equal(field(result, "NoNewPrivs"), "1");
}

static void capabilities_are_what_was_asked_for(void **state)
{
	static const char *const sets[] = {"CapBnd", "CapPrm", "CapEff"};
	const struct result *result =
		RUN("--cap-drop", "all", "--cap-add", "net_raw", "--cap-add", "CAP_CHOWN",
		    lab_merged(), "--", "cat", "/proc/self/status");

	(void)state;
	assert_status(result, 0);
	for (size_t i = 0; i < COUNT(sets); i++)
		assert_string_equal(field(result, sets[i]), "0000000000002001");
	assert_string_equal(field(result, "CapInh"), "0000000000000000");
	assert_string_equal(field(result, "CapAmb"), "0000000000000000");
	assert_out(RUN_SH("chown 5 /tmp 2>/dev/null || echo refused", "--cap-drop", "chown"),
		   "refused\n");
}

/* capabilities(7): execve(2) gives root no more than the bounding set. */
static void lose_sys_time(const void *argument)
{
	(void)argument;
	prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0);
}

static void a_capability_that_ctr_setup_lacks_is_refused_by_name(void **state)
{
	const struct call *poor = CALL(.before = lose_sys_time);
	const struct result *result =
		job_end(START(poor, "--cap-add", "sys_time", lab_merged(), "--", "true"));

	(void)state;
	assert_status(result, 125);
	assert_has(result->err, "cannot give sys_time to root inside");
	assert_status(job_end(START(poor, "--cap-add", "all", lab_merged(), "--", "true")), 0);
}

/* Each of these is withheld in another test of this file or of namespaces.c. */
static void privileged_withholds_nothing_and_says_so(void **state)
{
	const char *own =
		field(job_end(START(CALL(.program = "/bin/cat"), "/proc/self/status")), "CapPrm");
	const struct result *result =
		RUN_SH("cat /proc/self/status /proc/self/mounts && mkdir -p /mnt && "
		       "mount -t tmpfs none /mnt && mknod /null c 1 3 && echo x >/null && rm /null "
		       "&& echo mounted and made",
		       "--privileged", "--ephemeral");

	(void)state;
	assert_status(result, 0);
	assert_has(result->err, "--privileged: root inside is root of this host");
	assert_string_equal(field(result, "CapEff"), own);
	assert_string_equal(field(result, "CapBnd"), own);
	assert_string_equal(field(result, "NoNewPrivs"), "0");
	assert_string_equal(field(result, "Seccomp"), "0");
	assert_has(result->out, "sysfs /sys sysfs rw,");
	assert_lacks(result->out, " /proc/sys ");
	assert_lacks(result->out, " /sys/firmware ");
	assert_has(result->out, "mounted and made\n");
}

/* T-CAP-2 */
static void a_set_user_id_program_of_the_image_gives_nothing(void **state)
{
	(void)state;
	assert_int_equal(chmod(lab_path("lower/bin/busybox"), 04755), 0);
	assert_out(RUN("--user", "1000", lab_merged(), "--", "id", "-u"), "1000\n");
}

static void take_groups(const void *argument)
{
	static const gid_t groups[] = {4, 24, 27};

	(void)argument;
	if (setgroups(COUNT(groups), groups) < 0)
		_exit(98);
}

/* T-GRP-1 */
static void the_caller_s_groups_do_not_come_along(void **state)
{
	(void)state;
	assert_out(job_end(START(CALL(.before = take_groups), "--user", "1000", lab_merged(), "--",
				 "id", "-G")),
		   "1000\n");
	assert_out(job_end(START(CALL(.before = take_groups), lab_merged(), "--", "id", "-G")),
		   "0\n");
}

static void signals_start_out_as_after_a_login(void **state)
{
	const struct result *result = RUN(lab_merged(), "--", "cat", "/proc/self/status");

	(void)state;
	assert_string_equal(field(result, "SigBlk"), "0000000000000000");
	assert_string_equal(field(result, "SigIgn"), "0000000000000000");
}

/* T-TTY-2: a byte pushed back would be typed at the caller's shell. */
static void nothing_can_be_typed_at_the_caller_s_terminal(void **state)
{
	struct job *job = START(CALL(.terminal = true, .program = "/bin/bash"), "-c",
				lab_text("\"$CTR_SETUP\" %s -- probe push X; echo end; "
					 "read -t 1 -n 1 c; echo \"typed=$c.\"",
					 lab_merged()));

	(void)state;
	job_expect(job, "typed=.");
	assert_true(job_end(job)->status >= 0);
}

static void input_is_none(const void *argument)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)argument;
	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		_exit(98);
}

/* T-TTY-2: who has a terminal for its output can read it, and leave it in other modes, which the
 * laboratory would see. */
static void a_terminal_for_output_alone_is_not_handed_over(void **state)
{
	struct job *job = START_SH(CALL(.terminal = true, .before = input_is_none),
				   "tty <&2; read -t 1 x <&2; echo \"read=$x.\"; stty raw <&1");

	(void)state;
	job_say(job, "typed\n");
	job_expect(job, "/dev/pts/0\r\n");
	job_expect(job, "read=.\r\n");
	assert_status(job_end(job), 0);
}

/* --- what the caller brings */

/* T-ENV-1 */
static void nothing_of_the_caller_s_environment_comes_in(void **state)
{
	const char *long_one = lab_text("LONG=%0131000d", 7);
	const char *environment[] = {"LD_PRELOAD=",
				     "LD_LIBRARY_PATH=/none",
				     "LIBMOUNT_FSTAB=/none",
				     "TMPDIR=/none",
				     "BASH_ENV=/none",
				     "IFS=x",
				     "PATH=/none",
				     "HOME=/none",
				     "nonsense",
				     "=",
				     long_one,
				     "TERM=evil\033[31m",
				     NULL};
	struct job *job;

	(void)state;
	job = START(CALL(.environment = environment), lab_merged(), "--", "env");
	assert_out(job_end(job),
		   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		   "container=ctr\nHOME=/root\n");
	job = START(CALL(.environment = environment, .terminal = true), lab_merged(), "--", "sh",
		    "-c", "echo $TERM");
	assert_out(job_end(job), "linux\r\n");
	/* Nor to PID 1, which would not hand it on. */
	job = START(CALL(.environment = environment, .talks = true), lab_merged(), "--", "sh", "-c",
		    "echo ready; cat");
	job_expect(job, "ready");
	assert_string_equal(lab_read(lab_text("/proc/%d/environ", host_init(job))), "");
	assert_status(job_end(job), 0);
}

/* T-CWD-1 */
static void the_caller_s_directory_cannot_be_reached(void **state)
{
	const char *outside = lab_path("outside");

	(void)state;
	assert_int_equal(mkdir(outside, 0755), 0);
	lab_write(lab_path("outside/marker"), "", 0644);
	assert_out(job_end(START(CALL(.program = "/bin/sh"), "-c",
				 lab_text("cd %s && exec \"$CTR_SETUP\" %s -- sh -c 'pwd -P; ls; "
					  "readlink /proc/self/cwd' | grep -c marker; true",
					  outside, lab_merged()))),
		   "0\n");
	for (int fd = 3; fd < 16; fd++)
		assert_refused(
			RUN("--workdir", lab_text("/proc/self/fd/%d", fd), lab_merged(), "pwd"),
			"working directory");
}

static void become_nobody(const void *argument)
{
	(void)argument;
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		_exit(98);
}

/* T-SUID-1 */
static void set_user_id_is_refused(void **state)
{
	const char *copy = lab_path("ctr-setup");
	const char *command = lab_text("cp \"$CTR_SETUP\" %s && chmod 4755 %s", copy, copy);

	(void)state;
	assert_int_equal(system(command), 0);
	assert_refused(job_end(START(CALL(.program = copy, .before = become_nobody), lab_merged())),
		       "set-user-id");
	assert_false(is_there(lab_path("upper")));
}

static void execute_without_arguments(const void *argument)
{
	char *none[] = {NULL};

	(void)argument;
	execv(getenv("CTR_SETUP"), none);
	_exit(98);
}

/* T-ARG-1 */
static void no_argument_at_all_is_an_error_and_no_crash(void **state)
{
	(void)state;
	assert_status(job_end(START(CALL(.before = execute_without_arguments), NULL)), 125);
	assert_refused(RUN(NULL), "no ROOTFS is given");
}

/* T-LOG-1 */
static void error_texts_are_one_line_of_printable_characters(void **state)
{
	static const char *const texts[] = {"\033[31mred", "a\nb",     "a\rb",
					    "%n%s%x",	   "\xff\xfe", "\xc3\xa4"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct result *results[] = {
			RUN(lab_text("/%s", texts[i])), RUN("--mem", texts[i], lab_merged()),
			RUN("--ephemeral", lab_merged(), "--", lab_text("/%s", texts[i]))};

		for (size_t j = 0; j < COUNT(results); j++) {
			assert_true(results[j]->status == 125 || results[j]->status == 127);
			for (const char *c = results[j]->err; *c; c++)
				assert_true((*c >= 0x20 && *c < 0x7f) || (*c == '\n' && !c[1]));
		}
	}
}

/* --- T-STATE-1: /run/ctr, in a /run of the test's own */

static const struct result *run_with_state(const char *prepare)
{
	return job_end(START(CALL(.program = "/bin/sh"), "-c",
			     lab_text("unshare -m sh -c 'mount --make-rprivate / && "
				      "mount -t tmpfs none /run && { %s; } && "
				      "\"$CTR_SETUP\" %s true; s=$?; ls -A /run/outside; exit $s'",
				      prepare, lab_merged())));
}

static void a_state_directory_that_is_not_root_s_alone_is_refused(void **state)
{
	static const char *const preparations[] = {
		"mkdir /run/outside; ln -s outside /run/ctr",
		"mkdir /run/outside; ln -s nowhere /run/ctr",
		"mkdir /run/outside; touch /run/ctr",
		"mkdir /run/outside; mkdir -m 777 /run/ctr",
		"mkdir /run/outside; mkdir -m 755 /run/ctr",
		"mkdir /run/outside; mkdir -m 700 /run/ctr; chown 65534 /run/ctr",
		"mkdir /run/outside; mkfifo /run/ctr",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(preparations); i++) {
		const struct result *result = run_with_state(preparations[i]);

		assert_refused(result, "/run/ctr");
		assert_string_equal(result->out, "");
	}
	assert_status(run_with_state("mkdir /run/outside"), 0);
}

/* T-STATE-1 */
static void the_state_directory_is_root_s_alone(void **state)
{
	struct stat stat_buffer;

	(void)state;
	assert_status(RUN(lab_merged(), "true"), 0);
	assert_int_equal(stat("/run/ctr", &stat_buffer), 0);
	assert_int_equal(stat_buffer.st_mode & 0777, 0700);
	assert_int_equal(stat_buffer.st_uid, 0);
}

/* --- T-NSS-1, T-FILE-1, T-LIBM-1: what is opened and executed, by strace */

static void traps_set(void)
{
	assert_int_equal(mkdir(lab_path("lower/lib"), 0755), 0);
	lab_write(lab_path("lower/etc/nsswitch.conf"), "passwd: files evil\n", 0644);
	lab_write(lab_path("lower/etc/ld.so.preload"), "/lib/evil.so\n", 0644);
	lab_write(lab_path("lower/lib/libnss_files.so.2"), "evil", 0755);
	assert_int_equal(mkfifo(lab_path("lower/etc/passwd"), 0644), 0);
	assert_int_equal(mkfifo(lab_path("lower/etc/group"), 0644), 0);
	assert_int_equal(symlink("/dev/zero", lab_path("lower/etc/os-release")), 0);
}

static void no_file_of_the_image_is_read_and_no_helper_executed(void **state)
{
	static const char *const never[] = {
		"nsswitch.conf\"", "ld.so.preload\", O_RDONLY|O_CLOEXEC) = ",
		"libnss_",	   "openat(AT_FDCWD, \"/etc/passwd",
		"/etc/group\"",	   "os-release",
		"/sbin/mount",	   "/run/mount",
		"/etc/fstab",	   "utab"};
	const char *trace;
	struct job *job;

	(void)state;
	if (access("/usr/bin/strace", X_OK) < 0)
		lab_cannot("strace is not installed");
	traps_set();
	job = START(CALL(.program = "/usr/bin/strace"), "-f", "-o", lab_path("trace"), "-e",
		    "trace=open,openat,openat2,execve,execveat", getenv("CTR_SETUP"), "--mem",
		    "64M", "--user", "1000", lab_merged(), "--", "/bin/probe", "fds");
	assert_out(job_end(job), "0 1 2 \n");
	trace = lab_read(lab_path("trace"));
	assert_has(trace, "\"/bin/probe\"");
	for (size_t i = 0; i < COUNT(never); i++)
		assert_lacks(trace, never[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_descriptor_of_the_caller_s_reaches_the_payload),
		TEST(a_directory_as_one_of_the_three_descriptors_is_refused),
		TEST(pid_1_holds_dev_null_its_payload_and_the_keeper_alone),
		TEST(no_socket_has_a_name_that_others_could_use),
		TEST(nothing_of_pid_1_can_be_had),
		TEST(root_inside_has_the_documented_capabilities_and_no_other),
		TEST(a_user_inside_has_none),
		TEST(capabilities_are_what_was_asked_for),
		TEST(a_capability_that_ctr_setup_lacks_is_refused_by_name),
		TEST(privileged_withholds_nothing_and_says_so),
		TEST(a_set_user_id_program_of_the_image_gives_nothing),
		TEST(the_caller_s_groups_do_not_come_along),
		TEST(signals_start_out_as_after_a_login),
		TEST(nothing_can_be_typed_at_the_caller_s_terminal),
		TEST(a_terminal_for_output_alone_is_not_handed_over),
		TEST(nothing_of_the_caller_s_environment_comes_in),
		TEST(the_caller_s_directory_cannot_be_reached),
		TEST(set_user_id_is_refused),
		TEST(no_argument_at_all_is_an_error_and_no_crash),
		TEST(error_texts_are_one_line_of_printable_characters),
		TEST(a_state_directory_that_is_not_root_s_alone_is_refused),
		TEST(the_state_directory_is_root_s_alone),
		TEST(no_file_of_the_image_is_read_and_no_helper_executed),
	};

	return TESTS_RUN(tests);
}
