/* The file is the root's, which may be hostile: it is opened as the payload would open it, and read
 * when it is a regular file, up to a size. What it says is text from inside for a process inside.
 */
#include "home.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "environment.h"
#include "file.h"
#include "sys.h"
#include "text.h"

enum { PASSWD_MAX = 65536, FIELDS_BEFORE_HOME = 5, UID_FIELD = 2 };

static char entry[256];

/* Takes the directory from a line of passwd(5), when that is of uid and can be one. */
static bool line_take(char *line, uint64_t uid)
{
	uint64_t number;
	size_t length;

	for (unsigned i = 0; i < FIELDS_BEFORE_HOME; i++) {
		length = strcspn(line, ":");
		if (!line[length])
			return false;
		line[length] = '\0';
		if (i == UID_FIELD && (!integer_parse(line, 10, &number) || number != uid))
			return false;
		line += length + 1;
	}
	length = strcspn(line, ":");
	line[length] = '\0';
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == '\x7f')
			return false;
	if (line[0] != '/' || strlen(entry) + length >= sizeof(entry))
		return false;
	text_append(entry, sizeof(entry), line);
	return true;
}

static bool text_take(char *text, uint64_t uid)
{
	for (size_t length; *text; text += length + 1) {
		length = strcspn(text, "\n");
		if (!text[length])
			return line_take(text, uid);
		text[length] = '\0';
		if (line_take(text, uid))
			return true;
	}
	return false;
}

static bool passwd_take(uint64_t uid)
{
	int fd = sys_openat2(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
			     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	char *text =
		mmap(NULL, PASSWD_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool found = false;
	struct stat stat;

	if (text == MAP_FAILED)
		return false;
	if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) &&
	    descriptor_read(fd, text, PASSWD_MAX) > 0)
		found = text_take(text, uid);
	close(fd);
	munmap(text, PASSWD_MAX);
	return found;
}

void home_settle(char **environment, const struct plan *plan)
{
	for_each_line(line, plan) {
		if (line->verb != CTR_VERB_HOME || environment_find(environment, "HOME="))
			continue;
		text_append(entry, sizeof(entry), "HOME=");
		if (!passwd_take((uint64_t)syscall(SYS_getuid)))
			text_append(entry, sizeof(entry), field(line, 0));
		while (*environment)
			environment++;
		*environment = entry;
	}
}
