/* Two hundred runs at once, ended at random moments in random ways, with gc and ls among them. Each
 * has its status, and nothing is left. CTR_SOAK=whole: a thousand runs. */
#include "lab.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { AT_ONCE = 200, WAVES = 5, VERB_EVERY = 20 };

enum way { BY_ITSELF, BY_TERM, BY_KILL, WAYS };

static struct run {
	struct job *job;
	enum way way;
	int number;
} runs[AT_ONCE];

/* A run holds some descriptors here. */
static int descriptors_allow(void **state)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return lab_group_setup(state);
}

static void run_start(struct run *run, int number)
{
	const char *script = lab_text("(sleep 1000 & sleep 1000) & exit %d", number);

	run->number = number;
	run->way = (enum way)(random() % WAYS);
	if (run->way != BY_ITSELF)
		script = "setsid sleep 1000 & exec sleep 1000";
	run->job = START_SH(NULL, script, "--ephemeral", "--cpu", "50", "--mem", "64M", "--pids",
			    "20");
}

static void run_end(const struct run *run)
{
	int status;

	if (run->way == BY_TERM)
		job_signal(run->job, SIGTERM);
	if (run->way == BY_KILL)
		job_signal(run->job, SIGKILL);
	status = job_end(run->job)->status;
	if (run->way == BY_ITSELF)
		assert_int_equal(status, run->number);
	else if (run->way == BY_KILL)
		assert_int_equal(status, -SIGKILL);
	else if (status != -SIGTERM) /* it came before ctr-setup's first instructions */
		assert_int_equal(status, 128 + SIGTERM);
}

static void a_wave_of_runs_leaves_nothing(void **state)
{
	struct job *verbs[AT_ONCE / VERB_EVERY * 2];
	size_t count = 0;

	(void)state;
	for (int i = 0; i < AT_ONCE; i++) {
		run_start(&runs[i], i);
		if (i % VERB_EVERY == 0) {
			verbs[count++] = START(NULL, "gc");
			verbs[count++] = START(NULL, "ls");
		}
	}
	for (int left = AT_ONCE; left > 0; left--) {
		int i = (int)(random() % left);

		run_end(&runs[i]);
		runs[i] = runs[left - 1];
	}
	for (size_t i = 0; i < count; i++)
		assert_status(job_end(verbs[i]), 0);
	lab_assert_no_process();
	assert_status(RUN("gc"), 0);
	assert_string_equal(host_leftovers(), "");
}

int main(void)
{
	struct CMUnitTest waves[WAVES];
	const char *given = getenv("CTR_SOAK_SEED"), *soak = getenv("CTR_SOAK");
	bool is_whole = soak && strcmp(soak, "whole") == 0;
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);

	print_message("CTR_SOAK_SEED=%u does the same again\n", seed);
	srandom(seed);
	for (size_t i = 0; i < COUNT(waves); i++)
		waves[i] = (struct CMUnitTest)TEST(a_wave_of_runs_leaves_nothing);
	return _cmocka_run_group_tests("waves", waves, is_whole ? WAVES : 1, descriptors_allow,
				       NULL);
}
