/* Orphans that end all at once, alone or behind others that live on: the time until the last one is
 * reaped, and what the init itself spends on it. Whether it is the init that reaps or the kernel in
 * its place: the exits are timed, too.
 *
 * Settings: how many live on, and how many end. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "init.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SETTLE_MS 100

enum { WALL, CPU, N_VALUES };

static double cpu_ms(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
		err(2, "cannot read the CPU clock of a process");
	return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

static void orphans_measure(const struct bench *bench, const struct init *init, double values[])
{
	const char *const mode[] = {"orphans", bench->settings[0], bench->settings[1], NULL};
	struct instance instance = instance_start(bench, init, NOTHING_BLOCKED, mode);
	uint64_t wall;
	double before;

	instance_await_ready(&instance);
	sleep_ms(SETTLE_MS);
	before = cpu_ms(instance.pid);
	instance_tell(&instance);
	instance_read(&instance, &wall, sizeof(wall));
	/* it looks for more behind the last one */
	sleep_ms(SETTLE_MS);
	values[WALL] = (double)wall / 1e6;
	values[CPU] = cpu_ms(instance.pid) - before;
	instance_end(&instance);
}

void orphans_run(struct bench *bench)
{
	const struct init *reference = reference_find(bench);
	const double n_exits = strtod(bench->settings[1], NULL);
	char columns[256];

	rounds_run(bench, N_VALUES, orphans_measure);
	snprintf(columns, sizeof(columns),
		 "wall, median ms | min ms | ratio to %s | the init's CPU, median ms | min ms | "
		 "µs for each exit",
		 reference->label);
	head_print(columns);
	for (size_t i = 0; i < bench->n_inits; i++) {
		const struct init *init = &bench->inits[i];

		if (!row_begin(init))
			continue;
		printf(" %.1f | %.1f | %.2f | %.2f | %.2f | %.2f |\n",
		       value_median(bench, init, WALL), value_quantile(bench, init, WALL, 1, 0),
		       ratio_median(bench, init, reference, WALL, 1),
		       value_median(bench, init, CPU), value_quantile(bench, init, CPU, 1, 0),
		       value_median(bench, init, CPU) * 1e3 / n_exits);
	}
}
