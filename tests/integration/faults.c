/* T-CAP-3: what is to take privileges away fails, or says that it did and has not. The payload then
 * does not begin, or it has exactly what it is to have. By strace, which says it in the kernel's
 * stead; when=N counts the calls of each process. */
#include "lab.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void strace_needed(void)
{
	if (access("/usr/bin/strace", X_OK) < 0)
		lab_cannot("strace is not installed");
}

/* A start whose payload says what it is. */
static const struct result *start_traced(const char *call, const char *inject, const char *user)
{
	return job_end(START(CALL(.program = "/usr/bin/strace"), "-f", "-o", lab_path("trace"),
			     "-e", lab_text("trace=%s", call), "-e", inject, getenv("CTR_SETUP"),
			     "--ephemeral", "--name", "faulty", "--user", user, lab_merged(), "--",
			     "grep", "-E",
			     "^(Uid|Gid|Groups|Cap...|NoNewPrivs):", "/proc/self/status"));
}

static const char *untouched(const char *user)
{
	const struct result *result = start_traced("getppid", "trace=getppid", user);

	assert_status(result, 0);
	assert_has(result->out, "NoNewPrivs:\t1");
	return result->out;
}

static void refuses_or_is_as_ever(const char *call, const char *fault, const char *user,
				  const char *as_ever)
{
	const struct result *result =
		start_traced(call, lab_text("inject=%s:%s", call, fault), user);

	if (result->status != 0) {
		assert_refused(result, "cannot ");
		assert_string_equal(result->out, "");
		return;
	}
	if (strcmp(result->out, as_ever) != 0)
		print_error("%s:%s, user %s\n", call, fault, user);
	assert_string_equal(result->out, as_ever);
}

static const char *const users[] = {"0", "1000:1001"};

static void an_id_or_capability_that_cannot_be_changed_stops_the_start(void **state)
{
	static const char *const calls[] = {"setgroups", "setresgid", "setresuid", "capset",
					    "prctl"};
	static const char *const faults[] = {"error=EPERM", "error=EAGAIN"};

	(void)state;
	strace_needed();
	for (size_t i = 0; i < COUNT(calls); i++)
		for (size_t j = 0; j < COUNT(faults); j++)
			for (size_t k = 0; k < COUNT(users); k++) {
				const struct result *result = start_traced(
					calls[i], lab_text("inject=%s:%s", calls[i], faults[j]),
					users[k]);

				assert_refused(result, "cannot ");
				assert_string_equal(result->out, "");
			}
}

/* As a filter with SECCOMP_RET_ERRNO and 0 does, which some engines use to emulate root. */
static void a_change_that_is_only_said_to_be_done_gives_nothing(void **state)
{
	static const char *const calls[] = {"setgroups", "setresgid", "setresuid", "capset",
					    "prctl"};

	(void)state;
	strace_needed();
	for (size_t k = 0; k < COUNT(users); k++) {
		const char *as_ever = untouched(users[k]);

		for (size_t i = 0; i < COUNT(calls); i++)
			refuses_or_is_as_ever(calls[i], "retval=0", users[k], as_ever);
		refuses_or_is_as_ever("setresuid", "retval=0:when=1", users[k], as_ever);
		refuses_or_is_as_ever("setresuid", "error=EPERM:when=1", users[k], as_ever);
	}
}

/* The most prctl(2) calls of one process, as strace counts them. */
static size_t prctl_count(void)
{
	const char *trace, *line;
	size_t count = 0;

	assert_status(start_traced("prctl", "trace=prctl", "0"), 0);
	trace = lab_read(lab_path("trace"));
	for (line = trace; (line = strstr(line, " prctl(")); line++)
		count++;
	return count;
}

/* Dumpable, bounding set, ambient set, no_new_privs: each one fails once, and lies once. */
static void each_prctl_that_fails_or_lies_is_noticed_or_harmless(void **state)
{
	const char *as_ever;
	size_t count;

	(void)state;
	strace_needed();
	as_ever = untouched("0");
	count = prctl_count();
	assert_in_range(count, 40, 400);
	for (size_t n = 1; n <= count; n++) {
		refuses_or_is_as_ever("prctl", lab_text("error=EPERM:when=%zu", n), "0", as_ever);
		refuses_or_is_as_ever("prctl", lab_text("retval=0:when=%zu", n), "0", as_ever);
	}
}

/* A further command in a container whose PID 1 is traced. */
static const struct result *exec_traced(const struct job *container, const char *name,
					const char *call, const char *inject, const char *user)
{
	struct job *strace = START(CALL(.program = "/usr/bin/strace"), "-f", "-p",
				   lab_text("%d", host_init(container)), "-o", lab_path("trace"),
				   "-e", lab_text("trace=%s", call), "-e", inject);
	const struct result *result;

	job_expect_error(strace, "attached");
	result = RUN("exec", name, "--user", user, "grep", "-E",
		     "^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):", "/proc/self/status");
	job_signal(strace, SIGTERM);
	job_end(strace);
	return result;
}

static void a_further_command_has_its_privileges_or_does_not_begin(void **state)
{
	static const char *const calls[] = {"setgroups", "setresgid", "setresuid", "capget",
					    "capset",	 "prctl",     "seccomp"};
	static const char *const faults[] = {"error=EPERM", "retval=0"};
	const char *name = lab_text("lab-%d", getpid());
	struct job *container;

	(void)state;
	strace_needed();
	container = START_SH(CALL(.talks = true), "echo ready; cat", "--name", name);
	job_expect(container, "ready");
	for (size_t i = 0; i < COUNT(users); i++) {
		const char *as_ever =
			exec_traced(container, name, "getppid", "trace=getppid", users[i])->out;

		assert_has(as_ever, "NoNewPrivs:\t1\n");
		assert_has(as_ever, "Seccomp:\t2\n");
		for (size_t j = 0; j < COUNT(calls); j++)
			for (size_t k = 0; k < COUNT(faults); k++) {
				const char *inject = lab_text("inject=%s:%s", calls[j], faults[k]);
				const struct result *result =
					exec_traced(container, name, calls[j], inject, users[i]);

				if (strcmp(calls[j], "seccomp") == 0 && k == 1)
					continue; /* by the kernel's own word it is there */
				if (result->status == 0)
					assert_string_equal(result->out, as_ever);
				else
					assert_refused(result, "cannot ");
			}
	}
	assert_status(job_end(container), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_id_or_capability_that_cannot_be_changed_stops_the_start),
		TEST(a_change_that_is_only_said_to_be_done_gives_nothing),
		TEST(each_prctl_that_fails_or_lies_is_noticed_or_harmless),
		TEST(a_further_command_has_its_privileges_or_does_not_begin),
	};

	return TESTS_RUN(tests);
}
