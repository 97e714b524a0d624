#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libmount.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static int result(long rc)
{
	return rc < 0 ? -errno : (int)rc;
}

int sys_mkdir(const char *path, mode_t mode)
{
	return result(mkdir(path, mode));
}

int sys_rmdir(const char *path)
{
	return result(rmdir(path));
}

int sys_unlink(const char *path)
{
	return result(unlink(path));
}

static int write_whole(int fd, const char *text)
{
	size_t length = strlen(text);
	ssize_t written = write(fd, text, length);

	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -EIO;
}

int sys_create(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : write_whole(fd, text);
}

int sys_write(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : write_whole(fd, text);
}

int sys_read(const char *path, char *text, size_t size)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;

	if (fd < 0)
		return -errno;
	while (used < size) {
		ssize_t got = read(fd, text + used, size - used);

		if (got < 0)
			return -errno;
		if (got == 0) {
			text[used] = '\0';
			return (int)used;
		}
		used += (size_t)got;
	}
	text[size - 1] = '\0';
	return -E2BIG;
}

/* Waits a moment; true when a signal that ends us is pending. All are blocked: see signals.h. */
static bool end_is_asked_for(void)
{
	static const struct timespec moment = {.tv_nsec = 1000000};
	sigset_t pending;

	nanosleep(&moment, NULL);
	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) ||
		sigismember(&pending, SIGHUP) || sigismember(&pending, SIGQUIT));
}

int sys_lock(const char *dir, bool wait)
{
	AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || !wait)
			return -errno;
		if (end_is_asked_for())
			return -EINTR;
	}
	return take_fd(&fd);
}

int sys_clone(struct sys_clone *clone)
{
	struct clone_args args = {
		.flags = clone->namespaces | (__u64)CLONE_PIDFD,
		.exit_signal = SIGCHLD,
		.pidfd = (uint64_t)(uintptr_t)&clone->pid_fd,
	};

	if (clone->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (__u64)clone->cgroup_fd;
	}
	return result(syscall(SYS_clone3, &args, sizeof(args)));
}

int sys_unshare(uint64_t namespaces)
{
	return result(unshare((int)namespaces));
}

int sys_become_root(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0)
		return -errno;
	return result(setresuid(0, 0, 0));
}

int sys_join_mounts(int pid_fd, bool as_its_root)
{
	char cwd[PATH_MAX];

	/* setns(2) goes to the namespace's root; what is known by path is there, too. */
	if (!getcwd(cwd, sizeof(cwd)))
		*cwd = '\0';
	if (setns(pid_fd, CLONE_NEWNS | (as_its_root ? CLONE_NEWUSER : 0)) < 0 ||
	    (*cwd && chdir(cwd) < 0))
		return -errno;
	return as_its_root ? sys_become_root() : 0;
}

int sys_make_files_as(uint32_t uid, uint32_t gid)
{
	/* capabilities(7): else those that concern files would go with the id. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		return -errno;
	setfsgid(gid);
	setfsuid(uid);
	return (uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid ? 0 : -EPERM;
}

int sys_give_empty(const char *dir, uint32_t uid, uint32_t gid)
{
	DIR *entries = opendir(dir);
	int count = 0;

	if (!entries)
		return -errno;
	while (count <= 2 && readdir(entries))
		count++;
	closedir(entries);
	return count > 2 ? -ENOTEMPTY : result(chown(dir, uid, gid));
}

int sys_enter_dir(int fd, const char *path)
{
	return result(fd >= 0 ? fchdir(fd) : chdir(path));
}

int sys_join_netns(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : result(setns(fd, CLONE_NEWNET));
}

int sys_socketpair(int fds[2])
{
	return result(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
}

int sys_open_dir(const char *path)
{
	return result(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int sys_open_file(const char *path)
{
	return result(open(path, O_RDONLY | O_CLOEXEC));
}

int sys_die_with_parent(void)
{
	return result(prctl(PR_SET_PDEATHSIG, SIGKILL));
}

int sys_affinity_reset(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	return result(sched_setaffinity(0, sizeof(all), &all));
}

int sys_kill(int pid_fd, int signal)
{
	return result(syscall(SYS_pidfd_send_signal, pid_fd, signal, NULL, 0));
}

int sys_wait(pid_t pid, int *status)
{
	int rc;

	do
		rc = waitpid(pid, status, 0);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

int sys_run(char *const *arguments)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid;
	int status, rc;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
	rc = -posix_spawnp(&pid, arguments[0], &files, &attributes, arguments, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	if (rc == 0)
		rc = sys_wait(pid, &status);
	if (rc < 0)
		return rc;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int sys_become(const char *path, char *const *arguments)
{
	return result(execv(path, arguments));
}

void sys_show(bool shown)
{
	prctl(PR_SET_DUMPABLE, shown ? 1 : 0);
}

int sys_kill_pid(pid_t pid, int signal)
{
	return result(kill(pid, signal));
}

void sys_sleep_ms(unsigned milliseconds)
{
	struct timespec time = {.tv_sec = milliseconds / 1000,
				.tv_nsec = milliseconds % 1000 * 1000000L};

	nanosleep(&time, NULL);
}

int sys_make_private(void)
{
	return result(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* mount(2) by libmount, which keeps escaped commas together and knows the generic options; without
 * its helpers, its table of mounts and its look at the target: nothing outside this call. */
static int libmount_mount(struct libmnt_context *context, const char *type, const char *target,
			  const char *options, unsigned flags)
{
	int rc;

	if (mnt_context_disable_helpers(context, 1) || mnt_context_disable_mtab(context, 1) ||
	    mnt_context_disable_canonicalize(context, 1) || mnt_context_set_fstype(context, type) ||
	    mnt_context_set_source(context, type) || mnt_context_set_target(context, target) ||
	    mnt_context_set_options(context, options) ||
	    mnt_context_set_mflags(context, flags & MOUNT_BARE ? 0 : MS_NOSUID | MS_NODEV))
		return -ENOMEM;
	rc = mnt_context_mount(context);
	if (rc == 0)
		return 0;
	if (mnt_context_syscall_called(context))
		return -mnt_context_get_syscall_errno(context);
	return rc < 0 ? rc : -EINVAL;
}

static int mount_new(const char *type, const char *target, const char *options, unsigned flags)
{
	struct libmnt_context *context = mnt_new_context();
	int rc = context ? libmount_mount(context, type, target, options, flags) : -ENOMEM;

	mnt_free_context(context);
	return rc;
}

int sys_mount_overlay(const char *target, const char *options, unsigned flags)
{
	return mount_new("overlay", target, options, flags);
}

int sys_mount_tmpfs(const char *target, const char *options)
{
	return mount_new("tmpfs", target, options, 0);
}

int sys_open_tree(const char *path, unsigned flags)
{
	AUTO_CLOSE int fd = open_tree(AT_FDCWD, path,
				      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
					      (flags & MOUNT_ALONE ? 0U : AT_RECURSIVE));
	struct mount_attr set = {
		.attr_set =
			(flags & MOUNT_BARE ? 0 : MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV) |
			(flags & (MOUNT_READ_ONLY | MOUNT_READ_ONLY_BELOW) ? MOUNT_ATTR_RDONLY : 0),
	};
	struct mount_attr clear = {.attr_clr = MOUNT_ATTR_RDONLY};

	if (fd < 0)
		return -errno;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &set, sizeof(set)) < 0)
		return -errno;
	if (flags & MOUNT_READ_ONLY_BELOW &&
	    mount_setattr(fd, "", AT_EMPTY_PATH, &clear, sizeof(clear)) < 0)
		return -errno;
	return take_fd(&fd);
}

int sys_open_new(const char *type, unsigned flags)
{
	AUTO_CLOSE int fd = fsopen(type, FSOPEN_CLOEXEC);

	if (fd < 0 || fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	return result(fsmount(fd, FSMOUNT_CLOEXEC,
			      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
				      (flags & MOUNT_READ_ONLY ? MOUNT_ATTR_RDONLY : 0U)));
}

int sys_map_tree(int tree_fd, int userns_fd)
{
	struct mount_attr map = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (__u64)userns_fd};

	return result(mount_setattr(tree_fd, "", AT_EMPTY_PATH, &map, sizeof(map)));
}

int sys_attach(int tree_fd, const char *path)
{
	return result(move_mount(tree_fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
}

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* execve(2) answers ETXTBSY while a writable descriptor is open anywhere. What lies over /proc
 * could lead to another file; no other has these seals. */
static int reopen_read_only(int sealed_fd)
{
	char path[64];
	AUTO_CLOSE int fd = -1;
	int seals;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", sealed_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	seals = fcntl(fd, F_GET_SEALS);
	return seals < 0 || (seals & SEALS) != SEALS ? -EPERM : take_fd(&fd);
}

int sys_sealed_file(const char *name, const void *data, size_t size)
{
	/* Before Linux 6.3 there is no MFD_EXEC, and a memory file is executable without it. */
	AUTO_CLOSE int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	for (size_t used = 0; used < size;) {
		ssize_t written = write(fd, (const char *)data + used, size - used);

		if (written < 0)
			return -errno;
		used += (size_t)written;
	}
	return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -errno : reopen_read_only(fd);
}

int sys_place(int *fds, size_t count, int first)
{
	int end = first + (int)count;

	/* Out of the way first: a source may sit where another one is to go. */
	for (size_t i = 0; i < count; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, end);
		if (fds[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i < count; i++)
		if (dup2(fds[i], first + (int)i) < 0)
			return -errno;
	return result(close_range((unsigned)end, ~0U, CLOSE_RANGE_CLOEXEC));
}

int sys_execute(int fd, const char *name)
{
	char *arguments[] = {(char *)name, (char *)"--handover", NULL};
	char *environment[] = {NULL};

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return result(syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH));
}
