/* What a payload may get as its descriptors 0-2. */
#ifndef CTR_SETUP_PAYLOAD_FDS_H
#define CTR_SETUP_PAYLOAD_FDS_H

/* Called by each entrance to a container: a start and exec. Hooks get /dev/null and the caller's
 * stderr (hooks.c). Returns 0, or -errno after fail(). */
int payload_fds_check(void);

/* /dev/stdout and its like work for every user inside when they are pipes. */
void payload_fds_share(void);

#endif
