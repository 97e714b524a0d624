/* What ctr-init tells the keeper, and how it gives up. */
#ifndef CTR_INIT_REPORT_H
#define CTR_INIT_REPORT_H

#include "ctr/exit.h"
#include "ctr/message.h"
#include "ctr/stage.h"

/* Sends one record; fd is passed beside it unless it is -1. */
void report(enum ctr_message_type type, int fd);

/* Says that a step failed and leaves with CTR_EXIT_FAILURE: the kernel takes the namespaces down.
 * line is the plan's line or 0; what could not be done is given in parts, up to a NULL. */
_Noreturn void die(enum ctr_stage stage, unsigned line, int error, ...);

/* The same for the payload's command: the exit status says whether it was there. */
_Noreturn void die_of_command(enum ctr_exit status, unsigned line, int error, const char *command);

/* The status that die() exited with in this address space, which a vfork(2) child shares with its
 * parent; 0 when it did not. */
int death_status(void);

#endif
