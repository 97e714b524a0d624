#include "when.h"

#include <cap-ng.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	uint32_t arch;
	const char *name, *go_name;
} machines[] = {
	{SCMP_ARCH_X86_64, "SCMP_ARCH_X86_64", "amd64"},
	{SCMP_ARCH_AARCH64, "SCMP_ARCH_AARCH64", "arm64"},
	{SCMP_ARCH_RISCV64, "SCMP_ARCH_RISCV64", "riscv64"},
	{SCMP_ARCH_PPC64LE, "SCMP_ARCH_PPC64LE", "ppc64le"},
	{SCMP_ARCH_S390X, "SCMP_ARCH_S390X", "s390x"},
};

static size_t machine(void)
{
	size_t i = 0;

	while (i < COUNT(machines) && machines[i].arch != seccomp_arch_native())
		i++;
	return i;
}

const char *machine_name(void)
{
	return machine() < COUNT(machines) ? machines[machine()].name : "";
}

/* A name that nobody knows is of a capability that the container does not have. */
static bool has_capability(uint64_t mask, const char *name)
{
	static const char prefix[] = "CAP_";
	int number = -1;

	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		number = capng_name_to_capability(name + sizeof(prefix) - 1);
	return number >= 0 && number < 64 && mask >> number & 1;
}

/* "4.8" or more; false for what is no version. */
static bool version_parse(const char *text, bool whole, unsigned version[2])
{
	int used = 0;

	return sscanf(text, "%3u.%3u%n", &version[0], &version[1], &used) == 2 && text[0] >= '0' &&
	       text[0] <= '9' && (!whole || !text[used]);
}

static int kernel_check(const struct reader *reader, const char *text, bool *is_reached)
{
	unsigned wanted[2], running[2] = {0, 0};
	struct utsname name;

	if (!version_parse(text, true, wanted))
		return wrong(reader, "minKernel", "'%.64s' is no kernel: say one such as 4.8",
			     text);
	if (uname(&name) == 0)
		version_parse(name.release, false, running);
	*is_reached =
		running[0] > wanted[0] || (running[0] == wanted[0] && running[1] >= wanted[1]);
	return 0;
}

/* How many of the conditions there are, and how many of them hold. */
struct verdict {
	size_t asked, held;
};

static int conditions_count(const struct reader *reader, const json_t *object,
			    struct verdict *verdict)
{
	static const char *const keys[] = {"arches", "caps", "minKernel", NULL};
	const json_t *arches, *caps;
	const char *kernel;
	bool is_reached;
	int rc = keys_check(reader, object, keys);

	if (rc < 0 || (rc = texts_get(reader, object, "arches", &arches)) < 0 ||
	    (rc = texts_get(reader, object, "caps", &caps)) < 0 ||
	    (rc = text_get(reader, object, "minKernel", &kernel)) < 0)
		return rc;
	if (json_array_size(arches) > 0) {
		verdict->asked++;
		verdict->held += machine() < COUNT(machines) &&
				 texts_have(arches, machines[machine()].go_name);
	}
	for (size_t i = 0; i < json_array_size(caps); i++) {
		verdict->asked++;
		verdict->held +=
			has_capability(reader->caps, json_string_value(json_array_get(caps, i)));
	}
	if (kernel && *kernel) {
		rc = kernel_check(reader, kernel, &is_reached);
		verdict->asked++;
		verdict->held += rc == 0 && is_reached;
	}
	return rc;
}

int when_check(struct reader *reader, const json_t *rule, bool *applies)
{
	static const char *const keys[] = {"includes", "excludes"};
	struct verdict verdicts[2] = {{0, 0}, {0, 0}};
	size_t length = strlen(reader->where);

	for (size_t i = 0; i < COUNT(keys); i++) {
		const json_t *object = json_object_get(rule, keys[i]);
		int rc = 0;

		snprintf(reader->where + length, sizeof(reader->where) - length, ".%s", keys[i]);
		if (object && !json_is_null(object))
			rc = conditions_count(reader, object, &verdicts[i]);
		if (rc < 0)
			return rc;
		reader->where[length] = '\0';
	}
	*applies = verdicts[0].held == verdicts[0].asked && verdicts[1].held == 0;
	return 0;
}
