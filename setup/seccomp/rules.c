#include "rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "when.h"

/* libseccomp's time grows with the square of what it is given, so it is stopped before it has done
 * its work in vain: a rule makes an instruction, a comparison of 64 bits two, and the kernel takes
 * 4096. */
enum { ARGUMENTS = 6, ERRNO_MAX = 4095, WEIGHT_MAX = 4096 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	uint32_t action;
	const char *refusal;
} actions[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, NULL},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(EPERM), NULL},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, NULL},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, NULL},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, NULL},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP, NULL},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG, NULL},
	{"SCMP_ACT_TRACE", 0, "there is no tracer that would be asked: use SCMP_ACT_ERRNO"},
	{"SCMP_ACT_NOTIFY", 0, "there is no supervisor that would be asked: use SCMP_ACT_ERRNO"},
};

static const struct {
	const char *name;
	enum scmp_compare compare;
} comparisons[] = {
	{"SCMP_CMP_NE", SCMP_CMP_NE},
	{"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

/* As podman writes it, beside the number: an error's name. */
static int errno_named(const struct reader *reader, const json_t *object, const char *key,
		       uint64_t *number, bool *is_given)
{
	const char *text;
	int rc = text_get(reader, object, key, &text), named = 1;

	if (rc < 0 || !text || !*text)
		return rc;
	while (named < ERRNO_MAX &&
	       !(strerrorname_np(named) && strcmp(strerrorname_np(named), text) == 0))
		named++;
	if (named == ERRNO_MAX)
		return wrong(reader, key, "'%.64s' is no error: say one such as EPERM", text);
	if (*is_given && *number != (uint64_t)named)
		return wrong(reader, key, "%s is error %d, but beside it stands %d", text, named,
			     (int)*number);
	*number = (uint64_t)named;
	*is_given = true;
	return 0;
}

int action_get(const struct reader *reader, const json_t *object, const char *key,
	       const char *errno_number, const char *errno_name, uint32_t *action)
{
	uint64_t error;
	bool is_given;
	const char *text;
	size_t i = 0;
	int rc = text_get(reader, object, key, &text);

	if (rc < 0 ||
	    (rc = number_get(reader, object, errno_number, ERRNO_MAX, &error, &is_given)) < 0 ||
	    (rc = errno_named(reader, object, errno_name, &error, &is_given)) < 0)
		return rc;
	if (!text)
		return wrong(reader, key, "it must be given, as \"SCMP_ACT_ERRNO\"");
	while (i < COUNT(actions) && strcmp(actions[i].name, text) != 0)
		i++;
	if (i == COUNT(actions))
		return wrong(reader, key, "'%.64s' is no action: say one such as SCMP_ACT_ERRNO",
			     text);
	if (actions[i].refusal)
		return wrong(reader, key, "%s: %s", text, actions[i].refusal);
	*action = actions[i].action;
	if (!is_given)
		return 0;
	if (*action != SCMP_ACT_ERRNO(EPERM))
		return wrong(reader, errno_number, "%s has no errno: remove it", text);
	if (error == 0) /* of execve(2), too: a start would wait for it for ever */
		return wrong(reader, errno_number, "with 0 the call would seem to succeed");
	*action = SCMP_ACT_ERRNO((uint32_t)error);
	return 0;
}

static int comparison_get(const struct reader *reader, const json_t *object,
			  struct scmp_arg_cmp *comparison)
{
	static const char *const keys[] = {"index", "value", "valueTwo", "op", NULL};
	uint64_t index, value, second;
	bool has_index, has_value, has_second;
	const char *text;
	size_t i = 0;
	int rc = keys_check(reader, object, keys);

	if (rc < 0 ||
	    (rc = number_get(reader, object, "index", ARGUMENTS - 1, &index, &has_index)) < 0 ||
	    (rc = number_get(reader, object, "value", INT64_MAX, &value, &has_value)) < 0 ||
	    (rc = number_get(reader, object, "valueTwo", INT64_MAX, &second, &has_second)) < 0 ||
	    (rc = text_get(reader, object, "op", &text)) < 0)
		return rc;
	if (!has_index || !has_value)
		return wrong(reader, has_index ? "value" : "index", "it must be given");
	while (i < COUNT(comparisons) && !(text && strcmp(comparisons[i].name, text) == 0))
		i++;
	if (i == COUNT(comparisons))
		return wrong(reader, "op", "'%.64s' is no comparison: say one such as SCMP_CMP_EQ",
			     text ? text : "");
	/* of MASKED_EQ the first is the mask, the second what is to be left under it */
	*comparison = (struct scmp_arg_cmp){.arg = (unsigned)index,
					    .op = comparisons[i].compare,
					    .datum_a = value,
					    .datum_b = second};
	return 0;
}

static int comparisons_get(struct reader *reader, const json_t *rule,
			   struct scmp_arg_cmp comparisons_[ARGUMENTS], unsigned *count)
{
	const json_t *list;
	size_t length = strlen(reader->where);
	unsigned seen = 0;
	int rc = array_get(reader, rule, "args", &list);

	*count = 0;
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		struct scmp_arg_cmp comparison;

		snprintf(reader->where + length, sizeof(reader->where) - length, ".args[%zu]", i);
		rc = comparison_get(reader, json_array_get(list, i), &comparison);
		if (rc == 0 && seen & 1U << comparison.arg)
			rc = wrong(reader, "index",
				   "argument %u is compared twice in one entry: make it two "
				   "entries",
				   comparison.arg);
		if (rc < 0)
			break;
		seen |= 1U << comparison.arg;
		comparisons_[(*count)++] = comparison;
		reader->where[length] = '\0';
	}
	return rc;
}

/* A call that libseccomp has no name for is passed over, as all do: profiles list the calls of all
 * machines, and newer ones, which the front of the filter answers with ENOSYS. */
static int names_add(struct reader *reader, const json_t *names, uint32_t action,
		     const struct scmp_arg_cmp *conditions, unsigned count, scmp_filter_ctx filter)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		int number = seccomp_syscall_resolve_name(name);
		int rc = 0;

		reader->weight += 1 + 2 * count;
		if (reader->weight > WEIGHT_MAX)
			return wrong(reader, NULL,
				     "the rules up to here need more instructions than the %d that "
				     "the kernel takes: leave some out",
				     WEIGHT_MAX);
		if (number != __NR_SCMP_ERROR)
			rc = seccomp_rule_add_array(filter, action, number, count, conditions);
		if (rc < 0)
			return wrong(reader, "names", "'%.64s' cannot be added: %s", name,
				     strerror(-rc));
	}
	return 0;
}

/* Before there was "names" there was "name". */
static int names_get(const struct reader *reader, const json_t *rule, json_t **names)
{
	const json_t *list;
	const char *name;
	int rc = texts_get(reader, rule, "names", &list);

	if (rc < 0 || (rc = text_get(reader, rule, "name", &name)) < 0)
		return rc;
	if (!!list == !!name)
		return wrong(reader, "names", "it must be given%s",
			     name ? " without \"name\"" : "");
	*names = list ? json_incref((json_t *)list) : json_pack("[s]", name);
	return *names ? 0 : -ENOMEM;
}

int rule_add(struct reader *reader, const json_t *rule, uint32_t otherwise, scmp_filter_ctx filter)
{
	static const char *const keys[] = {"names", "name",    "action",   "errnoRet", "errno",
					   "args",  "comment", "includes", "excludes", NULL};
	struct scmp_arg_cmp conditions[ARGUMENTS];
	unsigned count;
	uint32_t action;
	json_t *names;
	bool applies;
	int rc = keys_check(reader, rule, keys);

	if (rc < 0 || (rc = action_get(reader, rule, "action", "errnoRet", "errno", &action)) < 0 ||
	    (rc = when_check(reader, rule, &applies)) < 0 ||
	    (rc = comparisons_get(reader, rule, conditions, &count)) < 0 ||
	    (rc = names_get(reader, rule, &names)) < 0)
		return rc;
	/* libseccomp refuses rules that say what holds without them */
	if (applies && action != otherwise)
		rc = names_add(reader, names, action, conditions, count, filter);
	json_decref(names);
	return rc;
}
