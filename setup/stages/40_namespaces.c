/* 40 namespaces: one process becomes two.
 * Before: ctr-setup alone, all signals blocked. After: the parent is the keeper, in the host's
 * namespaces and outside the limits; the child is PID 1 of new namespaces, inside the limits, dies
 * with the keeper, and goes on through the stages of the root until it execs ctr-init. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctr/exit.h"

#include "../cleanup.h"
#include "../log.h"
#include "../payload_fds.h"
#include "../stage.h"
#include "../sys.h"

int keeper_tie(const struct run *run)
{
	char byte;
	int rc = sys_die_with_parent();

	if (rc < 0)
		return fail(-rc, "cannot tie the container to its keeper");
	/* It may have died before we asked; then there is end-of-file. */
	return recv(run->socket_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0 ? -ESRCH : 0;
}

static int child_settle(struct run *run)
{
	int rc = keeper_tie(run);

	if (rc < 0)
		return rc;
	rc = groups_enter(&run->groups);
	if (rc < 0)
		return rc;
	/* Only now: the namespace's root is the group that its maker is in. */
	rc = sys_unshare(CLONE_NEWCGROUP);
	if (rc < 0)
		return fail(-rc, "cannot make a cgroup namespace");
	if (run->spec->limits.cpuset && (rc = sys_affinity_reset()) < 0)
		return fail(-rc, "cannot use the CPUs of --cpuset");
	return 0;
}

_Noreturn static void child_run(struct run *run, int keeper_fd)
{
	size_t entered;

	close(keeper_fd);
	/* The locks are the keeper's: a child that outlives it by a moment must not hold them. */
	close_and_forget(&run->state_fd);
	close_and_forget(&run->upper_fd);
	close_and_forget(&run->work_fd);
	if (child_settle(run) == 0)
		stages_enter(child_stages, child_stages_count, run, &entered);
	_exit(CTR_EXIT_FAILURE);
}

static const char *advice(int error)
{
	switch (error) {
	case EAGAIN:
		return " (too many processes: see ulimit -u and pids.max)";
	case ENOSPC:
		return " (too many namespaces: see /proc/sys/user)";
	case EINVAL:
	case ENOSYS:
		return " (the kernel lacks a namespace or is older than 5.12)";
	default:
		return "";
	}
}

/* With --net PATH the child is born there, as it may not be able to go there: the keeper does, and
 * comes back. own_fd is where from; -1: it has not gone. */
static int network_enter(const struct run *run, int *own_fd)
{
	const char *path = run->spec->net;
	AUTO_CLOSE int net_fd = -1;
	int rc;

	if (!net_is_path(run->spec))
		return 0;
	*own_fd = sys_open_file("/proc/self/ns/net");
	if (*own_fd < 0)
		return fail(-*own_fd, "cannot open our own network namespace");
	net_fd = sys_open_file(path);
	rc = net_fd < 0 ? net_fd : sys_join_netns(net_fd);
	return rc < 0 ? fail(-rc, "cannot join the network namespace %s%s", path,
			     rc == -EPERM ? " (that needs CAP_SYS_ADMIN, as root has)" : "")
		      : 0;
}

static int group_open(const struct run *run, int *group_fd)
{
	const struct group *v2 = groups_v2(&run->groups);

	if (!v2)
		return 0;
	*group_fd = sys_open_dir(AT_FDCWD, v2->path);
	return *group_fd < 0 ? fail(-*group_fd, "cannot open the cgroup %s", v2->path) : 0;
}

/* 0 in the child, the pid in the keeper, which is where it was. */
static int child_clone(struct run *run)
{
	AUTO_CLOSE int group_fd = -1, own_net_fd = -1;
	struct sys_clone clone = {
		.namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
			      (net_is_own(run->spec) ? CLONE_NEWNET : 0U) |
			      (run->spec->userns ? CLONE_NEWUSER : 0U),
	};
	bool is_user_s = run->layers.is_user_s;
	int pid, rc;

	if ((rc = group_open(run, &group_fd)) < 0 || (rc = network_enter(run, &own_net_fd)) < 0)
		return rc;
	clone.cgroup_fd = group_fd;
	if (is_user_s) /* newuidmap(1) is to see whose the child is */
		sys_show(true);
	pid = sys_clone(&clone);
	if (pid == 0)
		return 0;
	if (is_user_s)
		sys_show(false);
	if (pid < 0)
		return fail(-pid, "cannot make the namespaces%s", advice(-pid));
	run->pid = pid;
	run->pid_fd = clone.pid_fd;
	rc = own_net_fd < 0 ? 0 : sys_join_netns(own_net_fd);
	return rc < 0 ? fail(-rc, "cannot return to our own network namespace") : pid;
}

int namespaces_enter(struct run *run)
{
	AUTO_CLOSE int container_fd = -1;
	int ends[2], pid, rc = sys_socketpair(ends);

	if (rc < 0)
		return fail(-rc, "cannot make a socket to the container");
	run->socket_fd = ends[0];
	container_fd = ends[1];
	payload_fds_share();
	pid = child_clone(run);
	if (pid == 0) {
		run->socket_fd = container_fd;
		child_run(run, ends[0]);
	}
	if (pid < 0)
		return pid;
	return run->spec->userns ? userns_serve(run) : 0;
}

void namespaces_leave(struct run *run)
{
	int status;

	if (run->pid > 0) { /* the keeper could not watch to the end */
		sys_kill(run->pid_fd, SIGKILL);
		sys_wait(run->pid, &status);
		run->pid = 0;
	}
	close_and_forget(&run->pid_fd);
	close_and_forget(&run->socket_fd);
}
