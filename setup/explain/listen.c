/* What is no change, and is listened to, by --wrap as well: the stages, the socket, and the plan.
 */
#include "listen.h"

#include <string.h>
#include <time.h>

#include "../channel.h"
#include "../log.h"
#include "../plan.h"
#include "pretence.h"
#include "step.h"

static char *plan;

char *plan_text(void)
{
	return plan;
}

int __real_plan_compile(const struct spec *spec, const struct plan_facts *facts, char **text,
			size_t *size);
int __wrap_plan_compile(const struct spec *spec, const struct plan_facts *facts, char **text,
			size_t *size);
int __wrap_plan_compile(const struct spec *spec, const struct plan_facts *facts, char **text,
			size_t *size)
{
	int rc = __real_plan_compile(spec, facts, text, size);

	if (rc == 0)
		plan = strdup(*text);
	return rc;
}

void __real_log_stage(unsigned stage);
void __wrap_log_stage(unsigned stage);
void __wrap_log_stage(unsigned stage)
{
	step_stage(stage);
	if (stage >= CTR_STAGE_ROOTFS)
		child_has_settled();
	__real_log_stage(stage);
}

int __real_channel_send(int socket_fd, enum ctr_message_type type, int error, int fd);
int __wrap_channel_send(int socket_fd, enum ctr_message_type type, int error, int fd);
int __wrap_channel_send(int socket_fd, enum ctr_message_type type, int error, int fd)
{
	source_send(fd);
	return __real_channel_send(socket_fd, type, error, fd);
}

/* In a trace: ctr-init has carried out a line of the plan. */
static void step_tell(const struct ctr_message *message)
{
	const char *line = plan ? plan : "";
	struct timespec at;

	for (unsigned i = 1; i < message->line && *line; i++) {
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	memcpy(&at, message->text, sizeof(at));
	step_of_plan(line, &at);
}

int __real_channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags);
int __wrap_channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags);
int __wrap_channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags)
{
	int rc = __real_channel_receive(socket_fd, message, fd, flags);

	while (rc == 0 && message->type == CTR_MESSAGE_STEP) {
		step_tell(message);
		rc = __real_channel_receive(socket_fd, message, fd, flags);
	}
	if (rc < 0)
		return rc;
	if (message->type == CTR_MESSAGE_STARTED) {
		step_stage(CTR_STAGE_PAYLOAD);
		step_note(0, "execve(2) has succeeded: the command runs");
	}
	source_receive(*fd);
	return 0;
}
