/* stats: what one run uses, each second until it ends; on a terminal in one line, over and over. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../log.h"
#include "../signals.h"
#include "figures.h"
#include "verbs.h"

enum { INTERVAL_MS = 1000 };

static int sample(const struct live *live, struct figures *figures)
{
	struct processes processes;
	int rc = processes_read(&processes);

	if (rc == 0)
		figures_read(live, &processes, figures);
	processes_free(&processes);
	return rc;
}

/* On a terminal each line is written over the one before. */
static void line_say(const struct live *live, const struct figures *figures, double cpu,
		     bool is_first)
{
	char memory[FIGURE_SIZE], limit[FIGURE_SIZE], time[FIGURE_SIZE], line[256];
	struct winsize size = {0};

	bytes_show(figures->memory, memory);
	bytes_show(figures->memory_limit, limit);
	time_show(figures->cpu_us, time);
	snprintf(line, sizeof(line),
		 "%s  %s  cpu %.1f%%  cpu time %s  memory %s%s%s  processes %" PRIu64, live->name,
		 state_show(figures), cpu, time, memory, figures->memory_limit ? " of " : "",
		 figures->memory_limit ? limit : "", figures->processes);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		puts(line);
	else /* cut: what goes on in a second one could not be written over */
		printf("%s%.*s\033[K\n", is_first ? "" : "\033[A",
		       size.ws_col ? size.ws_col - 1 : 79, line);
	fflush(stdout);
}

static int json_say(const struct live *live, const struct figures *figures, double cpu)
{
	json_t *json = figures_json(live, figures);

	json_object_set_new(json, "cpu_percent", json_real(cpu));
	return json_print(json);
}

static int watch(const struct live *live, bool json)
{
	struct figures before, now;
	bool is_first = true;
	int rc = sample(live, &before);

	while (rc == 0 && !ends_within(live->keeper_fd, INTERVAL_MS)) {
		double cpu;

		rc = sample(live, &now);
		if (rc < 0 || ends_within(live->keeper_fd, 0))
			break;
		cpu = figures_cpu(&before, &now);
		if (json)
			return json_say(live, &now, cpu);
		line_say(live, &now, cpu, is_first);
		is_first = false;
		before = now;
	}
	return rc == 0 && json ? fail(0, "%s has ended meanwhile", live->name) : rc;
}

int stats_run(int argc, char **argv)
{
	struct live live = {.keeper_fd = -1};
	struct words words;
	int rc = words_take(argc, argv, 1, 1, &words);

	signals_restore(); /* it is ended by one */
	if (rc == 0)
		rc = live_open(words.operands[0], &live);
	if (rc == 0)
		rc = watch(&live, words.json);
	live_close(&live);
	return verb_status(rc);
}
