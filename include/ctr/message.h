/* What travels on the descriptor CTR_KEEPER_FD: fixed-size records on a SOCK_SEQPACKET socket.
 *
 * Up, from the container's side to the keeper (ctr-setup):
 *   FAILED   a step before the payload's first instruction failed; the sender then exits with
 *            125, 126 or 127. stage, line (of the plan, 0 when none), error (an errno) and text
 *            (what could not be done, NUL-terminated) say where and why.
 *   HOOKS    the root is mounted, the hooks may run; the sender waits for HOOKS_DONE.
 *   CONSOLE  the pty's master travels beside this record (SCM_RIGHTS); it belongs to the receiver.
 *   STARTED  the payload's execve(2) succeeded. What comes after it is not to be trusted.
 *   UPPER    from ctr-setup's own part: a descriptor of an upper layer in memory travels beside it,
 *            for the keeper to look at when the container is gone.
 * Down: HOOKS_DONE, error 0 when all hooks succeeded.
 *   TREE     to a child in a user namespace, whose ids are mapped now. Of root's making a detached
 *            mount travels beside each such record, for the plan's attach lines in their order;
 *            beside the last one the container's root, mounted. Else there is one, without any.
 *
 * End-of-file means that the other side is dead.
 */
#ifndef CTR_MESSAGE_H
#define CTR_MESSAGE_H

#include <stdint.h>

enum { CTR_KEEPER_FD = 4 };

enum ctr_message_type {
	CTR_MESSAGE_FAILED = 1,
	CTR_MESSAGE_HOOKS,
	CTR_MESSAGE_HOOKS_DONE,
	CTR_MESSAGE_CONSOLE,
	CTR_MESSAGE_STARTED,
	CTR_MESSAGE_TREE,
	CTR_MESSAGE_UPPER,
};

struct ctr_message {
	uint32_t type; /* enum ctr_message_type */
	uint32_t stage;
	uint32_t line;
	int32_t error;
	char text[496];
};

#endif
