#include "seccomp/profile.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf.h"
#include "support.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

static uint64_t caps = CAP_BIT(CAP_KILL) | CAP_BIT(CAP_SYS_CHROOT); /* of the container */

static int compile(const char *text, size_t size, struct program *program)
{
	int rc;

	capture_begin(STDERR_FILENO);
	rc = profile_compile("web.json", guarded(text, size), size, caps, program);
	return rc;
}

static void assert_refused_for(const char *text, const char *why)
{
	static struct program program;
	const char *said;
	int rc = compile(text, strlen(text), &program);

	said = capture_end();
	if (rc >= 0 || !strstr(said, why))
		fail_msg("%s: status %d, said: %s", text, rc, said);
	assert_one_line(said);
	assert_contains(said, "ctr-seccomp: cannot use web.json: ");
}

static const struct program *profile(const char *text)
{
	static struct program program;
	int rc = compile(text, strlen(text), &program);
	const char *said = capture_end();

	if (rc < 0 || *said)
		fail_msg("%s: status %d, said: %s", text, rc, said);
	assert_in_range(program.count, 1, BPF_MAXINSNS);
	return &program;
}

#define PROFILE(rest)  "{\"defaultAction\":\"SCMP_ACT_ALLOW\"," rest "}"
#define SYSCALLS(rest) PROFILE("\"syscalls\":[" rest "]")
#define IOCTL(rest)    SYSCALLS("{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ERRNO\"" rest "}")
#define ARGUMENT(rest) IOCTL(",\"args\":[{" rest "}]")

static void a_profile_is_compiled_as_it_says(void **state)
{
	const struct program *program =
		profile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":13,"
			"\"architectures\":[],\"syscalls\":["
			"{\"names\":[\"execve\",\"exit_group\",\"read\",\"no_such_call\",\"mount\"]"
			",\"action\":"
			"\"SCMP_ACT_ALLOW\"},"
			"{\"name\":\"kill\",\"action\":\"SCMP_ACT_TRAP\",\"args\":null},"
			"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":97},"
			"{\"names\":[\"getuid\"],\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"EIO\"},"
			"{\"names\":[\"tkill\"],\"action\":\"SCMP_ACT_KILL\"},"
			"{\"names\":[\"tgkill\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"},"
			"{\"names\":[\"write\"],\"action\":\"SCMP_ACT_LOG\"},"
			"{\"names\":[\"pipe2\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":13}]}");

	(void)state;
	assert_int_equal(decide_native(program, SYS_read, 0, 0), ALLOW);
	assert_int_equal(decide_native(program, SYS_mount, 0, 0), ALLOW);
	assert_int_equal(decide_native(program, SYS_kill, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(decide_native(program, SYS_socket, 0, 0), ERROR(97));
	assert_int_equal(decide_native(program, SYS_getuid, 0, 0), ERROR(EIO));
	assert_int_equal(decide_native(program, SYS_tkill, 0, 0), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(decide_native(program, SYS_tgkill, 0, 0), KILL);
	assert_int_equal(decide_native(program, SYS_write, 0, 0), SECCOMP_RET_LOG);
	assert_int_equal(decide_native(program, SYS_pipe2, 0, 0), ERROR(13));
	assert_int_equal(decide_native(program, SYS_openat, 0, 0), ERROR(13));
	assert_int_equal(decide_native(program, 999, 0, 0), ERROR(ENOSYS));
	assert_int_equal(decide(program, &(struct seccomp_data){.arch = FOREIGN}), KILL);
}

static void arguments_are_compared_as_a_profile_says(void **state)
{
	static const struct {
		const char *profile;
		uint64_t hits[2], misses[2];
	} cases[] = {
		{ARGUMENT("\"index\":1,\"value\":7,\"op\":\"SCMP_CMP_EQ\""),
		 {7, 7},
		 {6, 7 | ABOVE}},
		{ARGUMENT("\"index\":1,\"value\":7,\"op\":\"SCMP_CMP_NE\""),
		 {6, 7 | ABOVE},
		 {7, 7}},
		{ARGUMENT("\"index\":1,\"value\":7,\"op\":\"SCMP_CMP_LT\""),
		 {6, 0},
		 {7, 7 | ABOVE}},
		{ARGUMENT("\"index\":1,\"value\":7,\"op\":\"SCMP_CMP_LE\""), {7, 0}, {8, ABOVE}},
		{ARGUMENT("\"index\":1,\"value\":7,\"op\":\"SCMP_CMP_GE\""), {7, ABOVE}, {6, 0}},
		{ARGUMENT("\"index\":1,\"value\":7,\"op\":\"SCMP_CMP_GT\""), {8, ABOVE}, {7, 0}},
		{ARGUMENT("\"index\":1,\"value\":4294967295,\"valueTwo\":21522,"
			  "\"op\":\"SCMP_CMP_MASKED_EQ\""),
		 {21522, 21522 | ABOVE},
		 {21523, 0}},
		{ARGUMENT("\"index\":1,\"value\":9223372036854775807,\"op\":\"SCMP_CMP_EQ\""),
		 {INT64_MAX, INT64_MAX},
		 {UINT64_MAX, UINT32_MAX}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct program *program = profile(cases[i].profile);

		for (size_t j = 0; j < 2; j++) {
			assert_int_equal(decide_native(program, SYS_ioctl, 1, cases[i].hits[j]),
					 ERROR(EPERM));
			assert_int_equal(decide_native(program, SYS_ioctl, 1, cases[i].misses[j]),
					 ALLOW);
		}
	}
}

static void a_profile_may_stand_in_a_whole_configuration(void **state)
{
	const struct program *program =
		profile("{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"sh\"]},\"linux\":{"
			"\"namespaces\":[],\"seccomp\":" IOCTL("") "}}");

	(void)state;
	assert_int_equal(decide_native(program, SYS_ioctl, 0, 0), ERROR(EPERM));
	assert_int_equal(decide_native(program, SYS_read, 0, 0), ALLOW);
	/* one that allows by default is asked for calls that are not known as well */
	assert_int_equal(decide_native(program, 999, 0, 0), ALLOW);
	assert_refused_for("{\"linux\":{}}", "linux: there is no seccomp in it");
}

static void an_entry_is_for_machines_kernels_and_capabilities(void **state)
{
	static const struct {
		const char *profile;
		bool applies;
	} cases[] = {
		{IOCTL(",\"includes\":{},\"excludes\":{}"), true},
		{IOCTL(",\"includes\":null,\"comment\":\"\""), true},
		{IOCTL(",\"includes\":{\"caps\":[\"CAP_SYS_CHROOT\"]}"), true},
		{IOCTL(",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}"), false},
		{IOCTL(",\"includes\":{\"caps\":[\"CAP_KILL\",\"CAP_SYS_ADMIN\"]}"), false},
		{IOCTL(",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}"), true},
		{IOCTL(",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_KILL\"]}"), false},
		{IOCTL(",\"includes\":{\"minKernel\":\"4.8\"}"), true},
		{IOCTL(",\"includes\":{\"minKernel\":\"999.0\"}"), false},
		{IOCTL(",\"excludes\":{\"minKernel\":\"4.8\"}"), false},
		{IOCTL(",\"includes\":{\"arches\":[\"none\"]}"), false},
		{IOCTL(",\"includes\":{\"arches\":[\"amd64\",\"arm64\",\"riscv64\"]}"), true},
		{IOCTL(",\"excludes\":{\"arches\":[\"amd64\",\"arm64\",\"riscv64\"]}"), false},
		{IOCTL(",\"excludes\":{\"arches\":[\"none\"]}"), true},
		{IOCTL(",\"includes\":{\"minKernel\":\"4.8\",\"caps\":[\"CAP_SYS_ADMIN\"]}"),
		 false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if ((decide_native(profile(cases[i].profile), SYS_ioctl, 0, 0) == ERROR(EPERM)) !=
		    cases[i].applies)
			fail_msg("%s", cases[i].profile);
}

static void a_rule_is_judged_by_the_capabilities_of_the_container(void **state)
{
	const char *included = IOCTL(",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}");
	const char *excluded = IOCTL(",\"excludes\":{\"caps\":[\"CAP_KILL\"]}");
	const char *unknown = IOCTL(",\"includes\":{\"caps\":[\"kill\"]}");
	uint64_t was = caps;

	(void)state;
	assert_int_equal(decide_native(profile(included), SYS_ioctl, 0, 0), ALLOW);
	assert_int_equal(decide_native(profile(excluded), SYS_ioctl, 0, 0), ALLOW);
	assert_int_equal(decide_native(profile(unknown), SYS_ioctl, 0, 0), ALLOW);
	caps = CAP_BIT(CAP_SYS_ADMIN);
	assert_int_equal(decide_native(profile(included), SYS_ioctl, 0, 0), ERROR(EPERM));
	assert_int_equal(decide_native(profile(excluded), SYS_ioctl, 0, 0), ERROR(EPERM));
	caps = was;
}

#ifdef __x86_64__
static void architectures_are_added_by_list_or_by_map(void **state)
{
	static const char *const profiles[] = {
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\","
		"\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],\"syscalls\":[{\"names\":[\"getpid\","
		"\"execve\",\"exit_group\"],"
		"\"action\":\"SCMP_ACT_ALLOW\"}]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":"
		"\"SCMP_ARCH_NEWER\",\"subArchitectures\":[\"SCMP_ARCH_NEWEST\"]},"
		"{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\","
		"\"SCMP_ARCH_X32\"]}],\"syscalls\":[{\"names\":[\"getpid\",\"execve\",\"exit_"
		"group\"],"
		"\"action\":\"SCMP_ACT_ALLOW\"}]}"};

	(void)state;
	for (size_t i = 0; i < COUNT(profiles); i++) {
		const struct program *program = profile(profiles[i]);
		struct seccomp_data i386 = {.nr = 20, .arch = AUDIT_ARCH_I386};

		assert_int_equal(decide(program, &i386), ALLOW);
		i386.nr = 21;
		assert_int_equal(decide(program, &i386), ERROR(EPERM));
		assert_int_equal(decide_native(program, SYS_getpid, 0, 0), ALLOW);
		assert_int_equal(decide_native(program, SYS_getppid, 0, 0), ERROR(EPERM));
		assert_int_equal(decide_native(program, 0x40000000 + SYS_getpid, 0, 0), ALLOW);
		assert_int_equal(decide_native(program, 999, 0, 0), ERROR(ENOSYS));
	}
}
#endif

static void what_is_wrong_is_quoted_with_its_place(void **state)
{
	static const char *const cases[][2] = {
		{"", "line 1, column 0"},
		{"{", "line 1, column 1"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\n \"syscalls\":[,]}", "line 2, column 14"},
		{IOCTL("") "x", "line 1"},
		{"[]", "it must be an object"},
		{"{}", "defaultAction: it must be given"},
		{"{\"linux\":{\"seccomp\":5}}", "it must be an object"},
		{"{\"defaultAction\":1}", "defaultAction: it must be a text"},
		{"{\"defaultAction\":\"ALLOW\"}", "defaultAction: 'ALLOW' is no action"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultAction\":\"SCMP_ACT_LOG\"}",
		 "duplicate object key near '\"defaultAction\"'"},
		{PROFILE("\"defaultErrnoRet\":1"), "SCMP_ACT_ALLOW has no errno"},
		{PROFILE("\"listenerPath\":\"/run/x\""), "listenerPath: this key is not known"},
		{PROFILE("\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]"), "flags: ctr sets no flags"},
		{PROFILE("\"architectures\":\"SCMP_ARCH_X86\""),
		 "architectures: it must be a list"},
		{PROFILE("\"architectures\":[7]"), "architectures: entry 0 must be a text"},
		{PROFILE("\"architectures\":[\"SCMP_ARCH_PDP11\"]"), "'SCMP_ARCH_PDP11'"},
		{PROFILE("\"architectures\":[\"x86\"]"), "'x86'"},
		{PROFILE("\"archMap\":[{}]"), "archMap[0].architecture: it must be given"},
		{PROFILE("\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86\"}],"
			 "\"architectures\":[\"SCMP_ARCH_X86\"]"),
		 "archMap: it cannot be given together"},
		{PROFILE("\"syscalls\":{}"), "syscalls: it must be a list"},
		{SYSCALLS("7"), "syscalls[0]: it must be an object"},
		{SYSCALLS("{\"names\":[\"read\"]}"), "syscalls[0].action: it must be given"},
		{SYSCALLS("{\"action\":\"SCMP_ACT_LOG\"}"), "syscalls[0].names: it must be given"},
		{SYSCALLS("{\"action\":\"SCMP_ACT_LOG\",\"names\":\"read\"}"),
		 "syscalls[0].names: it must be a list"},
		{SYSCALLS("{\"action\":\"SCMP_ACT_LOG\",\"names\":[{}]}"),
		 "syscalls[0].names: entry 0 must be a text"},
		{SYSCALLS("{\"action\":\"SCMP_ACT_LOG\",\"names\":[],\"name\":\"read\"}"),
		 "without \"name\""},
		{SYSCALLS("{\"action\":\"SCMP_ACT_NOTIFY\",\"names\":[]}"),
		 "SCMP_ACT_NOTIFY: there is no supervisor"},
		{SYSCALLS("{\"action\":\"SCMP_ACT_TRACE\",\"names\":[]}"),
		 "SCMP_ACT_TRACE: there is no tracer"},
		{IOCTL(",\"errnoRet\":4096"), "errnoRet: it must be a whole number from 0 to 4095"},
		{IOCTL(",\"errnoRet\":0"), "errnoRet: with 0 the call would seem to succeed"},
		{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":0}",
		 "defaultErrnoRet: with 0 the call would seem to succeed"},
		{IOCTL(",\"errnoRet\":-1"), "errnoRet: it must be a whole number"},
		{IOCTL(",\"errnoRet\":1.0"), "errnoRet: it must be a whole number"},
		{IOCTL(",\"errnoRet\":\"EPERM\""), "errnoRet: it must be a whole number"},
		{IOCTL(",\"errno\":\"EVIL\""), "errno: 'EVIL' is no error"},
		{IOCTL(",\"errno\":\"EIO\",\"errnoRet\":1"), "errno: EIO is error 5"},
		{IOCTL(",\"inculdes\":{}"), "syscalls[0].inculdes: this key is not known"},
		{IOCTL(",\"\\u001b[31m\\u00e9\":{}"), "syscalls[0].\\x1b[31m\\xc3\\xa9: this key"},
		{IOCTL(",\"a\\u0000b\":1"), "line 1"},
		{IOCTL(",\"includes\":[]"), "syscalls[0].includes: it must be an object"},
		{IOCTL(",\"excludes\":{\"cap\":[]}"), "syscalls[0].excludes.cap: this key"},
		{IOCTL(",\"includes\":{\"minKernel\":\"new\"}"), "'new' is no kernel"},
		{IOCTL(",\"includes\":{\"minKernel\":\"4.8x\"}"), "'4.8x' is no kernel"},
		{IOCTL(",\"includes\":{\"minKernel\":\"-4.8\"}"), "'-4.8' is no kernel"},
		{ARGUMENT(""), "syscalls[0].args[0].index: it must be given"},
		{ARGUMENT("\"index\":1,\"op\":\"SCMP_CMP_EQ\""), "args[0].value: it must be given"},
		{ARGUMENT("\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\""),
		 "index: it must be a whole number from 0 to 5"},
		{ARGUMENT("\"index\":0,\"value\":-1,\"op\":\"SCMP_CMP_EQ\""), "args[0].value: it"},
		{ARGUMENT("\"index\":0,\"value\":18446744073709551616,\"op\":\"SCMP_CMP_EQ\""),
		 "too big integer near '18446744073709551616'"},
		{ARGUMENT("\"index\":0,\"value\":0"), "args[0].op: '' is no comparison"},
		{ARGUMENT("\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_IS\""), "'SCMP_CMP_IS' is no"},
		{ARGUMENT("\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},"
			  "{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\""),
		 "syscalls[0].args[1].index: argument 0 is compared twice"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused_for(cases[i][0], cases[i][1]);
}

static void a_profile_under_which_no_command_starts_is_refused(void **state)
{
	static const char only[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"%s\"],"
		"\"action\":\"SCMP_ACT_ALLOW\"}]}";
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), only, "exit_group");
	assert_refused_for(text, "it does not allow execve");
	snprintf(text, sizeof(text), only, "execve");
	assert_refused_for(text, "it does not allow exit_group");
	snprintf(text, sizeof(text), only, "execve\",\"exit_group");
	profile(text);
	/* an argument decides: it may start */
	profile(SYSCALLS(
		"{\"names\":[\"execve\"],\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":0,"
		"\"value\":7,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}"));
}

/* --- bytes from outside */

static const char whole[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"archMap\":[{"
	"\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],"
	"\"syscalls\":[{\"names\":[\"execve\",\"exit_group\"],\"action\":\"SCMP_ACT_ALLOW\"},{"
	"\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,"
	"\"value\":21522,\"valueTwo\":0,\"op\":\"SCMP_CMP_NE\"}],\"comment\":\"\",\"includes\":{"
	"\"caps\":[\"CAP_KILL\"],\"minKernel\":\"4.8\"},\"excludes\":{}}]}";

static void no_truncated_profile_is_taken(void **state)
{
	static struct program program;

	(void)state;
	for (size_t size = 0; size < sizeof(whole) - 1; size++) {
		assert_true(compile(whole, size, &program) < 0);
		assert_one_line(capture_end());
	}
	profile(whole);
}

static void no_wrong_byte_does_harm(void **state)
{
	static const char bytes[] = "\0\x01\x1b\xff\xc3\"\\[]{},:0-e";
	static struct program program;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		for (size_t j = 0; j < sizeof(bytes) - 1; j++) {
			char text[sizeof(whole)];

			memcpy(text, whole, sizeof(whole));
			text[i] = bytes[j];
			if (compile(text, sizeof(whole) - 1, &program) < 0)
				assert_one_line(capture_end());
			else
				assert_string_equal(capture_end(), "");
		}
	}
}

static void no_depth_or_length_does_harm(void **state)
{
	static char text[PROFILE_MAX + 1];
	static struct program program;
	static const char fillings[] = "[{\"0\xff\x1b \n";

	(void)state;
	for (size_t i = 0; i < sizeof(fillings); i++) {
		memset(text, fillings[i], sizeof(text));
		assert_true(compile(text, PROFILE_MAX, &program) < 0);
		assert_one_line(capture_end());
	}
	for (size_t i = 0; i + 5 < PROFILE_MAX; i += 5)
		memcpy(text + i, "{\"a\":", 5);
	assert_true(compile(text, PROFILE_MAX, &program) < 0);
	assert_one_line(capture_end());
	assert_true(compile(text, sizeof(text), &program) < 0);
	assert_contains(capture_end(), "more than 1048576 bytes");
}

static void a_profile_that_would_be_too_long_for_the_kernel_is_refused(void **state)
{
	static char text[PROFILE_MAX];
	size_t used = (size_t)sprintf(text, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[");

	(void)state;
	for (int i = 0; i < 5000; i++)
		used += (size_t)sprintf(
			text + used,
			"%s{\"name\":\"ioctl\",\"action\":\"SCMP_ACT_LOG\",\"args\":"
			"[{\"index\":1,\"value\":%d,\"op\":\"SCMP_CMP_EQ\"}]}",
			i ? "," : "", i);
	sprintf(text + used, "]}");
	assert_refused_for(text, "more instructions than the 4096 that the kernel takes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_profile_is_compiled_as_it_says),
		TEST(arguments_are_compared_as_a_profile_says),
		TEST(a_profile_may_stand_in_a_whole_configuration),
		TEST(an_entry_is_for_machines_kernels_and_capabilities),
		TEST(a_rule_is_judged_by_the_capabilities_of_the_container),
#ifdef __x86_64__
		TEST(architectures_are_added_by_list_or_by_map),
#endif
		TEST(what_is_wrong_is_quoted_with_its_place),
		TEST(a_profile_under_which_no_command_starts_is_refused),
		TEST(no_truncated_profile_is_taken),
		TEST(no_wrong_byte_does_harm),
		TEST(no_depth_or_length_does_harm),
		TEST(a_profile_that_would_be_too_long_for_the_kernel_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
