/* Pipes and files as standard descriptors: straight through, byte for byte, and left as they were.
 */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MUCH = 64 * 1024 * 1024 };

static void sixty_four_mebibytes_pass_through_cat_unchanged(void **state)
{
	uint64_t *words = lab_keep(malloc(MUCH)), word = 88172645463325252U;
	const struct result *result;

	(void)state;
	for (size_t i = 0; i < MUCH / sizeof(*words); i++) { /* xorshift64: no two blocks alike */
		word ^= word << 13;
		word ^= word >> 7;
		word ^= word << 17;
		words[i] = word;
	}
	result = job_end(START(CALL(.input = (const char *)words, .input_size = MUCH), lab_merged(),
			       "--", "cat"));
	assert_status(result, 0);
	assert_int_equal(result->out_size, MUCH);
	assert_memory_equal(result->out, words, MUCH);
}

static void stdout_and_stderr_stay_apart(void **state)
{
	const struct result *result = RUN_SH("echo out; echo err >&2");

	(void)state;
	assert_out(result, "out\n");
	assert_string_equal(result->err, "err\n");
}

/* For a job's "before": a file and no pipe is stdout. */
static void stdout_is(const void *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(99);
}

static void any_user_inside_opens_a_pipe_again(void **state)
{
	const struct result *result =
		job_end(START_SH(CALL(.input = "in\n"),
				 "cat /dev/stdin; echo out >/dev/stdout;"
				 "echo err >/dev/stderr; echo x 2>&- >/dev/stdin || echo kept",
				 "--user", "1000"));

	(void)state;
	assert_out(result, "in\nout\nkept\n");
	assert_string_equal(result->err, "err\n");
}

static void any_user_inside_opens_a_terminal_and_dev_null_again(void **state)
{
	const struct result *result =
		job_end(START_SH(CALL(.terminal = true),
				 "echo out >/dev/stdout; echo err >/dev/stderr", "--user", "1000"));

	(void)state;
	assert_status(result, 0);
	assert_string_equal(result->out, "out\r\nerr\r\n");
	assert_status(job_end(START_SH(CALL(.before = stdout_is, .argument = "/dev/null"),
				       "echo out >/dev/stdout", "--user", "1000")),
		      0);
}

/* Its owner and mode are not ours to change: only whom they allow opens it again. */
static void a_file_of_the_caller_s_opens_again_for_its_owner_alone(void **state)
{
	const char *path = lab_path("log");
	struct stat found;

	(void)state;
	assert_status(
		job_end(START_SH(CALL(.before = stdout_is, .argument = path),
				 "echo one; echo two >>/dev/stdout || echo no", "--user", "1000")),
		0);
	assert_string_equal(lab_read(path), "one\nno\n");
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0600);
	assert_int_equal(found.st_uid, 0);
	assert_int_equal(chown(path, 1000, 0), 0);
	assert_status(job_end(START_SH(CALL(.before = stdout_is, .argument = path),
				       "echo two >>/dev/stdout", "--user", "1000")),
		      0);
	assert_string_equal(lab_read(path), "one\nno\ntwo\n");
}

static void the_end_of_stdin_is_the_payload_s(void **state)
{
	struct job *job = START(CALL(.talks = true), lab_merged(), "--", "cat");

	(void)state;
	job_say(job, "words\n");
	job_expect(job, "words");
	job_close_input(job);
	assert_status(job_end(job), 0);
}

/* Neither ctr-setup nor PID 1 may hold the other end. (stderr is ctr-setup's own as well.) */
static void a_payload_that_closes_stdout_is_seen_to(void **state)
{
	struct job *job = START_SH(NULL, "exec >&-; exec sleep 1000");

	(void)state;
	assert_eventually((job_listen(job, 10), job->out_fd < 0));
	assert_false(job_has_ended(job));
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

static void a_payload_that_closes_stdin_is_seen_to(void **state)
{
	struct job *job = START_SH(CALL(.talks = true), "exec <&-; echo ready; exec sleep 1000");

	(void)state;
	job_expect(job, "ready");
	assert_eventually(write(job->in_fd, "x", 1) < 0 && errno == EPIPE);
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

static void a_reader_that_leaves_ends_the_writer_by_sigpipe(void **state)
{
	struct job *job = START(NULL, lab_merged(), "--", "yes");

	(void)state;
	job_expect(job, "y\n");
	close(job->out_fd);
	job->out_fd = -1;
	assert_status(job_end(job), 128 + SIGPIPE);
}

static void close_some(const void *argument)
{
	for (int fd = 0; fd < 3; fd++)
		if (*(const int *)argument >> fd & 1)
			close(fd);
}

/* T-STDIO-1 */
static void closed_descriptors_are_dev_null_to_the_payload(void **state)
{
	(void)state;
	for (int mask = 0; mask < 8; mask++) {
		struct job *job = START(CALL(.before = close_some, .argument = &mask), "--mem",
					"64M", lab_merged(), "--", "probe", "stdio", "/tmp/stdio");
		const char *seen;

		assert_status(job_end(job), 0);
		seen = lab_read(lab_path("upper/tmp/stdio"));
		for (int fd = 0; fd < 3; fd++)
			assert_has(seen, lab_text("%d %o\n", fd,
						  (unsigned)(mask >> fd & 1 ? S_IFCHR : S_IFIFO)));
	}
}

/* T-STDIO-1 */
static void nothing_else_is_open_with_descriptors_closed(void **state)
{
	(void)state;
	for (int mask = 0; mask < 8; mask++) {
		struct job *job = START_SH(CALL(.before = close_some, .argument = &mask),
					   "probe fds >/tmp/fds");

		assert_status(job_end(job), 0);
		assert_string_equal(lab_read(lab_path("upper/tmp/fds")), "0 1 2 \n");
	}
}

static void files_as_stdio(const void *argument)
{
	const char *const *paths = argument;

	for (int fd = 0; fd < 3; fd++) {
		int own = open(paths[fd], O_RDWR);

		if (own < 0 || dup2(own, fd) < 0)
			_exit(98);
		close(own);
	}
}

/* T-STDIO-1 */
static void the_files_behind_stdio_keep_owner_and_mode(void **state)
{
	const char *paths[] = {lab_path("in"), lab_path("out"), "/dev/null"};
	struct stat before[3], after[3];

	(void)state;
	lab_write(paths[0], "words\n", 0640);
	lab_write(paths[1], "", 0602);
	for (int i = 0; i < 3; i++)
		assert_int_equal(stat(paths[i], &before[i]), 0);
	assert_status(job_end(START(CALL(.before = files_as_stdio, .argument = paths), "--user",
				    "1000", lab_merged(), "--", "cat")),
		      0);
	assert_string_equal(lab_read(paths[1]), "words\n");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(stat(paths[i], &after[i]), 0);
		assert_int_equal(after[i].st_mode, before[i].st_mode);
		assert_int_equal(after[i].st_uid, before[i].st_uid);
		assert_int_equal(after[i].st_gid, before[i].st_gid);
		assert_int_equal(after[i].st_rdev, before[i].st_rdev);
	}
}

/* O_NONBLOCK belongs to the file, which the caller shares. */
static void the_caller_s_terminal_stays_blocking(void **state)
{
	struct job *job = START_SH(CALL(.terminal = true), "echo ready; read x");

	(void)state;
	job_expect(job, "ready");
	assert_int_equal(fcntl(job->slave_fd, F_GETFL) & O_NONBLOCK, 0);
	job_say(job, "\n");
	assert_status(job_end(job), 0);
	assert_int_equal(fcntl(job->slave_fd, F_GETFL) & O_NONBLOCK, 0);
}

/* --tty in a pipe: the pty's output is stdout's, and the end of input is the line discipline's,
 * also within a line. */
static void a_terminal_of_its_own_in_a_pipe_ends_with_its_input(void **state)
{
	static const char *const inputs[] = {"abc", "abc\n", ""};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct result *result = job_end(
			START(CALL(.input = inputs[i], .input_size = strlen(inputs[i])), "--tty",
			      lab_merged(), "--", "sh", "-c", "cat >/dev/null; tty"));

		assert_status(result, 0);
		assert_has(result->out, "/dev/pts/0\r\n");
		assert_string_equal(result->err, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sixty_four_mebibytes_pass_through_cat_unchanged),
		TEST(stdout_and_stderr_stay_apart),
		TEST(any_user_inside_opens_a_pipe_again),
		TEST(any_user_inside_opens_a_terminal_and_dev_null_again),
		TEST(a_file_of_the_caller_s_opens_again_for_its_owner_alone),
		TEST(the_end_of_stdin_is_the_payload_s),
		TEST(a_terminal_of_its_own_in_a_pipe_ends_with_its_input),
		TEST(a_payload_that_closes_stdout_is_seen_to),
		TEST(a_payload_that_closes_stdin_is_seen_to),
		TEST(a_reader_that_leaves_ends_the_writer_by_sigpipe),
		TEST(closed_descriptors_are_dev_null_to_the_payload),
		TEST(nothing_else_is_open_with_descriptors_closed),
		TEST(the_files_behind_stdio_keep_owner_and_mode),
		TEST(the_caller_s_terminal_stays_blocking),
	};

	return TESTS_RUN(tests);
}
