#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { APPLETS_SIZE = 8192, OVERLAY_MAGIC = 0x794c7630 };

/* One laboratory at a time. */
static char directory[64];
static char *mounts_before;
static struct kept {
	struct kept *next;
	void *memory;
} * kept;

void *lab_keep(void *memory)
{
	struct kept *item = malloc(sizeof(*item));

	if (!memory || !item)
		abort();
	*item = (struct kept){kept, memory};
	kept = item;
	return memory;
}

char *lab_text(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return lab_keep(text);
}

char *lab_path(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	lab_keep(text);
	return lab_text("%s/%s", directory, text);
}

char *lab_directory(void)
{
	return directory;
}

char *lab_merged(void)
{
	return lab_path("merged");
}

bool is_there(const char *path)
{
	struct stat stat;

	return lstat(path, &stat) == 0;
}

void lab_write(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static char *read_all(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t size = 0;
	char *text = NULL;
	ssize_t got = 1;

	while (fd >= 0 && got > 0) {
		text = realloc(text, size + 65536 + 1);
		if (!text)
			abort();
		got = read(fd, text + size, 65536);
		size += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	if (text && got < 0) {
		free(text);
		return NULL;
	}
	if (text) {
		text[size] = '\0';
		text = realloc(text, size + 1);
	}
	return text;
}

const char *lab_read(const char *path)
{
	char *text = read_all(path);

	return text ? lab_keep(text) : NULL;
}

const char *lab_manifest(const char *path)
{
	char *command = lab_text("cd '%s' && { find . -printf '%%p %%y %%m %%U:%%G %%l\\n';"
				 " find . -type f -exec cksum {} +; } | LC_ALL=C sort",
				 path);
	FILE *from = popen(command, "re");
	char *text = NULL;
	size_t size = 0;

	assert_non_null(from);
	if (getdelim(&text, &size, '\0', from) < 0)
		text = calloc(1, 1);
	assert_int_equal(pclose(from), 0);
	return lab_keep(text);
}

void lab_cannot(const char *why)
{
	const char *must = getenv("CTR_MUST_WORK");

	if (must && strcmp(must, "1") == 0)
		fail_msg("cannot be skipped: %s", why);
	print_message("skipped: %s\n", why);
	skip();
}

/* --- the layout */

static void copy(const char *from, const char *to)
{
	int in_fd = open(from, O_RDONLY | O_CLOEXEC);
	int out_fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char buffer[65536];
	ssize_t got;

	if (in_fd < 0 || out_fd < 0)
		fail_msg("cannot copy %s to %s: %s", from, to, strerror(errno));
	while ((got = read(in_fd, buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(out_fd, buffer, (size_t)got), got);
	close(in_fd);
	close(out_fd);
}

/* A link in /bin for each applet that busybox has. */
static void applets_link(void)
{
	static char applets[APPLETS_SIZE];
	char *rest = applets;

	if (!*applets) {
		FILE *from = popen("busybox --list", "re");

		assert_non_null(from);
		assert_true(fread(applets, 1, sizeof(applets) - 1, from) > 0);
		pclose(from);
		rest = applets;
	}
	rest = lab_text("%s", applets);
	for (char *name; (name = strsep(&rest, "\n"));)
		if (*name)
			(void)!symlink("busybox", lab_path("lower/bin/%s", name));
}

static const char *busybox_find(void)
{
	static const char *const places[] = {"/bin/busybox", "/usr/bin/busybox", "/sbin/busybox"};

	for (size_t i = 0; i < COUNT(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

static void layout_make(void)
{
	static const char *const directories[] = {"lower",     "lower/bin",  "lower/etc",
						  "lower/tmp", "lower/root", "merged"};

	for (size_t i = 0; i < COUNT(directories); i++)
		assert_int_equal(mkdir(lab_path("%s", directories[i]), 0755), 0);
	assert_int_equal(chmod(lab_path("lower/tmp"), 01777), 0);
	copy(busybox_find(), lab_path("lower/bin/busybox"));
	copy(getenv("CTR_PROBE"), lab_path("lower/bin/probe"));
	applets_link();
}

/* A directory that can carry an upper layer: where /tmp is an overlay itself, a tmpfs of ours. */
static int directory_make(void)
{
	struct statfs fs;

	snprintf(directory, sizeof(directory), "/tmp/ctr-lab-XXXXXX");
	if (!mkdtemp(directory) || statfs(directory, &fs) < 0)
		return -1;
	chmod(directory, 0755);
	if (fs.f_type == OVERLAY_MAGIC ||
	    (getxattr(directory, "trusted.overlay.opaque", NULL, 0) < 0 && errno == EOPNOTSUPP))
		return mount("tmpfs", directory, "tmpfs", 0, "mode=755");
	return 0;
}

/* What nohup(1) or a shell's "&" ignores is not to be the tests' business. */
static void dispositions_reset(void)
{
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
}

int lab_group_setup(void **state)
{
	(void)state;
	dispositions_reset();
	if (geteuid() != 0 || !getenv("CTR_SETUP") || !getenv("CTR_PROBE") || !busybox_find()) {
		print_error("these tests need root, busybox, CTR_SETUP and CTR_PROBE\n");
		return getenv("CTR_MUST_WORK") ? -1 : (exit(77), 0);
	}
	signal(SIGPIPE, SIG_IGN);
	/* What a killed ctr-setup leaves is ours to reap: a test machine's PID 1 may not. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		print_error("cannot make a mount namespace: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

int lab_setup(void **state)
{
	(void)state;
	if (directory_make() < 0) {
		print_error("cannot make %s: %s\n", directory, strerror(errno));
		return -1;
	}
	mounts_before = read_all("/proc/self/mountinfo");
	layout_make();
	return 0;
}

/* --- the end */

/* The lines of a that b has not. */
static const char *lines_missing(const char *a, const char *b)
{
	char *rest = lab_text("%s", a);
	const char *missing = "";

	for (char *line; (line = strsep(&rest, "\n"));)
		if (!strstr(b, line))
			missing = lab_text("%s%s\n", missing, line);
	return missing;
}

/* Children that are still alive: containers or guards that outlived their ctr-setup. */
static bool children_are_gone(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

const char *lab_difference(void)
{
	const char *left = host_leftovers(), *mounts = lab_read("/proc/self/mountinfo");

	if (*left)
		return lab_text("left behind:\n%s", left);
	if (strcmp(mounts, mounts_before) != 0)
		return lab_text("mounts that came:\n%s; that went:\n%s",
				lines_missing(mounts, mounts_before),
				lines_missing(mounts_before, mounts));
	if (!LAB_WITHIN(jobs_modes_are_kept())) /* a guard may be about to restore them */
		return "a terminal was left in other modes";
	return NULL;
}

void lab_assert_no_process(void)
{
	if (!LAB_WITHIN(children_are_gone()))
		fail_msg("processes of the run are left");
}

void lab_assert_clean(void)
{
	const char *difference = lab_difference();

	if (difference)
		fail_msg("%s", difference);
	lab_assert_no_process();
}

/* Whatever a failed test has mounted in there, and the directory's own tmpfs. */
static void directory_unmount(void)
{
	const char *mounts = lab_read("/proc/self/mountinfo");

	if (mounts && strstr(mounts, lab_text(" %s", directory)))
		(void)!system(lab_text("grep -F ' %s' /proc/self/mountinfo | cut -d' ' -f5 | tac |"
				       " while read -r at; do umount -l \"$(printf %%b \"$at\")\";"
				       " done",
				       directory));
}

static int entry_remove(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat;
	(void)type;
	(void)walk;
	remove(path);
	return 0;
}

static void directory_remove(void)
{
	directory_unmount();
	nftw(directory, entry_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int lab_teardown(void **state)
{
	const char *difference;

	(void)state;
	jobs_kill();
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL); /* where a test failed with it shared */
	difference = lab_difference();
	if (difference)
		print_error("%s\n", difference);
	if (!LAB_WITHIN(children_are_gone())) {
		print_error("processes of the run are left\n");
		difference = "";
	}
	if (difference) /* the next test is to start from a clean host all the same */
		(void)!system("\"$CTR_SETUP\" gc >/dev/null 2>&1");
	jobs_forget();
	directory_remove();
	free(mounts_before);
	while (kept) {
		struct kept *next = kept->next;

		free(kept->memory);
		free(kept);
		kept = next;
	}
	return difference ? -1 : 0;
}
