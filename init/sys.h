/* System calls that the C library has no wrapper for. Each returns what the kernel does, -1 and
 * errno. */
#ifndef CTR_INIT_SYS_H
#define CTR_INIT_SYS_H

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* struct sigaction as the kernel has it: behind the flags lie a mask and, on some machines before
 * that, a restorer. Neither matters where no function handles a signal. */
struct sys_action {
	void (*handler)(int);
	unsigned long flags, rest[2];
};

static inline int sys_sigaction(int signal, const struct sys_action *action, struct sys_action *was)
{
	return (int)syscall(SYS_rt_sigaction, signal, action, was, sizeof(uint64_t));
}

static inline int sys_openat2(int dir_fd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags, .resolve = resolve};

	return (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
}

static inline int sys_move_mount(int from_fd, int to_fd)
{
	return (int)syscall(SYS_move_mount, from_fd, "", to_fd, "",
			    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int sys_open_tree(int fd, unsigned flags)
{
	return (int)syscall(SYS_open_tree, fd, "",
			    OPEN_TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH | flags);
}

static inline int sys_mount_setattr(int fd, unsigned flags, uint64_t attrs)
{
	struct mount_attr attr = {.attr_set = attrs};

	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr));
}

/* openat(2), for those who follow no name from a caller's working directory. */
static inline int open_at(int dir_fd, const char *name, int flags)
{
	return (int)syscall(SYS_openat, dir_fd, name, flags, 0);
}

/* dev_t as the kernel reads it. */
static inline dev_t device_number(unsigned major, unsigned minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

static inline int sys_close_range(unsigned first, unsigned last)
{
	return (int)syscall(SYS_close_range, first, last, 0);
}

#endif
