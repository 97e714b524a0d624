/* Of real directories. */
#include "upper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

enum { SIZE = 1 << 20 };

static int dir_fd;

static int tree_begin(void **state)
{
	dir_fd = open(scratch_make(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return world_begin(state);
}

static int tree_end(void **state)
{
	(void)state;
	close(dir_fd);
	scratch_remove();
	return 0;
}
#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, tree_begin, tree_end)

static void file_of(const char *path, size_t size)
{
	static const char bytes[SIZE] = {1};

	file_write(path, bytes, size);
}

/* A directory may take more with each entry, too. */
static void assert_grown(int64_t before, int64_t bytes)
{
	assert_in_range(upper_bytes(dir_fd) - before, bytes, bytes + 65536);
}

static void what_is_written_counts_at_any_depth(void **state)
{
	int64_t before = upper_bytes(dir_fd);

	(void)state;
	assert_true(before >= 0);
	file_of(scratch("a"), SIZE);
	assert_grown(before, SIZE);
	mkdir(scratch("d"), 0700);
	mkdir(scratch("d/e"), 0700);
	file_of(scratch("d/e/b"), SIZE);
	assert_grown(before, 2 * SIZE);
	unlink(scratch("a"));
	assert_grown(before, SIZE);
}

static void a_file_of_several_names_counts_once(void **state)
{
	int64_t before = upper_bytes(dir_fd);

	(void)state;
	file_of(scratch("a"), SIZE);
	for (int i = 0; i < 6; i++)
		assert_int_equal(link(scratch("a"), scratch("b%d", i)), 0);
	assert_grown(before, SIZE);
}

static void a_hole_takes_nothing(void **state)
{
	int64_t before = upper_bytes(dir_fd);

	(void)state;
	file_of(scratch("a"), 1);
	assert_int_equal(truncate(scratch("a"), (off_t)1 << 40), 0);
	assert_grown(before, 0);
}

static void links_and_fifos_lead_nowhere(void **state)
{
	int64_t before = upper_bytes(dir_fd);

	(void)state;
	assert_int_equal(symlink("/usr", scratch("usr")), 0);
	assert_int_equal(symlink(".", scratch("here")), 0);
	assert_int_equal(mkfifo(scratch("fifo"), 0600), 0);
	assert_grown(before, 0);
}

static void what_is_nested_too_deep_is_not_known(void **state)
{
	int fds[300];

	(void)state;
	fds[0] = dup(dir_fd);
	for (int i = 0; i + 1 < (int)COUNT(fds); i++) {
		assert_int_equal(mkdirat(fds[i], "d", 0700), 0);
		fds[i + 1] = openat(fds[i], "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fds[i]);
	}
	close(fds[COUNT(fds) - 1]);
	assert_int_equal(upper_bytes(dir_fd), -1);
}

static void what_is_no_directory_is_not_known(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(upper_bytes(-1), -1);
	assert_int_equal(upper_bytes(fd), -1);
	close(fd);
}

static void a_signal_that_ends_us_ends_the_walk(void **state)
{
	const struct timespec now = {0};
	sigset_t term;
	int64_t got;

	(void)state;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	raise(SIGTERM);
	got = upper_bytes(dir_fd);
	assert_int_equal(sigtimedwait(&term, NULL, &now), SIGTERM);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	assert_int_equal(got, -1);
	assert_true(upper_bytes(dir_fd) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(what_is_written_counts_at_any_depth),
		TREE_TEST(a_file_of_several_names_counts_once),
		TREE_TEST(a_hole_takes_nothing),
		TREE_TEST(links_and_fifos_lead_nowhere),
		TREE_TEST(what_is_nested_too_deep_is_not_known),
		TREE_TEST(what_is_no_directory_is_not_known),
		TREE_TEST(a_signal_that_ends_us_ends_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
