/* Which devices a group may open: in version 1 by its files (Documentation/admin-guide/cgroup-v1/
 * devices.rst), in version 2 by a program that is attached to it (admin-guide/cgroup-v2.rst). */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cleanup.h"
#include "../log.h"
#include "../sys.h"
#include "cgroup.h"

enum { RULE_SIZE = 48 };

/* As the kernel writes it into devices.list. */
static void rule_format(const struct device_rule *rule, char *text)
{
	char minor[16] = "*";

	if (!rule->any_minor)
		snprintf(minor, sizeof(minor), "%u", rule->minor);
	snprintf(text, RULE_SIZE, "%c %u:%s %s%s%s", rule->type, rule->major, minor,
		 rule->access & ACCESS_READ ? "r" : "", rule->access & ACCESS_WRITE ? "w" : "",
		 rule->access & ACCESS_MKNOD ? "m" : "");
}

/* Adds a rule to the group, and its line to list. */
static int rule_allow(const struct group *group, const struct device_rule *rule, char *list)
{
	char path[PATH_MAX + 64], text[RULE_SIZE];
	int rc;

	rule_format(rule, text);
	snprintf(path, sizeof(path), "%s/devices.allow", group->path);
	rc = sys_write(path, text);
	if (rc == -EPERM && rule->handed) {
		trace("a descriptor of the device %s cannot be opened again: %s refuses", text,
		      path);
		return 0;
	}
	if (rc < 0)
		return fail(-rc, "cannot write %s to %s%s", text, path,
			    rc == -EPERM ? " (the group above does not have it)" : "");
	strcat(strcat(list, text), "\n");
	return 0;
}

static int list_check(const struct group *group, const char *wanted, char *got, size_t size)
{
	char path[PATH_MAX + 64];
	int rc;

	snprintf(path, sizeof(path), "%s/devices.list", group->path);
	rc = sys_read(path, got, size);
	if (rc < 0)
		return fail(-rc, "cannot read %s back", path);
	if (strcmp(got, wanted) != 0)
		return fail(0, "the kernel made other rules of ours: see %s", path);
	return 0;
}

static int v1_apply(const struct group *group, const struct devices *devices)
{
	size_t size = (devices->rule_count + 1) * RULE_SIZE;
	AUTO_FREE char *wanted = calloc(1, size), *got = malloc(size);
	char path[PATH_MAX + 64];
	int rc;

	if (!wanted || !got)
		return fail(ENOMEM, "cannot write the device rules");
	snprintf(path, sizeof(path), "%s/devices.deny", group->path);
	rc = sys_write(path, "a");
	if (rc < 0)
		return fail(-rc, "cannot write a to %s", path);
	for (size_t i = 0; i < devices->rule_count && rc == 0; i++)
		rc = rule_allow(group, &devices->rules[i], wanted);
	return rc < 0 ? rc : list_check(group, wanted, got, size);
}

/* The kernel has no such programs, or not for us, or a group above takes none beside its own
 * (EPERM). */
static bool is_unavailable(int rc)
{
	return rc == -EPERM || rc == -ENOSYS || rc == -EINVAL || rc == -ENOENT;
}

static int program_attach(const struct group *group, int program_fd)
{
	AUTO_CLOSE int group_fd = sys_open_dir(AT_FDCWD, group->path);
	int rc;

	if (group_fd < 0)
		return fail(-group_fd, "cannot open the cgroup %s", group->path);
	rc = sys_bpf_attach(group_fd, program_fd);
	if (is_unavailable(rc)) {
		trace("no device rules: %s takes no program: %s", group->path, strerror(-rc));
		return 0;
	}
	if (rc < 0)
		return fail(-rc, "cannot attach the device program to %s", group->path);
	rc = sys_bpf_is_attached(group_fd, program_fd);
	if (rc == 0)
		return fail(0, "the kernel did not keep the device program of %s", group->path);
	return rc < 0 ? fail(-rc, "cannot read the device program of %s back", group->path) : 0;
}

static int v2_apply(const struct group *group, const struct devices *devices)
{
	AUTO_FREE struct bpf_insn *program =
		calloc(device_program_room(devices->rule_count), sizeof(*program));
	AUTO_CLOSE int program_fd = -1;

	if (!program)
		return fail(ENOMEM, "cannot make the device program");
	program_fd = sys_bpf_load(
		program, device_program_fill(devices->rules, devices->rule_count, program));
	if (is_unavailable(program_fd)) {
		trace("no device rules: the kernel takes no program: %s", strerror(-program_fd));
		return 0;
	}
	if (program_fd < 0)
		return fail(-program_fd, "cannot load the device program of %s", group->path);
	return program_attach(group, program_fd);
}

int devices_apply(const struct group *group, const struct devices *devices)
{
	if (!(group->controllers >> CONTROLLER_DEVICES & 1))
		return 0;
	return group->version == 1 ? v1_apply(group, devices) : v2_apply(group, devices);
}
