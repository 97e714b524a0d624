/* 82 machine: what only a machine has to do.
 * Before: its file systems are mounted. After: its hooks have run, and if it was told of a disk,
 * that is its root: ctr-init has begun again there, from the start. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../disk.h"
#include "../file.h"
#include "../report.h"
#include "../stages.h"
#include "../sys.h"
#include "../text.h"

#define NEW_ROOT "/new-root"

enum { HOOKS_MAX = 256, NAMES_SIZE = 8192 };

/* The hooks of the machine, by name, and how many of them were started. */
static struct names {
	unsigned count, started;
	size_t used;
	const char *sorted[HOOKS_MAX];
	char text[NAMES_SIZE];
} hooks;

static bool name_add(void *context, int dir_fd, const char *name, bool is_directory)
{
	struct names *names = context;
	int fd = open_at(dir_fd, name, O_PATH | O_CLOEXEC);
	size_t size = strlen(name) + 1;
	struct stat stat;
	bool is_hook =
		fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_mode & 0111;
	unsigned i;

	if (fd >= 0)
		close(fd);
	if (is_directory || !is_hook)
		return true;
	errno = E2BIG;
	if (names->count == HOOKS_MAX || size > NAMES_SIZE - names->used)
		return false;
	memcpy(names->text + names->used, name, size);
	for (i = names->count++; i > 0 && strcmp(names->sorted[i - 1], name) > 0; i--)
		names->sorted[i] = names->sorted[i - 1];
	names->sorted[i] = names->text + names->used;
	names->used += size;
	return true;
}

/* The executable files of a directory, in the order of their names. None: there is no directory. */
static bool names_read(const char *directory, struct names *names)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_read;

	if (fd < 0)
		return errno == ENOENT;
	is_read = directory_walk(fd, name_add, names);
	close(fd);
	return is_read;
}

/* Runs one hook to its end, without the terminal. */
static struct payload hook_run(const struct life *life, const char *name, const char *what)
{
	char path[512] = "";
	char *words[] = {path, (char *)what, NULL};
	struct life own = *life;
	struct payload payload;

	text_append(path, sizeof(path), life->hooks);
	text_append(path, sizeof(path), "/");
	text_append(path, sizeof(path), name);
	own.command = words;
	own.terminal_fd = -1;
	payload = program_start(&own, NULL);
	if (!payload.has_ended)
		watch(&own, &payload);
	return payload;
}

static void hooks_start(struct life *life, const struct line *line)
{
	char status[24] = "";

	errno = EEXIST;
	if (life->hooks)
		die(CTR_STAGE_MACHINE, line, "have hooks of two directories", NULL);
	life->hooks = field(line, 0);
	if (!names_read(life->hooks, &hooks))
		die(CTR_STAGE_MACHINE, line, "read ", life->hooks, NULL);
	while (hooks.started < hooks.count) {
		const char *name = hooks.sorted[hooks.started++];
		struct payload payload = hook_run(life, name, "start");

		if (payload.order) /* somebody did not want to wait */
			end(life, &payload);
		if (!payload.status)
			continue;
		text_append_number(status, sizeof(status), (uint64_t)exit_status(payload.status));
		errno = 0;
		die(CTR_STAGE_MACHINE, line, "start the hook ", life->hooks, "/", name,
		    ": it ended with status ", status, NULL);
	}
}

void hooks_stop(const struct life *life)
{
	while (hooks.started > 0) {
		const char *name = hooks.sorted[--hooks.started];

		if (hook_run(life, name, "stop").status)
			say("the hook ", life->hooks, "/", name, " failed to stop", NULL);
	}
}

/* The initramfs is memory: what is on it goes, what is mounted on it stays. */
static bool entry_remove(void *context, int dir_fd, const char *name, bool is_directory)
{
	const dev_t *device = context;
	struct stat stat;
	int fd;

	if (is_directory) {
		fd = open_at(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &stat) == 0 && stat.st_dev == *device)
			directory_walk(fd, entry_remove, context);
		if (fd >= 0)
			close(fd);
	}
	unlinkat(dir_fd, name, is_directory ? AT_REMOVEDIR : 0);
	return true;
}

static void initramfs_empty(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat stat;

	if (fd < 0)
		return;
	if (fstat(fd, &stat) == 0)
		directory_walk(fd, entry_remove, &stat.st_dev);
	close(fd);
}

static void root_mount(const struct life *life)
{
	const char *device = disk_await(life->root);

	mkdirat(AT_FDCWD, NEW_ROOT, 0700);
	if (mount(device, NEW_ROOT, life->root_type, 0, life->root_flags) == 0)
		return;
	/* A disk that is write-protected says so; mount(8) goes on in the same way. */
	if ((errno != EACCES && errno != EROFS) ||
	    mount(device, NEW_ROOT, life->root_type, MS_RDONLY, life->root_flags) < 0)
		die(CTR_STAGE_MACHINE, NULL, "mount ", life->root, " as ", life->root_type, NULL);
	say(life->root, " is read-only, and so is the root", NULL);
}

/* The mounts of the initramfs are let go of; the next life makes its own. */
static void mounts_let_go(const struct plan *plan)
{
	for (unsigned i = plan->count; i-- > 0;)
		if (plan->lines[i].verb == CTR_VERB_MOUNT)
			umount2(field(&plan->lines[i], 2), MNT_DETACH);
}

static void root_switch(const struct life *life, const struct plan *plan)
{
	char *words[] = {(char *)"ctr-init", (char *)"--switched", NULL};
	struct statfs root = {0};
	int self_fd;

	if (syscall(SYS_statfs, "/", &root) < 0 ||
	    (root.f_type != RAMFS_MAGIC && root.f_type != TMPFS_MAGIC))
		return; /* on a disk already, as by init= */
	root_mount(life);
	self_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	mounts_let_go(plan);
	initramfs_empty();
	/* An initramfs cannot be left by pivot_root(2): its own notes say to do this. */
	if (chdir(NEW_ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		die(CTR_STAGE_MACHINE, NULL, "make ", life->root, " the root", NULL);
	syscall(SYS_execveat, self_fd, "", words, life->environment, AT_EMPTY_PATH);
	die(CTR_STAGE_MACHINE, NULL, "begin again on ", life->root, NULL);
}

bool console_open(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY);

	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	return fd >= 0;
}

void machine_boot(struct life *life, const struct plan *plan)
{
	if (life->is_real) /* what we have may lie hidden below /dev: ttyname(3) looks for it */
		console_open("/dev/console");
	for_each_line(line, plan)
		if (line->verb == CTR_VERB_HOOKS)
			hooks_start(life, line);
	if (life->root && !life->is_switched)
		root_switch(life, plan);
}
