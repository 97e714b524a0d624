/* The runner of stages.
 *
 * enter returns 0 or -errno and has then said why. leave is called for every stage that was
 * entered, the failing one included, in reverse; it looks only at what enter recorded in run, copes
 * with a half-done enter, cannot fail, and may warn.
 */
#ifndef CTR_SETUP_STAGE_H
#define CTR_SETUP_STAGE_H

#include <stddef.h>

#include "ctr/stage.h"
#include "run.h"

struct stage {
	enum ctr_stage number;
	int (*enter)(struct run *run);
	void (*leave)(struct run *run); /* may be NULL */
};

/* Enters the stages in order until one fails, then leaves those entered. Returns 0 or -errno. */
int stages_run(const struct stage *stages, size_t count, struct run *run);

/* Enters without leaving: for the child, whose end is an exec or an exit. */
int stages_enter(const struct stage *stages, size_t count, struct run *run, size_t *entered);

/* The life on the host's side, and the part of it that the cloned child lives. */
extern const struct stage host_stages[];
extern const size_t host_stages_count;
extern const struct stage child_stages[];
extern const size_t child_stages_count;

int preflight_enter(struct run *run);
/* 10: prints each need and whether it is met, and goes on where one is not; each says what to do.
 * -ENOENT: something is missing. */
int preflight_list(struct run *run);
void preflight_leave(struct run *run);
int state_enter(struct run *run);
void state_leave(struct run *run);
int cgroup_enter(struct run *run);
void cgroup_leave(struct run *run);
int namespaces_enter(struct run *run);
void namespaces_leave(struct run *run);
int rootfs_enter(struct run *run);
/* 50: makes the root among the mounts of this process's namespace, whoever it is. */
int rootfs_make(struct run *run);
int trees_make_room(struct run *run);
/* 40: the child's death is the keeper's, who still lives. */
int keeper_tie(const struct run *run);
int hooks_enter(struct run *run);
int handover_enter(struct run *run);
int watch_enter(struct run *run);

#endif
