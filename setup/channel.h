/* The socket between keeper and container: records of include/ctr/message.h, with at most one
 * descriptor beside each. */
#ifndef CTR_SETUP_CHANNEL_H
#define CTR_SETUP_CHANNEL_H

#include "ctr/message.h"

/* Sends one record; fd travels beside it unless it is -1. Returns 0 or -errno. */
int channel_send(int socket_fd, enum ctr_message_type type, int error, int fd);

/* Receives one record; *fd is the caller's descriptor that came beside it, or -1. flags are those
 * of recvmsg(2). Returns 0, or -errno: -EPIPE when the other side is gone. */
int channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags);

#endif
