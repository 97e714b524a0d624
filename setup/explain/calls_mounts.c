/* Mounts, device programs, and the handing over: see seam.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../sys.h"
#include "lines.h"
#include "listen.h"
#include "pretence.h"
#include "seam.h"
#include "step.h"

/* --- device programs */

SEAM(int, bpf_load, const struct bpf_insn *program, size_t count)
{
	if (!is_dry())
		return __real_sys_bpf_load(program, count);
	return stand_in(-1, "program", 0);
}

SEAM(int, bpf_attach, int group_fd, int program_fd)
{
	return CHANGE_NOTE(__real_sys_bpf_attach(group_fd, program_fd),
			   "a program on %s refuses all devices but the container's",
			   quote(source_of(group_fd)));
}

SEAM(int, bpf_is_attached, int group_fd, int program_fd)
{
	return is_dry() ? 1 : __real_sys_bpf_is_attached(group_fd, program_fd);
}

/* --- mounts */

SEAM(int, make_private, void)
{
	step_why("mounts made from here on are seen by nobody outside");
	return CHANGE(__real_sys_make_private(), "mount --make-rprivate /");
}

/* overlayfs takes "\\" before a character of its own meaning. */
static void layer_put(FILE *to, const char *key, int fd)
{
	fputs(key, to);
	for (const char *c = source_of(fd); *c; c++)
		fprintf(to, strchr("\\,:", *c) ? "\\%c" : "%c", *c);
}

SEAM(int, mount_overlay, const struct sys_overlay *overlay)
{
	AUTO_FREE char *options = NULL;
	size_t size;
	FILE *to = open_memstream(&options, &size);

	if (!to)
		return -ENOMEM;
	fputs(overlay->flags & MOUNT_BARE ? "" : "nosuid,nodev,", to);
	for (size_t i = 0; i < overlay->lower_count; i++)
		layer_put(to, i ? ":" : "lowerdir=", overlay->lower_fds[i]);
	layer_put(to, ",upperdir=", overlay->upper_fd);
	layer_put(to, ",workdir=", overlay->work_fd);
	fprintf(to, ",%s", overlay->options);
	fclose(to);
	step_why("lower is never written: changes go to upper");
	return CHANGE(__real_sys_mount_overlay(overlay), "mount -t overlay -o %s overlay %s",
		      quote(options), quote(source_of(overlay->target_fd)));
}

SEAM(int, mount_tmpfs, const char *target, const char *options)
{
	return CHANGE(__real_sys_mount_tmpfs(target, options), "mount -t tmpfs -o %s tmpfs %s",
		      quote(options), quote(target));
}

SEAM(int, open_tree, int at_fd, const char *path, unsigned flags)
{
	const char *source = source_at(at_fd, path);
	AUTO_FREE char *real = realpath(source, NULL);
	int fd = is_dry() ? open(source, O_PATH | O_CLOEXEC)
			  : __real_sys_open_tree(at_fd, path, flags);

	return stand_in(fd, real ? real : source, flags | (is_common_device(fd) ? MOUNT_BARE : 0U));
}

SEAM(int, open_new, const char *type, unsigned flags)
{
	return stand_in(is_dry() ? -1 : __real_sys_open_new(type, flags), type, flags);
}

SEAM(int, map_tree, int tree_fd, int userns_fd)
{
	return CHANGE_NOTE(__real_sys_map_tree(tree_fd, userns_fd),
			   "%s has the ids of the user namespace (mount_setattr(2), "
			   "MOUNT_ATTR_IDMAP)",
			   quote(source_of(tree_fd)));
}

SEAM(int, attach, int tree_fd, const char *path)
{
	int rc = is_dry() ? 0 : __real_sys_attach(tree_fd, path);
	const char *options = bind_options(flags_of(tree_fd));

	step(rc, "mount --rbind %s %s", quote(source_of(tree_fd)), quote(path));
	if (*options)
		step(rc, "mount -o remount,bind%s %s", options, quote(path));
	return rc;
}

/* --- handing over */

SEAM(int, sealed_file, const char *name, const void *data, size_t size)
{
	return __real_sys_sealed_file(name, data, size);
}

SEAM(int, place, int *fds, size_t count, int first)
{
	const struct waiting *waiting;
	unsigned known;

	sources_place(fds, count, first);
	waiting = sources(&known);
	if (is_script())
		lines_bind_early(plan_text(), waiting, known);
	return is_dry() ? 0 : __real_sys_place(fds, count, first);
}

SEAM(int, execute, int fd, const char *name)
{
	if (is_dry()) {
		unsigned known;
		const struct waiting *waiting = sources(&known);

		lines_print(plan_text(), waiting, known);
		step_shells_end();
		_exit(0);
	}
	step(0, "exec %s", name);
	return __real_sys_execute(fd, name);
}
