#include "capabilities.h"

#include <cap-ng.h>
#include <string.h>
#include <strings.h>
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
	uint64_t mask = 0;

	if (geteuid() != 0) /* but in the user namespace, all: user_namespaces(7) */
		return (UINT64_C(2) << CAP_LAST_CAP) - 1;
	capng_get_caps_process();
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		if (capng_have_capability(CAPNG_PERMITTED, i))
			mask |= UINT64_C(1) << i;
	return mask;
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

const char *capabilities_first(uint64_t mask)
{
	return capng_capability_to_name((unsigned)__builtin_ctzll(mask));
}
