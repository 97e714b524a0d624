/* exec: a further command in a running container.
 *
 * Nothing of the host enters: no process of ours joins a namespace. The keeper is asked by its
 * socket and passes ours on to PID 1, whose child then becomes, by the plan that we send it, what
 * PID 1 is to the payload (include/ctr/message.h). That child ends the command when our socket
 * closes.
 */
#include "exec.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../channel.h"
#include "../cleanup.h"
#include "../ending.h"
#include "../log.h"
#include "../options.h"
#include "../parse.h"
#include "../payload_fds.h"
#include "ctr/exit.h"
#include "verbs.h"

/* For how long what watches over the command may leave a signal for its end unread. */
enum { UNHEARD_S = 5 };

static int asked(int argc, char **argv, struct client *client)
{
	static const char *const some[] = {"user",   "workdir", "env",	"tty",
					   "no-tty", "verbose", "help", NULL};
	int rc;

	if (argc < 2 || !name_is_valid(argv[1]))
		return fail(0, "exec needs the name of a container: ctr-setup exec NAME "
			       "[OPTION...] [--] COMMAND [ARG...]");
	client->name = argv[1];
	client->spec = (struct spec){.uid = UINT32_MAX}; /* the container's own */
	rc = options_take(argc - 1, argv + 1, some, &client->spec);
	if (rc != OPTIONS_RUN)
		return rc;
	client->spec.command = argv + 1 + optind;
	if (!*client->spec.command)
		return fail(0, "no COMMAND is given for %s", client->name);
	log_verbose(client->spec.verbose);
	client->console_fds = terminal_choose(client->spec.terminal);
	return OPTIONS_RUN;
}

static void failure_say(struct client *client, struct ctr_message *message)
{
	message->text[sizeof(message->text) - 1] = '\0';
	client->has_said_why = true;
	terminal_release(&client->caller.terminal); /* a line in a raw terminal would not return */
	fail_elsewhere(message->stage, message->error, "%s",
		       *message->text ? message->text : "cannot start a process");
}

static bool console_take(struct client *client, int master_fd)
{
	int rc = terminal_attach(&client->caller.terminal, master_fd, client->console_fds);

	if (rc < 0)
		fail(-rc, "cannot serve the command's terminal");
	client->has_said_why |= rc < 0;
	return rc == 0;
}

/* False: nothing more is to come. */
static bool message_handle(struct client *client, struct ctr_message *message, int *fd)
{
	switch ((enum ctr_message_type)message->type) {
	case CTR_MESSAGE_FILTER:
		if (client->filter_fd < 0)
			client->filter_fd = take_fd(fd);
		return true;
	case CTR_MESSAGE_PLAN: /* the last that is the keeper's */
		if (client->handed_over)
			return true;
		client->handed_over = client_hand_over(client, *fd) == 0;
		client->has_said_why = !client->handed_over;
		return client->handed_over;
	case CTR_MESSAGE_CONSOLE:
		return *fd < 0 || !client->console_fds || client->caller.terminal.master_fd >= 0 ||
		       console_take(client, take_fd(fd));
	case CTR_MESSAGE_STARTED:
		client->started = true;
		return true;
	case CTR_MESSAGE_FAILED:
		failure_say(client, message);
		return true;
	case CTR_MESSAGE_FILTERED:
		client->was_filtered = true;
		return true;
	case CTR_MESSAGE_EXITED:
		client->status = message->error;
		return false;
	case CTR_MESSAGE_HOOKS:
	case CTR_MESSAGE_HOOKS_DONE:
	case CTR_MESSAGE_STEP:
	case CTR_MESSAGE_TREE:
	case CTR_MESSAGE_UPPER:
	case CTR_MESSAGE_COMMAND:
	case CTR_MESSAGE_DESCRIPTORS:
	case CTR_MESSAGE_SIGNAL:
	default:
		return true;
	}
}

/* The same: the other side is gone without a word when the container has ended. When it left a
 * record of ours unread, the socket says that first, then what is still to come. */
static bool messages_handle(struct client *client)
{
	struct ctr_message message;
	AUTO_CLOSE int fd = -1;
	int rc = channel_receive(client->socket_fd, &message, &fd, MSG_DONTWAIT);

	return rc == 0 ? message_handle(client, &message, &fd) : rc == -EAGAIN || rc == -ECONNRESET;
}

/* The keeper or the container may be stopped: who asks for the end before the command has begun is
 * heard. But it may have begun, and we not know it yet: then the first is the command's. */
static bool signal_take(void *of, int signal)
{
	struct client *client = of;

	if (signal != SIGTERM && signal != SIGHUP && signal != SIGINT && signal != SIGQUIT)
		return false;
	if (client->started || (client->handed_over && !client->was_asked)) {
		client->was_asked = true;
		if (!client->unheard) {
			clock_gettime(CLOCK_MONOTONIC, &client->unheard_until);
			client->unheard_until.tv_sec += UNHEARD_S;
		}
		client->unheard = signal;
		return false;
	}
	client->given_up = signal;
	return true;
}

static void pass_on(void *of, int signal)
{
	const struct client *client = of;
	const struct ctr_message message = {.type = CTR_MESSAGE_SIGNAL, .error = signal};

	(void)channel_send_fds(client->socket_fd, &message, NULL, 0, MSG_DONTWAIT);
}

/* Root inside can stop what watches over the command: then it leaves what we send it unread
 * (unix(7): SIOCOUTQ), and we end without it. Our socket's end kills the command as soon as it goes
 * on. Returns for how long poll(2) may wait. */
static int unheard_check(struct client *client)
{
	struct timespec now;
	int unread = 0;
	long left;

	if (!client->unheard)
		return -1;
	if (ioctl(client->socket_fd, SIOCOUTQ, &unread) < 0 || unread == 0) {
		client->unheard = 0;
		return -1;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (client->unheard_until.tv_sec - now.tv_sec) * 1000 +
	       (client->unheard_until.tv_nsec - now.tv_nsec) / 1000000;
	if (left > 0)
		return left < 100 ? (int)left : 100;
	client->given_up = client->unheard;
	client->caller.is_hasty = true;
	return 0;
}

static void loop(struct client *client)
{
	enum { SIGNALS, SOCKET, KEEPER, TERMINAL, POLLED = TERMINAL + TERMINAL_FDS };
	struct pollfd fds[POLLED] = {
		[SIGNALS] = {client->caller.signal_fd, POLLIN, 0},
		[SOCKET] = {client->socket_fd, POLLIN, 0},
	};
	bool goes_on = true;

	do {
		fds[KEEPER] = (struct pollfd){client->keeper_fd, POLLOUT, 0};
		terminal_poll_fill(&client->caller.terminal, &fds[TERMINAL]);
		if (poll(fds, POLLED,
			 terminal_wait_ms(&client->caller.terminal, unheard_check(client))) < 0)
			continue;
		if (fds[SOCKET].revents)
			goes_on = messages_handle(client);
		if (fds[KEEPER].revents)
			goes_on = client_ask(client);
		if (fds[SIGNALS].revents)
			caller_hear(&client->caller);
		terminal_relay(&client->caller.terminal, &fds[TERMINAL]);
	} while (goes_on && !client->given_up);
}

static int status_of(const struct client *client)
{
	if (client->was_filtered)
		ending_filtered_say();
	if (!client->started && !client->has_said_why)
		ending_unsaid_say(client->status);
	if (client->status >= 0)
		return client->status;
	if (client->unheard && client->given_up)
		fail(0,
		     "the command is left behind: what watches over it in %s does not take "
		     "signals (stopped, or paused), and ends it when it goes on",
		     client->name);
	if (client->given_up)
		return CTR_EXIT_SIGNAL + client->given_up;
	if (!client->has_said_why)
		fail(0,
		     "the end of the command is not known: %s ended before it, or killed what "
		     "watched over it",
		     client->name);
	return CTR_EXIT_FAILURE;
}

static int command_run(struct client *client)
{
	if (payload_fds_check() < 0 || client_begin(client) < 0 ||
	    caller_watch(&client->caller) < 0)
		return CTR_EXIT_FAILURE;
	payload_fds_share();
	loop(client);
	caller_leave(&client->caller);
	return status_of(client);
}

int exec_run(int argc, char **argv)
{
	struct client client = {
		.keeper_fd = -1,
		.other_fd = -1,
		.socket_fd = -1,
		.filter_fd = -1,
		.status = -1,
		.caller = {.of = &client, .take = signal_take, .pass_on = pass_on},
	};
	int rc = asked(argc, argv, &client);
	int status = rc == OPTIONS_DONE ? 0 : CTR_EXIT_FAILURE;

	if (rc == OPTIONS_RUN)
		status = command_run(&client);
	close_and_forget(&client.keeper_fd);
	close_and_forget(&client.other_fd);
	close_and_forget(&client.filter_fd);
	close_and_forget(&client.socket_fd);
	spec_free(&client.spec);
	return status;
}
