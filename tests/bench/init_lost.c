/* Signals that are lost at the start: SIGTERM is sent soon after the clone, to a payload that does
 * not handle it, and the container should end. It counts as lost when the container is alive
 * SURVIVAL_NS later. A payload that was reached but has SIGTERM blocked, because it was handed the
 * init's own first mask, is counted apart as well.
 *
 * Settings: "open", where nothing is blocked when the init is executed, or "blocked", where every
 * signal is; then the delays in microseconds, each tried once for each init in each round. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "init.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define SURVIVAL_NS UINT64_C(200000000)
#define MAX_DELAYS  32
#define MAX_PENDING 512
#define PAUSE_MS    3
#define TERM_STATUS (128 + SIGTERM)

enum verdict { ENDED, LOST, LOST_TO_MASK };

/* Trials whose verdict is not due yet. They sleep, so others go on beside them. */
struct trial {
	struct instance instance;
	uint64_t due_ns;
	double *verdict;
};

static struct {
	struct trial trials[MAX_PENDING];
	size_t first, n;
} pending;

static size_t n_odd;

/* The payload is the first child; 0 when there is none, or the kernel does not tell. */
static pid_t payload_find(pid_t init)
{
	char path[64];
	FILE *stream;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)init, (int)init);
	stream = fopen(path, "re");
	if (!stream || fscanf(stream, "%d", &child) != 1)
		child = 0;
	if (stream)
		fclose(stream);
	return child;
}

static enum verdict verdict_of(const struct instance *instance)
{
	const uint64_t term = UINT64_C(1) << (SIGTERM - 1);
	int status = instance_wait(instance, 0);
	pid_t payload;

	if (status != ALIVE) {
		n_odd += status != TERM_STATUS;
		return ENDED;
	}
	payload = payload_find(instance->pid);
	if (payload == 0)
		return LOST;
	return proc_number(payload, "status", "SigBlk", 16) & term ? LOST_TO_MASK : LOST;
}

/* Takes the oldest one. */
static void verdict_take(void)
{
	struct trial *trial = &pending.trials[pending.first];
	enum verdict verdict = verdict_of(&trial->instance);

	pending.first = (pending.first + 1) % MAX_PENDING;
	pending.n--;
	*trial->verdict = verdict;
	if (verdict == ENDED)
		instance_close(&trial->instance);
	else
		instance_end(&trial->instance);
}

static void verdicts_take(uint64_t until_ns)
{
	while (pending.n > 0 && pending.trials[pending.first].due_ns <= until_ns)
		verdict_take();
}

/* Turning round and round would take the CPU that the init may be waiting for. */
static void sleep_until_ns(uint64_t time_ns)
{
	const struct timespec time = {.tv_sec = (time_t)(time_ns / 1000000000),
				      .tv_nsec = (long)(time_ns % 1000000000)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void trial_make(const struct bench *bench, const struct init *init, uint64_t delay_ns,
		       double *verdict)
{
	const char *const mode[] = {"sleep", NULL};
	const bool blocked = strcmp(bench->settings[0], "blocked") == 0;
	struct instance instance;

	verdicts_take(now_ns());
	sleep_ms(PAUSE_MS);
	if (pending.n == MAX_PENDING)
		errx(2, "too many trials at once");
	instance = instance_start(bench, init, blocked ? ALL_BLOCKED : NOTHING_BLOCKED, mode);
	sleep_until_ns(instance.cloned_ns + delay_ns);
	kill(instance.pid, SIGTERM);
	pending.trials[(pending.first + pending.n++) % MAX_PENDING] =
		(struct trial){instance, now_ns() + SURVIVAL_NS, verdict};
}

static void lost_measure(const struct bench *bench, const struct init *init, double values[])
{
	size_t order[MAX_DELAYS];

	for (size_t i = 0; i < bench->n_values; i++)
		order[i] = i;
	shuffle(order, bench->n_values);
	for (size_t i = 0; i < bench->n_values; i++) {
		const char *delay_us = bench->settings[1 + order[i]];

		trial_make(bench, init, strtoul(delay_us, NULL, 10) * 1000, &values[order[i]]);
	}
}

static void table_head_print(const struct bench *bench)
{
	char columns[512] = "";

	for (size_t i = 0; i < bench->n_values; i++) {
		strncat(columns, bench->settings[1 + i], 15);
		strcat(columns, " µs | ");
	}
	strcat(columns, "all | blocked in the payload");
	head_print(columns);
}

static void row_print(const struct bench *bench, const struct init *init)
{
	const size_t n_trials = bench->rounds * bench->n_values;
	size_t all = 0, masked = 0;

	for (size_t delay = 0; delay < bench->n_values; delay++) {
		size_t lost = 0;

		for (size_t trial = delay; trial < n_trials; trial += bench->n_values) {
			lost += init->values[trial] > ENDED;
			masked += init->values[trial] > LOST;
		}
		printf(" %zu |", lost);
		all += lost;
	}
	printf(" %zu of %zu | %zu |\n", all, n_trials, masked);
}

void lost_run(struct bench *bench)
{
	size_t n_delays = 0;

	while (bench->settings[1 + n_delays])
		n_delays++;
	if (n_delays > MAX_DELAYS)
		errx(2, "too many delays");
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	rounds_run(bench, n_delays, lost_measure);
	verdicts_take(UINT64_MAX);
	table_head_print(bench);
	for (size_t i = 0; i < bench->n_inits; i++)
		if (row_begin(&bench->inits[i]))
			row_print(bench, &bench->inits[i]);
	if (n_odd > 0)
		warnx("%zu trials ended, but not with %d", n_odd, TERM_STATUS);
}
