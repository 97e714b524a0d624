/* kill: a signal for the command, and nothing more: unlike one to ctr-setup, it begins no end. It
 * goes to PID 1, which passes it on. */
#include <errno.h>
#include <signal.h>

#include "../cleanup.h"
#include "../freezer.h"
#include "../log.h"
#include "../parse.h"
#include "../sys.h"
#include "live.h"
#include "verbs.h"

static int signal_send(const struct live *live, int number)
{
	pid_t pid;
	AUTO_CLOSE int init_fd = -1;
	int rc;

	if (number == SIGSTOP)
		return fail(0, "STOP would stop PID 1 alone: use ctr-setup pause %s, or TSTP",
			    live->name);
	init_fd = live_init_demand(live, &pid);
	if (init_fd < 0)
		return init_fd;
	rc = sys_kill(init_fd, number);
	if (rc < 0 && rc != -ESRCH)
		return fail(-rc, "cannot send signal %d to %s", number, live->name);
	if (number == SIGKILL || number == SIGCONT)
		live_wake(live); /* to clean up, or to go on with the payload */
	if (number != SIGKILL && freezer_is_frozen(live->path))
		say("%s is paused: it gets the signal with ctr-setup resume %s", live->name,
		    live->name);
	return 0;
}

int kill_run(int argc, char **argv)
{
	struct live live = {.keeper_fd = -1};
	struct words words;
	int number = SIGTERM;
	int rc = words_take(argc, argv, 1, 2, &words);

	if (rc == 0 && words.count == 2 && !signal_name_parse(words.operands[1], &number))
		rc = fail(0, "\"%s\" is no signal: see kill -l; as in TERM, 15 or RTMIN+1",
			  words.operands[1]);
	if (rc == 0)
		rc = live_open(words.operands[0], &live);
	if (rc == 0)
		rc = signal_send(&live, number);
	live_close(&live);
	return verb_status(rc);
}
