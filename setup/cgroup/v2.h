/* Version 2, between what a group hands on (v2.c) and the choice of a place (v2_place.c). */
#ifndef CTR_SETUP_CGROUP_V2_H
#define CTR_SETUP_CGROUP_V2_H

#include "cgroup.h"

enum {
	V2_TEXT_SIZE = 4096,
	V2_FOR_ALL = 1U << CONTROLLER_DEVICES | 1U << CONTROLLER_CPUACCT, /* any group has them */
};

/* A file of a group: -errno, or the length; a text that is too long has something in it. */
int v2_read(const char *directory, const char *file, char *text);
/* May it hand controllers on at all: is it the root of the hierarchy, which alone has no type, or a
 * plain domain, not "domain threaded" and the like? */
bool v2_is_domain(const char *directory, bool *is_root);
/* Does it hand all of these on? */
bool v2_hands_on(const char *directory, unsigned wanted);
/* Those of the group's controllers that must be handed on to it: not the devices and CPU time. */
unsigned v2_controllers(const struct group *group);
/* Calls step for every group from the top to group->parent; stops at the first that returns not 0.
 */
int v2_walk(const struct group *group, unsigned wanted,
	    int (*step)(const char *directory, unsigned wanted));

#endif
