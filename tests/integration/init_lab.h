/* ctr-init alone, as "ctr-init [OPTION...] COMMAND": as PID 1 of a pid namespace with its own
 * /proc, and beside others, as a subreaper. A test that is run at both places finds its place in
 * *state.
 */
#ifndef CTR_TESTS_INIT_LAB_H
#define CTR_TESTS_INIT_LAB_H

#include "lab.h"

struct place {
	bool is_first; /* PID 1 */
};

extern const struct place init_first, init_beside;

#define TEST_FIRST(name)                                                                           \
	{                                                                                          \
#name " (PID 1)", name, lab_setup, lab_teardown, (void *)(uintptr_t)&init_first    \
	}
#define TEST_BESIDE(name)                                                                          \
	{                                                                                          \
#name " (not PID 1)", name, lab_setup, lab_teardown,                               \
			(void *)(uintptr_t)&init_beside                                            \
	}
#define TEST_BOTH(name) TEST_FIRST(name), TEST_BESIDE(name)

int init_group_setup(void **state);
#define INIT_TESTS_RUN(tests) cmocka_run_group_tests(tests, init_group_setup, NULL)

/* As job_start(); the program is ctr-init unless call has another. In both places it is a session
 * leader; as PID 1 it has a mount namespace of its own. */
struct job *init_start(const struct place *place, const struct call *call,
		       const char *const *arguments);
#define INIT(call, ...)	 init_start(*state, call, ARGUMENTS(__VA_ARGS__))
#define INIT_RUN(...)	 job_end(INIT(NULL, __VA_ARGS__))
#define INIT_SH(...)	 job_end(INIT(NULL, "--", "/bin/sh", "-c", __VA_ARGS__))
#define INIT_PROBE	 getenv("CTR_INIT_PROBE")
#define INIT_CATCH(last) INIT_PROBE, "catch", #last

/* The same for many rounds: without pipes, and with all signals blocked from the clone on, so that
 * none that is sent is lost. Its exit status; -1: it did not end, or by a signal. */
pid_t init_bare_start(const struct place *place, const char *const *arguments);
int init_bare_end(pid_t pid);

/* The payload, by our numbers; waits until it executes its own program. */
pid_t init_payload(const struct job *job);
/* The children of ctr-init, dead ones too: "1 2 3 ". */
const char *init_children(const struct job *job);
/* Waits until text was anywhere on stdout. */
void job_await(struct job *job, const char *text);
/* The process group in the foreground of the job's terminal. */
pid_t init_foreground(const struct job *job);
/* The process's state is this letter of proc(5). */
bool state_is(pid_t pid, char state);

/* For a call's "before": what the caller blocks and ignores, and nothing else. */
struct caller {
	uint64_t blocked, ignored;
};
void caller_be(const void *caller);
#define CALLER(...)                                                                                \
	.before = caller_be, .argument = &(struct caller)                                          \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define BIT(number)  (UINT64_C(1) << ((number)-1))
#define EVERY_SIGNAL UINT64_MAX
#define UNBLOCKABLE  (BIT(SIGKILL) | BIT(SIGSTOP))

#endif
