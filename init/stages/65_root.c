/* 65 root: the mount that ctr-setup prepared becomes /.
 * Before: it is the working directory, one mount among the host's, all of them private to this
 * namespace. After: nothing
 * of the host's tree can be reached, the working directory is the new /, and it stays there: the
 * paths of all later stages are resolved from it. */
#include <errno.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../report.h"
#include "../stages.h"
#include "../sys.h"

static void pivot(const struct line *line)
{
	/* pivot_root(2), NOTES: new and old root may be the same directory; the old root then lies
	 * on top of the new one and goes with one unmount, so no directory is needed to put it. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		die(CTR_STAGE_ROOT, line, "make ", field(line, 0), " the root with pivot_root",
		    errno == EINVAL ? " (on an initramfs, switch_root to a tmpfs first)" : NULL,
		    NULL);
	if (umount2(".", MNT_DETACH) < 0)
		die(CTR_STAGE_ROOT, line, "let go of the old root", NULL);
	if (chdir("/") < 0)
		die(CTR_STAGE_ROOT, line, "enter /", NULL);
}

void root_pivot(const struct plan *plan)
{
	for_each_step(line, plan, CTR_VERB_ROOT, CTR_VERB_ROOT) pivot(line);
}
