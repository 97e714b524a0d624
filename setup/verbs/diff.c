/* diff: what a run, or a past one's upper layer, has changed of the layers below. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../layers.h"
#include "../log.h"
#include "../record.h"
#include "../signals.h"
#include "../sys.h"
#include "changes.h"
#include "live.h"
#include "verbs.h"

static int directory_open(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail(errno, "cannot open the directory %s", path) : fd;
}

static int tree_open(struct changes *changes, const char *path)
{
	changes->tree_fd = directory_open(path);
	return changes->tree_fd < 0 ? changes->tree_fd : 0;
}

static int lower_add(struct changes *changes, const char *path)
{
	int *grown = reallocarray(changes->lower_fds, changes->lower_count + 1, sizeof(*grown));
	int fd;

	if (!grown)
		return fail(ENOMEM, "cannot open %s", path);
	changes->lower_fds = grown;
	fd = directory_open(path);
	if (fd < 0)
		return fd;
	changes->lower_fds[changes->lower_count++] = fd;
	return 0;
}

/* --- a run's */

/* The ids outside of 0 inside; 0 where there is no user namespace. */
static uint32_t first_id(pid_t pid, const char *file)
{
	char path[32], text[4096];
	uint32_t inside, outside;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	if (sys_read(path, text, sizeof(text)) < 0 ||
	    sscanf(text, "%" SCNu32 " %" SCNu32, &inside, &outside) != 2)
		return 0;
	return outside - inside;
}

/* With --ephemeral the upper layer is in memory that no path leads to. The root that PID 1 sees is
 * reached through it. */
static int whole_open(const struct live *live, struct changes *changes)
{
	struct stat own, is;
	char path[32];
	pid_t pid;
	AUTO_CLOSE int init_fd = live_init_demand(live, &pid);

	if (init_fd < 0)
		return init_fd;
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	changes->tree_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (changes->tree_fd < 0)
		return fail(errno, "cannot look into %s, whose changes are in memory", live->name);
	changes->rules.is_whole = true;
	changes->rules.first_uid = first_id(pid, "uid_map");
	changes->rules.first_gid = first_id(pid, "gid_map");
	if (ends_within(init_fd, 0)) /* the number may be another's by now */
		return fail(0, "%s has ended meanwhile", live->name);
	if (stat("/", &own) < 0 || fstat(changes->tree_fd, &is) < 0 ||
	    (own.st_dev == is.st_dev && own.st_ino == is.st_ino))
		return fail(0, "cannot look into %s yet: it is about to begin", live->name);
	return 0;
}

static int run_layers_open(const struct live *live, struct changes *changes)
{
	AUTO_FREE char *text = record_read(live->path, STATE_RUN);
	const char *key, *value;
	char *rest = text;
	int rc = text ? 0 : fail(errno, "cannot read the record of %s", live->name);

	changes->rules.user = geteuid() != 0;
	while (rc == 0 && record_next(&rest, &key, &value)) {
		if (strcmp(key, "upper") == 0)
			rc = tree_open(changes, value);
		else if (strcmp(key, "lower") == 0)
			rc = lower_add(changes, value);
	}
	if (rc == 0 && !changes->lower_count)
		return fail(0, "%s runs in its root as it is: it has no layers to compare",
			    live->name);
	return rc == 0 && changes->tree_fd < 0 ? whole_open(live, changes) : rc;
}

/* --- a directory's */

/* The attributes of who is not root are user.*; from inside of root's containers they could be set,
 * too, and would hide something. */
static bool is_user_s(int upper_fd)
{
	struct stat stat;

	return geteuid() != 0 || (fstat(upper_fd, &stat) == 0 && stat.st_uid != 0);
}

static int upper_layers_open(const char *upper, struct changes *changes)
{
	AUTO_FREE char *real = NULL, *sibling = NULL;
	int rc = tree_open(changes, upper);

	if (rc < 0)
		return rc;
	changes->rules.user = is_user_s(changes->tree_fd);
	if (changes->lower_count)
		return 0;
	real = realpath(upper, NULL);
	if (!real || asprintf(&sibling, "%s/../lower", real) < 0)
		return fail(errno, "cannot find what is beside %s", upper);
	if (!is_directory(sibling))
		return fail(0,
			    "there is no \"lower\" beside %s: name the layers below it, top first, "
			    "with --lower",
			    upper);
	return lower_add(changes, sibling);
}

/* NAME, unless layers are given: an UPPER of a run's name is written ./NAME. */
static int layers_open(const char *what, struct changes *changes)
{
	struct live live = {.keeper_fd = -1};
	int rc = changes->lower_count ? -ESRCH : live_find(what, &live);

	changes->rules.trusted = geteuid() == 0;
	if (rc == 0)
		rc = run_layers_open(&live, changes);
	else if (rc == -ESRCH && is_directory(what))
		rc = upper_layers_open(what, changes);
	else if (rc == -ESRCH)
		rc = fail(0, "no run and no directory is called %s: see ctr-setup ls", what);
	live_close(&live);
	return rc;
}

static int arguments_take(int argc, char **argv, const char **what, struct changes *changes)
{
	int rc = 0;

	for (int i = 1; i < argc && rc == 0; i++) {
		if (strcmp(argv[i], "--lower") == 0 && i + 1 < argc)
			rc = lower_add(changes, argv[++i]);
		else if (strncmp(argv[i], "--lower=", 8) == 0)
			rc = lower_add(changes, argv[i] + 8);
		else if (argv[i][0] == '-' || *what)
			rc = words_refuse(argv[0], argv[i]);
		else
			*what = argv[i];
	}
	return rc == 0 && !*what ? words_refuse(argv[0], NULL) : rc;
}

int diff_run(int argc, char **argv)
{
	struct changes changes = {.tree_fd = -1, .to = stdout};
	const char *what = NULL;
	int rc = arguments_take(argc, argv, &what, &changes);

	signals_restore(); /* a large tree takes long */
	if (rc == 0)
		rc = layers_open(what, &changes);
	if (rc == 0)
		rc = changes_write(&changes);
	for (size_t i = 0; i < changes.lower_count; i++)
		close(changes.lower_fds[i]);
	free(changes.lower_fds);
	close_and_forget(&changes.tree_fd);
	return verb_status(rc);
}
