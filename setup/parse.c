#include "parse.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "spec.h"

static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* Reads digits at *text and moves it behind them. */
static bool digits_read(const char **text, uint64_t *value)
{
	uint64_t n = 0;

	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		unsigned digit = (unsigned)(**text - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return true;
}

bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t n;

	if (!digits_read(&text, &n) || *text || n < min || n > max)
		return false;
	*value = n;
	return true;
}

/* A decimal fraction: part of scale, a power of ten up to a million. */
struct decimal {
	uint64_t whole, part, scale;
};

static bool decimal_read(const char **text, struct decimal *decimal)
{
	const char *start;

	*decimal = (struct decimal){.scale = 1};
	if (!digits_read(text, &decimal->whole))
		return false;
	if (**text != '.')
		return true;
	start = ++*text;
	if (!digits_read(text, &decimal->part) || *text - start > 6)
		return false;
	for (; start < *text; start++)
		decimal->scale *= 10;
	return true;
}

/* decimal * unit, which is at most 2^40, rounded down; false beyond 2^63 - 1. */
static bool decimal_scale(const struct decimal *decimal, uint64_t unit, uint64_t *value)
{
	uint64_t n;

	if (__builtin_mul_overflow(decimal->whole, unit, &n) ||
	    __builtin_add_overflow(n, decimal->part * unit / decimal->scale, &n) || n > INT64_MAX)
		return false;
	*value = n;
	return true;
}

bool size_parse(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGTkmgt";
	struct decimal size;
	const char *unit;
	unsigned shift = 0;

	if (!decimal_read(&text, &size))
		return false;
	unit = *text ? strchr(units, *text) : NULL;
	if (unit) {
		shift = 10 * ((unsigned)(unit - units) % 4 + 1);
		text++;
	}
	if (strcasecmp(text, "b") == 0 || (unit && strcasecmp(text, "ib") == 0))
		text = "";
	if (*text || (!unit && size.scale > 1))
		return false;
	return decimal_scale(&size, UINT64_C(1) << shift, bytes);
}

bool percent_parse(const char *text, uint64_t *quota_us)
{
	uint64_t whole, part = 0;

	if (!digits_read(&text, &whole) || whole > 1000000)
		return false;
	if (*text == '.') {
		const char *start = ++text;

		if (!digits_read(&text, &part) || text - start > 3)
			return false;
		for (ptrdiff_t i = text - start; i < 3; i++)
			part *= 10;
	}
	if (*text || whole == 0)
		return false;
	*quota_us = whole * 1000 + part;
	return true;
}

bool duration_parse(const char *text, uint64_t *milliseconds)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"", 1000},   {"ms", 1},	   {"s", 1000},
		     {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	struct decimal time;
	uint64_t ms = 0;

	if (!decimal_read(&text, &time))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text, units[i].unit) == 0 && !decimal_scale(&time, units[i].ms, &ms))
			return false;
	if (ms == 0)
		return false;
	*milliseconds = ms;
	return true;
}

bool user_parse(const char *text, uint32_t *uid, uint32_t *gid)
{
	uint64_t user, group;

	if (!digits_read(&text, &user) || user >= UINT32_MAX)
		return false;
	group = user;
	if (*text == ':') {
		text++;
		if (!digits_read(&text, &group) || group >= UINT32_MAX)
			return false;
	}
	if (*text)
		return false;
	*uid = (uint32_t)user;
	*gid = (uint32_t)group;
	return true;
}

static bool rlimit_value_read(const char **text, uint64_t *value)
{
	static const char unlimited[] = "unlimited";

	if (strncmp(*text, unlimited, sizeof(unlimited) - 1) != 0)
		return digits_read(text, value);
	*text += sizeof(unlimited) - 1;
	*value = UINT64_MAX;
	return true;
}

bool rlimit_values_parse(const char *text, uint64_t *soft, uint64_t *hard)
{
	uint64_t first, second;

	if (!rlimit_value_read(&text, &first))
		return false;
	second = first;
	if (*text == ':') {
		text++;
		if (!rlimit_value_read(&text, &second))
			return false;
	}
	if (*text || first > second)
		return false;
	*soft = first;
	*hard = second;
	return true;
}

bool cpu_list_is_valid(const char *text)
{
	do {
		uint64_t first, last;

		if (!digits_read(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!digits_read(&text, &last))
				return false;
		}
		if (first > last)
			return false;
	} while (*text == ',' && *++text);
	return !*text && text[-1] != ',';
}

bool access_parse(const char *text, unsigned *access)
{
	static const char letters[] = "mrw"; /* in the order of the bits */
	unsigned bits = 0;

	for (; *text; text++) {
		const char *letter = strchr(letters, *text);
		unsigned bit = letter ? 1U << (letter - letters) : 0;

		if (!bit || bits & bit)
			return false;
		bits |= bit;
	}
	if (!bits)
		return false;
	*access = bits;
	return true;
}

/* "RTMIN+3" and its like. */
static bool real_time_parse(const char *text, int *number)
{
	bool from_least = strncasecmp(text, "RTMIN", 5) == 0;
	int base = from_least ? SIGRTMIN : SIGRTMAX;
	uint64_t more = 0;

	if (!from_least && strncasecmp(text, "RTMAX", 5) != 0)
		return false;
	if (text[5] && (text[5] != (from_least ? '+' : '-') ||
			!number_parse(text + 6, 0, (uint64_t)(SIGRTMAX - SIGRTMIN), &more)))
		return false;
	*number = from_least ? base + (int)more : base - (int)more;
	return true;
}

bool signal_name_parse(const char *text, int *number)
{
	uint64_t value;

	if (number_parse(text, 1, 64, &value)) {
		*number = (int)value;
		return true;
	}
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0) {
			*number = i;
			return true;
		}
	}
	return real_time_parse(text, number);
}

static bool consists_of(const char *text, const char *more)
{
	while (*text && (strchr(alphanumeric, *text) || strchr(more, *text)))
		text++;
	return !*text;
}

bool name_is_valid(const char *text)
{
	size_t length = strlen(text);

	return length >= 1 && length <= 64 && !strchr(".+-", text[0]) && consists_of(text, "_.+-");
}

void size_format(uint64_t bytes, char *text, size_t size)
{
	static const char units[] = "\0KMGT";
	unsigned unit = 0;

	while (unit < 4 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, size, "%" PRIu64 "%.1s", bytes, &units[unit]);
}
