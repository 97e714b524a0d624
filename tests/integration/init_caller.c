/* What the caller of ctr-init gave is the payload's, unchanged; ctr-init itself keeps nothing of
 * it. */
#include "init_lab.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GIVEN_FD = 7 };

/* --- signals */

static const char *mask_line(const char *field, uint64_t mask)
{
	return lab_text("\n%s:\t%016llx\n", field, (unsigned long long)mask);
}

static void the_mask_and_what_is_ignored_are_the_payload_s(void **state)
{
	static const struct {
		uint64_t blocked, ignored, sees_blocked;
	} table[] = {
		{0, 0, 0},
		{BIT(SIGTERM) | BIT(SIGCHLD) | BIT(33) | BIT(64), BIT(SIGHUP) | BIT(SIGPIPE),
		 BIT(SIGTERM) | BIT(SIGCHLD) | BIT(33) | BIT(64)},
		{0, BIT(SIGCHLD), 0},
		{BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU),
		 BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU) | BIT(SIGCHLD),
		 BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU)},
		{0, EVERY_SIGNAL & ~UNBLOCKABLE, 0},
		{EVERY_SIGNAL & ~UNBLOCKABLE & ~BIT(SIGUSR1), BIT(34),
		 EVERY_SIGNAL & ~UNBLOCKABLE & ~BIT(SIGUSR1)},
		/* All of them: to lose none until it is ready. That is no mask for a payload. */
		{EVERY_SIGNAL, BIT(SIGINT), 0},
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct job *job = INIT(CALL(CALLER(table[i].blocked, table[i].ignored)), "--",
				       "/bin/cat", "/proc/self/status");
		const struct result *result = job_end(job);

		assert_status(result, 0);
		assert_has(result->out, mask_line("SigBlk", table[i].sees_blocked));
		assert_has(result->out, mask_line("SigIgn", table[i].ignored));
	}
}

static void a_caller_that_ignores_sigchld_still_gets_the_status(void **state)
{
	for (int i = 0; i < 10; i++) {
		assert_status(job_end(INIT(CALL(CALLER(0, BIT(SIGCHLD))), "sh", "-c", "exit 7")),
			      7);
		assert_status(job_end(INIT(CALL(CALLER(0, BIT(SIGCHLD))), "-w", "sh", "-c",
					   "kill -9 $$")),
			      137);
		assert_status(job_end(INIT(CALL(CALLER(0, BIT(SIGCHLD))), "/no/such")), 127);
	}
}

/* --- descriptors and directory */

struct given {
	int fd;
	const char *directory;
};

static void give(const void *argument)
{
	const struct given *given = argument;

	if (dup2(given->fd, GIVEN_FD) < 0 || chdir(given->directory) < 0)
		_exit(98);
}

/* Our end of a pipe; the other is given to a payload. */
static struct job *pipe_give(void **state, int *our_fd, const char *script)
{
	struct given given = {.directory = lab_directory()};
	struct job *job;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	given.fd = ends[1];
	job = INIT(CALL(.talks = true, .before = give, .argument = &given), "--", "sh", "-c",
		   script);
	close(ends[1]);
	*our_fd = ends[0];
	return job;
}

static const char *link_of(pid_t pid, const char *name)
{
	char target[256];
	ssize_t length = readlink(lab_text("/proc/%d/%s", pid, name), target, sizeof(target) - 1);

	return length < 0 ? "" : lab_text("%.*s", (int)length, target);
}

static void descriptors_and_directory_reach_the_payload(void **state)
{
	char bytes[16] = "";
	int fd;
	struct job *job = pipe_give(state, &fd, "pwd; echo word >&7");

	assert_out(job_end(job), lab_text("%s\n", lab_directory()));
	assert_int_equal(read(fd, bytes, sizeof(bytes) - 1), 5);
	assert_string_equal(bytes, "word\n");
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 0);
	close(fd);
}

/* Only its own: what is nobody's, and perhaps one that tells of the payload's end. */
static void assert_keeps_nothing(pid_t pid)
{
	DIR *dir = opendir(lab_text("/proc/%d/fd", pid));
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *target;

		if (*entry->d_name == '.')
			continue;
		target = link_of(pid, lab_text("fd/%s", entry->d_name));
		if (strcmp(target, "/dev/null") != 0 && !strstr(target, "pidfd"))
			fail_msg("it keeps %s: %s", entry->d_name, target);
	}
	closedir(dir);
}

static void pid_1_keeps_none_of_them_and_is_nowhere(void **state)
{
	int fd;
	struct job *job = pipe_give(state, &fd, "echo ready; exec cat");

	job_await(job, "ready");
	assert_eventually(strcmp(link_of(job->pid, "cwd"), "/") == 0);
	assert_keeps_nothing(job->pid);
	assert_string_equal(link_of(init_payload(job), "cwd"), lab_directory());
	assert_status(job_end(job), 0);
	close(fd);
}

static void a_peer_sees_the_end_of_file_while_ctr_init_lives(void **state)
{
	char byte;
	int fd;
	struct job *job = pipe_give(state, &fd, "exec 7>&- >/dev/null 2>&1; read line; exit $line");
	struct pollfd end = {fd, POLLIN, 0};

	assert_int_equal(poll(&end, 1, LAB_PATIENCE_S * 1000), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
	assert_eventually((job_listen(job, 100), job->out_fd < 0 && job->err_fd < 0));
	assert_false(job_has_ended(job));
	job_say(job, "6\n");
	assert_status(job_end(job), 6);
	close(fd);
}

/* Closed, they may be of other use to ctr-init, but none of the payload's. */
static void standard_descriptors_close(const void *argument)
{
	(void)argument;
	for (int fd = 0; fd < 3; fd++)
		close(fd);
}

static void closed_standard_descriptors_stay_closed_to_the_payload(void **state)
{
	const char *path = lab_path("seen");

	assert_status(job_end(INIT(CALL(.before = standard_descriptors_close), getenv("CTR_PROBE"),
				   "stdio", path)),
		      0);
	/* The probe's own file takes the first. */
	assert_has(lab_read(path), "1 closed\n2 closed\n");
}

/* --- a socket that was handed over */

static void listen_set(const void *pid)
{
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", *(const char *)pid ? pid : lab_text("%d", getpid()), 1);
}

static void listen_pid_becomes_the_payload_s(void **state)
{
	const char *script = "[ $LISTEN_PID = $$ ] && echo $LISTEN_FDS";

	assert_out(job_end(INIT(CALL(.before = listen_set, .argument = ""), "sh", "-c", script)),
		   "1\n");
}

static void another_s_listen_pid_stays(void **state)
{
	static const char *const others[] = {"99999", "x", "1x", "0"};

	for (size_t i = 0; i < COUNT(others); i++)
		assert_out(job_end(INIT(CALL(.before = listen_set, .argument = others[i]), "sh",
					"-c", "echo $LISTEN_PID")),
			   lab_text("%s\n", others[i]));
}

/* --- the death of its parent */

/* unshare(1) is the parent, as the one that makes a pid namespace or not. */
static struct job *parented_start(void **state, const char *number)
{
	const struct place *place = *state;

	return START(CALL(.program = "/usr/bin/unshare"), place->is_first ? "-fp" : "-f",
		     getenv("CTR_INIT"), "-p", number, INIT_CATCH(15));
}

static void with_p_it_gets_a_signal_when_its_parent_dies(void **state)
{
	static const char *const names[] = {"USR1", "10"};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct job *job = parented_start(state, names[i]);
		pid_t init;

		job_await(job, "ready");
		init = host_child(job->pid, "ctr-init");
		assert_true(init > 0);
		job_signal(job, SIGKILL);
		job_expect(job, "got 10.");
		assert_int_equal(kill(init, SIGTERM), 0);
		assert_status(job_end(job), -SIGKILL);
		lab_assert_no_process();
	}
}

static void with_p_kill_the_payload_dies_as_well(void **state)
{
	struct job *job = parented_start(state, "KILL");

	job_await(job, "ready");
	job_signal(job, SIGKILL);
	assert_status(job_end(job), -SIGKILL); /* when nobody holds its output */
	lab_assert_no_process();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BOTH(the_mask_and_what_is_ignored_are_the_payload_s),
		TEST_BOTH(a_caller_that_ignores_sigchld_still_gets_the_status),
		TEST_BOTH(descriptors_and_directory_reach_the_payload),
		TEST_BOTH(pid_1_keeps_none_of_them_and_is_nowhere),
		TEST_BOTH(a_peer_sees_the_end_of_file_while_ctr_init_lives),
		TEST_BOTH(closed_standard_descriptors_stay_closed_to_the_payload),
		TEST_BOTH(listen_pid_becomes_the_payload_s),
		TEST_BOTH(another_s_listen_pid_stays),
		TEST_BOTH(with_p_it_gets_a_signal_when_its_parent_dies),
		TEST_BOTH(with_p_kill_the_payload_dies_as_well),
	};

	return INIT_TESTS_RUN(tests);
}
