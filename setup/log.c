#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE_SIZE = 8192, PRINTABLE_SIZE = 4 * LINE_SIZE + 1, PATIENCE_MS = 1000 };

static const char program[] = "ctr-setup: ";

static unsigned current_stage;
static bool is_verbose;
static char *reason; /* NULL: not kept */
static bool reason_is_closed;

void log_stage(unsigned stage)
{
	current_stage = stage;
}

void log_verbose(bool verbose)
{
	is_verbose = verbose;
}

void log_reason_keep(void)
{
	void *page = reason ? reason
			    : mmap(NULL, PRINTABLE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	reason = page == MAP_FAILED ? NULL : page;
	if (reason)
		reason[0] = '\0';
	reason_is_closed = false;
}

void log_reason_close(void)
{
	reason_is_closed = true;
}

const char *log_reason(void)
{
	return reason ? reason : "";
}

const char *stage_name(unsigned stage)
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

/* to has room for four times the text. Returns its length. */
static size_t printable(const char *text, char *to)
{
	size_t length = 0;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c >= 0x20 && *c < 0x7f)
			to[length++] = (char)*c;
		else
			length += (size_t)snprintf(to + length, 5, "\\x%02x", *c);
	}
	to[length] = '\0';
	return length;
}

/* Writes one line with a single write(2), so that lines of two processes do not mix. A terminal
 * that nobody reads must not keep us from cleaning up: it is given a moment. */
static void line_write(const char *text)
{
	struct pollfd output = {STDERR_FILENO, POLLOUT, 0};
	char line[PRINTABLE_SIZE];
	size_t length = printable(text, line);

	line[length++] = '\n';
	if (poll(&output, 1, PATIENCE_MS) == 0)
		return;
	while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
		;
}

__attribute__((format(printf, 3, 0))) static void line_say(unsigned stage, int error,
							   const char *format, va_list arguments,
							   bool is_failure)
{
	int saved = errno;
	char text[LINE_SIZE];
	int used = snprintf(text, sizeof(text), program);

	if (stage)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%u %s: ", stage,
				 stage_name(stage));
	used += vsnprintf(text + used, sizeof(text) - (size_t)used, format, arguments);
	if (error && used < LINE_SIZE)
		snprintf(text + used, sizeof(text) - (size_t)used, ": %s", strerror(error));
	line_write(text);
	if (is_failure && reason && !reason_is_closed)
		printable(text + strlen(program), reason);
	errno = saved;
}

int fail(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line_say(current_stage, error, format, arguments, true);
	va_end(arguments);
	return error ? -error : -EINVAL;
}

void fail_elsewhere(unsigned stage, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line_say(stage, error, format, arguments, true);
	va_end(arguments);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line_say(0, 0, format, arguments, false);
	va_end(arguments);
}

void trace(const char *format, ...)
{
	va_list arguments;

	if (!is_verbose)
		return;
	va_start(arguments, format);
	line_say(current_stage, 0, format, arguments, false);
	va_end(arguments);
}
