/* What ctr-init tells, and how it gives up: to the keeper in a container, else on stderr. */
#ifndef CTR_INIT_REPORT_H
#define CTR_INIT_REPORT_H

#include "ctr/exit.h"
#include "ctr/message.h"
#include "ctr/stage.h"
#include "life.h"
#include "plan.h"

/* From now on die() knows whom to tell and how to leave. life stays the caller's. */
void report_begin(const struct life *life);

/* Sends the keeper one record, if there is a keeper; fd is passed beside it unless it is -1. */
void report(enum ctr_message_type type, int error, int fd);

/* A line on stderr: "ctr-init: " and the parts, up to a NULL. */
void say(const char *part, ...);

/* Says that a step failed and leaves with CTR_EXIT_FAILURE: the kernel takes the namespaces down.
 * A machine ends as it was told to. errno says why, 0 if the text does; line is the plan's or NULL;
 * the parts, up to a NULL, follow "cannot ". */
_Noreturn void die(enum ctr_stage stage, const struct line *line, const char *part, ...);

/* The same for the payload's command: the exit status says whether it was there, and why, "" or
 * " (text)", what is known beside errno. */
_Noreturn void die_of_command(enum ctr_exit status, const struct line *line, const char *command,
			      const char *why);

/* The status that die() exited with in this address space, which a vfork(2) child shares with its
 * parent; 0 when it did not. Reading it forgets it. */
int death_status(void);

#endif
