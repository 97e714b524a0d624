/* What travels on the descriptor CTR_KEEPER_FD: fixed-size records on a SOCK_SEQPACKET socket.
 *
 * Up, from the container's side to the keeper (ctr-setup):
 *   FAILED   a step before the payload's first instruction failed; the sender then exits with
 *            125, 126 or 127. stage, line (of the plan, 0 when none), error (an errno) and text
 *            (what could not be done, NUL-terminated) say where and why.
 *   HOOKS    the root is mounted, the hooks may run; the sender waits for HOOKS_DONE.
 *   CONSOLE  the pty's master travels beside this record (SCM_RIGHTS); it belongs to the receiver.
 *   STARTED  the payload's execve(2) succeeded. What comes after it is not to be trusted.
 *   STEP     where the plan has a trace line: line was carried out, and text begins with the time
 * of that (struct timespec of CLOCK_MONOTONIC). UPPER    from ctr-setup's own part: a descriptor of
 * an upper layer in memory travels beside it, for the keeper to look at when the container is gone.
 * Down: HOOKS_DONE, error 0 when all hooks succeeded.
 *   TREE     to a child in a user namespace, whose ids are mapped now. Of root's making a detached
 *            mount travels beside each such record, for the plan's attach lines in their order;
 *            beside the last one the container's root, mounted. Else there is one, without any.
 *   COMMAND  once the payload runs: a further command is wanted; the socket of its client, the
 *            process of "ctr-setup exec", travels beside it.
 *
 * A further command. The client sends COMMAND, with one end of a socket, to the keeper, as a
 * datagram to the socket of its state directory. The keeper answers on that end with FILTER, if the
 * container has a filter, and PLAN, both as they were sealed for the container, and passes it on to
 * PID 1. That starts a process, which has the end as its CTR_KEEPER_FD, and for which the client is
 * the keeper: FAILED, CONSOLE and STARTED come up to the client as above. Where PID 1 cannot start
 * a process, FAILED is cut off before its text. EXITED   the command's exit status, or that of who
 * failed, is in error. It is the last. DESCRIPTORS goes down first of all: beside it the command's
 * descriptors 0-2, a plan of its own, sealed, for CTR_PLAN_FD, and the filter, if there is one, for
 * CTR_ATTACH_FD. SIGNAL   goes down for each signal (its number is in error, 1 to 64) for the
 * command.
 *
 * End-of-file means that the other side is dead. It ends the payload, or the command.
 */
#ifndef CTR_MESSAGE_H
#define CTR_MESSAGE_H

#include <stdint.h>

enum { CTR_KEEPER_FD = 4, CTR_DESCRIPTORS_MAX = 5 /* beside one record */ };

enum ctr_message_type {
	CTR_MESSAGE_FAILED = 1,
	CTR_MESSAGE_HOOKS,
	CTR_MESSAGE_HOOKS_DONE,
	CTR_MESSAGE_CONSOLE,
	CTR_MESSAGE_STARTED,
	CTR_MESSAGE_STEP,
	CTR_MESSAGE_TREE,
	CTR_MESSAGE_UPPER,
	CTR_MESSAGE_COMMAND,
	CTR_MESSAGE_FILTER,
	CTR_MESSAGE_PLAN,
	CTR_MESSAGE_DESCRIPTORS,
	CTR_MESSAGE_SIGNAL,
	CTR_MESSAGE_EXITED,
};

struct ctr_message {
	uint32_t type; /* enum ctr_message_type */
	uint32_t stage;
	uint32_t line;
	int32_t error;
	char text[496];
};

#endif
