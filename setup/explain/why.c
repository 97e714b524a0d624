#include "why.h"

#include <stddef.h>
#include <string.h>

#include "ctr/stage.h"

static const struct {
	unsigned stage;
	const char *entered, *left;
} stages[] = {
	{CTR_STAGE_PREFLIGHT, "every refusal that can be known before any change", ""},
	{CTR_STAGE_STATE,
	 "a name, and locks that the kernel drops with the process that holds them",
	 "the name is free again"},
	{CTR_STAGE_CGROUP, "limits, in force before there is anybody to limit",
	 "the payload is dead: its groups are empty, and go"},
	{CTR_STAGE_NAMESPACES,
	 "one process becomes two: a keeper outside, and PID 1 of a new world",
	 "PID 1 is reaped; with it went every mount and every process inside"},
	{CTR_STAGE_ROOTFS, "the root is put together where nobody else sees it", ""},
	{CTR_STAGE_HOOKS, "the user's own programs prepare the root", ""},
	{CTR_STAGE_HANDOVER, "ctr-setup has nothing more to do inside: ctr-init goes on from here",
	 ""},
	{CTR_STAGE_ROOT, "the root becomes /, and the host's tree is let go of", ""},
	{CTR_STAGE_MOUNTS, "file systems of the container's own, with their final flags", ""},
	{CTR_STAGE_DEVICES, "the devices that do no harm, and no others", ""},
	{CTR_STAGE_IDENTITY, "its own name, its own loopback, and what it shall not see or change",
	 ""},
	{CTR_STAGE_PRIVILEGES, "what is given up for good", ""},
	{CTR_STAGE_PAYLOAD, "the payload, with an environment of its own", ""},
	{CTR_STAGE_WATCH, "signals go in, the status comes out", ""},
};

static const struct {
	const char *verb, *target, *why;
} lines[] = {
	{"root", NULL,
	 "new and old root may be one directory: the old one then lies on top, and goes"},
	{"mount", "/dev", "what the image has as /dev is never used"},
	{"mount", "/dev/pts", "terminals of its own, numbered from 0"},
	{"mount", "/dev/shm", "shm_open(3) and its like live here"},
	{"mount", "/dev/mqueue", "message queues of the new ipc namespace"},
	{"mount", "/proc", "the new pid namespace, seen from inside"},
	{"mount", "/sys", "read-only: most of it is the host's hardware"},
	{"mount", "/run", "what a start finds empty"},
	{"attach", NULL, "of the host, and asked for"},
	{"node", NULL, "mknod(2): a type and two numbers, which the kernel knows the driver by"},
	{"link", NULL, "names that programs expect"},
	{"console", NULL, "a terminal of the container's: what is typed into it stays inside"},
	{"hostname", NULL, "the uts namespace is its own"},
	{"loopback", NULL, "the network namespace has nothing but this"},
	{"write", "/proc/sys/net/ipv4/ip_unprivileged_port_start",
	 "any of its users may have any of its ports"},
	{"write", "/proc/sys/net/ipv4/ping_group_range", "any of its groups may ping(8)"},
	{"mask", NULL, "it tells of the host, or of others on it"},
	{"readonly", NULL, "it would change the host"},
	{"rlimit", NULL, "asked for"},
	{"seccomp", NULL, "system calls that nothing ordinary needs are refused"},
	{"home", NULL, "the root's own file says where its users are at home"},
	{"keyring", NULL, "the caller's keys stay the caller's"},
};

const char *why_of_stage(unsigned stage, bool is_leaving)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if (stages[i].stage == stage)
			return is_leaving ? stages[i].left : stages[i].entered;
	return "";
}

const char *why_of_line(const char *verb, const char *target)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strcmp(lines[i].verb, verb) == 0 &&
		    (!lines[i].target || strcmp(lines[i].target, target) == 0))
			return lines[i].why;
	return NULL;
}
