/* The C library of ctr-init: its start, and the functions of the standard headers that it calls.
 *
 * Nothing is done before main(), so the first system call is main()'s own; no signal is reserved;
 * nothing is written that need not stay in memory. The tests link the rest of ctr-init with the
 * host's C library instead. The contracts are those of the man pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"

int main(int argc, char **argv, char **environment);
__attribute__((used)) _Noreturn void bare_start(long *stack);

/* The kernel leaves argc at the stack pointer, then argv and the environment, each up to a NULL. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n"
	"\tcall bare_start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, xzr\n\tmov x30, xzr\n\tmov x0, sp\n"
	"\tand sp, x0, -16\n\tb bare_start\n");
#elif defined(__riscv)
__asm__(".globl _start\n_start:\n\t.option push\n\t.option norelax\n\tlla gp, __global_pointer$\n"
	"\t.option pop\n\tmv a0, sp\n\tandi sp, sp, -16\n\ttail bare_start\n");
#endif

_Noreturn void bare_start(long *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);

	_exit(main(argc, argv, argv + argc + 1));
}

int *__errno_location(void)
{
	static int error;

	return &error;
}

/* Variable arguments lie where fixed ones do in the calling conventions of all three machines, and
 * what the kernel does not ask for does not matter. */
#define FIXED(name)                                                                                \
	__attribute__((noipa, used))                                                               \
	bare_##name(long, long, long, long, long, long, long) __asm__(#name)

long FIXED(syscall);
long bare_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	long result = raw(n, a, b, c, d, e, f);

	if (result >= 0 || result < -4095)
		return result;
	errno = (int)-result;
	return -1;
}

_Noreturn void _exit(int status)
{
	for (;;)
		raw(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

int FIXED(open);
int bare_open(long path, long flags, long mode, long d, long e, long f, long g)
{
	(void)d, (void)e, (void)f, (void)g;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int FIXED(fcntl);
int bare_fcntl(long fd, long command, long argument, long d, long e, long f, long g)
{
	(void)d, (void)e, (void)f, (void)g;
	return (int)syscall(SYS_fcntl, fd, command, argument);
}

int FIXED(ioctl);
int bare_ioctl(long fd, long request, long argument, long d, long e, long f, long g)
{
	(void)d, (void)e, (void)f, (void)g;
	return (int)syscall(SYS_ioctl, fd, request, argument);
}

int FIXED(prctl);
int bare_prctl(long option, long a, long b, long c, long d, long f, long g)
{
	(void)f, (void)g;
	return (int)syscall(SYS_prctl, option, a, b, c, d);
}

ssize_t read(int fd, void *buffer, size_t size)
{
	return syscall(SYS_read, fd, buffer, size);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
	return syscall(SYS_write, fd, buffer, size);
}

int close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

int dup2(int from, int to)
{
	return from == to ? to : (int)syscall(SYS_dup3, from, to, 0);
}

int fstat(int fd, struct stat *stat)
{
	return (int)syscall(SYS_fstat, fd, stat);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)syscall(SYS_fchown, fd, uid, gid);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
	return (int)syscall(SYS_mkdirat, fd, path, mode);
}

int mknodat(int fd, const char *path, mode_t mode, dev_t device)
{
	return (int)syscall(SYS_mknodat, fd, path, mode, device);
}

int symlinkat(const char *target, int fd, const char *path)
{
	return (int)syscall(SYS_symlinkat, target, fd, path);
}

int unlinkat(int fd, const char *path, int flags)
{
	return (int)syscall(SYS_unlinkat, fd, path, flags);
}

mode_t umask(mode_t mask)
{
	return (mode_t)syscall(SYS_umask, mask);
}

int chdir(const char *path)
{
	return (int)syscall(SYS_chdir, path);
}

int fchdir(int fd)
{
	return (int)syscall(SYS_fchdir, fd);
}

int chroot(const char *path)
{
	return (int)syscall(SYS_chroot, path);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

int munmap(void *address, size_t size)
{
	return (int)syscall(SYS_munmap, address, size);
}

int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data)
{
	return (int)syscall(SYS_mount, source, target, type, flags, data);
}

int umount2(const char *target, int flags)
{
	return (int)syscall(SYS_umount2, target, flags);
}

int reboot(int command)
{
	return (int)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, NULL);
}

void sync(void)
{
	syscall(SYS_sync);
}

int sethostname(const char *name, size_t length)
{
	return (int)syscall(SYS_sethostname, name, length);
}

int socket(int domain, int type, int protocol)
{
	return (int)syscall(SYS_socket, domain, type, protocol);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return syscall(SYS_sendmsg, fd, message, flags);
}

pid_t getpid(void)
{
	return (pid_t)syscall(SYS_getpid);
}

pid_t getppid(void)
{
	return (pid_t)syscall(SYS_getppid);
}

pid_t getpgrp(void)
{
	return (pid_t)syscall(SYS_getpgid, 0);
}

pid_t getsid(pid_t pid)
{
	return (pid_t)syscall(SYS_getsid, pid);
}

pid_t setsid(void)
{
	return (pid_t)syscall(SYS_setsid);
}

int setpgid(pid_t pid, pid_t group)
{
	return (int)syscall(SYS_setpgid, pid, group);
}

int kill(pid_t pid, int signal)
{
	return (int)syscall(SYS_kill, pid, signal);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return (pid_t)syscall(SYS_wait4, pid, status, options, NULL);
}

int execve(const char *path, char *const argv[], char *const environment[])
{
	return (int)syscall(SYS_execve, path, argv, environment);
}

/* The compiler calls these of its own accord, when it is too late to find that they are used. */
#define USED __attribute__((used))

USED void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	char *out = to;
	const char *in = from;

	while (size-- > 0)
		*out++ = *in++;
	return to;
}

USED void *memset(void *to, int byte, size_t size)
{
	char *out = to;

	while (size-- > 0)
		*out++ = (char)byte;
	return to;
}

USED int memcmp(const void *one, const void *other, size_t size)
{
	const unsigned char *a = one, *b = other;

	for (; size > 0; size--, a++, b++)
		if (*a != *b)
			return *a - *b;
	return 0;
}

USED size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

int strncmp(const char *one, const char *other, size_t size)
{
	for (; size > 0; size--, one++, other++)
		if (*one != *other || !*one)
			return (unsigned char)*one - (unsigned char)*other;
	return 0;
}

int strcmp(const char *one, const char *other)
{
	return strncmp(one, other, SIZE_MAX / 2);
}

size_t strcspn(const char *text, const char *stop)
{
	size_t length = 0;

	while (text[length] && !strchr(stop, text[length]))
		length++;
	return length;
}

char *strchr(const char *text, int byte)
{
	for (; *text != (char)byte; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

char *strrchr(const char *text, int byte)
{
	const char *found = NULL;

	for (; (text = strchr(text, byte)); text++) {
		found = text;
		if (!byte)
			break;
	}
	return (char *)found;
}
