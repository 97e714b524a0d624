/* The seccomp filter of a container, as ctr-init is to install it. */
#ifndef CTR_SETUP_FILTER_H
#define CTR_SETUP_FILTER_H

#include <stddef.h>
#include <stdint.h>

/* asked is the path of a profile (JSON, linux.seccomp of the OCI runtime specification), for which
 * ctr-seccomp is run with the container's capabilities, caps; or NULL or "default" for the filter
 * that is built in, which costs nothing and asks for no capabilities.
 * A sealed memory file, the caller's to close, with count instructions (struct sock_filter; 1 to
 * BPF_MAXINSNS) from its beginning; or a negative errno after fail(). To be called after
 * signals_block(), as all that starts a process. */
int filter_open(const char *asked, uint64_t caps, size_t *count);

#endif
