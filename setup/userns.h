/* The user namespace of a container: its ids, 0 and up, are outside a range that is nobody's, which
 * /etc/subuid and /etc/subgid give to the caller (subuid(5)).
 *
 * Who has given up the host's ids reaches neither the layers, nor the devices, nor what is bound.
 * So a process of the keeper's, root still, goes among the container's mounts, makes the root
 * there, and lends the child what it cannot open itself.
 */
#ifndef CTR_SETUP_USERNS_H
#define CTR_SETUP_USERNS_H

#include <stdint.h>

struct run;

/* Inside from 0 on, outside from first on. */
struct ids {
	uint32_t first, count;
};

/* The caller's range in a file like /etc/subuid. Returns 0, or -errno after fail(). */
int ids_find(const char *path, struct ids *ids);

/* The keeper: maps the ids of the child and has its root made. Returns 0, or -errno after fail().
 */
int userns_serve(struct run *run);

/* The child: takes what it was lent and becomes root inside. Returns 0, or -errno; the keeper has
 * said why. */
int userns_enter(struct run *run);

#endif
