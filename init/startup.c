/* The handover of a machine: its kernel's command line and its plan. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "environment.h"
#include "file.h"
#include "machine.h"
#include "report.h"
#include "stages.h"

enum { GRACE = 10 }; /* seconds */

/* The kernel opened the console for us, but where it found none. */
static void console_find(void)
{
	if (fcntl(STDERR_FILENO, F_GETFD) >= 0)
		return;
	mkdirat(AT_FDCWD, "/dev", 0755);
	mount("dev", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
	if (!console_open("/dev/console"))
		console_open("/dev/null"); /* what is opened next is not to be our stderr */
}

/* poweroff(8) and its like, of busybox, tell init by a signal; Ctrl-Alt-Del comes as INT and a
 * power supply as PWR. */
static void orders_settle(struct life *life)
{
	life->becomes[SIGINT] = life->becomes[SIGTERM] = ORDER_REBOOT;
	life->becomes[SIGUSR2] = life->becomes[SIGPWR] = ORDER_POWEROFF;
	life->becomes[SIGUSR1] = ORDER_HALT;
}

/* The machine's own or the built-in one, and settings, the lines of the kernel's command line. */
static void machine_plan_read(struct plan *plan, const struct plan *settings)
{
	static char text[sizeof(MACHINE_PLAN)];
	int fd = open(CTR_MACHINE_PLAN, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		memcpy(text, MACHINE_PLAN, sizeof(MACHINE_PLAN));
		plan_parse(text, sizeof(MACHINE_PLAN) - 1, plan);
		for (unsigned i = 0; i < plan->count; i++)
			plan->lines[i].number = 0; /* nobody has it before him */
	} else {
		plan_read(fd, plan);
		close(fd);
	}
	for_each_line(line, settings) {
		errno = E2BIG;
		if (plan->count == CTR_PLAN_LINES_MAX)
			die(CTR_STAGE_HANDOVER, NULL, "add to " CTR_MACHINE_PLAN, NULL);
		plan->lines[plan->count++] = *line;
	}
}

/* For this alone: the plan mounts a /proc of its own. */
static void kernel_words_read(struct life *life, struct plan *settings)
{
	static char text[4096 + 1];
	const char *wrong;

	mkdirat(AT_FDCWD, "/proc", 0755);
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (file_read("/proc/cmdline", text, sizeof(text)) < 0)
		die(CTR_STAGE_HANDOVER, NULL,
		    "read /proc/cmdline (a read-only root needs a directory /proc)", NULL);
	umount2("/proc", MNT_DETACH);
	wrong = machine_words_read(text, life, settings);
	errno = 0;
	if (wrong)
		die(CTR_STAGE_HANDOVER, NULL, "understand '", wrong,
		    "' on the kernel's command line", NULL);
}

void machine_begin(struct life *life, struct plan *plan)
{
	static struct plan settings;

	if (!life->is_first) {
		say("--vm: not PID 1", NULL);
		_exit(CTR_EXIT_FAILURE);
	}
	umask(0);
	life->mask = 0;
	life_own_session(life);
	life->terminal_fd = STDIN_FILENO;
	if (!life->grace)
		life->grace = GRACE;
	life->root_type = "ext4";
	orders_settle(life);
	console_find();
	if (life->is_real) /* else it is the host's, and not for us */
		kernel_words_read(life, &settings);
	machine_plan_read(plan, &settings);
	life->environment = environment_make(life->environment, plan);
}
