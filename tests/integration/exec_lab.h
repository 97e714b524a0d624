/* A container in which further commands are run, one at a time of these. */
#ifndef CTR_TESTS_EXEC_LAB_H
#define CTR_TESTS_EXEC_LAB_H

#include "lab.h"

#define TERMINAL CALL(.terminal = true)

extern struct job *container;
extern const char *name; /* of it */

/* A container whose payload says "ready" and then waits for its input to end. */
#define CONTAINER(call, ...)                                                                       \
	container_start(call, ARGUMENTS(__VA_ARGS__ __VA_OPT__(, ) lab_merged(), "--", "sh", "-c", \
					"echo ready; cat"))

#define EXEC(...) job_end(START(NULL, "exec", name, __VA_ARGS__))
/* busybox sh runs script in the container */
#define EXEC_SH(script, ...) job_end(EXEC_START(NULL, script, __VA_ARGS__))
#define EXEC_START(call, script, ...)                                                              \
	START(call, "exec", name, __VA_ARGS__ __VA_OPT__(, ) "--", "sh", "-c", script)

void container_start(const struct call *call, const char *const *arguments);
void container_end(void);

/* PID 1 has no child but the payload. */
bool payload_is_alone(void);
/* PID 1's child for the command of an exec, which is running. */
pid_t watch_of_command(void);
/* The command that it watches over; it may have become another program. */
pid_t command_of(pid_t watch);
/* The descriptors of a process, where they lead, one a line. */
const char *descriptors(pid_t pid);
/* A further command has what the payload has: ids, rights, filter, signals, environment,
 * namespaces, cgroups, limits, directory, session; and nothing of the caller's. */
void is_like_the_payload(void);

#endif
