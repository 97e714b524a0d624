/* ctr-setup exec: a further command in a running container, like the payload in all but what was
 * asked for. */
#include "exec_lab.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- status and words */

static void the_exit_status_is_the_command_s(void **state)
{
	static const int statuses[] = {0, 1, 3, 124, 125, 126, 127, 128, 255};

	(void)state;
	CONTAINER(NULL);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		const struct result *result = EXEC_SH(lab_text("exit %d", statuses[i]));

		assert_status(result, statuses[i]);
		assert_string_equal(result->err, "");
	}
	assert_status(EXEC("probe", "end-by", "9"), 137);
	assert_status(EXEC("probe", "end-by", "11"), 139);
	container_end();
}

static void what_cannot_be_executed_is_126_or_127_with_a_line(void **state)
{
	static const struct {
		const char *command;
		int status;
	} table[] = {{"/no/such", 127}, {"nosuch", 127}, {"/etc", 126}, {"", 127}};

	(void)state;
	CONTAINER(NULL);
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct result *result = EXEC("--", table[i].command);

		assert_status(result, table[i].status);
		assert_has(result->err, "ctr-setup: 90 payload: cannot execute ");
		assert_ptr_equal(strchr(result->err, '\n') + 1, result->err + result->err_size);
	}
	assert_refused(EXEC("--workdir", "/no/such", "true"),
		       "90 payload: cannot enter the working directory /no/such");
	assert_eventually(payload_is_alone());
	container_end();
}

static void a_name_that_is_not_running_is_refused(void **state)
{
	const char *gone = lab_text("lab-%d", getpid());

	(void)state;
	assert_refused(RUN("exec", gone, "true"),
		       lab_text("no run is called %s: see ctr-setup ls", gone));
	CONTAINER(NULL);
	container_end();
	assert_refused(RUN("exec", gone, "true"),
		       lab_text("no run is called %s: see ctr-setup ls", gone));
	CONTAINER(NULL);
	job_signal(container, SIGKILL);
	job_end(container);
	assert_refused(RUN("exec", gone, "true"),
		       lab_text("no run is called %s: see ctr-setup ls", gone));
	assert_status(RUN("gc"), 0);
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	CONTAINER(NULL);
	assert_refused(RUN("exec"), "exec needs the name of a container");
	assert_refused(RUN("exec", "../ctr", "true"), "exec needs the name of a container");
	assert_refused(RUN("exec", name), "no COMMAND is given");
	assert_refused(RUN("exec", name, "--"), "no COMMAND is given");
	assert_refused(EXEC("--mem", "5M", "true"), "option --mem is for a start");
	assert_refused(EXEC("--user", "x", "true"), "\"x\"");
	assert_refused(EXEC("--env", "=x", "true"), "\"=x\"");
	container_end();
}

/* --- what it is given */

static void bytes_pass_through_unchanged(void **state)
{
	enum { SIZE = 3000000 };
	char *bytes = lab_keep(malloc(SIZE));
	const struct result *result;

	(void)state;
	CONTAINER(NULL);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(random() >> 8);
	result = job_end(START(CALL(.input = bytes, .input_size = SIZE), "exec", name, "cat"));
	assert_status(result, 0);
	assert_int_equal(result->out_size, SIZE);
	assert_memory_equal(result->out, bytes, SIZE);
	result = EXEC_SH("echo out; echo err >&2");
	assert_string_equal(result->out, "out\n");
	assert_string_equal(result->err, "err\n");
	container_end();
}

static void a_pipe_ends_when_the_command_closes_it(void **state)
{
	struct job *job;

	(void)state;
	CONTAINER(NULL);
	job = EXEC_START(CALL(.talks = true), "exec >&-; cat >&2; echo over >&2");
	assert_eventually((job_listen(job, 10), job->out_fd < 0));
	job_close_input(job);
	job_expect_error(job, "over");
	assert_status(job_end(job), 0);
	container_end();
}

static void user_directory_and_environment_are_the_container_s_or_as_asked(void **state)
{
	(void)state;
	CONTAINER(NULL, "--env", "A=1", "--env", "B=2", "--workdir", "/etc");
	assert_out(EXEC_SH("id -u; id -G; pwd; echo $A$B$C $HOME $container $TERM"),
		   "0\n0\n/etc\n12 /root ctr\n");
	assert_out(EXEC_SH("echo pipe >/dev/stdout", "--user", "1000"), "pipe\n");
	assert_out(EXEC_SH("id -u; id -g; id -G; pwd; echo $A$B$C", "--user", "1000:100",
			   "--workdir", "/tmp", "--env", "B=x", "--env", "C=y z"),
		   "1000\n100\n100\n/tmp\n1xy z\n");
	container_end();
	lab_write(lab_path("lower/etc/passwd"),
		  "a:x:1000:1000::/home/a:\nb:x:1001:1001::/home/b:\n", 0644);
	CONTAINER(NULL, "--user", "1000");
	assert_out(EXEC_SH("echo $HOME"), "/home/a\n");
	assert_out(EXEC_SH("echo $HOME", "--user", "1001"), "/home/b\n");
	assert_out(EXEC_SH("echo $HOME", "--user", "1002"), "/\n");
	assert_out(EXEC_SH("echo $HOME", "--user", "0"), "/root\n");
	assert_out(EXEC_SH("echo $HOME", "--user", "1001", "--env", "HOME=/x"), "/x\n");
	container_end();
	CONTAINER(NULL, "--user", "1000", "--clear-env");
	assert_out(EXEC("/bin/id", "-u"), "1000\n");
	assert_out(EXEC("/bin/env"), "");
	assert_out(EXEC_SH("id -u; grep CapEff /proc/self/status", "--user", "0"),
		   "0\nCapEff:\t0000000000000000\n");
	container_end();
}

static void open_much(const void *argument)
{
	(void)argument;
	dup2(open("/etc", O_RDONLY | O_DIRECTORY), 9);
	dup2(socket(AF_UNIX, SOCK_STREAM, 0), 10);
	for (int fd = 3; fd < 9; fd++)
		dup2(9, fd);
}

static void give_directory(const void *fd)
{
	dup2(open("/etc", O_RDONLY | O_DIRECTORY), *(const int *)fd);
}

static void give_path(const void *fd)
{
	dup2(open("/etc/passwd", O_PATH), *(const int *)fd);
}

/* A descriptor that is refused is refused at a start and at exec, and nothing is run. */
static void refuses_descriptor(void (*give)(const void *fd), int fd, const char *line)
{
	const struct call *call = CALL(.before = give, .argument = &fd);
	const struct result *results[] = {
		job_end(START(call, lab_merged(), "touch", "/tmp/started")),
		job_end(START(call, "exec", name, "touch", "/tmp/started")),
	};

	for (size_t i = 0; i < COUNT(results); i++) {
		assert_status(results[i], 125);
		if (fd != STDERR_FILENO)
			assert_has(results[i]->err, line);
	}
}

static void no_entrance_gives_a_directory_or_a_path_of_the_host(void **state)
{
	(void)state;
	CONTAINER(NULL);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		refuses_descriptor(give_directory, fd, "a directory of the host as its descriptor");
		refuses_descriptor(give_path, fd, "a path of the host (O_PATH) as its descriptor");
	}
	assert_status(EXEC("test", "-e", "/tmp/started"), 1);
	container_end();
}

/* T-FD-1 */
static void it_has_no_descriptor_but_0_to_2(void **state)
{
	(void)state;
	CONTAINER(NULL);
	assert_out(job_end(START(CALL(.before = open_much), "exec", name, "probe", "fds")),
		   "0 1 2 \n");
	assert_out(job_end(START(CALL(.before = open_much, .terminal = true), "exec", name, "probe",
				 "fds")),
		   "0 1 2 \r\n");
	container_end();
	CONTAINER(NULL, "--seccomp", "none");
	assert_out(EXEC("probe", "fds"), "0 1 2 \n");
	container_end();
}

/* --- it is like the payload */

static void it_is_where_the_payload_is_and_may_as_much(void **state)
{
	(void)state;
	CONTAINER(NULL, "--cpu", "50", "--mem", "64M", "--pids", "50");
	is_like_the_payload();
	container_end();
	CONTAINER(NULL, "--user", "1000:1001");
	is_like_the_payload();
	container_end();
	CONTAINER(NULL, "--cap-drop", "all", "--cap-add", "net_raw", "--seccomp", "none");
	is_like_the_payload();
	container_end();
	CONTAINER(NULL, "--user", "1000", "--cap-add", "net_raw", "--cap-add", "kill");
	is_like_the_payload();
	assert_out(EXEC("grep", "-E", "Cap(Inh|Prm|Eff|Bnd|Amb)", "/proc/self/status"),
		   "CapInh:\t0000000000002020\nCapPrm:\t0000000000002020\n"
		   "CapEff:\t0000000000002020\nCapBnd:\t0000000000002020\n"
		   "CapAmb:\t0000000000002020\n");
	assert_out(EXEC("--user", "1001", "grep", "CapPrm", "/proc/self/status"),
		   "CapPrm:\t0000000000000000\n");
	container_end();
	CONTAINER(NULL, "--privileged");
	is_like_the_payload();
	container_end();
	CONTAINER(NULL, "--privileged", "--user", "1000");
	is_like_the_payload();
	container_end();
	CONTAINER(NULL, "--rlimit", "nofile=100:200", "--rlimit", "core=0", "--rlimit", "cpu=9");
	is_like_the_payload();
	container_end();
}

static void an_end_by_the_filter_is_said(void **state)
{
	const char *path = lab_path("profile.json");
	const struct result *result;

	(void)state;
	lab_write(
		path,
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"sethostname\"],"
		"\"action\":\"SCMP_ACT_KILL_PROCESS\"}]}",
		0644);
	CONTAINER(NULL, "--seccomp", path);
	result = EXEC("probe", "syscall", "sethostname", "0", "0");
	assert_status(result, 128 + SIGSYS);
	assert_has(result->err, "ctr-setup: the command was ended by SIGSYS: ");
	container_end();
}

static bool has_sys_resource(void)
{
	return strtoull(host_status(getpid(), "CapEff:"), NULL, 16) >> CAP_SYS_RESOURCE & 1;
}

static void lower_the_limit(const void *argument)
{
	(void)argument;
	if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){256, 256}) < 0)
		_exit(98);
}

/* PID 1 could not raise it any more when the command comes. */
static void a_limit_above_the_caller_s_is_the_command_s_too(void **state)
{
	const struct call *call = CALL(.before = lower_the_limit);

	(void)state;
	if (!has_sys_resource()) {
		assert_refused(job_end(START(call, "--rlimit", "nofile=300", lab_merged(), "true")),
			       "cannot raise the resource limit nofile");
		return;
	}
	CONTAINER(call, "--rlimit", "nofile=300:400");
	is_like_the_payload();
	container_end();
}

static void limits_count_it_in(void **state)
{
	(void)state;
	group_needed("pids");
	CONTAINER(NULL, "--pids", "10");
	/* beside PID 1, the payload, what watches, sh, probe */
	assert_out(EXEC_SH("probe forks 20 >/tmp/made 2>&1 </dev/null; exec cat /tmp/made"),
		   "5 made\n");
	container_end();
	CONTAINER(NULL, "--pids", "3");
	assert_refused(EXEC("true"), "90 payload: cannot start a process");
	container_end();
	CONTAINER(NULL, "--pids", "2");
	assert_refused(EXEC("true"), "90 payload: cannot start a process");
	container_end();
}

/* --- a user namespace */

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

static void in_a_user_namespace_it_is_as_much_of_it(void **state)
{
	const struct call *call = CALL(.before = with_ids, .argument = "0:200000:70000\n");

	(void)state;
	CONTAINER(call, "--userns");
	is_like_the_payload();
	assert_out(EXEC_SH("id -u; cat /proc/self/uid_map"),
		   "0\n         0     200000      70000\n");
	assert_out(EXEC_SH("id -u", "--user", "1000"), "1000\n");
	assert_refused(EXEC("--user", "70000", "true"), "cannot become user 70000");
	assert_out(job_end(EXEC_START(TERMINAL, "tty; stat -c %u:%g /dev/pts/0", "--user", "7")),
		   "/dev/pts/0\r\n7:5\r\n");
	container_end();
	CONTAINER(call, "--userns", "--user", "1000", "--privileged");
	is_like_the_payload();
	container_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_exit_status_is_the_command_s),
		TEST(what_cannot_be_executed_is_126_or_127_with_a_line),
		TEST(a_name_that_is_not_running_is_refused),
		TEST(what_makes_no_sense_is_refused),
		TEST(bytes_pass_through_unchanged),
		TEST(a_pipe_ends_when_the_command_closes_it),
		TEST(user_directory_and_environment_are_the_container_s_or_as_asked),
		TEST(no_entrance_gives_a_directory_or_a_path_of_the_host),
		TEST(it_has_no_descriptor_but_0_to_2),
		TEST(an_end_by_the_filter_is_said),
		TEST(it_is_where_the_payload_is_and_may_as_much),
		TEST(a_limit_above_the_caller_s_is_the_command_s_too),
		TEST(limits_count_it_in),
		TEST(in_a_user_namespace_it_is_as_much_of_it),
	};

	return TESTS_RUN(tests);
}
