/* The stages of ctr-init, in their order. Each carries out the plan's lines of its own verbs; what
 * fails before the payload runs ends in die(), so nothing here returns an error.
 */
#ifndef CTR_INIT_STAGES_H
#define CTR_INIT_STAGES_H

#include "plan.h"

/* No one may trace us or look at our descriptors, and the keeper's death is ours. The payload's
 * start may undo either (it changes ids in our memory), so it is done before and after. */
void self_protect(void);

/* 60 Takes the plan and the keeper's socket over and fills plan, whose text lives for ever. */
void handover_accept(struct plan *plan);
/* 65 The plan's root becomes /; the host's tree is let go of. */
void root_pivot(const struct plan *plan);
/* 70 File systems and attached mounts, in the plan's order. */
void mounts_make(const struct plan *plan);
/* 75 Device nodes, links, and the pty whose master goes to the keeper. */
void devices_make(const struct plan *plan);
/* 80 Host name, loopback, masked and read-only paths. */
void identity_set(const struct plan *plan);
/* 85 What PID 1 and the payload give up together: bounding set, new privileges. */
void privileges_limit(const struct plan *plan);
/* 85 In the payload's process: limits, groups, ids, capabilities. */
void privileges_drop(const struct plan *plan);
/* 85 In PID 1, once the payload runs: it keeps the right to signal it, and no other. */
void privileges_keep_kill(void);
/* 90 Starts the payload and returns its pid once its execve(2) succeeded. */
int payload_start(const struct plan *plan);
/* 75, for 90: the pty's slave and the bit set of the payload's descriptors it serves; -1: none. */
int console_slave(unsigned *fds);
/* 75, for 95: what PID 1 has on its own descriptors 0-2 once the payload runs. */
int idle_descriptor(void);
/* 95 Reaps, forwards signals, returns the exit status to leave with once pid ended. */
int watch(int pid);

#endif
