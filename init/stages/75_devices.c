/* 75 devices: nodes, links, and the terminal.
 * Before: /dev is an empty file system of our own. After: it holds the plan's nodes and links; with
 * a console line, a pty of the container's own devpts exists, its master is the keeper's and its
 * slave waits for the payload. */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "../report.h"
#include "../stages.h"
#include "../sys.h"
#include "../target.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

static void node_make(const struct line *line)
{
	mode_t type = field(line, 0)[0] == 'c' ? S_IFCHR : S_IFBLK;
	dev_t device =
		device_number((unsigned)field_number(line, 1), (unsigned)field_number(line, 2));
	const char *path = field(line, 4), *name;
	int dir_fd = target_parent(path, &name);

	if (dir_fd < 0 || mknodat(dir_fd, name, type | field_octal(line, 3), device) < 0)
		die(CTR_STAGE_DEVICES, line, "make the device ", path, NULL);
	close(dir_fd);
}

/* In a machine another initramfs may have made it, and a small one need not have a /dev at all. */
static void link_make(const struct life *life, const struct line *line)
{
	const char *path = field(line, 1), *name;
	int dir_fd = target_parent(path, &name);
	bool is_made = dir_fd >= 0 && symlinkat(field(line, 0), dir_fd, name) == 0;

	if (!is_made && life->kind != LIFE_MACHINE)
		die(CTR_STAGE_DEVICES, line, "make the link ", path, NULL);
	if (!is_made && errno != EEXIST)
		say("cannot make the link ", path, NULL);
	if (dir_fd >= 0)
		close(dir_fd);
}

/* A fresh pty in our devpts. The slave is opened through the master (ioctl_tty(2), TIOCGPTPEER), so
 * no path of the root is trusted for it. */
static int pty_open(int *master)
{
	int unlock = 0;

	*master = sys_openat2(AT_FDCWD, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (*master < 0 || ioctl(*master, TIOCSPTLCK, &unlock) < 0)
		return -1;
	return ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static void console_make(struct life *life, const struct line *line)
{
	struct winsize size = {
		.ws_row = (unsigned short)field_number(line, 0),
		.ws_col = (unsigned short)field_number(line, 1),
	};
	struct termios modes;
	int master, slave_fd = pty_open(&master);

	life->terminal_fd = slave_fd;
	life->terminal_fds = (unsigned)field_number(line, 2);
	if (slave_fd < 0 || ioctl(slave_fd, TIOCSWINSZ, &size) < 0 ||
	    ioctl(slave_fd, TCGETS, &modes) < 0)
		die(CTR_STAGE_DEVICES, line, "open a pty", NULL);
	modes.c_iflag |= IUTF8; /* erase one character, not one byte */
	if (ioctl(slave_fd, TCSETS, &modes) < 0 ||
	    fchown(slave_fd, (uid_t)field_number(line, 3), (gid_t)-1) < 0)
		die(CTR_STAGE_DEVICES, line, "prepare the pty", NULL);
	report(CTR_MESSAGE_CONSOLE, 0, master);
	close(master);
}

/* The pty, if there is one: were the payload to close its last descriptor of it, the keeper would
 * read an error for good. Else our /dev/null, opened while it is certainly that. */
static void idle_open(struct life *life)
{
	if (life->terminal_fd >= 0)
		life->idle_fd = life->terminal_fd;
	if (life->idle_fd < 0)
		life->idle_fd = sys_openat2(AT_FDCWD, "dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC,
					    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (life->idle_fd < 0)
		die(CTR_STAGE_DEVICES, NULL, "open /dev/null", NULL);
}

void devices_make(struct life *life, const struct plan *plan)
{
	for_each_step(line, plan, CTR_VERB_NODE, CTR_VERB_CONSOLE)
	{
		if (line->verb == CTR_VERB_NODE)
			node_make(line);
		else if (line->verb == CTR_VERB_LINK)
			link_make(life, line);
		else
			console_make(life, line);
	}
	if (life->kind == LIFE_CONTAINER)
		idle_open(life);
}
