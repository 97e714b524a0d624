/* The report as one JSON object: the schema is in docs/JSON.md. */
#include <jansson.h>

#include "cleanup.h"
#include "log.h"
#include "report.h"
#include "run.h"

static const char *end_name(const struct run *run)
{
	switch (run->end) {
	case END_COMMAND:
		return end_signal(run) ? "signal" : "exit";
	case END_TIMEOUT:
		return "timeout";
	case END_GIVEN_UP:
		return "given up";
	case END_FAILED:
	default:
		return "failure";
	}
}

static json_t *number(struct count count)
{
	return count.is_known ? json_integer((json_int_t)count.value) : json_null();
}

static json_t *seconds(struct count ns)
{
	return ns.is_known ? json_real(in_seconds(ns.value)) : json_null();
}

static json_t *unless_0(uint64_t value)
{
	return number((struct count){value, value != 0});
}

static json_t *names(const struct run *run)
{
	json_t *array = run->usage.oom_kills.is_known ? json_array() : json_null();

	for (size_t i = 0; i < run->victims.count; i++)
		json_array_append_new(array, json_string(run->victims.names[i]));
	return array;
}

static json_t *percent(uint64_t quota_us)
{
	return quota_us ? json_real((double)quota_us / 1000) : json_null();
}

char *report_json(const struct run *run)
{
	const struct usage *usage = &run->usage;
	const struct limits *limits = &run->spec->limits;
	AUTO_FREE char *words = report_words(run, log_reason());
	struct count growth = {(uint64_t)(run->upper_after - run->upper_before),
			       upper_is_known(run)};
	json_t *object = json_object();
	const struct {
		const char *key;
		json_t *value;
	} rows[] = {
		{"name", json_string(run->name)},
		{"status", json_integer(run->status)},
		{"end", json_string(end_name(run))},
		{"end_signal", unless_0((uint64_t)end_signal(run))},
		{"end_words", words ? json_string(words) : NULL},
		{"wall_seconds", json_real(in_seconds(run->wall_ns))},
		{"cpu_seconds", seconds(usage->cpu_ns)},
		{"cpu_user_seconds", seconds(usage->user_ns)},
		{"cpu_system_seconds", seconds(usage->system_ns)},
		{"cpu_limit_percent", percent(limits->cpu_quota_us)},
		{"cpu_periods", number(usage->periods)},
		{"cpu_throttled_periods", number(usage->throttled_periods)},
		{"cpu_throttled_seconds", seconds(usage->throttled_ns)},
		{"memory_peak_bytes", number(usage->memory_peak)},
		{"memory_limit_bytes", unless_0(limits->memory)},
		{"oom_kills", number(usage->oom_kills)},
		{"oom_names", names(run)},
		{"pids_peak", number(usage->pids_peak)},
		{"pids_limit", unless_0(limits->pids)},
		{"pids_refused", number(usage->pids_refused)},
		{"upper_growth_bytes", number(growth)},
	};
	int rc = 0;
	char *text;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		rc |= json_object_set_new(object, rows[i].key, rows[i].value);
	text = rc == 0 ? json_dumps(object, JSON_REAL_PRECISION(15)) : NULL;
	json_decref(object);
	return text;
}
