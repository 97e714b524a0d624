/* 97 end: what is left is ended.
 * Before: the payload has ended, or a machine's end was ordered. After: what the payload left had
 * its time to end; a machine's file systems are safe, its status is told, and it is off. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../file.h"
#include "../machine.h"
#include "../report.h"
#include "../stages.h"
#include "../sys.h"
#include "../text.h"

enum { LOOK_AGAIN = 100, KILL_TIME = 2000, TOLD_MAX = 256 }; /* milliseconds; processes */

static uint64_t milliseconds_now(void)
{
	struct timespec now = {0};

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* TERM is said once; the table forgets only when it is full, and then it may be said again. */
static bool is_told(int pid)
{
	static int told[TOLD_MAX];
	static unsigned count;

	for (unsigned i = 0; i < count && i < TOLD_MAX; i++)
		if (told[i] == pid)
			return true;
	told[count++ % TOLD_MAX] = pid;
	return false;
}

/* Signals each process that was left to us. What these leave in turn is ours next. */
static void orphans_signal(int signal)
{
	char text[4096], *word = text, *space;
	uint64_t pid;

	if (file_read("/proc/thread-self/children", text, sizeof(text)) < 0)
		return;
	/* Behind the last whole number is the end, or what was cut off: the next look has it. */
	for (; *(space = word + strcspn(word, " ")); word = space + 1) {
		*space = '\0';
		if (!integer_parse(word, 10, &pid) || (signal == SIGTERM && is_told((int)pid)))
			continue;
		kill((pid_t)pid, signal);
		if (signal == SIGTERM) /* a stopped process takes it only when it goes on */
			kill((pid_t)pid, SIGCONT);
	}
}

/* As the first of a pid namespace, or of a machine, all others are ours. */
static void all_signal(int signal)
{
	kill(-1, signal);
	if (signal == SIGTERM)
		kill(-1, SIGCONT);
}

/* An engine's "exec" puts processes beside us that are not our children. In a machine the kernel's
 * own threads would be counted. */
static bool is_alone(const struct life *life)
{
	return !life->is_first || life->kind == LIFE_MACHINE || kill(-1, 0) < 0;
}

/* Signals the rest until none is left or the time is over. */
static bool rest_signal(const struct life *life, struct payload *payload, int signal, uint64_t time)
{
	uint64_t now = milliseconds_now(), end = now + time;
	bool any_left = children_await(life, payload, 0) || !is_alone(life);

	if (any_left && life->is_first)
		all_signal(signal);
	for (; any_left && now < end && !(payload->is_urgent && signal == SIGTERM);
	     now = milliseconds_now()) {
		if (!life->is_first)
			orphans_signal(signal);
		any_left = children_await(life, payload, LOOK_AGAIN) || !is_alone(life);
	}
	return any_left;
}

/* What the payload left gets TERM, time, KILL. What hangs in the kernel even then is nobody's. */
static void rest_end(const struct life *life, struct payload *payload)
{
	if (rest_signal(life, payload, SIGTERM, (uint64_t)life->grace * 1000))
		rest_signal(life, payload, SIGKILL, KILL_TIME);
}

/* A shell that waits for its user does. That its terminal goes, it heeds. */
static bool ignores_term(int pid)
{
	char path[32] = "/proc/", text[4096], *ignored;
	uint64_t signals;

	text_append_number(path, sizeof(path), (uint64_t)pid);
	text_append(path, sizeof(path), "/status");
	if (file_read(path, text, sizeof(text)) < 0)
		return false;
	for (ignored = text; *ignored && !text_behind(ignored, "SigIgn:");)
		ignored++;
	if (!*ignored)
		return false;
	ignored += sizeof("SigIgn:");
	ignored[16] = '\0';
	return integer_parse(ignored, 16, &signals) && signals & SIGNAL_BIT(SIGTERM);
}

/* An emergency program runs on the console until it ends; then the machine does. */
_Noreturn static void machine_leave(const struct life *life, int status)
{
	struct life last = *life;
	char *words[] = {(char *)life->emergency, NULL};
	struct payload payload = {.pid_fd = -1};

	death_status(); /* this one was ours, not that of a program started from now on */
	last.emergency = NULL;
	last.command = words;
	report_begin(&last);
	if (life->emergency) {
		say("emergency: ", life->emergency, NULL);
		payload = program_start(&last, NULL);
		if (!payload.has_ended)
			watch(&last, &payload);
		if (payload.order)
			last.ending = payload.order;
	}
	rest_end(&last, &payload);
	machine_stop(&last, status);
}

_Noreturn void leave(const struct life *life, int status)
{
	/* In the payload's process the death is the parent's to learn of. */
	if (life->kind == LIFE_MACHINE && getpid() == 1)
		machine_leave(life, status);
	if (life->is_further) /* the keeper waits for PID 1 itself */
		report(CTR_MESSAGE_EXITED, status, -1);
	_exit(status);
}

_Noreturn void end(struct life *life, struct payload *payload)
{
	if (payload->order)
		life->ending = payload->order;
	if (payload->order && !payload->has_ended && ignores_term(payload->pid))
		kill(payload->pid, SIGHUP);
	if (life->kind == LIFE_MACHINE || life->grace)
		rest_end(life, payload);
	if (life->kind == LIFE_MACHINE)
		machine_stop(life, life->statuses[exit_status(payload->status)]);
	if (!life->own_session && life->terminal_fd >= 0) /* for whoever is next in our job */
		foreground_move(KEPT_TERMINAL_FD, payload->pid, getpgrp());
	report_begin(life); /* that was given back */
	if (WTERMSIG(payload->status) == SIGSYS)
		report(CTR_MESSAGE_FILTERED, 0, -1);
	leave(life, life->statuses[exit_status(payload->status)]);
}
