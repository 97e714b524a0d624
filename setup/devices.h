/* The devices that the container may open, and the nodes of those that the user asked for. */
#ifndef CTR_SETUP_DEVICES_H
#define CTR_SETUP_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "spec.h"

/* A device, or with any_minor all of a major number, and what may be done with it. */
struct device_rule {
	char type; /* c or b */
	unsigned major, minor;
	bool any_minor;
	unsigned access; /* bit set of ACCESS_* */
	bool handed;	 /* for a descriptor of the caller's: could be done without */
};

/* One of the host's, as it is to be in the container. */
struct device_node {
	const char *path;
	char type;
	unsigned major, minor;
	mode_t mode;
};

struct devices {
	struct device_node *nodes; /* of --device */
	size_t node_count;
	struct device_rule *rules; /* all others are refused; no device is in two of them */
	size_t rule_count;
};

/* Fills devices: the rules of every container, those of --device, and those of what the payload
 * gets as descriptors 0-2, where these are not among console_fds. Changes nothing. Returns 0, or
 * -errno after fail(); devices_free() either way. */
int devices_find(const struct spec *spec, unsigned console_fds, struct devices *devices);
void devices_free(struct devices *devices);

#endif
