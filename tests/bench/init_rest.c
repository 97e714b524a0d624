/* At rest: what an init takes while its payload sleeps, and how often it wakes up meanwhile.
 *
 * Settings of "rest": a memory cgroup to make groups in, and how many containers go into one.
 * Settings of "wakeups": for how many seconds they are counted. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "init.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTLE_MS 300
#define RMDIR_MS  5000

enum { RSS, PSS, ANONYMOUS, PAGE_TABLES, CHARGED, N_VALUES };

static const char *const sleep_mode[] = {"sleep", NULL};

static double group_usage(int group_fd)
{
	char text[32] = "";
	int fd = openat(group_fd, "memory.current", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fd = openat(group_fd, "memory.usage_in_bytes", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		err(2, "cannot read a memory group's usage");
	close(fd);
	return strtod(text, NULL);
}

/* What a clone takes is charged to the group of its caller, so the whole lot is started from
 * within. Never returns. */
static _Noreturn void group_fill(const struct bench *bench, const struct init *init, int group_fd,
				 int report_fd)
{
	size_t n = strtoul(bench->settings[1], NULL, 10);
	struct instance *instances = calloc(n, sizeof(*instances));
	int fd = openat(group_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	double usage;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (!instances || fd < 0 || write(fd, "0", 1) != 1)
		err(2, "cannot enter a memory group");
	usage = group_usage(group_fd);
	for (size_t i = 0; i < n; i++)
		instances[i] = instance_start(bench, init, NOTHING_BLOCKED, sleep_mode);
	for (size_t i = 0; i < n; i++)
		instance_await_ready(&instances[i]);
	sleep_ms(SETTLE_MS);
	usage = (group_usage(group_fd) - usage) / (double)n / 1024;
	if (write(report_fd, &usage, sizeof(usage)) != sizeof(usage))
		err(2, "write");
	for (size_t i = 0; i < n; i++)
		instance_end(&instances[i]);
	_exit(0);
}

/* Its processes are gone, but the kernel may take a moment to notice. */
static void group_remove(const char *path)
{
	for (int waited = 0; rmdir(path) < 0; waited++) {
		if (errno != EBUSY || waited == RMDIR_MS)
			err(2, "rmdir %s", path);
		sleep_ms(1);
	}
}

/* KiB of memory, the kernel's included, for each container in a group of its own. */
static double group_measure(const struct bench *bench, const struct init *init)
{
	char path[PATH_MAX];
	int group_fd, report[2], status;
	double usage;
	pid_t filler;

	if (snprintf(path, sizeof(path), "%s/ctr-bench.%d", bench->settings[0], (int)getpid()) >=
	    PATH_MAX)
		errx(2, "%s: too long", bench->settings[0]);
	if (mkdir(path, 0755) < 0)
		err(2, "mkdir %s", path);
	group_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (group_fd < 0 || pipe2(report, O_CLOEXEC) < 0)
		err(2, "%s", path);
	fflush(stdout);
	filler = fork();
	if (filler < 0)
		err(2, "fork");
	if (filler == 0)
		group_fill(bench, init, group_fd, report[1]);
	close(report[1]);
	if (read(report[0], &usage, sizeof(usage)) != sizeof(usage))
		errx(2, "%s: no usage", init->label);
	if (waitpid(filler, &status, 0) < 0 || status != 0)
		errx(2, "%s: what filled the group failed", init->label);
	close(report[0]);
	close(group_fd);
	group_remove(path);
	return usage;
}

static void rest_measure(const struct bench *bench, const struct init *init, double values[])
{
	struct instance instance = instance_start(bench, init, NOTHING_BLOCKED, sleep_mode);

	instance_await_ready(&instance);
	sleep_ms(SETTLE_MS);
	values[RSS] = (double)proc_number(instance.pid, "smaps_rollup", "Rss", 10);
	values[PSS] = (double)proc_number(instance.pid, "smaps_rollup", "Pss", 10);
	values[ANONYMOUS] = (double)proc_number(instance.pid, "smaps_rollup", "Anonymous", 10);
	values[PAGE_TABLES] = (double)proc_number(instance.pid, "status", "VmPTE", 10);
	instance_end(&instance);
	values[CHARGED] = group_measure(bench, init);
}

void rest_run(struct bench *bench)
{
	const struct init *none = reference_find(bench);

	rounds_run(bench, N_VALUES, rest_measure);
	head_print("file, bytes | Rss KiB | Pss KiB | anonymous KiB | page tables KiB | "
		   "a container, KiB | added by the init, KiB");
	for (size_t i = 0; i < bench->n_inits; i++) {
		const struct init *init = &bench->inits[i];
		struct stat file;

		if (!row_begin(init))
			continue;
		if (stat(init->n_words > 0 ? init->words[0] : bench->payload, &file) < 0)
			err(2, "%s", init->label);
		printf(" %lld |", (long long)file.st_size);
		for (size_t value = 0; value < CHARGED; value++)
			printf(" %.0f |", value_median(bench, init, value));
		printf(" %.1f | %.1f |\n", value_median(bench, init, CHARGED),
		       difference_median(bench, init, none, CHARGED));
	}
}

static void wakeups_measure(const struct bench *bench, const struct init *init, double values[])
{
	struct instance instance = instance_start(bench, init, NOTHING_BLOCKED, sleep_mode);

	instance_await_ready(&instance);
	sleep_ms(SETTLE_MS);
	values[0] = (double)proc_number(instance.pid, "status", "voluntary_ctxt_switches", 10);
	sleep_ms(strtol(bench->settings[0], NULL, 10) * 1000);
	values[0] = (double)proc_number(instance.pid, "status", "voluntary_ctxt_switches", 10) -
		    values[0];
	instance_end(&instance);
}

void wakeups_run(struct bench *bench)
{
	char column[32];

	rounds_run(bench, 1, wakeups_measure);
	snprintf(column, sizeof(column), "wake-ups in %s s", bench->settings[0]);
	head_print(column);
	for (size_t i = 0; i < bench->n_inits; i++)
		if (row_begin(&bench->inits[i]))
			printf(" %.0f |\n", value_median(bench, &bench->inits[i], 0));
}
