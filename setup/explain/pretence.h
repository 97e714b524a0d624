/* What would be there, had the changes been made that are only printed: descriptors are of
 * /dev/null, and files that were written read as written.
 */
#ifndef CTR_EXPLAIN_PRETENCE_H
#define CTR_EXPLAIN_PRETENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "lines.h"

/* fd, or in its want one of /dev/null, stands for source from now on. Returns it, or -errno. */
int stand_in(int fd, const char *source, unsigned flags);
const char *source_of(int fd);
unsigned flags_of(int fd);
/* A path as openat(2) takes it. Static. */
const char *source_at(int at_fd, const char *path);
/* What stands behind fds[i] stands behind first + i, and nothing behind any other. */
void sources_place(const int *fds, size_t count, int first);
/* All of them, by descriptor. */
const struct waiting *sources(unsigned *count);

void written_note(const char *path, const char *text);
/* As sys_read(); -ENOENT: it was not written here. */
int written_read(const char *path, char *text, size_t size);

bool is_there(const char *path);

/* What keeper and child know together, from before the clone on: -errno where there is no room. */
int shared_make(void);
/* The child turns to the root: what it has to say until then is said. */
void child_has_settled(void);
bool child_waits(void);
/* A descriptor goes over the socket, and has come out of it. */
void source_send(int fd);
void source_receive(int fd);

#endif
