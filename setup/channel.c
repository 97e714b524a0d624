#include "channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int channel_send_fds(int socket_fd, const struct ctr_message *message, const int *fds, size_t count,
		     int flags)
{
	struct iovec iov = {(void *)message, sizeof(*message)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(CTR_DESCRIPTORS_MAX * sizeof(int))] = {0};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count) {
		struct cmsghdr *cmsg = (struct cmsghdr *)control;

		*cmsg = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(count * sizeof(*fds)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(cmsg), fds, count * sizeof(*fds));
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(count * sizeof(*fds));
	}
	return sendmsg(socket_fd, &header, flags | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int channel_send(int socket_fd, enum ctr_message_type type, int error, int fd)
{
	struct ctr_message message = {.type = type, .error = error};

	return channel_send_fds(socket_fd, &message, &fd, fd >= 0, 0);
}

int channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags)
{
	struct iovec iov = {message, sizeof(*message)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_LEN(sizeof(int)), /* else there is room for a second */
	};
	ssize_t length = recvmsg(socket_fd, &header, flags | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = length < 0 ? NULL : CMSG_FIRSTHDR(&header);
	const ssize_t least = offsetof(struct ctr_message, text);

	*fd = -1;
	if (length < 0)
		return -errno;
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	if (length == least)
		message->text[0] = '\0';
	return length == least || length == sizeof(*message) ? 0 : -EPIPE;
}
