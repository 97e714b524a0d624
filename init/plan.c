#include "plan.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "text.h"

/* Texts behind each other, as name_find() reads them: an array would pad each to the longest, and
 * pointers take more room than they do. */
static const struct {
#define FLAG(name, flag)                                                                           \
	char bit_##flag;                                                                           \
	char name_##flag[sizeof(name)];
	CTR_MOUNT_FLAGS(FLAG)
#undef FLAG
} mount_flags = {
#define FLAG(name, flag) __builtin_ctzl(flag), name,
	CTR_MOUNT_FLAGS(FLAG)
#undef FLAG
};

static const struct {
#define RLIMIT(name, resource)                                                                     \
	char resource_##resource;                                                                  \
	char name_##resource[sizeof(name)];
	CTR_RLIMITS(RLIMIT)
#undef RLIMIT
} rlimits = {
#define RLIMIT(name, resource) resource, name,
	CTR_RLIMITS(RLIMIT)
#undef RLIMIT
};

/* The same with the kinds of a verb's fields behind its name. */
static const struct {
#define VERB(id, verb, stage, fields)                                                              \
	char stage_##id;                                                                           \
	char verb_##id[sizeof(verb)], kinds_##id[sizeof(fields)];
	CTR_VERBS(VERB)
#undef VERB
} verbs = {
#define VERB(id, verb, stage, fields) stage, verb, fields,
	CTR_VERBS(VERB)
#undef VERB
};

static bool mount_flags_parse(const char *text, unsigned long *flags)
{
	*flags = 0;
	while (*text) {
		size_t length = strcspn(text, ",");
		int bit = name_find((const char *)&mount_flags, sizeof(mount_flags), text, length);

		if (bit < 0)
			return false;
		*flags |= 1UL << bit;
		text += length;
		if (*text == ',' && !*++text)
			return false;
	}
	return true;
}

static int rlimit_parse(const char *text)
{
	return name_find((const char *)&rlimits, sizeof(rlimits), text, strlen(text));
}

static bool field_is_valid(const char *text, char kind)
{
	uint64_t value, least = 0, most = UINT64_MAX;
	unsigned base = 10;
	unsigned long flags;

	switch (kind) {
	case 'p':
		return text[0] == '/';
	case 'd':
		return (text[0] == 'c' || text[0] == 'b') && !text[1];
	case 'm':
		return mount_flags_parse(text, &flags);
	case 'r':
		return rlimit_parse(text) >= 0;
	case 'u':
		break;
	case 'i':
		most = UINT32_MAX - 1;
		break;
	case 'f':
		least = CTR_ATTACH_FD;
		most = INT_MAX;
		break;
	case 'o':
		base = 8;
		most = UINT32_MAX;
		break;
	case 'x':
		base = 16;
		break;
	default:
		return true;
	}
	return integer_parse(text, base, &value) && value >= least && value <= most;
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

/* Finds a verb: its stage, behind which is the rest of its entry; NULL: it is not known. */
static const char *verb_parse(const char *text, enum ctr_verb *verb)
{
	const char *entry = (const char *)&verbs;

	for (*verb = 0; *verb < CTR_VERB_COUNT; (*verb)++) {
		if (strcmp(entry + 1, text) == 0)
			return entry;
		entry += strlen(entry + 1) + 2;
		entry += strlen(entry) + 1;
	}
	return NULL;
}

static bool fields_are_valid(const struct line *line, const char *kind)
{
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

/* Parses the line at *text and moves *text behind it. Returns its stage, 0 when it is not
 * understood.
 */
static char line_parse(char **text, struct line *line)
{
	char *to = *text, *word = *text;
	char end = field_cut(text, &to);
	const char *verb = end ? verb_parse(word, &line->verb) : NULL;

	if (!verb)
		return 0;
	line->fields = to;
	line->count = 0;
	while (end == ' ') {
		if (line->count == CTR_PLAN_FIELDS_MAX)
			return 0;
		end = field_cut(text, &to);
		line->count++;
	}
	return end == '\n' && fields_are_valid(line, verb + strlen(verb) + 1) ? *verb : 0;
}

unsigned plan_parse(char *text, size_t size, struct plan *plan)
{
	static const char header[] = CTR_PLAN_HEADER "\n";
	const char *end = text + size;
	char stage = 0, next;

	plan->count = 0;
	if (size < sizeof(header) || memcmp(text, header, sizeof(header) - 1) != 0 ||
	    end[-1] != '\n')
		return 1;
	text += sizeof(header) - 1;
	while (text < end) {
		struct line *line = &plan->lines[plan->count];

		if (plan->count == CTR_PLAN_LINES_MAX || (next = line_parse(&text, line)) <= 0 ||
		    next < stage)
			return plan->count + 2;
		stage = next;
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
