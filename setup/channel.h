/* The socket between keeper and container, and those of a further command: records of
 * include/ctr/message.h, with descriptors beside them. */
#ifndef CTR_SETUP_CHANNEL_H
#define CTR_SETUP_CHANNEL_H

#include <stddef.h>

#include "ctr/message.h"

/* Sends one record; fd travels beside it unless it is -1. Returns 0 or -errno. */
int channel_send(int socket_fd, enum ctr_message_type type, int error, int fd);

/* The same with count descriptors, at most CTR_DESCRIPTORS_MAX. flags are those of sendmsg(2). */
int channel_send_fds(int socket_fd, const struct ctr_message *message, const int *fds, size_t count,
		     int flags);

/* Receives one record; *fd is the caller's descriptor that came beside it, or -1. flags are those
 * of recvmsg(2). Returns 0, or -errno: -EPIPE when the other side is gone. */
int channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags);

#endif
