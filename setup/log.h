/* What ctr-setup says on stderr: one printable line an event, with the stage it belongs to.
 *
 * Bytes outside printable ASCII come out as \xNN: names and messages from inside a container, and
 * the user's own arguments, cannot write to the terminal (CVE-2024-28085 and its like).
 */
#ifndef CTR_SETUP_LOG_H
#define CTR_SETUP_LOG_H

#include <stdbool.h>

#include "ctr/stage.h"

/* As in "rootfs" of 50; "unknown stage" for a number that none has. */
const char *stage_name(unsigned stage);

/* Lines from here on carry this stage; 0 for none. */
void log_stage(unsigned stage);
void log_verbose(bool verbose);

/* From here on what fail() said last is kept, also that of children cloned later, who share it. */
void log_reason_keep(void);
/* What fails from here on is no reason any more: the run is being left. */
void log_reason_close(void);
/* "50 rootfs: MESSAGE: STRERROR", printable; "" when nothing failed or nothing was kept. */
const char *log_reason(void);

/* "ctr-setup: 50 rootfs: MESSAGE: STRERROR"; error is an errno, 0 leaves the last part out.
 * Returns -error, -EINVAL for 0, so that the function that knows can say it and return it. */
int fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same line for a stage of the other side. */
void fail_elsewhere(unsigned stage, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Worth knowing, nothing failed. Without a stage. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Only with -v. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
