/* The cloned child, from its first instruction to the exec of ctr-init: in a real child, as it ends
 * in an exit, on the fake's shared memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "ctr/message.h"
#include "options.h"
#include "plan.h"
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
static bool is_user_s; /* who is not root starts it */
static size_t lent;    /* trees, the root not among them */

static void child_life(const char *line, enum fake_side side, keeper_function *keeper)
{
	struct spec spec;
	struct run run;

	alarm(5); /* what waits for ever ends the test */
	if (options_of_line(&spec, line) != OPTIONS_RUN)
		_exit(1);
	run_fill(&run, &spec);
	for (lent = 0; plan_node(&spec, lent);)
		lent++;
	lent += spec.bind_count;
	snprintf(run.state_path, sizeof(run.state_path), "/run/ctr/web");
	run.init_fd = init_fd;
	run.upper_place = run.work_place = is_moved ? (struct place){1, 1} : place_of(init_fd);
	run.layers.is_user_s = is_user_s;
	run.user_ids = run.group_ids = (struct ids){200000, 70000};
	if (spec.limits.pids)
		group_add(&run.groups, 1, BIT(PIDS), "/v1");
	if (spec.limits.memory)
		group_add(&run.groups, 2, BIT(MEMORY), "/v2");
	fake_clone_as(side, keeper);
	namespaces_enter(&run);
	_exit(125); /* of a call before the clone */
}

/* One process, that ends with this status; returns what it said. Its calls are in the fake. */
static const char *process(const char *line, enum fake_side side, keeper_function *keeper,
			   int wanted)
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
	if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
		fail_msg("status %x: %s%s", (unsigned)status, said, fake_script());
	return said;
}

/* A child does not come back: its exec fails. */
static const char *child(const char *line, enum fake_side side, keeper_function *keeper)
{
	return process(line, side, keeper, 125);
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

static void trees_lend(int socket_fd)
{
	for (size_t i = 0; i <= lent; i++)
		if (channel_send(socket_fd, CTR_MESSAGE_TREE, 0, STDIN_FILENO) < 0)
			_exit(1);
	hooks_succeed(socket_fd);
}

static void ids_are_there(int socket_fd)
{
	if (channel_send(socket_fd, CTR_MESSAGE_TREE, 0, -1) < 0)
		_exit(1);
	hooks_succeed(socket_fd);
}

static int child_begin(void **state)
{
	(void)state;
	fake_reset();
	is_user_s = false;
	fake_file("/proc/4711/uid_map", "");
	fake_file("/proc/4711/gid_map", "");
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

static void life_begin(bool of_a_user)
{
	child_begin(NULL);
	is_user_s = of_a_user;
}

/* As one that executes ctr-init, or ends with 0: of those before it, none is to fail. */
static void after_a_failed_call_comes_no_other(const char *line, bool of_a_user,
					       enum fake_side side, keeper_function *keeper)
{
	bool is_lender = side == FAKE_LENDER;
	unsigned before, calls;

	life_begin(of_a_user);
	before = fake_calls();
	process(line, side, keeper, is_lender ? 0 : 125);
	calls = fake_calls() - before;
	assert_int_equal(fake_executions(), !is_lender);
	for (unsigned n = 1; n <= calls; n++) {
		const char *said;

		life_begin(of_a_user);
		fake_fail_nth(n, EIO);
		said = process(line, side, keeper, 125);
		if (fake_calls() != before + n || fake_executions() != 0)
			fail_msg("call %u failed:\n%s", n, fake_script());
		assert_one_line(said);
	}
}

static void whatever_fails_in_the_child_nothing_is_executed(void **state)
{
	(void)state;
	after_a_failed_call_comes_no_other("--pids 9 --cpuset 0 --net /n/x --bind /h:/a "
					   "--hook /bin/true --ephemeral " OVERLAY_JOB,
					   false, FAKE_CHILD, hooks_succeed);
	after_a_failed_call_comes_no_other("/box/merged", false, FAKE_CHILD, NULL);
}

/* --- with a user namespace */

#define USERNS_JOB "--userns --bind /h:/a --device /dev/fuse --hook /bin/true "

static void a_child_without_ids_of_the_host_takes_what_it_is_lent(void **state)
{
	(void)state;
	child(USERNS_JOB OVERLAY_JOB, FAKE_CHILD, trees_lend);
	assert_contains(fake_script(), "clone mnt pid uts ipc net user\ndie_with_parent\n"
				       "unshare cgroup\n"
				       "become root\ndie_with_parent\n"
				       "open_new proc\nopen_new sysfs ro\n"
				       "enter a stranger\nseal ctr-plan\nplace 3: ");
	assert_contains(fake_script(), " a stranger, a stranger, new proc, new sysfs, sealed ctr-");
	assert_int_equal(fake_executions(), 1);
}

static void who_is_not_root_makes_the_root_as_root_of_its_user_namespace(void **state)
{
	(void)state;
	is_user_s = true;
	child("--userns --bind /h:/a --hook /bin/true " OVERLAY_JOB, FAKE_CHILD, ids_are_there);
	assert_contains(fake_script(), "\nbecome root\nhide\ndie_with_parent\nmake_private\n"
				       "open_tree /h\nopen /box/\n");
	assert_contains(fake_script(), "\nmount overlay on open /box/merged: ");
	assert_contains(fake_script(), "\nopen_new proc\nopen_new sysfs ro\n");
	assert_int_equal(fake_executions(), 1);
}

static void a_lender_makes_the_root_among_the_child_s_mounts(void **state)
{
	const char *script = fake_script();

	(void)state;
	process(USERNS_JOB OVERLAY_JOB, FAKE_LENDER, NULL, 0);
	assert_contains(script, "\nclone\ndie_with_parent\njoin the mounts of pidfd 4711\n"
				"open /proc/4711/ns/user\nmake_private\nopen_tree /h\n");
	assert_contains(script, "\nmap tree open /box/ for open /proc/4711/ns/user\n");
	assert_contains(script, "\nmap tree open /box/lower for open /proc/4711/ns/user\n");
	assert_contains(script, "\nmake files as 200000:200000\nopen /box/merged\n"
				"mount overlay on open /box/merged: tree open /box/lower, ");
	assert_contains(script, "\nopen_tree /dev/fuse bare\n");
}

static void what_cannot_be_mapped_is_given_to_root_inside_or_said(void **state)
{
	unsigned n = 0;
	const char *said, *line = fake_script();

	(void)state;
	process(USERNS_JOB OVERLAY_JOB, FAKE_LENDER, NULL, 0);
	for (; strncmp(line, "map ", 4) != 0; line = strchr(line, '\n') + 1)
		n++;
	life_begin(false);
	fake_fail_nth(n, EINVAL); /* the seal before these counts as one */
	said = process(USERNS_JOB OVERLAY_JOB, FAKE_LENDER, NULL, 0);
	assert_string_equal(said, "");
	assert_contains(fake_script(), "\ngive open upper to 200000:200000\n");
}

static void whatever_fails_with_a_user_namespace_nothing_is_executed_or_lent(void **state)
{
	(void)state;
	after_a_failed_call_comes_no_other(USERNS_JOB OVERLAY_JOB, false, FAKE_CHILD, trees_lend);
	after_a_failed_call_comes_no_other("--userns --bind /h:/a --hook /bin/true " OVERLAY_JOB,
					   true, FAKE_CHILD, ids_are_there);
	after_a_failed_call_comes_no_other(USERNS_JOB OVERLAY_JOB, false, FAKE_LENDER, NULL);
	after_a_failed_call_comes_no_other("--userns --ephemeral " OVERLAY_JOB, false, FAKE_LENDER,
					   NULL);
	after_a_failed_call_comes_no_other("--userns --read-only /box/merged", false, FAKE_LENDER,
					   NULL);
}

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
		CHILD_TEST(a_child_without_ids_of_the_host_takes_what_it_is_lent),
		CHILD_TEST(who_is_not_root_makes_the_root_as_root_of_its_user_namespace),
		CHILD_TEST(a_lender_makes_the_root_among_the_child_s_mounts),
		CHILD_TEST(what_cannot_be_mapped_is_given_to_root_inside_or_said),
		CHILD_TEST(whatever_fails_with_a_user_namespace_nothing_is_executed_or_lent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
