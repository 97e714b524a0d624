/* Scope cleanup for memory and descriptors. Every cleanup keeps errno. */
#ifndef CTR_SETUP_CLEANUP_H
#define CTR_SETUP_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer); /* free(3) keeps errno since glibc 2.33 */
}

static inline void cleanup_close(const int *fd)
{
	int error = errno;

	if (*fd >= 0)
		close(*fd);
	errno = error;
}

/* Initialise with NULL. */
#define AUTO_FREE __attribute__((cleanup(cleanup_free)))
/* Initialise with -1. */
#define AUTO_CLOSE __attribute__((cleanup(cleanup_close)))

/* Moves the ownership of a descriptor out of an AUTO_CLOSE variable. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void close_and_forget(int *fd)
{
	cleanup_close(fd);
	*fd = -1;
}

#endif
