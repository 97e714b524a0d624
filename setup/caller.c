#include "caller.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "signals.h"

/* For how long a terminal may take nothing of the last output. */
enum { LAST_OUTPUT_MS = 1000, STALLED_OUTPUT_MS = 60 * 1000 };

int caller_watch(struct caller *caller)
{
	caller->signal_fd = signals_open();
	if (caller->signal_fd < 0)
		return fail(-caller->signal_fd, "cannot wait for signals");
	terminal_open(&caller->terminal);
	return 0;
}

/* Ctrl-Z at the caller's shell, or its like: all of us stop, and go on together. */
static void suspend(struct caller *caller)
{
	caller->pass_on(caller->of, SIGTSTP);
	terminal_release(&caller->terminal);
	raise(SIGSTOP);
	terminal_engage(&caller->terminal);
	caller->pass_on(caller->of, SIGCONT);
}

static void signal_handle(struct caller *caller, const struct signalfd_siginfo *info)
{
	int signal = (int)info->ssi_signo;

	if (caller->take(caller->of, signal))
		return;
	switch (signal) {
	case SIGCHLD: /* seen by descriptor */
		break;
	case SIGPIPE: /* from a write of ours, unless somebody else sent it */
		if (info->ssi_pid != (uint32_t)getpid())
			caller->pass_on(caller->of, signal);
		break;
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		suspend(caller);
		break;
	case SIGCONT:
		terminal_engage(&caller->terminal);
		caller->pass_on(caller->of, signal);
		break;
	case SIGWINCH:
		if (caller->terminal.master_fd >= 0)
			terminal_resize(&caller->terminal);
		else
			caller->pass_on(caller->of, signal);
		break;
	default:
		caller->is_hasty |= caller->is_over || signal == SIGTERM || signal == SIGHUP;
		caller->pass_on(caller->of, signal);
	}
}

void caller_hear(struct caller *caller)
{
	struct signalfd_siginfo info;

	while (read(caller->signal_fd, &info, sizeof(info)) == sizeof(info))
		signal_handle(caller, &info);
}

void caller_leave(struct caller *caller)
{
	struct pollfd fds[] = {
		{caller->terminal.out.to_fd, POLLOUT, 0},
		{caller->signal_fd, POLLIN, 0},
	};

	caller->is_over = true;
	while (terminal_has_output(&caller->terminal)) {
		int ready = poll(fds, 2, caller->is_hasty ? LAST_OUTPUT_MS : STALLED_OUTPUT_MS);

		if (ready == 0)
			break;
		if (fds[1].revents)
			caller_hear(caller);
		if (fds[0].revents)
			terminal_write(&caller->terminal);
	}
	terminal_close(&caller->terminal);
	close(caller->signal_fd);
}

/* Not so stderr: our own words go there. */
void caller_pipes_release(unsigned console_fds)
{
	AUTO_CLOSE int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO && null_fd > STDERR_FILENO; fd++)
		if (!(console_fds >> fd & 1))
			dup2(null_fd, fd);
}
