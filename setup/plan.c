/* The plan from the spec: tables of what every container has, and the user's lines among them. */
#include "plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctr/plan.h"
#include "log.h"
#include "plan_cgroups.h"
#include "plan_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bounded where memory backs them; flags from the first moment. */
static const char *const mounts[][5] = {
	{"tmpfs", "tmpfs", "/dev", "nosuid,noexec", "mode=755,size=64k,nr_inodes=128"},
	{"devpts", "devpts", "/dev/pts", "nosuid,noexec",
	 "newinstance,ptmxmode=0666,mode=0620,gid=5"},
	{"tmpfs", "shm", "/dev/shm", "nosuid,nodev,noexec", "mode=1777,size=64m"},
	{"mqueue", "mqueue", "/dev/mqueue", "nosuid,nodev,noexec", ""},
	{"proc", "proc", "/proc", "nosuid,nodev,noexec", ""},
	{"sysfs", "sysfs", "/sys", "ro,nosuid,nodev,noexec", ""},
	{"tmpfs", "run", "/run", "nosuid,nodev", "mode=755,size=64m"},
};

static const struct {
	const char *path, *minor;
} nodes[] = {{"/dev/null", "3"},   {"/dev/zero", "5"},	  {"/dev/full", "7"},
	     {"/dev/random", "8"}, {"/dev/urandom", "9"}, {"/dev/tty", "0"}};

static const char *const links[][2] = {
	{"pts/ptmx", "/dev/ptmx"},	    {"/proc/self/fd", "/dev/fd"},
	{"/proc/self/fd/0", "/dev/stdin"},  {"/proc/self/fd/1", "/dev/stdout"},
	{"/proc/self/fd/2", "/dev/stderr"},
};

/* Of proc and sysfs: what tells of the host or of other containers. */
static const char *const masked[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/dynamic_debug",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/kpagecgroup",
	"/proc/kpagecount",
	"/proc/kpageflags",
	"/proc/latency_stats",
	"/proc/pagetypeinfo",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/slabinfo",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/vmallocinfo",
	"/sys/firmware",
	"/sys/devices/virtual/powercap",
};

/* What would change the host. */
static const char *const readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/pressure", "/proc/sys", "/proc/sysrq-trigger",
};

const char *plan_node(const struct spec *spec, size_t i)
{
	if (i < COUNT(nodes))
		return nodes[i].path;
	i -= COUNT(nodes);
	return i < spec->device_count ? spec->devices[i].path : NULL;
}

static void attach_put(FILE *to, unsigned *fd, const char *target)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", (*fd)++);
	LINE(to, "attach", number, target);
}

/* A file system of the container's, which in a user namespace ctr-setup has to open. */
static void mount_put(FILE *to, const struct spec *spec, const char *const mount[5], unsigned *fd)
{
	const char *flags = mount[3];
	char number[16];

	if (spec->privileged && strncmp(flags, "ro,", 3) == 0)
		flags += 3;
	if (!spec->userns || (strcmp(mount[0], "proc") != 0 && strcmp(mount[0], "sysfs") != 0)) {
		LINE(to, "mount", mount[0], mount[1], mount[2], flags, mount[4]);
	} else if (strcmp(mount[0], "proc") == 0 || net_is_own(spec)) {
		snprintf(number, sizeof(number), "%u", (*fd)++);
		LINE(to, "mount", "", number, mount[2], "", "");
	}
}

/* The descriptors in the order of run->tree_fds: binds, devices, proc and sysfs. */
static int mounts_put(FILE *to, const struct spec *spec, const struct plan_facts *facts,
		      unsigned *fd)
{
	unsigned bind_fd = CTR_ATTACH_FD, node_fd = bind_fd + (unsigned)spec->bind_count;

	*fd = node_fd;
	while (spec->userns && plan_node(spec, *fd - node_fd))
		(*fd)++;
	for (size_t i = 0; i < COUNT(mounts); i++)
		mount_put(to, spec, mounts[i], fd);
	cgroup_mounts_put(to, spec, facts);
	for (size_t i = 0; i < spec->tmpfs_count; i++)
		LINE(to, "mount", "tmpfs", "tmpfs", spec->tmpfs[i].target, spec->tmpfs[i].flags,
		     spec->tmpfs[i].data);
	for (size_t i = 0; i < spec->bind_count; i++)
		attach_put(to, &bind_fd, spec->binds[i].target);
	for (size_t i = 0; spec->userns && plan_node(spec, i); i++)
		attach_put(to, &node_fd, plan_node(spec, i));
	return 0;
}

static bool is_at_or_in(const char *path, const char *top)
{
	size_t length = strlen(top);

	return strncmp(path, top, length) == 0 && (path[length] == '/' || !path[length]);
}

bool plan_makes(const char *path)
{
	for (size_t i = 0; i < COUNT(mounts); i++)
		if (strcmp(mounts[i][2], "/dev") != 0 && is_at_or_in(path, mounts[i][2]))
			return true;
	for (size_t i = 0; i < COUNT(nodes); i++)
		if (is_at_or_in(path, nodes[i].path))
			return true;
	for (size_t i = 0; i < COUNT(links); i++)
		if (is_at_or_in(path, links[i][1]))
			return true;
	return false;
}

/* Does the user put something of his own on path? */
static bool is_given(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->bind_count; i++)
		if (is_at_or_in(spec->binds[i].target, path))
			return true;
	for (size_t i = 0; i < spec->tmpfs_count; i++)
		if (is_at_or_in(spec->tmpfs[i].target, path))
			return true;
	for (size_t i = 0; i < spec->device_count; i++)
		if (is_at_or_in(spec->devices[i].path, path))
			return true;
	return false;
}

/* What is bound there would be in the way of the container's own. */
static bool hides_a_device(const struct spec *spec, const char *target)
{
	const char *path;

	for (size_t i = 0; (path = plan_node(spec, i)); i++)
		if (is_at_or_in(target, path) || is_at_or_in(path, target))
			return true;
	for (size_t i = 0; i < COUNT(links); i++)
		if (is_at_or_in(target, links[i][1]))
			return true;
	return false;
}

static int targets_check(const struct spec *spec)
{
	for (size_t i = 0; i < spec->bind_count; i++)
		if (hides_a_device(spec, spec->binds[i].target))
			return fail(0, "--bind: \"%s\" is the place of the container's own devices",
				    spec->binds[i].target);
	for (size_t i = 0; i < spec->tmpfs_count; i++)
		if (hides_a_device(spec, spec->tmpfs[i].target))
			return fail(0,
				    "--tmpfs: \"%s\" is the place of the container's own devices",
				    spec->tmpfs[i].target);
	return 0;
}

static void devices_put(FILE *to, const struct spec *spec, const struct plan_facts *facts)
{
	for (size_t i = 0; i < COUNT(nodes) && !spec->userns; i++)
		LINE(to, "node", "c", strcmp(nodes[i].path, "/dev/tty") == 0 ? "5" : "1",
		     nodes[i].minor, "0666", nodes[i].path);
	for (size_t i = 0; !spec->userns && facts->devices && i < facts->devices->node_count; i++) {
		const struct device_node *node = &facts->devices->nodes[i];

		fprintf(to, "node %c %u %u %04o", node->type, node->major, node->minor,
			(unsigned)node->mode);
		line_put(to, "", (const char *const[]){node->path, NULL});
	}
	for (size_t i = 0; i < COUNT(links); i++)
		LINE(to, "link", links[i][0], links[i][1]);
	cgroup_links_put(to, spec, facts);
	/* The console line's pty is the first of its devpts. */
	if (facts->console_fds && !is_given(spec, "/dev/console"))
		LINE(to, "link", "pts/0", "/dev/console");
	if (facts->console_fds)
		fprintf(to, "console %u %u %u %" PRIu32 "\n", facts->rows, facts->columns,
			facts->console_fds, spec->uid);
}

/* Nobody's in a network of the container's own: any port, and the sockets of ping(8). A user
 * namespace takes no ids but its own. */
static void network_put(FILE *to, const struct spec *spec, const struct plan_facts *facts)
{
	char range[32];

	snprintf(range, sizeof(range), "0 %" PRIu32,
		 spec->userns ? facts->gid_count - 1 : INT32_MAX);
	fputs("loopback\n", to);
	LINE(to, "write", "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	LINE(to, "write", "/proc/sys/net/ipv4/ping_group_range", range);
}

static void identity_put(FILE *to, const struct spec *spec, const struct plan_facts *facts)
{
	LINE(to, "hostname", spec->hostname ? spec->hostname : facts->name);
	if (net_is_own(spec))
		network_put(to, spec, facts);
	for (size_t i = 0; i < COUNT(masked) && !spec->privileged; i++)
		LINE(to, "mask", masked[i]);
	for (size_t i = 0; i < COUNT(readonly) && !spec->privileged; i++)
		LINE(to, "readonly", readonly[i]);
	cgroup_readonly_put(to, spec, facts);
	if (spec->readonly)
		LINE(to, "readonly", "/");
}

uint64_t plan_caps_given(const struct spec *spec)
{
	return spec->uid == 0 ? spec->caps : spec->caps & spec->caps_added;
}

/* No program gives what the command does not have, unless that is wished: then the bounding set is
 * what set-user-id programs may reach. */
uint64_t plan_caps(const struct spec *spec)
{
	return spec->privileged ? spec->caps : plan_caps_given(spec);
}

static void privileges_put(FILE *to, const struct spec *spec, const struct plan_facts *facts,
			   unsigned filter_fd)
{
	uint64_t mask = plan_caps_given(spec);

	for (size_t i = 0; i < spec->rlimit_count; i++)
		fprintf(to, "rlimit %s %" PRIu64 " %" PRIu64 "\n", spec->rlimits[i].name,
			spec->rlimits[i].soft, spec->rlimits[i].hard);
	fprintf(to, "bounding %016" PRIx64 "\n", plan_caps(spec));
	if (!spec->privileged)
		fputs("nonewprivs\n", to);
	fputs("keyring\n", to);
	/* The primary group is among the groups: else rights denied to it would be had by leaving
	 * it (CVE-2022-2989). */
	fprintf(to, "user %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", spec->uid, spec->gid, spec->gid);
	fprintf(to, "caps %016" PRIx64 "\n", mask);
	if (facts->filter_count)
		fprintf(to, "seccomp %u %zu\n", filter_fd, facts->filter_count);
}

/* Is the variable of entry ("NAME=...") set again by one of the user's from index on? */
static bool env_is_overridden(const struct spec *spec, size_t index, const char *entry)
{
	size_t length = strcspn(entry, "=") + 1;

	for (size_t i = index; i < spec->env.count; i++)
		if (strncmp(spec->env.items[i], entry, length) == 0)
			return true;
	return false;
}

static void env_put(FILE *to, const struct spec *spec, const struct plan_facts *facts)
{
	const char *const defaults[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"container=ctr",
	};

	if (!spec->clear_env)
		home_put(to, spec->uid);
	for (size_t i = 0; i < COUNT(defaults) && !spec->clear_env; i++)
		if (!env_is_overridden(spec, 0, defaults[i]))
			LINE(to, "env", defaults[i]);
	if (facts->console_fds && !spec->clear_env && !env_is_overridden(spec, 0, "TERM="))
		term_put(to, facts->term);
	for (size_t i = 0; i < spec->env.count; i++)
		if (!env_is_overridden(spec, i + 1, spec->env.items[i]))
			LINE(to, "env", spec->env.items[i]);
}

static void payload_put(FILE *to, const struct spec *spec, const struct plan_facts *facts)
{
	LINE(to, "workdir", spec->workdir);
	env_put(to, spec, facts);
	if (*spec->command) {
		line_put(to, "exec", (const char *const *)spec->command);
	} else {
		LINE(to, "exec", "/bin/busybox", "sh");
		LINE(to, "exec", "/bin/sh");
	}
}

int plan_compile(const struct spec *spec, const struct plan_facts *facts, char **text, size_t *size)
{
	FILE *to = open_memstream(text, size);
	unsigned fd; /* behind those of the mounts */
	int rc;

	if (!to)
		return fail(ENOMEM, "cannot write the plan");
	fputs(CTR_PLAN_HEADER "\n", to);
	if (spec->explain == EXPLAIN_TRACE)
		fputs("trace\n", to);
	LINE(to, "root", facts->root);
	rc = targets_check(spec);
	if (rc == 0)
		rc = mounts_put(to, spec, facts, &fd);
	if (rc == 0) {
		devices_put(to, spec, facts);
		identity_put(to, spec, facts);
		privileges_put(to, spec, facts, fd);
		payload_put(to, spec, facts);
	}
	if (fclose(to) != 0 && rc == 0)
		rc = fail(ENOMEM, "cannot write the plan");
	return rc < 0 ? rc : plan_size_check(*text, *size, spec->command);
}
