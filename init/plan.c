#include "plan.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "text.h"

/* Text in the tables themselves: pointers to it would take more room than it does. */
static const struct {
	char name[11], kinds[6];
	uint8_t stage;
} verbs[] = {
#define VERB(id, verb, stage, fields) [CTR_VERB_##id] = {verb, fields, stage},
	CTR_VERBS(VERB)
#undef VERB
};

static const struct {
	unsigned long flag;
	char name[8];
} mount_flags[] = {
#define FLAG(name, flag) {flag, name},
	CTR_MOUNT_FLAGS(FLAG)
#undef FLAG
};

static const struct {
	char name[11];
	uint8_t resource;
} rlimits[] = {
#define RLIMIT(name, resource) {name, resource},
	CTR_RLIMITS(RLIMIT)
#undef RLIMIT
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool mount_flags_parse(const char *text, unsigned long *flags)
{
	*flags = 0;
	while (*text) {
		size_t length = strcspn(text, ",");
		size_t i = 0;

		while (i < COUNT(mount_flags) && (strlen(mount_flags[i].name) != length ||
						  memcmp(mount_flags[i].name, text, length) != 0))
			i++;
		if (i == COUNT(mount_flags))
			return false;
		*flags |= mount_flags[i].flag;
		text += length;
		if (*text == ',' && !*++text)
			return false;
	}
	return true;
}

static int rlimit_parse(const char *text)
{
	for (size_t i = 0; i < COUNT(rlimits); i++)
		if (strcmp(rlimits[i].name, text) == 0)
			return rlimits[i].resource;
	return -1;
}

static bool field_is_valid(const char *text, char kind)
{
	unsigned long flags;
	uint64_t value;

	switch (kind) {
	case 'p':
		return text[0] == '/';
	case 'u':
		return integer_parse(text, 10, &value);
	case 'i':
		return integer_parse(text, 10, &value) && value < UINT32_MAX;
	case 'f':
		return integer_parse(text, 10, &value) && value >= CTR_ATTACH_FD &&
		       value <= INT_MAX;
	case 'o':
		return integer_parse(text, 8, &value) && value <= UINT32_MAX;
	case 'x':
		return integer_parse(text, 16, &value);
	case 'd':
		return (text[0] == 'c' || text[0] == 'b') && !text[1];
	case 'm':
		return mount_flags_parse(text, &flags);
	case 'r':
		return rlimit_parse(text) >= 0;
	default:
		return true;
	}
}

char field_cut(char **from, char **to)
{
	char *in = *from, *out = *to;
	bool empty = in[0] == '-' && (in[1] == ' ' || in[1] == '\n');
	char end;

	while (*in != ' ' && *in != '\n') {
		if (!*in)
			return 0;
		if (*in != '\\') {
			*out++ = *in++;
			continue;
		}
		for (int i = 1; i <= 3; i++)
			if (in[i] < '0' || in[i] > (i == 1 ? '3' : '7'))
				return 0;
		*out++ = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
		if (!out[-1])
			return 0;
		in += 4;
	}
	if (in == *from)
		return 0;
	end = *in;
	if (empty)
		out = *to;
	*out++ = '\0';
	*from = in + 1;
	*to = out;
	return end;
}

static bool verb_parse(const char *text, enum ctr_verb *verb)
{
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(verbs[i].name, text) == 0) {
			*verb = (enum ctr_verb)i;
			return true;
		}
	}
	return false;
}

static bool fields_are_valid(const struct line *line)
{
	const char *kind = verbs[line->verb].kinds;
	char *text = line->fields;

	for (unsigned i = 0; i < line->count; i++) {
		if (!*kind || !field_is_valid(text, *kind == '*' ? kind[-1] : *kind))
			return false;
		text += strlen(text) + 1;
		if (*kind != '*')
			kind++;
	}
	return !*kind || *kind == '*';
}

/* Parses the line at *text and moves *text behind it. */
static bool line_parse(char **text, struct line *line)
{
	char *to = *text, *word = *text;
	char end = field_cut(text, &to);

	if (!end || !verb_parse(word, &line->verb))
		return false;
	line->fields = to;
	line->count = 0;
	while (end == ' ') {
		if (line->count == CTR_PLAN_FIELDS_MAX)
			return false;
		end = field_cut(text, &to);
		line->count++;
	}
	return end == '\n' && fields_are_valid(line);
}

unsigned plan_parse(char *text, size_t size, struct plan *plan)
{
	static const char header[] = CTR_PLAN_HEADER "\n";
	const char *end = text + size;
	unsigned stage = 0;

	plan->count = 0;
	if (size < sizeof(header) || memcmp(text, header, sizeof(header) - 1) != 0 ||
	    end[-1] != '\n')
		return 1;
	text += sizeof(header) - 1;
	while (text < end) {
		struct line *line = &plan->lines[plan->count];

		if (plan->count == CTR_PLAN_LINES_MAX || !line_parse(&text, line) ||
		    verbs[line->verb].stage < stage)
			return plan->count + 2;
		stage = verbs[line->verb].stage;
		line->number = plan->count + 2;
		plan->count++;
	}
	return plan->lines[plan->count - 1].verb == CTR_VERB_EXEC ? 0 : plan->count + 1;
}

char *field(const struct line *line, unsigned n)
{
	char *text = line->fields;

	while (n-- > 0)
		text += strlen(text) + 1;
	return text;
}

static uint64_t number(const struct line *line, unsigned n, unsigned base)
{
	uint64_t value = 0;

	integer_parse(field(line, n), base, &value); /* cannot fail: plan_parse() checked it */
	return value;
}

uint64_t field_number(const struct line *line, unsigned n)
{
	return number(line, n, 10);
}

unsigned field_octal(const struct line *line, unsigned n)
{
	return (unsigned)number(line, n, 8);
}

uint64_t field_hex(const struct line *line, unsigned n)
{
	return number(line, n, 16);
}

int field_rlimit(const struct line *line, unsigned n)
{
	return rlimit_parse(field(line, n));
}

unsigned long field_mount_flags(const struct line *line, unsigned n)
{
	unsigned long flags = 0;

	mount_flags_parse(field(line, n), &flags);
	return flags;
}
