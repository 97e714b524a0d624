/* The limits as a table: which file takes which value, in version 1 and in version 2. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "../sys.h"
#include "cgroup.h"

enum { PERIOD_US = 100000, VALUE_SIZE = 4096 };

/* Writes a row's value to text; false when the limit was not asked for. */
typedef bool value_function(const struct limits *limits, char *text);

static bool number(uint64_t value, char *text)
{
	snprintf(text, VALUE_SIZE, "%" PRIu64, value);
	return value != 0;
}

static bool period(const struct limits *limits, char *text)
{
	number(PERIOD_US, text);
	return limits->cpu_quota_us != 0;
}

static bool quota(const struct limits *limits, char *text)
{
	return number(limits->cpu_quota_us, text);
}

static bool quota_and_period(const struct limits *limits, char *text)
{
	snprintf(text, VALUE_SIZE, "%" PRIu64 " %d", limits->cpu_quota_us, PERIOD_US);
	return limits->cpu_quota_us != 0;
}

static bool weight(const struct limits *limits, char *text)
{
	return number(limits->cpu_weight, text);
}

/* The kernel's own conversion (sched_weight_from_cgroup()): 1024 shares are a weight of 100. */
static bool shares(const struct limits *limits, char *text)
{
	uint64_t value = (limits->cpu_weight * 1024 + 50) / 100;

	number(value < 2 ? 2 : value, text);
	return limits->cpu_weight != 0;
}

static bool memory(const struct limits *limits, char *text)
{
	return number(limits->memory, text);
}

static bool memory_and_swap(const struct limits *limits, char *text)
{
	return number(limits->memory + limits->swap, text) && limits->memory;
}

static bool swap(const struct limits *limits, char *text)
{
	number(limits->swap, text);
	return limits->memory != 0;
}

static bool no_swappiness(const struct limits *limits, char *text)
{
	number(0, text);
	return limits->memory != 0 && limits->swap == 0;
}

static bool pids(const struct limits *limits, char *text)
{
	return number(limits->pids, text);
}

static bool cpus(const struct limits *limits, char *text)
{
	if (limits->cpuset)
		snprintf(text, VALUE_SIZE, "%s", limits->cpuset);
	return limits->cpuset != NULL;
}

enum kind { EXACT, INHERITED, BYTES, SWAP, LIST };

/* In the order of writing: memory before memory plus swap, a period before its quota. */
static const struct row {
	enum controller controller;
	int version;
	const char *file;
	value_function *value;
	/* INHERITED: the value is the parent's own. BYTES: the kernel rounds down to pages. SWAP:
	 * bytes that a kernel may not count, an error only when the limit was asked for. LIST: the
	 * kernel spells it its own way. */
	enum kind kind;
} rows[] = {
	{CONTROLLER_CPU, 1, "cpu.cfs_period_us", period, EXACT},
	{CONTROLLER_CPU, 1, "cpu.cfs_quota_us", quota, EXACT},
	{CONTROLLER_CPU, 1, "cpu.shares", shares, EXACT},
	{CONTROLLER_CPU, 2, "cpu.max", quota_and_period, EXACT},
	{CONTROLLER_CPU, 2, "cpu.weight", weight, EXACT},
	{CONTROLLER_CPUSET, 1, "cpuset.mems", cpus, INHERITED},
	{CONTROLLER_CPUSET, 1, "cpuset.cpus", cpus, LIST},
	{CONTROLLER_CPUSET, 2, "cpuset.cpus", cpus, LIST},
	{CONTROLLER_MEMORY, 1, "memory.limit_in_bytes", memory, BYTES},
	{CONTROLLER_MEMORY, 1, "memory.memsw.limit_in_bytes", memory_and_swap, SWAP},
	{CONTROLLER_MEMORY, 1, "memory.swappiness", no_swappiness, EXACT},
	{CONTROLLER_MEMORY, 2, "memory.max", memory, BYTES},
	{CONTROLLER_MEMORY, 2, "memory.swap.max", swap, SWAP},
	{CONTROLLER_PIDS, 1, "pids.max", pids, EXACT},
	{CONTROLLER_PIDS, 2, "pids.max", pids, EXACT},
};

/* Reads a one-line file without its newline. */
static int line_read(const char *path, char *text)
{
	int rc = sys_read(path, text, VALUE_SIZE);

	if (rc > 0 && text[rc - 1] == '\n')
		text[rc - 1] = '\0';
	return rc < 0 ? rc : 0;
}

/* Down to a whole page, and not to nothing: a page is at most 64 KiB. */
static bool is_rounded(const char *wanted, const char *got)
{
	uint64_t wanted_number = strtoull(wanted, NULL, 10), got_number = strtoull(got, NULL, 10);

	return got_number != 0 && got_number < wanted_number && wanted_number - got_number < 65536;
}

/* Version 2 takes CPUs that the group above lacks, and then uses others: only cpuset.cpus.effective
 * tells. Version 1 refuses them. */
static int list_check(const char *path, const char *wanted, const char *got)
{
	char effective_path[PATH_MAX + 80], effective[VALUE_SIZE];
	int rc;

	snprintf(effective_path, sizeof(effective_path), "%s.effective", path);
	rc = line_read(effective_path, effective);
	if (rc == -ENOENT)
		snprintf(effective, sizeof(effective), "%s", got);
	else if (rc < 0)
		return fail(-rc, "cannot read %s", effective_path);
	if (!*got || strcmp(effective, got) != 0)
		return fail(0, "cannot use the CPUs %s: of them, only %s are here (%s)", wanted,
			    *effective ? effective : "none", effective_path);
	return 0;
}

/* Whatever else the kernel makes of our value is not what was asked for. */
static int readback_check(const char *path, const char *wanted, enum kind kind)
{
	char got[VALUE_SIZE];
	int rc = line_read(path, got);

	if (rc < 0)
		return fail(-rc, "cannot read %s back", path);
	if (kind == LIST)
		return list_check(path, wanted, got);
	if (strcmp(got, wanted) == 0)
		return 0;
	if ((kind != BYTES && kind != SWAP) || !is_rounded(wanted, got))
		return fail(0, "the kernel made %s of %s in %s", *got ? got : "nothing", wanted,
			    path);
	say("the kernel rounded %s bytes to %s in %s", wanted, got, path);
	return 0;
}

static int row_apply(const struct group *group, const struct row *row, const char *value,
		     const struct limits *limits)
{
	char path[PATH_MAX + 64];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", group->path, row->file);
	rc = sys_write(path, value);
	if (rc == -ENOENT && row->kind == SWAP && !limits->swap_asked) {
		trace("swap is not counted on this host: %s is not there", path);
		return 0;
	}
	if (rc == -ENOENT && row->kind == SWAP)
		return fail(ENOENT, "cannot limit swap: boot the kernel with swapaccount=1: %s",
			    path);
	if (rc < 0)
		return fail(-rc, "cannot write %s to %s%s", value, path,
			    rc == -EINVAL || rc == -EACCES || rc == -ERANGE
				    ? " (beyond what the group above has?)"
				    : "");
	return readback_check(path, value, row->kind);
}

static int inherited_value(const struct group *group, const char *file, char *value)
{
	char path[PATH_MAX + 64];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", group->parent, file);
	rc = line_read(path, value);
	return rc < 0 ? fail(-rc, "cannot read %s", path) : 0;
}

int limits_apply(const struct group *group, const struct limits *limits)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		char value[VALUE_SIZE];
		int rc = 0;

		if (row->version != group->version || !(group->controllers >> row->controller & 1))
			continue;
		if (!row->value(limits, value))
			continue;
		if (row->kind == INHERITED)
			rc = inherited_value(group, row->file, value);
		if (rc == 0)
			rc = row_apply(group, row, value, limits);
		if (rc < 0)
			return rc;
	}
	return 0;
}
