/* The root: layers found, made, kept apart; and every refusal before the kernel's own EINVAL. */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static void directory_add(const char *path)
{
	if (mkdir(path, 0755) < 0)
		fail_msg("cannot make %s: %s", path, strerror(errno));
}

static void mount_add(const char *type, const char *path, const char *options)
{
	if (!is_there(path))
		directory_add(path);
	if (mount(type, path, type, 0, options) < 0)
		lab_cannot(lab_text("cannot mount %s: %s", type, strerror(errno)));
}

static void mount_remove(const char *path)
{
	assert_int_equal(umount2(path, MNT_DETACH), 0);
}

/* --- what is there */

/* T-PATH-6 */
static void upper_and_work_are_made_beside_the_root_and_take_the_changes(void **state)
{
	const char *lower = lab_manifest(lab_path("lower"));

	(void)state;
	assert_status(RUN_SH("echo new >/etc/new; rm /bin/vi; echo more >/bin/cat2"), 0);
	assert_string_equal(lab_read(lab_path("upper/etc/new")), "new\n");
	assert_true(is_there(lab_path("work")));
	assert_string_equal(lab_manifest(lab_path("lower")), lower);
	assert_string_equal(lab_manifest(lab_merged()), ". d 755 0:0 \n");
}

static void changes_are_there_in_the_next_run(void **state)
{
	(void)state;
	assert_status(RUN_SH("echo kept >/root/file; rm /bin/vi"), 0);
	assert_out(RUN_SH("cat /root/file; ls /bin/vi 2>/dev/null || echo gone"), "kept\ngone\n");
}

/* T-PATH-6 */
static void the_upper_layer_holds_nothing_of_ours_but_mount_points(void **state)
{
	(void)state;
	assert_status(RUN(lab_merged(), "true"), 0);
	assert_string_equal(lab_manifest(lab_path("upper")), ". d 755 0:0 \n"
							     "./dev d 755 0:0 \n"
							     "./proc d 755 0:0 \n"
							     "./run d 755 0:0 \n"
							     "./sys d 755 0:0 \n");
}

static void of_several_lower_layers_the_first_is_on_top(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		directory_add(lab_path("l%d", i));
		lab_write(lab_path("l%d/which", i), lab_text("%d\n", i), 0644);
		lab_write(lab_path("l%d/only%d", i, i), "", 0644);
	}
	assert_out(RUN("--lower", lab_path("l2"), "--lower", lab_path("l1"), "--lower",
		       lab_path("l3"), "--lower", lab_path("lower"), lab_merged(), "--", "sh", "-c",
		       "cat /which; echo /only*"),
		   "2\n/only1 /only2 /only3\n");
}

static void upper_and_work_can_be_named(void **state)
{
	(void)state;
	assert_status(RUN_SH("echo new >/new", "--upper", lab_path("u"), "--work", lab_path("w")),
		      0);
	assert_string_equal(lab_read(lab_path("u/new")), "new\n");
	assert_true(is_there(lab_path("w/work")));
	assert_false(is_there(lab_path("upper")));
	assert_status(RUN_SH("echo new >/new2", "--upper", lab_path("v")), 0);
	assert_string_equal(lab_read(lab_path("v/new2")), "new\n");
	assert_false(is_there(lab_path("upper")));
}

static void an_ephemeral_run_leaves_nothing(void **state)
{
	const char *before = lab_manifest(lab_directory());

	(void)state;
	assert_out(RUN_SH("echo new >/new; rm /bin/vi; cat /new", "--ephemeral"), "new\n");
	assert_string_equal(lab_manifest(lab_directory()), before);
	assert_out(RUN_SH("ls /new 2>/dev/null || echo gone", "--ephemeral"), "gone\n");
}

static void without_lower_the_directory_itself_is_the_root(void **state)
{
	(void)state;
	directory_add(lab_path("plain"));
	assert_int_equal(rename(lab_path("lower"), lab_path("plain/root")), 0);
	assert_out(RUN(lab_path("plain/root"), "--", "sh", "-c", "echo new >/new; cat /new"),
		   "new\n");
	assert_string_equal(lab_read(lab_path("plain/root/new")), "new\n");
	assert_false(is_there(lab_path("plain/upper")));
}

static void an_overlay_mounted_by_hand_is_used_as_it_is(void **state)
{
	const char *mounts;

	(void)state;
	directory_add(lab_path("hand"));
	directory_add(lab_path("handwork"));
	mount_add("overlay", lab_merged(),
		  lab_text("lowerdir=%s,upperdir=%s,workdir=%s", lab_path("lower"),
			   lab_path("hand"), lab_path("handwork")));
	mounts = host_mountinfo(getpid());
	assert_out(RUN_SH("echo new >/new; cat /new"), "new\n");
	assert_string_equal(lab_read(lab_path("hand/new")), "new\n");
	assert_false(is_there(lab_path("upper")));
	assert_string_equal(host_mountinfo(getpid()), mounts);
	mount_remove(lab_merged());
}

static void relative_paths_and_links_and_slashes_lead_to_the_root(void **state)
{
	static const char *const roots[] = {"merged", "./merged", "merged/", "lower/../merged//",
					    "link"};

	(void)state;
	assert_int_equal(symlink("merged", lab_path("link")), 0);
	for (size_t i = 0; i < COUNT(roots); i++)
		assert_out(
			job_end(START(CALL(.before = enter_laboratory, .argument = lab_directory()),
				      roots[i], "--", "echo", "here")),
			"here\n");
}

/* T-PATH-8: characters that mean something to overlayfs, to mount(8), to the plan or to nobody. */
static void paths_of_any_bytes_work(void **state)
{
	static const char *const names[] = {
		"a,b",		"a:b",	 "a\\b", "a b",	      "a\nb", "a\tb",	      "a'b", "a=b",
		"a\\,b",	"a\\:b", "\\",	 "lowerdir=", "-",    "\xff\xfe\x01", "#",   "a\\",
		"a,upperdir=b", ":",	 ",,",	 "%s%n",      "\"",   "a\"b,c",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *base = lab_path("%s", names[i]);

		directory_add(base);
		directory_add(lab_text("%s/lower", base));
		directory_add(lab_text("%s/merged", base));
		lab_write(lab_text("%s/lower/here", base), names[i], 0644);
		assert_out(RUN("--lower", lab_text("%s/lower", base), "--lower", lab_path("lower"),
			       lab_text("%s/merged", base), "--", "sh", "-c",
			       "cat /here; echo new >/new"),
			   names[i]);
		assert_string_equal(lab_read(lab_text("%s/upper/new", base)), "new\n");
	}
}

/* T-PATH-8 */
static void a_long_path_works(void **state)
{
	char *base = lab_path("%0200d", 7);

	(void)state;
	for (int i = 0; i < 4; i++) {
		directory_add(base);
		base = lab_text("%s/%0200d", base, i);
	}
	directory_add(base);
	assert_out(RUN("--lower", lab_path("lower"), "--upper", lab_text("%s/upper", base),
		       lab_merged(), "--", "echo", "here"),
		   "here\n");
}

/* As many as overlayfs takes; mount(2) has one page for all options. */
static void hundreds_of_layers_with_long_names_work(void **state)
{
	const char *arguments[1024] = {"--ephemeral"};
	size_t count = 1;

	(void)state;
	for (int i = 0; i < 499; i++) {
		const char *lower = lab_path("%0200d", i);

		directory_add(lower);
		arguments[count++] = "--lower";
		arguments[count++] = lower;
	}
	arguments[count++] = "--lower";
	arguments[count++] = lab_path("lower");
	arguments[count++] = lab_merged();
	arguments[count++] = "echo";
	arguments[count++] = "here";
	assert_out(job_end(job_start(NULL, arguments)), "here\n");
	arguments[count - 3] = "--lower"; /* one too many */
	arguments[count - 2] = lab_path("merged");
	arguments[count - 1] = lab_merged();
	assert_refused(job_end(job_start(NULL, arguments)), "cannot mount an overlay on ");
}

static void the_payload_does_not_see_where_its_layers_are(void **state)
{
	const struct result *result = RUN_SH("cat /proc/self/mountinfo /proc/mounts", "--bind",
					     lab_text("%s:/mnt", lab_path("lower/etc")));

	(void)state;
	assert_status(result, 0);
	for (const char *const *name = (const char *const[]){"/merged", "/upper", "/work", NULL};
	     *name; name++)
		assert_lacks(result->out, *name);
	assert_has(result->out, "lowerdir=");
}

/* A planted redirect would show a directory of the upper file system that is in no layer. */
static void a_planted_redirect_is_not_followed(void **state)
{
	const struct result *result;

	(void)state;
	directory_add(lab_path("l1"));
	directory_add(lab_path("l1/dir"));
	directory_add(lab_path("lower/secret"));
	lab_write(lab_path("lower/secret/file"), "secret\n", 0644);
	assert_int_equal(setxattr(lab_path("l1/dir"), "trusted.overlay.redirect", "/secret", 7, 0),
			 0);
	result = RUN("--lower", lab_path("l1"), "--lower", lab_path("lower"), lab_merged(), "--",
		     "sh", "-c", "ls /dir; cat /dir/file; echo end");
	assert_status(result, 0);
	assert_string_equal(result->out, "end\n");
}

static void the_root_may_be_a_lower_layer_itself(void **state)
{
	(void)state;
	lab_write(lab_path("merged/here"), "here\n", 0644);
	assert_out(RUN_SH("cat /here; echo new >/new", "--lower", lab_merged(), "--lower",
			  lab_path("lower")),
		   "here\n");
	assert_string_equal(lab_read(lab_path("upper/new")), "new\n");
	assert_false(is_there(lab_path("merged/new")));
}

/* --- refusals */

static void layers_that_are_missing_or_no_directories_are_refused(void **state)
{
	(void)state;
	lab_write(lab_path("file"), "", 0644);
	assert_refused(RUN(lab_path("none"), "true"), "cannot find the root directory");
	assert_refused(RUN(lab_path("file"), "true"), "Not a directory");
	assert_refused(RUN("--lower", lab_path("none"), lab_merged(), "true"),
		       lab_text("cannot find the lower directory %s", lab_path("none")));
	assert_refused(RUN("--lower", lab_path("file"), lab_merged(), "true"), "Not a directory");
	assert_refused(RUN("--upper", lab_path("none/upper"), lab_merged(), "true"),
		       lab_text("%s", lab_path("none/upper")));
	assert_refused(RUN("--upper", lab_path("file"), lab_merged(), "true"), lab_path("file"));
	assert_refused(RUN("--upper", lab_path("u"), "--work", lab_path("none/work"), lab_merged(),
			   "true"),
		       lab_text("%s", lab_path("none/work")));
	assert_refused(RUN("", "true"), "the root directory");
	assert_refused(RUN("/", "true"), "it is the host's own");
	lab_assert_clean();
}

static void layers_that_overlap_are_refused(void **state)
{
	(void)state;
	assert_refused(RUN("--upper", lab_path("lower/upper"), lab_merged(), "true"), "overlap");
	assert_refused(RUN("--upper", lab_path("lower"), lab_merged(), "true"), "overlap");
	directory_add(lab_path("u"));
	assert_refused(
		RUN("--upper", lab_path("u"), "--work", lab_path("u/work"), lab_merged(), "true"),
		"overlap");
	assert_refused(RUN("--upper", lab_path("u"), "--work", lab_path("u"), lab_merged(), "true"),
		       "overlap");
	assert_refused(RUN("--lower", lab_path("lower"), "--lower", lab_path("lower/etc"),
			   lab_merged(), "true"),
		       "overlap");
	assert_false(is_there(lab_path("u/work")));
}

static void upper_and_work_on_different_mounts_are_refused(void **state)
{
	(void)state;
	mount_add("tmpfs", lab_path("work"), "");
	assert_refused(RUN(lab_merged(), "true"), "are on different mounts");
	mount_remove(lab_path("work"));
}

static void upper_on_an_overlay_is_refused(void **state)
{
	(void)state;
	directory_add(lab_path("u"));
	directory_add(lab_path("w"));
	mount_add("overlay", lab_path("ov"),
		  lab_text("lowerdir=%s,upperdir=%s,workdir=%s", lab_path("lower"), lab_path("u"),
			   lab_path("w")));
	assert_refused(RUN("--upper", lab_path("ov/upper"), lab_merged(), "true"),
		       "it is on an overlay itself");
	mount_remove(lab_path("ov"));
}

static void upper_on_a_file_system_without_trusted_attributes_is_refused(void **state)
{
	(void)state;
	mount_add("ramfs", lab_path("ram"), "");
	if (setxattr(lab_path("ram"), "trusted.test", "x", 1, 0) == 0) {
		mount_remove(lab_path("ram"));
		lab_cannot("this kernel's ramfs keeps trusted attributes");
	}
	assert_refused(RUN("--upper", lab_path("ram/upper"), lab_merged(), "true"),
		       "keeps no trusted attributes");
	mount_remove(lab_path("ram"));
}

static void upper_on_a_read_only_mount_is_refused(void **state)
{
	(void)state;
	mount_add("tmpfs", lab_path("ro"), "");
	directory_add(lab_path("ro/upper"));
	assert_int_equal(mount(NULL, lab_path("ro"), NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_refused(RUN("--upper", lab_path("ro/upper"), lab_merged(), "true"),
		       "Read-only file system");
	mount_remove(lab_path("ro"));
}

static void a_work_directory_with_something_in_it_is_refused(void **state)
{
	(void)state;
	directory_add(lab_path("work"));
	lab_write(lab_path("work/file"), "mine", 0644);
	assert_refused(RUN(lab_merged(), "true"), "it holds \"file\"");
	assert_string_equal(lab_read(lab_path("work/file")), "mine");
}

static void an_upper_layer_in_use_is_refused(void **state)
{
	struct job *job = START(CALL(.talks = true), "--name", "lab-one", lab_merged(), "--", "sh",
				"-c", "echo ready; cat");

	(void)state;
	job_expect(job, "ready");
	assert_refused(RUN(lab_merged(), "true"), "the run lab-one is using it");
	directory_add(lab_path("other"));
	assert_refused(RUN("--lower", lab_path("lower"), "--upper", lab_path("upper"), "--work",
			   lab_path("otherwork"), lab_path("other"), "true"),
		       "the run lab-one is using it");
	assert_refused(RUN("--lower", lab_path("lower"), "--upper", lab_path("otherupper"),
			   "--work", lab_path("work"), lab_path("other"), "true"),
		       "work as work: the run lab-one is using it");
	assert_status(RUN("--ephemeral", lab_merged(), "true"), 0);
	assert_status(job_end(job), 0);
	assert_status(RUN(lab_merged(), "true"), 0);
}

/* Two runs whose work is one would wipe each other's. */
static void a_work_directory_in_use_is_refused(void **state)
{
	struct job *job = START_SH(CALL(.talks = true), "echo ready; cat");

	(void)state;
	job_expect(job, "ready");
	assert_refused(
		RUN("--upper", lab_path("u2"), "--work", lab_path("work"), lab_merged(), "true"),
		lab_path("work"));
	assert_status(job_end(job), 0);
}

static void options_that_contradict_each_other_are_refused(void **state)
{
	(void)state;
	assert_refused(RUN("--ephemeral", "--upper", lab_path("u"), lab_merged(), "true"),
		       "--upper");
	assert_refused(RUN("--work", lab_path("w"), lab_merged(), "true"), "--upper");
	assert_int_equal(rename(lab_path("lower"), lab_path("image")), 0);
	assert_refused(RUN("--ephemeral", lab_path("image"), "true"), "needs a lower layer");
	assert_refused(RUN("--upper", lab_path("u"), lab_path("image"), "true"),
		       "needs a lower layer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(upper_and_work_are_made_beside_the_root_and_take_the_changes),
		TEST(changes_are_there_in_the_next_run),
		TEST(the_upper_layer_holds_nothing_of_ours_but_mount_points),
		TEST(of_several_lower_layers_the_first_is_on_top),
		TEST(upper_and_work_can_be_named),
		TEST(an_ephemeral_run_leaves_nothing),
		TEST(without_lower_the_directory_itself_is_the_root),
		TEST(an_overlay_mounted_by_hand_is_used_as_it_is),
		TEST(relative_paths_and_links_and_slashes_lead_to_the_root),
		TEST(paths_of_any_bytes_work),
		TEST(a_long_path_works),
		TEST(hundreds_of_layers_with_long_names_work),
		TEST(the_payload_does_not_see_where_its_layers_are),
		TEST(a_planted_redirect_is_not_followed),
		TEST(the_root_may_be_a_lower_layer_itself),
		TEST(layers_that_are_missing_or_no_directories_are_refused),
		TEST(layers_that_overlap_are_refused),
		TEST(upper_and_work_on_different_mounts_are_refused),
		TEST(upper_on_an_overlay_is_refused),
		TEST(upper_on_a_file_system_without_trusted_attributes_is_refused),
		TEST(upper_on_a_read_only_mount_is_refused),
		TEST(a_work_directory_with_something_in_it_is_refused),
		TEST(an_upper_layer_in_use_is_refused),
		TEST(a_work_directory_in_use_is_refused),
		TEST(options_that_contradict_each_other_are_refused),
	};

	return TESTS_RUN(tests);
}
