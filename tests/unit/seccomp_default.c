#include "seccomp/default.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf.h"
#include "filter.h"
#include "support.h"

static const struct program *default_program(void)
{
	static struct program program;

	assert_int_equal(default_compile(&program), 0);
	assert_in_range(program.count, 1, BPF_MAXINSNS);
	return &program;
}

static const struct {
	const char *name; /* for who reads a failure */
	long number;
	unsigned argument;
	uint64_t value;
	uint32_t action;
} table[] = {
#define PLAIN(call, action)                                                                        \
	{                                                                                          \
#call, SYS_##call, 0, 0, action                                                    \
	}
#define WITH(call, argument, value, action)                                                        \
	{                                                                                          \
#call " " #value, SYS_##call, argument, value, action                              \
	}
	/* T-SEC-1 */
	WITH(ioctl, 1, TIOCSTI, ERROR(EPERM)),
	WITH(ioctl, 1, TIOCSTI | ABOVE, ERROR(EPERM)),
	WITH(ioctl, 1, TIOCSTI | ABOVE << 31, ERROR(EPERM)),
	WITH(ioctl, 1, 0xffffffff00005412, ERROR(EPERM)),
	WITH(ioctl, 1, TIOCLINUX, ERROR(EPERM)),
	WITH(ioctl, 1, TIOCLINUX | ABOVE, ERROR(EPERM)),
	WITH(ioctl, 1, TIOCGWINSZ, ALLOW),
	WITH(ioctl, 1, TIOCSTI | 1 << 16, ALLOW),
	WITH(ioctl, 2, TIOCSTI, ALLOW),
	WITH(clone, 0, SIGCHLD, ALLOW),
	/* glibc's pthread_create() */
	WITH(clone, 0, 0x3d0f00, ALLOW),
	/* its posix_spawn() and vfork() */
	WITH(clone, 0, CLONE_VM | CLONE_VFORK | SIGCHLD, ALLOW),
	WITH(clone, 0, CLONE_NEWUSER, ERROR(EPERM)),
	WITH(clone, 0, CLONE_NEWUSER | ABOVE, ERROR(EPERM)),
	WITH(clone, 0, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, ERROR(EPERM)),
	WITH(clone, 0, CLONE_NEWNS, ERROR(EPERM)),
	WITH(clone, 0, CLONE_NEWCGROUP, ERROR(EPERM)),
	WITH(clone, 0, CLONE_NEWUTS, ERROR(EPERM)),
	WITH(clone, 0, CLONE_NEWIPC, ERROR(EPERM)),
	WITH(clone, 0, CLONE_NEWPID, ERROR(EPERM)),
	WITH(clone, 0, CLONE_NEWNET, ERROR(EPERM)),
	PLAIN(clone3, ERROR(ENOSYS)),
	WITH(unshare, 0, CLONE_NEWUSER, ERROR(EPERM)),
	PLAIN(setns, ERROR(EPERM)),
	PLAIN(mount, ERROR(EPERM)),
	PLAIN(umount2, ERROR(EPERM)),
	PLAIN(pivot_root, ERROR(EPERM)),
	PLAIN(open_tree, ERROR(EPERM)),
	PLAIN(move_mount, ERROR(EPERM)),
	PLAIN(mount_setattr, ERROR(EPERM)),
	PLAIN(fsopen, ERROR(EPERM)),
	PLAIN(fsconfig, ERROR(EPERM)),
	PLAIN(fsmount, ERROR(EPERM)),
	PLAIN(fspick, ERROR(EPERM)),
	PLAIN(open_by_handle_at, ERROR(EPERM)),
	PLAIN(bpf, ERROR(EPERM)),
	PLAIN(perf_event_open, ERROR(EPERM)),
	PLAIN(userfaultfd, ERROR(EPERM)),
	PLAIN(io_uring_setup, ERROR(EPERM)),
	PLAIN(kexec_load, ERROR(EPERM)),
	PLAIN(init_module, ERROR(EPERM)),
	PLAIN(finit_module, ERROR(EPERM)),
	PLAIN(delete_module, ERROR(EPERM)),
	PLAIN(reboot, ERROR(EPERM)),
	PLAIN(syslog, ERROR(EPERM)),
	PLAIN(clock_settime, ERROR(EPERM)),
	PLAIN(pidfd_getfd, ERROR(EPERM)),
	PLAIN(kcmp, ERROR(EPERM)),
	PLAIN(fanotify_init, ERROR(EPERM)),
	/* T-SEC-2 */
	WITH(socket, 0, 38, ERROR(EAFNOSUPPORT)),
	WITH(socket, 0, 38 | ABOVE, ERROR(EAFNOSUPPORT)),
	WITH(socket, 0, 40, ERROR(EAFNOSUPPORT)),
	WITH(socket, 0, 1, ALLOW),
	WITH(socket, 0, 2, ALLOW),
	WITH(socket, 0, 10, ALLOW),
	WITH(socket, 0, 16, ALLOW),
	WITH(socket, 0, 39, ALLOW),
	/* T-KEY-1 */
	PLAIN(keyctl, ERROR(ENOSYS)),
	PLAIN(add_key, ERROR(ENOSYS)),
	PLAIN(request_key, ERROR(ENOSYS)),
	WITH(personality, 0, 0, ALLOW),
	WITH(personality, 0, 8, ALLOW),
	WITH(personality, 0, 0x20000, ALLOW),
	WITH(personality, 0, 0x20008, ALLOW),
	WITH(personality, 0, 0xffffffff, ALLOW),
	WITH(personality, 0, 0xffffffffffffffff, ALLOW),
	WITH(personality, 0, 0x0400000, ERROR(EPERM)),
	WITH(personality, 0, 0x0040000, ERROR(EPERM)),
	WITH(personality, 0, 1, ERROR(EPERM)),
	/* ordinary life */
	PLAIN(read, ALLOW),
	PLAIN(mmap, ALLOW),
	PLAIN(execve, ALLOW),
	PLAIN(ptrace, ALLOW),
	PLAIN(process_vm_readv, ALLOW),
	PLAIN(chroot, ALLOW),
	PLAIN(epoll_pwait, ALLOW),
	PLAIN(io_submit, ALLOW),
	PLAIN(seccomp, ALLOW),
	PLAIN(setuid, ALLOW),
	PLAIN(mknodat, ALLOW),
	PLAIN(openat2, ALLOW),
	PLAIN(futex_waitv, ALLOW),
	PLAIN(landlock_restrict_self, ALLOW),
	/* what does not exist yet; and what a tracer has crossed out */
	{"999", 999, 0, 0, ERROR(ENOSYS)},
	{"470", 470, 0, 0, ERROR(ENOSYS)},
	{"0x7fffffff", 0x7fffffff, 0, 0, ERROR(ENOSYS)},
	{"-2", -2, 0, 0, ERROR(ENOSYS)},
	{"-1", -1, 0, 0, ALLOW},
#ifdef __x86_64__
	PLAIN(iopl, ERROR(EPERM)),
	PLAIN(fork, ALLOW),
	PLAIN(epoll_wait, ALLOW),
	/* x32 */
	{"x32 read", 0x40000000, 0, 0, ERROR(ENOSYS)},
	{"x32 mount", 0x40000000 + SYS_mount, 0, 0, ERROR(ENOSYS)},
	{"x32 ioctl", 0x40000000 + 514, 1, TIOCSTI, ERROR(ENOSYS)},
#endif
};

static void the_default_filter_decides_as_the_table_says(void **state)
{
	const struct program *program = default_program();

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		uint32_t action =
			decide_native(program, table[i].number, table[i].argument, table[i].value);

		if (action != table[i].action)
			fail_msg("%s: %08x instead of %08x", table[i].name, action,
				 table[i].action);
	}
}

static void a_call_of_a_foreign_architecture_ends_the_process(void **state)
{
	const struct program *program = default_program();

	(void)state;
	for (int number = -1; number < 1000; number++) {
		struct seccomp_data call = {.nr = number, .arch = FOREIGN};

		assert_int_equal(decide(program, &call), KILL);
		call.arch = 0;
		assert_int_equal(decide(program, &call), KILL);
	}
}

/* Whatever stands above the 32 bits that the kernel reads. */
static void no_argument_is_told_apart_by_its_high_half(void **state)
{
	const struct program *program = default_program();

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		for (uint64_t high = 1; high; high <<= 1)
			assert_int_equal(decide_native(program, table[i].number, table[i].argument,
						       (table[i].value & UINT32_MAX) | high << 32),
					 table[i].action);
}

/* In a process of its own, with the kernel to judge; its exit status. */
static int confined(const struct program *program, int (*act)(void))
{
	struct sock_fprog given = {(unsigned short)program->count,
				   (struct sock_filter *)(uintptr_t)program->code};
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &given) < 0)
			_exit(99);
		_exit(act());
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int answers(void)
{
	if (syscall(SYS_ioctl, -1, TIOCSTI | ABOVE, 0) == 0 || errno != EPERM)
		return 1;
	if (syscall(SYS_ioctl, -1, TIOCGWINSZ, 0) == 0 || errno != EBADF)
		return 2;
	if (syscall(SYS_clone3, NULL, 0) == 0 || errno != ENOSYS)
		return 3;
	if (syscall(SYS_socket, 38, 5, 0) >= 0 || errno != EAFNOSUPPORT)
		return 4;
	return syscall(999) == 0 || errno != ENOSYS ? 5 : 0;
}

static void the_kernel_takes_it_and_decides_the_same(void **state)
{
	(void)state;
	assert_int_equal(confined(default_program(), answers), 0);
}

static void a_front_that_no_jump_goes_over_is_refused(void **state)
{
	enum { TESTS = 64 };
	static struct program program;
	struct test tests[TESTS];
	struct front front = {.newest = -1, .tests = tests, .count = TESTS};
	scmp_filter_ctx filter = filter_new(SCMP_ACT_ALLOW);

	(void)state;
	for (size_t i = 0; i < TESTS; i++)
		tests[i] = (struct test){.call = "ioctl", .how = BPF_JEQ, .count = 1};
	capture_begin(STDERR_FILENO);
	assert_true(program_make(filter, &front, "it", &program) < 0);
	assert_string_equal(capture_end(), "ctr-seccomp: cannot compile it: it tests the arguments "
					   "of too many calls\n");
	seccomp_release(filter);
}

static void what_is_built_in_is_a_sealed_file(void **state)
{
	size_t count = 0;
	int fd;

	(void)state;
	fd = filter_open(NULL, 0, &count);
	assert_true(fd >= 0);
	assert_int_equal(count, default_program()->count);
	assert_string_equal(fake_script(), "seal seccomp\n");
	close(fd);
	fake_fail_nth(1, ENFILE);
	capture_begin(STDERR_FILENO);
	assert_int_equal(filter_open("default", 0, &count), -ENFILE);
	assert_one_line(capture_end());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_default_filter_decides_as_the_table_says),
		TEST(a_call_of_a_foreign_architecture_ends_the_process),
		TEST(no_argument_is_told_apart_by_its_high_half),
		TEST(the_kernel_takes_it_and_decides_the_same),
		TEST(a_front_that_no_jump_goes_over_is_refused),
		TEST(what_is_built_in_is_a_sealed_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
