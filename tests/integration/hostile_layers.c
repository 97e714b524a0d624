/* T-RACE-2: directories above the layers that belong to somebody else, who puts others in their
 * place during a start. What was checked and locked is mounted, or nothing is. */
#include "lab.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SOMEBODY = 65534 };

static void directory_add(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

/* theirs/box has merged, upper and work, theirs/xbox leads to a directory that would do for another
 * box, but that its work holds something: a start that finds it at once refuses it. */
static const char *boxes_make(void)
{
	static const char *const made[] = {
		"theirs",  "theirs/box",     "theirs/box/merged", "theirs/box/merged/bin",
		"outside", "outside/merged", "outside/upper",	  "outside/work"};

	for (size_t i = 0; i < COUNT(made); i++)
		directory_add(lab_path("%s", made[i]));
	lab_write(lab_path("outside/upper/marker"), "marker", 0644);
	lab_write(lab_path("outside/work/marker"), "marker", 0644);
	assert_int_equal(symlink(lab_path("outside"), lab_path("theirs/xbox")), 0);
	assert_int_equal(chown(lab_path("theirs"), SOMEBODY, SOMEBODY), 0);
	assert_int_equal(chown(lab_path("theirs/box"), SOMEBODY, SOMEBODY), 0);
	assert_int_equal(chmod(lab_directory(), 0755), 0);
	return lab_manifest(lab_path("outside"));
}

/* --- all the time */

/* Until it is killed; argument is the directory. */
static void swap_for_ever(const void *argument)
{
	if (chdir(argument) < 0 || setgroups(0, NULL) < 0 || setgid(SOMEBODY) < 0 ||
	    setuid(SOMEBODY) < 0)
		_exit(98);
	for (;;)
		if (syscall(SYS_renameat2, AT_FDCWD, "box", AT_FDCWD, "xbox", RENAME_EXCHANGE) < 0)
			_exit(97);
}

/* For a job's "before": who calls has ids to give. */
static void with_ids(const void *argument)
{
	(void)argument;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("etc", "/etc", "tmpfs", 0, NULL) < 0)
		_exit(99);
	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(i ? "/etc/subuid" : "/etc/subgid", "we");

		if (!file || fputs("0:200000:65536\n", file) < 0 || fclose(file) != 0)
			_exit(99);
	}
}

/* A layer that cannot have the container's ids is said before what the start ends with. */
static void assert_refused_with_warnings(const struct result *result)
{
	assert_status(result, 125);
	assert_has(result->err, ": cannot ");
	for (const char *line = result->err; *line; line = strchr(line, '\n') + 1)
		assert_int_equal(strncmp(line, "ctr-setup: ", 11), 0);
}

static void layers_that_are_swapped_all_the_time_lead_nowhere(void **state)
{
	static const char *const options[] = {"--clear-env", "--userns", "--read-only"};
	enum { RUNS = 30 };
	const char *before = boxes_make();
	struct job *swapper =
		START(CALL(.before = swap_for_ever, .argument = lab_path("theirs")), NULL);

	(void)state;
	for (int i = 0; i < RUNS; i++) {
		const struct result *result =
			job_end(START(CALL(.before = with_ids), options[(size_t)i % COUNT(options)],
				      "--lower", lab_path("lower"), lab_path("theirs/box/merged"),
				      "--", "/bin/echo", "ran"));

		if (result->status == 0)
			assert_string_equal(result->out, "ran\n");
		else
			assert_refused_with_warnings(result);
		assert_string_equal(lab_manifest(lab_path("outside")), before);
	}
	job_signal(swapper, SIGKILL);
	assert_status(job_end(swapper), -SIGKILL);
}

/* --- at the one moment, when all is locked and nothing is mounted */

/* A start that stops there; the stopped process is to go on. */
static struct job *stopping_start(const char *option, const char *value, pid_t *stopped)
{
	const char *trace = lab_path("trace"), *text = NULL;
	struct job *job;

	if (access("/usr/bin/strace", X_OK) < 0)
		lab_cannot("strace is not installed");
	remove(trace);
	job = START(CALL(.program = "/usr/bin/strace"), "-f", "-o", trace, "-e", "trace=mount",
		    "-e", "inject=mount:signal=SIGSTOP:when=1", getenv("CTR_SETUP"), "--name",
		    "stopping", option, value, lab_path("theirs/box/merged"), "--", "/bin/echo",
		    "ran");
	assert_eventually(((text = lab_read(trace)) && strstr(text, "stopped by SIGSTOP")) ||
			  job_has_ended(job));
	assert_has(text, "stopped by SIGSTOP");
	*stopped = (pid_t)strtol(text, NULL, 10);
	return job;
}

static const struct result *goes_on(struct job *job, pid_t stopped)
{
	assert_int_equal(kill(stopped, SIGCONT), 0);
	return job_end(job);
}

static void swapped(const char *path, const char *with)
{
	assert_int_equal(syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, with, RENAME_EXCHANGE),
			 0);
}

static void what_nobody_swaps_is_mounted(void **state)
{
	pid_t stopped;
	struct job *job;

	(void)state;
	boxes_make();
	job = stopping_start("--lower", lab_path("lower"), &stopped);
	assert_out(goes_on(job, stopped), "ran\n");
	assert_true(is_there(lab_path("theirs/box/upper/dev")));
}

static void a_link_that_comes_above_the_layers_is_refused(void **state)
{
	const char *before = boxes_make();
	pid_t stopped;
	struct job *job = stopping_start("--lower", lab_path("lower"), &stopped);

	(void)state;
	swapped(lab_path("theirs/box"), lab_path("theirs/xbox"));
	assert_refused(goes_on(job, stopped), "Too many levels of symbolic links");
	assert_string_equal(lab_manifest(lab_path("outside")), before);
}

static void another_directory_than_the_locked_one_is_refused(void **state)
{
	static const char *const layers[] = {"upper", "work"};
	const char *before;

	(void)state;
	boxes_make();
	before = lab_manifest(lab_path("outside/upper"));
	for (size_t i = 0; i < COUNT(layers); i++) {
		const char *path = lab_path("theirs/box/%s", layers[i]);
		pid_t stopped;
		struct job *job = stopping_start("--lower", lab_path("lower"), &stopped);

		swapped(path, lab_path("outside/upper"));
		assert_refused(
			goes_on(job, stopped),
			lab_text("cannot use %s: another directory has taken its place", path));
		swapped(path, lab_path("outside/upper"));
		assert_string_equal(lab_manifest(lab_path("outside/upper")), before);
	}
}

static void a_link_that_comes_above_a_lower_layer_is_refused(void **state)
{
	pid_t stopped;
	struct job *job;

	(void)state;
	boxes_make();
	assert_int_equal(rename(lab_path("lower"), lab_path("theirs/box/image")), 0);
	directory_add(lab_path("outside/image"));
	directory_add(lab_path("theirs/box/in"));
	assert_int_equal(rename(lab_path("theirs/box/image"), lab_path("theirs/box/in/image")), 0);
	assert_int_equal(symlink(lab_path("outside"), lab_path("theirs/box/xin")), 0);
	job = stopping_start("--lower", lab_path("theirs/box/in/image"), &stopped);
	swapped(lab_path("theirs/box/in"), lab_path("theirs/box/xin"));
	assert_refused(goes_on(job, stopped), lab_text("cannot open the lower directory %s",
						       lab_path("theirs/box/in/image")));
}

/* The host's own files would be the container's root. */
static void a_link_that_comes_in_the_root_s_place_is_refused(void **state)
{
	static const char *const roots[] = {"theirs/box/merged", "theirs/box"};
	const char *before = boxes_make();

	(void)state;
	for (size_t i = 0; i < COUNT(roots); i++) {
		const char *root = lab_path("%s", roots[i]), *link = lab_path("theirs/xroot");
		pid_t stopped;
		struct job *job = stopping_start("--hostname", "box", &stopped);

		assert_int_equal(symlink(lab_path("outside"), link), 0);
		swapped(root, link);
		assert_refused(goes_on(job, stopped), "Too many levels of symbolic links");
		swapped(root, link);
		assert_int_equal(unlink(link), 0);
		assert_string_equal(lab_manifest(lab_path("outside")), before);
	}
}

/* T-PROC-2: real, and somebody else's: the keeper's, in the child. */
static void descriptors_of_another_process_are_refused(void **state)
{
	const char *fake = lab_path("fake");

	(void)state;
	directory_add(fake);
	assert_refused(job_end(START(CALL(.program = "/bin/sh"), "-c",
				     lab_text("f=%s; exec unshare -m sh -c \"mount --make-rprivate "
					      "/ && mount -t tmpfs none $f && mkdir $f/self && "
					      "mount --bind /proc/\\$\\$ $f/self && mount --move "
					      "$f /proc && exec $CTR_SETUP %s echo ran\"",
					      fake, lab_merged()))),
		       "/proc/self/fd has not our descriptors");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(layers_that_are_swapped_all_the_time_lead_nowhere),
		TEST(what_nobody_swaps_is_mounted),
		TEST(a_link_that_comes_above_the_layers_is_refused),
		TEST(another_directory_than_the_locked_one_is_refused),
		TEST(a_link_that_comes_above_a_lower_layer_is_refused),
		TEST(a_link_that_comes_in_the_root_s_place_is_refused),
		TEST(descriptors_of_another_process_are_refused),
	};

	return TESTS_RUN(tests);
}
