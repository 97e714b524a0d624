/* What the init of a measured VM is to start: says when the kernel handed over and when this began,
 * both in microseconds of the kernel's own log, and switches the VM off.
 *
 * Its first act is a line in that log, which so stands beside the kernel's "Run /init as init
 * process" by the same clock. Does nothing where the kernel's command line lacks the word
 * bench.boot=1, so that it is harmless on a host. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define READ_ALL 3
#define MARK	 "bench: the payload runs"
#define HANDOVER "as init process"
#define CONSENT	 "bench.boot=1"

static char text[1 << 20];

/* Where no init has made /dev, a node of our own serves. */
static int device_open(const char *path, const char *own, dev_t device)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && mknod(own, S_IFCHR | 0600, device) == 0)
		fd = open(own, O_WRONLY | O_CLOEXEC);
	return fd;
}

/* The microseconds of the last line that has what, -1 when none has. */
static long long stamp_find(const char *what)
{
	long long found = -1, seconds, micros;

	for (char *line = text, *end; *line; line = end) {
		char *there = strstr(line, what), *stamp;

		end = line + strcspn(line, "\n");
		end += *end == '\n';
		if (!there || there >= end)
			continue;
		stamp = strchr(line, '[');
		if (stamp && sscanf(stamp, "[%lld.%lld]", &seconds, &micros) == 2)
			found = seconds * 1000000 + micros;
	}
	return found;
}

int main(void)
{
	int log_fd = device_open("/dev/kmsg", "/kmsg", makedev(1, 11)), console_fd;

	if (log_fd < 0 || write(log_fd, MARK "\n", sizeof(MARK)) < 0)
		return 1;
	if (klogctl(READ_ALL, text, sizeof(text) - 1) <= 0 || !strstr(text, CONSENT))
		return 1;
	console_fd = device_open("/dev/console", "/console", makedev(5, 1));
	dprintf(console_fd, "bench: %lld %lld\n", stamp_find(HANDOVER), stamp_find(MARK));
	reboot(RB_POWER_OFF);
	return 1;
}
