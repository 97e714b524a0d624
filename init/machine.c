/* What a machine is told by its kernel's command line. The names are documented in ctr-init(8). */
#include "machine.h"

#include <string.h>

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
	if (strcmp(value, "poweroff") == 0)
		life->ending = ORDER_POWEROFF;
	else if (strcmp(value, "reboot") == 0)
		life->ending = ORDER_REBOOT;
	else if (strcmp(value, "halt") == 0)
		life->ending = ORDER_HALT;
	else
		return false;
	return true;
}

static bool grace_set(struct life *life, const char *value)
{
	uint64_t seconds;

	if (!integer_parse(value, 10, &seconds) || seconds > GRACE_MAX)
		return false;
	life->grace = (unsigned)seconds;
	return true;
}

/* One ctr. word, without that beginning. */
static bool setting_read(char *setting, struct life *life, struct plan *plan)
{
	char *value;

	if ((value = text_behind(setting, "exec=")))
		return exec_set(value);
	if ((value = text_behind(setting, "exec64=")))
		return exec64_set(value);
	if ((value = text_behind(setting, "hostname=")))
		return *value && plan_add(plan, CTR_VERB_HOSTNAME, value);
	if ((value = text_behind(setting, "env.")))
		return strchr(value, '=') && *value != '=' && plan_add(plan, CTR_VERB_ENV, value);
	if ((value = text_behind(setting, "exit=")))
		return ending_set(life, value);
	if ((value = text_behind(setting, "grace=")))
		return grace_set(life, value);
	if ((value = text_behind(setting, "report=")))
		return *(life->report = value);
	if ((value = text_behind(setting, "emergency=")))
		return *(life->emergency = value);
	if ((value = text_behind(setting, "root=")))
		return *(life->root = value);
	if ((value = text_behind(setting, "rootfstype=")))
		return *(life->root_type = value);
	return false;
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
