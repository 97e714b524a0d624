/* Processes and namespaces: see seam.h. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../sys.h"
#include "pretence.h"
#include "seam.h"
#include "step.h"

static const char *network; /* where the child is born, if not in one of its own */

static void clone_print(uint64_t namespaces)
{
	char options[256] = "";
	static const struct {
		uint64_t flag;
		const char *option;
	} kinds[] = {{CLONE_NEWUSER, " --user"}, {CLONE_NEWNS, " --mount --propagation unchanged"},
		     {CLONE_NEWPID, " --pid"},	 {CLONE_NEWUTS, " --uts"},
		     {CLONE_NEWIPC, " --ipc"},	 {CLONE_NEWNET, " --net"}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (namespaces & kinds[i].flag)
			strcat(options, kinds[i].option);
	step_shell("%s%s%sunshare%s --fork --kill-child%s", network ? "nsenter --net=" : "",
		   network ? quote(network) : "", network ? " " : "", options,
		   is_script() ? " 3<&- 4<&- 5<&-" : "");
}

void __real_sys_sleep_ms(unsigned milliseconds);
int __real_sys_clone(struct sys_clone *clone);

/* The child goes as far as it can first: what both print is always in this order. */
static void child_await(pid_t pid)
{
	siginfo_t end = {0};

	while (!child_waits() && waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       !end.si_pid)
		__real_sys_sleep_ms(1);
}

static int container_clone(struct sys_clone *clone, struct sys_clone *plain)
{
	int pid;

	clone_print(clone->namespaces);
	pid = shared_make();
	if (pid < 0)
		return pid;
	pid = __real_sys_clone(plain);
	if (pid > 0)
		child_await(pid);
	if (pid != 0 || clone->cgroup_fd < 0)
		return pid;
	step_leaves_nothing();
	step_why("the kernel puts it there as it is born (CLONE_INTO_CGROUP)");
	return step(0, "echo 0 >%s/cgroup.procs", quote(source_of(clone->cgroup_fd)));
}

/* A process that is not the container's first is a helper of the keeper's, or a hook. */
SEAM(int, clone, struct sys_clone *clone)
{
	struct sys_clone plain = {.cgroup_fd = -1, .as_sibling = clone->as_sibling};
	bool is_container = clone->namespaces & CLONE_NEWNS;
	int pid;

	if (!is_dry()) {
		/* before: from then on the child prints, too, and the lines are to be in order */
		if (is_container)
			clone_print(clone->namespaces);
		return __real_sys_clone(clone);
	}
	pid = is_container ? container_clone(clone, &plain) : __real_sys_clone(&plain);
	if (pid == 0)
		step_leaves_nothing();
	clone->pid_fd = plain.pid_fd;
	return pid;
}

SEAM(int, unshare, uint64_t namespaces)
{
	int rc = is_dry() ? 0 : __real_sys_unshare(namespaces);

	step_why("only now: the root of a cgroup namespace is the group that its maker is in");
	step_shell("exec unshare --cgroup");
	return rc;
}

SEAM(int, become_root, void)
{
	return CHANGE_NOTE(__real_sys_become_root(),
			   "root of the user namespace, in no other group");
}

SEAM(int, join_mounts, int pid_fd, bool as_its_root)
{
	return is_dry() ? 0 : __real_sys_join_mounts(pid_fd, as_its_root);
}

SEAM(int, make_files_as, uint32_t uid, uint32_t gid)
{
	return CHANGE_NOTE(__real_sys_make_files_as(uid, gid), "files are made as %u:%u", uid, gid);
}

SEAM(int, give_empty, int dir_fd, uint32_t uid, uint32_t gid)
{
	return CHANGE(__real_sys_give_empty(dir_fd, uid, gid), "chown %u:%u %s", uid, gid,
		      quote(source_of(dir_fd)));
}

SEAM(int, enter_dir, int fd)
{
	return CHANGE(__real_sys_enter_dir(fd), "cd %s", quote(source_of(fd)));
}

/* The keeper goes there for the clone, and comes back. */
SEAM(int, join_netns, int netns_fd)
{
	if (strncmp(source_of(netns_fd), "/proc/self/", 11) != 0)
		network = source_of(netns_fd);
	return is_dry() ? 0 : __real_sys_join_netns(netns_fd);
}

SEAM(int, open_dir, int at_fd, const char *path)
{
	return stand_in(__real_sys_open_dir(at_fd, path), source_at(at_fd, path), 0);
}

SEAM(int, open_file, const char *path)
{
	return stand_in(__real_sys_open_file(path), path, 0);
}

SEAM(int, die_with_parent, void)
{
	return is_dry() ? 0 : __real_sys_die_with_parent();
}

SEAM(int, affinity_reset, void)
{
	return CHANGE(__real_sys_affinity_reset(), "taskset -cp 0-1023 $$ >/dev/null");
}

SEAM(int, run, char *const *arguments)
{
	AUTO_FREE char *line = NULL;
	size_t size;
	FILE *to = open_memstream(&line, &size);

	if (!to)
		out_of_memory();
	for (size_t i = 0; arguments[i]; i++)
		fprintf(to, "%s%s", i ? " " : "", quote(arguments[i]));
	fclose(to);
	return CHANGE(__real_sys_run(arguments), "%s", line);
}

/* What follows is real: the processes are, whoever they stand for. */
SEAM(int, socketpair, int fds[2])
{
	return __real_sys_socketpair(fds);
}

SEAM(int, socket_in, int dir_fd, const char *name)
{
	int fd = is_dry() ? -1 : __real_sys_socket_in(dir_fd, name);

	return step_note(stand_in(fd, name, 0), "on %s/%s the keeper listens, for ctr-setup exec",
			 quote(source_of(dir_fd)), name);
}

SEAM(int, raise_rlimit, int resource, uint64_t hard)
{
	return is_dry() ? 0 : __real_sys_raise_rlimit(resource, hard);
}

SEAM(int, kill, int pid_fd, int signal)
{
	return __real_sys_kill(pid_fd, signal);
}

SEAM(void, show, bool shown)
{
	__real_sys_show(shown);
}

SEAM(void, share_pipe, int fd)
{
	if (!is_dry())
		__real_sys_share_pipe(fd);
}

SEAM(int, wait, pid_t pid, int *status)
{
	return __real_sys_wait(pid, status);
}

SEAM(int, become, const char *path, char *const *arguments)
{
	if (is_dry()) {
		step_why(
			"among the container's mounts, on the host's network ($keeper: ctr-setup)");
		step(0, "nsenter --net=/proc/$keeper/ns/net %s %s </dev/null >&2", quote(path),
		     quote(arguments[1]));
		_exit(0);
	}
	step(0, "%s %s", quote(path), quote(arguments[1]));
	return __real_sys_become(path, arguments);
}

SEAM(int, kill_pid, pid_t pid, int signal)
{
	return CHANGE(__real_sys_kill_pid(pid, signal), "kill -%d %d", signal, pid);
}

SEAM(void, sleep_ms, unsigned milliseconds)
{
	if (!is_dry())
		__real_sys_sleep_ms(milliseconds);
}
