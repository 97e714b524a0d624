#include "explain.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "cleanup.h"
#include "initfile.h"
#include "log.h"

int explain_begin(enum explain how, char **argv)
{
	char path[PATH_MAX];
	AUTO_CLOSE int fd = program_open("ctr-explain", CTR_EXPLAIN_PATH, path, sizeof(path));

	(void)how;
	if (fd >= 0)
		execv(path, argv);
	return fail(errno, "cannot execute ctr-explain, neither beside ctr-setup nor as %s",
		    CTR_EXPLAIN_PATH);
}
