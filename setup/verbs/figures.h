/* What a run uses: from the counters of its cgroups where it has such, else added up over its
 * processes. */
#ifndef CTR_SETUP_FIGURES_H
#define CTR_SETUP_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "live.h"
#include "processes.h"

struct figures {
	uint64_t read_us;   /* CLOCK_MONOTONIC */
	uint64_t uptime_us; /* of its keeper */
	uint64_t cpu_us;
	uint64_t memory, memory_limit; /* bytes; no limit: 0 */
	uint64_t processes;
	bool is_paused;
};

/* Marks the run's processes. */
void figures_read(const struct live *live, struct processes *processes, struct figures *figures);

/* Percent of one CPU from one reading to a later one. */
double figures_cpu(const struct figures *from, const struct figures *to);

/* An object of docs/JSON.md: the caller's, or NULL. */
json_t *figures_json(const struct live *live, const struct figures *figures);
/* Prints an object or an array and gives it back. Returns 0, or -errno after fail(). */
int json_print(json_t *json);

/* "12.3M", "1h02m", for eyes. */
enum { FIGURE_SIZE = 24 };
void bytes_show(uint64_t bytes, char *text);
void time_show(uint64_t us, char *text);
const char *state_show(const struct figures *figures);

#endif
