#include "figures.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../freezer.h"
#include "../log.h"
#include "../record.h"
#include "../sys.h"

/* cgroups(7); version 2 counts the CPU time of every group. Of one group there is one version. */
static const struct counter {
	const char *file;
	const char *before; /* the number in the file; "": it is the first */
	size_t member;	    /* of struct figures */
	uint64_t divisor;
} counters[] = {
#define MEMBER(name) offsetof(struct figures, name)
	{"cpuacct.usage", "", MEMBER(cpu_us), 1000},
	{"cpu.stat", "usage_usec ", MEMBER(cpu_us), 1},
	{"memory.usage_in_bytes", "", MEMBER(memory), 1},
	{"memory.limit_in_bytes", "", MEMBER(memory_limit), 1},
	{"memory.current", "", MEMBER(memory), 1},
	{"memory.max", "", MEMBER(memory_limit), 1}, /* "max" is 0: none */
#undef MEMBER
};

static void group_read(const char *group, struct figures *figures)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		const struct counter *counter = &counters[i];
		char path[PATH_MAX + 32], text[4096];
		const char *number;

		snprintf(path, sizeof(path), "%s/%s", group, counter->file);
		if (sys_read(path, text, sizeof(text)) < 0 ||
		    !(number = strstr(text, counter->before)))
			continue;
		*(uint64_t *)((char *)figures + counter->member) =
			strtoull(number + strlen(counter->before), NULL, 10) / counter->divisor;
	}
	/* Version 1 says so what is no limit: the greatest number of whole pages. */
	if (figures->memory_limit > INT64_MAX / 2)
		figures->memory_limit = 0;
}

static void groups_read(const struct live *live, struct figures *figures)
{
	AUTO_FREE char *text = record_read(live->path, STATE_RUN);
	const char *key, *value;
	char *rest = text;

	while (text && record_next(&rest, &key, &value))
		if (strcmp(key, "cgroup") == 0)
			group_read(value, figures);
}

static uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void figures_read(const struct live *live, struct processes *processes, struct figures *figures)
{
	const struct process *keeper = process_find(processes, live->keeper);
	uint64_t tick_us = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t cpu_us = 0, memory = 0;

	*figures = (struct figures){.read_us = clock_us(CLOCK_MONOTONIC)};
	if (keeper)
		figures->uptime_us = clock_us(CLOCK_BOOTTIME) - keeper->start_ticks * tick_us;
	figures->is_paused = freezer_is_frozen(live->path);
	groups_read(live, figures);
	processes_mark(processes, live_init(live, processes));
	for (size_t i = 0; i < processes->count; i++) {
		const struct process *process = &processes->items[i];

		if (!process->is_marked)
			continue;
		figures->processes++;
		cpu_us += process->cpu_ticks * tick_us;
		memory += process_memory(process->pid);
	}
	if (!figures->cpu_us)
		figures->cpu_us = cpu_us;
	if (!figures->memory)
		figures->memory = memory;
}

double figures_cpu(const struct figures *from, const struct figures *to)
{
	/* Less than before: a process took its time with it. */
	if (to->cpu_us <= from->cpu_us || to->read_us <= from->read_us)
		return 0;
	return 100.0 * (double)(to->cpu_us - from->cpu_us) / (double)(to->read_us - from->read_us);
}

json_t *figures_json(const struct live *live, const struct figures *figures)
{
	json_t *limit = figures->memory_limit ? json_integer((json_int_t)figures->memory_limit)
					      : json_null();

	return json_pack("{s:s, s:i, s:s, s:f, s:f, s:I, s:o, s:I}", "name", live->name, "pid",
			 live->keeper, "state", state_show(figures), "uptime_seconds",
			 (double)figures->uptime_us / 1e6, "cpu_seconds",
			 (double)figures->cpu_us / 1e6, "memory_bytes", (json_int_t)figures->memory,
			 "memory_limit_bytes", limit, "processes", (json_int_t)figures->processes);
}

int json_print(json_t *json)
{
	int rc = json ? json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : -1;

	json_decref(json);
	putchar('\n');
	return rc < 0 ? fail(ENOMEM, "cannot write JSON") : 0;
}

void bytes_show(uint64_t bytes, char *text)
{
	static const char units[] = "KMGT";
	double amount = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(text, FIGURE_SIZE, "%" PRIu64, bytes);
		return;
	}
	while (amount >= 999.95 && unit < 3) {
		amount /= 1024;
		unit++;
	}
	snprintf(text, FIGURE_SIZE, "%.1f%c", amount, units[unit]);
}

void time_show(uint64_t us, char *text)
{
	uint64_t s = us / 1000000;

	if (s < 60)
		snprintf(text, FIGURE_SIZE, "%.2fs", (double)us / 1e6);
	else if (s < 3600)
		snprintf(text, FIGURE_SIZE, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, FIGURE_SIZE, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s % 3600 / 60);
	else
		snprintf(text, FIGURE_SIZE, "%" PRIu64 "d%02" PRIu64 "h", s / 86400,
			 s % 86400 / 3600);
}

const char *state_show(const struct figures *figures)
{
	return figures->is_paused ? "paused" : "running";
}
