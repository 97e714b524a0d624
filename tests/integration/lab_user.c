#include "lab_user.h"

#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define USERS "root:x:0:0::/:/bin/sh\nlab:x:4242:4242::/:/bin/sh\n"

const char *user_program;
const char *user_environment[3];

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		_exit(99);
}

void become_user(const void *argument)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("etc", "/etc", "tmpfs", 0, "mode=755") < 0)
		_exit(99);
	file_write("/etc/passwd", USERS);
	file_write("/etc/subuid", argument);
	file_write("/etc/subgid", argument);
	if (setgroups(0, NULL) < 0 || setresgid(USER, USER, USER) < 0 ||
	    setresuid(USER, USER, USER) < 0 || chdir(lab_directory()) < 0)
		_exit(99);
}

int user_setup(void **state)
{
	static const char *const theirs[] = {"merged", "upper", "work", "lower", "runtime", "box"};
	int rc = lab_setup(state);

	if (rc != 0)
		return rc;
	user_program = lab_path("bin/ctr-setup");
	user_environment[0] = "PATH=/usr/bin:/bin:/usr/sbin:/sbin";
	user_environment[1] = lab_text("XDG_RUNTIME_DIR=%s", lab_path("runtime"));
	rc |= system(lab_text("mkdir %s && cp %s %s %s", lab_path("bin"), getenv("CTR_SETUP"),
			      getenv("CTR_INIT"), lab_path("bin")));
	for (size_t i = 0; i < COUNT(theirs); i++) {
		const char *path = lab_path("%s", theirs[i]);

		mkdir(path, 0755);
		rc |= chown(path, USER, USER);
	}
	rc |= system(lab_text("chown -R %d:%d %s", USER, USER, lab_path("lower")));
	return rc | chmod(lab_directory(), 0755);
}
