#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile int status; /* of the death that die() announced; 0 while alive */

static void text_append(char *text, size_t size, const char *part)
{
	size_t used = strlen(text);
	size_t length = strlen(part);

	if (length > size - 1 - used)
		length = size - 1 - used;
	memcpy(text + used, part, length);
	text[used + length] = '\0';
}

static void message_send(const struct ctr_message *message, int fd)
{
	struct iovec iov = {(void *)message, sizeof(*message)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *cmsg = (struct cmsghdr *)control;

		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
		header.msg_control = control;
		header.msg_controllen = sizeof(control);
	}
	/* A keeper that is gone takes this process with it; nobody else is there to tell. */
	(void)sendmsg(CTR_KEEPER_FD, &header, MSG_NOSIGNAL);
}

void report(enum ctr_message_type type, int fd)
{
	struct ctr_message message = {.type = type};

	message_send(&message, fd);
}

_Noreturn static void leave(struct ctr_message *message, int with)
{
	message->type = CTR_MESSAGE_FAILED;
	message_send(message, -1);
	status = with;
	_exit(with);
}

_Noreturn void die(enum ctr_stage stage, unsigned line, int error, ...)
{
	struct ctr_message message = {.stage = stage, .line = line, .error = error};
	const char *part;
	va_list parts;

	va_start(parts, error);
	while ((part = va_arg(parts, const char *)))
		text_append(message.text, sizeof(message.text), part);
	va_end(parts);
	leave(&message, CTR_EXIT_FAILURE);
}

_Noreturn void die_of_command(enum ctr_exit with, unsigned line, int error, const char *command)
{
	struct ctr_message message = {.stage = CTR_STAGE_PAYLOAD, .line = line, .error = error};

	text_append(message.text, sizeof(message.text), "cannot execute ");
	text_append(message.text, sizeof(message.text), command);
	leave(&message, (int)with);
}

int death_status(void)
{
	return status;
}
