/* What an upper layer has changed: layers as overlayfs leaves them, made by hand. The attributes
 * that it sets, and real overlays, are for the integration suite. */
#include "verbs/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "support.h"

static const char *const roots[] = {"upper", "app", "base"};

static int layers_begin(void **state)
{
	(void)state;
	scratch_make();
	for (size_t i = 0; i < COUNT(roots); i++)
		mkdir(scratch("%s", roots[i]), 0755);
	return world_begin(state);
}

static int layers_end(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}
#define LAYERS_TEST(function) cmocka_unit_test_setup_teardown(function, layers_begin, layers_end)

static const struct timespec times[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

/* A copy keeps the time of what it was copied from. */
static void file(const char *path, const char *text)
{
	file_write(scratch("%s", path), text, strlen(text));
	assert_return_code(utimensat(AT_FDCWD, scratch("%s", path), times, 0), 0);
}

static void directory(const char *path)
{
	assert_return_code(mkdir(scratch("%s", path), 0755), 0);
}

static void whiteout(const char *path)
{
	assert_return_code(mknod(scratch("%s", path), S_IFCHR, makedev(0, 0)), 0);
}

static void link_to(const char *path, const char *target)
{
	const char *at = scratch("%s", path);

	assert_return_code(symlink(target, at), 0);
	assert_return_code(utimensat(AT_FDCWD, at, times, AT_SYMLINK_NOFOLLOW), 0);
}

static char *written;

/* Of upper beside app and base, or of a whole tree beside app. */
static void changes_write_all(bool is_whole, int *rc)
{
	int fds[COUNT(roots)];
	struct changes changes = {.rules.is_whole = is_whole,
				  .lower_fds = fds + 1,
				  .lower_count = is_whole ? 1 : COUNT(roots) - 1};
	size_t size;

	free(written);
	written = NULL;
	for (size_t i = 0; i < COUNT(roots); i++)
		fds[i] = open(scratch("%s", roots[i]), O_PATH | O_DIRECTORY | O_CLOEXEC);
	changes.tree_fd = fds[0];
	changes.to = open_memstream(&written, &size);
	*rc = changes_write(&changes);
	fclose(changes.to);
	for (size_t i = 0; i < COUNT(roots); i++)
		close(fds[i]);
}

static const char *changes_of(bool is_whole)
{
	int rc;

	changes_write_all(is_whole, &rc);
	assert_int_equal(rc, 0);
	return written;
}

static void what_is_new_changed_and_deleted_is_told_apart(void **state)
{
	(void)state;
	file("base/same", "text");
	file("upper/same", "text");
	file("base/text", "text");
	file("upper/text", "tex!");
	file("base/longer", "text");
	file("upper/longer", "texts");
	file("base/gone", "");
	whiteout("upper/gone");
	file("upper/new", "");
	directory("upper/dir");
	file("upper/dir/inside", "");
	link_to("base/link", "a");
	link_to("upper/link", "b");
	link_to("base/link2", "a");
	link_to("upper/link2", "a");
	assert_string_equal(changes_of(false), "A /dir\nA /dir/inside\nD /gone\nC /link\n"
					       "C /longer\nA /new\nC /text\n");
}

static void what_concerns_the_file_alone_is_a_change(void **state)
{
	(void)state;
	file("base/mode", "");
	file("upper/mode", "");
	chmod(scratch("upper/mode"), 0755);
	file("base/time", "");
	file("upper/time", "");
	utimensat(AT_FDCWD, scratch("upper/time"), NULL, 0);
	directory("base/dir");
	directory("upper/dir");
	chmod(scratch("upper/dir"), 0700);
	assert_string_equal(changes_of(false), "C /dir\nC /mode\nC /time\n");
}

static void a_directory_is_not_changed_by_what_is_in_it(void **state)
{
	(void)state;
	directory("base/a");
	directory("upper/a");
	directory("base/a/b");
	directory("upper/a/b");
	file("upper/a/b/new", "");
	assert_string_equal(changes_of(false), "A /a/b/new\n");
}

static void another_kind_of_file_is_a_change(void **state)
{
	(void)state;
	directory("base/dir");
	file("base/dir/inside", "");
	file("upper/dir", "");
	file("base/file", "");
	directory("upper/file");
	file("upper/file/inside", "");
	assert_string_equal(changes_of(false), "C /dir\nC /file\nA /file/inside\n");
}

static void layers_below_hide_each_other(void **state)
{
	(void)state;
	file("base/a", "base"); /* hidden by a whiteout: new again */
	whiteout("app/a");
	file("upper/a", "upper");
	file("base/b", "base"); /* the one on top counts */
	file("app/b", "app");
	file("upper/b", "app");
	file("base/c", "base"); /* deleted twice: there was nothing to delete */
	whiteout("app/c");
	whiteout("upper/c");
	directory("base/d"); /* a file hides a directory, and is replaced by one */
	file("base/d/x", "");
	file("app/d", "");
	directory("upper/d");
	file("upper/d/x", "");
	directory("base/e"); /* directories are one */
	file("base/e/x", "");
	directory("app/e");
	directory("upper/e");
	file("upper/e/x", "");
	whiteout("upper/e/y");
	assert_string_equal(changes_of(false), "A /a\nC /d\nA /d/x\n");
}

static void a_whole_tree_lacks_what_is_deleted(void **state)
{
	(void)state;
	file("app/gone", "");
	directory("app/dir");
	file("app/dir/inside", "");
	directory("app/kept");
	file("app/kept/gone", "");
	directory("upper/kept");
	file("upper/new", "");
	file("app/text", "text");
	file("upper/text", "tex!");
	assert_string_equal(changes_of(true), "D /dir\nD /gone\nD /kept/gone\nA /new\nC /text\n");
}

static void names_come_as_printable_text(void **state)
{
	(void)state;
	file("upper/\033[2J", "");
	file("upper/a\nD ", "");
	file("upper/b\\x41", "");
	file("upper/\xff", "");
	assert_string_equal(changes_of(false),
			    "A /\\x1b[2J\nA /a\\x0aD \nA /b\\x5cx41\nA /\\xff\n");
}

static void a_link_is_never_gone_along(void **state)
{
	(void)state;
	directory("base/etc");
	file("base/etc/passwd", "");
	link_to("upper/etc", "/etc");
	link_to("upper/up", "../..");
	directory("upper/lib");
	link_to("base/lib", "/lib");
	assert_string_equal(changes_of(false), "C /etc\nC /lib\nA /up\n");
}

static void what_would_block_or_act_when_it_is_opened_is_not(void **state)
{
	(void)state;
	assert_return_code(mkfifo(scratch("base/fifo"), 0644), 0);
	assert_return_code(mkfifo(scratch("upper/fifo"), 0644), 0);
	assert_return_code(utimensat(AT_FDCWD, scratch("base/fifo"), times, 0), 0);
	assert_return_code(utimensat(AT_FDCWD, scratch("upper/fifo"), times, 0), 0);
	assert_string_equal(changes_of(false), "");
}

/* A path of more than PATH_MAX, which no path leads back to: made and removed by descriptors. */
static void what_is_too_deep_is_said_and_the_rest_is_written(void **state)
{
	enum { DEPTH = 25 };
	char name[201];
	const char *said;
	int fds[DEPTH + 1], rc;

	(void)state;
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fds[0] = open(scratch("upper"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < DEPTH; i++) {
		assert_return_code(mkdirat(fds[i], name, 0755), 0);
		fds[i + 1] = openat(fds[i], name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	file("upper/z", "");
	capture_begin(STDERR_FILENO);
	changes_write_all(false, &rc);
	said = capture_end();
	for (int i = DEPTH; i >= 0; i--) {
		close(fds[i]);
		if (i > 0)
			unlinkat(fds[i - 1], name, AT_REMOVEDIR);
	}
	assert_int_equal(rc, -ENAMETOOLONG);
	assert_one_line(said);
	assert_contains(said, "cannot look at /ddd");
	assert_contains(written, "\nA /z\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAYERS_TEST(what_is_new_changed_and_deleted_is_told_apart),
		LAYERS_TEST(what_concerns_the_file_alone_is_a_change),
		LAYERS_TEST(a_directory_is_not_changed_by_what_is_in_it),
		LAYERS_TEST(another_kind_of_file_is_a_change),
		LAYERS_TEST(layers_below_hide_each_other),
		LAYERS_TEST(a_whole_tree_lacks_what_is_deleted),
		LAYERS_TEST(names_come_as_printable_text),
		LAYERS_TEST(a_link_is_never_gone_along),
		LAYERS_TEST(what_would_block_or_act_when_it_is_opened_is_not),
		LAYERS_TEST(what_is_too_deep_is_said_and_the_rest_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
