/* 95 watch: PID 1 at work.
 * Before: the payload runs. After: it has ended, or a machine's end was ordered. In between nothing
 * here can end the life: there is no way to fail, and the compiler sees to it.
 *
 * PID 1 lives for as long as all else does, so what it needs meanwhile lies together: the code on
 * one page ("resident", which calls nothing but the kernel), the rest in the caller's stack frames.
 * Every other page of it goes back to the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../raw.h"
#include "../report.h"
#include "../stages.h"
#include "../sys.h"
#include "../text.h"

#pragma GCC poison die die_of_command leave exit _exit abort

enum { PAGE = 4096 };

#define RESIDENT __attribute__((section("resident"), noinline))

/* It is shorter than half a page: so aligned it lies on one, wherever the rest ends. */
__asm__(".pushsection resident,\"ax\",%progbits\n.p2align 11\n.popsection");

/* pidfd_open(2) and PIDFD_GET_INFO of linux/pidfd.h, which older headers lack. */
struct pid_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t status; /* as wait(2) */
};
#define PID_GET_INFO  _IOWR(0xff, 11, struct pid_info)
#define PID_INFO_EXIT (UINT64_C(1) << 3)

static void number_say(const char *what, long number)
{
	char text[24] = "";

	text_append_number(text, sizeof(text), (uint64_t)number);
	say(what, text, NULL);
}

/* Reaps whatever has ended: SIGCHLD says "at least one". False: no child is left. */
RESIDENT static bool children_reap(const struct life *life, struct payload *payload)
{
	long child;
	int status;

	while ((child = raw4(SYS_wait4, -1, (long)&status, WNOHANG, 0)) > 0) {
		if (child == payload->pid) {
			payload->status = status;
			payload->has_ended = true;
		} else if (life->says_reaped) {
			number_say("reaped process ", child);
		}
	}
	return child == 0;
}

/* The kernel has reaped them; the payload's descriptor keeps its status. False: it cannot tell. */
RESIDENT static bool payload_look(struct payload *payload)
{
	struct pid_info info;

	info.mask = PID_INFO_EXIT;
	if (raw3(SYS_ioctl, payload->pid_fd, PID_GET_INFO, (long)&info) < 0)
		return false;
	if (info.mask & PID_INFO_EXIT) {
		payload->status = info.status;
		payload->has_ended = true;
	}
	return true;
}

/* SIGCHLD comes before the status is there, and no second one will: a payload that is no child of
 * ours any more is waited for. */
RESIDENT static void payload_attend(struct payload *payload)
{
	struct pollfd end = {.fd = payload->pid_fd}; /* pidfd_open(2): hangs up when it is reaped */

	if (raw4(SYS_wait4, payload->pid, 0, WNOHANG, 0) == -ECHILD)
		raw(SYS_ppoll, (long)&end, 1, 0, 0, 0, 0);
	payload_look(payload);
}

bool children_await(const struct life *life, struct payload *payload, unsigned milliseconds)
{
	uint64_t all = ALL_SIGNALS;
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	long signal = syscall(SYS_rt_sigtimedwait, &all, NULL, &time, sizeof(all));

	if (payload->pid_fd >= 0 && !payload->has_ended)
		payload_look(payload);
	if (signal == SIGTERM || signal == SIGINT || signal == SIGQUIT)
		payload->is_urgent = true;
	return children_reap(life, payload);
}

/* We were brought to the foreground of the terminal: that is meant for the payload. */
static bool foreground_pass(const struct life *life, const struct payload *payload)
{
	return life->terminal_fd >= 0 && foreground_move(KEPT_TERMINAL_FD, getpgrp(), payload->pid);
}

/* The payload, a job of our session, was stopped, and whoever waits for us cannot see it. We stop
 * as well, unless it missed that we are in the foreground; as the first of a pid namespace we
 * cannot, so it goes on. */
static void stop_follow(const struct life *life, const struct payload *payload, int signal)
{
	bool missed = (signal == SIGTTIN || signal == SIGTTOU) && foreground_pass(life, payload);

	if (missed || (life->is_first && signal == SIGTSTP))
		kill(-payload->pid, SIGCONT);
	else
		kill(getpid(), SIGSTOP); /* of no effect for the first */
}

/* Errors are of no interest: the payload may just have ended, or have become another user's. */
RESIDENT static void forward(const struct life *life, struct payload *payload, int signal)
{
	uint8_t to = life->becomes[signal];
	long target = payload->pid;

	if (to > SIGNALS) {
		payload->order = to;
		return;
	}
	if (!to)
		return;
	if (life->says_forwarded)
		number_say("forwarding signal ", to);
	if (to == SIGCONT && !life->own_session)
		foreground_pass(life, payload);
	if (life->to_group & SIGNAL_BIT(to))
		target = -target;
	raw3(SYS_kill, target, to, 0);
}

/* Takes a record from the socket: of the keeper or, in the process of a further command, of its
 * client, whose end is ours. False: there is none. */
RESIDENT static bool record_take(const struct life *life, struct payload *payload)
{
	struct {
		struct cmsghdr header;
		int fd;
	} control;
	struct {
		uint32_t type, stage, line;
		int32_t error;
	} record; /* as struct ctr_message begins */
	struct iovec iov = {&record, sizeof(record)};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(control.fd)),
	};
	long size = raw3(SYS_recvmsg, CTR_KEEPER_FD, (long)&header, MSG_DONTWAIT);

	if (size < 0)
		return size == -ECONNRESET; /* the other side is gone: its end comes next */
	if (size == 0) {
		raw3(SYS_kill, -payload->pid, SIGKILL, 0);
		return false;
	}
	if (record.type == CTR_MESSAGE_SIGNAL) {
		if (record.error > 0 && record.error <= SIGNALS)
			forward(life, payload, record.error);
		return true;
	}
	if (!header.msg_controllen) /* we had no room for it */
		return true;
	record.error = -raw_fork();
	if (record.error == 0) {
		raw3(SYS_dup3, control.fd, CTR_KEEPER_FD, 0);
		payload->pid = 0;
		payload->has_ended = true;
		return false;
	}
	if (record.error > 0) {
		record.type = CTR_MESSAGE_FAILED;
		record.stage = CTR_STAGE_PAYLOAD;
		raw(SYS_sendto, control.fd, (long)&record, sizeof(record), MSG_NOSIGNAL, 0, 0);
	}
	raw3(SYS_close, control.fd, 0, 0);
	return true;
}

RESIDENT static void children_attend(const struct life *life, struct payload *payload)
{
	siginfo_t info;

	if (payload->pid_fd >= 0)
		payload_attend(payload);
	else
		children_reap(life, payload);
	while (life->kind == LIFE_CONTAINER && record_take(life, payload))
		;
	if (life->own_session || payload->has_ended)
		return;
	info.si_pid = 0;
	if (raw(SYS_waitid, P_PID, payload->pid, (long)&info, WSTOPPED | WNOHANG, 0, 0) == 0 &&
	    info.si_pid)
		stop_follow(life, payload, info.si_status);
}

/* Gives back every page but this one and the stack that is in use. The code of this page becomes a
 * mapping of its own by having other flags than the rest, so that touching it brings no
 * neighbours in (madvise(2); what is dropped comes back from the file when it is called). */
RESIDENT static void memory_release(void)
{
	extern char __executable_start[], __start_resident[], __stop_resident[], _end[];
	uintptr_t first = (uintptr_t)__executable_start & -(uintptr_t)PAGE;
	uintptr_t here = (uintptr_t)__start_resident & -(uintptr_t)PAGE;
	uintptr_t behind = ((uintptr_t)__stop_resident + PAGE - 1) & -(uintptr_t)PAGE;
	uintptr_t end = ((uintptr_t)_end + PAGE - 1) & -(uintptr_t)PAGE;
	uintptr_t stack = ((uintptr_t)__builtin_frame_address(0) - 1024) & -(uintptr_t)PAGE;

	raw3(SYS_madvise, (long)here, (long)(behind - here), MADV_RANDOM);
	raw3(SYS_madvise, (long)first, (long)(here - first), MADV_DONTNEED);
	raw3(SYS_madvise, (long)behind, (long)(end - behind), MADV_DONTNEED);
	raw3(SYS_madvise, (long)(stack - 32 * PAGE), 32 * PAGE, MADV_DONTNEED);
}

RESIDENT static void attend(const struct life *life, struct payload *payload)
{
	uint64_t all = ALL_SIGNALS;

	if (life->kind != LIFE_MACHINE)
		memory_release();
	/* sigaction(2) may have dropped a SIGCHLD that was pending: look once without one. */
	children_attend(life, payload);
	while (!payload->has_ended && !payload->order) {
		long signal = raw4(SYS_rt_sigtimedwait, (long)&all, 0, 0, sizeof(all));

		if (signal == SIGCHLD)
			children_attend(life, payload);
		else if (signal > 0)
			forward(life, payload, (int)signal);
	}
}

/* Is the running kernel of this version, or a later one? */
static bool kernel_is(unsigned major, unsigned minor)
{
	struct utsname name;
	unsigned numbers[2] = {0, 0};
	const char *text = name.release;

	if (syscall(SYS_uname, &name) < 0)
		return false;
	for (unsigned i = 0; i < 2; i++, text++)
		for (; *text >= '0' && *text <= '9'; text++)
			numbers[i] = numbers[i] * 10 + (unsigned)(*text - '0');
	return numbers[0] > major || (numbers[0] == major && numbers[1] >= minor);
}

/* wait(2) goes through all living children before it finds one that has ended. A kernel that keeps
 * the status in the payload's descriptor can reap by itself instead, and we never look. Earlier
 * ones have the same ioctl without the status, and cannot be asked whether they do. */
static void children_disown(const struct life *life, struct payload *payload)
{
	struct sys_action action = {.handler = SIG_DFL, .flags = SA_NOCLDWAIT};

	if (life->says_reaped || !kernel_is(6, 15))
		return;
	payload->pid_fd = (int)syscall(SYS_pidfd_open, payload->pid, 0);
	if (payload->pid_fd >= 0 && payload_look(payload))
		sys_sigaction(SIGCHLD, &action, NULL);
	else
		payload->pid_fd = -1;
	children_reap(life, payload); /* who ended before that */
}

/* Peers see the payload's end-of-file only when no one else holds the descriptor; a directory that
 * is ours cannot be unmounted. */
static void descriptors_release(const struct life *life)
{
	int terminal = -1, idle = life->idle_fd, first = 3;

	if (!life->own_session && life->terminal_fd >= 0)
		terminal = fcntl(life->terminal_fd, F_DUPFD_CLOEXEC, KEPT_TERMINAL_FD);
	if (idle < 0)
		idle = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
	for (int i = 0; i < 3; i++)
		if (i < 2 || !(life->says_reaped || life->says_forwarded))
			dup2(idle, i);
	if (terminal >= 0)
		first = dup2(terminal, KEPT_TERMINAL_FD) + 1;
	if (life->kind == LIFE_CONTAINER) {
		close(CTR_PLAN_FD);
		first = CTR_KEEPER_FD + 1;
	}
	sys_close_range((unsigned)first, ~0U);
	(void)!chdir("/");
}

/* The kernel is to tell us of the socket by SIGCHLD, which is never passed on, and which says no
 * more than that it is time to look. */
static void socket_watch(void)
{
	fcntl(CTR_KEEPER_FD, F_SETSIG, SIGCHLD);
	fcntl(CTR_KEEPER_FD, F_SETOWN, getpid());
	fcntl(CTR_KEEPER_FD, F_SETFL, O_ASYNC);
}

bool watch(const struct life *life, struct payload *payload)
{
	report(CTR_MESSAGE_STARTED, 0, -1);
	if (life->kind != LIFE_MACHINE) {
		descriptors_release(life);
		children_disown(life, payload);
	}
	if (life->kind == LIFE_CONTAINER) {
		socket_watch();
		privileges_keep(life);
		self_protect();
	}
	attend(life, payload);
	return !payload->pid;
}
