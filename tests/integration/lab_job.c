/* Programs under test: started, heard, ended. */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct job *jobs;
static struct {
	char *names[64];
	size_t count;
} given; /* by --name */

struct ends {
	int in, out, err; /* the child's */
};

/* The child's end of a pipe, and ours in *own. */
static int pipe_make(int *own, bool child_reads)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	*own = ends[child_reads];
	fcntl(*own, F_SETFL, O_NONBLOCK);
	return ends[!child_reads];
}

static struct ends pipes_make(struct job *job, const struct call *call)
{
	struct ends ends;

	ends.out = pipe_make(&job->out_fd, false);
	ends.err = pipe_make(&job->err_fd, false);
	ends.in = pipe_make(&job->in_fd, true);
	job->input = call->input;
	job->input_left = call->input && !call->input_size ? strlen(call->input) : call->input_size;
	job->closes_input = !call->talks;
	if (!job->input_left && job->closes_input)
		job_close_input(job);
	return ends;
}

static struct ends terminal_make(struct job *job, const struct call *call)
{
	struct winsize size = {.ws_row = LAB_ROWS, .ws_col = LAB_COLUMNS};
	int master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	struct ends ends;

	assert_true(master_fd >= 0);
	assert_int_equal(grantpt(master_fd), 0);
	assert_int_equal(unlockpt(master_fd), 0);
	assert_int_equal(ioctl(master_fd, TIOCSWINSZ, &size), 0);
	job->slave_fd = open(ptsname(master_fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(job->slave_fd >= 0);
	assert_int_equal(tcgetattr(job->slave_fd, &job->modes), 0);
	job->keeps_modes = !call->program;
	ends = (struct ends){job->slave_fd, job->slave_fd, job->slave_fd};
	job->in_fd = master_fd;
	if (call->terminal_in) { /* what comes out of the terminal is then stderr */
		job->err_fd = master_fd;
		ends.out = pipe_make(&job->out_fd, false);
	} else {
		job->out_fd = master_fd;
	}
	return ends;
}

_Noreturn static void child_run(const struct call *call, const struct ends *ends,
				const char *const *arguments)
{
	const char *program = call->program ? call->program : getenv("CTR_SETUP");
	const char **words;
	sigset_t none;
	size_t count = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* an interrupted test leaves nothing running */
	setsid();
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (call->terminal || call->terminal_in)
		ioctl(ends->in, TIOCSCTTY, 0);
	dup2(ends->in, 0);
	dup2(ends->out, 1);
	dup2(ends->err, 2);
	while (arguments[count])
		count++;
	words = calloc(count + 2, sizeof(*words));
	if (!words)
		_exit(99);
	words[0] = program;
	memcpy(words + 1, arguments, count * sizeof(*words));
	if (call->before)
		call->before(call->argument);
	if (call->environment)
		execve(program, (char *const *)words, (char *const *)call->environment);
	else
		execv(program, (char *const *)words);
	perror(program);
	_exit(99);
}

static void name_remember(const char *const *arguments)
{
	for (size_t i = 0; arguments[i] && arguments[i + 1]; i++)
		if (strcmp(arguments[i], "--name") == 0 && given.count < COUNT(given.names))
			given.names[given.count++] = strdup(arguments[i + 1]);
}

struct job *job_start(const struct call *call, const char *const *arguments)
{
	static const struct call plain;
	struct job *job = calloc(1, sizeof(*job));
	struct ends ends;

	assert_non_null(job);
	*job = (struct job){.next = jobs, .in_fd = -1, .out_fd = -1, .err_fd = -1, .slave_fd = -1};
	jobs = job;
	if (!call)
		call = &plain;
	ends = call->terminal || call->terminal_in ? terminal_make(job, call)
						   : pipes_make(job, call);
	name_remember(arguments);
	job->pid = fork();
	assert_true(job->pid >= 0);
	if (job->pid == 0)
		child_run(call, &ends, arguments);
	job->pid_fd = (int)syscall(SYS_pidfd_open, job->pid, 0);
	assert_true(job->pid_fd >= 0);
	fcntl(job->pid_fd, F_SETFD, FD_CLOEXEC);
	if (ends.in != job->slave_fd)
		close(ends.in);
	if (ends.out != job->slave_fd)
		close(ends.out);
	if (ends.err != job->slave_fd)
		close(ends.err);
	return job;
}

void job_close_input(struct job *job)
{
	if (job->in_fd >= 0 && job->slave_fd < 0)
		close(job->in_fd);
	job->in_fd = -1;
}

/* Takes in what is there; at its end closes *fd. */
static void text_take(struct text *text, int *fd)
{
	ssize_t got;

	if (text->room - text->size < 65537) {
		text->room = text->room * 2 + 65537 * 2;
		text->bytes = realloc(text->bytes, text->room);
		assert_non_null(text->bytes);
	}
	got = read(*fd, text->bytes + text->size, 65536);
	if (got > 0)
		text->size += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(*fd);
		*fd = -1;
	}
	text->bytes[text->size] = '\0';
}

static void input_give(struct job *job)
{
	ssize_t put = write(job->in_fd, job->input, job->input_left);

	if (put > 0) {
		job->input += put;
		job->input_left -= (size_t)put;
	} else if (errno != EAGAIN && errno != EINTR) {
		job->input_left = 0; /* nobody reads it any more */
	}
	if (!job->input_left && job->closes_input)
		job_close_input(job);
}

/* One round of give and take, for at most so long. */
void job_listen(struct job *job, int milliseconds)
{
	enum { OUT, ERR, IN, END, POLLED };
	struct pollfd fds[POLLED] = {
		[OUT] = {job->out_fd, POLLIN, 0},
		[ERR] = {job->err_fd, POLLIN, 0},
		[IN] = {job->input_left ? job->in_fd : -1, POLLOUT, 0},
		[END] = {job->ended ? -1 : job->pid_fd, POLLIN, 0},
	};

	if (poll(fds, POLLED, milliseconds) <= 0)
		return;
	if (fds[IN].revents)
		input_give(job);
	if (fds[OUT].revents)
		text_take(&job->out, &job->out_fd);
	if (fds[ERR].revents)
		text_take(&job->err, &job->err_fd);
	if (fds[END].revents) {
		assert_int_equal(waitpid(job->pid, &job->status, 0), job->pid);
		job->ended = true;
	}
}

bool job_has_ended(struct job *job)
{
	job_listen(job, 0);
	return job->ended;
}

static const char *bytes_find(const struct text *text, const char *part)
{
	return text->size > text->seen ? memmem(text->bytes + text->seen, text->size - text->seen,
						part, strlen(part))
				       : NULL;
}

static const char *expect(struct job *job, struct text *text, const int *fd, const char *part)
{
	int64_t limit = lab_now_us() + LAB_PATIENCE_S * INT64_C(1000000);
	const char *found;

	while (!(found = bytes_find(text, part)) && *fd >= 0 && lab_now_us() < limit) {
		bool had_ended = job->ended;

		job_listen(job, 100);
		if (had_ended && job->slave_fd >= 0) { /* a terminal that we hold has no end */
			job_listen(job, 100);
			break;
		}
	}
	found = bytes_find(text, part);
	if (!found)
		fail_msg("\"%s\" never came\n--- stdout\n%.4000s\n--- stderr\n%.4000s", part,
			 job->out.bytes ? job->out.bytes : "",
			 job->err.bytes ? job->err.bytes : "");
	text->seen = (size_t)(found - text->bytes) + strlen(part);
	return text->bytes + text->seen;
}

const char *job_expect(struct job *job, const char *text)
{
	return expect(job, &job->out, &job->out_fd, text);
}

const char *job_expect_error(struct job *job, const char *text)
{
	return expect(job, &job->err, &job->err_fd, text);
}

void job_say(struct job *job, const char *text)
{
	while (*text) {
		ssize_t put = write(job->in_fd, text, strlen(text));

		if (put > 0)
			text += put;
		else if (errno == EAGAIN)
			job_listen(job, 10);
		else
			fail_msg("cannot write to the run: %s", strerror(errno));
	}
}

void job_signal(const struct job *job, int signal)
{
	assert_false(job->ended);
	assert_int_equal(syscall(SYS_pidfd_send_signal, job->pid_fd, signal, NULL, 0), 0);
}

static bool is_heard_out(const struct job *job)
{
	struct pollfd master = {job->in_fd, POLLIN, 0};

	if (!job->ended)
		return false;
	if (job->slave_fd < 0)
		return job->out_fd < 0 && job->err_fd < 0;
	/* We hold the terminal ourselves: it has no end-of-file, and is heard out when it is empty.
	 */
	return (job->err_fd < 0 || job->out_fd < 0) && poll(&master, 1, 0) == 0;
}

const struct result *job_end(struct job *job)
{
	int64_t limit = lab_now_us() + LAB_PATIENCE_S * INT64_C(1000000);
	struct result *result;

	if (job->input_left == 0 && job->slave_fd < 0)
		job_close_input(job);
	while (!is_heard_out(job)) {
		if (lab_now_us() > limit)
			fail_msg("%s after %d s\n--- stdout\n%.4000s\n--- stderr\n%.4000s",
				 job->ended ? "its output is still held" : "it still runs",
				 LAB_PATIENCE_S, job->out.bytes ? job->out.bytes : "",
				 job->err.bytes ? job->err.bytes : "");
		job_listen(job, 100);
	}
	result = lab_keep(malloc(sizeof(*result)));
	*result = (struct result){
		.status = WIFSIGNALED(job->status) ? -WTERMSIG(job->status)
						   : WEXITSTATUS(job->status),
		.out = job->out.bytes ? job->out.bytes : "",
		.err = job->err.bytes ? job->err.bytes : "",
		.out_size = job->out.size,
		.err_size = job->err.size,
	};
	return result;
}

bool jobs_have_name(const char *name)
{
	char own[32];

	for (size_t i = 0; i < given.count; i++)
		if (strcmp(given.names[i], name) == 0)
			return true;
	for (const struct job *job = jobs; job; job = job->next) {
		snprintf(own, sizeof(own), "box-%d", job->pid);
		if (strcmp(own, name) == 0)
			return true;
	}
	return false;
}

/* Asked first, so that it cleans up; an interactive shell heeds HUP alone. */
static void job_kill(struct job *job)
{
	if (!job->ended && job->pid > 0) {
		kill(job->pid, SIGTERM);
		kill(job->pid, SIGHUP);
		kill(job->pid, SIGCONT);
		if (!LAB_WITHIN(job_has_ended(job))) {
			kill(job->pid, SIGKILL);
			(void)LAB_WITHIN(job_has_ended(job));
		}
	}
}

void jobs_kill(void)
{
	for (struct job *job = jobs; job; job = job->next)
		job_kill(job);
}

void jobs_forget(void)
{
	while (jobs) {
		struct job *job = jobs;
		int *fds[] = {&job->out_fd, &job->err_fd, &job->slave_fd, &job->pid_fd};

		jobs = job->next;
		if (job->slave_fd < 0)
			job_close_input(job);
		for (size_t i = 0; i < COUNT(fds); i++)
			if (*fds[i] >= 0)
				close(*fds[i]);
		free(job->out.bytes);
		free(job->err.bytes);
		free(job);
	}
	while (given.count)
		free(given.names[--given.count]);
}

bool job_is_raw(const struct job *job)
{
	struct termios modes;

	return tcgetattr(job->slave_fd, &modes) == 0 && !(modes.c_lflag & ICANON);
}

bool job_modes_are_kept(const struct job *job)
{
	struct termios now;

	if (tcgetattr(job->slave_fd, &now) < 0)
		return true; /* no terminal, or one that was hung up */
	return now.c_iflag == job->modes.c_iflag && now.c_oflag == job->modes.c_oflag &&
	       now.c_cflag == job->modes.c_cflag && now.c_lflag == job->modes.c_lflag &&
	       memcmp(now.c_cc, job->modes.c_cc, sizeof(now.c_cc)) == 0;
}

bool jobs_modes_are_kept(void)
{
	for (const struct job *job = jobs; job; job = job->next)
		if (job->keeps_modes && !job_modes_are_kept(job))
			return false;
	return true;
}

void enter_laboratory(const void *argument)
{
	if (chdir(argument) < 0)
		_exit(98);
}
