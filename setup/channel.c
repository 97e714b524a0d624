#include "channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int channel_send(int socket_fd, enum ctr_message_type type, int error, int fd)
{
	struct ctr_message message = {.type = type, .error = error};
	struct iovec iov = {&message, sizeof(message)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *cmsg = (struct cmsghdr *)control;

		*cmsg = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(fd)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
		header.msg_control = control;
		header.msg_controllen = sizeof(control);
	}
	return sendmsg(socket_fd, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags)
{
	struct iovec iov = {message, sizeof(*message)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(socket_fd, &header, flags | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = length < 0 ? NULL : CMSG_FIRSTHDR(&header);

	*fd = -1;
	if (length < 0)
		return -errno;
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return length == sizeof(*message) ? 0 : -EPIPE;
}
