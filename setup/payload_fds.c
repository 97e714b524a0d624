#include "payload_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "sys.h"

/* From a directory, openat(2) leads to the whole file system of the host. An O_PATH descriptor is
 * of no use as 0-2, and /proc/self/fd would open what it names for reading and writing. */
static int payload_fd_check(int fd)
{
	struct stat stat;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return 0; /* closed */
	if (fstat(fd, &stat) < 0)
		return fail(errno, "cannot look at descriptor %d", fd);
	if (S_ISDIR(stat.st_mode))
		return fail(EISDIR,
			    "cannot give the command a directory of the host as its descriptor %d",
			    fd);
	if (flags & O_PATH)
		return fail(EBADF,
			    "cannot give the command a path of the host (O_PATH) as its "
			    "descriptor %d",
			    fd);
	return 0;
}

void payload_fds_share(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		sys_share_pipe(fd);
}

int payload_fds_check(void)
{
	int rc = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && rc == 0; fd++)
		rc = payload_fd_check(fd);
	return rc;
}
