/* Seccomp programs, carried out here instruction by instruction, as seccomp(2) and the kernel's
 * Documentation/networking/filter.rst say. */
#ifndef CTR_UNIT_BPF_H
#define CTR_UNIT_BPF_H

#include <linux/audit.h>

#include "seccomp/compile.h"

#define ALLOW	 SECCOMP_RET_ALLOW
#define ERROR(e) (SECCOMP_RET_ERRNO | (e))
#define KILL	 SECCOMP_RET_KILL_PROCESS
#define ABOVE	 (UINT64_C(1) << 32)

#ifdef __x86_64__
#define NATIVE	AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define NATIVE	AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#else
#define NATIVE	AUDIT_ARCH_RISCV64
#define FOREIGN AUDIT_ARCH_RISCV32
#endif

/* The action for a call. Leaving the program, or an unknown instruction, fails the test. */
uint32_t decide(const struct program *program, const struct seccomp_data *call);
/* The same for a call of this machine with one argument, the others being 0. */
uint32_t decide_native(const struct program *program, long number, unsigned argument,
		       uint64_t value);

#endif
