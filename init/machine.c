/* What a machine is told by its kernel's command line. The names are documented in ctr-init(8). */
#include "machine.h"

#include <string.h>

#include "disk.h"
#include "text.h"

enum { WORDS_MAX = 2048, GRACE_MAX = 86400 };

static char *words[WORDS_MAX + 1];
static unsigned word_count;

static bool word_add(char *word)
{
	if (word_count == WORDS_MAX)
		return false;
	words[word_count++] = word;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The kernel's rule: words are separated by white space, but for what is between double quotes,
 * which go. Returns NULL at the end. */
static char *word_cut(char **text)
{
	char *in = *text, *out, *word;
	bool is_quoted = false;

	while (is_space(*in))
		in++;
	if (!*in)
		return NULL;
	for (word = out = in; *in && (is_quoted || !is_space(*in)); in++) {
		if (*in == '"')
			is_quoted = !is_quoted;
		else
			*out++ = *in;
	}
	*text = *in ? in + 1 : in;
	*out = '\0';
	return word;
}

static bool plan_add(struct plan *plan, enum ctr_verb verb, char *field)
{
	if (plan->count == CTR_PLAN_LINES_MAX)
		return false;
	plan->lines[plan->count++] = (struct line){.verb = verb, .count = 1, .fields = field};
	return true;
}

static bool exec_set(char *value)
{
	char *word;

	for (word_count = 0; (word = word_cut(&value));)
		if (!word_add(word))
			return false;
	return word_count > 0;
}

/* The words each ended by NUL. */
static bool exec64_set(char *value)
{
	long size = base64_decode(value);

	word_count = 0;
	if (size <= 0 || value[size - 1])
		return false;
	for (char *end = value + size; value < end; value += strlen(value) + 1)
		if (!word_add(value))
			return false;
	return true;
}

static bool ending_set(struct life *life, const char *value)
{
	static const char endings[] UNALIGNED = "Apoweroff\0Breboot\0Chalt";
	int ending = name_find(endings, sizeof(endings), value, strlen(value));

	_Static_assert(ORDER_POWEROFF == 'A' && ORDER_HALT == 'C', "the values in the table");
	if (ending > 0)
		life->ending = (uint8_t)ending;
	return ending > 0;
}

static bool root_set(struct life *life, const char *value)
{
	struct disk_search search;

	life->root = value;
	return *value && disk_search_begin(value, &search) >= 0;
}

/* For name_find(). */
static const char settings[] UNALIGNED = "xexec\0"
					 "Xexec64\0"
					 "hhostname\0"
					 "eexit\0"
					 "ggrace\0"
					 "rreport\0"
					 "yemergency\0"
					 "/root\0"
					 "trootfstype\0"
					 "frootflags";

/* One ctr. word, without that beginning. */
static bool setting_read(char *setting, struct life *life, struct plan *plan)
{
	char *value = strchr(setting, '='), *variable = text_behind(setting, "env.");

	if (!value)
		return false;
	value++;
	if (variable)
		return *variable != '=' && plan_add(plan, CTR_VERB_ENV, variable);
	switch (name_find(settings, sizeof(settings), setting, (size_t)(value - 1 - setting))) {
	case 'x':
		return exec_set(value);
	case 'X':
		return exec64_set(value);
	case 'h':
		return *value && plan_add(plan, CTR_VERB_HOSTNAME, value);
	case 'e':
		return ending_set(life, value);
	case 'g':
		return life_grace(life, value, GRACE_MAX);
	case 'r':
		return *(life->report = value);
	case 'y':
		return *(life->emergency = value);
	case '/':
		return root_set(life, value);
	case 't':
		return *(life->root_type = value);
	case 'f':
		return *(life->root_flags = value);
	default:
		return false;
	}
}

const char *machine_words_read(char *text, struct life *life, struct plan *plan)
{
	char *word, *setting;
	const char *wrong = NULL;

	word_count = 0;
	while ((word = word_cut(&text)) && strcmp(word, "--") != 0)
		if ((setting = text_behind(word, "ctr.")) && !setting_read(setting, life, plan) &&
		    !wrong)
			wrong = word;
	while (word && (word = word_cut(&text)))
		if (!word_add(word) && !wrong)
			wrong = word;
	words[word_count] = NULL;
	if (word_count && !life->command)
		life->command = words;
	return wrong;
}
