#include "sys_fake.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctr/exit.h"
#include "sys.h"
#include "world.h"

/* --- files and directories */

int sys_mkdir(const char *path, mode_t mode)
{
	int rc = call("mkdir %s %04o", path, (unsigned)mode);

	if (rc < 0)
		return rc;
	if (thing_find("directory", path))
		return -EEXIST;
	thing_add("directory", path, -1)->kept = is_kept(path);
	return 0;
}

/* The files of a cgroup go with it; a directory that holds anything we made stays. */
int sys_rmdir(const char *path)
{
	int rc = call("rmdir %s", path);

	if (rc == 0 && fake->busy_count && strcmp(fake->busy_path, path) == 0) {
		fake->busy_count--;
		rc = -EBUSY;
	}
	if (rc == 0 && has_anything_in(path))
		rc = -ENOTEMPTY;
	return thing_remove(thing_find("directory", path), rc);
}

int sys_unlink(const char *path)
{
	int rc = thing_remove(thing_find("file", path), call("unlink %s", path));

	if (rc == 0)
		fake_file(path, NULL);
	return rc;
}

int sys_create(const char *path, const char *text)
{
	int rc = call("create %s", path);

	if (rc < 0)
		return rc;
	if (fake_text(path))
		return -EEXIST;
	fake_file(path, text);
	thing_add("file", path, -1);
	return 0;
}

int sys_open_output(const char *path)
{
	int rc = call("open_output %s", path);

	return rc < 0 ? rc : null_give("output", path);
}

/* Is the file in a directory that was made by us, as a cgroup is? */
static bool comes_by_itself(const char *path)
{
	char directory[NAME_SIZE];

	snprintf(directory, sizeof(directory), "%s", path);
	*strrchr(directory, '/') = '\0';
	return thing_find("directory", directory) != NULL;
}

int sys_write(const char *path, const char *text)
{
	int rc = call("write %s %.*s", path, (int)strcspn(text, "\n"), text);
	const struct file *file = file_find(path);

	if (rc < 0)
		return rc;
	if (file ? file->missing : !comes_by_itself(path))
		return -ENOENT;
	if (!file || !file->stubborn)
		file_put(path, text);
	return 0;
}

int sys_may_write(const char *path)
{
	int rc = call("read whether %s is writable", path);
	const struct file *file = file_find(path);

	return rc == 0 && file ? -file->forbidden : rc;
}

bool sys_is_cgroup(const char *path)
{
	return strncmp(path, "/unseen/", 8) != 0;
}

int sys_read(const char *path, char *text, size_t size)
{
	int rc = call("read %s", path);
	const char *now = fake_text(path);

	if (rc < 0)
		return rc;
	if (!now)
		return -ENOENT;
	if (strlen(now) >= size)
		return -E2BIG;
	strcpy(text, now);
	return (int)strlen(now);
}

/* --- descriptors */

/* A directory nobody spoke of is none of the test's: one of the machine's own /run/ctr. */
int sys_lock(const char *dir, bool wait)
{
	int rc;

	if (!thing_find("directory", dir))
		return -ENOENT;
	rc = call("lock %s%s", dir, wait ? " wait" : "");
	return rc < 0 ? rc : null_give("lock", dir);
}

int sys_open_dir(int at_fd, const char *path)
{
	int rc = call("open %s%s", path, at_fd < 0 ? "" : " there");

	return rc < 0 ? rc : null_give("open", path);
}

int sys_open_tree(int at_fd, const char *path, unsigned flags)
{
	static const char *const kinds[] = {"", " ro", " ro below", "", " bare"};
	const char *name = *path ? path : fd_name(at_fd);
	int rc = call("open_tree %s%s%s", name, kinds[flags & 7],
		      flags & MOUNT_ALONE ? " alone" : "");

	return rc < 0 ? rc : null_give("tree", name);
}

int sys_sealed_file(const char *name, const void *data, size_t size)
{
	int rc = call("seal %s", name);

	(void)data;
	(void)size;
	return rc < 0 ? rc : null_give("sealed", name);
}

int sys_socketpair(int fds[2])
{
	int rc = call("socketpair"), ends[2];

	if (rc < 0)
		return rc;
	rc = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
	assert(rc == 0);
	fds[0] = fake->keeper_fd = fd_give(ends[0], "socket", "keeper");
	fds[1] = fake->container_fd = fd_give(ends[1], "socket", "container");
	return 0;
}

int sys_socket_in(int dir_fd, const char *name)
{
	int rc = call("socket %s in %s", name, fd_name(dir_fd));
	const char *path = strchr(fd_name(dir_fd), '/');
	char file[NAME_SIZE];

	if (rc < 0)
		return rc;
	snprintf(file, sizeof(file), "%s/%s", path ? path : "", name);
	fake_file(file, "");
	thing_add("file", file, -1);
	return null_give("socket", name);
}

/* --- device programs */

int sys_bpf_load(const struct bpf_insn *program, size_t count)
{
	int rc = call("bpf load");

	(void)program;
	(void)count;
	return rc < 0 ? rc : null_give("program", "devices");
}

int sys_bpf_attach(int group_fd, int program_fd)
{
	return call("bpf attach %s to %s", fd_name(program_fd), fd_name(group_fd));
}

int sys_bpf_is_attached(int group_fd, int program_fd)
{
	int rc = call("bpf query %s of %s", fd_name(program_fd), fd_name(group_fd));

	return rc < 0 ? rc : 1;
}

/* --- processes, namespaces, mounts, handing over */

static const char *namespaces_name(uint64_t namespaces)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", namespaces & CLONE_NEWNS ? " mnt" : "",
		 namespaces & CLONE_NEWPID ? " pid" : "", namespaces & CLONE_NEWUTS ? " uts" : "",
		 namespaces & CLONE_NEWIPC ? " ipc" : "", namespaces & CLONE_NEWNET ? " net" : "",
		 namespaces & CLONE_NEWCGROUP ? " cgroup" : "",
		 namespaces & CLONE_NEWUSER ? " user" : "");
	return text;
}

int sys_clone(struct sys_clone *clone)
{
	int rc = call("clone%s%s%s", namespaces_name(clone->namespaces),
		      clone->cgroup_fd >= 0 ? " into " : "",
		      clone->cgroup_fd >= 0 ? fd_name(clone->cgroup_fd) : "");
	char number[16];

	if (rc < 0)
		return rc;
	fake->clones++;
	if (fake->side == FAKE_CHILD) { /* the keeper has its end, whatever we close */
		int keeper_fd = dup(fake->keeper_fd);

		assert(keeper_fd >= 0);
		if (fake->keeper)
			fake->keeper(keeper_fd);
	}
	if (fake->side == FAKE_CHILD || fake->side == FAKE_ORPHAN ||
	    (fake->side == FAKE_LENDER && fake->clones == 2))
		return 0;
	if (fake->clones == 1) /* it has its end until it is waited for */
		fake->cloned_fd = dup(fake->container_fd);
	snprintf(number, sizeof(number), "%u", FAKE_PID + fake->clones - 1);
	thing_add("process", number, -1);
	clone->pid_fd = null_give("pidfd", number);
	return FAKE_PID + (int)fake->clones - 1;
}

int sys_unshare(uint64_t namespaces)
{
	return call("unshare%s", namespaces_name(namespaces));
}

int sys_join_netns(int netns_fd)
{
	return call("join_netns %s", fd_name(netns_fd));
}

int sys_die_with_parent(void)
{
	return call("die_with_parent");
}

int sys_raise_rlimit(int resource, uint64_t hard)
{
	return call("raise_rlimit %d %llu", resource, (unsigned long long)hard);
}

int sys_affinity_reset(void)
{
	return call("affinity_reset");
}

int sys_kill(int pid_fd, int signal)
{
	int rc = call("kill %s %d", fd_name(pid_fd), signal);

	if (rc < 0 || signal == SIGKILL)
		fake_process_ends(SIGKILL);
	return rc;
}

int sys_wait(pid_t pid, int *status)
{
	int rc = call("wait %d", pid);
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	*status = rc < 0 ? W_EXITCODE(CTR_EXIT_FAILURE, 0) : 0;
	if (pid == FAKE_PID) {
		if (rc == 0 && !fake->process_ended)
			return -EDEADLK;
		if (rc == 0)
			*status = fake->process_status;
		close(fake->cloned_fd);
		fake->cloned_fd = -1;
	}
	rc = thing_remove(thing_find("process", number), rc);
	return rc == -ENOENT ? -ECHILD : rc;
}

int sys_kill_pid(pid_t pid, int signal)
{
	return call("kill_pid %d %d", pid, signal);
}

void sys_sleep_ms(unsigned milliseconds)
{
	script_add("sleep %u\n", milliseconds);
}

int sys_make_private(void)
{
	return call("make_private");
}

int sys_mount_overlay(const struct sys_overlay *overlay)
{
	script_add("mount overlay on %s:", fd_name(overlay->target_fd));
	for (size_t i = 0; i < overlay->lower_count; i++)
		script_add(" %s,", fd_name(overlay->lower_fds[i]));
	script_add(" %s,", fd_name(overlay->upper_fd));
	script_add(" %s", fd_name(overlay->work_fd));
	return call(" %s%s", overlay->options, overlay->flags & MOUNT_BARE ? " bare" : "");
}

int sys_mount_tmpfs(const char *target, const char *options)
{
	return call("mount tmpfs %s %s", target, options);
}

int sys_open_new(const char *type, unsigned flags)
{
	int rc = call("open_new %s%s", type, flags & MOUNT_READ_ONLY ? " ro" : "");

	return rc < 0 ? rc : null_give("new", type);
}

int sys_map_tree(int tree_fd, int userns_fd)
{
	return call("map %s for %s", fd_name(tree_fd), fd_name(userns_fd));
}

int sys_join_mounts(int pid_fd, bool as_its_root)
{
	return call("join the mounts of %s%s", fd_name(pid_fd), as_its_root ? " as root" : "");
}

int sys_become_root(void)
{
	return call("become root");
}

int sys_make_files_as(uint32_t uid, uint32_t gid)
{
	return call("make files as %u:%u", uid, gid);
}

int sys_run(char *const *arguments)
{
	return call("run %s", arguments[0]);
}

int sys_become(const char *path, char *const *arguments)
{
	int rc = call("become %s %s", path, arguments[1]);

	return rc < 0 ? rc : -ENOEXEC;
}

void sys_show(bool shown)
{
	script_add(shown ? "show\n" : "hide\n");
}

void sys_share_pipe(int fd)
{
	(void)fd;
}

int sys_give_empty(int dir_fd, uint32_t uid, uint32_t gid)
{
	return call("give %s to %u:%u", fd_name(dir_fd), uid, gid);
}

int sys_enter_dir(int fd)
{
	return call("enter %s", fd_name(fd));
}

int sys_open_file(const char *path)
{
	int rc = call("open %s", path);

	return rc < 0 ? rc : null_give("open", path);
}

int sys_attach(int tree_fd, const char *path)
{
	return call("attach %s at %s", fd_name(tree_fd), path);
}

int sys_place(int *fds, size_t count, int first)
{
	script_add("place %d:", first);
	for (size_t i = 0; i < count; i++)
		script_add(" %s%s", fd_name(fds[i]), i + 1 < count ? "," : "");
	fds_rename(fds, count, first);
	return call("%s", "");
}

int sys_execute(int fd, const char *name)
{
	int rc = call("execute %s as %s", fd_name(fd), name);

	if (rc < 0)
		return rc;
	fake->executions++;
	return -ENOEXEC;
}
