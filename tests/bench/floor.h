/* The two halves of the floor: floor.c is the keeper, floor_inside.c the container's PID 1. */
#ifndef CTR_TESTS_BENCH_FLOOR_H
#define CTR_TESTS_BENCH_FLOOR_H

#include <stddef.h>

#define FAILED		  125
#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* Says what could not be done and ends PID 1, if rc is below 0: what the keeper made stays the
 * keeper's. */
void must(long rc, const char *what, const char *object);

/* The working directory, a mount, becomes the container that command runs in. */
_Noreturn void container(char *const command[]);

/* The default filter of system calls, on a descriptor to read it from. */
void filter_hand(int fd);

#endif
