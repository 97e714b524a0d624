/* ctr-init of other machines, in an emulator of theirs. The payload is of this machine: what the
 * emulator executes is the kernel's. There vfork(2) is fork(2), and nobody can adopt orphans. */
#include "init_lab.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct machine {
	const char *name, *package;
} aarch64 = {"aarch64", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"},
  riscv64 = {"riscv64", "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"};

static const struct machine *machine;

/* The build's, beside ctr-init, and what runs it; skips the test when either is not there. */
static struct job *machine_start(void **state, const struct call *call,
				 const char *const *arguments)
{
	const char *init = lab_text("%s-%s", getenv("CTR_INIT"), machine->name);
	const char *emulator = lab_text("/usr/bin/qemu-%s-static", machine->name);
	const char *words[32] = {init};
	struct call own = call ? *call : (struct call){0};

	if (access(init, X_OK) != 0)
		lab_cannot(lab_text("no %s: it needs the packages %s", init, machine->package));
	if (access(emulator, X_OK) != 0)
		lab_cannot(lab_text("no %s: it needs the package qemu-user-static", emulator));
	for (size_t i = 0; arguments[i] && i + 2 < COUNT(words); i++)
		words[i + 1] = arguments[i];
	own.program = emulator;
	return init_start(*state, &own, words);
}

/* A signal that comes while the emulator is at work is lost to a guest that waits for it the next
 * time, so that it is sent until it has done its work. SIGCHLD is: see whether somebody ended. */
static bool nudge(struct job *job, int number)
{
	if (!job_has_ended(job))
		job_signal(job, number);
	job_listen(job, 20);
	return job->ended;
}

static const struct result *machine_end(struct job *job)
{
	job_close_input(job);
	assert_eventually(nudge(job, SIGCHLD));
	return job_end(job);
}

static bool is_heard(struct job *job, int number, const char *text)
{
	nudge(job, number);
	return job->out.bytes && strstr(job->out.bytes, text);
}

#define MACHINE(call, ...) machine_start(state, call, ARGUMENTS(__VA_ARGS__))
#define MACHINE_RUN(...)   machine_end(MACHINE(NULL, __VA_ARGS__))

static void a_command_runs(void **state)
{
	assert_out(MACHINE_RUN("echo", "a  b", "-c"), "a  b -c\n");
}

static void statuses_pass_through(void **state)
{
	static const char *const numbers[] = {"0", "1", "7", "125", "127", "255"};

	for (size_t i = 0; i < COUNT(numbers); i++)
		assert_status(MACHINE_RUN("sh", "-c", "exit $1", "-", numbers[i]),
			      (int)strtol(numbers[i], NULL, 10));
	assert_status(MACHINE_RUN("sh", "-c", "kill -9 $$"), 137);
	assert_status(MACHINE_RUN("-e", "143", "sh", "-c", "kill $$"), 0);
}

static void what_cannot_be_executed_is_told(void **state)
{
	const struct result *result = MACHINE_RUN("--", "/no/such");

	assert_status(result, 127);
	assert_string_equal(result->err,
			    "ctr-init: cannot execute /no/such: No such file or directory\n");
	assert_status(MACHINE_RUN("--", "nosuch-command"), 127);
	assert_status(MACHINE_RUN("--", lab_directory()), 126);
	assert_status(MACHINE_RUN("--nosuch"), 125);
}

static void signals_are_forwarded(void **state)
{
	struct job *job = MACHINE(NULL, INIT_CATCH(15));

	job_await(job, "ready");
	assert_eventually(is_heard(job, SIGUSR1, "got 10."));
	assert_eventually(is_heard(job, SIGTERM, "got 15."));
	assert_status(machine_end(job), 0);
}

static void term_ends_a_payload_that_does_not_care(void **state)
{
	struct job *job = MACHINE(NULL, "sh", "-c", "echo ready; exec sleep 1000");

	job_await(job, "ready");
	assert_eventually(nudge(job, SIGTERM));
	assert_status(machine_end(job), 143);
}

static bool has_one_child(const struct job *job)
{
	const char *children = init_children(job);

	return *children && strchr(children, ' ') == strrchr(children, ' ');
}

static void orphans_are_reaped(void **state)
{
	struct job *job = MACHINE(CALL(.talks = true), INIT_PROBE, "orphans", "100");

	job_await(job, "made");
	assert_eventually((nudge(job, SIGCHLD), has_one_child(job)));
	assert_status(machine_end(job), 42);
}

static void what_is_left_is_ended(void **state)
{
	const struct result *result =
		MACHINE_RUN("--grace", "1000", INIT_PROBE, "leave", "polite", "stopped");

	assert_status(result, 7);
	assert_has(result->out, "polite got 15.\n");
	assert_has(result->out, "stopped got 15.\n");
}

static void who_must_adopt_orphans_and_cannot_says_so(void **state)
{
	const struct result *result = MACHINE_RUN("-s", "true");

	assert_status(result, 125);
	assert_has(result->err, "ctr-init: cannot adopt orphans: ");
}

static int aarch64_begin(void **state)
{
	machine = &aarch64;
	return init_group_setup(state);
}

static int riscv64_begin(void **state)
{
	machine = &riscv64;
	return init_group_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BOTH(a_command_runs),
		TEST_BOTH(statuses_pass_through),
		TEST_BOTH(what_cannot_be_executed_is_told),
		TEST_BOTH(signals_are_forwarded),
		TEST_BOTH(term_ends_a_payload_that_does_not_care),
		TEST_FIRST(orphans_are_reaped),
		TEST_FIRST(what_is_left_is_ended),
		TEST_BESIDE(who_must_adopt_orphans_and_cannot_says_so),
	};
	int failed = cmocka_run_group_tests_name("aarch64", tests, aarch64_begin, NULL);

	return failed + cmocka_run_group_tests_name("riscv64", tests, riscv64_begin, NULL);
}
