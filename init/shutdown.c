/* The end of a machine. */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include "file.h"
#include "machine.h"
#include "plan.h"
#include "raw.h"
#include "report.h"
#include "stages.h"
#include "sys.h"
#include "text.h"

#define PORTS "/sys/class/virtio-ports"

enum { MOUNTS_MAX = 512, MOUNTS_SIZE = 64 * 1024 };

struct port {
	const char *name;
	char device[64];
};

/* proc_pid_mountinfo(5): the fifth field is the mount point, escaped as in a plan. */
static char *mount_point_cut(char **text)
{
	char *to, *point = NULL;

	for (int i = 0; i < 5; i++) {
		point = to = *text;
		if (field_cut(text, &to) != ' ')
			return NULL;
	}
	return point;
}

/* Unmounts everything, the last first. What is in use is made read-only, which writes it out. */
static void mounts_undo(void)
{
	static char text[MOUNTS_SIZE];
	static const char *points[MOUNTS_MAX];
	unsigned count = 0;
	char *at = text;

	if (file_read("/proc/self/mountinfo", text, sizeof(text)) < 0)
		return;
	while (count < MOUNTS_MAX && (points[count] = mount_point_cut(&at))) {
		count++;
		if (!(at = strchr(at, '\n')))
			break;
		at++;
	}
	while (count-- > 0)
		if (umount2(points[count], UMOUNT_NOFOLLOW) < 0)
			mount(NULL, points[count], NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

static bool port_compare(void *context, int dir_fd, const char *name, bool is_directory)
{
	struct port *port = context;
	char path[128] = PORTS "/", found[128];
	size_t length = strlen(port->name);

	(void)dir_fd, (void)is_directory;
	text_append(path, sizeof(path), name);
	text_append(path, sizeof(path), "/name");
	if (file_read(path, found, sizeof(found)) < 0 || strncmp(found, port->name, length) != 0 ||
	    found[length] != '\n')
		return true;
	port->device[0] = '\0';
	text_append(port->device, sizeof(port->device), "/dev/");
	text_append(port->device, sizeof(port->device), name);
	return false;
}

/* A device by its path, or a virtio port by the name that the host gave it. */
static int report_open(const char *name)
{
	struct port port = {.name = name};
	int fd;

	if (name[0] == '/')
		return open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	fd = open(PORTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	directory_walk(fd, port_compare, &port);
	close(fd);
	return port.device[0] ? open(port.device, O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1;
}

/* The report comes first: a console may take its time, or never take the line. */
static void status_tell(const struct life *life, int report_fd, int status)
{
	char text[24] = "";

	text_append_number(text, sizeof(text), (uint64_t)status);
	if (life->report) {
		(void)!write(report_fd, text, strlen(text));
		(void)!write(report_fd, "\n", 1);
		ioctl(report_fd, TCSBRK, 1); /* as tcdrain(3) */
	}
	say("exit status ", text, NULL);
	ioctl(STDERR_FILENO, TCSBRK, 1);
}

/* A ^S that somebody typed must not hold up the end: output that it stopped goes on when the
 * terminal no longer heeds it (termios(3), IXON). */
static void console_resume(void)
{
	uint32_t settings[16]; /* more than the kernel's struct termios, whose first it is */

	if (ioctl(STDERR_FILENO, TCGETS, settings) < 0)
		return;
	settings[0] &= ~(uint32_t)IXON;
	ioctl(STDERR_FILENO, TCSETS, settings);
}

/* Without ACPI a PC cannot switch itself off: the kernel would halt, and a virtual machine stay
 * for ever. There a reboot is what ends it. */
static bool can_power_off(void)
{
#ifdef __x86_64__
	int firmware_fd = open("/sys/firmware", O_PATH | O_CLOEXEC);

	return firmware_fd < 0 || open_at(firmware_fd, "acpi", O_PATH | O_CLOEXEC) >= 0;
#else
	return true;
#endif
}

static int ending_command(uint8_t ending)
{
	if (ending == ORDER_REBOOT)
		return RB_AUTOBOOT;
	return ending == ORDER_HALT ? (int)RB_HALT_SYSTEM : RB_POWER_OFF;
}

/* The caller of reboot(2) ends where the machine does not, and the init must not: so it is another
 * who calls. */
static void machine_end(uint8_t ending)
{
	int pid = raw_vfork();

	if (pid == 0) {
		reboot(ending_command(ending));
		_exit(CTR_EXIT_FAILURE);
	}
}

void machine_stop(const struct life *life, int status)
{
	uint64_t none = 0;
	uint8_t ending = life->ending;
	int report_fd = -1;

	if (life->is_real)
		console_resume();
	hooks_stop(life);
	if (ending == ORDER_POWEROFF && !can_power_off())
		ending = ORDER_REBOOT;
	if (life->report) {
		report_fd = report_open(life->report);
		if (report_fd < 0)
			say("cannot find ctr.report=", life->report, NULL);
	}
	if (life->is_real) { /* else a superblock may be the host's, too */
		sync();
		mounts_undo();
		sync();
	}
	status_tell(life, report_fd, status);
	if (!life->is_real)
		_exit(status);
	machine_end(ending);
	for (;;)
		syscall(SYS_rt_sigtimedwait, &none, NULL, NULL, sizeof(none));
}
