/* 95 watch: the keeper.
 * Before: the child is on its way to the payload. After: PID 1 is dead and reaped, the last byte of
 * its terminal is out, the caller's terminal is as it was, and the exit status is known. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "../advice.h"
#include "../caller.h"
#include "../channel.h"
#include "../cleanup.h"
#include "../ending.h"
#include "../hooks.h"
#include "../log.h"
#include "../stage.h"
#include "../sys.h"
#include "ctr/exit.h"

struct keeper {
	struct run *run;
	struct caller caller;
	bool started;		      /* the payload runs: messages are no longer to be trusted */
	bool has_said_why;	      /* a failure came with its reason */
	bool timed_out, was_killed;   /* by --timeout; when the grace was over */
	int given_up;		      /* the status of a start that was ended before its payload */
	uint64_t timeout_at, kill_at; /* ms of CLOCK_MONOTONIC; 0: none */
	struct hooks hooks;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* PID 1 has all signals blocked from its first instruction: what is sent waits for the payload. */
static void pass_on(void *of, int signal)
{
	const struct keeper *keeper = of;

	sys_kill(keeper->run->pid_fd, signal);
}

/* Does the first child of PID 1, the payload, ignore this signal? */
static bool payload_ignores(pid_t init, int signal)
{
	char path[64], line[128];
	unsigned long long ignored = 0;
	int payload = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", init, init);
	if ((file = fopen(path, "re"))) {
		if (fscanf(file, "%d", &payload) != 1)
			payload = 0;
		fclose(file);
	}
	snprintf(path, sizeof(path), "/proc/%d/status", payload);
	if (!payload || !(file = fopen(path, "re")))
		return false;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "SigIgn: %llx", &ignored) == 1)
			break;
	fclose(file);
	return ignored >> (signal - 1) & 1;
}

/* A shell at its prompt ignores TERM, and ends when its terminal hangs up. */
static bool is_shell_like(const struct keeper *keeper)
{
	return keeper->started && keeper->caller.terminal.master_fd >= 0 &&
	       payload_ignores(keeper->run->pid, SIGTERM);
}

static void stop_begin(struct keeper *keeper)
{
	if (!keeper->kill_at)
		keeper->kill_at = now_ms() + keeper->run->spec->grace_ms;
	if (is_shell_like(keeper))
		pass_on(keeper, SIGHUP);
}

/* There is no payload yet that could want to end in its own way. */
static void start_give_up(struct keeper *keeper, int status)
{
	keeper->given_up = status;
	keeper->has_said_why = true;
	hooks_stop(&keeper->hooks);
	pass_on(keeper, SIGKILL);
}

/* While hooks run. */
static bool start_is_given_up(struct keeper *keeper, int signal)
{
	if (keeper->hooks.fd < 0 ||
	    (signal != SIGTERM && signal != SIGHUP && signal != SIGINT && signal != SIGQUIT))
		return false;
	start_give_up(keeper, CTR_EXIT_SIGNAL + signal);
	return true;
}

static bool signal_take(void *of, int signal)
{
	struct keeper *keeper = of;

	if (start_is_given_up(keeper, signal))
		return true;
	if (signal == SIGTERM || signal == SIGHUP)
		stop_begin(keeper);
	return false;
}

/* --- what comes up from the container */

/* The container waits for the hooks' end; one that is gone needs no answer. */
static void hooks_answer(struct keeper *keeper, enum hooks_state state)
{
	int rc;

	if (state == HOOKS_RUNNING)
		return;
	if (state == HOOKS_FAILED)
		keeper->has_said_why = true;
	rc = channel_send(keeper->run->socket_fd, CTR_MESSAGE_HOOKS_DONE,
			  state == HOOKS_DONE ? 0 : ECANCELED, -1);
	if (rc == 0 || rc == -EPIPE)
		return;
	fail_elsewhere(CTR_STAGE_HOOKS, -rc, "cannot tell the container that the hooks have run");
	start_give_up(keeper, CTR_EXIT_FAILURE);
}

static void failure_say(struct keeper *keeper, struct ctr_message *message)
{
	message->text[sizeof(message->text) - 1] = '\0';
	keeper->has_said_why = true;
	terminal_release(&keeper->caller.terminal); /* a line in a raw terminal would not return */
	if (message->line)
		trace("line %u of the plan", message->line);
	fail_elsewhere(message->stage, message->error, "%s%s", message->text, advice_for(message));
	if (message->stage == CTR_STAGE_PAYLOAD && message->error == ENOENT &&
	    !*keeper->run->spec->command && !strchr(message->text, '('))
		say("the root has no shell: give a COMMAND, or fill it, as by "
		    "rootfs-hooks/busybox");
}

static void console_take(struct keeper *keeper, int master_fd)
{
	int rc = terminal_attach(&keeper->caller.terminal, master_fd, keeper->run->console_fds);

	if (rc == 0)
		return;
	fail(-rc, "cannot serve the container's terminal");
	start_give_up(keeper, CTR_EXIT_FAILURE);
}

static void message_handle(struct keeper *keeper, struct ctr_message *message, int passed_fd)
{
	switch ((enum ctr_message_type)message->type) {
	case CTR_MESSAGE_FAILED:
		failure_say(keeper, message);
		break;
	case CTR_MESSAGE_HOOKS:
		hooks_answer(keeper, hooks_start_next(&keeper->hooks, keeper->run));
		break;
	case CTR_MESSAGE_CONSOLE:
		if (passed_fd >= 0 && keeper->caller.terminal.master_fd < 0)
			console_take(keeper, take_fd(&passed_fd));
		break;
	case CTR_MESSAGE_STARTED:
		keeper->started = true;
		break;
	case CTR_MESSAGE_UPPER:
		if (passed_fd >= 0 && keeper->run->upper_fd < 0) {
			keeper->run->upper_fd = take_fd(&passed_fd);
			keeper->run->upper_before = 0;
		}
		break;
	case CTR_MESSAGE_STEP: /* ctr-explain takes these */
	case CTR_MESSAGE_HOOKS_DONE:
	case CTR_MESSAGE_TREE:
	case CTR_MESSAGE_COMMAND:
	case CTR_MESSAGE_FILTER:
	case CTR_MESSAGE_PLAN:
	case CTR_MESSAGE_DESCRIPTORS:
	case CTR_MESSAGE_SIGNAL:
	case CTR_MESSAGE_EXITED:
	case CTR_MESSAGE_FILTERED:
	default:
		break;
	}
	close_and_forget(&passed_fd);
}

/* Until the payload runs, each record counts; afterwards none is read. */
static void messages_handle(struct keeper *keeper)
{
	struct ctr_message message;
	int passed_fd;

	while (!keeper->started &&
	       channel_receive(keeper->run->socket_fd, &message, &passed_fd, MSG_DONTWAIT) == 0)
		message_handle(keeper, &message, passed_fd);
}

/* --- further commands */

/* A client of "ctr-setup exec": its socket gets what it needs of ours, and goes to PID 1. All that
 * comes of it is between these two; where it comes to nothing, the client sees its socket close. */
static void command_pass(const struct run *run)
{
	const struct ctr_message filter = {.type = CTR_MESSAGE_FILTER},
				 plan = {.type = CTR_MESSAGE_PLAN},
				 command = {.type = CTR_MESSAGE_COMMAND};
	struct ctr_message message;
	AUTO_CLOSE int client_fd = -1;
	AUTO_CLOSE int plan_fd = -1;

	if (channel_receive(run->exec_fd, &message, &client_fd, MSG_DONTWAIT) < 0 ||
	    message.type != CTR_MESSAGE_COMMAND || client_fd < 0)
		return;
	plan_fd = sys_sealed_file("ctr-plan", run->plan, run->plan_size);
	if (plan_fd < 0 ||
	    (run->filter_fd >= 0 &&
	     channel_send_fds(client_fd, &filter, &run->filter_fd, 1, MSG_DONTWAIT) < 0) ||
	    channel_send_fds(client_fd, &plan, &plan_fd, 1, MSG_DONTWAIT) < 0)
		return;
	(void)channel_send_fds(run->socket_fd, &command, &client_fd, 1, MSG_DONTWAIT);
}

/* --- time */

static void time_handle(struct keeper *keeper)
{
	uint64_t now = now_ms();

	if (keeper->timeout_at && now >= keeper->timeout_at) {
		keeper->timeout_at = 0;
		keeper->timed_out = keeper->caller.is_hasty = true;
		pass_on(keeper, SIGTERM);
		stop_begin(keeper);
	}
	if (keeper->kill_at && now >= keeper->kill_at) {
		keeper->kill_at = 0;
		keeper->was_killed = true;
		pass_on(keeper, SIGKILL);
	}
}

static int wait_ms(const struct keeper *keeper)
{
	uint64_t now = now_ms(), next = UINT64_MAX;

	if (keeper->timeout_at)
		next = keeper->timeout_at;
	if (keeper->kill_at && keeper->kill_at < next)
		next = keeper->kill_at;
	if (next == UINT64_MAX)
		return -1;
	if (next <= now)
		return 0;
	return next - now > 3600000 ? 3600000 : (int)(next - now);
}

/* --- the loop */

static void loop(struct keeper *keeper)
{
	enum { INIT, SIGNALS, SOCKET, HOOK, EXEC, TERMINAL, POLLED = TERMINAL + TERMINAL_FDS };
	struct pollfd fds[POLLED] = {
		[INIT] = {keeper->run->pid_fd, POLLIN, 0},
		[SIGNALS] = {keeper->caller.signal_fd, POLLIN, 0},
	};

	do {
		fds[SOCKET] =
			(struct pollfd){keeper->started ? -1 : keeper->run->socket_fd, POLLIN, 0};
		fds[HOOK] = (struct pollfd){keeper->hooks.fd, POLLIN, 0};
		fds[EXEC] = (struct pollfd){keeper->started ? keeper->run->exec_fd : -1, POLLIN, 0};
		terminal_poll_fill(&keeper->caller.terminal, &fds[TERMINAL]);
		if (poll(fds, POLLED, terminal_wait_ms(&keeper->caller.terminal, wait_ms(keeper))) <
		    0)
			continue;
		if (fds[SOCKET].revents)
			messages_handle(keeper);
		if (fds[SIGNALS].revents)
			caller_hear(&keeper->caller);
		if (fds[HOOK].revents && keeper->hooks.fd >= 0) /* not stopped just now */
			hooks_answer(keeper, hooks_take_end(&keeper->hooks, keeper->run));
		if (fds[EXEC].revents)
			command_pass(keeper->run);
		terminal_relay(&keeper->caller.terminal, &fds[TERMINAL]);
		time_handle(keeper);
	} while (!fds[INIT].revents);
}

/* Of what came up after STARTED: nothing but words depends on it. */
static void ending_say(const struct keeper *keeper)
{
	struct ctr_message message;
	AUTO_CLOSE int passed_fd = -1;

	if (!keeper->started && !keeper->has_said_why)
		ending_unsaid_say(keeper->run->status);
	if (keeper->started && keeper->run->status == CTR_EXIT_SIGNAL + SIGSYS &&
	    channel_receive(keeper->run->socket_fd, &message, &passed_fd, MSG_DONTWAIT) == 0 &&
	    message.type == CTR_MESSAGE_FILTERED)
		ending_filtered_say();
}

static void status_take(struct keeper *keeper)
{
	struct run *run = keeper->run;
	int status, rc = sys_wait(run->pid, &status);

	run->pid = 0;
	run->status =
		WIFSIGNALED(status) ? CTR_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
	if (rc < 0)
		fail(-rc, "cannot learn how the command ended");
	ending_say(keeper);
	if (keeper->given_up)
		run->status = keeper->given_up;
	if (!keeper->started && WIFSIGNALED(status) && !keeper->has_said_why)
		fail(0, "the container was ended by signal %d before the command began",
		     WTERMSIG(status));
	run->end = keeper->started ? END_COMMAND : END_FAILED;
	if (keeper->given_up)
		run->end = END_GIVEN_UP;
	if (keeper->was_killed && WIFSIGNALED(status))
		say("the command did not end within %g s (--grace): it was killed",
		    (double)run->spec->grace_ms / 1000);
	if (keeper->timed_out) {
		run->end = END_TIMEOUT;
		run->status = CTR_EXIT_TIMEOUT;
		say("time limit of %g s reached: the command was stopped",
		    (double)run->spec->timeout_ms / 1000);
	}
}

int watch_enter(struct run *run)
{
	struct keeper keeper = {
		.run = run,
		.caller = {.of = &keeper, .take = signal_take, .pass_on = pass_on},
		.hooks.fd = -1,
	};
	int rc = caller_watch(&keeper.caller);

	if (rc < 0)
		return rc;
	if (run->spec->timeout_ms)
		keeper.timeout_at = now_ms() + run->spec->timeout_ms;
	caller_pipes_release(run->console_fds);
	loop(&keeper);
	messages_handle(&keeper);
	hooks_stop(&keeper.hooks);
	caller_leave(&keeper.caller);
	status_take(&keeper);
	return 0;
}
