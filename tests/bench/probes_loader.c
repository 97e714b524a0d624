/* What the hostile root has as the dynamic linker. A command "#!/proc/self/exe" makes the tool
 * execute itself inside; its linker then comes from the root, and holds the tool's own program in
 * its hands (CVE-2019-5736). This one only looks whether it could be written to.
 *
 * Freestanding, as a linker has to be: with init/bare.c. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes.h"

int main(void);

int main(void)
{
	int fd = open("/proc/self/exe", O_RDONLY), list = open(IDENTITY_PATH, O_RDONLY);
	const char *says = "loader\twithstands\tit is not the host's file, or cannot be written\n";
	struct identity one;
	struct statfs fs;
	struct stat stat;

	if (syscall(SYS_fstat, fd, &stat) < 0 || syscall(SYS_fstatfs, fd, &fs) < 0)
		return 2;
	while (read(list, &one, sizeof(one)) == sizeof(one))
		if (one.device == stat.st_dev && one.inode == stat.st_ino &&
		    !(fs.f_flags & ST_RDONLY) &&
		    (open("/proc/self/exe", O_WRONLY) >= 0 || errno == ETXTBSY))
			says = "loader\tFALLS\tthe host's own program could be written to\n";
	return write(1, says, strlen(says)) < 0;
}
