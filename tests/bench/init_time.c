/* Two times: from a container's clone to its payload's first act, and from a signal to the answer
 * of the payload that it is meant for.
 *
 * Settings of "signal": how many signals each init gets in each round, on one CPU and then on any.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "init.h"

#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define PAUSE_MS	5
#define PAYLOAD_END_MS	5000
#define WARM_UP_SIGNALS 20

static void start_measure(const struct bench *bench, const struct init *init, double values[])
{
	const char *const mode[] = {"clock", NULL};
	struct instance instance;
	uint64_t began;

	/* what the one before left to the kernel's workers shall not burden this one */
	sleep_ms(PAUSE_MS);
	instance = instance_start(bench, init, NOTHING_BLOCKED, mode);
	instance_read(&instance, &began, sizeof(began));
	values[0] = (double)(began - instance.started_ns) / 1e3;
	if (instance_wait(&instance, PAYLOAD_END_MS) != 0)
		errx(2, "%s did not end as its payload", init->label);
	instance_close(&instance);
}

void start_run(struct bench *bench)
{
	const struct init *none = reference_find(bench);

	rounds_run(bench, 1, start_measure);
	head_print("median µs | min µs | p95 µs | added by the init, µs | ratio to no init");
	for (size_t i = 0; i < bench->n_inits; i++) {
		const struct init *init = &bench->inits[i];

		if (!row_begin(init))
			continue;
		printf(" %.0f | %.0f | %.0f | %.0f | %.2f |\n", value_median(bench, init, 0),
		       value_quantile(bench, init, 0, 1, 0),
		       value_quantile(bench, init, 0, 1, 0.95),
		       difference_median(bench, init, none, 0),
		       ratio_median(bench, init, none, 0, 1));
	}
}

static void signals_send(const struct bench *bench, const struct init *init, size_t n,
			 double values[])
{
	const char *const mode[] = {"answer", NULL};
	struct instance instance = instance_start(bench, init, NOTHING_BLOCKED, mode);
	char answer;

	instance_await_ready(&instance);
	/* the first finds an init that may not wait yet */
	sleep_ms(PAUSE_MS);
	for (size_t i = 0; i < n + WARM_UP_SIGNALS; i++) {
		uint64_t sent = now_ns();

		if (kill(instance.pid, SIGUSR1) < 0)
			err(2, "kill");
		instance_read(&instance, &answer, 1);
		if (i >= WARM_UP_SIGNALS)
			values[i - WARM_UP_SIGNALS] = (double)(now_ns() - sent) / 1e3;
	}
	instance_end(&instance);
}

static void signal_measure(const struct bench *bench, const struct init *init, double values[])
{
	const size_t n = bench->n_values / 2;
	cpu_set_t before, one;
	size_t cpu = 0;

	if (sched_getaffinity(0, sizeof(before), &before) < 0)
		err(2, "sched_getaffinity");
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		err(2, "sched_setaffinity");
	signals_send(bench, init, n, values);
	if (sched_setaffinity(0, sizeof(before), &before) < 0)
		err(2, "sched_setaffinity");
	signals_send(bench, init, n, values + n);
}

void signal_run(struct bench *bench)
{
	const struct init *none = reference_find(bench);
	const size_t n = strtoul(bench->settings[0], NULL, 10);

	rounds_run(bench, 2 * n, signal_measure);
	head_print("one CPU: median µs | p99 µs | ratio to no init | any CPU: median µs | p99 µs | "
		   "ratio to no init");
	for (size_t i = 0; i < bench->n_inits; i++) {
		const struct init *init = &bench->inits[i];

		if (!row_begin(init))
			continue;
		for (size_t first = 0; first < 2 * n; first += n)
			printf(" %.1f | %.1f | %.2f |", value_quantile(bench, init, first, n, 0.5),
			       value_quantile(bench, init, first, n, 0.99),
			       ratio_median(bench, init, none, first, n));
		putchar('\n');
	}
}
