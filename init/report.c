#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "stages.h"
#include "text.h"

static const struct life *life;
static volatile int status; /* of the death that die() announced; 0 while alive */

void report_begin(const struct life *of)
{
	life = of;
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

void report(enum ctr_message_type type, int error, int fd)
{
	struct ctr_message message = {.type = type, .error = error};

	if (life->kind == LIFE_CONTAINER)
		message_send(&message, fd);
}

static void step_report(const struct line *line)
{
	struct ctr_message message = {.type = CTR_MESSAGE_STEP, .line = line->number};

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, message.text);
	if (life->kind == LIFE_CONTAINER)
		message_send(&message, -1);
}

const struct line *step_next(const struct plan *plan, const struct line *line, enum ctr_verb first,
			     enum ctr_verb last)
{
	const struct line *end = plan->lines + plan->count;

	if (line && plan->lines->verb == CTR_VERB_TRACE)
		step_report(line);
	for (line = line ? line + 1 : plan->lines; line < end; line++)
		if (line->verb >= first && line->verb <= last)
			return line;
	return NULL;
}

static void parts_append(char *text, size_t size, const char *part, va_list parts)
{
	for (; part; part = va_arg(parts, const char *))
		text_append(text, size, part);
}

static void line_write(char *text)
{
	size_t length = strlen(text);

	text[length] = '\n'; /* in the place of the NUL: one line is one write(2) */
	(void)!write(STDERR_FILENO, text, length + 1);
}

void say(const char *part, ...)
{
	char text[512] = "ctr-init: ";
	va_list parts;

	va_start(parts, part);
	parts_append(text, sizeof(text), part, parts);
	va_end(parts);
	line_write(text);
}

/* "70 mounts: " */
static const char *stage_text(unsigned stage)
{
	static const char stages[] UNALIGNED =
#define STAGE(id, number, name) #number " " name ": \0"
		CTR_INIT_STAGES(STAGE);
#undef STAGE

	for (const char *text = stages; *text; text += strlen(text) + 1)
		if ((unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0') == stage)
			return text;
	return "";
}

/* The keeper has words of its own for all this; here they are ours. */
static void message_say(const struct ctr_message *message)
{
	char number[24] = "", spare[24];

	text_append_number(number, sizeof(number), message->line);
	say(life->kind == LIFE_MACHINE ? stage_text(message->stage) : "", message->text,
	    message->error ? ": " : "", message->error ? error_text(message->error, spare) : "",
	    message->line ? " (line " : "", message->line ? number : "",
	    message->line ? " of the plan)" : "", NULL);
}

_Noreturn static void parts_leave(int with, enum ctr_stage stage, const struct line *line,
				  const char *part, va_list parts)
{
	struct ctr_message message = {
		.type = CTR_MESSAGE_FAILED,
		.stage = stage,
		.line = line ? line->number : 0,
		.error = errno,
	};

	text_append(message.text, sizeof(message.text), "cannot ");
	parts_append(message.text, sizeof(message.text), part, parts);
	if (life->kind == LIFE_CONTAINER)
		message_send(&message, -1);
	else
		message_say(&message);
	status = with;
	leave(life, with);
}

_Noreturn void die(enum ctr_stage stage, const struct line *line, const char *part, ...)
{
	va_list parts;

	va_start(parts, part);
	parts_leave(CTR_EXIT_FAILURE, stage, line, part, parts);
}

_Noreturn static void command_leave(int with, const struct line *line, const char *part, ...)
{
	va_list parts;

	va_start(parts, part);
	parts_leave(with, CTR_STAGE_PAYLOAD, line, part, parts);
}

_Noreturn void die_of_command(enum ctr_exit with, const struct line *line, const char *command,
			      const char *why)
{
	command_leave((int)with, line, "execute ", command, why, NULL);
}

int death_status(void)
{
	int was = status;

	status = 0;
	return was;
}
