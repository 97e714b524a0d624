/* What an upper layer takes. */
#ifndef CTR_SETUP_UPPER_H
#define CTR_SETUP_UPPER_H

#include <stdint.h>

/* The bytes that are allocated to the directory and to all below it on its file system; a file of
 * several names counts once. Opens directories only, and follows no link. -1 when it cannot be
 * known: something may not be read or is nested too deep, or a signal has come that ends us. */
int64_t upper_bytes(int dir_fd);

#endif
