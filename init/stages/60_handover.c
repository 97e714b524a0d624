/* 60 handover: the plan becomes ours.
 * Before: the plan waits in a sealed memfd on CTR_PLAN_FD, written by ctr-setup. After: it is
 * checked whole and kept in private memory; of the descriptors we were given none but the standard
 * ones, the keeper's and those of the attach lines can reach the payload's process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../report.h"
#include "../stages.h"

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

void self_protect(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void handover_accept(struct plan *plan)
{
	struct stat stat;
	unsigned bad_line;
	char *text;

	self_protect();
	prctl(PR_SET_NAME, "ctr-init"); /* else ps(1) shows the memory file */
	/* Node modes are given whole; the payload gets the customary mask back. */
	umask(0);
	fcntl(CTR_KEEPER_FD, F_SETFD, FD_CLOEXEC);
	if (fstat(CTR_PLAN_FD, &stat) < 0 || stat.st_size <= 0 || stat.st_size > CTR_PLAN_MAX)
		die(CTR_STAGE_HANDOVER, 0, EINVAL, "cannot use the plan's size", NULL);
	if ((fcntl(CTR_PLAN_FD, F_GET_SEALS) & SEALS) != SEALS)
		die(CTR_STAGE_HANDOVER, 0, EINVAL, "cannot trust a plan that is not sealed", NULL);
	text = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, CTR_PLAN_FD,
		    0);
	if (text == MAP_FAILED)
		die(CTR_STAGE_HANDOVER, 0, errno, "cannot map the plan", NULL);
	close(CTR_PLAN_FD);
	bad_line = plan_parse(text, (size_t)stat.st_size, plan);
	if (bad_line)
		die(CTR_STAGE_HANDOVER, bad_line, EINVAL, "cannot understand the plan", NULL);
}
