#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "ctr/exit.h"
#include "log.h"
#include "parse.h"
#include "run.h"
#include "sys.h"

double in_seconds(uint64_t ns)
{
	return (double)(ns / 1000) / 1e6;
}

bool upper_is_known(const struct run *run)
{
	return run->upper_before >= 0 && run->upper_after >= 0;
}

/* --- the end */

int end_signal(const struct run *run)
{
	int number = run->status - CTR_EXIT_SIGNAL;
	bool may_be = run->end == END_COMMAND || run->end == END_GIVEN_UP;

	return may_be && number > 0 && number <= SIGRTMAX ? number : 0;
}

char *report_words(const struct run *run, const char *reason)
{
	int number = end_signal(run), rc;
	char *words = NULL;

	if (run->end == END_FAILED)
		rc = asprintf(&words, "failed before the command began%s%s", *reason ? ": " : "",
			      reason);
	else if (run->end == END_TIMEOUT)
		rc = asprintf(&words, "time limit of %g s reached",
			      (double)run->spec->timeout_ms / 1000);
	else if (number)
		rc = asprintf(&words, "ended by signal %d (%s)%s", number, strsignal(number),
			      run->end == END_GIVEN_UP ? " before the command began" : "");
	else
		rc = asprintf(&words, "exit status %d", run->status);
	return rc < 0 ? NULL : words;
}

/* --- as lines */

enum { TEXT_SIZE = 64 };

/* "12.5M"; not exact, as size_format() is. */
static const char *about(double bytes, char *text)
{
	static const char *const units[] = {" bytes", "K", "M", "G", "T"};
	size_t unit = 0;

	for (; bytes >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		bytes /= 1024;
	snprintf(text, TEXT_SIZE, unit ? "%.1f%s" : "%.0f%s", bytes, units[unit]);
	return text;
}

__attribute__((format(printf, 3, 4))) static void line_say(const char *label, bool is_known,
							   const char *format, ...)
{
	AUTO_FREE char *value = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&value, format, arguments) < 0)
		value = NULL;
	va_end(arguments);
	say("%-11s%s", label, is_known && value ? value : "not counted here");
}

static void times_say(const struct run *run)
{
	const struct usage *usage = &run->usage;

	line_say("wall time", true, "%.3f s", in_seconds(run->wall_ns));
	line_say("CPU time", usage->cpu_ns.is_known, "%.3f s (user %.2f s, system %.2f s)",
		 in_seconds(usage->cpu_ns.value), in_seconds(usage->user_ns.value),
		 in_seconds(usage->system_ns.value));
	if (run->spec->limits.cpu_quota_us)
		line_say("throttled", usage->throttled_periods.is_known,
			 "in %" PRIu64 " of %" PRIu64 " periods, %.3f s in all",
			 usage->throttled_periods.value, usage->periods.value,
			 in_seconds(usage->throttled_ns.value));
	else
		line_say("throttled", true, "no limit");
}

static void peaks_say(const struct run *run)
{
	const struct limits *limits = &run->spec->limits;
	char peak[TEXT_SIZE], limit[TEXT_SIZE];

	size_format(limits->memory, limit, sizeof(limit));
	line_say("memory", run->usage.memory_peak.is_known, "peak %s%s%s",
		 about((double)run->usage.memory_peak.value, peak), limits->memory ? " of " : "",
		 limits->memory ? limit : ", no limit");
	snprintf(limit, sizeof(limit), "%" PRIu64, limits->pids);
	line_say("pids", run->usage.pids_peak.is_known, "peak %" PRIu64 "%s%s",
		 run->usage.pids_peak.value, limits->pids ? " of " : "",
		 limits->pids ? limit : ", no limit");
}

void report_say(const struct run *run)
{
	AUTO_FREE char *words = report_words(run, ""); /* a line before has it */
	int64_t growth = run->upper_after - run->upper_before;
	char names[VICTIMS_TEXT], text[TEXT_SIZE];

	victims_join(&run->victims, names);
	line_say("end", words, "%s", words ? words : "");
	times_say(run);
	peaks_say(run);
	line_say("OOM kills", run->usage.oom_kills.is_known, "%" PRIu64 "%s%s",
		 run->usage.oom_kills.value, *names ? ": " : "", names);
	line_say("upper", upper_is_known(run), "%s by %s", growth < 0 ? "shrank" : "grew",
		 about((double)(growth < 0 ? -growth : growth), text));
}

/* --- to where it is to go */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int cannot_write(const struct run *run, int error)
{
	const char *advice = error == ENXIO ? " (nobody reads it)" : "";

	if (run->spec->report_path)
		return fail(error, "cannot write the report to %s%s", run->spec->report_path,
			    advice);
	return fail(error, "cannot write the report to descriptor %d", run->spec->report_fd);
}

int report_open(struct run *run)
{
	const struct spec *spec = run->spec;

	if (!spec->report || spec->mode != MODE_RUN)
		return 0;
	if (spec->report_path)
		run->report_fd = sys_open_output(spec->report_path);
	else /* a copy, as the keeper lets go of 0 and 1 */
		run->report_fd = fcntl(spec->report_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (run->report_fd < 0)
		return cannot_write(run, spec->report_path ? -run->report_fd : errno);
	run->began_ns = now_ns();
	log_reason_keep();
	return 0;
}

/* A reader who does not read must not keep us: he is given a moment, and again for each piece. A
 * pipe that is ready takes a page. */
static int whole_write(int fd, const char *text)
{
	enum { PATIENCE_MS = 1000, PIECE = 4096 };
	struct pollfd output = {fd, POLLOUT, 0};

	for (size_t left = strlen(text); left > 0;) {
		ssize_t written = -1;

		if (poll(&output, 1, PATIENCE_MS) == 0)
			return -ETIMEDOUT;
		written = write(fd, text, left < PIECE ? left : PIECE);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (written > 0) {
			text += written;
			left -= (size_t)written;
		}
	}
	return 0;
}

static int json_write(const struct run *run)
{
	AUTO_FREE char *json = report_json(run), *line = NULL;

	if (!json || asprintf(&line, "%s\n", json) < 0)
		return -ENOMEM;
	return whole_write(run->report_fd, line);
}

void report_write(struct run *run)
{
	int rc = 0;

	if (!run->began_ns)
		return;
	run->wall_ns = now_ns() - run->began_ns;
	if (run->spec->report == REPORT_JSON)
		rc = json_write(run);
	else
		report_say(run);
	close_and_forget(&run->report_fd);
	if (rc < 0)
		cannot_write(run, -rc);
}
