/* Whom the kernel killed for want of memory: it tells only its log. */
#ifndef CTR_SETUP_VICTIMS_H
#define CTR_SETUP_VICTIMS_H

#include <stddef.h>

/* A name is 15 bytes, each of which the log may write as \xNN. */
enum { VICTIMS_MAX = 16, VICTIM_SIZE = 64, VICTIMS_TEXT = VICTIMS_MAX * (VICTIM_SIZE + 2) };

/* Each name once; what is more is left out. */
struct victims {
	size_t count;
	char names[VICTIMS_MAX][VICTIM_SIZE];
};

/* Opens the kernel's log at its end: a descriptor, or -1 when there is none to read. */
int victims_watch(void);

/* Collects the names of the processes of this run that were killed since, for the limit of its
 * group, of one above, or for the host's own want. None when the log says nothing. */
void victims_read(int fd, const char *run_name, struct victims *victims);

/* One record of the log: the name of the victim when it is one of this run's. Pure. */
int victim_parse(const char *record, const char *run_name, char *name, size_t size);

/* "tail, sh"; text has room for VICTIMS_TEXT. */
void victims_join(const struct victims *victims, char *text);

#endif
