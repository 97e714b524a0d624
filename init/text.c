#include "text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "life.h"

bool integer_parse(const char *text, unsigned base, uint64_t *value)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = base;

		if (*text >= '0' && *text <= '9')
			digit = (unsigned)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			digit = (unsigned)(*text - 'a') + 10;
		if (digit >= base || n > (UINT64_MAX - digit) / base)
			return false;
		n = n * base + digit;
	}
	*value = n;
	return true;
}

long decimal_parse(const char *text, uint64_t max)
{
	uint64_t n;

	return integer_parse(text, 10, &n) && n <= max ? (long)n : -1;
}

void text_append(char *text, size_t size, const char *part)
{
	size_t used = strlen(text);
	size_t length = strlen(part);

	if (length > size - 1 - used)
		length = size - 1 - used;
	memcpy(text + used, part, length);
	text[used + length] = '\0';
}

void text_append_number(char *text, size_t size, uint64_t value)
{
	char digits[24];
	char *first = digits + sizeof(digits) - 1;

	*first = '\0';
	do {
		*--first = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	text_append(text, size, first);
}

int name_find(const char *table, size_t size, const char *text, size_t length)
{
	for (const char *entry = table; entry < table + size; entry += strlen(entry + 1) + 2)
		if (strlen(entry + 1) == length && memcmp(entry + 1, text, length) == 0)
			return *entry;
	return -1;
}

char *text_behind(char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* Name and number of signal(7), one after the other, each name ended by its number. */
static const char signals[] UNALIGNED =
	"HUP\001INT\002QUIT\003ILL\004TRAP\005ABRT\006IOT\006BUS\007FPE\010"
	"KILL\011USR1\012SEGV\013USR2\014PIPE\015ALRM\016TERM\017STKFLT\020"
	"CHLD\021CONT\022STOP\023TSTP\024TTIN\025TTOU\026URG\027XCPU\030"
	"XFSZ\031VTALRM\032PROF\033WINCH\034IO\035POLL\035PWR\036SYS\037";

_Static_assert(SIGTERM == 017 && SIGCHLD == 021 && SIGSYS == 037, "the usual numbers of signal(7)");

int signal_parse(const char *text)
{
	int number = (int)decimal_parse(text, SIGNALS);

	if (number >= 0)
		return number;
	if (strncmp(text, "SIG", 3) == 0)
		text += 3;
	for (const char *name = signals; *name; name++) {
		size_t length = 0;

		while (name[length] > ' ')
			length++;
		if (length == strlen(text) && memcmp(name, text, length) == 0)
			return name[length];
		name += length;
	}
	return -1;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

long base64_decode(char *text)
{
	unsigned bits = 0, count = 0, padding = 0;
	char *out = text;
	const char *in = text;

	for (; base64_digit(*in) >= 0; in++) {
		bits = bits << 6 | (unsigned)base64_digit(*in);
		if (count++ % 4)
			*out++ = (char)(bits >> (2 * (4 - count % 4) % 8));
	}
	for (; *in == '='; in++)
		padding++;
	return *in || padding > 2 || (count + padding) % 4 ? -1 : out - text;
}

/* Number and text of the usual ones, each ended by NUL. */
static const char errors[] UNALIGNED = "\001Operation not permitted\0"
				       "\002No such file or directory\0"
				       "\005Input/output error\0"
				       "\006No such device or address\0"
				       "\010Exec format error\0"
				       "\013Resource temporarily unavailable\0"
				       "\014Cannot allocate memory\0"
				       "\015Permission denied\0"
				       "\017Block device required\0"
				       "\020Device or resource busy\0"
				       "\023No such device\0"
				       "\024Not a directory\0"
				       "\026Invalid argument\0"
				       "\036Read-only file system\0"
				       "\046Function not implemented\0"
				       "\050Too many levels of symbolic links\0";

_Static_assert(ENOENT == 002 && EINVAL == 026 && ELOOP == 050, "the usual numbers of errno(3)");

const char *error_text(int error, char spare[24])
{
	for (const char *text = errors; *text; text += strlen(text) + 1)
		if (*text == error)
			return text + 1;
	spare[0] = '\0';
	text_append(spare, 24, "error ");
	text_append_number(spare, 24, (uint64_t)error);
	return spare;
}
