/* What travels on the descriptor CTR_KEEPER_FD: records of a fixed size on a SOCK_SEQPACKET socket.
 */
/* clang-format off */
/*
 * A start. "Up" is from the container's side to the keeper (ctr-setup), "down" the other way.
 *
 * type         way   fields and descriptors (SCM_RIGHTS)
 * FAILED       up    A step before the payload's first instruction failed. stage, line (of the
 *                    plan; 0: none), error (an errno) and text (what could not be done,
 *                    NUL-terminated) say where and why. The sender then exits with 125, 126 or 127.
 * HOOKS        up    The root is mounted, the hooks may run. The sender waits for HOOKS_DONE.
 * HOOKS_DONE   down  error: 0 when all hooks succeeded.
 * TREE         down  To a child in a user namespace, whose ids are mapped by now. With root's help
 *                    there is one for each attach line of the plan, in their order, and a last one:
 *                    a descriptor each, of a detached mount, and of the mounted root in the last.
 *                    Without it there is one record, with no descriptor.
 * UPPER        up    From ctr-setup's own part. A descriptor: the upper layer in memory, which the
 *                    keeper looks at when the container is gone.
 * STEP         up    Where the plan has a trace line: line was carried out. text begins with the
 *                    time of that (struct timespec of CLOCK_MONOTONIC).
 * CONSOLE      up    A descriptor: the pty's master. It is the receiver's from then on.
 * STARTED      up    The payload's execve(2) succeeded.
 * COMMAND      down  After STARTED: a further command is wanted. A descriptor: the socket of its
 *                    client, the process of "ctr-setup exec".
 * FILTERED     up    The payload, or the command of exec, was ended by SIGSYS, which its filter
 *                    sends. At most one, right before the sender's end.
 *
 * A further command. The client sends COMMAND with one end of a socket to the keeper, as a datagram
 * to the socket in its state directory. The keeper answers on that end and passes it on to PID 1.
 * PID 1 forks a process that has the end as its CTR_KEEPER_FD: the client is its keeper, and
 * FAILED, CONSOLE and STARTED come up as above. "Up" is to the client.
 *
 * FILTER       up    From the keeper, if the container has a filter. A descriptor: the filter, as
 *                    it was sealed for the container.
 * PLAN         up    From the keeper, its last. A descriptor: the plan, sealed likewise.
 * DESCRIPTORS  down  The first. Descriptors: the command's 0-2, a sealed plan of its own for
 *                    CTR_PLAN_FD and, if there is a filter, that for CTR_ATTACH_FD.
 * FAILED       up    Also from PID 1, where it cannot start a process: it ends before its text.
 * SIGNAL       down  error: the number of a signal for the command, 1 to 64.
 * EXITED       up    error: the exit status of the command, or of who failed. The last.
 *
 * Trust. The keeper and the client are trusted with everything. PID 1 and its children run programs
 * of ours and are trusted until STARTED. After it, a record may be the payload's: the receiver
 * checks each field, uses no text as a format, and closes descriptors that it did not ask for.
 *
 * End-of-file means that the other side is dead. It ends the payload, or the command.
 */
/* clang-format on */
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
	CTR_MESSAGE_FILTERED,
};

struct ctr_message {
	uint32_t type; /* enum ctr_message_type */
	uint32_t stage;
	uint32_t line;
	int32_t error;
	char text[496];
};

#endif
