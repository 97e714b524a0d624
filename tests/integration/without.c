/* A machine that lacks system calls: what is named answers ENOSYS to the command and all that it
 * starts, as an older kernel or an engine's filter would.
 *
 * without CALL[,CALL...] COMMAND...
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CALLS_MAX = 16 };

static unsigned number_of(const char *name)
{
	static const struct {
		const char *name;
		unsigned number;
	} calls[] = {
		{"clone3", SYS_clone3},
		{"close_range", SYS_close_range},
		{"execveat", SYS_execveat},
		{"fsconfig", SYS_fsconfig},
		{"fsmount", SYS_fsmount},
		{"fsopen", SYS_fsopen},
		{"keyctl", SYS_keyctl},
		{"memfd_create", SYS_memfd_create},
		{"mount_setattr", SYS_mount_setattr},
		{"move_mount", SYS_move_mount},
		{"open_tree", SYS_open_tree},
		{"openat2", SYS_openat2},
		{"pidfd_open", SYS_pidfd_open},
		{"pidfd_send_signal", SYS_pidfd_send_signal},
		{"rt_sigtimedwait", SYS_rt_sigtimedwait},
		{"statx", SYS_statx},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	fprintf(stderr, "without: no such call: %s\n", name);
	exit(99);
}

static void filter_install(char *names)
{
	struct sock_filter code[CALLS_MAX + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	unsigned numbers[CALLS_MAX], count = 0;
	struct sock_fprog program = {.filter = code};

	for (char *name; count < CALLS_MAX && (name = strsep(&names, ","));)
		numbers[count++] = number_of(name);
	/* From the i-th on, so many more comparisons and the "allow" lie before the refusal. */
	for (unsigned i = 0; i < count; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i],
							   (__u8)(count - i), 0);
	code[count + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[count + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	program.len = (unsigned short)(count + 3);
	/* Root needs no no_new_privs for it, and what is under test must not get that from us. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("without: cannot filter");
		exit(98);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: without CALL[,CALL...] COMMAND...\n", stderr);
		return 99;
	}
	filter_install(argv[1]);
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 99;
}
