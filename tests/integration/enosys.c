/* A kernel that is too old, or a filter between: each of the younger system calls is missing once,
 * to ctr-setup, ctr-init and payload alike. What comes of it is the same as ever, or one line that
 * names the call, and nothing else. */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const needed[] = {
	"clone3",	 "close_range", "execveat",	     "fsconfig", "fsmount",
	"fsopen",	 "move_mount",	"memfd_create",	     "openat2",	 "open_tree",
	"mount_setattr", "statx",	"pidfd_send_signal",
};
static const char *const dispensable[] = {"keyctl", "pidfd_open", "keyctl,pidfd_open"};

static const char *program(void)
{
	const char *without = getenv("CTR_WITHOUT");

	if (!without || access(without, X_OK) < 0)
		lab_cannot("CTR_WITHOUT names no program");
	return without;
}

#define WITHOUT(calls, ...)                                                                        \
	job_end(START(CALL(.program = program()), calls, getenv("CTR_SETUP"), __VA_ARGS__))

static const char *hook_make(void)
{
	const char *path = lab_path("hook");

	lab_write(path, "#!/bin/sh\necho hook >$1/hooked\n", 0755);
	return path;
}

static void a_missing_call_is_named_and_nothing_is_begun(void **state)
{
	const char *before = lab_manifest(lab_directory());

	(void)state;
	for (size_t i = 0; i < COUNT(needed); i++) {
		const char *name = lab_text("cannot do without %s(2)", needed[i]);
		const struct result *result =
			WITHOUT(needed[i], "--mem", "64M", lab_merged(), "--", "echo", "ran");

		assert_refused(result, name);
		assert_string_equal(result->out, "");
		assert_refused(WITHOUT(needed[i], lab_merged()), name);
	}
	assert_refused(WITHOUT("fsopen,fsmount,move_mount,open_tree", lab_merged(), "true"),
		       "cannot do without fs");
	assert_string_equal(lab_manifest(lab_directory()), before);
}

static void what_can_be_done_without_is_not_missed(void **state)
{
	const char *hook = hook_make();

	(void)state;
	for (size_t i = 0; i < COUNT(dispensable); i++) {
		assert_out(WITHOUT(dispensable[i], "--ephemeral", "--pids", "20", "--read-only",
				   "--bind", lab_text("%s:/mnt:ro", lab_path("lower/etc")),
				   "--hook", hook, "--user", "1000", "--workdir", "/tmp",
				   lab_merged(), "--", "sh", "-c",
				   "cat /hooked; id -u; pwd; probe fds; exec probe orphans 10"),
			   "hook\n1000\n/tmp\n0 1 2 \n0 left\n");
		assert_status(WITHOUT(dispensable[i], lab_merged(), "--", "sh", "-c", "exit 7"), 7);
		assert_status(WITHOUT(dispensable[i], lab_merged(), "--", "sh", "-c", "kill -9 $$"),
			      137);
		assert_status(
			WITHOUT(dispensable[i], "--timeout", "100ms", lab_merged(), "sleep", "60"),
			124);
	}
}

static void a_terminal_works_without_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dispensable); i++)
		assert_out(job_end(START(CALL(.terminal = true, .program = program()),
					 dispensable[i], getenv("CTR_SETUP"), lab_merged(), "--",
					 "sh", "-c", "tty; probe fds")),
			   "/dev/pts/0\r\n0 1 2 \r\n");
}

/* ctr-init alone needs none of them. */
static void a_command_s_init_is_the_same_without_any_of_them(void **state)
{
	static const char all[] = "clone3,close_range,execveat,keyctl,memfd_create,mount_setattr,"
				  "openat2,pidfd_open,pidfd_send_signal,statx";

	(void)state;
	assert_out(job_end(START(CALL(.program = program()), all, getenv("CTR_INIT"), "--", "echo",
				 "ran")),
		   "ran\n");
	assert_status(job_end(START(CALL(.program = program()), all, getenv("CTR_INIT"), "--", "sh",
				    "-c", "(sleep 0.1 &); exit 7")),
		      7);
}

/* It waits for signals by that call: without it, it would never notice an end. */
static void without_a_way_to_wait_ctr_init_starts_nothing(void **state)
{
	const struct result *result = job_end(START(CALL(.program = program()), "rt_sigtimedwait",
						    getenv("CTR_INIT"), "--", "echo", "ran"));

	(void)state;
	assert_status(result, 125);
	assert_string_equal(result->out, "");
	assert_string_equal(result->err,
			    "ctr-init: cannot wait for signals: Function not implemented\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_missing_call_is_named_and_nothing_is_begun),
		TEST(what_can_be_done_without_is_not_missed),
		TEST(a_terminal_works_without_them),
		TEST(a_command_s_init_is_the_same_without_any_of_them),
		TEST(without_a_way_to_wait_ctr_init_starts_nothing),
	};

	return TESTS_RUN(tests);
}
