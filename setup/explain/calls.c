/* The third back end of the seam: each change is printed as shell, and, for --explain=trace, made.
 *
 * The linker puts each __wrap_sys_NAME() in the place of sys_NAME(), which stays to be had as
 * __real_sys_NAME() (ld(1), --wrap). Nothing else of the program is different: what it decides, it
 * decides here as it does in a run. What would be there after a change that is not made has a
 * stand-in: descriptors are of /dev/null, files that were written read as written, and what would
 * be cloned is forked, so that both sides live their stages.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../channel.h"
#include "../cleanup.h"
#include "../log.h"
#include "../plan.h"
#include "../state.h"
#include "../sys.h"
#include "lines.h"
#include "step.h"

enum { DESCRIPTORS = 1024, WRITTEN_MAX = 128, PASSED_MAX = 64 };

#define SEAM(type, name, ...)                                                                      \
	type __real_sys_##name(__VA_ARGS__);                                                       \
	type __wrap_sys_##name(__VA_ARGS__);                                                       \
	type __wrap_sys_##name(__VA_ARGS__)

/* A change: made in a trace, then printed. */
#define CHANGE(real, ...) step(is_dry() ? 0 : (real), __VA_ARGS__)
/* One that shell has no command for. */
#define CHANGE_NOTE(real, ...) step_note(is_dry() ? 0 : (real), __VA_ARGS__)

/* What stands behind the descriptors that were given out. */
static struct waiting behind[DESCRIPTORS];

static struct {
	char *path, *text;
} written[WRITTEN_MAX];
static unsigned written_count;

/* What keeper and child, both of this program, know together. */
static struct {
	bool child_waits; /* the child has settled, and turns to the root */
	unsigned sent, received;
	struct {
		char source[PATH_MAX];
		unsigned flags;
	} passed[PASSED_MAX]; /* with the descriptors that go over the socket */
} * shared;

static char *plan;	    /* the text that ctr-init gets, or would */
static const char *network; /* where the child is born, if not in one of its own */

/* fd, or in its want one of /dev/null, stands for source. */
static int stand_in(int fd, const char *source, unsigned flags)
{
	if (fd < 0 && is_dry())
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= 0 && fd < DESCRIPTORS)
		behind[fd] = (struct waiting){strdup(source), flags};
	return fd < 0 ? -errno : fd;
}

static const char *source_of(int fd)
{
	return fd >= 0 && fd < DESCRIPTORS && behind[fd].source ? behind[fd].source : "?";
}

static const char *source_at(int at_fd, const char *path)
{
	static char joined[PATH_MAX];

	if (at_fd == AT_FDCWD || *path == '/')
		return path;
	snprintf(joined, sizeof(joined), "%s", source_of(at_fd));
	if (*path)
		snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s",
			 joined[strlen(joined) - 1] == '/' ? "" : "/", path);
	return joined;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* --- what is no change, and is listened to */

void __real_log_stage(unsigned stage);
void __wrap_log_stage(unsigned stage);
void __wrap_log_stage(unsigned stage)
{
	step_stage(stage);
	if (shared && stage >= CTR_STAGE_ROOTFS)
		shared->child_waits = true;
	__real_log_stage(stage);
}

int __real_channel_send(int socket_fd, enum ctr_message_type type, int error, int fd);
int __wrap_channel_send(int socket_fd, enum ctr_message_type type, int error, int fd);
int __wrap_channel_send(int socket_fd, enum ctr_message_type type, int error, int fd)
{
	unsigned i = shared ? shared->sent : PASSED_MAX;

	if (fd >= 0 && i < PASSED_MAX) {
		snprintf(shared->passed[i].source, PATH_MAX, "%s", source_of(fd));
		shared->passed[i].flags = behind[fd].flags;
		shared->sent++;
	}
	return __real_channel_send(socket_fd, type, error, fd);
}

/* In a trace: ctr-init has carried out a line of the plan. */
static void step_tell(const struct ctr_message *message)
{
	const char *line = plan ? plan : "";
	struct timespec at;

	for (unsigned i = 1; i < message->line && *line; i++)
		line = strchrnul(line, '\n') + (*strchrnul(line, '\n') == '\n');
	memcpy(&at, message->text, sizeof(at));
	step_of_plan(line, &at);
}

int __real_channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags);
int __wrap_channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags);
int __wrap_channel_receive(int socket_fd, struct ctr_message *message, int *fd, int flags)
{
	int rc = __real_channel_receive(socket_fd, message, fd, flags);
	unsigned i = shared ? shared->received : PASSED_MAX;

	if (rc == 0 && message->type == CTR_MESSAGE_STEP) {
		step_tell(message);
		return __wrap_channel_receive(socket_fd, message, fd, flags);
	}
	if (rc == 0 && message->type == CTR_MESSAGE_STARTED) {
		step_stage(CTR_STAGE_PAYLOAD);
		step_note(0, "execve(2) has succeeded: the command runs");
	}

	if (rc == 0 && *fd >= 0 && i < PASSED_MAX) {
		stand_in(*fd, shared->passed[i].source, shared->passed[i].flags);
		shared->received++;
	}
	return rc;
}

/* --- files and directories */

/* A cgroup must be new; other directories of everybody's are made when they are missing. */
static bool is_cgroup(const char *path)
{
	AUTO_FREE char *parent = strdup(path);
	struct statfs fs;

	*strrchr(parent, '/') = '\0';
	return statfs(parent, &fs) == 0 &&
	       (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

SEAM(int, mkdir, const char *path, mode_t mode)
{
	bool there = is_there(path), may_be_there = there || (mode != 0700 && !is_cgroup(path));
	int rc = is_dry() ? 0 : __real_sys_mkdir(path, mode);

	step(rc, "mkdir%s%s %s", may_be_there ? " -p" : "", mode == 0700 ? " -m 700" : "",
	     quote(path));
	return is_dry() && there ? -EEXIST : rc;
}

SEAM(int, rmdir, const char *path)
{
	return CHANGE(__real_sys_rmdir(path), "rmdir %s", quote(path));
}

SEAM(int, unlink, const char *path)
{
	/* The socket that "ctr-setup exec" knocks at: shell makes none. */
	if (is_dry() && strcmp(strrchr(path, '/'), "/" STATE_EXEC) == 0)
		return 0;
	return CHANGE(__real_sys_unlink(path), "rm %s", quote(path));
}

/* The last newline is echo's. Static. */
static const char *line_quote(const char *text)
{
	static char line[8192];

	snprintf(line, sizeof(line), "%s", text);
	if (*line && line[strlen(line) - 1] == '\n')
		line[strlen(line) - 1] = '\0';
	return quote(line);
}

SEAM(int, create, const char *path, const char *text)
{
	return CHANGE(__real_sys_create(path, text), "echo %s >%s", line_quote(text), quote(path));
}

SEAM(int, open_output, const char *path)
{
	return __real_sys_open_output(path);
}

static void written_note(const char *path, const char *text)
{
	if (is_dry() && written_count < WRITTEN_MAX) {
		written[written_count].path = strdup(path);
		written[written_count++].text = strdup(text);
	}
}

SEAM(int, write, const char *path, const char *text)
{
	written_note(path, text);
	return CHANGE(__real_sys_write(path, text), "echo %s >%s", line_quote(text), quote(path));
}

SEAM(int, may_write, const char *path)
{
	return __real_sys_may_write(path);
}

/* Of version 1: what was allowed, rule by rule, is one list. */
static int devices_read(const char *path, char *text, size_t size)
{
	size_t directory = strlen(path) - strlen("list");

	*text = '\0';
	for (unsigned i = 0; i < written_count; i++)
		if (strncmp(written[i].path, path, directory) == 0 &&
		    strcmp(written[i].path + directory, "allow") == 0)
			snprintf(text + strlen(text), size - strlen(text), "%s\n", written[i].text);
	return (int)strlen(text);
}

SEAM(int, read, const char *path, char *text, size_t size)
{
	const char *list = strstr(path, "/devices.list");

	if (is_dry() && list && !is_there(path))
		return devices_read(path, text, size);
	for (unsigned i = written_count; i-- > 0;)
		if (strcmp(written[i].path, path) == 0)
			return snprintf(text, size, "%s", written[i].text);
	return __real_sys_read(path, text, size);
}

/* A run removes what the dead have left; whether they will still be there is not ours to say. */
static bool is_others_run(const char *dir)
{
	const char *root = state_root();

	return root && strncmp(dir, root, strlen(root)) == 0 && dir[strlen(root)] == '/';
}

SEAM(int, lock, const char *dir, bool wait)
{
	static unsigned number = 3; /* sh(1) may know no more than one digit */
	int fd = is_dry() && !is_there(dir) ? -1 : __real_sys_lock(dir, wait);

	if (is_dry() && is_there(dir) && is_others_run(dir)) {
		close_and_forget(&fd);
		return -EWOULDBLOCK;
	}
	if (fd < 0 && (!is_dry() || is_there(dir)))
		return fd;
	if (wait)
		step_note(0, "flock %s: others wait while the list of runs changes", quote(dir));
	else if (number <= 5)
		step(0, "exec %u<%s; flock -n %u", number, quote(dir), number);
	number += !wait;
	return stand_in(fd, dir, 0);
}

/* --- processes and namespaces */

static void clone_print(uint64_t namespaces)
{
	char options[256] = "";
	static const struct {
		uint64_t flag;
		const char *option;
	} kinds[] = {{CLONE_NEWUSER, " --user"}, {CLONE_NEWNS, " --mount --propagation unchanged"},
		     {CLONE_NEWPID, " --pid"},	 {CLONE_NEWUTS, " --uts"},
		     {CLONE_NEWIPC, " --ipc"},	 {CLONE_NEWNET, " --net"}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (namespaces & kinds[i].flag)
			strcat(options, kinds[i].option);
	step_shell("%s%s%sunshare%s --fork --kill-child%s", network ? "nsenter --net=" : "",
		   network ? quote(network) : "", network ? " " : "", options,
		   is_script() ? " 3<&- 4<&- 5<&-" : "");
}

void __real_sys_sleep_ms(unsigned milliseconds);
int __real_sys_clone(struct sys_clone *clone);

/* The child goes as far as it can first: what both print is always in this order. */
static void child_await(pid_t pid)
{
	siginfo_t end = {0};

	while (!shared->child_waits &&
	       waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && !end.si_pid)
		__real_sys_sleep_ms(1);
}

static int container_clone(struct sys_clone *clone, struct sys_clone *plain)
{
	int pid;

	clone_print(clone->namespaces);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return -errno;
	pid = __real_sys_clone(plain);
	if (pid > 0)
		child_await(pid);
	if (pid != 0 || clone->cgroup_fd < 0)
		return pid;
	step_leaves_nothing();
	step_why("the kernel puts it there as it is born (CLONE_INTO_CGROUP)");
	return step(0, "echo 0 >%s/cgroup.procs", quote(source_of(clone->cgroup_fd)));
}

/* A process that is not the container's first is a helper of the keeper's, or a hook. */
SEAM(int, clone, struct sys_clone *clone)
{
	struct sys_clone plain = {.cgroup_fd = -1, .as_sibling = clone->as_sibling};
	bool is_container = clone->namespaces & CLONE_NEWNS;
	int pid;

	if (!is_dry()) {
		pid = __real_sys_clone(clone);
		if (pid != 0 && is_container)
			clone_print(clone->namespaces);
		return pid;
	}
	pid = is_container ? container_clone(clone, &plain) : __real_sys_clone(&plain);
	if (pid == 0)
		step_leaves_nothing();
	clone->pid_fd = plain.pid_fd;
	return pid;
}

SEAM(int, unshare, uint64_t namespaces)
{
	int rc = is_dry() ? 0 : __real_sys_unshare(namespaces);

	step_why("only now: the root of a cgroup namespace is the group that its maker is in");
	step_shell("exec unshare --cgroup");
	return rc;
}

SEAM(int, become_root, void)
{
	return CHANGE_NOTE(__real_sys_become_root(),
			   "root of the user namespace, in no other group");
}

SEAM(int, join_mounts, int pid_fd, bool as_its_root)
{
	return is_dry() ? 0 : __real_sys_join_mounts(pid_fd, as_its_root);
}

SEAM(int, make_files_as, uint32_t uid, uint32_t gid)
{
	return CHANGE_NOTE(__real_sys_make_files_as(uid, gid), "files are made as %u:%u", uid, gid);
}

SEAM(int, give_empty, int dir_fd, uint32_t uid, uint32_t gid)
{
	return CHANGE(__real_sys_give_empty(dir_fd, uid, gid), "chown %u:%u %s", uid, gid,
		      quote(source_of(dir_fd)));
}

SEAM(int, enter_dir, int fd)
{
	return CHANGE(__real_sys_enter_dir(fd), "cd %s", quote(source_of(fd)));
}

/* The keeper goes there for the clone, and comes back. */
SEAM(int, join_netns, int netns_fd)
{
	if (strncmp(source_of(netns_fd), "/proc/self/", 11) != 0)
		network = source_of(netns_fd);
	return is_dry() ? 0 : __real_sys_join_netns(netns_fd);
}

SEAM(int, open_dir, int at_fd, const char *path)
{
	return stand_in(__real_sys_open_dir(at_fd, path), source_at(at_fd, path), 0);
}

SEAM(int, open_file, const char *path)
{
	return stand_in(__real_sys_open_file(path), path, 0);
}

SEAM(int, die_with_parent, void)
{
	return is_dry() ? 0 : __real_sys_die_with_parent();
}

SEAM(int, affinity_reset, void)
{
	return CHANGE(__real_sys_affinity_reset(), "taskset -cp 0-1023 $$ >/dev/null");
}

SEAM(int, run, char *const *arguments)
{
	char line[512] = "";

	for (size_t i = 0; arguments[i]; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", i ? " " : "",
			 quote(arguments[i]));
	return CHANGE(__real_sys_run(arguments), "%s", line);
}

/* What follows is real: the processes are, whoever they stand for. */
SEAM(int, socketpair, int fds[2])
{
	return __real_sys_socketpair(fds);
}

SEAM(int, socket_in, int dir_fd, const char *name)
{
	int fd = is_dry() ? -1 : __real_sys_socket_in(dir_fd, name);

	return step_note(stand_in(fd, name, 0), "on %s/%s the keeper listens, for ctr-setup exec",
			 quote(source_of(dir_fd)), name);
}

SEAM(int, raise_rlimit, int resource, uint64_t hard)
{
	return is_dry() ? 0 : __real_sys_raise_rlimit(resource, hard);
}

SEAM(int, kill, int pid_fd, int signal)
{
	return __real_sys_kill(pid_fd, signal);
}

SEAM(void, show, bool shown)
{
	__real_sys_show(shown);
}

SEAM(int, wait, pid_t pid, int *status)
{
	return __real_sys_wait(pid, status);
}

SEAM(int, become, const char *path, char *const *arguments)
{
	if (is_dry()) {
		step_why(
			"among the container's mounts, on the host's network ($keeper: ctr-setup)");
		step(0, "nsenter --net=/proc/$keeper/ns/net %s %s </dev/null >&2", quote(path),
		     quote(arguments[1]));
		_exit(0);
	}
	step(0, "%s %s", quote(path), quote(arguments[1]));
	return __real_sys_become(path, arguments);
}

SEAM(int, kill_pid, pid_t pid, int signal)
{
	return CHANGE(__real_sys_kill_pid(pid, signal), "kill -%d %d", signal, pid);
}

SEAM(void, sleep_ms, unsigned milliseconds)
{
	if (!is_dry())
		__real_sys_sleep_ms(milliseconds);
}

/* --- device programs */

SEAM(int, bpf_load, const struct bpf_insn *program, size_t count)
{
	if (!is_dry())
		return __real_sys_bpf_load(program, count);
	return stand_in(-1, "program", 0);
}

SEAM(int, bpf_attach, int group_fd, int program_fd)
{
	return CHANGE_NOTE(__real_sys_bpf_attach(group_fd, program_fd),
			   "a program on %s refuses all devices but the container's",
			   quote(source_of(group_fd)));
}

SEAM(int, bpf_is_attached, int group_fd, int program_fd)
{
	return is_dry() ? 1 : __real_sys_bpf_is_attached(group_fd, program_fd);
}

/* --- mounts */

SEAM(int, make_private, void)
{
	step_why("mounts made from here on are seen by nobody outside");
	return CHANGE(__real_sys_make_private(), "mount --make-rprivate /");
}

/* overlayfs takes "\\" before a character of its own meaning. */
static void layer_put(FILE *to, const char *key, int fd)
{
	fputs(key, to);
	for (const char *c = source_of(fd); *c; c++)
		fprintf(to, strchr("\\,:", *c) ? "\\%c" : "%c", *c);
}

SEAM(int, mount_overlay, const struct sys_overlay *overlay)
{
	AUTO_FREE char *options = NULL;
	size_t size;
	FILE *to = open_memstream(&options, &size);

	if (!to)
		return -ENOMEM;
	fputs(overlay->flags & MOUNT_BARE ? "" : "nosuid,nodev,", to);
	for (size_t i = 0; i < overlay->lower_count; i++)
		layer_put(to, i ? ":" : "lowerdir=", overlay->lower_fds[i]);
	layer_put(to, ",upperdir=", overlay->upper_fd);
	layer_put(to, ",workdir=", overlay->work_fd);
	fprintf(to, ",%s", overlay->options);
	fclose(to);
	step_why("lower is never written: changes go to upper");
	return CHANGE(__real_sys_mount_overlay(overlay), "mount -t overlay -o %s overlay %s",
		      quote(options), quote(source_of(overlay->target_fd)));
}

SEAM(int, mount_tmpfs, const char *target, const char *options)
{
	return CHANGE(__real_sys_mount_tmpfs(target, options), "mount -t tmpfs -o %s tmpfs %s",
		      quote(options), quote(target));
}

SEAM(int, open_tree, int at_fd, const char *path, unsigned flags)
{
	const char *source = source_at(at_fd, path);
	AUTO_FREE char *real = realpath(source, NULL);
	int fd = is_dry() ? open(source, O_PATH | O_CLOEXEC)
			  : __real_sys_open_tree(at_fd, path, flags);

	return stand_in(fd, real ? real : source, flags);
}

SEAM(int, open_new, const char *type, unsigned flags)
{
	return stand_in(is_dry() ? -1 : __real_sys_open_new(type, flags), type, flags);
}

SEAM(int, map_tree, int tree_fd, int userns_fd)
{
	return CHANGE_NOTE(__real_sys_map_tree(tree_fd, userns_fd),
			   "%s has the ids of the user namespace (mount_setattr(2), "
			   "MOUNT_ATTR_IDMAP)",
			   quote(source_of(tree_fd)));
}

SEAM(int, attach, int tree_fd, const char *path)
{
	int rc = is_dry() ? 0 : __real_sys_attach(tree_fd, path);
	const char *options =
		bind_options(tree_fd < DESCRIPTORS ? behind[tree_fd].flags : MOUNT_BARE);

	step(rc, "mount --rbind %s %s", quote(source_of(tree_fd)), quote(path));
	if (*options)
		step(rc, "mount -o remount,bind%s %s", options, quote(path));
	return rc;
}

/* --- handing over */

int __real_plan_compile(const struct spec *spec, const struct plan_facts *facts, char **text,
			size_t *size);
int __wrap_plan_compile(const struct spec *spec, const struct plan_facts *facts, char **text,
			size_t *size);
int __wrap_plan_compile(const struct spec *spec, const struct plan_facts *facts, char **text,
			size_t *size)
{
	int rc = __real_plan_compile(spec, facts, text, size);

	if (rc == 0)
		plan = strdup(*text);
	return rc;
}

SEAM(int, sealed_file, const char *name, const void *data, size_t size)
{
	return __real_sys_sealed_file(name, data, size);
}

SEAM(int, place, int *fds, size_t count, int first)
{
	static struct waiting placed[DESCRIPTORS];

	for (size_t i = 0; i < count && i + (size_t)first < DESCRIPTORS; i++)
		placed[i + (size_t)first] =
			fds[i] < DESCRIPTORS ? behind[fds[i]] : (struct waiting){0};
	memcpy(behind, placed, sizeof(behind));
	if (is_script() && plan)
		lines_bind_early(plan, behind, DESCRIPTORS);
	return is_dry() ? 0 : __real_sys_place(fds, count, first);
}

SEAM(int, execute, int fd, const char *name)
{
	if (is_dry()) {
		lines_print(plan, behind, DESCRIPTORS);
		step_shells_end();
		_exit(0);
	}
	step(0, "exec %s", name);
	return __real_sys_execute(fd, name);
}
