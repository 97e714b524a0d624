/* What of PID 1 and what watches over a further command, and the ends of all who take part. */
#include "exec_lab.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MANY = 50, WAITING = 30, PID_1_KIB_MAX = 20 };

/* --- PID 1 and what watches over the command */

static void nothing_of_what_watches_over_it_can_be_had(void **state)
{
	static const char *const things[] = {"mem",   "exe",   "root/",	  "cwd/",    "fd/0",
					     "maps",  "stack", "syscall", "environ", "exe-link",
					     "seize", "readv", "fd-link"};
	static const char *const pids[] = {"1", "$PPID"};

	(void)state;
	CONTAINER(NULL);
	for (size_t i = 0; i < COUNT(pids); i++) {
		const struct result *result = EXEC_SH(lab_text("probe touch %s", pids[i]));

		assert_status(result, 0);
		assert_lacks(result->out, "succeeded");
		for (size_t j = 0; j < COUNT(things); j++)
			assert_has(result->out, lab_text("%s ", things[j]));
	}
	container_end();
}

static void what_watches_over_it_may_only_signal(void **state)
{
	struct job *job;
	const char *seen;
	pid_t watch;

	(void)state;
	CONTAINER(NULL);
	job = EXEC_START(CALL(.talks = true), "echo ready; cat");
	job_expect(job, "ready");
	watch = watch_of_command();
	assert_eventually(strcmp(host_status(watch, "CapPrm:"), "0000000000000020") == 0);
	assert_string_equal(host_status(watch, "CapEff:"), "0000000000000020");
	assert_string_equal(host_status(watch, "NoNewPrivs:"), "1");
	assert_eventually(strstr(seen = descriptors(watch), "0 socket\n1 socket\n2 socket\n"));
	assert_has(seen, "4 socket\n");
	assert_lacks(seen, "5 ");
	assert_lacks(seen, "memfd");
	assert_status(job_end(job), 0);
	container_end();
}

static long resident_kib(pid_t pid)
{
	const char *text = lab_read(lab_text("/proc/%d/smaps_rollup", pid));
	const char *line = text ? strstr(text, "\nRss:") : NULL;

	return line ? strtol(line + 5, NULL, 10) : -1;
}

static void pid_1_is_afterwards_as_it_was(void **state)
{
	static const char *const fields[] = {"CapPrm:", "CapEff:", "VmSize:"};
	const char *before[COUNT(fields)], *held;
	pid_t init;

	(void)state;
	CONTAINER(NULL);
	init = host_init(container);
	assert_eventually(strcmp(host_status(init, "CapEff:"), "0000000000000020") == 0);
	held = descriptors(init);
	for (size_t i = 0; i < COUNT(fields); i++)
		before[i] = host_status(init, fields[i]);
	for (int i = 0; i < 10; i++)
		assert_status(EXEC("true"), 0);
	assert_status(EXEC("nosuch"), 127);
	assert_eventually(payload_is_alone());
	assert_string_equal(descriptors(init), held);
	for (size_t i = 0; i < COUNT(fields); i++)
		assert_string_equal(host_status(init, fields[i]), before[i]);
	assert_eventually(strcmp(host_status(init, "ShdPnd:"), "0000000000000000") == 0);
	assert_in_range(resident_kib(init), 1, PID_1_KIB_MAX);
	container_end();
}

/* What it keeps is what the payload has, and what it takes to become a user. */
static void pid_1_keeps_no_more_than_a_command_may_have(void **state)
{
	static const struct {
		const char *option, *value, *kept;
	} table[] = {
		{"--user", "0", "00000000800405fb"},
		{"--user", "1000", "00000000000000e1"},
		{"--cap-drop", "all", "00000000000000e1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		CONTAINER(NULL, table[i].option, table[i].value);
		assert_eventually(
			strcmp(host_status(host_init(container), "CapPrm:"), table[i].kept) == 0);
		assert_string_equal(host_status(host_init(container), "CapEff:"),
				    "0000000000000020");
		container_end();
	}
}

static void signals_from_inside_confuse_nobody(void **state)
{
	const struct result *result;

	(void)state;
	name = lab_text("lab-%d", getpid());
	container = START(NULL, "--name", name, lab_merged(), "--", "probe", "catch", "15");
	job_expect(container, "ready");
	/* What PID 1 is told of its socket by, and what it might have been. */
	result = EXEC_SH("kill -IO 1; kill -URG 1; i=0; while [ $((i += 1)) -le 500 ]; do "
			 "kill -CHLD 1 $PPID; kill -POLL 1; done; echo done");
	assert_status(result, 0);
	assert_string_equal(result->out, "done\n");
	job_expect(container, "got 29.");
	for (int i = 0; i < 5; i++)
		assert_status(EXEC_SH(lab_text("kill -CHLD 1 $PPID; exit %d", i)), i);
	job_signal(container, SIGTERM);
	assert_status(job_end(container), 0);
}

static void datagram_send(const void *bytes, size_t size, size_t fd_count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)bytes, size};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), fds[3] = {fd, fd, fd};

	snprintf(address.sun_path, sizeof(address.sun_path), "/run/ctr/%s/exec", name);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (fd_count) {
		struct cmsghdr *cmsg = (struct cmsghdr *)control;

		*cmsg = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		cmsg->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, fd_count * sizeof(int));
		header.msg_control = control;
		header.msg_controllen = cmsg->cmsg_len;
	}
	assert_int_equal(sendmsg(fd, &header, 0), (ssize_t)size);
	close(fd);
}

static void nonsense_on_the_keeper_s_socket_does_no_harm(void **state)
{
	static const size_t sizes[] = {1, 15, 16, 511, 512, 513, 4000};
	static const char bytes[4000];
	const char *held;

	(void)state;
	CONTAINER(NULL);
	assert_status(EXEC("true"), 0);
	held = descriptors(container->pid);
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (size_t fds = 0; fds <= 3; fds++)
			datagram_send(bytes, sizes[i], fds);
	assert_status(EXEC("true"), 0);
	assert_string_equal(descriptors(container->pid), held);
	assert_eventually(payload_is_alone());
	container_end();
}

/* --- signals and ends */

static void every_signal_to_the_client_reaches_the_command(void **state)
{
	struct job *job;

	(void)state;
	CONTAINER(NULL);
	job = START(NULL, "exec", name, "probe", "catch", lab_text("%d", SIGTERM));
	job_expect(job, "ready");
	for (int number = 1; number <= 64; number++) {
		if (number == SIGKILL || number == SIGSTOP || number == SIGCHLD ||
		    number == SIGTERM || (number >= SIGTSTP && number <= SIGTTOU))
			continue;
		job_signal(job, number);
		job_expect(job, lab_text("got %d.", number));
	}
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 0);
	container_end();
}

static void tstp_stops_both_and_cont_lets_them_go_on(void **state)
{
	struct job *job;
	pid_t command;

	(void)state;
	CONTAINER(NULL);
	job = EXEC_START(NULL, "echo ready; exec sleep 1000");
	job_expect(job, "ready");
	command = command_of(watch_of_command());
	job_signal(job, SIGTSTP);
	assert_eventually(*host_status(job->pid, "State:") == 'T');
	assert_eventually(*host_status(command, "State:") == 'T');
	job_signal(job, SIGCONT);
	assert_eventually(*host_status(command, "State:") == 'S');
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
	container_end();
}

static void a_killed_client_takes_its_command_along_and_no_other(void **state)
{
	struct job *job, *other;
	pid_t watch, command;

	(void)state;
	CONTAINER(NULL);
	for (int i = 0; i < 2; i++) {
		job = EXEC_START(i ? TERMINAL : NULL, "trap '' HUP TERM; echo ready; "
						      "while :; do sleep 1; done");
		job_expect(job, "ready");
		watch = watch_of_command();
		command = command_of(watch);
		other = EXEC_START(CALL(.talks = true), "echo ready; cat");
		job_expect(other, "ready");
		job_signal(job, SIGKILL);
		assert_status(job_end(job), -SIGKILL);
		assert_eventually(!host_is_running(command) && !host_is_running(watch));
		job_say(other, "still here\n");
		job_expect(other, "still here");
		assert_status(job_end(other), 0);
		assert_eventually(payload_is_alone());
	}
	container_end();
}

static void a_command_does_not_outlive_its_container(void **state)
{
	struct job *job;

	(void)state;
	for (int i = 0; i < 2; i++) {
		CONTAINER(NULL);
		job = EXEC_START(NULL, "echo ready; sleep 1000");
		job_expect(job, "ready");
		if (i)
			job_signal(container, SIGKILL);
		assert_status(job_end(container), i ? -SIGKILL : 0);
		assert_refused(job_end(job), lab_text("the end of the command is not known: %s "
						      "ended before it",
						      name));
		lab_assert_no_process();
	}
	assert_status(RUN("gc"), 0);
}

static void the_container_outlives_a_command_that_is_killed(void **state)
{
	(void)state;
	CONTAINER(NULL);
	assert_status(EXEC_SH("kill -9 $$"), 137);
	assert_refused(EXEC_SH("kill -9 $PPID; sleep 1000"), "the end of the command is not known");
	assert_status(EXEC("true"), 0);
	container_end();
}

static void what_a_command_left_lives_on_and_is_reaped(void **state)
{
	pid_t left;

	(void)state;
	CONTAINER(NULL);
	assert_out(EXEC_SH("sleep 1000 >/dev/null 2>&1 </dev/null & echo left"), "left\n");
	assert_eventually((left = host_child(host_init(container), "sleep")) > 0);
	assert_status(EXEC_SH("i=0; while [ $((i += 1)) -le 100 ]; do (sleep 0 &); done"), 0);
	assert_true(host_is_running(left));
	assert_int_equal(kill(left, SIGKILL), 0);
	assert_eventually(payload_is_alone());
	container_end();
}

static void fifty_at_once_each_have_their_own_end(void **state)
{
	struct job *jobs[MANY];

	(void)state;
	CONTAINER(NULL);
	for (int i = 0; i < MANY; i++)
		jobs[i] = EXEC_START(NULL, lab_text("echo %d; exit %d", i, i));
	for (int i = 0; i < MANY; i++) {
		const struct result *result = job_end(jobs[i]);

		assert_status(result, i);
		assert_string_equal(result->out, lab_text("%d\n", i));
	}
	assert_eventually(payload_is_alone());
	container_end();
}

static void a_stopped_keeper_is_waited_for_or_given_up(void **state)
{
	struct job *jobs[WAITING]; /* more than a socket queues for it */

	(void)state;
	CONTAINER(NULL);
	assert_int_equal(kill(container->pid, SIGSTOP), 0);
	for (int i = 0; i < WAITING; i++)
		jobs[i] = EXEC_START(NULL, lab_text("exit %d", i));
	for (int i = 0; i < WAITING; i++)
		assert_eventually(*host_status(jobs[i]->pid, "State:") == 'S');
	for (int i = 0; i < WAITING; i += 2)
		job_signal(jobs[i], SIGINT);
	for (int i = 0; i < WAITING; i += 2)
		assert_status(job_end(jobs[i]), 130);
	assert_int_equal(kill(container->pid, SIGCONT), 0);
	for (int i = 1; i < WAITING; i += 2)
		assert_status(job_end(jobs[i]), i);
	container_end();
}

/* Root inside can stop what watches over its command, not the caller's way out. */
static void a_client_ends_though_what_watches_is_stopped(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT};

	(void)state;
	CONTAINER(NULL);
	for (size_t i = 0; i < COUNT(signals); i++) {
		struct job *job = EXEC_START(NULL, "echo ready; kill -STOP $PPID; exec sleep 1000");
		const struct result *result;
		pid_t watch = watch_of_command();

		job_expect(job, "ready");
		assert_eventually(*host_status(watch, "State:") == 'T');
		job_signal(job, signals[i]);
		if (i)
			job_signal(job, signals[i]);
		/* the command, which lives on, has its descriptors still */
		assert_eventually(*host_status(job->pid, "State:") == 'Z');
		assert_int_equal(kill(watch, SIGCONT), 0);
		result = job_end(job);
		assert_status(result, 128 + signals[i]);
		assert_has(result->err, "does not take signals");
		assert_eventually(payload_is_alone());
	}
	container_end();
}

static void before_the_payload_runs_it_waits(void **state)
{
	const char *hook = lab_path("hook");
	struct job *job;

	(void)state;
	name = lab_text("lab-%d", getpid());
	lab_write(hook,
		  lab_text("#!/bin/sh\nuntil [ -e %s ]; do sleep 0.01; done\n", lab_path("go")),
		  0755);
	container =
		START_SH(CALL(.talks = true), "echo ready; cat", "--name", name, "--hook", hook);
	assert_eventually(is_there(lab_text("/run/ctr/%s/exec", name)));
	job = EXEC_START(NULL, "exit 5");
	assert_eventually(*host_status(job->pid, "State:") == 'S');
	lab_write(lab_path("go"), "", 0644);
	assert_status(job_end(job), 5);
	job_expect(container, "ready");
	container_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_of_what_watches_over_it_can_be_had),
		TEST(what_watches_over_it_may_only_signal),
		TEST(pid_1_is_afterwards_as_it_was),
		TEST(pid_1_keeps_no_more_than_a_command_may_have),
		TEST(signals_from_inside_confuse_nobody),
		TEST(nonsense_on_the_keeper_s_socket_does_no_harm),
		TEST(every_signal_to_the_client_reaches_the_command),
		TEST(tstp_stops_both_and_cont_lets_them_go_on),
		TEST(a_killed_client_takes_its_command_along_and_no_other),
		TEST(a_command_does_not_outlive_its_container),
		TEST(the_container_outlives_a_command_that_is_killed),
		TEST(what_a_command_left_lives_on_and_is_reaped),
		TEST(fifty_at_once_each_have_their_own_end),
		TEST(a_stopped_keeper_is_waited_for_or_given_up),
		TEST(a_client_ends_though_what_watches_is_stopped),
		TEST(before_the_payload_runs_it_waits),
	};

	return TESTS_RUN(tests);
}
