#include "capabilities.h"

#include <cap-ng.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Enough to own files, change users and serve low ports; nothing that reaches the host's devices,
 * network or kernel. */
static const unsigned defaults[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,		CAP_KILL,	CAP_SETFCAP,
	CAP_SETGID, CAP_SETPCAP,      CAP_SETUID, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
};

uint64_t capabilities_default(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		mask |= UINT64_C(1) << defaults[i];
	return mask;
}

uint64_t capabilities_own(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (geteuid() != 0) /* but in the user namespace, all: user_namespaces(7) */
		return (UINT64_C(2) << CAP_LAST_CAP) - 1;
	/* libcap-ng would read /proc/PID/status as well, twice, at every start. */
	syscall(SYS_capget, &header, data);
	return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

bool capabilities_parse(const char *name, uint64_t *mask)
{
	int number;

	if (strcasecmp(name, "all") == 0) {
		*mask = capabilities_own();
		return true;
	}
	number = capng_name_to_capability(strncasecmp(name, "cap_", 4) == 0 ? name + 4 : name);
	if (number < 0 || number > 63)
		return false;
	*mask = UINT64_C(1) << number;
	return true;
}

const char *capability_name(unsigned number)
{
	return number <= CAP_LAST_CAP ? capng_capability_to_name(number) : NULL;
}

const char *capabilities_first(uint64_t mask)
{
	return capng_capability_to_name((unsigned)__builtin_ctzll(mask));
}
