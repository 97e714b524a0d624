/* Whatever call of a start fails, and at whichever its keeper is killed: the payload has run and
 * its status is told, or it has not and one line says why; nothing is left that the next start does
 * not clear away, and that one works.
 *
 * One start is counted; then there is one for each of its calls. CTR_SWEEP=whole also kills the
 * other processes at each of theirs, has more errors, and sweeps a start with a user namespace as
 * well: ten thousand starts. */
#include "tamper.h"

#include <errno.h>
#include <ftw.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATUS = 7 };

/* A start of the sweep. */
struct start {
	const char *title;
	struct call call;
	const char *const *options;
	bool is_shared; /* the root is made by two, who may each say that it failed */
};

static const struct start plain = {
	.title = "a start",
	.call = {.talks = true},
	.options = ARGUMENTS("--cpu", "50"),
};
static const struct start on_terminal = {
	.title = "a start on a terminal",
	.call = {.terminal_in = true},
	.options = ARGUMENTS("--pids", "20"),
};
static const struct start in_userns = {
	.title = "a start with a user namespace",
	.call = {.talks = true},
	.options = ARGUMENTS("--userns", "--bind", "/usr:/mnt:ro", "--device", "/dev/kmsg:r"),
	.is_shared = true,
};

static struct points points;
static char name[32];
static unsigned wrong, missed;

static bool is_one_of(int call, const char *const *names)
{
	while (*names && seccomp_syscall_resolve_name(*names) != call)
		names++;
	return *names;
}

/* The kernel fails none of these. close(2): the descriptor is gone, whatever is returned. */
static bool cannot_fail(int call)
{
	return is_one_of(call, ARGUMENTS("close", "exit_group", "geteuid", "getpgid", "getpgrp",
					 "getuid", "rt_sigaction"));
}

/* Nor a wait for children that there are, but EINTR. */
static bool is_wait(const struct point *point)
{
	return is_one_of(point->call, ARGUMENTS("wait4"));
}

static const char *const *start_arguments(const struct start *start)
{
	const char *const *more = start->options;
	const char **words = lab_keep(calloc(32, sizeof(*words)));
	size_t count = 0;

	while (*more)
		words[count++] = *more++;
	more = ARGUMENTS("--mem", "64M", "--hook", lab_path("hook"), "--name", name, "--lower",
			 lab_path("lower"), lab_merged(), "--", "/bin/sh", "-c",
			 lab_text("echo ran; read -s x; exit %d", STATUS));
	while (*more)
		words[count++] = *more++;
	return words;
}

static const struct result *start_plainly(const struct start *start)
{
	return job_end(job_start(NULL, start_arguments(start)));
}

/* --- the layers */

static uint64_t layers;

static void sum_add(const void *data, size_t size)
{
	for (const unsigned char *byte = data; size--; byte++)
		layers = (layers ^ *byte) * UINT64_C(1099511628211);
}

static int sum_visit(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)type;
	(void)walk;
	sum_add(path, strlen(path));
	sum_add(&stat->st_ino, sizeof(stat->st_ino));
	sum_add(&stat->st_ctim, sizeof(stat->st_ctim)); /* whatever changes sets it */
	return 0;
}

static uint64_t layers_sum(void)
{
	layers = 0;
	nftw(lab_path("lower"), sum_visit, 16, FTW_PHYS);
	nftw(lab_path("upper"), sum_visit, 16, FTW_PHYS);
	return layers;
}

/* --- judgements */

static void wrong_say(const struct fault *fault, const char *what, const struct result *result)
{
	char *call = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, fault->at.call);

	wrong++;
	print_error("process %u, its %s number %u, %s: %s\n", fault->at.process, call,
		    fault->at.nth, fault->error ? strerrorname_np(fault->error) : "SIGKILL", what);
	if (result)
		print_error("status %d, stdout \"%s\", stderr \"%s\"\n", result->status,
			    result->out, result->err);
	free(call);
}

static size_t lines_of(const char *text)
{
	size_t count = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		count++;
	}
	return count;
}

static bool has_run(const struct result *result)
{
	return strcmp(result->out, "ran\n") == 0 || strcmp(result->out, "ran\r\n") == 0;
}

/* Its status is the payload's own; what could not be cleaned up is said in a line. */
static bool has_succeeded(const struct result *result)
{
	return result->status == STATUS && has_run(result) && lines_of(result->err) <= 1;
}

/* In one line, where nobody else works on the same thing and cannot go on: a hook fails in its own
 * words and in the keeper's, also when PID 1 ends while it waits for it. */
static bool has_said_why(const struct start *start, const struct fault *fault,
			 const struct result *result)
{
	bool is_hook_s = fault->at.process > 1;
	bool waits_for_hook = is_one_of(fault->at.call, ARGUMENTS("recvmsg"));
	size_t most = waits_for_hook ? 3 : start->is_shared || is_hook_s ? 2 : 1;
	const char *said = result->err + strspn(result->err, "\r\n"); /* the input's echo */

	return strncmp(said, "ctr-setup: ", 11) == 0 && lines_of(said) <= most;
}

static bool has_refused(const struct start *start, const struct fault *fault,
			const struct result *result)
{
	bool is_command_s = is_one_of(fault->at.call, ARGUMENTS("execve"));
	/* Its end cannot be known, or the terminal that it has by then cannot be served. */
	bool may_have_run = is_one_of(fault->at.call, ARGUMENTS("wait4")) ||
			    (start->call.terminal_in && fault->at.process == 0);

	return (result->status == 125 || (is_command_s && result->status == 126)) &&
	       has_said_why(start, fault, result) && (may_have_run || !*result->out);
}

/* A payload's own end by a signal is no failure of ours, and needs no word. */
static bool was_killed(const struct result *result)
{
	return result->status == 128 + SIGKILL && lines_of(result->err) <= 2;
}

static bool ends_well(const struct start *start, const struct fault *fault,
		      const struct result *result, bool is_done)
{
	bool is_kill = is_done && !fault->error;

	if (is_kill && fault->at.process == 0)
		return result->status == -SIGKILL;
	return has_succeeded(result) || (is_kill && was_killed(result)) ||
	       (is_done && has_refused(start, fault, result));
}

/* A killed keeper leaves something, and one that cannot remove it. */
static bool may_leave(const struct fault *fault)
{
	return (!fault->error && fault->at.process == 0) ||
	       is_one_of(fault->at.call, ARGUMENTS("rmdir", "unlink", "unlinkat"));
}

static bool gc_clears(void)
{
	return RUN("gc")->status == 0 &&
	       strcmp(RUN("gc")->err, "ctr-setup: 0 dead runs cleaned away\n") == 0 &&
	       !*host_leftovers();
}

static void point_try(const struct start *start, const struct fault *fault)
{
	uint64_t before = layers_sum();
	bool is_done;
	const struct result *result =
		tamper(&start->call, start_arguments(start), NULL, fault, &is_done);
	const char *left;

	missed += !is_done;
	if (!result)
		wrong_say(fault, "it hangs", NULL);
	else if (!ends_well(start, fault, result, is_done))
		wrong_say(fault, "it ends so:", result);
	lab_assert_no_process();
	left = host_leftovers();
	if (*left && !may_leave(fault))
		wrong_say(fault, left, result);
	if (*left && fault->at.nth % 2 && !gc_clears())
		wrong_say(fault, "gc does not clear all away, at once", NULL);
	result = start_plainly(start);
	if (!has_succeeded(result) || *result->err)
		wrong_say(fault, "the next start ends so:", result);
	if (layers_sum() != before)
		wrong_say(fault, "a layer was touched", NULL);
	if (lab_difference())
		wrong_say(fault, lab_difference(), NULL);
	jobs_forget();
}

enum who { KEEPER_ALONE, EVERYBODY };

static void points_try(const struct start *start, int error, enum who who)
{
	bool is_waiting = false;

	for (size_t i = 0; i < points.count; i++) {
		const struct fault fault = {points.items[i], error};
		bool is_init_s = fault.at.process == 1;

		is_waiting |= is_init_s && is_wait(&fault.at);
		if ((who == KEEPER_ALONE && fault.at.process != 0) ||
		    (error && (cannot_fail(fault.at.call) || is_wait(&fault.at) ||
			       (is_init_s && is_waiting))))
			continue;
		point_try(start, &fault);
	}
}

static void sweep(const struct start *start, int error, enum who who)
{
	const struct result *result;
	bool is_done;

	wrong = missed = 0;
	points.count = 0;
	lab_write(lab_path("hook"), "#!/bin/sh\n", 0755);
	assert_true(has_succeeded(start_plainly(start))); /* it makes mount points in upper */
	result = tamper(&start->call, start_arguments(start), &points, NULL, &is_done);
	assert_non_null(result);
	assert_true(has_succeeded(result));
	points_try(start, error, who);
	print_message("%s, %s: %zu calls, %u not met again\n", start->title,
		      error ? strerrorname_np(error) : "SIGKILL", points.count, missed);
	/* Who waits may be woken more often, or less. */
	assert_in_range(missed, 0, points.count / 50);
}

static void a_keeper_is_killed_at_any_call(void **state)
{
	(void)state;
	sweep(&plain, 0, KEEPER_ALONE);
	assert_int_equal(wrong, 0);
}

static void a_keeper_of_a_terminal_is_killed_at_any_call(void **state)
{
	(void)state;
	sweep(&on_terminal, 0, KEEPER_ALONE);
	assert_int_equal(wrong, 0);
}

static void any_call_fails(void **state)
{
	(void)state;
	sweep(&plain, EIO, EVERYBODY);
	assert_int_equal(wrong, 0);
}

static void any_call_of_a_terminal_s_keeper_fails(void **state)
{
	(void)state;
	sweep(&on_terminal, EIO, KEEPER_ALONE);
	assert_int_equal(wrong, 0);
}

static void all_of_it(void **state)
{
	static const struct start *const starts[] = {&plain, &on_terminal, &in_userns};
	static const int errors[] = {0, EIO, EPERM, ENOMEM};
	unsigned all_wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(starts); i++) {
		for (size_t j = 0; j < COUNT(errors); j++) {
			sweep(starts[i], errors[j], EVERYBODY);
			all_wrong += wrong;
		}
	}
	assert_int_equal(all_wrong, 0);
}

/* In a /run of its own, where gc finds no other's dead runs, and with ids for user namespaces. */
static int group_begin(void **state)
{
	if (lab_group_setup(state) < 0 || mount("run", "/run", "tmpfs", 0, "mode=755") < 0 ||
	    mount("etc", "/etc", "tmpfs", 0, "mode=755") < 0)
		return -1;
	lab_write("/etc/subuid", "0:200000:70000\n", 0644);
	lab_write("/etc/subgid", "0:200000:70000\n", 0644);
	snprintf(name, sizeof(name), "sweep-%d", getpid());
	return 0;
}

int main(void)
{
	const struct CMUnitTest some[] = {
		TEST(a_keeper_is_killed_at_any_call),
		TEST(a_keeper_of_a_terminal_is_killed_at_any_call),
		TEST(any_call_fails),
		TEST(any_call_of_a_terminal_s_keeper_fails),
	};
	const struct CMUnitTest whole[] = {TEST(all_of_it)};
	const char *wish = getenv("CTR_SWEEP");

	return wish && strcmp(wish, "whole") == 0 ? cmocka_run_group_tests(whole, group_begin, NULL)
						  : cmocka_run_group_tests(some, group_begin, NULL);
}
