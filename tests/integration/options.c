/* The remaining options: identity, environment, time, what only looks, and hooks. */
#include "lab.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* --- identity */

static void env_adds_and_overrides_and_clear_env_leaves_nothing_else(void **state)
{
	(void)state;
	assert_out(RUN("--env", "A=1", "--env", "B=two words", "--env", "A=3", "--env", "HOME=/h",
		       lab_merged(), "--", "env"),
		   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		   "container=ctr\nB=two words\nA=3\nHOME=/h\n");
	assert_out(RUN("--clear-env", lab_merged(), "--", "/bin/env"), "");
	assert_out(RUN("--clear-env", "--env", "A=a\\b\tc\n d", lab_merged(), "--", "/bin/env"),
		   "A=a\\b\tc\n d\n");
	assert_out(RUN("--clear-env", "--env", "PATH", "--env", "LAB_MISSING", lab_merged(), "--",
		       "/bin/env"),
		   lab_text("PATH=%s\n", getenv("PATH")));
	assert_refused(RUN("--env", "=b", lab_merged(), "env"), "\"=b\"");
}

static const char *home_of(const char *user)
{
	const struct result *result = RUN_SH("echo $HOME", "--user", user);

	assert_status(result, 0);
	return result->out;
}

static void home_is_what_the_root_s_own_passwd_says(void **state)
{
	char *passwd = lab_path("lower/etc/passwd");

	(void)state;
	unlink(passwd);
	assert_string_equal(home_of("0"), "/root\n");
	assert_string_equal(home_of("1000"), "/\n");
	lab_write(passwd,
		  "short:x:1000\n\n:::\nwrong:x: 1000:1000::/wrong:/bin/sh\n"
		  "root:x:0:0::/home/root:/bin/sh\n"
		  "alice:x:1000:100:Alice:/home/alice:/bin/sh\n"
		  "second:x:1000:100::/second:/bin/sh\n"
		  "bare:x:1001:1001::/bare\nrelative:x:1002:1002::here:/bin/sh\n"
		  "escape:x:1003:1003::/e\x1b[31m:/bin/sh\nempty:x:1004:1004:::\nlast:x:1005:1:a:/"
		  "last",
		  0644);
	assert_string_equal(home_of("0"), "/home/root\n");
	assert_string_equal(home_of("1000"), "/home/alice\n");
	assert_string_equal(home_of("1001:5"), "/bare\n");
	assert_string_equal(home_of("1002"), "/\n");
	assert_string_equal(home_of("1003"), "/\n");
	assert_string_equal(home_of("1004"), "/\n");
	assert_string_equal(home_of("1005"), "/last\n");
	assert_string_equal(home_of("1006"), "/\n");
	assert_out(RUN_SH("echo $HOME", "--user", "1000", "--env", "HOME=/mine"), "/mine\n");
	assert_out(RUN_SH("echo ${HOME-none}", "--user", "1000", "--clear-env", "--env",
			  lab_text("PATH=%s", "/bin")),
		   "none\n");
}

/* The file is the root's, which may be hostile. */
static void a_passwd_that_is_none_leaves_home_as_it_was(void **state)
{
	enum { SIZE = 8 << 20 };
	char *passwd = lab_path("lower/etc/passwd");
	char *long_line = lab_keep(calloc(1, SIZE + 1));

	(void)state;
	unlink(passwd);
	assert_return_code(mkfifo(passwd, 0644), 0);
	assert_string_equal(home_of("0"), "/root\n");
	for (size_t i = 0; i < 3; i++) {
		static const char *const targets[] = {"/dev/zero", "/proc/self/fd/0", "/etc"};

		unlink(passwd);
		assert_return_code(symlink(targets[i], passwd), 0);
		assert_out(job_end(START_SH(CALL(.input = "r:x:0:0::/in:\n"), "cat; echo $HOME")),
			   "r:x:0:0::/in:\n/root\n");
	}
	unlink(passwd);
	memset(long_line, 'x', SIZE);
	memcpy(long_line, "root:x:0:0::/", 13);
	lab_write(passwd, long_line, 0644);
	assert_string_equal(home_of("0"), "/root\n");
	lab_write(passwd, "root:x:0:0::/root2:", 0600);
	assert_string_equal(home_of("0"), "/root2\n");
	assert_string_equal(home_of("1000"), "/\n");
}

/* T-ID-1 */
static void user_takes_numbers_and_nothing_else(void **state)
{
	static const char *const good[][2] = {{"0", "0 0"},
					      {"1", "1 1"},
					      {"65534", "65534 65534"},
					      {"4294967294", "4294967294 4294967294"},
					      {"1000:2000", "1000 2000"},
					      {"0:5", "0 5"}};
	static const char *const bad[] = {
		"-1",	 "4294967295", "4294967296", "18446744073709551616",
		"0x10",	 "1e3",	       " 1",	     "1 ",
		"+1",	 "1:",	       ":1",	     "1:2:3",
		"root",	 "",	       "1:-1",	     "1:4294967295",
		"1:root"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_out(RUN("--user", good[i][0], lab_merged(), "--", "sh", "-c",
			       "echo $(id -u) $(id -g)"),
			   lab_text("%s\n", good[i][1]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(RUN("--user", bad[i], lab_merged(), "true"),
			       lab_text("--user: \"%s\"", bad[i]));
}

static void arguments_reach_the_command_byte_for_byte(void **state)
{
	(void)state;
	assert_out(RUN(lab_merged(), "--", "printf", "%s|", "", "-", "a b", "\\", "a\\040b", "a\nb",
		       "\t", "--", "-c", "\xff\x01"),
		   "|-|a b|\\|a\\040b|a\nb|\t|--|-c|\xff\x01|");
}

static void without_a_command_a_shell_reads_stdin(void **state)
{
	(void)state;
	assert_out(job_end(START(CALL(.input = "echo shell; exit 0\n"), lab_merged())), "shell\n");
	assert_int_equal(unlink(lab_path("lower/bin/sh")), 0);
	assert_int_equal(rename(lab_path("lower/bin/busybox"), lab_path("lower/bin/sh")), 0);
	assert_out(job_end(START(CALL(.input = "echo shell; exit 0\n"), lab_merged())), "shell\n");
}

/* --- time */

static void timeout_stops_the_command_with_status_124(void **state)
{
	const struct result *result = RUN_SH("echo began; sleep 1000", "--timeout", "1");

	(void)state;
	assert_status(result, 124);
	assert_string_equal(result->out, "began\n");
	assert_has(result->err, "time limit of 1 s reached");
	result = RUN_SH("trap '' TERM; while :; do sleep 1; done", "--timeout", "500ms", "--grace",
			"500ms");
	assert_status(result, 124);
	assert_status(RUN_SH("exit 6", "--timeout", "1h"), 6);
}

/* --- what only looks */

static void check_and_print_plan_change_nothing(void **state)
{
	const char *before = lab_manifest(lab_directory());
	const struct result *result;

	(void)state;
	result = RUN("--check", "--cpu", "10", "--mem", "500M", lab_merged());
	assert_status(result, 0);
	assert_has(result->out, "ok       cgroups for the limits\n");
	assert_lacks(result->out, "missing");
	assert_string_equal(result->err, "");
	result = RUN("--print-plan", "--cpu", "10", "--mem", "500M", "--hostname", "box",
		     lab_merged(), "--", "a b", "-");
	assert_status(result, 0);
	assert_int_equal(strncmp(result->out, "ctr-plan 1\nroot ", 16), 0);
	assert_has(result->out, "\nhostname box\n");
	assert_has(result->out, "\nexec a\\040b \\055\n");
	assert_string_equal(lab_manifest(lab_directory()), before);
	assert_string_equal(host_leftovers(), "");
}

static void check_says_all_that_is_missing_at_once(void **state)
{
	const struct result *result =
		RUN("--check", "--bind", "/no/such:/x", "--device", "/dev/none", lab_path("none"));

	(void)state;
	assert_status(result, 125);
	assert_has(result->err, "cannot bind /no/such");
	assert_has(result->err, "/dev/none");
	assert_has(result->err, "cannot find the root directory");
	assert_has(result->out, "missing  the root and its layers\n");
	assert_has(result->out, "unknown  a plan, and a filter of system calls\n");
	assert_has(result->out, "ok       ctr-init\n");
}

struct pretence {
	const char *path, *text;
};

/* Among mounts of the child's own, the file at path reads as text. */
static void pretend(const void *argument)
{
	const struct pretence *pretence = argument;
	char file[] = "/tmp/ctr-pretence-XXXXXX";
	int fd = mkstemp(file);

	if (fd < 0 || write(fd, pretence->text, strlen(pretence->text)) < 0 ||
	    unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(file, pretence->path, NULL, MS_BIND, NULL) < 0 || unlink(file) < 0)
		_exit(98);
	close(fd);
}

static void assert_check_says(const char *path, const char *text, const char *way_out)
{
	struct pretence pretence = {path, text};

	assert_refused(job_end(START(CALL(.before = pretend, .argument = &pretence), "--check",
				     lab_merged())),
		       way_out);
}

static const char *kernel_modules(void)
{
	struct utsname kernel;

	assert_int_equal(uname(&kernel), 0);
	return lab_text("/lib/modules/%s", kernel.release);
}

static void check_knows_what_a_run_would_find_out_later(void **state)
{
	struct job *job;

	(void)state;
	assert_check_says("/proc/sys/user/max_net_namespaces", "0\n",
			  "sysctl user.max_net_namespaces=");
	if (!is_there(kernel_modules()))
		assert_check_says("/proc/filesystems", "\text4\n", "CONFIG_OVERLAY_FS");
	job = START_SH(CALL(.talks = true), "echo ready; cat", "--name", "box");
	job_expect(job, "ready");
	assert_refused(RUN("--check", "--name", "box", "--ephemeral", lab_merged()),
		       "the name box: it is held by process ");
	assert_refused(RUN("--check", lab_merged()), "the run box is using it");
	assert_status(job_end(job), 0);
}

static void version_is_one_line(void **state)
{
	const struct result *result = RUN("--version");

	(void)state;
	assert_status(result, 0);
	assert_int_equal(strncmp(result->out, "ctr-setup ", 10), 0);
	assert_ptr_equal(strchr(result->out, '\n'), result->out + result->out_size - 1);
}

static void help_names_each_option_and_fits_eighty_columns(void **state)
{
	static const char *const options[] = {
		"cpu",	     "mem",   "swap",  "pids",	   "cpuset",	 "cpu-weight", "rlimit",
		"timeout",   "lower", "upper", "work",	   "ephemeral",	 "read-only",  "bind",
		"tmpfs",     "hook",  "name",  "hostname", "user",	 "workdir",    "env",
		"clear-env", "net",   "tty",   "no-tty",   "print-plan", "check",      "version"};
	const struct result *result = RUN("--help");
	char *rest = lab_text("%s", result->out);

	(void)state;
	assert_status(result, 0);
	for (size_t i = 0; i < COUNT(options); i++)
		assert_has(result->out, lab_text("\n  --%s ", options[i]));
	for (char *line; (line = strsep(&rest, "\n"));)
		assert_true(strlen(line) <= 80);
}

static void verbose_names_each_stage_and_leaves_stdout_alone(void **state)
{
	const struct result *result = RUN("-v", "--mem", "64M", lab_merged(), "--", "echo", "out");

	(void)state;
	assert_out(result, "out\n");
	assert_has(result->err, "ctr-setup: ");
	assert_has(result->err, "30 cgroup");
	assert_has(result->err, "95 watch");
}

static void what_is_no_option_is_refused_by_name(void **state)
{
	(void)state;
	assert_refused(RUN("--nonsense", lab_merged()), "--nonsense");
	assert_refused(RUN("-x", lab_merged()), "-x");
	assert_refused(RUN("--mem"), "--mem");
	assert_refused(RUN("--check=yes", lab_merged()), "--check=yes");
	assert_refused(RUN("--c", "1", lab_merged()), "--c");
	assert_refused(RUN("gc", "x"), "\"x\"");
	/* behind ROOTFS all is the command's */
	assert_out(RUN(lab_merged(), "echo", "--mem", "x"), "--mem x\n");
	/* but no name of an option for a command, unless it is meant */
	assert_refused(RUN(lab_merged(), "--mem", "1M", "echo"), "--mem comes too late");
	assert_status(RUN(lab_merged(), "--", "--mem"), 127);
}

static void what_was_meant_is_asked_for(void **state)
{
	const struct call call = {.before = enter_laboratory, .argument = lab_directory()};

	(void)state;
	assert_refused(RUN("--memm", "1M", lab_merged()), "did you mean --mem?");
	assert_refused(RUN("--seccomp", "nonne", lab_merged()), "did you mean none?");
	assert_refused(job_end(START(&call, "gcc")), "did you mean gc?");
	assert_int_equal(mkdir(lab_path("gcc"), 0755), 0);
	assert_status(job_end(START(&call, "gcc", "--", "true")), 0); /* it has a sibling lower */
}

static void a_verb_has_help_of_its_own(void **state)
{
	(void)state;
	assert_has(RUN("gc", "--help")->out, "Usage: ctr-setup gc\n");
	assert_out(RUN("gc", "-h"), RUN("gc", "--help")->out);
}

/* --- hooks */

static const char *hook(const char *name, const char *script)
{
	const char *path = lab_path("%s", name);

	lab_write(path, lab_text("#!/bin/sh\n%s\n", script), 0755);
	return path;
}

static void hooks_run_in_order_on_the_merged_root(void **state)
{
	const struct result *result =
		RUN_SH("cat /etc/order", "--hook",
		       hook("first", "test -x \"$1/bin/busybox\" && echo 1 >\"$1/etc/order\""),
		       "--hook", hook("second", "echo 2 >>\"$1/etc/order\"; echo said"));

	(void)state;
	assert_out(result, "1\n2\n");
	assert_string_equal(result->err, "said\n"); /* the payload's stdout is the payload's */
	assert_string_equal(lab_read(lab_path("upper/etc/order")), "1\n2\n");
	assert_string_equal(lab_manifest(lab_merged()), ". d 755 0:0 \n");
}

static void a_hook_that_fails_stops_the_start(void **state)
{
	const struct result *result =
		RUN_SH("echo began", "--hook", hook("bad", "exit 3"), "--hook",
		       hook("after", lab_text("touch %s", lab_path("canary"))));

	(void)state;
	assert_refused(result, "failed with status 3");
	assert_string_equal(result->out, "");
	assert_false(is_there(lab_path("canary")));
	assert_refused(RUN_SH("echo began", "--hook", lab_path("none")), lab_path("none"));
	lab_write(lab_path("text"), "no program\n", 0644);
	assert_refused(RUN_SH("echo began", "--hook", lab_path("text")), lab_path("text"));
	lab_assert_clean();
}

/* A hook waits at a gate, so that it can be looked at: by the pid that the host knows it by. */
static struct job *hook_at_gate(pid_t *pid)
{
	struct job *job;

	unlink(lab_path("gate"));
	assert_int_equal(mkfifo(lab_path("gate"), 0600), 0);
	job = START_SH(NULL, "true", "--mem", "64M", "--hook",
		       hook("look", lab_text("read -r pid _ </proc/self/stat; echo pid=$pid. >&2;"
					     " read go <%s",
					     lab_path("gate"))));
	*pid = (pid_t)strtol(job_expect_error(job, "pid="), NULL, 10);
	job_expect_error(job, ".");
	if (!host_is_running(*pid))
		fail_msg("the hook %d is not a process of the host's", *pid);
	return job;
}

static void a_hook_that_is_killed_stops_the_start(void **state)
{
	pid_t pid;
	struct job *job = hook_at_gate(&pid);
	const struct result *result;

	(void)state;
	assert_int_equal(kill(pid, SIGKILL), 0);
	result = job_end(job);
	assert_status(result, 125);
	assert_has(result->err, "was ended by signal 9");
}

static void what_a_hook_leaves_running_ends_with_it(void **state)
{
	(void)state;
	assert_out(RUN_SH("echo began", "--hook", hook("daemon", "setsid sleep 1000 &")),
		   "began\n");
	lab_assert_no_process();
}

static void a_hook_is_found_from_where_ctr_setup_was_started(void **state)
{
	(void)state;
	hook("near", "echo here >\"$1/etc/near\"");
	assert_out(job_end(START(CALL(.before = enter_laboratory, .argument = lab_directory()),
				 "--hook", "./near", lab_merged(), "--", "cat", "/etc/near")),
		   "here\n");
}

static void a_hook_has_the_host_s_network_and_no_limits(void **state)
{
	struct job *job;
	pid_t pid;
	int version;

	(void)state;
	group_needed("memory");
	job = hook_at_gate(&pid);
	assert_true(host_namespace(pid, "net") == host_namespace(getpid(), "net"));
	assert_true(host_namespace(pid, "pid") != host_namespace(host_init(job), "pid"));
	assert_true(host_namespace(pid, "mnt") == host_namespace(host_init(job), "mnt"));
	assert_lacks(group_of(pid, "memory", &version), "/ctr-");
	lab_write(lab_path("gate"), "go\n", 0600);
	assert_status(job_end(job), 0);
}

static void a_hook_is_ended_with_ctr_setup(void **state)
{
	static const int numbers[] = {SIGTERM, SIGKILL};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct job *job = START_SH(NULL, "true", "--grace", "500ms", "--hook",
					   hook("slow", "echo waiting >&2; exec sleep 1000"));

		job_expect_error(job, "waiting");
		job_signal(job, numbers[i]);
		assert_true(job_end(job)->status != 0);
		lab_assert_no_process();
		assert_status(RUN("gc"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(env_adds_and_overrides_and_clear_env_leaves_nothing_else),
		TEST(home_is_what_the_root_s_own_passwd_says),
		TEST(a_passwd_that_is_none_leaves_home_as_it_was),
		TEST(user_takes_numbers_and_nothing_else),
		TEST(arguments_reach_the_command_byte_for_byte),
		TEST(without_a_command_a_shell_reads_stdin),
		TEST(timeout_stops_the_command_with_status_124),
		TEST(check_and_print_plan_change_nothing),
		TEST(check_says_all_that_is_missing_at_once),
		TEST(check_knows_what_a_run_would_find_out_later),
		TEST(version_is_one_line),
		TEST(help_names_each_option_and_fits_eighty_columns),
		TEST(verbose_names_each_stage_and_leaves_stdout_alone),
		TEST(what_is_no_option_is_refused_by_name),
		TEST(what_was_meant_is_asked_for),
		TEST(a_verb_has_help_of_its_own),
		TEST(hooks_run_in_order_on_the_merged_root),
		TEST(a_hook_that_fails_stops_the_start),
		TEST(a_hook_that_is_killed_stops_the_start),
		TEST(what_a_hook_leaves_running_ends_with_it),
		TEST(a_hook_is_found_from_where_ctr_setup_was_started),
		TEST(a_hook_has_the_host_s_network_and_no_limits),
		TEST(a_hook_is_ended_with_ctr_setup),
	};

	return TESTS_RUN(tests);
}
