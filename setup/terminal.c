#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

enum { FOREGROUND_MS = 200, ESCAPE = 0x1d /* ^] */, ESCAPES = 3 };
enum { TTY_IN, MASTER_OUT, MASTER_IN, TTY_OUT }; /* TERMINAL_FDS of them */

void terminal_open(struct terminal *terminal)
{
	*terminal = (struct terminal){
		.tty_fd = -1,
		.guard_fd = -1,
		.master_fd = -1,
		.in = {.from_fd = -1, .to_fd = -1},
		.out = {.from_fd = -1, .to_fd = -1},
	};
	for (int fd = 0; fd < 3 && terminal->tty_fd < 0; fd++)
		if (tcgetattr(fd, &terminal->saved) == 0)
			terminal->tty_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

unsigned terminal_choose(enum terminal_wish wish)
{
	unsigned fds = 0;

	if (wish == TERMINAL_NO)
		return 0;
	for (int fd = 0; fd < 3; fd++)
		if (isatty(fd))
			fds |= 1U << fd;
	/* --tty, and no terminal on stdin: the pty serves all of them. */
	return wish == TERMINAL_YES && !(fds & 1) ? 7 : fds;
}

void terminal_size(unsigned short *rows, unsigned short *columns)
{
	struct winsize size = {0};

	for (int fd = 0; fd < 3 && ioctl(fd, TIOCGWINSZ, &size) < 0;)
		fd++;
	*rows = size.ws_row;
	*columns = size.ws_col;
}

/* Lives only to see this process end: gives the terminal back when nobody else has. */
_Noreturn static void guard_run(const struct terminal *terminal, int pipe_fd)
{
	struct termios now;
	char byte;

	setpgid(0, 0); /* a kill of our process group is not a kill of the guard */
	dup2(terminal->tty_fd, STDIN_FILENO);
	dup2(pipe_fd, STDOUT_FILENO);
	close_range(STDERR_FILENO, ~0U, 0);
	while (read(STDOUT_FILENO, &byte, 1) < 0 && errno == EINTR)
		;
	/* Not when the shell has taken over meanwhile and set modes of its own. */
	if (tcgetattr(STDIN_FILENO, &now) == 0 && now.c_lflag == terminal->raw.c_lflag &&
	    now.c_iflag == terminal->raw.c_iflag)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal->saved);
	_exit(0);
}

static void guard_start(struct terminal *terminal)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	terminal->guard_pid = fork();
	if (terminal->guard_pid == 0) {
		close(ends[1]);
		guard_run(terminal, ends[0]);
	}
	close(ends[0]);
	terminal->guard_fd = ends[1];
}

static void guard_stop(struct terminal *terminal)
{
	close_and_forget(&terminal->guard_fd);
	if (terminal->guard_pid > 0)
		waitpid(terminal->guard_pid, NULL, 0);
	terminal->guard_pid = 0;
}

/* To write to without ever blocking. A terminal is opened anew, so that O_NONBLOCK is ours alone
 * and not the caller's too. A file must not be: its offset is shared with the caller's other
 * programs. A pipe that poll(2) calls writable takes PIPE_BUF bytes, and we write no more. */
static int output_open(int fd)
{
	char path[64];
	int own = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (isatty(fd))
		own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/* Lines end as the payload ends them. */
static void output_leave(int master_fd)
{
	struct termios modes;

	if (tcgetattr(master_fd, &modes) < 0)
		return;
	modes.c_oflag &= ~(tcflag_t)OPOST;
	tcsetattr(master_fd, TCSANOW, &modes);
}

int terminal_attach(struct terminal *terminal, int master_fd, unsigned console_fds)
{
	/* Where what the container writes to its terminal goes: to ours. */
	int output = console_fds & 2 ? STDOUT_FILENO : console_fds & 4 ? STDERR_FILENO : 0;

	terminal->is_output = console_fds & 2;
	fcntl(master_fd, F_SETFL, fcntl(master_fd, F_GETFL) | O_NONBLOCK);
	terminal->master_fd = master_fd;
	terminal->in.to_fd = master_fd;
	terminal->out.from_fd = master_fd;
	if (!(console_fds & 1))
		output_leave(master_fd); /* to our terminal, which is not raw */
	else if ((terminal->in.from_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) < 0)
		return -errno;
	terminal->out.to_fd = output_open(output);
	if (terminal->out.to_fd < 0)
		return -errno;
	terminal_engage(terminal);
	return 0;
}

static bool in_foreground(const struct terminal *terminal)
{
	pid_t foreground = tcgetpgrp(terminal->tty_fd);

	return foreground < 0 || foreground == getpgrp();
}

/* Is the terminal our input, and not only our output? */
static bool is_input(const struct terminal *terminal)
{
	return terminal->tty_fd >= 0 && terminal->master_fd >= 0 && isatty(STDIN_FILENO);
}

static void raw_set(struct terminal *terminal)
{
	struct termios now;

	if (tcgetattr(terminal->tty_fd, &now) < 0)
		return;
	/* Ours still, after a stop: then what was saved before stays what is to come back. */
	if (!terminal->is_raw || memcmp(&now, &terminal->raw, sizeof(now)) != 0) {
		terminal->saved = terminal->raw = now;
		cfmakeraw(&terminal->raw);
		/* Others write to the terminal when our stdout is a pipe to them. */
		if (!terminal->is_output)
			terminal->raw.c_oflag = now.c_oflag;
	}
	if (terminal->guard_fd < 0)
		guard_start(terminal);
	terminal->is_raw = tcsetattr(terminal->tty_fd, TCSADRAIN, &terminal->raw) == 0;
}

/* In the background the terminal is another's: it stays as it is, and is not read. */
void terminal_engage(struct terminal *terminal)
{
	if (is_input(terminal) && in_foreground(terminal))
		raw_set(terminal);
	terminal_resize(terminal);
}

/* A shell's fg need not tell a job that runs: so it is looked for. */
static bool is_kept_off(struct terminal *terminal)
{
	if (!is_input(terminal) || terminal->in.from_fd < 0)
		return false;
	if (!in_foreground(terminal))
		return true;
	if (!terminal->is_raw)
		terminal_engage(terminal);
	return false;
}

int terminal_wait_ms(const struct terminal *terminal, int wait)
{
	if (!terminal->is_kept_off || (wait >= 0 && wait < FOREGROUND_MS))
		return wait;
	return FOREGROUND_MS;
}

void terminal_release(struct terminal *terminal)
{
	if (terminal->is_raw)
		tcsetattr(terminal->tty_fd, TCSADRAIN, &terminal->saved);
	terminal->is_raw = false;
}

void terminal_resize(const struct terminal *terminal)
{
	struct winsize size;

	if (terminal->master_fd >= 0 && terminal->tty_fd >= 0 &&
	    ioctl(terminal->tty_fd, TIOCGWINSZ, &size) == 0)
		ioctl(terminal->master_fd, TIOCSWINSZ, &size);
}

static bool relay_is_empty(const struct relay *relay)
{
	return relay->start == relay->end;
}

static void relay_poll(const struct relay *relay, struct pollfd *from, struct pollfd *to)
{
	*from = (struct pollfd){-1, POLLIN, 0};
	*to = (struct pollfd){-1, POLLOUT, 0};
	if (relay_is_empty(relay))
		from->fd = relay->from_fd;
	else
		to->fd = relay->to_fd;
}

void terminal_poll_fill(struct terminal *terminal, struct pollfd *fds)
{
	relay_poll(&terminal->in, &fds[TTY_IN], &fds[MASTER_OUT]);
	terminal->is_kept_off = is_kept_off(terminal);
	if (terminal->is_kept_off)
		fds[TTY_IN].fd = -1;
	relay_poll(&terminal->out, &fds[MASTER_IN], &fds[TTY_OUT]);
}

/* Reads once. End-of-file and errors (EIO: the other side of a pty is closed) end the relay. */
static void relay_read(struct relay *relay)
{
	ssize_t got = read(relay->from_fd, relay->buffer, sizeof(relay->buffer));

	if (got > 0) {
		relay->start = 0;
		relay->end = (size_t)got;
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		relay->from_fd = -1;
	}
}

static void relay_write(struct relay *relay)
{
	ssize_t put = write(relay->to_fd, relay->buffer + relay->start, relay->end - relay->start);

	if (put > 0)
		relay->start += (size_t)put;
	else if (errno != EAGAIN && errno != EINTR)
		relay->start = relay->end; /* nobody takes it any more */
}

/* A pty has no end-of-file of its own: its line discipline makes one of the VEOF character at the
 * start of a line; within a line, VEOF only hands the line over. */
static void end_of_input_pass(struct terminal *terminal)
{
	struct relay *in = &terminal->in;
	struct termios modes;

	if (tcgetattr(terminal->master_fd, &modes) < 0 || !(modes.c_lflag & ICANON))
		return;
	in->start = 0;
	in->end = terminal->ends_in_line ? 2 : 1;
	in->buffer[0] = in->buffer[1] = (char)modes.c_cc[VEOF];
}

/* Could a shell bring us back? It is our parent then, in our session, and we are a job of it. */
static bool has_shell(void)
{
	pid_t parent = getppid();

	return getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

/* The third ^] in a row stops the whole job, as ^Z does that of a program without a terminal of
 * its own. The first two have been passed on. */
static void escape_look(struct terminal *terminal)
{
	struct relay *in = &terminal->in;

	for (size_t i = in->start; i < in->end; i++) {
		terminal->escapes = in->buffer[i] == ESCAPE ? terminal->escapes + 1 : 0;
		if (terminal->escapes == ESCAPES && has_shell()) {
			in->end = i; /* what was typed ahead is dropped */
			terminal->escapes = 0;
			kill(0, SIGTSTP);
		}
	}
}

static void input_read(struct terminal *terminal)
{
	struct relay *in = &terminal->in;
	int from_fd = in->from_fd;

	if (is_input(terminal) && !in_foreground(terminal))
		return; /* since the last look */
	relay_read(in);
	if (is_input(terminal))
		escape_look(terminal);
	if (!relay_is_empty(in))
		terminal->ends_in_line = in->buffer[in->end - 1] != '\n';
	if (in->from_fd < 0) {
		close(from_fd);
		end_of_input_pass(terminal);
	}
}

void terminal_relay(struct terminal *terminal, const struct pollfd *fds)
{
	if (fds[TTY_IN].fd >= 0 && fds[TTY_IN].revents)
		input_read(terminal);
	if (fds[MASTER_IN].fd >= 0 && fds[MASTER_IN].revents)
		relay_read(&terminal->out);
	if (!relay_is_empty(&terminal->in) && (fds[MASTER_OUT].revents || fds[TTY_IN].revents))
		relay_write(&terminal->in);
	if (!relay_is_empty(&terminal->out) && (fds[TTY_OUT].revents || fds[MASTER_IN].revents))
		relay_write(&terminal->out);
}

bool terminal_has_output(struct terminal *terminal)
{
	if (relay_is_empty(&terminal->out) && terminal->out.from_fd >= 0)
		relay_read(&terminal->out);
	return !relay_is_empty(&terminal->out);
}

void terminal_write(struct terminal *terminal)
{
	relay_write(&terminal->out);
}

void terminal_close(struct terminal *terminal)
{
	terminal_release(terminal);
	if (terminal->master_fd >= 0) {
		close_and_forget(&terminal->in.from_fd);
		close_and_forget(&terminal->out.to_fd);
	}
	guard_stop(terminal);
	close_and_forget(&terminal->master_fd);
	close_and_forget(&terminal->tty_fd);
}
