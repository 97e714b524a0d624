/* A filter as the kernel takes it: libseccomp's program, with a front of ours.
 *
 * libseccomp has the names and numbers of calls, finds a call in a binary tree, and deals with
 * foreign architectures. What it cannot express is in the front: numbers that are not known yet,
 * and tests of an argument with an answer for "none of these". Those read the low 32 bits of the
 * argument and nothing else. The kernel's functions behind them take an int: a filter that compares
 * all 64 bits is passed by with any bit set above (CVE-2019-10063).
 */
#ifndef CTR_SECCOMP_COMPILE_H
#define CTR_SECCOMP_COMPILE_H

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct program {
	size_t count; /* above BPF_MAXINSNS while it is made: it did not fit */
	struct sock_filter code[BPF_MAXINSNS];
};

enum { TEST_VALUES = 5 };

/* What becomes of a call by the low 32 bits of one argument. */
struct test {
	const char *call;
	unsigned argument;
	uint16_t how; /* BPF_JEQ: is it any of the values? BPF_JSET: has it any of the bits? */
	size_t count;
	uint32_t values[TEST_VALUES];
	uint32_t if_any, if_none; /* SECCOMP_RET_* */
};

/* In front of libseccomp's program, for calls of this machine's own architecture. */
struct front {
	int newest;    /* calls of higher numbers do not exist: ENOSYS. -1: leave them alone */
	bool with_x32; /* calls of x32 are left to libseccomp; else their numbers are above newest
			*/
	const struct test *tests;
	size_t count;
};

/* A filter with this action for calls that no rule is for. Calls of architectures that are not
 * added to it end the process. NULL after refuse(). The caller's to seccomp_release(). */
scmp_filter_ctx filter_new(uint32_t otherwise);

/* The highest number of a call on this machine that libseccomp has a name for. */
int newest_known(void);

/* 0, or a negative errno after refuse(). name is said when it does not fit. */
int program_make(scmp_filter_ctx filter, const struct front *front, const char *name,
		 struct program *program);

#endif
