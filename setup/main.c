/* ctr-setup: makes a container and keeps it.
 *
 * Theory of operation
 *
 *   ctr-setup (the keeper)  in the host's namespaces, outside the limits; root; lives until the end
 *     └─ ctr-init           PID 1 of new namespaces, inside the limits; may only signal
 *          └─ payload       PID 2; sees nothing but the container
 *
 * A life is the list of stages in stage.c; each has its file in stages/. The keeper goes through
 * 10 to 40, where it clones. The child goes on through 50 to 60 and becomes ctr-init by exec, which
 * goes on through 60 to 95 by the plan that the keeper compiled; the keeper skips to its own 95. At
 * the end, or when a stage fails, the stages are left in reverse.
 *
 * Nothing is ever mounted in the host's mount namespace: the kernel removes every mount with the
 * last process. What needs removing by hand, the cgroups and one directory, is recorded before it
 * is made and locked while its keeper lives, so that the next run, or "ctr-setup gc", can tell
 * what a killed keeper left from what a living one holds (state.h).
 *
 * Between keeper and container: a socket (CTR_KEEPER_FD) up which failures, the pty's master and
 * "the payload runs" travel; the keeper's death kills PID 1 (PR_SET_PDEATHSIG); a pidfd tells the
 * keeper of PID 1's end and takes its signals.
 *
 * "ctr-setup exec" is another process, of the host as well. By a socket in the state directory it
 * gives the keeper one end of a socket of its own, which goes to PID 1: a child of that starts the
 * command, with the client for a keeper.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctr/exit.h"

#include "explain.h"
#include "help.h"
#include "log.h"
#include "options.h"
#include "report.h"
#include "signals.h"
#include "stage.h"
#include "sys.h"
#include "verbs/verbs.h"

/* --check and --print-plan: the first stage alone, which changes nothing. */
static int look(const struct spec *spec, struct run *run)
{
	int rc;

	log_stage(CTR_STAGE_PREFLIGHT);
	rc = spec->mode == MODE_CHECK ? preflight_list(run) : preflight_enter(run);
	if (rc == 0 && spec->mode == MODE_PRINT_PLAN)
		fwrite(run->plan, 1, run->plan_size, stdout);
	preflight_leave(run);
	return verb_status(rc);
}

static int run_or_look(const struct spec *spec)
{
	struct run run = run_begin(spec);

	if (spec->mode != MODE_RUN)
		return look(spec, &run);
	if (stages_run(host_stages, host_stages_count, &run) < 0 && run.end != END_GIVEN_UP)
		run.status = CTR_EXIT_FAILURE;
	report_write(&run);
	return run.status;
}

/* Descriptors 0-2 exist, whatever the caller closed: nothing of ours may take their numbers. */
static void standard_descriptors_open(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR); /* stays open on exec, as they all do */
	while (fd >= 0 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int run_asked(int argc, char **argv)
{
	struct spec spec;
	int status = CTR_EXIT_FAILURE;
	int rc = options_parse(argc, argv, &spec);

	if (rc == OPTIONS_RUN && (!spec.explain || explain_begin(spec.explain, argv) == 0)) {
		log_verbose(spec.verbose);
		status = run_or_look(&spec);
	} else if (rc == OPTIONS_DONE) {
		status = 0;
	}
	spec_free(&spec);
	return status;
}

static int verb_asked(const struct verb *verb, int argc, char **argv)
{
	if (argc < 2 || (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0))
		return verb->run(argc, argv);
	verb_help_print(stdout, verb);
	return 0;
}

int main(int argc, char **argv)
{
	const struct verb *verb = argc > 1 ? verb_find(argv[1]) : NULL;
	int status;

	if (argc < 1)
		return CTR_EXIT_FAILURE;
	signals_block();
	standard_descriptors_open();
	umask(022);
	sys_show(false);
	status = verb ? verb_asked(verb, argc - 1, argv + 1) : run_asked(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fail(errno, "cannot write to standard output");
		status = CTR_EXIT_FAILURE;
	}
	return status;
}
