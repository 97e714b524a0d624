#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "ctr/exit.h"
#include "log.h"
#include "parse.h"
#include "plan.h"
#include "run.h"
#include "stage.h"
#include "sys.h"

enum { FILE_SIZE = 65536 };

/* "NAME:FIRST:COUNT", where NAME may be a number. */
static bool line_parse(char *line, const char *name, const char *number, struct ids *ids)
{
	char *owner = strsep(&line, ":"), *first = strsep(&line, ":");
	uint64_t from, count;

	if (!line || (strcmp(owner, name) != 0 && strcmp(owner, number) != 0) ||
	    !number_parse(first, 1, UINT32_MAX - 1, &from) ||
	    !number_parse(line, 1, UINT32_MAX - from, &count))
		return false;
	*ids = (struct ids){(uint32_t)from, (uint32_t)count};
	return true;
}

int ids_find(const char *path, struct ids *ids)
{
	AUTO_FREE char *text = malloc(FILE_SIZE);
	const struct passwd *caller = getpwuid(getuid());
	char number[16], *rest = text;
	const char *name = caller ? caller->pw_name : number;
	int rc = text ? sys_read(path, text, FILE_SIZE) : -ENOMEM;

	snprintf(number, sizeof(number), "%u", getuid());
	if (rc < 0 && rc != -ENOENT)
		return fail(-rc, "cannot read %s", path);
	for (char *line; rc > 0 && (line = strsep(&rest, "\n"));)
		if (line_parse(line, name, number, ids))
			return 0;
	return fail(
		0,
		"cannot use a user namespace: %s gives %s no ids; append the line %s:100000:65536"
		" to it, or another range that is nobody's",
		path, name, name);
}

static int map_write(const struct run *run, const char *file, const struct ids *ids)
{
	char path[64], map[64];
	int rc;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)run->pid, file);
	snprintf(map, sizeof(map), "0 %" PRIu32 " %" PRIu32 "\n", ids->first, ids->count);
	rc = sys_write(path, map);
	return rc < 0 ? fail(-rc, "cannot map ids: %s", path) : 0;
}

/* --- the keeper's process among the container's mounts */

static int device_trees_open(struct run *run)
{
	const char *path;

	for (size_t i = 0; (path = plan_node(run->spec, i)); i++) {
		int fd = sys_open_tree(AT_FDCWD, path, MOUNT_BARE);

		if (fd < 0)
			return fail(-fd, "cannot bind the device %s", path);
		run->tree_fds[run->tree_count++] = fd;
	}
	return 0;
}

static int trees_lend(const struct run *run)
{
	int rc = 0;

	for (size_t i = 0; i < run->tree_count && rc == 0; i++)
		rc = channel_send(run->socket_fd, CTR_MESSAGE_TREE, 0, run->tree_fds[i]);
	if (rc == 0)
		rc = channel_send(run->socket_fd, CTR_MESSAGE_TREE, 0, run->root_fd);
	return rc < 0 ? fail(-rc, "cannot hand over the root") : 0;
}

_Noreturn static void lender_run(struct run *run)
{
	char path[64];
	int rc = sys_die_with_parent();

	if (rc == 0)
		rc = sys_join_mounts(run->pid_fd, false);
	log_stage(CTR_STAGE_ROOTFS);
	if (rc < 0) {
		fail(-rc, "cannot go among the container's mounts");
		_exit(CTR_EXIT_FAILURE);
	}
	snprintf(path, sizeof(path), "/proc/%ld/ns/user", (long)run->pid);
	run->userns_fd = sys_open_file(path);
	if (run->userns_fd < 0)
		fail(-run->userns_fd, "cannot open %s", path);
	else if (rootfs_make(run) == 0 && device_trees_open(run) == 0 && trees_lend(run) == 0)
		_exit(0);
	_exit(CTR_EXIT_FAILURE);
}

/* Root gives the range alone, so that nobody outside is root inside. */
static int lend(struct run *run)
{
	struct sys_clone clone = {.cgroup_fd = -1};
	int pid, status, rc;

	if (map_write(run, "gid_map", &run->group_ids) < 0 ||
	    map_write(run, "uid_map", &run->user_ids) < 0)
		return -EPERM;
	pid = sys_clone(&clone);
	if (pid == 0)
		lender_run(run);
	if (pid < 0)
		return fail(-pid, "cannot start a process to make the root");
	close(clone.pid_fd);
	rc = sys_wait(pid, &status);
	if (rc < 0 || WIFSIGNALED(status))
		return fail(-rc, "cannot tell whether the root is made: who makes it is gone");
	return status == 0 ? 0 : -ECANCELED; /* it has said why */
}

/* --- the keeper that is not root */

/* newuidmap(1): who is not root asks a set-user-id program, which reads /etc/subuid itself. Root
 * inside is the caller. It looks at whose the process is, so that must not be hidden. */
static int map_ask(const struct run *run, const char *program, uint32_t own, const struct ids *ids)
{
	char text[5][24];
	char *arguments[] = {(char *)program, text[0], (char *)"0", text[1], (char *)"1",
			     (char *)"1",     text[2], text[3],	    NULL};
	int rc;

	snprintf(text[0], sizeof(text[0]), "%ld", (long)run->pid);
	snprintf(text[1], sizeof(text[1]), "%" PRIu32, own);
	snprintf(text[2], sizeof(text[2]), "%" PRIu32, ids->first);
	snprintf(text[3], sizeof(text[3]), "%" PRIu32, ids->count);
	rc = sys_run(arguments);
	if (rc == -ENOENT)
		return fail(ENOENT, "cannot map ids without %s: install it (package uidmap)",
			    program);
	return rc == 0 ? 0 : fail(rc < 0 ? -rc : 0, "cannot map ids: %s failed", program);
}

static int let_map(const struct run *run)
{
	int rc;

	if (map_ask(run, "newgidmap", getgid(), &run->group_ids) < 0 ||
	    map_ask(run, "newuidmap", getuid(), &run->user_ids) < 0)
		return -EPERM;
	rc = channel_send(run->socket_fd, CTR_MESSAGE_TREE, 0, -1);
	return rc < 0 ? fail(-rc, "cannot tell the container of its ids") : 0;
}

int userns_serve(struct run *run)
{
	return run->layers.is_user_s ? let_map(run) : lend(run);
}

/* --- the child */

static int tree_take(const struct run *run, int *fd)
{
	struct ctr_message message;
	int rc = channel_receive(run->socket_fd, &message, fd, 0);

	if (rc < 0 && rc != -EPIPE)
		return fail(-rc, "cannot take what the root is made of");
	return rc == 0 && (message.type != CTR_MESSAGE_TREE || *fd < 0) ? -EPROTO : rc;
}

/* The kernel lets a user namespace see no more of these than the mounts around it show already: so
 * before the host's are let go of (mount_namespaces(7), restrictions). */
static int views_open(struct run *run)
{
	int fd = sys_open_new("proc", 0);

	if (fd < 0)
		return fail(-fd, "cannot make /proc in a user namespace%s",
			    fd == -EPERM ? ": parts of this host's own /proc are hidden" : "");
	run->tree_fds[run->tree_count++] = fd;
	if (!net_is_own(run->spec))
		return 0;
	fd = sys_open_new("sysfs", run->spec->privileged ? 0 : MOUNT_READ_ONLY);
	if (fd < 0)
		return fail(-fd, "cannot make /sys in a user namespace%s",
			    fd == -EPERM ? ": parts of this host's own /sys are hidden" : "");
	run->tree_fds[run->tree_count++] = fd;
	return 0;
}

/* Of root's making. */
static int trees_take(struct run *run)
{
	size_t lent = run->spec->bind_count;
	int rc = trees_make_room(run);

	while (plan_node(run->spec, lent - run->spec->bind_count))
		lent++;
	while (rc == 0 && run->tree_count < lent)
		rc = tree_take(run, &run->tree_fds[run->tree_count++]);
	return rc == 0 ? tree_take(run, &run->root_fd) : rc;
}

/* The host's root has no part in it: all is made with the caller's rights. */
static int trees_make(struct run *run)
{
	int rc = rootfs_make(run);

	return rc == 0 ? device_trees_open(run) : rc;
}

static int ids_await(const struct run *run)
{
	struct ctr_message message;
	int fd, rc = channel_receive(run->socket_fd, &message, &fd, 0);

	if (rc < 0 && rc != -EPIPE)
		return fail(-rc, "cannot hear of the ids");
	return rc == 0 && message.type != CTR_MESSAGE_TREE ? -EPROTO : rc;
}

int userns_enter(struct run *run)
{
	bool is_user_s = run->layers.is_user_s;
	int rc = is_user_s ? ids_await(run) : trees_take(run);

	if (rc < 0)
		return rc;
	rc = sys_become_root();
	if (rc < 0)
		return fail(-rc, "cannot become root of the user namespace");
	if (is_user_s)
		sys_show(false);
	if ((rc = keeper_tie(run)) < 0) /* once more: it was forgotten with the ids, prctl(2) */
		return rc;
	if (is_user_s && (rc = trees_make(run)) < 0)
		return rc;
	return views_open(run);
}
