/* Whom the memory limit killed: the kernel tells only its log. */
#ifndef CTR_SETUP_VICTIMS_H
#define CTR_SETUP_VICTIMS_H

#include <stddef.h>

/* Opens the kernel's log at its end: a descriptor, or -1 when there is none to read. */
int victims_watch(void);

/* Collects the names of the processes that were killed since for the limit of the group of this
 * run: "tail" or "tail, sh". Leaves names empty when the log says nothing. */
void victims_read(int fd, const char *run_name, char *names, size_t size);

/* One record of the log: the name of the victim when it is one of this run's. Pure. */
int victim_parse(const char *record, const char *run_name, char *name, size_t size);

#endif
