/* A start that we are asked about before each of its system calls, so that we can let one of them
 * fail, or kill who makes it.
 *
 * By a filter of seccomp_unotify(2): it needs no ptrace(2), which would change who is whose parent,
 * and counts all calls of a process, whichever they are. What the dynamic loader does before main()
 * is not counted, nor is what a process does once it has executed another program; execveat(2) is
 * not meant by that, as ctr-init comes by it.
 */
#ifndef CTR_TESTS_TAMPER_H
#define CTR_TESTS_TAMPER_H

#include "lab.h"

enum { TAMPER_POINTS = 4096, TAMPER_PROCESSES = 8 };

struct point {
	unsigned process; /* in the order in which they appear: the keeper is 0, PID 1 is 1 */
	int call;
	unsigned nth; /* of its calls of that number, from 1 on */
};

struct points {
	struct point items[TAMPER_POINTS];
	size_t count;
};

struct fault {
	struct point at;
	int error; /* 0: SIGKILL */
};

/* ctr-setup with these arguments, to the end of all that it started. Each call is put into points,
 * unless that is NULL; the one of fault fails, unless that is NULL, and *done is set. A program in
 * the container that polls its stdin is given empty lines, but not when the keeper was killed: it
 * is to end by that. Returns NULL when anybody is still there after a long time. */
const struct result *tamper(const struct call *call, const char *const *arguments,
			    struct points *points, const struct fault *fault, bool *done);

#endif
