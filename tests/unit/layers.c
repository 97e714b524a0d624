/* What needs other mounts or root (an overlay there already, upper on another file system) is for
 * the integration suite. */
#include "layers.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "support.h"

static struct layers layers;

/* Directories root, lower and other, on a file system that can hold an upper layer. */
static int scratch_begin(void **state)
{
	struct statfs fs;

	(void)state;
	scratch_make();
	if (statfs(scratch("."), &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC) {
		scratch_remove();
		setenv("TMPDIR", "/dev/shm", 1);
		scratch_make();
	}
	mkdir(scratch("merged"), 0755);
	mkdir(scratch("lower"), 0755);
	mkdir(scratch("other"), 0755);
	return 0;
}

static int scratch_end(void **state)
{
	(void)state;
	(void)!chdir("/");
	layers_free(&layers);
	scratch_remove();
	return 0;
}

#define SCRATCH_TEST(function) cmocka_unit_test_setup_teardown(function, scratch_begin, scratch_end)

static int find(const struct spec *spec, const char **said)
{
	int rc;

	layers_free(&layers);
	capture_begin(STDERR_FILENO);
	rc = layers_find(spec, &layers);
	if (rc == 0)
		rc = layers_check(&layers);
	*said = capture_end();
	return rc;
}

static void found(const struct spec *spec)
{
	const char *said;

	if (find(spec, &said) != 0)
		fail_msg("%s", said);
	assert_string_equal(said, "");
}

static const char *refused(const struct spec *spec)
{
	const char *said;

	assert_true(find(spec, &said) < 0);
	assert_one_line(said);
	return said;
}

static void a_sibling_lower_makes_an_overlay_of_siblings(void **state)
{
	struct spec spec = {.rootfs = scratch("other/../merged/")};

	(void)state;
	found(&spec);
	assert_string_equal(layers.root, scratch("merged"));
	assert_int_equal(layers.lower_count, 1);
	assert_string_equal(layers.lower[0], scratch("lower"));
	assert_string_equal(layers.upper, scratch("upper"));
	assert_string_equal(layers.work, scratch("work"));
	assert_int_equal(access(scratch("upper"), F_OK), -1); /* nothing has changed */
	assert_int_equal(access(scratch("work"), F_OK), -1);
}

static void layers_directly_below_the_root_may_be_yet_to_come(void **state)
{
	const char *lower[] = {scratch("lower")};
	struct spec spec = {
		.rootfs = scratch("merged"),
		.lower = {lower, 1},
		.upper = "/ctr-unit-upper",
		.work = "/ctr-unit-work",
	};
	const char *said;

	(void)state;
	find(&spec, &said); /* what "/" is on may carry no upper layer */
	assert_lacks(said, "cannot look at");
}

static void a_root_without_lower_is_used_as_it_is(void **state)
{
	struct spec spec = {.rootfs = scratch("merged")};

	(void)state;
	rmdir(scratch("lower"));
	found(&spec);
	assert_int_equal(layers.lower_count, 0);
	assert_null(layers.upper);
	assert_null(layers.work);
}

static void lower_none_takes_the_root_as_it_is_beside_a_lower(void **state)
{
	const char *lower[] = {"none"};
	struct spec spec = {.rootfs = scratch("merged"), .lower = {lower, 1}};

	(void)state;
	found(&spec);
	assert_string_equal(layers.root, scratch("merged"));
	assert_int_equal(layers.lower_count, 0);
	assert_null(layers.upper);
}

static void named_layers_win_over_siblings_and_keep_their_order(void **state)
{
	const char *lower[] = {scratch("other"), scratch("lower")};
	struct spec spec = {
		.rootfs = scratch("merged"),
		.lower = {lower, 2},
		.upper = scratch("my/changes"),
	};

	(void)state;
	mkdir(scratch("my"), 0755);
	found(&spec);
	assert_int_equal(layers.lower_count, 2);
	assert_string_equal(layers.lower[0], scratch("other"));
	assert_string_equal(layers.lower[1], scratch("lower"));
	assert_string_equal(layers.upper, scratch("my/changes"));
	assert_string_equal(layers.work, scratch("my/work"));
	spec.work = scratch("my/workplace///");
	found(&spec);
	assert_string_equal(layers.work, scratch("my/workplace"));
	/* ... and need none. */
	rmdir(scratch("lower"));
	spec.lower.count = 1;
	found(&spec);
	assert_int_equal(layers.lower_count, 1);
	assert_string_equal(layers.lower[0], scratch("other"));
}

static void symbolic_links_are_resolved_before_anything_is_compared(void **state)
{
	struct spec spec = {.rootfs = scratch("root-link"), .upper = scratch("up-link")};

	(void)state;
	assert_return_code(symlink("merged", scratch("root-link")), 0);
	assert_return_code(symlink("other", scratch("up-link")), 0);
	found(&spec);
	assert_string_equal(layers.root, scratch("merged"));
	assert_string_equal(layers.upper, scratch("other"));
	unlink(scratch("up-link"));
	assert_return_code(symlink("lower", scratch("up-link")), 0);
	assert_contains(refused(&spec), "overlap");
}

static void relative_paths_come_out_absolute(void **state)
{
	const char *lower[] = {"lower"};
	struct spec spec = {.rootfs = "merged", .lower = {lower, 1}, .upper = "u", .work = "w"};

	(void)state;
	assert_return_code(chdir(scratch(".")), 0);
	found(&spec);
	assert_string_equal(layers.lower[0], scratch("lower"));
	assert_string_equal(layers.upper, scratch("u"));
	assert_string_equal(layers.work, scratch("w"));
}

static void ephemeral_leaves_upper_to_the_run(void **state)
{
	struct spec spec = {.rootfs = scratch("merged"), .ephemeral = true};

	(void)state;
	found(&spec);
	assert_int_equal(layers.lower_count, 1);
	assert_null(layers.upper);
	assert_null(layers.work);
	rmdir(scratch("lower"));
	assert_contains(refused(&spec), "--ephemeral needs a lower layer");
	spec = (struct spec){.rootfs = scratch("merged"), .upper = scratch("other")};
	assert_contains(refused(&spec), "--upper needs a lower layer");
}

static void what_is_missing_or_no_directory_is_named(void **state)
{
	const char *lower[] = {scratch("lower"), scratch("nothing")};
	struct spec spec = {.rootfs = scratch("nowhere")};

	(void)state;
	assert_contains(refused(&spec), "nowhere: No such file or directory (for an overlay");
	file_write(scratch("file"), "", 0);
	spec.rootfs = scratch("file");
	assert_contains(refused(&spec), "as the root directory: Not a directory");
	spec = (struct spec){.rootfs = scratch("merged"), .lower = {lower, 2}};
	assert_contains(refused(&spec), "/nothing: No such file or directory");
	spec = (struct spec){.rootfs = scratch("merged"), .upper = scratch("no/where")};
	assert_contains(refused(&spec), "cannot find where the upper directory");
	spec = (struct spec){
		.rootfs = scratch("merged"), .upper = scratch("other"), .work = scratch("no/work")};
	assert_contains(refused(&spec), "cannot find where the work directory");
}

static void an_empty_path_is_not_the_current_directory(void **state)
{
	struct spec spec = {.rootfs = ""};

	(void)state;
	assert_return_code(chdir(scratch("other")), 0);
	refused(&spec);
	spec = (struct spec){.rootfs = scratch("merged"), .upper = ""};
	refused(&spec);
	spec = (struct spec){.rootfs = scratch("merged"), .upper = scratch("other"), .work = ""};
	refused(&spec);
}

static void the_host_s_root_is_no_container(void **state)
{
	struct spec spec = {.rootfs = "/"};

	(void)state;
	assert_contains(refused(&spec), "cannot use / as the root");
	spec.rootfs = "/../.";
	assert_contains(refused(&spec), "cannot use / as the root");
}

static void layers_that_overlap_are_refused(void **state)
{
	static const struct {
		const char *lower, *upper, *work;
	} bad[] = {
		{".", "upper", "work"},		 {"other", "other", "work"},
		{"other", "other/in", "work"},	 {"other/in", "other", "work"},
		{"other", "upper", "other"},	 {"other", "upper", "other/w"},
		{"other", "upper", "upper"},	 {"other", "upper", "upper/work"},
		{"other", "work/upper", "work"},
	};

	(void)state;
	mkdir(scratch("other/in"), 0755);
	mkdir(scratch("upper"), 0755);
	mkdir(scratch("work"), 0755);
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *lower[] = {scratch("%s", bad[i].lower)};
		struct spec spec = {
			.rootfs = scratch("merged"),
			.lower = {lower, 1},
			.upper = scratch("%s", bad[i].upper),
			.work = scratch("%s", bad[i].work),
		};

		assert_contains(refused(&spec), "overlap");
	}
}

static void an_upper_on_the_lower_of_the_whole_host_overlaps(void **state)
{
	const char *lower[] = {"/"};
	struct spec spec = {
		.rootfs = scratch("merged"),
		.lower = {lower, 1},
		.upper = scratch("upper"),
		.work = scratch("work"),
	};

	(void)state;
	assert_contains(refused(&spec), "overlap");
}

static void lower_layers_that_overlap_each_other_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{"lower", "lower"}, {"lower", "lower/in"}, {"lower/in", "lower"}};

	(void)state;
	mkdir(scratch("lower/in"), 0755);
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *lower[] = {scratch("%s", bad[i][0]), scratch("%s", bad[i][1])};
		struct spec spec = {.rootfs = scratch("merged"), .lower = {lower, 2}};

		assert_contains(refused(&spec), "overlap");
	}
}

static void a_name_that_begins_like_another_does_not_overlap_it(void **state)
{
	const char *lower[] = {scratch("lower")};
	struct spec spec = {
		.rootfs = scratch("merged"),
		.lower = {lower, 1},
		.upper = scratch("lower2"),
		.work = scratch("merged2"),
	};

	(void)state;
	found(&spec);
}

static void only_an_overlay_s_own_names_may_be_in_work(void **state)
{
	static const char *const foreign[] = {"x", "notes",   "work2", "ork",
					      "k", ".hidden", "in dex"};
	struct spec spec = {.rootfs = scratch("merged")};

	(void)state;
	mkdir(scratch("work"), 0755);
	mkdir(scratch("work/work"), 0755);
	mkdir(scratch("work/index"), 0755);
	found(&spec);
	for (size_t i = 0; i < COUNT(foreign); i++) {
		const char *said;

		mkdir(scratch("work/%s", foreign[i]), 0755);
		if (find(&spec, &said) != -ENOTEMPTY)
			fail_msg("a work directory that holds \"%s\" is accepted", foreign[i]);
		rmdir(scratch("work/%s", foreign[i]));
	}
}

static void a_root_with_nothing_in_it_is_refused(void **state)
{
	struct bind bind = {0};
	struct spec spec = {.rootfs = scratch("merged")};
	const char *hook = "hook", *said;

	(void)state;
	mkdir(scratch("upper"), 0755);
	for (int i = 0; i < 2; i++) { /* of a lower layer, and without one */
		found(&spec);
		capture_begin(STDERR_FILENO);
		assert_true(layers_content_check(&spec, &layers) < 0);
		said = capture_end();
		assert_one_line(said);
		assert_contains(said,
				i ? "no directory \"lower\" beside it" : "lower as the lower");
		spec.bind_count = 1;
		spec.binds = &bind;
		assert_int_equal(layers_content_check(&spec, &layers), 0);
		spec.bind_count = 0;
		spec.hooks = (struct texts){&hook, 1};
		assert_int_equal(layers_content_check(&spec, &layers), 0);
		spec.hooks.count = 0;
		mkdir(scratch(i ? "merged/bin" : "upper/bin"), 0755);
		assert_int_equal(layers_content_check(&spec, &layers), 0);
		rmdir(scratch("lower"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(a_sibling_lower_makes_an_overlay_of_siblings),
		SCRATCH_TEST(layers_directly_below_the_root_may_be_yet_to_come),
		SCRATCH_TEST(a_root_without_lower_is_used_as_it_is),
		SCRATCH_TEST(lower_none_takes_the_root_as_it_is_beside_a_lower),
		SCRATCH_TEST(named_layers_win_over_siblings_and_keep_their_order),
		SCRATCH_TEST(symbolic_links_are_resolved_before_anything_is_compared),
		SCRATCH_TEST(relative_paths_come_out_absolute),
		SCRATCH_TEST(ephemeral_leaves_upper_to_the_run),
		SCRATCH_TEST(what_is_missing_or_no_directory_is_named),
		SCRATCH_TEST(a_root_with_nothing_in_it_is_refused),
		SCRATCH_TEST(an_empty_path_is_not_the_current_directory),
		SCRATCH_TEST(the_host_s_root_is_no_container),
		SCRATCH_TEST(layers_that_overlap_are_refused),
		SCRATCH_TEST(an_upper_on_the_lower_of_the_whole_host_overlaps),
		SCRATCH_TEST(lower_layers_that_overlap_each_other_are_refused),
		SCRATCH_TEST(a_name_that_begins_like_another_does_not_overlap_it),
		SCRATCH_TEST(only_an_overlay_s_own_names_may_be_in_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
