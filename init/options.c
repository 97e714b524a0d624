#include "options.h"

#include <string.h>

#include "text.h"

const char options_usage[] UNALIGNED =
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

static int side_parse(const char *text, bool is_signal)
{
	return is_signal ? signal_parse(text) : (int)decimal_parse(text, STATUSES - 1);
}

/* "A:B", signals by name or number, or statuses: what becomes of A in the table is B. */
static bool pair_set(char *text, bool are_signals, uint8_t *table)
{
	char *colon = strchr(text, ':');
	int from, to;

	if (!colon)
		return false;
	*colon = '\0';
	from = side_parse(text, are_signals);
	to = side_parse(colon + 1, are_signals);
	*colon = ':';
	if (from < are_signals || to < 0)
		return false;
	table[from] = (uint8_t)to;
	return true;
}

static bool expected_set(struct life *life, const char *value)
{
	long status = decimal_parse(value, STATUSES - 1);

	if (status >= 0)
		life->statuses[status] = 0;
	return status >= 0;
}

/* For name_find(): a letter for each, a capital one when it has a value. */
static const char options[] UNALIGNED = "gg\0"
					"ss\0"
					"ww\0"
					"vv\0"
					"mvm\0"
					"Pp\0"
					"Ee\0"
					"Wrewrite\0"
					"Mremap\0"
					"Ggrace";

static bool has_value(int option)
{
	return option <= 'Z';
}

/* False: it cannot have this value. */
static bool option_set(int option, struct life *life, char *value)
{
	switch (option) {
	case 'g':
		life->to_group = ALL_SIGNALS;
		return true;
	case 's':
		return life->must_adopt = true;
	case 'w':
		return life->says_reaped = true;
	case 'v':
		return life->says_forwarded = true;
	case 'm':
		life->kind = LIFE_MACHINE;
		return true;
	case 'P':
		life->parent_signal = signal_parse(value);
		return life->parent_signal > 0;
	case 'E':
		return expected_set(life, value);
	case 'W':
		return pair_set(value, true, life->becomes);
	case 'M':
		return pair_set(value, false, life->statuses);
	default:
		return life_grace(life, value, UINT32_MAX);
	}
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
		int option = name_find(options, sizeof(options), name, length);
		char *value = name + length;

		if (option < 0 || (is_long && length == 1))
			return "is not known";
		if (has_value(option) && !*value) {
			value = *++*argv;
			if (!value)
				return "needs a value";
		} else if (is_long && *value) {
			if (!has_value(option))
				return "has no value";
			value++;
		}
		if (!option_set(option, life, value))
			return "cannot have this value";
		if (is_long || has_value(option) || !*value)
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
