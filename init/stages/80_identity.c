/* 80 identity: the container's own name, its loopback, and what it may not see or change.
 * Before: host name and kernel files are the host's. After: as the plan says. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../report.h"
#include "../stages.h"
#include "../sys.h"
#include "../target.h"

static void hostname_set(const struct line *line)
{
	const char *name = field(line, 0);

	if (sethostname(name, strlen(name)) < 0)
		die(CTR_STAGE_IDENTITY, line, "set the host name ", name, NULL);
}

static void loopback_up(const struct line *line)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		die(CTR_STAGE_IDENTITY, line, "set the loopback up", NULL);
	close(fd);
}

/* For settings of the kernel. A FIFO that the root may have there instead holds nobody up. */
static void text_write(const struct line *line)
{
	const char *path = field(line, 0), *text = field(line, 1);
	int fd = sys_openat2(AT_FDCWD, path + 1, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(CTR_STAGE_IDENTITY, line, "write ", path, NULL);
	close(fd);
}

/* Our own /dev/null as a detached mount, to lie over a file. */
static int null_tree(void)
{
	int fd = target_open("/dev/null", LINKS_REFUSED, TARGET_ANY);
	struct stat stat;
	int tree_fd = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &stat) == 0 && S_ISCHR(stat.st_mode) && stat.st_rdev == device_number(1, 3))
		tree_fd = sys_open_tree(fd, 0);
	else
		errno = ENODEV;
	close(fd);
	return tree_fd;
}

/* An empty read-only directory on the one at fd: as in 70 mounts, by no path. */
static int directory_hide(int fd)
{
	if (fchdir(fd) < 0 ||
	    mount("mask", ".", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "nr_inodes=2,mode=555") < 0)
		return -1;
	return chdir("/");
}

static int file_hide(int fd)
{
	int tree_fd = null_tree(), rc;

	if (tree_fd < 0)
		return -1;
	rc = sys_move_mount(tree_fd, fd);
	close(tree_fd);
	return rc;
}

static void path_mask(const struct line *line)
{
	const char *path = field(line, 0);
	int fd = target_open(path, LINKS_REFUSED, TARGET_ANY);
	struct stat stat;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	if (fd < 0 || fstat(fd, &stat) < 0 ||
	    (S_ISDIR(stat.st_mode) ? directory_hide(fd) : file_hide(fd)) < 0)
		die(CTR_STAGE_IDENTITY, line, "mask ", path, NULL);
	close(fd);
}

static void path_make_readonly(const struct line *line)
{
	const char *path = field(line, 0);
	int fd = target_open(path, LINKS_REFUSED, TARGET_ANY);
	int tree_fd;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	if (fd < 0)
		die(CTR_STAGE_IDENTITY, line, "find ", path, NULL);
	if (strcmp(path, "/") == 0) { /* already a mount of its own */
		if (sys_mount_setattr(fd, 0, MOUNT_ATTR_RDONLY) < 0)
			die(CTR_STAGE_IDENTITY, line, "make / read-only", NULL);
		close(fd);
		return;
	}
	tree_fd = sys_open_tree(fd, AT_RECURSIVE);
	if (tree_fd < 0 || sys_mount_setattr(tree_fd, AT_RECURSIVE, MOUNT_ATTR_RDONLY) < 0 ||
	    sys_move_mount(tree_fd, fd) < 0)
		die(CTR_STAGE_IDENTITY, line, "make ", path, " read-only", NULL);
	close(tree_fd);
	close(fd);
}

void identity_set(const struct plan *plan)
{
	for_each_step(line, plan, CTR_VERB_HOSTNAME, CTR_VERB_READONLY)
	{
		if (line->verb == CTR_VERB_HOSTNAME)
			hostname_set(line);
		else if (line->verb == CTR_VERB_LOOPBACK)
			loopback_up(line);
		else if (line->verb == CTR_VERB_WRITE)
			text_write(line);
		else if (line->verb == CTR_VERB_MASK)
			path_mask(line);
		else
			path_make_readonly(line);
	}
}
