/* What each option does to the spec, and the table of them all. */
#include "option_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "capabilities.h"
#include "choices.h"
#include "help.h"
#include "log.h"
#include "options.h"
#include "parse.h"
#include "tmpfs.h"

/* Makes room for one more element and returns it zeroed, or NULL. */
static void *element_add(void *array, size_t *count, size_t size)
{
	void **items = array;
	char *grown = reallocarray(*items, *count + 1, size);

	if (!grown)
		return NULL;
	*items = grown;
	return memset(grown + (*count)++ * size, 0, size);
}

static int text_add(struct texts *texts, const char *text)
{
	const char **item = element_add(&texts->items, &texts->count, sizeof(*item));

	if (!item)
		return fail(ENOMEM, "cannot remember \"%s\"", text);
	*item = text;
	return 0;
}

static int refuse(const char *option, const char *text, const char *what)
{
	struct nearest nearest = nearest_to(strncasecmp(text, "cap_", 4) == 0 ? text + 4 : text);

	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
		if (strcmp(row->name, option) == 0)
			choices_offer(row->argument, &nearest);
	return fail(0, "--%s: \"%s\" is not %s%s", option, text, what,
		    nearest_question(&nearest, "; did you mean "));
}

static int set_cpu(struct spec *spec, char *text)
{
	if (!percent_parse(text, &spec->limits.cpu_quota_us))
		return refuse("cpu", text,
			      "percent of one CPU, at least 1, in a number as 10 or 150");
	return 0;
}

static int set_cpu_weight(struct spec *spec, char *text)
{
	if (!number_parse(text, 1, 10000, &spec->limits.cpu_weight))
		return refuse("cpu-weight", text, "a number from 1 to 10000 (100 is usual)");
	return 0;
}

static int set_cpuset(struct spec *spec, char *text)
{
	if (!cpu_list_is_valid(text))
		return refuse("cpuset", text, "a list of CPUs, as in 0-2,4");
	spec->limits.cpuset = text;
	return 0;
}

/* The kernel counts in pages. */
static int page_check(const char *option, const char *text, uint64_t bytes)
{
	bool is_bare = text[strspn(text, "0123456789")] == '\0';

	if (bytes == 0 || bytes >= (uint64_t)sysconf(_SC_PAGESIZE))
		return 0;
	if (!is_bare)
		return fail(0, "--%s: %s is less than one page", option, text);
	return fail(0, "--%s: %s bytes is less than one page: did you mean %sM?", option, text,
		    text);
}

static int set_mem(struct spec *spec, char *text)
{
	if (!size_parse(text, &spec->limits.memory) || spec->limits.memory == 0)
		return refuse("mem", text, "a size above zero, as in 500M (bytes, or K M G T)");
	return page_check("mem", text, spec->limits.memory);
}

static int set_swap(struct spec *spec, char *text)
{
	if (!size_parse(text, &spec->limits.swap))
		return refuse("swap", text, "a size, as in 100M (bytes, or K M G T; 0 is none)");
	spec->limits.swap_asked = true;
	return page_check("swap", text, spec->limits.swap);
}

static int set_pids(struct spec *spec, char *text)
{
	if (!number_parse(text, 2, 4194304, &spec->limits.pids))
		return refuse("pids", text, "a number from 2 (PID 1 and the payload) to 4194304");
	return 0;
}

static int set_rlimit(struct spec *spec, char *text)
{
	char *values = strchr(text, '=');
	struct rlimit_spec *rlimit;
	uint64_t soft, hard;

	if (!values || !rlimit_values_parse(values + 1, &soft, &hard))
		return refuse("rlimit", text, "NAME=SOFT[:HARD], as in nofile=1024:4096");
	*values = '\0';
	if (!choice_has("NAME=", text))
		return refuse("rlimit", text, "a resource limit: see prlimit(1), as in nofile");
	rlimit = element_add(&spec->rlimits, &spec->rlimit_count, sizeof(*rlimit));
	if (!rlimit)
		return fail(ENOMEM, "cannot remember --rlimit");
	*rlimit = (struct rlimit_spec){text, soft, hard};
	return 0;
}

static int set_timeout(struct spec *spec, char *text)
{
	if (!duration_parse(text, &spec->timeout_ms))
		return refuse("timeout", text, "a time above zero, as in 90 or 5m (ms s m h d)");
	return 0;
}

static int set_grace(struct spec *spec, char *text)
{
	if (!duration_parse(text, &spec->grace_ms))
		return refuse("grace", text, "a time above zero, as in 10 or 500ms (ms s m h d)");
	return 0;
}

static int set_lower(struct spec *spec, char *text)
{
	return text_add(&spec->lower, text);
}

static int set_upper(struct spec *spec, char *text)
{
	spec->upper = text;
	return 0;
}

static int set_work(struct spec *spec, char *text)
{
	spec->work = text;
	return 0;
}

static int set_ephemeral(struct spec *spec, char *text)
{
	(void)text;
	spec->ephemeral = true;
	return 0;
}

static int set_read_only(struct spec *spec, char *text)
{
	(void)text;
	spec->readonly = true;
	return 0;
}

/* Makes "/my/data" of "//my//data/"; false for the root itself, and for what goes up by "..". */
static bool target_trim(char *target)
{
	char *end = target;

	for (const char *up = target; (up = strstr(up, "/..")); up += 3)
		if (up[3] == '/' || !up[3])
			return false;
	for (const char *from = target; *from; from++)
		if (from[0] != '/' || (from[1] && from[1] != '/'))
			*end++ = *from;
	*end = '\0';
	return target[0] == '/' && target[1];
}

/* Cuts text at the last ":ro" or ":rw" and at the first colon before an absolute target. */
static int set_bind(struct spec *spec, char *text)
{
	char *target = strstr(text, ":/");
	struct bind *bind;
	char *mode;

	if (!target || target == text)
		return refuse("bind", text, "SRC:DST or SRC:DST:ro with an absolute DST");
	mode = strrchr(target + 1, ':');
	if (mode && strcmp(mode, ":ro") != 0 && strcmp(mode, ":rw") != 0)
		mode = NULL;
	bind = element_add(&spec->binds, &spec->bind_count, sizeof(*bind));
	if (!bind)
		return fail(ENOMEM, "cannot remember --bind");
	bind->readonly = mode && mode[2] == 'o';
	if (mode)
		*mode = '\0';
	if (strchr(target + 1, ':'))
		return refuse("bind", target + 1, "DST, DST:ro or DST:rw");
	*target++ = '\0';
	bind->source = text;
	bind->target = target;
	return target_trim(target) ? 0 : refuse("bind", target, "a place to bind on");
}

static int set_tmpfs(struct spec *spec, char *text)
{
	char *options = strchr(text, ':');
	struct tmpfs *tmpfs;
	int rc;

	if (text[0] != '/')
		return refuse("tmpfs", text, "DST or DST:OPTIONS with an absolute DST");
	tmpfs = element_add(&spec->tmpfs, &spec->tmpfs_count, sizeof(*tmpfs));
	if (!tmpfs)
		return fail(ENOMEM, "cannot remember --tmpfs");
	if (options)
		*options++ = '\0';
	if (!target_trim(text))
		return refuse("tmpfs", text, "a place to mount on");
	rc = tmpfs_parse(text, options, tmpfs);
	tmpfs->target = text;
	return rc;
}

static int set_hook(struct spec *spec, char *text)
{
	return text_add(&spec->hooks, text);
}

static int set_name(struct spec *spec, char *text)
{
	if (!name_is_valid(text))
		return refuse("name", text, "a name: 1 to 64 letters, digits or _ . + -");
	spec->name = text;
	return 0;
}

static int set_hostname(struct spec *spec, char *text)
{
	if (!name_is_valid(text)) /* as --name, which is the host name by default */
		return refuse("hostname", text, "a host name: 1 to 64 letters, digits or _ . + -");
	spec->hostname = text;
	return 0;
}

static int set_user(struct spec *spec, char *text)
{
	if (!user_parse(text, &spec->uid, &spec->gid))
		return refuse("user", text, "UID or UID:GID in numbers from 0 to 4294967294");
	return 0;
}

static int set_workdir(struct spec *spec, char *text)
{
	if (text[0] != '/')
		return refuse("workdir", text, "an absolute path");
	spec->workdir = text;
	return 0;
}

static int set_env(struct spec *spec, char *text)
{
	size_t length = strcspn(text, "=");

	if (length == 0)
		return refuse("env", text, "NAME=VALUE or NAME");
	if (text[length])
		return text_add(&spec->env, text);
	for (char **entry = environ; *entry; entry++)
		if (strncmp(*entry, text, length) == 0 && (*entry)[length] == '=')
			return text_add(&spec->env, *entry);
	return 0; /* not set here: not set inside */
}

static int set_clear_env(struct spec *spec, char *text)
{
	(void)text;
	spec->clear_env = true;
	return 0;
}

static bool device_is_known(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->device_count; i++)
		if (strcmp(spec->devices[i].path, path) == 0)
			return true;
	return false;
}

/* Cuts text at its last colon when letters follow: /dev/char/10:229 has a colon of its own. */
static int set_device(struct spec *spec, char *text)
{
	char *letters = strrchr(text, ':');
	unsigned access = ACCESS_READ | ACCESS_WRITE;
	struct device *device;

	if (letters && strspn(letters + 1, "abcdefghijklmnopqrstuvwxyz") == strlen(letters + 1)) {
		if (!access_parse(letters + 1, &access))
			return refuse("device", text, "PATH or PATH:ACCESS, of the letters rwm");
		*letters = '\0';
	}
	if (!target_trim(text) || strncmp(text, "/dev/", 5) != 0)
		return refuse("device", text, "a path below /dev, where the nodes are");
	if (device_is_known(spec, text))
		return fail(0, "--device: \"%s\" is given twice", text);
	device = element_add(&spec->devices, &spec->device_count, sizeof(*device));
	if (!device)
		return fail(ENOMEM, "cannot remember --device");
	*device = (struct device){text, access};
	return 0;
}

static int set_net(struct spec *spec, char *text)
{
	if (strcmp(text, "none") != 0 && strcmp(text, "host") != 0 && !strchr(text, '/'))
		return refuse("net", text, "none, host, or the path of a network namespace");
	spec->net = text;
	return 0;
}

static int set_userns(struct spec *spec, char *text)
{
	(void)text;
	spec->userns = true;
	return 0;
}

static int set_cap_add(struct spec *spec, char *text)
{
	uint64_t mask;

	if (!capabilities_parse(text, &mask))
		return refuse("cap-add", text, "a capability: see capabilities(7), as in net_raw");
	spec->caps |= mask;
	spec->caps_added |= mask;
	return 0;
}

static int set_cap_drop(struct spec *spec, char *text)
{
	uint64_t mask;

	if (!capabilities_parse(text, &mask))
		return refuse("cap-drop", text, "a capability: see capabilities(7), as in chown");
	spec->caps &= ~mask;
	spec->caps_added &= ~mask;
	return 0;
}

static int set_seccomp(struct spec *spec, char *text)
{
	spec->seccomp = text;
	return 0;
}

static int set_privileged(struct spec *spec, char *text)
{
	(void)text;
	spec->privileged = true;
	spec->caps = capabilities_own();
	return 0;
}

static int set_tty(struct spec *spec, char *text)
{
	(void)text;
	spec->terminal = TERMINAL_YES;
	return 0;
}

static int set_no_tty(struct spec *spec, char *text)
{
	(void)text;
	spec->terminal = TERMINAL_NO;
	return 0;
}

static int set_explain(struct spec *spec, char *text)
{
	if (!text)
		spec->explain = EXPLAIN_READ;
	else if (strcmp(text, "script") == 0)
		spec->explain = EXPLAIN_SCRIPT;
	else if (strcmp(text, "trace") == 0)
		spec->explain = EXPLAIN_TRACE;
	else
		return refuse("explain", text, "script or trace");
	return 0;
}

static int set_print_plan(struct spec *spec, char *text)
{
	(void)text;
	spec->mode = MODE_PRINT_PLAN;
	return 0;
}

static int set_check(struct spec *spec, char *text)
{
	(void)text;
	spec->mode = MODE_CHECK;
	return 0;
}

/* A number is a descriptor of the caller's: nothing of ours is open yet that could have it. */
static int report_descriptor(struct spec *spec, const char *text)
{
	uint64_t fd = INT_MAX;
	int flags;

	number_parse(text, 0, INT_MAX, &fd);
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return refuse("report=json", text, "a descriptor that is open for writing");
	spec->report_fd = (int)fd;
	return 0;
}

static int set_report(struct spec *spec, char *text)
{
	spec->report = text ? REPORT_JSON : REPORT_LINES;
	spec->report_path = NULL;
	spec->report_fd = STDERR_FILENO;
	if (!text || strcmp(text, "json") == 0)
		return 0;
	if (strncmp(text, "json:", 5) != 0 || !text[5])
		return refuse("report", text, "json, or json:WHERE with a file or a descriptor");
	if (text[5 + strspn(text + 5, "0123456789")] == '\0')
		return report_descriptor(spec, text + 5);
	spec->report_path = text + 5;
	return 0;
}

static int set_verbose(struct spec *spec, char *text)
{
	(void)text;
	spec->verbose = true;
	return 0;
}

static int print_version(struct spec *spec, char *text)
{
	(void)spec;
	(void)text;
	puts("ctr-setup " CTR_VERSION);
	return OPTIONS_DONE;
}

static int print_help(struct spec *spec, char *text)
{
	(void)spec;
	(void)text;
	help_print(stdout);
	return OPTIONS_DONE;
}

const struct option_row option_rows[] = {
	{"Limits", 0, "cpu", "PCT", "percent of one CPU: 10, 150", set_cpu},
	{NULL, 0, "mem", "SIZE", "memory: 500M, 2G", set_mem},
	{NULL, 0, "swap", "SIZE", "swap beside --mem (none)", set_swap},
	{NULL, 0, "pids", "N", "processes and threads", set_pids},
	{NULL, 0, "cpuset", "LIST", "these CPUs only: 0-2,4", set_cpuset},
	{NULL, 0, "cpu-weight", "N", "share under contention, 1-10000 (100)", set_cpu_weight},
	{NULL, 0, "rlimit", "NAME=SOFT[:HARD]", "a limit of each process: nofile=1024", set_rlimit},
	{NULL, 0, "timeout", "TIME", "stop after: 90, 5m; status 124", set_timeout},
	{NULL, 0, "grace", "TIME", "from TERM to KILL (10s)", set_grace},

	{"Root", 0, "lower", "DIR", "layer never written; repeat, top first; or none", set_lower},
	{NULL, 0, "upper", "DIR", "overlay layer for changes", set_upper},
	{NULL, 0, "work", "DIR", "overlay's own, beside upper", set_work},
	{NULL, 0, "ephemeral", NULL, "changes go to memory and are lost", set_ephemeral},
	{NULL, 0, "read-only", NULL, "the root cannot be written", set_read_only},
	{NULL, 0, "bind", "SRC:DST[:ro]", "a file or directory of the host", set_bind},
	{NULL, 0, "tmpfs", "DST[:OPTIONS]", "memory: /tmp:size=64m", set_tmpfs},
	{NULL, 0, "hook", "PROGRAM", "run on the root before the start; repeat", set_hook},

	{"Identity", 0, "name", "NAME", "of this run (box-PID)", set_name},
	{NULL, 0, "hostname", "NAME", "host name inside (the name)", set_hostname},
	{NULL, 0, "user", "UID[:GID]", "ids of the command (0:0)", set_user},
	{NULL, 0, "workdir", "DST", "where the command starts (/)", set_workdir},
	{NULL, 0, "env", "K[=V]", "set a variable; K: as it is here; repeat", set_env},
	{NULL, 0, "clear-env", NULL, "only --env, no defaults", set_clear_env},

	{"Isolation", 0, "device", "PATH[:rwm]", "a device of the host (rw); repeat", set_device},
	{NULL, 0, "net", "none|host|PATH", "network: loopback only, the host's, or that", set_net},
	{NULL, 0, "userns", NULL, "root inside is nobody outside: see /etc/subuid", set_userns},
	{NULL, 0, "cap-add", "CAP", "root, or --user, has it: net_raw, all", set_cap_add},
	{NULL, 0, "cap-drop", "CAP", "root inside does not have it: chown, all", set_cap_drop},
	{NULL, 0, "seccomp", "default|none|FILE", "filter of system calls: ours, none, a profile",
	 set_seccomp},
	{NULL, 0, "privileged", NULL, "keep nothing from root inside", set_privileged},

	{"Terminal", 0, "tty", NULL, "a terminal of its own (when there is one)", set_tty},
	{NULL, 0, "no-tty", NULL, "none: descriptors as they are", set_no_tty},

	{"Seeing", 0, "explain", "[=script|trace]", "print the life as shell; =trace lives it",
	 set_explain},
	{NULL, 0, "print-plan", NULL, "print what ctr-init would do", set_print_plan},
	{NULL, 0, "check", NULL, "list what this needs, and what is missing", set_check},
	{NULL, 0, "report", "[=json[:WHERE]]", "say at the end what was used", set_report},
	{NULL, 'v', "verbose", NULL, "say each stage", set_verbose},
	{NULL, 0, "version", NULL, "print the version", print_version},
	{NULL, 'h', "help", NULL, "print this", print_help},
};

_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) == OPTION_ROWS,
	       "as option_rows.h says");
