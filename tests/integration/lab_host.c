/* What the host knows of a run. */
#include "lab.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read without keeping the whole: waits ask for it again and again. */
const char *host_status(pid_t pid, const char *field)
{
	char path[32], text[8192] = "\n";
	const char *line;
	FILE *from;
	size_t got = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	from = fopen(path, "re");
	if (from) {
		got = fread(text + 1, 1, sizeof(text) - 2, from);
		fclose(from);
	}
	text[got + 1] = '\0';
	line = strstr(text, lab_text("\n%s", field));
	if (!line)
		return "";
	line += 1 + strlen(field);
	line += strspn(line, " \t");
	return lab_text("%.*s", (int)strcspn(line, "\n"), line);
}

bool host_is_running(pid_t pid)
{
	const char *state = host_status(pid, "State:");

	return *state && *state != 'Z' && *state != 'X';
}

/* The first living child of parent whose number in its innermost pid namespace is wanted, or, when
 * wanted is 0, any that is in one; 0 when there is none. */
static pid_t child_find(pid_t parent, int wanted)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (dir && !found && (entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		const char *numbers, *last;

		if (pid <= 0 || strtol(host_status(pid, "PPid:"), NULL, 10) != parent)
			continue;
		numbers = host_status(pid, "NSpid:");
		last = strrchr(numbers, '\t');
		if (last && host_is_running(pid) && (!wanted || strtol(last, NULL, 10) == wanted))
			found = pid;
	}
	if (dir)
		closedir(dir);
	return found;
}

pid_t host_child(pid_t parent, const char *name)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (dir && !found && (entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && strtol(host_status(pid, "PPid:"), NULL, 10) == parent &&
		    strcmp(host_status(pid, "Name:"), name) == 0)
			found = pid;
	}
	if (dir)
		closedir(dir);
	return found;
}

pid_t host_init(const struct job *job)
{
	pid_t pid = 0;

	if (!LAB_WITHIN((pid = child_find(job->pid, 1)) > 0))
		fail_msg("ctr-setup never had a container");
	return pid;
}

pid_t host_payload(const struct job *job)
{
	pid_t init = host_init(job), pid = 0;

	if (!LAB_WITHIN((pid = child_find(init, 0)) > 0))
		fail_msg("the container never had a payload");
	return pid;
}

uint64_t host_namespace(pid_t pid, const char *name)
{
	struct stat stat_buffer;

	if (stat(lab_text("/proc/%d/ns/%s", pid, name), &stat_buffer) < 0)
		return 0;
	return stat_buffer.st_ino;
}

const char *host_mountinfo(pid_t pid)
{
	const char *text = lab_read(lab_text("/proc/%d/mountinfo", pid));

	assert_non_null(text);
	return text;
}

/* --- groups */

static bool list_has(const char *list, const char *word)
{
	char *rest = lab_text("%s", list);

	for (char *item; (item = strsep(&rest, ","));)
		if (strcmp(item, word) == 0)
			return true;
	return false;
}

/* The mount of the hierarchy of a controller ("" for version 2): its point and its root. */
static bool hierarchy_find(const char *controller, char **point, char **root)
{
	char *rest = lab_text("%s", lab_read("/proc/self/mountinfo"));

	for (char *line; (line = strsep(&rest, "\n"));) {
		char *own[2], *type, *options;
		char *separator = strstr(line, " - ");

		if (!separator)
			continue;
		*separator = '\0';
		type = separator + 3;
		options = strrchr(type, ' ') + 1;
		type = strsep(&type, " ");
		for (int i = 0; i < 3; i++)
			strsep(&line, " ");
		own[0] = strsep(&line, " ");
		own[1] = strsep(&line, " ");
		if (*controller ? strcmp(type, "cgroup") == 0 && list_has(options, controller)
				: strcmp(type, "cgroup2") == 0) {
			*root = own[0];
			*point = own[1];
			return true;
		}
	}
	return false;
}

/* The path of pid in that hierarchy, from lines of "ID:CONTROLLERS:PATH". */
static const char *group_path(pid_t pid, const char *controller)
{
	const char *text = lab_read(lab_text("/proc/%d/cgroup", pid));
	char *rest = text ? lab_text("%s", text) : NULL;

	for (char *line; (line = strsep(&rest, "\n"));) {
		char *controllers = line;

		strsep(&controllers, ":");
		if (!controllers)
			continue;
		line = controllers;
		strsep(&line, ":");
		if (line && (*controller ? list_has(controllers, controller) : !*controllers))
			return line;
	}
	return NULL;
}

const char *group_of(pid_t pid, const char *controller, int *version)
{
	char *point, *root;
	const char *path;

	*version = 1;
	if (!hierarchy_find(controller, &point, &root)) {
		const char *offered;

		*version = 2;
		if (!hierarchy_find("", &point, &root))
			return NULL;
		offered = lab_read(lab_text("%s/cgroup.controllers", point));
		if (!offered || !strstr(offered, controller))
			return NULL;
		controller = "";
	}
	path = group_path(pid, controller);
	if (!path)
		return NULL;
	if (strcmp(root, "/") != 0 && strncmp(path, root, strlen(root)) == 0)
		path += strlen(root);
	return lab_text("%s%s", point, path);
}

const char *group_read(pid_t pid, const char *controller, const char *v1, const char *v2)
{
	int version;
	const char *directory = group_of(pid, controller, &version);
	const char *text =
		directory ? lab_read(lab_text("%s/%s", directory, version == 1 ? v1 : v2)) : NULL;
	size_t length = text ? strlen(text) : 0;

	if (length && text[length - 1] == '\n')
		length--;
	return text ? lab_text("%.*s", (int)length, text) : NULL;
}

void group_needed(const char *controller)
{
	int version;

	if (!group_of(getpid(), controller, &version))
		lab_cannot(lab_text("this host has no %s controller", controller));
}

/* --- what is left */

static const char *leftovers;

static int group_visit(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	const char *name = path + walk->base;

	(void)stat;
	if (type == FTW_D && strncmp(name, "ctr-", 4) == 0 && jobs_have_name(name + 4))
		leftovers = lab_text("%s%s\n", leftovers, path);
	return 0;
}

const char *host_leftovers(void)
{
	DIR *dir = opendir("/run/ctr");
	struct dirent *entry;

	leftovers = "";
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && jobs_have_name(entry->d_name))
			leftovers = lab_text("%s/run/ctr/%s\n", leftovers, entry->d_name);
	if (dir)
		closedir(dir);
	nftw("/sys/fs/cgroup", group_visit, 16, FTW_PHYS);
	return leftovers;
}
