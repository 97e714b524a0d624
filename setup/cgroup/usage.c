/* What the limits did to the run, from the groups' own counters: read when the payload is dead and
 * before its groups are removed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "../parse.h"
#include "../sys.h"
#include "cgroup.h"

/* A cpu limit is worth a line when it held the run back for at least a second's periods. */
enum { THROTTLED_PERIODS_WORTH_A_LINE = 10 };

/* Rows of one file follow each other. Times become nanoseconds. */
static const struct row {
	int version;
	enum controller controller;
	const char *file;
	const char *key; /* of a "KEY VALUE" line; NULL: the file is one number */
	size_t member;	 /* of struct usage */
	uint64_t factor;
} rows[] = {
#define MEMBER(name) offsetof(struct usage, name)
	{1, CONTROLLER_MEMORY, "memory.oom_control", "oom_kill", MEMBER(oom_kills), 1},
	{1, CONTROLLER_MEMORY, "memory.max_usage_in_bytes", NULL, MEMBER(memory_peak), 1},
	{2, CONTROLLER_MEMORY, "memory.events", "oom_kill", MEMBER(oom_kills), 1},
	{2, CONTROLLER_MEMORY, "memory.events", "oom", MEMBER(memory_hits), 1},
	{2, CONTROLLER_MEMORY, "memory.peak", NULL, MEMBER(memory_peak), 1},
	{1, CONTROLLER_PIDS, "pids.events", "max", MEMBER(pids_refused), 1},
	{2, CONTROLLER_PIDS, "pids.events", "max", MEMBER(pids_refused), 1},
	{1, CONTROLLER_PIDS, "pids.peak", NULL, MEMBER(pids_peak), 1},
	{2, CONTROLLER_PIDS, "pids.peak", NULL, MEMBER(pids_peak), 1},
	{1, CONTROLLER_CPU, "cpu.stat", "nr_periods", MEMBER(periods), 1},
	{1, CONTROLLER_CPU, "cpu.stat", "nr_throttled", MEMBER(throttled_periods), 1},
	{1, CONTROLLER_CPU, "cpu.stat", "throttled_time", MEMBER(throttled_ns), 1},
	{2, CONTROLLER_CPU, "cpu.stat", "nr_periods", MEMBER(periods), 1},
	{2, CONTROLLER_CPU, "cpu.stat", "nr_throttled", MEMBER(throttled_periods), 1},
	{2, CONTROLLER_CPU, "cpu.stat", "throttled_usec", MEMBER(throttled_ns), 1000},
	{1, CONTROLLER_CPUACCT, "cpuacct.usage", NULL, MEMBER(cpu_ns), 1},
	/* In ticks of USER_HZ, which is 100. The files in nanoseconds, cpuacct.usage_user and its
	 * like, have what the clock's tick happened to meet: not two parts of the whole. */
	{1, CONTROLLER_CPUACCT, "cpuacct.stat", "user", MEMBER(user_ns), 10000000},
	{1, CONTROLLER_CPUACCT, "cpuacct.stat", "system", MEMBER(system_ns), 10000000},
	{2, CONTROLLER_CPUACCT, "cpu.stat", "usage_usec", MEMBER(cpu_ns), 1000},
	{2, CONTROLLER_CPUACCT, "cpu.stat", "user_usec", MEMBER(user_ns), 1000},
	{2, CONTROLLER_CPUACCT, "cpu.stat", "system_usec", MEMBER(system_ns), 1000},
#undef MEMBER
};

/* The number that a row's file says, from the file's text. */
static struct count counter_find(const char *text, const struct row *row)
{
	if (row->key) {
		size_t length = strlen(row->key);

		while (*text && (strncmp(text, row->key, length) != 0 || text[length] != ' ')) {
			text += strcspn(text, "\n");
			text += *text == '\n';
		}
		text += *text ? length + 1 : 0;
	}
	if (*text < '0' || *text > '9')
		return (struct count){0};
	return (struct count){strtoull(text, NULL, 10) * row->factor, true};
}

static void group_read(const struct group *group, struct usage *usage)
{
	const char *file = ""; /* whose text is at hand */
	char path[PATH_MAX + 64], text[4096] = "";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (row->version != group->version || !(group->controllers >> row->controller & 1))
			continue;
		if (strcmp(file, row->file) != 0) {
			file = row->file;
			snprintf(path, sizeof(path), "%s/%s", group->path, file);
			if (sys_read(path, text, sizeof(text)) < 0)
				text[0] = '\0';
		}
		*(struct count *)((char *)usage + row->member) = counter_find(text, row);
	}
}

void usage_read(const struct groups *groups, struct usage *usage)
{
	*usage = (struct usage){0};
	for (size_t i = 0; i < groups->count; i++)
		group_read(&groups->items[i], usage);
}

/* The kills are counted for any cause, a limit further up and the host's own want included. Ours it
 * was when version 2 counted that ("oom"), or when the peak came up to the limit, less what the
 * last charge, the refused one, may have missed it by. */
static bool memory_limit_was_hit(const struct usage *usage, const struct limits *limits)
{
	return usage->memory_hits.value > 0 ||
	       usage->memory_peak.value + 65536 >= limits->memory - limits->memory / 32;
}

static void memory_say(const struct usage *usage, const struct limits *limits, const char *victims)
{
	char cause[64], limit[32], peak[32];
	/* To the full mebibyte where there is one: a peak is rarely a round number. */
	unsigned unit = usage->memory_peak.value >= 1U << 20 ? 20 : 10;

	size_format(limits->memory, limit, sizeof(limit));
	size_format(usage->memory_peak.value >> unit << unit, peak, sizeof(peak));
	if (memory_limit_was_hit(usage, limits))
		snprintf(cause, sizeof(cause), "memory limit %s reached", limit);
	else
		snprintf(cause, sizeof(cause), "memory short above the limit of %s", limit);
	say("%s: %" PRIu64 " process%s killed%s%s%s, peak %s", cause, usage->oom_kills.value,
	    usage->oom_kills.value == 1 ? "" : "es", *victims ? " (" : "", victims,
	    *victims ? ")" : "", peak);
}

void usage_say(const struct usage *usage, const struct limits *limits, const char *victims)
{
	if (limits->memory && usage->oom_kills.value)
		memory_say(usage, limits, victims);
	/* On some kernels the refusals of a group further up are counted here too. */
	if (limits->pids && usage->pids_refused.value &&
	    (!usage->pids_peak.value || usage->pids_peak.value >= limits->pids)) {
		uint64_t peak = usage->pids_peak.value ? usage->pids_peak.value : limits->pids;

		say("pids limit %" PRIu64 " reached: %" PRIu64 " fork%s refused, peak %" PRIu64,
		    limits->pids, usage->pids_refused.value,
		    usage->pids_refused.value == 1 ? "" : "s", peak);
	}
	if (limits->cpu_quota_us &&
	    usage->throttled_periods.value >= THROTTLED_PERIODS_WORTH_A_LINE)
		say("cpu limit %g%% reached: held back in %" PRIu64 " of %" PRIu64
		    " periods, %.1f s in all",
		    (double)limits->cpu_quota_us / 1000, usage->throttled_periods.value,
		    usage->periods.value, (double)usage->throttled_ns.value / 1e9);
}
