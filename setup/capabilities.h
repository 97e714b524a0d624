/* Capabilities by name (capabilities(7)), through libcap-ng. A set is a mask with bit n for number
 * n.
 */
#ifndef CTR_SETUP_CAPABILITIES_H
#define CTR_SETUP_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What root inside keeps when nobody says otherwise. */
uint64_t capabilities_default(void);

/* All that this process may hand on to root inside. */
uint64_t capabilities_own(void);

/* "net_raw", "CAP_NET_RAW" or "all" to a mask; false: no such capability. */
bool capabilities_parse(const char *name, uint64_t *mask);

/* "chown" of 0; NULL behind the last that this program knows. */
const char *capability_name(unsigned number);

/* The name of the lowest capability in a mask that is not empty. */
const char *capabilities_first(uint64_t mask);

#endif
