/* ctr-init while there is nothing to do: it sleeps and holds next to nothing. */
#include "init_lab.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REST_KIB_MAX = 20, IDLE_US = 2000000 };

static void at_rest_it_is_never_woken(void **state)
{
	const char *field = "voluntary_ctxt_switches:", *before;
	struct job *job = INIT(NULL, "sleep", "1000");
	pid_t payload = init_payload(job);

	assert_eventually(state_is(payload, 'S') && state_is(job->pid, 'S'));
	do {
		before = host_status(job->pid, field);
		lab_sleep_us(50000); /* what it has to do after the start */
	} while (strcmp(before, host_status(job->pid, field)) != 0);
	assert_true(*before);
	lab_sleep_us(IDLE_US);
	assert_string_equal(host_status(job->pid, field), before);
	job_signal(job, SIGTERM);
	assert_status(job_end(job), 143);
}

/* The counters of "status" are inexact by some pages; this one walks them. */
static long resident_kib(pid_t pid)
{
	const char *text = lab_read(lab_text("/proc/%d/smaps_rollup", pid));
	const char *line = text ? strstr(text, "\nRss:") : NULL;

	return line ? strtol(line + 5, NULL, 10) : -1;
}

static void at_rest_it_holds_little_memory(void **state)
{
	struct job *job = INIT(CALL(.talks = true), INIT_PROBE, "orphans", "20");
	long resident = -1;

	job_await(job, "made");
	assert_eventually((resident = resident_kib(job->pid)) > 0 && resident <= REST_KIB_MAX);
	print_message("resident: %ld KiB\n", resident);
	assert_status(job_end(job), 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BOTH(at_rest_it_is_never_woken),
		TEST_BOTH(at_rest_it_holds_little_memory),
	};

	return INIT_TESTS_RUN(tests);
}
