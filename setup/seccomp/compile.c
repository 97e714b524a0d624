#include "compile.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "refuse.h"

/* Numbers end far below; see the tables of the kernel's tree. */
enum { NUMBERS_END = 4096, X32_BIT = 0x40000000 };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOW_WORD    (BYTE_ORDER == BIG_ENDIAN ? 4 : 0)

scmp_filter_ctx filter_new(uint32_t otherwise)
{
	scmp_filter_ctx filter;
	int rc;

	/* What the running kernel can do must not matter: it may be a build machine's. Level 3 has
	 * KILL_PROCESS and LOG, which are older than any kernel that ctr runs on. */
	seccomp_api_set(3);
	filter = seccomp_init(otherwise);
	if (!filter) {
		refuse("cannot begin a filter: not enough memory");
		return NULL;
	}
	rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
	if (rc == 0)
		return filter;
	refuse("cannot begin a filter: %s", strerror(-rc));
	seccomp_release(filter);
	return NULL;
}

int newest_known(void)
{
	int number = NUMBERS_END;
	char *name = NULL;

	while (!name && --number >= 0)
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
	free(name);
	return number;
}

static void emit(struct program *program, struct sock_filter instruction)
{
	if (program->count < BPF_MAXINSNS)
		program->code[program->count] = instruction;
	program->count++;
}

#define EMIT(program, ...) emit(program, (struct sock_filter)__VA_ARGS__)

static void test_emit(struct program *program, const struct test *test)
{
	int number = seccomp_syscall_resolve_name(test->call);
	uint8_t count = (uint8_t)test->count;

	if (number < 0)
		return; /* a call that this machine has not */
	EMIT(program,
	     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, (uint8_t)(count + 3)));
	EMIT(program,
	     BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		      (uint32_t)offsetof(struct seccomp_data, args[test->argument]) + LOW_WORD));
	for (uint8_t i = 0; i < count; i++)
		EMIT(program, BPF_JUMP((uint16_t)(BPF_JMP | test->how | BPF_K), test->values[i],
				       (uint8_t)(count - i), 0));
	EMIT(program, BPF_STMT(BPF_RET | BPF_K, test->if_none));
	EMIT(program, BPF_STMT(BPF_RET | BPF_K, test->if_any));
}

/* The number -1 is one that a tracer has crossed out: see ptrace(2), PTRACE_SYSCALL. It goes on to
 * libseccomp's program as well. */
static void newest_emit(struct program *program, const struct front *front)
{
	if (front->newest < 0)
		return;
	EMIT(program, BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)front->newest, 0, 2));
	if (front->with_x32)
		EMIT(program, BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 1, 0));
	else
		EMIT(program, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 1, 0));
	EMIT(program, BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
}

/* False: the front is longer than a jump of 8 bits. */
static bool front_emit(struct program *program, const struct front *front)
{
	EMIT(program, LOAD(arch));
	EMIT(program, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 0));
	EMIT(program, LOAD(nr));
	newest_emit(program, front);
	for (size_t i = 0; i < front->count; i++)
		test_emit(program, &front->tests[i]);
	/* Foreign architectures go on here, to libseccomp's program. */
	program->code[1].jf = (uint8_t)(program->count - 2);
	return program->count - 2 <= UINT8_MAX;
}

/* libseccomp writes to a file and to nothing else (before 2.6). */
static int filter_append(scmp_filter_ctx filter, struct program *program)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	struct sock_filter instruction;
	ssize_t got = 0;
	int rc;

	if (fd < 0)
		return -errno;
	rc = seccomp_export_bpf(filter, fd);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = -errno;
	while (rc == 0 && (got = read(fd, &instruction, sizeof(instruction))) > 0)
		emit(program, instruction);
	if (got < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int program_make(scmp_filter_ctx filter, const struct front *front, const char *name,
		 struct program *program)
{
	int rc;

	program->count = 0;
	if ((front->newest >= 0 || front->count) && !front_emit(program, front))
		return refuse("cannot compile %s: it tests the arguments of too many calls", name);
	rc = filter_append(filter, program);
	if (rc < 0)
		return refuse("cannot compile %s: %s", name, strerror(-rc));
	if (program->count > BPF_MAXINSNS)
		return refuse(
			"cannot use %s: it makes a program of %zu instructions, and the kernel "
			"takes %d: give it fewer rules",
			name, program->count, BPF_MAXINSNS);
	return 0;
}
