/* The filter of system calls: what a hostile payload asks the kernel for, and is not given. */
#include "lab.h"

#include <asm/ioctls.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each is tried in one container; its answer is a line. */
struct trial {
	const char *call, *answer;
};

static void assert_answers(const struct trial *trials, size_t count, const char *option)
{
	const char *script = "true", *answers = "";

	for (size_t i = 0; i < count; i++) {
		script = lab_text("%s; probe syscall %s", script, trials[i].call);
		answers = lab_text("%s%s: %s\n", answers, trials[i].call, trials[i].answer);
		script = lab_text("%s | sed 's/^/%s: /'", script, trials[i].call);
	}
	assert_out(RUN_SH(script, "--seccomp", option), answers);
}

/* T-SEC-1 */
static void calls_that_lead_to_the_host_or_its_bugs_are_refused(void **state)
{
	static const struct trial trials[] = {
		{"ioctl 0 0x5412 0", "EPERM"},	    /* TIOCSTI */
		{"ioctl 0 0x100005412 0", "EPERM"}, /* the kernel reads 32 bits */
		{"ioctl 0 0xffffffff00005412 0", "EPERM"},
		{"ioctl 0 0x541c 0", "EPERM"}, /* TIOCLINUX */
		{"ioctl 0 0x10000541c 0", "EPERM"},
		{"ioctl -1 0x5413 0", "EBADF"}, /* TIOCGWINSZ */
		{"clone3 0 0", "ENOSYS"},
		{"clone 0x10000011 0", "EPERM"}, /* CLONE_NEWUSER */
		{"clone 0x20011 0", "EPERM"},	 /* CLONE_NEWNS */
		{"unshare 0x10000000", "EPERM"},
		{"mount 0 0 0 0 0", "EPERM"},
		{"open_tree -100 0 0", "EPERM"},
		{"bpf 0 0 0", "EPERM"},
		{"userfaultfd 0", "EPERM"},
		{"personality 0x0400000", "EPERM"}, /* READ_IMPLIES_EXEC */
		{"personality 0xffffffff", "done"},
		{"999", "ENOSYS"},
#ifdef __x86_64__
		{"0x40000000", "ENOSYS"}, /* x32 */
#endif
	};

	(void)state;
	assert_answers(trials, COUNT(trials), "default");
}

/* T-SEC-2 */
static void sockets_are_of_families_that_containers_have(void **state)
{
	static const struct trial trials[] = {
		{"socket 38 5 0", "EAFNOSUPPORT"}, /* AF_ALG */
		{"socket 0x100000026 5 0", "EAFNOSUPPORT"},
		{"socket 40 1 0", "EAFNOSUPPORT"}, /* AF_VSOCK */
		{"socket 1 1 0", "done"},	   /* AF_UNIX */
		{"socket 2 1 0", "done"},	   /* AF_INET */
	};

	(void)state;
	assert_answers(trials, COUNT(trials), "default");
}

static void make_a_key(const void *argument)
{
	(void)argument;
	if (syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL) < 0 ||
	    syscall(SYS_add_key, "user", "of-the-caller", "x", 1, -3 /* its session */) < 0)
		_exit(98);
}

/* T-KEY-1 */
static void keys_of_the_caller_are_out_of_reach(void **state)
{
	static const struct trial trials[] = {
		{"keyctl 0 -3 0", "ENOSYS"}, /* KEYCTL_GET_KEYRING_ID of the session */
		{"add_key 0 0 0 0 -3", "ENOSYS"},
		{"request_key 0 0 0 -3", "ENOSYS"},
	};
	static const char *const filters[] = {"default", "none"};

	(void)state;
	assert_answers(trials, COUNT(trials), "default");
	for (size_t i = 0; i < COUNT(filters); i++) {
		const struct result *result =
			job_end(START_SH(CALL(.before = make_a_key), "cat /proc/keys; true",
					 "--seccomp", filters[i]));

		assert_status(result, 0);
		assert_lacks(result->out, "of-the-caller");
	}
}

static void ordinary_programs_notice_nothing(void **state)
{
	static const struct trial trials[] = {
		{"clone 0x11 0", "done"},
		{"ptrace 16 -1 0 0", "ESRCH"}, /* PTRACE_ATTACH */
		{"chroot 0", "EFAULT"},
	};

	(void)state;
	assert_out(RUN(lab_merged(), "--", "probe", "threads"), "joined\n");
	assert_out(RUN("--user", "1000", lab_merged(), "--", "probe", "threads"), "joined\n");
	assert_out(RUN(lab_merged(), "--", "probe", "loopback"), "word\n");
	assert_out(RUN_SH("mkfifo f; (echo a | tee f >/dev/null) & cat f; wait; chown 1:1 f; "
			  "mknod p p; time true 2>/dev/null; echo end"),
		   "a\nend\n");
	assert_answers(trials, COUNT(trials), "default");
}

#ifdef __x86_64__
/* A kernel without the calls of 32-bit programs ends who makes one, by SIGSEGV, filter or not. */
static bool host_has_foreign_calls(void)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		long rc = 20; /* getpid() */

		signal(SIGSEGV, SIG_DFL); /* cmocka's would go on with its tests */
		__asm__ volatile("int $0x80" : "+a"(rc) : : "memory", "r8", "r9", "r10", "r11");
		_exit(rc == getpid() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void a_call_of_another_architecture_ends_the_payload(void **state)
{
	const struct result *result = RUN(lab_merged(), "--", "probe", "foreign");

	(void)state;
	assert_status(result, 128 + (host_has_foreign_calls() ? SIGSYS : SIGSEGV));
	assert_string_equal(result->out, "");
}
#endif

static const char *seccomp_lines(const struct result *result)
{
	const char *line = strstr(result->out, "Seccomp:");

	assert_status(result, 0);
	assert_non_null(line);
	return line;
}

static void the_filter_is_there_unless_it_is_declined(void **state)
{
	(void)state;
	assert_has(seccomp_lines(RUN(lab_merged(), "--", "cat", "/proc/self/status")),
		   "Seccomp:\t2\n");
	assert_has(seccomp_lines(
			   RUN("--user", "1000", lab_merged(), "--", "cat", "/proc/self/status")),
		   "Seccomp:\t2\n");
	assert_has(seccomp_lines(RUN("--seccomp", "none", lab_merged(), "--", "cat",
				     "/proc/self/status")),
		   "Seccomp:\t0\n");
	assert_out(RUN_SH("probe syscall clone3 0 0", "--seccomp", "none"), "EINVAL\n");
}

/* --- profiles */

static const char *profile(const char *text)
{
	const char *path = lab_path("profile.json");

	lab_write(path, text, 0644);
	return path;
}

static void a_profile_takes_the_place_of_the_default(void **state)
{
	static const struct trial trials[] = {
		{"sethostname 0 0", "EXDEV"},
		{"clone3 0 0", "EINVAL"}, /* which the default has not */
	};

	(void)state;
	assert_answers(
		trials, COUNT(trials),
		profile("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": "
			"[\"sethostname\", \"call_of_2040\"], \"action\": \"SCMP_ACT_ERRNO\", "
			"\"errnoRet\": 18}]}"));
	assert_answers(trials, COUNT(trials),
		       profile("{\"linux\": {\"seccomp\": {\"defaultAction\": \"SCMP_ACT_ALLOW\", "
			       "\"syscalls\": [{\"names\": [\"sethostname\"], \"action\": "
			       "\"SCMP_ACT_ERRNO\", \"errnoRet\": 18}]}}}"));
}

static const char *profile_for(const char *when, const char *capability)
{
	return profile(lab_text("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{"
				"\"names\": [\"sethostname\"], \"action\": \"SCMP_ACT_ERRNO\", "
				"\"errnoRet\": 18, \"%s\": {\"caps\": [\"%s\"]}}]}",
				when, capability));
}

static void a_rule_applies_by_the_capabilities_that_the_container_has(void **state)
{
	static const char script[] = "probe syscall sethostname 0 0";
	const char *path = profile_for("includes", "CAP_SYS_ADMIN");

	(void)state;
	assert_out(RUN_SH(script, "--seccomp", path), "EPERM\n");
	assert_out(RUN_SH(script, "--seccomp", path, "--cap-add", "sys_admin"), "EXDEV\n");
	assert_out(RUN_SH(script, "--seccomp", path, "--privileged"), "EXDEV\n");
	path = profile_for("excludes", "CAP_CHOWN");
	assert_out(RUN_SH(script, "--seccomp", path), "EPERM\n");
	assert_out(RUN_SH(script, "--seccomp", path, "--cap-drop", "chown"), "EXDEV\n");
	assert_out(RUN_SH(script, "--seccomp", path, "--user", "1000"), "EXDEV\n");
}

static void assert_refused_before_the_start(const char *path, const char *why)
{
	assert_refused(RUN("--seccomp", path, lab_merged(), "--", "true"), why);
	assert_false(is_there(lab_path("upper")));
	assert_refused(RUN("--check", "--seccomp", path, lab_merged()), why);
}

static void a_profile_that_cannot_be_used_stops_the_start(void **state)
{
	(void)state;
	assert_refused_before_the_start(
		"/nowhere/web.json",
		"cannot open the seccomp profile /nowhere/web.json: No such file");
	assert_refused_before_the_start("/dev/zero", "it is no regular file");
	assert_refused_before_the_start(lab_merged(), "it is no regular file");
	assert_refused_before_the_start(profile("{\"a\": \n]"), "line 2, column 1");
	assert_refused_before_the_start(profile("\033]0;evil\a"), "profile.json: line 1");
	assert_refused_before_the_start(
		profile("{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}"),
		"profile.json: defaultAction: SCMP_ACT_NOTIFY: there is no supervisor");
	assert_refused_before_the_start(
		profile("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": "
			"[\"mount\"], \"action\": \"SCMP_ACT_ERNO\"}]}"),
		"syscalls[0].action: 'SCMP_ACT_ERNO' is no action");
}

#define ALLOW_ALL_BUT(call, rest)                                                                  \
	profile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"" call          \
		"\"],\"action\":" rest "}]}")

static void a_profile_under_which_nothing_starts_is_refused(void **state)
{
	(void)state;
	assert_refused_before_the_start(ALLOW_ALL_BUT("execve", "\"SCMP_ACT_ERRNO\""),
					"it does not allow execve");
	assert_refused_before_the_start(ALLOW_ALL_BUT("execve", "\"SCMP_ACT_KILL_PROCESS\""),
					"it does not allow execve");
	assert_refused_before_the_start(ALLOW_ALL_BUT("execve", "\"SCMP_ACT_TRAP\""),
					"it does not allow execve");
	assert_refused_before_the_start(ALLOW_ALL_BUT("exit_group", "\"SCMP_ACT_ERRNO\""),
					"it does not allow exit_group");
	assert_refused_before_the_start(profile("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}"),
					"it does not allow execve");
}

static const char filtered[] = "ctr-setup: the command was ended by SIGSYS: ";

/* An argument decides: no start can know. */
static void an_end_by_the_filter_is_said(void **state)
{
	const char *path = ALLOW_ALL_BUT("execve", "\"SCMP_ACT_KILL_PROCESS\",\"args\":[{"
						   "\"index\":0,\"value\":1,\"op\":"
						   "\"SCMP_CMP_GT\"}]");
	const struct result *result = RUN("--seccomp", path, lab_merged(), "--", "true");

	(void)state;
	assert_status(result, 128 + SIGSYS);
	assert_has(result->err, filtered);
	path = ALLOW_ALL_BUT("sethostname", "\"SCMP_ACT_KILL_PROCESS\"");
	result = RUN("--seccomp", path, lab_merged(), "--", "probe", "syscall", "sethostname", "0",
		     "0");
	assert_status(result, 128 + SIGSYS);
	assert_has(result->err, filtered);
	result = RUN_SH("exit 159", "--seccomp", path);
	assert_status(result, 159);
	assert_lacks(result->err, "SIGSYS");
}

static void a_reason_that_the_filter_forbids_is_said_to_be_missing(void **state)
{
	const struct result *result =
		RUN("--seccomp", ALLOW_ALL_BUT("sendmsg", "\"SCMP_ACT_ERRNO\""), lab_merged(), "--",
		    "/no/such");

	(void)state;
	assert_status(result, 127);
	assert_has(result->err, "its seccomp filter forbids sendmsg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_that_lead_to_the_host_or_its_bugs_are_refused),
		TEST(sockets_are_of_families_that_containers_have),
		TEST(keys_of_the_caller_are_out_of_reach),
		TEST(ordinary_programs_notice_nothing),
#ifdef __x86_64__
		TEST(a_call_of_another_architecture_ends_the_payload),
#endif
		TEST(the_filter_is_there_unless_it_is_declined),
		TEST(a_profile_takes_the_place_of_the_default),
		TEST(a_rule_applies_by_the_capabilities_that_the_container_has),
		TEST(a_profile_that_cannot_be_used_stops_the_start),
		TEST(a_profile_under_which_nothing_starts_is_refused),
		TEST(an_end_by_the_filter_is_said),
		TEST(a_reason_that_the_filter_forbids_is_said_to_be_missing),
	};

	return TESTS_RUN(tests);
}
