/* The process of "ctr-setup exec": its socket leads to the command's in the container. */
#ifndef CTR_SETUP_EXEC_H
#define CTR_SETUP_EXEC_H

#include <stdbool.h>
#include <time.h>

#include "../caller.h"
#include "../spec.h"

struct client {
	const char *name; /* of the container */
	struct spec spec;
	unsigned console_fds;
	int keeper_fd, other_fd; /* our socket's other end, until the keeper has it */
	int socket_fd, filter_fd;
	struct caller caller;
	bool handed_over, started, has_said_why, was_filtered;
	bool was_asked; /* for the end, before the command began */
	int status;	/* the command's; -1: not known */
	int given_up;	/* the signal that ended us before the command did */
	int unheard;	/* a signal that asked for the end, which the other side has yet to take */
	struct timespec unheard_until;
};

/* Finds the keeper and makes the sockets. Returns 0, or -errno after fail(). */
int client_begin(struct client *client);
/* keeper_fd is ready, as far as that can be known: asks, once. The keeper may be stopped, and
 * others wait for it, too. False: it cannot be asked, which was said. */
bool client_ask(struct client *client);
/* Sends the command's process what it is to be, by the container's own plan. Returns 0, or -errno
 * after fail(). */
int client_hand_over(struct client *client, int own_plan_fd);

#endif
