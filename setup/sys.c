#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <linux/openat2.h>
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "ctr/exit.h"
#include "signals.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static int result(long rc)
{
	return rc < 0 ? -errno : (int)rc;
}

/* openat2(2): a path that was resolved has no link; one that comes up since leads elsewhere. */
static int open_real(int at_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (__u64)(flags | O_DIRECTORY | O_CLOEXEC),
		.resolve = RESOLVE_NO_SYMLINKS,
	};

	return result(syscall(SYS_openat2, at_fd, path, &how, sizeof(how)));
}

int sys_open_dir(int at_fd, const char *path)
{
	return open_real(at_fd, path, O_PATH);
}

int sys_mkdir(const char *path, mode_t mode)
{
	AUTO_FREE char *parent = strdup(path);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	AUTO_CLOSE int parent_fd = -1;

	if (!slash)
		return -ENOMEM;
	slash[slash == parent] = '\0';
	parent_fd = sys_open_dir(AT_FDCWD, parent);
	return parent_fd < 0 ? parent_fd : result(mkdirat(parent_fd, strrchr(path, '/') + 1, mode));
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

int sys_open_output(const char *path)
{
	return result(
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
}

int sys_write(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : write_whole(fd, text);
}

int sys_read(const char *path, char *text, size_t size)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat stat;
	size_t used = 0;

	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode)) /* a FIFO would keep us waiting */
		return S_ISDIR(stat.st_mode) ? -EISDIR : -EINVAL;
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

int sys_may_write(const char *path)
{
	return result(access(path, W_OK));
}

bool sys_is_cgroup(const char *path)
{
	AUTO_FREE char *existing = strdup(path);
	struct statfs fs;
	char *slash;

	while (existing && statfs(existing, &fs) < 0) {
		slash = strrchr(existing, '/');
		if (errno != ENOENT || !slash || slash == existing)
			return false;
		*slash = '\0';
	}
	return existing && (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

int sys_lock(const char *dir, bool wait)
{
	AUTO_CLOSE int fd = open_real(AT_FDCWD, dir, O_RDONLY);

	if (fd < 0)
		return fd;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || !wait)
			return -errno;
		sys_sleep_ms(1);
		if (signals_end_asked())
			return -EINTR;
	}
	return take_fd(&fd);
}

int sys_clone(struct sys_clone *clone)
{
	struct clone_args args = {
		.flags = clone->namespaces | (clone->as_sibling ? CLONE_PARENT : 0U) |
			 (__u64)CLONE_PIDFD,
		.exit_signal = clone->as_sibling ? 0 : SIGCHLD, /* clone(2): then it is ours */
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

int sys_give_empty(int dir_fd, uint32_t uid, uint32_t gid)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	int count = 0;

	if (!entries)
		return -errno;
	while (count <= 2 && readdir(entries))
		count++;
	closedir(entries);
	return count > 2 ? -ENOTEMPTY : result(fchownat(dir_fd, "", uid, gid, AT_EMPTY_PATH));
}

int sys_enter_dir(int fd)
{
	return result(fchdir(fd));
}

int sys_join_netns(int netns_fd)
{
	return result(setns(netns_fd, CLONE_NEWNET));
}

int sys_socketpair(int fds[2])
{
	return result(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
}

/* The directory's own path may be longer than an address can be. */
int sys_socket_in(int dir_fd, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

int sys_open_file(const char *path)
{
	return result(open(path, O_RDONLY | O_CLOEXEC));
}

int sys_die_with_parent(void)
{
	return result(prctl(PR_SET_PDEATHSIG, SIGKILL));
}

int sys_raise_rlimit(int resource, uint64_t hard)
{
	struct rlimit now;

	if (getrlimit(resource, &now) < 0)
		return -errno;
	if (now.rlim_max >= hard)
		return 0;
	now.rlim_max = hard;
	return result(setrlimit(resource, &now));
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
	if (rc >= 0)
		return 0;
	*status = W_EXITCODE(CTR_EXIT_FAILURE, 0);
	return -errno;
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

void sys_share_pipe(int fd)
{
	static const mode_t modes[] = {[O_RDONLY] = 0444, [O_WRONLY] = 0222, [O_RDWR] = 0666};
	int flags = fcntl(fd, F_GETFL);
	struct statfs kind;
	struct stat stat;

	/* A FIFO in a file system is the caller's file. */
	if (flags < 0 || (flags & O_ACCMODE) == O_ACCMODE || fstatfs(fd, &kind) < 0 ||
	    kind.f_type != PIPEFS_MAGIC || fstat(fd, &stat) < 0)
		return;
	/* That of another user stays as it is. */
	(void)!fchmod(fd, (stat.st_mode & 0777) | modes[flags & O_ACCMODE]);
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
