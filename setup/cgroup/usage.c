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

static const struct row {
	int version;
	const char *file;
	const char *key; /* of a "KEY VALUE" line; NULL: the file is one number */
	size_t member;	 /* of struct usage */
	uint64_t divisor;
} rows[] = {
#define MEMBER(name) offsetof(struct usage, name)
	{1, "memory.oom_control", "oom_kill", MEMBER(oom_kills), 1},
	{1, "memory.max_usage_in_bytes", NULL, MEMBER(memory_peak), 1},
	{2, "memory.events", "oom_kill", MEMBER(oom_kills), 1},
	{2, "memory.peak", NULL, MEMBER(memory_peak), 1},
	{1, "pids.events", "max", MEMBER(pids_refused), 1},
	{2, "pids.events", "max", MEMBER(pids_refused), 1},
	{1, "pids.peak", NULL, MEMBER(pids_peak), 1},
	{2, "pids.peak", NULL, MEMBER(pids_peak), 1},
	{1, "cpu.stat", "nr_periods", MEMBER(periods), 1},
	{2, "cpu.stat", "nr_periods", MEMBER(periods), 1},
	{1, "cpu.stat", "nr_throttled", MEMBER(throttled_periods), 1},
	{2, "cpu.stat", "nr_throttled", MEMBER(throttled_periods), 1},
	{1, "cpu.stat", "throttled_time", MEMBER(throttled_us), 1000},
	{2, "cpu.stat", "throttled_usec", MEMBER(throttled_us), 1},
#undef MEMBER
};

static enum controller row_controller(const struct row *row)
{
	if (row->file[0] == 'm')
		return CONTROLLER_MEMORY;
	return row->file[0] == 'p' ? CONTROLLER_PIDS : CONTROLLER_CPU;
}

static uint64_t counter_read(const char *directory, const struct row *row)
{
	char path[PATH_MAX + 64], text[4096];
	const char *value = text;

	snprintf(path, sizeof(path), "%s/%s", directory, row->file);
	if (sys_read(path, text, sizeof(text)) < 0)
		return 0;
	if (row->key) {
		size_t length = strlen(row->key);

		while (*value && (strncmp(value, row->key, length) != 0 || value[length] != ' '))
			value += strcspn(value, "\n") + (value[strcspn(value, "\n")] == '\n');
		if (!*value)
			return 0;
		value += length + 1;
	}
	return strtoull(value, NULL, 10) / row->divisor;
}

void usage_read(const struct groups *groups, struct usage *usage)
{
	*usage = (struct usage){0};
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];

		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			uint64_t *member = (uint64_t *)((char *)usage + rows[j].member);

			if (rows[j].version == group->version &&
			    group->controllers >> row_controller(&rows[j]) & 1)
				*member += counter_read(group->path, &rows[j]);
		}
	}
}

static void memory_say(const struct usage *usage, const struct limits *limits, const char *victims)
{
	char limit[32], peak[32];

	size_format(limits->memory, limit, sizeof(limit));
	/* To the full mebibyte where there is one: a peak is rarely a round number. */
	if (usage->memory_peak >= 1U << 20)
		size_format(usage->memory_peak >> 20 << 20, peak, sizeof(peak));
	else
		size_format(usage->memory_peak >> 10 << 10, peak, sizeof(peak));
	say("memory limit %s reached: %" PRIu64 " process%s killed%s%s%s, peak %s", limit,
	    usage->oom_kills, usage->oom_kills == 1 ? "" : "es", *victims ? " (" : "", victims,
	    *victims ? ")" : "", peak);
}

void usage_say(const struct usage *usage, const struct limits *limits, const char *victims)
{
	if (limits->memory && usage->oom_kills)
		memory_say(usage, limits, victims);
	if (limits->pids && usage->pids_refused) {
		uint64_t peak = usage->pids_peak ? usage->pids_peak : limits->pids;

		say("pids limit %" PRIu64 " reached: %" PRIu64 " fork%s refused, peak %" PRIu64,
		    limits->pids, usage->pids_refused, usage->pids_refused == 1 ? "" : "s", peak);
	}
	if (limits->cpu_quota_us && usage->throttled_periods >= THROTTLED_PERIODS_WORTH_A_LINE)
		say("cpu limit %g%% reached: held back in %" PRIu64 " of %" PRIu64
		    " periods, %.1f s in all",
		    (double)limits->cpu_quota_us / 1000, usage->throttled_periods, usage->periods,
		    (double)usage->throttled_us / 1e6);
}
