#include "kernel.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

/* Those that are younger than what every kernel has; mount_setattr(2) is of Linux 5.12. */
static const struct {
	const char *name;
	long number;
} calls[] = {
	{"clone3", SYS_clone3},
	{"close_range", SYS_close_range},
	{"execveat", SYS_execveat},
	{"fsconfig", SYS_fsconfig},
	{"fsmount", SYS_fsmount},
	{"fsopen", SYS_fsopen},
	{"memfd_create", SYS_memfd_create},
	{"mount_setattr", SYS_mount_setattr},
	{"move_mount", SYS_move_mount},
	{"open_tree", SYS_open_tree},
	{"openat2", SYS_openat2},
	{"pidfd_send_signal", SYS_pidfd_send_signal},
	{"statx", SYS_statx},
};

/* No descriptor, no memory, no size: each of them refuses that in one way or another. */
static int call_check(long number)
{
	return syscall(number, -1, NULL, NULL, NULL, NULL, NULL) < 0 ? errno : 0;
}

int kernel_check(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (call_check(calls[i].number) == ENOSYS)
			return fail(ENOSYS,
				    "cannot do without %s(2) (Linux 5.12 has it; a filter may hide "
				    "it)",
				    calls[i].name);
	return 0;
}
