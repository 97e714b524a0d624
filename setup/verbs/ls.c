/* ls: the containers that run, or those that use a directory, a line or an object each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "../uses.h"
#include "figures.h"
#include "verbs.h"

static int json_say(const struct lives *lives, struct processes *processes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lives->count; i++) {
		struct figures figures;

		figures_read(&lives->items[i], processes, &figures);
		json_array_append_new(list, figures_json(&lives->items[i], &figures));
	}
	return json_print(list);
}

static void lines_say(const struct lives *lives, struct processes *processes)
{
	int width = 4;

	for (size_t i = 0; i < lives->count; i++)
		if ((int)strlen(lives->items[i].name) > width)
			width = (int)strlen(lives->items[i].name);
	printf("%-*s  %8s  %-7s  %8s  %8s  %8s\n", width, "NAME", "PID", "STATE", "UPTIME",
	       "MEMORY", "CPU TIME");
	for (size_t i = 0; i < lives->count; i++) {
		const struct live *live = &lives->items[i];
		char uptime[FIGURE_SIZE], memory[FIGURE_SIZE], cpu[FIGURE_SIZE];
		struct figures figures;

		figures_read(live, processes, &figures);
		time_show(figures.uptime_us, uptime);
		bytes_show(figures.memory, memory);
		time_show(figures.cpu_us, cpu);
		printf("%-*s  %8d  %-7s  %8s  %8s  %8s\n", width, live->name, live->keeper,
		       state_show(&figures), uptime, memory, cpu);
	}
}

/* Only those that use a directory stay. */
static int lives_using(struct lives *lives, const char *path)
{
	struct stat directory;
	size_t count = 0;

	if (stat(path, &directory) < 0)
		return fail(errno, "cannot look at %s (a ROOTFS of that name is ./ls)", path);
	for (size_t i = 0; i < lives->count; i++)
		if (run_uses(lives->items[i].path, &directory))
			lives->items[count++] = lives->items[i];
		else
			live_close(&lives->items[i]);
	lives->count = count;
	return 0;
}

int ls_run(int argc, char **argv)
{
	struct processes processes = {0};
	struct lives lives = {0};
	struct words words;
	int rc = words_take(argc, argv, 0, 1, &words);

	if (rc == 0)
		rc = lives_open(&lives);
	if (rc == 0 && words.count)
		rc = lives_using(&lives, words.operands[0]);
	if (rc == 0)
		rc = processes_read(&processes);
	if (rc == 0 && words.json)
		rc = json_say(&lives, &processes);
	else if (rc == 0)
		lines_say(&lives, &processes);
	processes_free(&processes);
	lives_close(&lives);
	return verb_status(rc);
}
