/* How a test fails: by saying what the run did. */
#include "lab.h"

#include <string.h>
#include <time.h>

int64_t lab_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void lab_sleep_us(long us)
{
	nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

long lab_start_us(void)
{
	int64_t began = lab_now_us();

	assert_status(RUN(lab_merged(), "true"), 0);
	return (long)(lab_now_us() - began);
}

void lab_assert_status(const struct result *result, int wanted, const char *file, int line)
{
	if (result->status == wanted)
		return;
	print_error("%s:%d: the status is %d, not %d\n--- stdout\n%.4000s\n--- stderr\n%.4000s\n",
		    file, line, result->status, wanted, result->out, result->err);
	_fail(file, line);
}

void lab_assert_out(const struct result *result, const char *wanted, const char *file, int line)
{
	lab_assert_status(result, 0, file, line);
	_assert_string_equal(result->out, wanted, file, line);
}

void lab_assert_has(const char *text, const char *part, bool wanted, const char *file, int line)
{
	if ((text && strstr(text, part)) == wanted)
		return;
	print_error("%s:%d: \"%s\" is %s\n%.4000s\n", file, line, part,
		    wanted ? "missing in" : "not to be in", text ? text : "(nothing)");
	_fail(file, line);
}

void lab_assert_refused(const struct result *result, const char *part, const char *file, int line)
{
	const char *newline = strchr(result->err, '\n');

	lab_assert_status(result, 125, file, line);
	lab_assert_has(result->err, part, true, file, line);
	if (newline && !newline[1] && strncmp(result->err, "ctr-setup: ", 11) == 0)
		return;
	print_error("%s:%d: not one line of ctr-setup's:\n%s\n", file, line, result->err);
	_fail(file, line);
}

void lab_assert_eventually(bool holds, const char *condition, const char *file, int line)
{
	if (holds)
		return;
	print_error("%s:%d: never came true: %s\n", file, line, condition);
	_fail(file, line);
}
