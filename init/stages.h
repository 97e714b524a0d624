/* The stages of ctr-init, in their order. Each carries out the plan's lines of its own verbs; what
 * fails before the payload runs ends in die(), so nothing here returns an error.
 */
#ifndef CTR_INIT_STAGES_H
#define CTR_INIT_STAGES_H

#include <sys/wait.h>

#include "ctr/exit.h"
#include "life.h"
#include "plan.h"

enum { KEPT_TERMINAL_FD = 3 }; /* where 95 keeps the terminal of a job for 97 */

/* The program that a life is about, or a hook of it. */
struct payload {
	int pid;
	int pid_fd; /* tells of its end where the kernel reaps for us, else -1 */
	bool has_ended;
	int status;	/* of wait(2), once it has */
	bool is_urgent; /* a signal asked for the end while it was under way */
	uint8_t order;	/* ORDER_...: a signal asked for the machine's end; else 0 */
};

/* 60 Finds out what life it is and blocks every signal first of all; fills life and plan. */
void handover_accept(char **argv, struct life *life, struct plan *plan);
/* 65 The plan's root becomes /; the host's tree is let go of. */
void root_pivot(const struct plan *plan);
/* 70 File systems and attached mounts, in the plan's order. */
void mounts_make(const struct life *life, const struct plan *plan);
/* 75 Device nodes, links, and the pty whose master goes to the keeper. */
void devices_make(struct life *life, const struct plan *plan);
/* 80 Host name, loopback, settings, masked and read-only paths. */
void identity_set(const struct plan *plan);
/* 82 A machine's hooks, and its move from the initramfs to its disk. */
void machine_boot(struct life *life, const struct plan *plan);
/* 85 What PID 1 and the payload give up together: bounding set, new privileges. */
void privileges_limit(const struct plan *plan);
/* 90 Starts the payload: life's command, else the first exec line of the plan whose file is there.
 * Its execve(2) has succeeded. */
struct payload payload_start(const struct life *life, const struct plan *plan);
/* 90 The command cannot be executed, for this errno: leaves with 126 or 127. */
_Noreturn void command_refuse(int error, const struct line *line, const char *command);
/* 95 Reaps and forwards signals until the payload has ended or a machine's end is ordered. Where
 * the keeper asks for a further command it returns twice, true in a child: that is a copy of PID 1,
 * of whose memory all but the stack is as at the start, and is to live that command's life. */
bool watch(const struct life *life, struct payload *payload);
/* 97 Ends what the payload left, and leaves with its status. */
_Noreturn void end(struct life *life, struct payload *payload);

/* The exit status that a status of wait(2) stands for: 128 + n for signal n. */
static inline int exit_status(int status)
{
	return WIFSIGNALED(status) ? (CTR_EXIT_SIGNAL + WTERMSIG(status)) & 0xff
				   : WEXITSTATUS(status);
}

/* Between them.
 *
 * 60: parses and checks the plan in a file, which stays the caller's. */
void plan_read(int fd, struct plan *plan);
/*
 * No one may trace us or look at our descriptors, and the keeper's death is ours. The payload's
 * start may undo either (it changes ids in our memory), so 60, 85 and 95 do it. */
void self_protect(void);
/* 85, for the payload's process: limits, groups, ids, capabilities. */
void privileges_drop(const struct plan *plan);
/* 85, for the payload's process, last: the plan's filter. What it forbids is forbidden at once. */
void system_calls_filter(void);
/* 85, for PID 1 of a container once the payload runs: only the right to signal it is in effect.
 * What a further command may have is kept in reserve; that command's own process keeps none. */
void privileges_keep(const struct life *life);
/* 85, for the process of a further command: all that PID 1 has in reserve comes into effect. */
void privileges_raise(void);
/* 82, for 60: our descriptors 0-2 become the device at path. False: it cannot be opened. */
bool console_open(const char *path);
/* 82, for 97: runs "FILE stop" for each of the machine's hooks that was started. */
void hooks_stop(const struct life *life);
/* 90, for 95 and 97: process group to takes the place of from in the terminal's foreground. False:
 * from is not there. */
bool foreground_move(int fd, int from, int to);
/* 90, for 82 and 97: the same for a program of a machine's own. It has_ended already when it could
 * not be executed, which was said. Without a plan it keeps all privileges and needs a command. */
struct payload program_start(const struct life *life, const struct plan *plan);
/* 95, for 97: waits for a signal or the time, then reaps and notes the payload's end. False: no
 * child is left. */
bool children_await(const struct life *life, struct payload *payload, unsigned milliseconds);
/* 97: gives up with status, after the reason was told. A machine ends as it was told to. */
_Noreturn void leave(const struct life *life, int status);

#endif
