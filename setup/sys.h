/* The seam: everything by which ctr-setup changes the machine.
 *
 * Each function does one thing and returns 0 (or a descriptor, or a length) or -errno. No policy,
 * no logging. sys.c, sys_mount.c and sys_bpf.c do it for real; tests/fake/sys_fake.c records it and
 * fails on demand. Paths are those of the trusted host. Descriptors are close-on-exec.
 *
 * Directories that are made, opened, locked or mounted on have real paths: -ELOOP where a symbolic
 * link has come into one since it was resolved, as others may own directories above.
 */
#ifndef CTR_SETUP_SYS_H
#define CTR_SETUP_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- files and directories */
int sys_mkdir(const char *path, mode_t mode);
int sys_rmdir(const char *path);
int sys_unlink(const char *path);
/* Makes a file of mode 0600 that must not exist yet, with this text. */
int sys_create(const char *path, const char *text);
/* Opens a file to write to, emptied, or made with mode 0600: a descriptor, which never waits.
 * -ENXIO: a FIFO that nobody reads. */
int sys_open_output(const char *path);
/* One write(2) of text to a file that exists: a kernel file takes or refuses it whole. */
int sys_write(const char *path, const char *text);
/* Reads a whole small file as a string: its length, -E2BIG when it does not fit in size (then text
 * has the beginning, as a string). */
int sys_read(const char *path, char *text, size_t size);
/* May we write to this file, or make something in this directory? */
int sys_may_write(const char *path);
/* Is this directory, or the nearest one above it that is there, in a cgroup file system? */
bool sys_is_cgroup(const char *path);

/* Opens a directory, as a place alone (O_PATH); at_fd as in openat(2). */
int sys_open_dir(int at_fd, const char *path);
int sys_open_file(const char *path);
/* Opens a directory and locks it (flock(2)) for as long as the descriptor is open, in this process
 * or a child. -EWOULDBLOCK: somebody else has it; with wait it is waited for, until a signal that
 * ends us is pending: -EINTR. */
int sys_lock(const char *dir, bool wait);

/* --- processes and namespaces */
struct sys_clone {
	uint64_t namespaces; /* CLONE_NEW* */
	int cgroup_fd;	     /* a cgroup v2 directory to be born in, or -1 */
	bool as_sibling;     /* a child of our parent's */
	int pid_fd;	     /* out: the child */
};

/* As fork(2) into new namespaces: 0 in the child, the pid in the parent. */
int sys_clone(struct sys_clone *clone);
int sys_unshare(uint64_t namespaces);
/* Becomes the root of the user namespace that it is in, in no other group. */
int sys_become_root(void);
/* Joins the mount namespace of a process, which has the working directory, too; as the root of its
 * user namespace, or as who we are. */
int sys_join_mounts(int pid_fd, bool as_its_root);
/* The files that this process makes belong to these ids; its capabilities stay. */
int sys_make_files_as(uint32_t uid, uint32_t gid);
/* Gives a directory to another owner; -ENOTEMPTY unless it is an empty one. */
int sys_give_empty(int dir_fd, uint32_t uid, uint32_t gid);
/* fchdir(2) */
int sys_enter_dir(int fd);
int sys_join_netns(int netns_fd);
/* SOCK_SEQPACKET, both ends close-on-exec. */
int sys_socketpair(int fds[2]);
/* A datagram socket with a name in that directory. */
int sys_socket_in(int dir_fd, const char *name);
/* KILL to this process when its parent dies. */
int sys_die_with_parent(void);
/* No process after this one has a lower hard limit than this. */
int sys_raise_rlimit(int resource, uint64_t hard);
/* Every CPU that the cgroups allow, whatever the caller was bound to. */
int sys_affinity_reset(void);
int sys_kill(int pid_fd, int signal);
/* Runs a program of PATH with its error output and nothing else of ours: its exit status, 128 for a
 * signal. */
int sys_run(char *const *arguments);
/* Executes a program of the host's, with our environment; returns only on failure. */
int sys_become(const char *path, char *const *arguments);
/* Others of this user may look at us and at those we clone, or not: PR_SET_DUMPABLE of prctl(2). */
void sys_show(bool shown);
/* An anonymous pipe: whoever holds fd may open it again by /proc/self/fd, for what fd is open for.
 */
void sys_share_pipe(int fd);
/* Waits for the end of a child; its status as waitpid(2) has it. When that cannot be known, it is
 * that of one who failed. */
int sys_wait(pid_t pid, int *status);
/* Kills a process by number: only for what a cgroup lists. */
int sys_kill_pid(pid_t pid, int signal);
void sys_sleep_ms(unsigned milliseconds);

/* --- device programs of cgroup v2 groups (bpf(2)) */
struct bpf_insn;
/* A program of type BPF_PROG_TYPE_CGROUP_DEVICE: a descriptor. */
int sys_bpf_load(const struct bpf_insn *program, size_t count);
/* Beside those of the groups above; it stays for as long as the group. */
int sys_bpf_attach(int group_fd, int program_fd);
/* Does the group have this program? 1 or 0. */
int sys_bpf_is_attached(int group_fd, int program_fd);

/* --- mounts, all of them in this process's own mount namespace */
int sys_make_private(void);
enum {
	MOUNT_READ_ONLY = 1,
	MOUNT_READ_ONLY_BELOW = 2, /* not the mount at path itself */
	MOUNT_BARE = 4,		   /* neither nosuid nor nodev, as all others are but for devices
				      that every container may open */
	MOUNT_ALONE = 8		   /* without those below it */
};

/* Is fd a device that any container may open, as null and zero? */
bool is_common_device(int fd);

struct sys_overlay {
	int target_fd, upper_fd, work_fd;
	int *lower_fds; /* top first */
	size_t lower_count;
	const char *options; /* as in mount(8), but for the layers */
	unsigned flags;
};

/* An overlay, through libmount. /proc/self/fd becomes the working directory, so that a layer's path
 * is a number, whatever its own is. -EXDEV: what is there is no procfs, or not ours. */
int sys_mount_overlay(const struct sys_overlay *overlay);
int sys_mount_tmpfs(const char *target, const char *options);
/* A detached copy of the mount at path, or at_fd when that is empty, and of those below it: a
 * descriptor. The path may have links. */
int sys_open_tree(int at_fd, const char *path, unsigned flags);
/* A new file system as a detached mount, nosuid, nodev and noexec: a descriptor. */
int sys_open_new(const char *type, unsigned flags);
/* Files of a detached mount have the ids inside the user namespace that they have outside. -EINVAL:
 * this file system cannot. */
int sys_map_tree(int tree_fd, int userns_fd);
/* Puts a detached mount on a path. */
int sys_attach(int tree_fd, const char *path);

/* --- handing over */
/* A sealed, read-only memory file: a descriptor. */
int sys_sealed_file(const char *name, const void *data, size_t size);
/* fds[i] becomes descriptor first + i, which stays open on exec; all above is closed on exec. */
int sys_place(int *fds, size_t count, int first);
/* Executes the program in fd, closing it, with an empty environment; returns only on failure. */
int sys_execute(int fd, const char *name);

#endif
