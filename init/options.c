#include "options.h"

#include <string.h>

#include "text.h"

const char options_usage[] =
	"usage: ctr-init [OPTION...] [--] COMMAND [ARG...]\n"
	"Runs COMMAND as its child and ends with its status, or 128 + its signal.\n"
	"\n"
	"  -g               forward to COMMAND's process group\n"
	"  -p SIGNAL        get SIGNAL when the parent dies\n"
	"  -e STATUS        end with 0 instead of STATUS\n"
	"  -s               adopt orphans, or fail\n"
	"  -v               say what is forwarded\n"
	"  -w               say what is reaped\n"
	"  --rewrite A:B    forward signal A as B; 0: not at all\n"
	"  --remap A:B      end with B instead of status A\n"
	"  --grace SECONDS  end what COMMAND left: TERM, this long, KILL\n"
	"  --vm             be the init of a machine\n"
	"  --version, -h, --help\n";

/* "A:B", both at most limit, by signal name or number when they are signals. */
static bool pair_parse(char *text, bool are_signals, int *from, int *to)
{
	char *colon = strchr(text, ':');
	uint64_t a, b;

	if (!colon)
		return false;
	*colon = '\0';
	if (are_signals) {
		*from = signal_parse(text);
		*to = signal_parse(colon + 1);
		*colon = ':';
		return *from > 0 && *to >= 0;
	}
	if (!integer_parse(text, 10, &a) || !integer_parse(colon + 1, 10, &b))
		a = STATUSES;
	*colon = ':';
	*from = (int)a;
	*to = (int)b;
	return a < STATUSES && b < STATUSES;
}

static bool set_group(struct life *life, char *value)
{
	(void)value;
	life->to_group = ALL_SIGNALS;
	return true;
}

static bool set_must_adopt(struct life *life, char *value)
{
	(void)value;
	life->must_adopt = true;
	return true;
}

static bool set_says_reaped(struct life *life, char *value)
{
	(void)value;
	life->says_reaped = true;
	return true;
}

static bool set_says_forwarded(struct life *life, char *value)
{
	(void)value;
	life->says_forwarded = true;
	return true;
}

static bool set_machine(struct life *life, char *value)
{
	(void)value;
	life->kind = LIFE_MACHINE;
	return true;
}

static bool set_parent_signal(struct life *life, char *value)
{
	life->parent_signal = signal_parse(value);
	return life->parent_signal > 0;
}

static bool set_expected(struct life *life, char *value)
{
	uint64_t status;

	if (!integer_parse(value, 10, &status) || status >= STATUSES)
		return false;
	life->statuses[status] = 0;
	return true;
}

static bool set_rewrite(struct life *life, char *value)
{
	int from, to;

	if (!pair_parse(value, true, &from, &to))
		return false;
	life->becomes[from] = (uint8_t)to;
	return true;
}

static bool set_remap(struct life *life, char *value)
{
	int from, to;

	if (!pair_parse(value, false, &from, &to))
		return false;
	life->statuses[from] = (uint8_t)to;
	return true;
}

static bool set_grace(struct life *life, char *value)
{
	uint64_t seconds;

	if (!integer_parse(value, 10, &seconds) || seconds > UINT32_MAX)
		return false;
	life->grace = (unsigned)seconds;
	return true;
}

static const struct option {
	char name[12]; /* one letter: -x; more: --name */
	bool has_value;
	bool (*set)(struct life *life, char *value); /* false: it cannot have this value */
} options[] = {
	{"g", false, set_group},	{"p", true, set_parent_signal},
	{"e", true, set_expected},	{"s", false, set_must_adopt},
	{"w", false, set_says_reaped},	{"v", false, set_says_forwarded},
	{"rewrite", true, set_rewrite}, {"remap", true, set_remap},
	{"grace", true, set_grace},	{"vm", false, set_machine},
};

static const struct option *option_find(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
			return &options[i];
	return NULL;
}

/* One word of options: --name, --name=value, or letters of which the last may have a value. What
 * does not hold its value has it in the next word. Returns NULL or a complaint. */
static const char *word_read(char ***argv, struct life *life)
{
	char *word = **argv;
	bool is_long = word[1] == '-';
	char *name = word + 1 + is_long;

	for (;;) {
		size_t length = is_long ? strcspn(name, "=") : 1;
		const struct option *option = option_find(name, length);
		char *value = name + length;

		if (!option || (is_long && length == 1))
			return "is not known";
		if (option->has_value && !*value) {
			value = *++*argv;
			if (!value)
				return "needs a value";
		} else if (is_long && *value) {
			if (!option->has_value)
				return "has no value";
			value++;
		}
		if (!option->set(life, value))
			return "cannot have this value";
		if (is_long || option->has_value || !*value)
			return NULL;
		name = value;
	}
}

enum options_wish options_parse(char **argv, struct life *life, const char **complaint,
				const char **word)
{
	if (*argv) /* a program can be executed without a name */
		argv++;
	for (; *argv && (*argv)[0] == '-' && (*argv)[1]; argv++) {
		*word = *argv;
		if (strcmp(*argv, "--") == 0) {
			argv++;
			break;
		}
		if (strcmp(*argv, "-h") == 0 || strcmp(*argv, "--help") == 0)
			return WISH_HELP;
		if (strcmp(*argv, "--version") == 0)
			return WISH_VERSION;
		*complaint = word_read(&argv, life);
		if (*complaint)
			return WISH_WRONG;
	}
	life->command = *argv ? argv : NULL;
	if (life->command || life->kind == LIFE_MACHINE)
		return WISH_RUN;
	*word = "COMMAND";
	*complaint = "is missing";
	return WISH_WRONG;
}
