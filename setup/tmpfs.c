/* An option is refused when it is unknown, comes twice, or has a value that the kernel would read
 * as another one: it takes a size modulo 2^64, and 0 for no limit.
 */
#include "tmpfs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "parse.h"

enum kind { DEFAULT, FLAG, WORD, SIZE, SIZE_OR_PERCENT, MODE, ID, HUGE, TEXT };

static const struct known {
	const char *name; /* with its = */
	enum kind kind;
	unsigned same; /* of those that exclude each other: the same number */
} table[] = {
	{"ro", FLAG, 1},
	{"rw", DEFAULT, 1},
	{"noexec", FLAG, 2},
	{"exec", DEFAULT, 2},
	{"nosuid", DEFAULT, 3},
	{"nodev", DEFAULT, 4},
	{"size=", SIZE_OR_PERCENT, 5},
	{"nr_blocks=", SIZE, 5},
	{"nr_inodes=", SIZE, 6},
	{"mode=", MODE, 7},
	{"uid=", ID, 8},
	{"gid=", ID, 9},
	{"huge=", HUGE, 10},
	{"mpol=", TEXT, 11},
	{"noswap", WORD, 12},
	{"inode32", WORD, 13},
	{"inode64", WORD, 13},
};

static const char *const kinds[] = {
	[SIZE] = "a size above zero",
	[SIZE_OR_PERCENT] = "a size above zero, or a percentage of the memory up to 100%",
	[MODE] = "an octal mode up to 7777",
	[ID] = "a number up to 4294967294",
	[HUGE] = "never, always, within_size or advise",
	[TEXT] = "a text",
};

static const struct known *known_find(const char *option)
{
	size_t length = strcspn(option, "=");

	length += option[length] == '=';
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].name) == length && strncmp(option, table[i].name, length) == 0)
			return &table[i];
	return NULL;
}

static bool percentage_is_valid(const char *text)
{
	char digits[4] = "";
	uint64_t number;

	return strlen(text) < 5 && text[strcspn(text, "%")] &&
	       sscanf(text, "%3[0-9]%%", digits) == 1 && strlen(digits) + 1 == strlen(text) &&
	       number_parse(digits, 1, 100, &number);
}

static bool mode_is_valid(const char *text)
{
	size_t length = strlen(text);

	return length && strspn(text, "01234567") == length && (length < 5 || *text == '0') &&
	       length < 6;
}

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(text, *words) != 0)
		words++;
	return *words;
}

/* Puts what the kernel is to read into value; false when it is not of this kind. */
static bool value_read(enum kind kind, const char *text, char *value, size_t size)
{
	static const char *const huge[] = {"never", "always", "within_size", "advise", NULL};
	uint64_t number;

	if ((size_t)snprintf(value, size, "%s", text) >= size)
		return false;
	if (kind == SIZE_OR_PERCENT && percentage_is_valid(text))
		return true;
	if (kind == SIZE || kind == SIZE_OR_PERCENT) {
		if (!size_parse(text, &number) || number == 0)
			return false;
		size_format(number, value, size);
		return true;
	}
	if (kind == MODE)
		return mode_is_valid(text);
	if (kind == ID)
		return number_parse(text, 0, UINT32_MAX - 1, &number);
	return kind == HUGE ? is_one_of(text, huge) : *text;
}

static void list_add(char *list, size_t size, const char *name, const char *value)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, ",%s%s", name, value);
}

static int option_take(const char *target, const char *option, struct tmpfs *tmpfs, unsigned *seen)
{
	const struct known *known = known_find(option);
	char value[64] = "";

	if (!known)
		return fail(
			0,
			"--tmpfs %s: \"%s\" is not an option of a tmpfs here: those are ro, rw, "
			"exec, noexec, size=, nr_blocks=, nr_inodes=, mode=, uid=, gid=, huge=, "
			"mpol=, noswap, inode32, inode64",
			target, option);
	if (*seen >> known->same & 1)
		return fail(0, "--tmpfs %s: \"%s\" comes a second time, or after its opposite",
			    target, option);
	*seen |= 1U << known->same;
	if (known->kind >= SIZE &&
	    !value_read(known->kind, strchr(option, '=') + 1, value, sizeof(value)))
		return fail(0, "--tmpfs %s: \"%s\" is not %s", target, option, kinds[known->kind]);
	if (known->kind == FLAG)
		list_add(tmpfs->flags, sizeof(tmpfs->flags), known->name, "");
	else if (known->kind != DEFAULT)
		list_add(tmpfs->data, sizeof(tmpfs->data), known->name, value);
	return 0;
}

int tmpfs_parse(const char *target, char *options, struct tmpfs *tmpfs)
{
	unsigned seen = 0;
	int rc = 0;

	*tmpfs = (struct tmpfs){.flags = "nosuid,nodev", .data = "mode=1777"};
	for (char *option; rc == 0 && (option = strsep(&options, ","));)
		if (*option)
			rc = option_take(target, option, tmpfs, &seen);
	return rc;
}
