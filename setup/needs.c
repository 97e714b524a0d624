#include "needs.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capabilities.h"
#include "cleanup.h"
#include "log.h"
#include "state.h"
#include "sys.h"
#include "uses.h"

enum { TEXT_SIZE = 4096 };

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Does a setting of /proc/sys have this value? Not there, it has none. */
static bool setting_is(const char *path, const char *value)
{
	char text[TEXT_SIZE];
	size_t length = strlen(value);

	return sys_read(path, text, sizeof(text)) >= 0 && strncmp(text, value, length) == 0 &&
	       (text[length] == '\n' || !text[length]);
}

/* --- namespaces(7) */

static int namespace_check(const char *name, const char *option)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (!is_there(path))
		return fail(ENOSYS, "cannot make a namespace of kind %s: boot a kernel with %s",
			    name, option);
	snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces", name);
	if (setting_is(path, "0"))
		return fail(
			ENOSPC,
			"cannot make a namespace of kind %s: sysctl user.max_%s_namespaces=10000",
			name, name);
	return 0;
}

/* Distributions have more than one way to keep these from users. */
static int user_namespace_check(void)
{
	static const struct {
		const char *path, *off, *advice;
	} switches[] = {
		{"/proc/sys/kernel/unprivileged_userns_clone", "0",
		 "sysctl kernel.unprivileged_userns_clone=1"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		 "sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
	};

	for (size_t i = 0; geteuid() != 0 && i < sizeof(switches) / sizeof(switches[0]); i++)
		if (setting_is(switches[i].path, switches[i].off))
			return fail(EPERM, "cannot make a user namespace: %s", switches[i].advice);
	return namespace_check("user", "CONFIG_USER_NS");
}

int namespaces_check(struct run *run)
{
	static const char *const kinds[][2] = {
		{"mnt", "CONFIG_NAMESPACES"}, {"uts", "CONFIG_UTS_NS"},
		{"ipc", "CONFIG_IPC_NS"},     {"pid", "CONFIG_PID_NS"},
		{"net", "CONFIG_NET_NS"},     {"cgroup", "CONFIG_CGROUPS"},
	};
	int rc = 0;

	if (geteuid() == 0 && !(capabilities_own() >> CAP_SYS_ADMIN & 1))
		return fail(EPERM, "cannot make namespaces: root here has no CAP_SYS_ADMIN; run as "
				   "root of the host, or as a user");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && rc == 0; i++)
		rc = namespace_check(kinds[i][0], kinds[i][1]);
	return rc == 0 && run->spec->userns ? user_namespace_check() : rc;
}

/* --- the overlay: a file system that mount(2) may have to load a module for */

static bool module_is_there(const char *name)
{
	static const char *const lists[] = {"modules.builtin", "modules.dep"};
	struct utsname kernel;
	char path[256], line[TEXT_SIZE];
	bool found = false;

	if (uname(&kernel) < 0)
		return false;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && !found; i++) {
		FILE *list;

		snprintf(path, sizeof(path), "/lib/modules/%s/%s", kernel.release, lists[i]);
		list = fopen(path, "re");
		while (list && !found && fgets(line, sizeof(line), list)) {
			line[strcspn(line, ":\n")] = '\0';
			found = strstr(line, name) != NULL;
		}
		if (list)
			fclose(list);
	}
	return found;
}

int overlay_check(struct run *run)
{
	char text[TEXT_SIZE];

	if (!run->layers.lower_count ||
	    (sys_read("/proc/filesystems", text, sizeof(text)) >= 0 && strstr(text, "\toverlay\n")))
		return 0;
	if (module_is_there("/overlay.ko"))
		return geteuid() == 0 ? 0
				      : fail(ENODEV, "cannot mount an overlay: modprobe overlay");
	return fail(ENODEV,
		    "cannot mount an overlay: boot a kernel with CONFIG_OVERLAY_FS, or give "
		    "a ROOTFS that has no \"lower\" beside it");
}

/* --- others */

int seccomp_check(struct run *run)
{
	if (run->filter_fd < 0 || is_there("/proc/sys/kernel/seccomp/actions_avail"))
		return 0;
	return fail(ENOSYS, "cannot filter system calls: boot a kernel with CONFIG_SECCOMP_FILTER, "
			    "or say --seccomp none");
}

int swap_check(struct run *run)
{
	const char *file = NULL;
	char path[PATH_MAX + 64];

	for (size_t i = 0; i < run->groups.count && run->spec->limits.swap_asked; i++) {
		const struct group *group = &run->groups.items[i];

		if (!(group->controllers >> CONTROLLER_MEMORY & 1))
			continue;
		file = group->version == 1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
		snprintf(path, sizeof(path), "%s/%s", group->parent, file);
	}
	/* The root of version 2 has none of the files, whether swap is counted or not. */
	if (!file || is_there(path) || (file[7] == 's' && !is_there("/sys/fs/cgroup/cgroup.type")))
		return 0;
	return fail(ENOENT, "cannot limit swap: boot the kernel with swapaccount=1: %s", path);
}

static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *copy = strdup(path ? path : "");
	char *rest = copy, file[PATH_MAX];

	for (char *dir; copy && (dir = strsep(&rest, ":"));) {
		snprintf(file, sizeof(file), "%s/%s", dir, program);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

int idmap_check(struct run *run)
{
	static const char *const programs[] = {"newuidmap", "newgidmap"};

	for (size_t i = 0; run->layers.is_user_s && i < 2; i++)
		if (!is_in_path(programs[i]))
			return fail(ENOENT,
				    "cannot map ids without %s: install it (package uidmap)",
				    programs[i]);
	return 0;
}

static bool is_held(const char *path)
{
	AUTO_CLOSE int fd = path && is_there(path) ? sys_lock(path, false) : -1;

	return fd == -EWOULDBLOCK;
}

/* Others start meanwhile: they are kept from it while locks are tried. */
static int uses_check(const struct run *run)
{
	const char *layers[] = {run->layers.upper, run->layers.work};
	AUTO_CLOSE int root_fd = sys_lock(state_root(), true);
	char text[RUN_TEXT_SIZE];

	if (root_fd == -EINTR)
		return root_fd;
	for (size_t i = 0; i < 2; i++)
		if (is_held(layers[i]))
			return fail(
				0,
				"cannot use %s: %s is using it; name another, or use --ephemeral",
				layers[i], run_using_text(layers[i], text));
	return run->layers.is_alone ? run_using_refuse(run->layers.root) : 0;
}

int state_check(struct run *run)
{
	int rc = state_root_check();

	if (rc < 0)
		return rc;
	snprintf(run->state_path, sizeof(run->state_path), "%s/%s", state_root(), run->name);
	if (is_held(run->state_path))
		return state_held_refuse(run->state_path, run->name);
	return uses_check(run);
}
