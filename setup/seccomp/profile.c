#include "profile.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "last_calls.h"
#include "reader.h"
#include "refuse.h"
#include "rules.h"
#include "when.h"

/* An architecture by its name in profiles, "SCMP_ARCH_X86"; 0 when there is none. */
static uint32_t arch_of(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[16] = "";

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	name += sizeof(prefix) - 1;
	for (size_t i = 0; name[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	return strlen(name) < sizeof(lower) ? seccomp_arch_resolve_name(lower) : 0;
}

static int architectures_add(const struct reader *reader, const char *key, const json_t *names,
			     scmp_filter_ctx filter, bool *with_x32)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		uint32_t arch = arch_of(name);
		int rc = arch ? seccomp_arch_add(filter, arch) : -EINVAL;

		if (!arch)
			return wrong(reader, key,
				     "'%.64s' is no architecture that libseccomp knows: correct or "
				     "remove it",
				     name);
		/* -EEXIST: our own; -EDOM: of the other byte order, which no machine runs beside
		 * ours */
		if (rc < 0 && rc != -EEXIST && rc != -EDOM)
			return wrong(reader, key, "'%.64s' cannot be added: %s", name,
				     strerror(-rc));
		*with_x32 |= arch == SCMP_ARCH_X32;
	}
	return 0;
}

/* Docker's way to say it: for each machine, what runs on it besides its own. */
static int arch_map_add(struct reader *reader, const json_t *map, scmp_filter_ctx filter,
			bool *with_x32)
{
	static const char *const keys[] = {"architecture", "subArchitectures", NULL};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < json_array_size(map); i++) {
		const json_t *entry = json_array_get(map, i), *others;
		const char *name;

		snprintf(reader->where, sizeof(reader->where), "archMap[%zu]", i);
		if ((rc = keys_check(reader, entry, keys)) < 0 ||
		    (rc = text_get(reader, entry, "architecture", &name)) < 0 ||
		    (rc = texts_get(reader, entry, "subArchitectures", &others)) < 0)
			return rc;
		if (!name)
			return wrong(reader, "architecture", "it must be given");
		if (strcmp(name, machine_name()) == 0)
			rc = architectures_add(reader, "subArchitectures", others, filter,
					       with_x32);
	}
	*reader->where = '\0';
	return rc;
}

static int machines_add(struct reader *reader, const json_t *profile, scmp_filter_ctx filter,
			bool *with_x32)
{
	const json_t *names, *map;
	int rc = texts_get(reader, profile, "architectures", &names);

	if (rc < 0 || (rc = array_get(reader, profile, "archMap", &map)) < 0)
		return rc;
	if (json_array_size(names) > 0 && json_array_size(map) > 0)
		return wrong(reader, "archMap", "it cannot be given together with architectures");
	rc = architectures_add(reader, "architectures", names, filter, with_x32);
	return rc < 0 ? rc : arch_map_add(reader, map, filter, with_x32);
}

static int rules_add(struct reader *reader, const json_t *profile, uint32_t otherwise,
		     scmp_filter_ctx filter)
{
	const json_t *rules;
	int rc = array_get(reader, profile, "syscalls", &rules);

	for (size_t i = 0; rc == 0 && i < json_array_size(rules); i++) {
		snprintf(reader->where, sizeof(reader->where), "syscalls[%zu]", i);
		rc = rule_add(reader, json_array_get(rules, i), otherwise, filter);
	}
	return rc;
}

/* Nothing above what libseccomp can name is in any profile: where the profile answers such a call
 * with an error, it is to be the one by which programs know that the kernel does not have it. */
static int program_of(struct reader *reader, const json_t *profile, uint32_t otherwise,
		      struct program *program)
{
	bool answers_errno = (otherwise & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
	struct front front = {.newest = answers_errno ? newest_known() : -1};
	scmp_filter_ctx filter = filter_new(otherwise);
	int rc;

	if (!filter)
		return -ENOMEM;
	rc = machines_add(reader, profile, filter, &front.with_x32);
	if (rc == 0)
		rc = rules_add(reader, profile, otherwise, filter);
	if (rc == 0)
		rc = program_make(filter, &front, reader->file, program);
	if (rc == 0)
		rc = last_calls_check(program, reader->file);
	seccomp_release(filter);
	return rc;
}

static int object_compile(struct reader *reader, const json_t *profile, struct program *program)
{
	static const char *const keys[] = {"defaultAction", "defaultErrnoRet", "defaultErrno",
					   "architectures", "archMap",	       "syscalls",
					   "flags",	    "comment",	       NULL};
	const json_t *flags;
	uint32_t otherwise;
	int rc = keys_check(reader, profile, keys);

	if (rc < 0 || (rc = array_get(reader, profile, "flags", &flags)) < 0)
		return rc;
	if (json_array_size(flags) > 0)
		return wrong(reader, "flags", "ctr sets no flags with a filter: remove them");
	rc = action_get(reader, profile, "defaultAction", "defaultErrnoRet", "defaultErrno",
			&otherwise);
	return rc < 0 ? rc : program_of(reader, profile, otherwise, program);
}

int profile_compile(const char *file, const char *text, size_t size, uint64_t caps,
		    struct program *program)
{
	struct reader reader = {.file = file, .caps = caps};
	const json_t *profile, *linux_part;
	json_error_t error;
	json_t *all;
	int rc;

	if (size > PROFILE_MAX)
		return refuse("cannot use %s: it has more than %d bytes", file, PROFILE_MAX);
	all = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	if (!all)
		return refuse("cannot use %s: line %d, column %d: %s", file, error.line,
			      error.column, error.text);
	/* a whole configuration, of which the rest is none of ours, or the object itself */
	linux_part = json_object_get(all, "linux");
	profile = linux_part ? json_object_get(linux_part, "seccomp") : all;
	rc = profile ? object_compile(&reader, profile, program)
		     : wrong(&reader, "linux", "there is no seccomp in it: it must be an object");
	json_decref(all);
	return rc;
}
