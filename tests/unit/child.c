/* The cloned child, from its first instruction to the exec of ctr-init: in a real child, as it ends
 * in an exit, on the fake's shared memory. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctr/message.h"
#include "options.h"
#include "stage.h"
#include "support.h"
#include "sys.h"

#define SETTLED                                                                                    \
	"seal ctr-init\nsocketpair\nclone mnt pid uts ipc net\ndie_with_parent\n"                  \
	"unshare cgroup\n"
#define WRITABLE_OPENED "open /box/\nopen upper there\nopen work there\n"
#define HANDED_OVER                                                                                \
	"seal ctr-plan\n"                                                                          \
	"place 3: sealed ctr-plan, socket container, sealed ctr-init\n"                            \
	"execute sealed ctr-init as ctr-init\n"

typedef void keeper_function(int socket_fd);

static int init_fd;   /* the ctr-init that preflight has found: one file, as all descriptors here */
static bool is_moved; /* what was locked is elsewhere now */

static void child_life(const char *line, enum fake_side side, keeper_function *keeper)
{
	struct spec spec;
	struct run run;

	alarm(5); /* what waits for ever ends the test */
	if (options_of_line(&spec, line) != OPTIONS_RUN)
		_exit(1);
	run_fill(&run, &spec);
	snprintf(run.state_path, sizeof(run.state_path), "/run/ctr/web");
	run.init_fd = init_fd;
	run.upper_place = run.work_place = is_moved ? (struct place){1, 1} : place_of(init_fd);
	if (spec.limits.pids)
		group_add(&run.groups, 1, BIT(PIDS), "/v1");
	if (spec.limits.memory)
		group_add(&run.groups, 2, BIT(MEMORY), "/v2");
	fake_clone_as(side, keeper);
	namespaces_enter(&run);
	_exit(125); /* of a call before the clone; a child does not come back */
}

/* One child; returns what it said. Its calls are in the fake. */
static const char *child(const char *line, enum fake_side side, keeper_function *keeper)
{
	const char *said;
	int status;
	pid_t pid;

	capture_begin(STDERR_FILENO);
	pid = fork();
	if (pid == 0)
		child_life(line, side, keeper);
	said = capture_end();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 125)
		fail_msg("status %x: %s%s", (unsigned)status, said, fake_script());
	return said;
}

static void answer(int socket_fd, int error)
{
	struct ctr_message message = {.type = CTR_MESSAGE_HOOKS_DONE, .error = error};

	if (send(socket_fd, &message, sizeof(message), 0) != sizeof(message))
		_exit(1);
}

static void hooks_succeed(int socket_fd)
{
	answer(socket_fd, 0);
}

static void hooks_fail(int socket_fd)
{
	answer(socket_fd, ECANCELED);
}

static int child_begin(void **state)
{
	(void)state;
	fake_reset();
	fake_directory("/v1/ctr-web");
	fake_directory("/v2/ctr-web");
	init_fd = sys_sealed_file("ctr-init", "", 0);
	return 0;
}
#define CHILD_TEST(function) cmocka_unit_test_setup(function, child_begin)

#define OVERLAY_JOB "--lower /box/lower /box/merged"

static void the_main_job_s_child_is_this_script(void **state)
{
	const char *said = child(OVERLAY_JOB, FAKE_CHILD, NULL);

	(void)state;
	assert_string_equal(fake_script(), SETTLED
			    "make_private\n" WRITABLE_OPENED "open /box/lower\nopen /box/merged\n"
			    "mount overlay on open /box/merged: open /box/lower, "
			    "open upper, open work redirect_dir=nofollow,metacopy=off,"
			    "index=off,xino=off\n"
			    "open /box/merged\nenter open /box/merged\n" HANDED_OVER);
	assert_int_equal(fake_executions(), 1);
	assert_one_line(said); /* the fake's exec fails */
	assert_contains(said, "60 handover: cannot execute ctr-init: Exec format error");
}

static void an_ephemeral_upper_is_in_memory_of_the_child_s_own(void **state)
{
	(void)state;
	child("--ephemeral " OVERLAY_JOB, FAKE_CHILD, NULL);
	assert_contains(fake_script(),
			"\nmake_private\nmount tmpfs /run/ctr/web mode=755\n"
			"mkdir /run/ctr/web/upper 0755\nmkdir /run/ctr/web/work 0755\n"
			"open /run/ctr/web/\nopen upper there\nopen work there\n");
}

static void a_root_without_layers_is_mounted_on_itself(void **state)
{
	(void)state;
	child("/box/merged", FAKE_CHILD, NULL);
	assert_string_equal(fake_script(), SETTLED "make_private\nopen /box/merged\n"
						   "open_tree open /box/merged\n"
						   "attach tree open /box/merged at /box/merged\n"
						   "enter tree open /box/merged\n" HANDED_OVER);
}

static void a_layer_that_is_not_the_locked_one_is_refused(void **state)
{
	(void)state;
	is_moved = true;
	assert_contains(child(OVERLAY_JOB, FAKE_CHILD, NULL),
			"50 rootfs: cannot use /box/upper: another directory has taken its place");
	is_moved = false;
	assert_lacks(fake_script(), "mount overlay");
	assert_int_equal(fake_executions(), 0);
}

static void binds_are_opened_before_the_root_and_placed_from_5_on(void **state)
{
	(void)state;
	child("--bind /h1:/a --bind /h2:/b:ro " OVERLAY_JOB, FAKE_CHILD, NULL);
	assert_contains(fake_script(), "\nopen_tree /h1\nopen_tree /h2 ro\nopen /box/\n");
	assert_contains(fake_script(), "\nplace 3: sealed ctr-plan, socket container, tree /h1, "
				       "tree /h2, sealed ctr-init\n"
				       "execute sealed ctr-init as ctr-init\n");
}

static void limits_are_entered_before_the_cgroup_namespace(void **state)
{
	(void)state;
	child("--pids 9 --mem 1M --cpuset 0 --net /n/x " OVERLAY_JOB, FAKE_CHILD, NULL);
	assert_contains(fake_script(),
			"socketpair\nopen /v2/ctr-web\nopen /proc/self/ns/net\nopen /n/x\n"
			"join_netns open /n/x\nclone mnt pid uts ipc into open /v2/ctr-web\n"
			"die_with_parent\nwrite /v1/ctr-web/tasks 0\nunshare cgroup\n"
			"affinity_reset\nmake_private\n");
}

static void a_child_without_a_keeper_does_nothing(void **state)
{
	const char *said = child(OVERLAY_JOB, FAKE_ORPHAN, NULL);

	(void)state;
	assert_string_equal(fake_script(), "seal ctr-init\nsocketpair\nclone mnt pid uts ipc net\n"
					   "die_with_parent\n");
	assert_string_equal(said, "");
}

static void hooks_run_on_the_mounted_root_or_the_start_ends(void **state)
{
	(void)state;
	child("--hook /bin/true " OVERLAY_JOB, FAKE_CHILD, hooks_succeed);
	assert_int_equal(fake_executions(), 1);
	child_begin(NULL);
	assert_string_equal(child("--hook /bin/true " OVERLAY_JOB, FAKE_CHILD, hooks_fail), "");
	assert_int_equal(fake_executions(), 0);
	assert_contains(fake_script(), "mount overlay");
	assert_lacks(fake_script(), "seal ctr-plan");
}

static void after_a_failed_call_comes_no_other(const char *line)
{
	unsigned before, calls;

	child_begin(NULL);
	before = fake_calls();
	child(line, FAKE_CHILD, hooks_succeed);
	calls = fake_calls() - before;
	assert_int_equal(fake_executions(), 1);
	for (unsigned n = 1; n <= calls; n++) {
		const char *said;

		child_begin(NULL);
		fake_fail_nth(n, EIO);
		said = child(line, FAKE_CHILD, hooks_succeed);
		if (fake_calls() != before + n || fake_executions() != 0)
			fail_msg("call %u failed:\n%s", n, fake_script());
		assert_one_line(said);
	}
}

static void whatever_fails_in_the_child_nothing_is_executed(void **state)
{
	(void)state;
	after_a_failed_call_comes_no_other("--pids 9 --cpuset 0 --net /n/x --bind /h:/a "
					   "--hook /bin/true --ephemeral " OVERLAY_JOB);
	after_a_failed_call_comes_no_other("/box/merged");
}

/* Whoever runs the suite: the refusal is the same. */

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(the_main_job_s_child_is_this_script),
		CHILD_TEST(an_ephemeral_upper_is_in_memory_of_the_child_s_own),
		CHILD_TEST(a_root_without_layers_is_mounted_on_itself),
		CHILD_TEST(a_layer_that_is_not_the_locked_one_is_refused),
		CHILD_TEST(binds_are_opened_before_the_root_and_placed_from_5_on),
		CHILD_TEST(limits_are_entered_before_the_cgroup_namespace),
		CHILD_TEST(a_child_without_a_keeper_does_nothing),
		CHILD_TEST(hooks_run_on_the_mounted_root_or_the_start_ends),
		CHILD_TEST(whatever_fails_in_the_child_nothing_is_executed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
