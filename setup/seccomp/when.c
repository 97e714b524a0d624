#include "when.h"

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

/* What root has in a container of ctr-setup's. A user without them gets the same filter: the
 * kernel's own check of the capability is the one that matters. */
static const char *const capabilities[] = {
	"CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",	 "CAP_FSETID",
	"CAP_KILL",    "CAP_SETGID",	       "CAP_SETUID",	 "CAP_SETPCAP",
	"CAP_SETFCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
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

static bool has_capability(const char *name)
{
	for (size_t i = 0; i < COUNT(capabilities); i++)
		if (strcmp(capabilities[i], name) == 0)
			return true;
	return false;
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
		verdict->held += has_capability(json_string_value(json_array_get(caps, i)));
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
