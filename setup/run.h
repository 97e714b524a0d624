/* One run of ctr-setup: what was found, made and taken, for those who come later and for those who
 * undo it. Each member is written by one stage (named beside it) and read by the others.
 */
#ifndef CTR_SETUP_RUN_H
#define CTR_SETUP_RUN_H

#include <limits.h>
#include <sys/types.h>

#include "cgroup/cgroup.h"
#include "devices.h"
#include "layers.h"
#include "spec.h"
#include "userns.h"
#include "victims.h"

/* What the exit status alone does not tell. */
enum end {
	END_FAILED,   /* before the command began; also as long as nothing else is known */
	END_GIVEN_UP, /* by a signal, before the command began */
	END_TIMEOUT,
	END_COMMAND, /* the status is the command's */
};

struct run {
	const struct spec *spec; /* main */

	/* 10 preflight */
	char name[72];
	struct layers layers;
	struct devices devices;
	struct groups groups; /* their paths: 20 state */
	int init_fd;	      /* sealed ctr-init */
	int filter_fd;	      /* sealed filter of system calls; -1: none */
	char *plan;
	size_t plan_size;
	struct ids user_ids, group_ids; /* with --userns */
	unsigned console_fds; /* bit set of the descriptors that a pty is to serve; 0: none */
	int report_fd;	      /* where the report goes; -1: none is asked for */
	uint64_t began_ns;    /* of CLOCK_MONOTONIC; 0: nobody asks */

	/* 20 state */
	char state_path[PATH_MAX];
	int state_fd;	       /* its lock */
	int upper_fd, work_fd; /* their locks; with --ephemeral, of upper alone and no lock: 95 */
	struct place upper_place, work_place;
	int64_t upper_before, upper_after; /* bytes of upper; -1: not known, or nobody asks */
	int exec_fd;			   /* where "ctr-setup exec" knocks */
	bool state_made, record_made, exec_made;

	/* 30 cgroup */
	/* after leaving: what could not be removed */
	size_t groups_made;
	const struct group *nested; /* whose nest the keeper is in, or NULL */
	int kernel_log_fd;	    /* at its end when the run began; -1: none */
	struct usage usage;	    /* both after leaving */
	struct victims victims;

	/* 40 namespaces */
	int socket_fd; /* the keeper's or the container's end */
	int pid_fd;
	pid_t pid; /* of PID 1; 0: not there or reaped */

	/* 50 rootfs */
	int userns_fd; /* whose ids the layers get; -1: none */
	int *tree_fds; /* of the plan's attach lines: detached mounts */
	size_t tree_count;
	int root_fd; /* the root, mounted */

	/* 95 watch */
	int status; /* exit status of ctr-setup */
	enum end end;

	/* report.c, when all is left */
	uint64_t wall_ns;
};

/* A run of which nothing is made yet. */
static inline struct run run_begin(const struct spec *spec)
{
	return (struct run){
		.spec = spec,
		.init_fd = -1,
		.filter_fd = -1,
		.report_fd = -1,
		.upper_before = -1,
		.upper_after = -1,
		.state_fd = -1,
		.upper_fd = -1,
		.work_fd = -1,
		.exec_fd = -1,
		.kernel_log_fd = -1,
		.socket_fd = -1,
		.userns_fd = -1,
		.root_fd = -1,
		.pid_fd = -1,
	};
}

#endif
