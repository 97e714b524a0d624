/* The user's programs that prepare the root, run by the keeper one after the other: in the
 * container's mount namespace, as root of its user namespace if it has one, for the rest in the
 * host's namespaces and outside the limits. */
#ifndef CTR_SETUP_HOOKS_H
#define CTR_SETUP_HOOKS_H

#include <stddef.h>
#include <sys/types.h>

#include "run.h"

struct hooks {
	size_t begun; /* of the spec's list */
	pid_t pid;    /* of the one that runs */
	int fd;	      /* its pidfd, or -1: none runs. Readable when it has ended */
};

enum hooks_state { HOOKS_RUNNING, HOOKS_DONE, HOOKS_FAILED };

/* Starts the next one. HOOKS_DONE when there is none; HOOKS_FAILED after saying why. */
enum hooks_state hooks_start_next(struct hooks *hooks, const struct run *run);

/* The running one has ended: judges it, and starts the next. */
enum hooks_state hooks_take_end(struct hooks *hooks, const struct run *run);

/* Kills the running one, if there is one, and waits for its end. */
void hooks_stop(struct hooks *hooks);

#endif
