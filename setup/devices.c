#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "log.h"
#include "plan.h"

enum { ACCESS_ALL = ACCESS_READ | ACCESS_WRITE | ACCESS_MKNOD, HANDED_MAX = 3 };

/* What every container has. mknod(2) only for the nodes that ctr-init makes: the payload has no
 * CAP_MKNOD. */
static const struct device_rule defaults[] = {
	{.type = 'c', .major = 1, .minor = 3, .access = ACCESS_ALL},		     /* null */
	{.type = 'c', .major = 1, .minor = 5, .access = ACCESS_ALL},		     /* zero */
	{.type = 'c', .major = 1, .minor = 7, .access = ACCESS_ALL},		     /* full */
	{.type = 'c', .major = 1, .minor = 8, .access = ACCESS_ALL},		     /* random */
	{.type = 'c', .major = 1, .minor = 9, .access = ACCESS_ALL},		     /* urandom */
	{.type = 'c', .major = 5, .minor = 0, .access = ACCESS_ALL},		     /* tty */
	{.type = 'c', .major = 5, .minor = 2, .access = ACCESS_READ | ACCESS_WRITE}, /* ptmx */
	{.type = 'c', .major = 136, .any_minor = true, .access = ACCESS_READ | ACCESS_WRITE},
};
enum { DEFAULTS = sizeof(defaults) / sizeof(defaults[0]) };

/* What two rules allow of one device, version 1 makes one of (devcgroup: dev_exception_add()). */
static void rule_add(struct devices *devices, const struct device_rule *rule)
{
	for (size_t i = 0; i < devices->rule_count; i++) {
		struct device_rule *other = &devices->rules[i];

		if (other->type != rule->type || other->major != rule->major)
			continue;
		if (other->any_minor && (rule->access & ~other->access) == 0)
			return;
		if (!other->any_minor && other->minor == rule->minor) {
			if (!rule->handed || other->handed) /* what was asked for wins */
				other->access |= rule->access;
			return;
		}
	}
	devices->rules[devices->rule_count++] = *rule;
}

static struct device_rule rule_of(const struct stat *stat, unsigned access)
{
	return (struct device_rule){
		.type = S_ISBLK(stat->st_mode) ? 'b' : 'c',
		.major = major(stat->st_rdev),
		.minor = minor(stat->st_rdev),
		.access = access,
	};
}

static bool is_device(const struct stat *stat)
{
	return S_ISCHR(stat->st_mode) || S_ISBLK(stat->st_mode);
}

static int asked_add(struct devices *devices, const struct device *device)
{
	struct device_rule rule;
	struct stat stat_buffer;

	if (plan_makes(device->path))
		return fail(0, "--device: \"%s\" is not the host's: every container has its own",
			    device->path);
	if (stat(device->path, &stat_buffer) < 0)
		return fail(errno, "--device: cannot look at \"%s\"", device->path);
	if (!is_device(&stat_buffer))
		return fail(0, "--device: \"%s\" is not a device node", device->path);
	rule = rule_of(&stat_buffer, device->access | ACCESS_MKNOD);
	rule_add(devices, &rule);
	devices->nodes[devices->node_count++] = (struct device_node){
		.path = device->path,
		.type = rule.type,
		.major = rule.major,
		.minor = rule.minor,
		.mode = stat_buffer.st_mode & 0777,
	};
	return 0;
}

/* An open descriptor needs no rule; /dev/stdin, which opens it again, does. It may do what the
 * descriptor may: a disk that was given for reading cannot be opened again for writing. */
static void handed_add(struct devices *devices, int fd)
{
	static const unsigned access[] = {
		[O_RDONLY] = ACCESS_READ,
		[O_WRONLY] = ACCESS_WRITE,
		[O_RDWR] = ACCESS_READ | ACCESS_WRITE,
	};
	int flags = fcntl(fd, F_GETFL);
	struct device_rule rule;
	struct stat stat_buffer;

	if (flags < 0 || (flags & O_ACCMODE) == O_ACCMODE || fstat(fd, &stat_buffer) < 0 ||
	    !is_device(&stat_buffer))
		return;
	rule = rule_of(&stat_buffer, access[flags & O_ACCMODE]);
	rule.handed = true;
	rule_add(devices, &rule);
}

int devices_find(const struct spec *spec, unsigned console_fds, struct devices *devices)
{
	*devices = (struct devices){
		.nodes = calloc(spec->device_count + 1, sizeof(*devices->nodes)),
		.rules =
			calloc(DEFAULTS + spec->device_count + HANDED_MAX, sizeof(*devices->rules)),
	};
	if (!devices->nodes || !devices->rules)
		return fail(ENOMEM, "cannot remember the devices");
	for (size_t i = 0; i < DEFAULTS; i++)
		rule_add(devices, &defaults[i]);
	for (size_t i = 0; i < spec->device_count; i++) {
		int rc = asked_add(devices, &spec->devices[i]);

		if (rc < 0)
			return rc;
	}
	for (int fd = 0; fd < HANDED_MAX; fd++)
		if (!(console_fds >> fd & 1))
			handed_add(devices, fd);
	return 0;
}

void devices_free(struct devices *devices)
{
	free(devices->nodes);
	free(devices->rules);
	*devices = (struct devices){0};
}
