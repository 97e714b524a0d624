/* diff: what real overlays have in their upper layers, during the run and after it. */
#include "lab.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* One of each kind. /bin/arch and its like are links to busybox. */
#define CHANGES                                                                                    \
	"set -e; echo new >/etc/new; echo more >>/etc/file; chmod 600 /etc/mode; chown 5 "         \
	"/etc/own; "                                                                               \
	"touch /etc/time; : >>/etc/same; rm /bin/arch; ln -sf sh /bin/ash; mkdir -p /a/b; "        \
	"echo x >/a/b/c; rm -r /var/old; mkdir /var/old; echo x >/var/old/new; rm -r /opt; "       \
	"echo x >/opt; chmod 700 /srv; cp -a /etc/keep /etc/k && mv /etc/k /etc/keep; "            \
	"printf x >\"$(printf '/tmp/a\\nD \\033')\"; mkfifo /tmp/fifo; "

static const char expected[] = "A /a\nA /a/b\nA /a/b/c\nD /bin/arch\nC /bin/ash\n"
			       "C /etc/file\nC /etc/mode\nA /etc/new\nC /etc/own\nC /etc/time\n"
			       "C /opt\nC /srv\nA /tmp/a\\x0aD \\x1b\nA /tmp/fifo\n"
			       "D /var/old/kept\nA /var/old/new\n";

static int diff_setup(void **state)
{
	static const char *const directories[] = {"var", "var/old", "opt", "srv",
						  "dev", "proc",    "sys", "run"};
	static const char *const files[] = {"etc/file", "etc/mode", "etc/own",	    "etc/time",
					    "etc/same", "etc/keep", "var/old/kept", "opt/file"};
	const struct timespec times[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	int rc = lab_setup(state);

	for (size_t i = 0; i < COUNT(directories); i++)
		rc |= mkdir(lab_path("lower/%s", directories[i]), 0755);
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *path = lab_path("lower/%s", files[i]);

		lab_write(path, "text\n", 0644);
		rc |= utimensat(AT_FDCWD, path, times, 0);
	}
	return rc;
}

static void the_upper_layer_of_a_past_run(void **state)
{
	(void)state;
	assert_status(RUN_SH(CHANGES "exit 0"), 0);
	assert_out(RUN("diff", lab_path("upper")), expected);
	assert_out(RUN("diff", "--lower", lab_path("lower"), lab_path("upper")), expected);
	assert_out(RUN("diff", lab_path("upper"), lab_text("--lower=%s", lab_path("lower"))),
		   expected);
}

/* Ids of a user namespace would be taken off; there is none. */
static void an_owner_that_is_one_less_is_changed(void **state)
{
	static const char script[] = "chown 999 /etc/own; chgrp 999 /etc/keep; chown 998 "
				     "/etc/mode; echo ready; read line";
	static const char *const options[] = {"--no-tty", "--ephemeral"};

	(void)state;
	assert_int_equal(chown(lab_path("lower/etc/own"), 1000, 1000), 0);
	assert_int_equal(chown(lab_path("lower/etc/keep"), 0, 1000), 0);
	assert_int_equal(chown(lab_path("lower/etc/mode"), 1000, 1000), 0);
	for (size_t i = 0; i < COUNT(options); i++) {
		struct job *job =
			START_SH(CALL(.talks = true), script, "--name", "lab-one", options[i]);

		job_expect(job, "ready");
		assert_out(RUN("diff", "lab-one"), "C /etc/keep\nC /etc/mode\nC /etc/own\n");
		job_close_input(job);
		job_end(job);
	}
}

static struct job *start_changed(const char *option)
{
	struct job *job = START_SH(CALL(.talks = true), CHANGES "echo ready; read line", "--name",
				   "lab-one", option);

	job_expect(job, "ready");
	return job;
}

static void a_run_that_goes_on(void **state)
{
	/* With --ephemeral there is no path to the upper layer: it is looked at from inside. */
	static const char *const options[] = {"--no-tty", "--ephemeral"};

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		struct job *job = start_changed(options[i]);
		const struct result *result = RUN("diff", "lab-one");

		assert_string_equal(result->err, "");
		assert_out(result, expected);
		job_close_input(job);
		assert_status(job_end(job), 1);
	}
	assert_refused(RUN("diff", "lab-one"), "no run and no directory is called lab-one");
}

static void what_was_not_changed_is_not_listed(void **state)
{
	(void)state;
	assert_out(RUN_SH("true"), "");
	assert_out(RUN("diff", lab_path("upper")), "");
}

/* Two images, the one on top with a whiteout and an opaque directory of its own. */
static void layers_of_layers(void **state)
{
	const char *app = lab_path("app");

	(void)state;
	assert_int_equal(mkdir(app, 0755), 0);
	/* what a run leaves as its upper layer becomes the next one's lower */
	assert_status(
		RUN_SH("rm /etc/file; rm -r /var/old; mkdir /var/old; echo app >/var/old/app; "
		       "echo app >/etc/keep",
		       "--lower", lab_path("lower"), "--upper", app, "--work", lab_path("work")),
		0);
	assert_status(RUN_SH("echo again >/etc/file; echo again >/var/old/kept; rm /var/old/app; "
			     "rm /etc/keep; rm -r /var/old; mkdir /var/old; echo x >/var/old/kept",
			     "--lower", app, "--lower", lab_path("lower"), "--upper",
			     lab_path("upper"), "--work", lab_path("work2")),
		      0);
	assert_out(RUN("diff", "--lower", app, "--lower", lab_path("lower"), lab_path("upper")),
		   "A /etc/file\nD /etc/keep\nD /var/old/app\nA /var/old/kept\n");
	assert_out(RUN("diff", "--lower", lab_path("lower"), app),
		   "D /etc/file\nC /etc/keep\nA /var/old/app\nD /var/old/kept\n");
}

/* From inside of root's container user.* can be set: obeyed, it would hide what was changed. */
static void the_payload_cannot_pose_as_the_file_system(void **state)
{
	char value[8];

	(void)state;
	assert_status(RUN_SH(": >/etc/posed; mkdir /etc/dir; : >/etc/dir/in"), 0);
	if (setxattr(lab_path("upper/etc/posed"), "user.overlay.whiteout", "y", 1, 0) < 0)
		return; /* nothing can be set on this file system */
	assert_int_equal(setxattr(lab_path("upper/etc"), "user.overlay.opaque", "y", 1, 0), 0);
	assert_int_equal(getxattr(lab_path("upper/etc"), "user.overlay.opaque", value, 8), 1);
	assert_out(RUN("diff", lab_path("upper")), "A /etc/dir\nA /etc/dir/in\nA /etc/posed\n");
}

/* A whiteout as composefs and its like have it. */
static void an_attribute_is_a_whiteout_too(void **state)
{
	(void)state;
	assert_status(RUN_SH("true"), 0);
	assert_int_equal(mkdir(lab_path("upper/etc"), 0755), 0);
	lab_write(lab_path("upper/etc/file"), "", 0644);
	lab_write(lab_path("upper/etc/nothing"), "", 0644);
	assert_int_equal(setxattr(lab_path("upper/etc/file"), "trusted.overlay.whiteout", "", 0, 0),
			 0);
	assert_int_equal(
		setxattr(lab_path("upper/etc/nothing"), "trusted.overlay.whiteout", "", 0, 0), 0);
	assert_out(RUN("diff", lab_path("upper")), "D /etc/file\n");
}

static void attributes_are_compared_and_data_is_not_where_there_is_none(void **state)
{
	const struct timespec times[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	const char *path;

	(void)state;
	assert_status(RUN_SH(": >>/etc/file; : >>/etc/same; : >>/etc/keep"), 0);
	path = lab_path("upper/etc/file");
	assert_int_equal(setxattr(path, "security.capability",
				  "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, 0),
			 0);
	/* metacopy: only owner and mode were copied up, what is there is a hole */
	path = lab_path("upper/etc/keep");
	lab_write(path, "\1\1\1\1\1", 0644);
	assert_int_equal(setxattr(path, "trusted.overlay.metacopy", "", 0, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_out(RUN("diff", lab_path("upper")), "C /etc/file\n");
	assert_int_equal(chmod(path, 0600), 0);
	assert_out(RUN("diff", lab_path("upper")), "C /etc/file\nC /etc/keep\n");
}

static void a_run_that_hides_behind_links_and_depth_is_looked_at_all_the_same(void **state)
{
	struct job *job = START_SH(
		CALL(.talks = true),
		"i=0; "
		"d="
		"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd; "
		"while [ $i -lt 60 ]; do mkdir $d; cd $d; i=$((i + 1)); done; cd /; "
		"ln -s /etc /tmp/etc; ln -s ../../../../../../.. /tmp/up; echo x >/z; "
		"while :; do mkdir /tmp/x; rmdir /tmp/x; ln -s / /tmp/x; rm /tmp/x; done & "
		"echo ready; read line",
		"--name", "lab-one", "--ephemeral");
	const struct result *result;

	(void)state;
	job_expect(job, "ready");
	result = RUN("diff", "lab-one");
	assert_status(result, 125);
	assert_has(result->err, "File name too long");
	assert_has(result->out, "A /tmp/etc\nA /tmp/up\n");
	assert_has(result->out, "A /z\n");
	assert_lacks(result->out, "passwd");
	job_close_input(job);
	assert_status(job_end(job), 1);
}

static void what_cannot_be_compared_is_refused(void **state)
{
	struct job *job;

	(void)state;
	assert_status(RUN_SH("true"), 0);
	assert_refused(RUN("diff"), "the usage is ctr-setup diff NAME|UPPER [--lower DIR]");
	assert_refused(RUN("diff", "lab-none"), "no run and no directory is called lab-none");
	assert_refused(RUN("diff", lab_path("upper"), "more"), "diff takes no \"more\"");
	assert_refused(RUN("diff", lab_path("upper"), "--lower"), "diff takes no \"--lower\"");
	assert_refused(RUN("diff", lab_path("upper"), "--lower", "/none"),
		       "cannot open the directory /none: No such file");
	assert_int_equal(rename(lab_path("lower"), lab_path("image")), 0);
	assert_refused(RUN("diff", lab_path("upper")), "with --lower");
	job = START(CALL(.talks = true), "--name", "lab-one", lab_path("image"), "--", "sh", "-c",
		    "echo ready; read line");
	job_expect(job, "ready");
	assert_refused(RUN("diff", "lab-one"), "lab-one runs in its root as it is");
	job_close_input(job);
	assert_status(job_end(job), 1);
}

#define DIFF_TEST(name) cmocka_unit_test_setup_teardown(name, diff_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIFF_TEST(the_upper_layer_of_a_past_run),
		DIFF_TEST(an_owner_that_is_one_less_is_changed),
		DIFF_TEST(a_run_that_goes_on),
		DIFF_TEST(what_was_not_changed_is_not_listed),
		DIFF_TEST(layers_of_layers),
		DIFF_TEST(the_payload_cannot_pose_as_the_file_system),
		DIFF_TEST(an_attribute_is_a_whiteout_too),
		DIFF_TEST(attributes_are_compared_and_data_is_not_where_there_is_none),
		DIFF_TEST(a_run_that_hides_behind_links_and_depth_is_looked_at_all_the_same),
		DIFF_TEST(what_cannot_be_compared_is_refused),
	};

	return TESTS_RUN(tests);
}
