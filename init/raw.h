/* The system call instruction itself, for what must not go through a function: the resident code
 * of stage 95, vfork(2), and bare.c. Returns the kernel's own result, -errno on failure. */
#ifndef CTR_INIT_RAW_H
#define CTR_INIT_RAW_H

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
ALWAYS_INLINE long raw(long n, long a, long b, long c, long d, long e, long f)
{
	register long d_register __asm__("r10") = d;
	register long e_register __asm__("r8") = e;
	register long f_register __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "+a"(n)
			 : "D"(a), "S"(b), "d"(c), "r"(d_register), "r"(e_register), "r"(f_register)
			 : "rcx", "r11", "memory");
	return n;
}

ALWAYS_INLINE long raw3(long n, long a, long b, long c)
{
	__asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return n;
}

ALWAYS_INLINE long raw4(long n, long a, long b, long c, long d)
{
	register long d_register __asm__("r10") = d;

	__asm__ volatile("syscall"
			 : "+a"(n)
			 : "D"(a), "S"(b), "d"(c), "r"(d_register)
			 : "rcx", "r11", "memory");
	return n;
}
#elif defined(__aarch64__) || defined(__riscv)
#if defined(__aarch64__)
#define NUMBER	    "x8"
#define ARGUMENT(n) "x" #n
#define SYSTEM_CALL "svc 0"
#else
#define NUMBER	    "a7"
#define ARGUMENT(n) "a" #n
#define SYSTEM_CALL "ecall"
#endif
ALWAYS_INLINE long raw(long n, long a, long b, long c, long d, long e, long f)
{
	register long n_register __asm__(NUMBER) = n;
	register long a_register __asm__(ARGUMENT(0)) = a;
	register long b_register __asm__(ARGUMENT(1)) = b;
	register long c_register __asm__(ARGUMENT(2)) = c;
	register long d_register __asm__(ARGUMENT(3)) = d;
	register long e_register __asm__(ARGUMENT(4)) = e;
	register long f_register __asm__(ARGUMENT(5)) = f;

	__asm__ volatile(SYSTEM_CALL
			 : "+r"(a_register)
			 : "r"(n_register), "r"(b_register), "r"(c_register), "r"(d_register),
			   "r"(e_register), "r"(f_register)
			 : "memory");
	return a_register;
}
ALWAYS_INLINE long raw3(long n, long a, long b, long c)
{
	return raw(n, a, b, c, 0, 0, 0);
}

ALWAYS_INLINE long raw4(long n, long a, long b, long c, long d)
{
	return raw(n, a, b, c, d, 0, 0);
}
#undef NUMBER
#undef ARGUMENT
#undef SYSTEM_CALL
#else
#error "ctr-init knows x86_64, aarch64 and riscv64: add the system call of this machine here"
#endif

/* Returns twice in one frame: the child must call a function that never comes back, at once. All
 * memory is shared and the parent waits until the child executes a program or ends. */
ALWAYS_INLINE int raw_vfork(void)
{
	return (int)raw3(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0);
}

ALWAYS_INLINE int raw_fork(void)
{
	return (int)raw3(SYS_clone, SIGCHLD, 0, 0);
}

#endif
