#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 8192, PATIENCE_MS = 1000 };

static unsigned current_stage;
static bool is_verbose;

void log_stage(unsigned stage)
{
	current_stage = stage;
}

void log_verbose(bool verbose)
{
	is_verbose = verbose;
}

static const char *stage_name(unsigned stage)
{
	switch (stage) {
#define NAME(id, number, name)                                                                     \
	case number:                                                                               \
		return name;
		CTR_STAGES(NAME)
#undef NAME
	default:
		return "unknown stage";
	}
}

/* Writes one line with a single write(2), so that lines of two processes do not mix. A terminal
 * that nobody reads must not keep us from cleaning up: it is given a moment. */
static void line_write(const char *text)
{
	struct pollfd output = {STDERR_FILENO, POLLOUT, 0};
	char line[4 * LINE_SIZE + 1];
	size_t length = 0;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c >= 0x20 && *c < 0x7f)
			line[length++] = (char)*c;
		else
			length += (size_t)snprintf(line + length, 5, "\\x%02x", *c);
	}
	line[length++] = '\n';
	if (poll(&output, 1, PATIENCE_MS) == 0)
		return;
	while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
		;
}

__attribute__((format(printf, 3, 0))) static void line_say(unsigned stage, int error,
							   const char *format, va_list arguments)
{
	int saved = errno;
	char text[LINE_SIZE];
	int used = snprintf(text, sizeof(text), "ctr-setup: ");

	if (stage)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%u %s: ", stage,
				 stage_name(stage));
	used += vsnprintf(text + used, sizeof(text) - (size_t)used, format, arguments);
	if (error && used < LINE_SIZE)
		snprintf(text + used, sizeof(text) - (size_t)used, ": %s", strerror(error));
	line_write(text);
	errno = saved;
}

int fail(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line_say(current_stage, error, format, arguments);
	va_end(arguments);
	return error ? -error : -EINVAL;
}

void fail_elsewhere(unsigned stage, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line_say(stage, error, format, arguments);
	va_end(arguments);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line_say(0, 0, format, arguments);
	va_end(arguments);
}

void trace(const char *format, ...)
{
	va_list arguments;

	if (!is_verbose)
		return;
	va_start(arguments, format);
	line_say(current_stage, 0, format, arguments);
	va_end(arguments);
}
