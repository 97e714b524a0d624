/* Who is not root gets the same container in a user namespace, by newuidmap(1). */
#include "lab_user.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void the_caller_is_root_inside_and_nobody_else_is(void **state)
{
	struct job *job = START(USER_CALL(.talks = true), lab_merged(), "--", "sh", "-c",
				"id; cat /proc/self/uid_map; grep -E '^(Cap|No)' "
				"/proc/self/status; echo ready; cat");
	pid_t init;

	(void)state;
	job_expect(job, "uid=0 gid=0 groups=0");
	job_expect(job, "0       4242          1\n");
	job_expect(job, "1     300000      65536\n");
	job_expect(job, "CapEff:\t00000000800405fb");
	job_expect(job, "NoNewPrivs:\t1");
	job_expect(job, "ready");
	init = host_init(job);
	assert_string_equal(host_status(init, "Uid:"), "4242\t4242\t4242\t4242");
	assert_status(job_end(job), 0);
}

static void files_are_the_caller_s(void **state)
{
	struct stat stat;

	(void)state;
	assert_out(USER_RUN("echo text >/made; mkdir /d; rm /bin/vi; chown 7:8 /d; "
			    "stat -c %u:%g /made /d; cat /made; [ -e /bin/vi ] || echo gone"),
		   "0:0\n7:8\ntext\ngone\n");
	assert_int_equal(lstat(lab_path("upper/made"), &stat), 0);
	assert_int_equal(stat.st_uid, USER);
	assert_int_equal(lstat(lab_path("upper/d"), &stat), 0);
	assert_int_equal(stat.st_uid, 300000 + 7 - 1);
	assert_out(USER_RUN("cat /made; [ -e /bin/vi ] || echo gone"), "text\ngone\n");
	assert_out(USER_RUN("echo >/more && echo more", "--ephemeral"), "more\n");
	assert_false(is_there(lab_path("upper/more")));
}

static void the_rest_is_as_for_root(void **state)
{
	struct job *job;

	(void)state;
	assert_out(USER_RUN("echo x >/dev/null; head -c 1 /dev/urandom | wc -c; hostname; id -u; "
			    "grep -c lo: /proc/net/dev; ls -d /sys/kernel; exit 0",
			    "--hostname", "box", "--user", "65536"),
		   "1\nbox\n65536\n1\n/sys/kernel\n");
	assert_status(USER_RUN("exit 7"), 7);
	assert_status(USER_RUN("kill -9 $$"), 137);
	job = START(USER_CALL(.terminal = true), lab_merged(), "--", "tty");
	assert_out(job_end(job), "/dev/pts/0\r\n");
	job = START(USER_CALL(.talks = true), lab_merged(), "--", "sh", "-c",
		    "trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.1; done");
	job_expect(job, "ready");
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 3);
}

static void further_commands_are_the_caller_s(void **state)
{
	const char *name = lab_text("lab-%d", getpid());
	struct job *job = START(USER_CALL(.talks = true), "--name", name, lab_merged(), "--", "sh",
				"-c", "echo ready; cat");
	struct job *other;

	(void)state;
	job_expect(job, "ready");
	assert_out(job_end(START(USER_CALL(), "exec", name, "sh", "-c",
				 "id -u; cat /proc/self/uid_map; grep CapEff /proc/self/status")),
		   "0\n         0       4242          1\n         1     300000      65536\n"
		   "CapEff:\t00000000800405fb\n");
	assert_out(job_end(START(USER_CALL(), "exec", name, "--user", "7", "id", "-G")), "7\n");
	assert_out(job_end(START(USER_CALL(.terminal = true), "exec", name, "tty")),
		   "/dev/pts/0\r\n");
	other = START(USER_CALL(.talks = true), "exec", name, "sh", "-c", "echo ready; cat");
	job_expect(other, "ready");
	job_signal(other, SIGKILL);
	assert_status(job_end(other), -SIGKILL);
	/* Each user has a directory of his own. */
	assert_refused(RUN("exec", name, "true"),
		       lab_text("no run is called %s: see ctr-setup ls", name));
	assert_status(job_end(job), 0);
	job = START_SH(CALL(.talks = true), "echo ready; cat", "--name", name);
	job_expect(job, "ready");
	assert_refused(job_end(START(USER_CALL(), "exec", name, "true")),
		       lab_text("no run is called %s: see ctr-setup ls", name));
	assert_status(job_end(job), 0);
}

static void what_the_caller_may_not_read_stays_so(void **state)
{
	(void)state;
	lab_write(lab_path("secret"), "secret\n", 0600);
	assert_out(USER_RUN("cat /mnt/secret 2>/dev/null || echo refused; "
			    "echo x 2>/dev/null >/mnt/secret || echo refused",
			    "--bind", lab_text("%s:/mnt", lab_directory()), "--cap-add", "all"),
		   "refused\nrefused\n");
}

static void what_needs_root_is_said_in_one_line(void **state)
{
	struct call nobody = *USER_CALL();

	(void)state;
	nobody.argument = "";
	assert_refused(job_end(START(&nobody, lab_merged(), "--", "true")),
		       "/etc/subuid gives lab no ids; append the line lab:100000:65536");
	assert_refused(USER_RUN("true", "--user", "65537"), "--user 65537:65537 is outside");
	assert_refused(
		USER_RUN("true", "--net", "/proc/self/ns/net"),
		"cannot join the network namespace /proc/self/ns/net (that needs CAP_SYS_ADMIN, "
		"as root has): Operation not permitted");
	group_needed("memory");
	assert_refused(USER_RUN("true", "--mem", "64M"),
		       "limits need root, or a cgroup that is yours");
}

/* --- hooks */

static const char *hook(const char *script)
{
	const char *path = lab_path("bin/hook");

	lab_write(path, lab_text("#!/bin/sh\n%s\n", script), 0755);
	return path;
}

static void a_hook_is_root_inside_and_the_caller_outside(void **state)
{
	const char *net = lab_text("%lu", (unsigned long)host_namespace(getpid(), "net"));
	const struct result *result;

	(void)state;
	lab_write(lab_path("secret"), "secret\n", 0600);
	lab_write(lab_path("hers"), "hers\n", 0600);
	assert_int_equal(chown(lab_path("hers"), USER, USER), 0);
	result = USER_RUN(
		"cat /found; stat -c %u:%g /found /given", "--hook",
		hook(lab_text("set -e; cd $1; test -x bin/busybox; cat %s >found; cat %s 2>&- || "
			      "echo refused >>found; touch given; chown 5:6 given; "
			      "stat -L -c %%i /proc/self/ns/net | grep -qx %s && echo net >>found; "
			      "id -u >>found; grep -c : /proc/net/dev >/dev/null && echo said",
			      lab_path("hers"), lab_path("secret"), net)));
	assert_out(result, "hers\nrefused\nnet\n0\n0:0\n5:6\n");
	assert_string_equal(result->err, "said\n");
}

static void hooks_run_in_order_and_a_failure_ends_the_start(void **state)
{
	const char *first = lab_path("bin/first");
	const struct result *result;

	(void)state;
	lab_write(first, "#!/bin/sh\necho 1 >>$1/order\n", 0755);
	assert_out(USER_RUN("cat /order", "--ephemeral", "--hook", first, "--hook",
			    hook("echo 2 >>$1/order")),
		   "1\n2\n");
	result = USER_RUN("echo began", "--hook", hook("exit 3"), "--hook", first);
	assert_refused(result, lab_text("the hook %s failed with status 3", lab_path("bin/hook")));
	assert_string_equal(result->out, "");
	assert_false(is_there(lab_path("upper/order")));
	assert_refused(USER_RUN("true", "--hook", lab_path("none")), "cannot run the hook");
}

static void what_a_hook_leaves_running_ends_with_it(void **state)
{
	(void)state;
	assert_out(USER_RUN("echo began", "--hook", hook("setsid sleep 1000 &")), "began\n");
	lab_assert_no_process();
}

/* Whoever dies: the caller's signal, the keeper by it, or the hook alone. */
static void a_hook_that_is_ended_leaves_nothing(void **state)
{
	static const int numbers[] = {SIGTERM, SIGKILL, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *slow = hook("(sleep 1000; :) & read -r pid _ </proc/self/stat; "
					"echo pid=$pid. >&2; exec sleep 1000");
		struct job *job = START(USER_CALL(), "--hook", slow, lab_merged(), "--", "true");
		pid_t pid = (pid_t)strtol(job_expect_error(job, "pid="), NULL, 10);

		job_expect_error(job, ".");
		assert_true(host_is_running(pid));
		if (numbers[i])
			job_signal(job, numbers[i]);
		else
			assert_int_equal(kill(pid, SIGKILL), 0);
		assert_true(job_end(job)->status != 0);
		assert_eventually(!host_is_running(pid));
		lab_assert_no_process();
		assert_status(job_end(START(USER_CALL(), "gc")), 0);
	}
}

static const struct result *run_with_runtime(const char *variable)
{
	const char *const environment[] = {"PATH=/usr/bin:/bin", variable, NULL};
	struct call call = *USER_CALL();

	call.environment = environment;
	return job_end(START(&call, lab_merged(), "--", "echo", "ran"));
}

/* What no login gave a directory, as after su(1) and in cron(8)'s jobs. */
#define WITHOUT_RUNTIME "HOME=/"
#define IN_TMP		"/tmp/ctr-4242"
#define OF_LOGIN	"/run/user/4242"

static void directory_give(const char *path, uid_t owner, mode_t mode)
{
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, owner, owner), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void without_a_runtime_directory_it_is_one_in_tmp_that_is_the_caller_s(void **state)
{
	struct stat stat;

	(void)state;
	assert_out(run_with_runtime(WITHOUT_RUNTIME), "ran\n");
	assert_out(run_with_runtime("XDG_RUNTIME_DIR="), "ran\n"); /* it is there by now */
	assert_int_equal(lstat(IN_TMP, &stat), 0);
	assert_int_equal(stat.st_mode, S_IFDIR | 0700);
	assert_int_equal(stat.st_uid, USER);
	assert_int_equal(rmdir(IN_TMP), 0);

	directory_give(IN_TMP, USER, 0755);
	assert_refused(run_with_runtime(WITHOUT_RUNTIME), "cannot trust " IN_TMP);
	assert_int_equal(rmdir(IN_TMP), 0);
	directory_give(IN_TMP, 1, 0700);
	assert_refused(run_with_runtime(WITHOUT_RUNTIME), "cannot trust " IN_TMP);
	assert_int_equal(rmdir(IN_TMP), 0);
	assert_int_equal(symlink(lab_path("runtime"), IN_TMP), 0);
	assert_refused(run_with_runtime(WITHOUT_RUNTIME), "cannot trust " IN_TMP);
	assert_int_equal(unlink(IN_TMP), 0);
	assert_false(is_there(lab_path("runtime/web")));
}

/* The socket there is another's, who would get the command's descriptors. */
static void exec_asks_no_keeper_in_a_directory_of_another_s(void **state)
{
	const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
	struct call call = *USER_CALL();

	(void)state;
	call.environment = environment;
	directory_give(IN_TMP, 1, 0755);
	directory_give(IN_TMP "/web", 1, 0755);
	assert_refused(job_end(START(&call, "exec", "web", "true")), "cannot trust " IN_TMP);
	assert_int_equal(rmdir(IN_TMP "/web"), 0);
	assert_int_equal(rmdir(IN_TMP), 0);
}

static void the_directory_of_a_login_is_taken_where_it_is_the_caller_s_alone(void **state)
{
	bool is_ours = mkdir("/run/user", 0755) == 0;

	(void)state;
	directory_give(OF_LOGIN, USER, 0700);
	assert_out(run_with_runtime(WITHOUT_RUNTIME), "ran\n");
	assert_int_equal(rmdir(OF_LOGIN "/ctr"), 0);
	assert_false(is_there(IN_TMP));
	assert_int_equal(chmod(OF_LOGIN, 0755), 0);
	assert_out(run_with_runtime(WITHOUT_RUNTIME), "ran\n");
	assert_int_equal(rmdir(IN_TMP), 0);
	assert_int_equal(rmdir(OF_LOGIN), 0);
	if (is_ours)
		rmdir("/run/user");
}

static void the_runtime_directory_must_be_the_caller_s(void **state)
{
	const char *root_s = lab_path("root-s");

	(void)state;
	directory_give(root_s, 0, 0700);
	assert_refused(run_with_runtime(lab_text("XDG_RUNTIME_DIR=%s", root_s)),
		       "XDG_RUNTIME_DIR names no directory that you can write in: unset it");
	assert_refused(run_with_runtime("XDG_RUNTIME_DIR=nowhere"), "unset it");
	assert_int_equal(symlink(lab_path("runtime"), lab_path("link")), 0);
	assert_out(run_with_runtime(lab_text("XDG_RUNTIME_DIR=%s", lab_path("link"))), "ran\n");
	assert_int_equal(rmdir(lab_path("runtime/ctr")), 0);
	assert_int_equal(mkdir(lab_path("runtime/ctr"), 0700), 0);
	assert_refused(USER_RUN("true"), "it must be a directory of user 4242's");
}

static void a_killed_keeper_leaves_a_directory_that_gc_takes(void **state)
{
	struct job *job =
		START(USER_CALL(.talks = true), lab_merged(), "--", "sh", "-c", "echo ready; cat");
	pid_t init;

	(void)state;
	job_expect(job, "ready");
	init = host_init(job);
	job_signal(job, SIGKILL);
	assert_eventually(!host_is_running(init));
	job_end(job);
	assert_has(job_end(START(USER_CALL(), "gc"))->err, "1 dead run cleaned away");
}

/* --- the verbs */

#define USER_VERB(...) job_end(START(USER_CALL(), __VA_ARGS__))

static struct job *start_named(const char *script)
{
	struct job *job = START(USER_CALL(.talks = true), "--name", "lab-user", lab_merged(), "--",
				"sh", "-c", script);

	job_expect(job, "ready");
	return job;
}

static void the_verbs_are_for_the_caller_s_own_runs(void **state)
{
	struct job *job, *of_root;
	const struct result *result;
	const char *diff = "D /bin/vi\nA /dev\nA /etc/new\nD /etc/old\nA /proc\nA /run\nA /sys\n";

	(void)state;
	lab_write(lab_path("lower/etc/old"), "", 0644);
	job = start_named(
		"trap 'echo got' USR1; rm /bin/vi; rm -r /etc; mkdir /etc; echo x >/etc/new; "
		"echo ready; while :; do sleep 0.05; done");
	of_root = START(CALL(.talks = true), "--name", "lab-root", "--ephemeral", lab_merged(),
			"--", "sh", "-c", "echo ready; read line");
	job_expect(of_root, "ready");
	result = USER_VERB("ls");
	assert_status(result, 0);
	assert_has(result->out, lab_text("lab-user  %8d  running", job->pid));
	assert_lacks(result->out, "lab-root");
	assert_lacks(RUN("ls")->out, "lab-user");
	assert_refused(USER_VERB("kill", "lab-root"), "no run is called lab-root");
	assert_has(USER_VERB("stats", "lab-user", "--json")->out, "\"processes\": ");
	assert_out(USER_VERB("diff", "lab-user"), diff);
	assert_out(USER_VERB("kill", "lab-user", "USR1"), "");
	job_expect(job, "got");
	assert_out(USER_VERB("kill", "lab-user", "KILL"), "");
	assert_status(job_end(job), 137);
	assert_out(USER_VERB("diff", lab_path("upper")), diff);
	/* root, too, knows by the owner which attributes count */
	assert_out(RUN("diff", lab_path("upper")), diff);
	job_close_input(of_root);
	job_end(of_root);
}

static void diff_sees_what_is_in_memory_of_the_caller_s_own_run(void **state)
{
	struct job *job =
		START(USER_CALL(.talks = true), "--ephemeral", "--name", "lab-user", lab_merged(),
		      "--", "sh", "-c",
		      "rm /bin/vi; echo x >/etc/new; chown 5 /etc/new; echo ready; read line");

	(void)state;
	job_expect(job, "ready");
	assert_out(USER_VERB("diff", "lab-user"), "D /bin/vi\nA /etc/new\n");
	job_close_input(job);
	assert_status(job_end(job), 1);
}

static void a_user_s_run_is_stopped_and_leaves_nothing(void **state)
{
	struct job *job =
		start_named("trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done");

	(void)state;
	assert_out(USER_VERB("stop", "lab-user"), "");
	assert_false(is_there(lab_path("runtime/ctr/lab-user")));
	assert_status(job_end(job), 3);
}

static const char *group; /* of version 2, the user's own */

static void enter_group(const void *argument)
{
	FILE *file = fopen(group, "we");

	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file) != 0)
		_exit(99);
	become_user(argument);
}

static void pausing_needs_a_group_that_is_the_caller_s(void **state)
{
	int version;
	const char *own = group_of(getpid(), "", &version);
	const char *made = own ? lab_text("%s/lab-of-user", own) : NULL;
	struct call call = *USER_CALL(.talks = true);
	struct job *job = start_named("echo ready; read line");

	(void)state;
	assert_refused(USER_VERB("pause", "lab-user"), "Permission denied");
	assert_has(USER_VERB("ls")->out, " running ");
	job_close_input(job);
	assert_status(job_end(job), 1);
	if (!made) {
		lab_cannot("this host has no cgroups of version 2");
		return;
	}
	group = lab_text("%s/cgroup.procs", made);
	call.before = enter_group;
	assert_int_equal(mkdir(made, 0755), 0);
	assert_int_equal(chown(made, USER, USER) | chown(group, USER, USER), 0);
	job = START(&call, "--name", "lab-user", lab_merged(), "--", "sh", "-c",
		    "echo ready; read line");
	job_expect(job, "ready");
	assert_out(USER_VERB("pause", "lab-user"), "");
	assert_has(USER_VERB("ls")->out, " paused ");
	assert_out(USER_VERB("resume", "lab-user"), "");
	assert_has(USER_VERB("ls")->out, " running ");
	assert_out(USER_VERB("pause", "lab-user"), "");
	assert_out(USER_VERB("stop", "lab-user"), "");
	assert_status(job_end(job), 143);
	lab_assert_clean();
	assert_int_equal(rmdir(made), 0);
}

#define USER_TEST(name) cmocka_unit_test_setup_teardown(name, user_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		USER_TEST(the_caller_is_root_inside_and_nobody_else_is),
		USER_TEST(files_are_the_caller_s),
		USER_TEST(the_rest_is_as_for_root),
		USER_TEST(further_commands_are_the_caller_s),
		USER_TEST(what_the_caller_may_not_read_stays_so),
		USER_TEST(what_needs_root_is_said_in_one_line),
		USER_TEST(a_hook_is_root_inside_and_the_caller_outside),
		USER_TEST(hooks_run_in_order_and_a_failure_ends_the_start),
		USER_TEST(what_a_hook_leaves_running_ends_with_it),
		USER_TEST(a_hook_that_is_ended_leaves_nothing),
		USER_TEST(without_a_runtime_directory_it_is_one_in_tmp_that_is_the_caller_s),
		USER_TEST(exec_asks_no_keeper_in_a_directory_of_another_s),
		USER_TEST(the_directory_of_a_login_is_taken_where_it_is_the_caller_s_alone),
		USER_TEST(the_runtime_directory_must_be_the_caller_s),
		USER_TEST(a_killed_keeper_leaves_a_directory_that_gc_takes),
		USER_TEST(the_verbs_are_for_the_caller_s_own_runs),
		USER_TEST(diff_sees_what_is_in_memory_of_the_caller_s_own_run),
		USER_TEST(a_user_s_run_is_stopped_and_leaves_nothing),
		USER_TEST(pausing_needs_a_group_that_is_the_caller_s),
	};

	return TESTS_RUN(tests);
}
