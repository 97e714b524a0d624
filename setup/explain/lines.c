#include "lines.h"

#include <cap-ng.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../cleanup.h"
#include "../sys.h"
#include "ctr/plan.h"
#include "ctr/stage.h"
#include "step.h"
#include "why.h"

enum { FIELDS_MAX = CTR_PLAN_FIELDS_MAX + 1 };

/* One line of the plan: its verb and its fields, unescaped. */
struct line {
	const char *verb;
	unsigned stage;
	char **fields;
	size_t count;
};

/* What the last line of all is made of: the lines of stages 85 and 90 add to it. */
struct last {
	char *privileges, *environment, *workdir; /* NULL: nothing yet */
	const char *uid;			  /* of the user line */
	bool has_command;			  /* one is printed: what follows is in its place */
};

struct lines {
	const struct waiting *waiting;
	unsigned waiting_count;
	struct last last;
};

static const struct {
	const char *name;
	unsigned stage;
} verbs[] = {
#define VERB(id, verb, stage, fields) {verb, stage},
	CTR_VERBS(VERB)
#undef VERB
};

/* In place. */
static char *field_unescape(char *text)
{
	char *to = text;

	if (strcmp(text, "-") == 0)
		*text = '\0';
	for (const char *from = text; *from; from++) {
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
		from += 3;
	}
	*to = '\0';
	return text;
}

unsigned line_stage(const char *line)
{
	size_t length = strcspn(line, " ");

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strlen(verbs[i].name) == length && strncmp(verbs[i].name, line, length) == 0)
			return verbs[i].stage;
	return 0;
}

static void line_cut(char *text, struct line *line)
{
	line->stage = line_stage(text);
	line->verb = strsep(&text, " ");
	for (line->count = 0; text; line->count++)
		line->fields[line->count] = field_unescape(strsep(&text, " "));
	line->fields[line->count] = NULL;
}

static void append(char **list, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char **list, const char *format, ...)
{
	AUTO_FREE char *end = NULL;
	size_t used = *list ? strlen(*list) : 0;
	char *whole;
	va_list words;

	va_start(words, format);
	if (vasprintf(&end, format, words) < 0)
		out_of_memory();
	va_end(words);
	whole = realloc(*list, used + strlen(end) + 1);
	if (!whole)
		out_of_memory();
	strcpy(whole + used, end);
	*list = whole;
}

static const char *text_of(const char *list)
{
	return list ? list : "";
}

const char *bind_options(unsigned flags)
{
	static char options[32];

	snprintf(options, sizeof(options), "%s%s", flags & MOUNT_BARE ? "" : ",nosuid,nodev",
		 flags & MOUNT_READ_ONLY ? ",ro" : "");
	return options;
}

static const struct waiting *waiting_at(const struct lines *lines, const char *number)
{
	static const struct waiting nothing;
	unsigned long fd = strtoul(number, NULL, 10);

	return fd < lines->waiting_count && lines->waiting[fd].source ? &lines->waiting[fd]
								      : &nothing;
}

static bool is_directory_here(const char *path)
{
	struct stat found;

	return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* A bind, and the flags that it has from its first moment when it is not made by hand. */
static void bind_print(const struct waiting *source, const char *root, const char *target)
{
	AUTO_FREE char *place = NULL;
	const char *options = bind_options(source->flags);

	append(&place, "%s%s", root, target);
	if (is_directory_here(source->source))
		step(0, "mkdir -p %s", quote(place));
	else
		step(0, "[ -e %s ] || : >%s", quote(place), quote(place));
	step(0, "mount --rbind %s %s", quote(source->source), quote(place));
	if (*options)
		step(0, "mount -o remount,bind%s %s", options, quote(place));
}

/* --- the verbs */

static void root_print(const struct line *line, struct lines *lines)
{
	(void)line;
	(void)lines;
	step(0, "pivot_root . .");
	if (is_script()) { /* umount(8) of util-linux does nothing without /proc */
		step(0, "umount -l . 2>&- ||");
		step(0, "\t{ mount -t proc proc /proc; umount -lc .; umount -l /proc; }");
	} else {
		step(0, "umount -l .");
	}
	step(0, "cd /");
}

/* What was put into the archive comes out of it, and runs beside its own libraries. */
static void tools_bring(void)
{
	step(0, "mkdir /run/.tools");
	step(0, "tar -xf - -C /run/.tools <&6");
	step(0, "tool=\"/run/.tools/$loader --library-path /run/.tools /run/.tools/\"");
}

static void mount_print(const struct line *line, struct lines *lines)
{
	const char *type = line->fields[0], *source = line->fields[1], *target = line->fields[2];
	const char *flags = line->fields[3], *data = line->fields[4];
	AUTO_FREE char *options = NULL;

	if (!*type) { /* of the descriptor's making, with the customary flags */
		const struct waiting *made = waiting_at(lines, source);

		type = source = made->source ? made->source : "?";
		flags = made->flags & MOUNT_READ_ONLY ? "ro,nosuid,nodev,noexec"
						      : "nosuid,nodev,noexec";
	}
	append(&options, "%s%s%s", flags, *flags && *data ? "," : "", data);
	step(0, "mkdir -p %s", quote(target));
	step(0, "mount -t %s%s%s %s %s", quote(type), *options ? " -o " : "",
	     *options ? quote(options) : "", quote(source), quote(target));
	if (is_script() && strcmp(target, "/run") == 0)
		tools_bring();
}

static void attach_print(const struct line *line, struct lines *lines)
{
	const struct waiting *source = waiting_at(lines, line->fields[0]);

	if (is_script())
		step_note(0, "%s is there already, see 60", quote(line->fields[1]));
	else if (source->source)
		bind_print(source, "", line->fields[1]);
}

static void node_print(const struct line *line, struct lines *lines)
{
	(void)lines;
	step(0, "mknod -m %s %s %s %s %s", line->fields[3], quote(line->fields[4]), line->fields[0],
	     line->fields[1], line->fields[2]);
}

static void link_print(const struct line *line, struct lines *lines)
{
	(void)lines;
	step(0, "ln -s %s %s", quote(line->fields[0]), quote(line->fields[1]));
}

static void console_print(const struct line *line, struct lines *lines)
{
	(void)line;
	(void)lines;
	step_note(0, "script(1) makes one, and relays it; this shell stays on the caller's");
}

static void hostname_print(const struct line *line, struct lines *lines)
{
	(void)lines;
	step(0, "hostname %s", quote(line->fields[0]));
}

static void loopback_print(const struct line *line, struct lines *lines)
{
	(void)line;
	(void)lines;
	step(0, "%sip link set lo up", is_script() ? "${tool}" : "");
}

static void write_print(const struct line *line, struct lines *lines)
{
	(void)lines;
	step(0, "printf %%s %s >%s", quote(line->fields[1]), quote(line->fields[0]));
}

/* Which of these a kernel has, and which are directories, this host's own files say. */
static void mask_print(const struct line *line, struct lines *lines)
{
	const char *path = line->fields[0];
	struct stat found;

	(void)lines;
	if (lstat(path, &found) < 0)
		return;
	if (S_ISDIR(found.st_mode))
		step(0, "mount -t tmpfs -o ro,nosuid,nodev,noexec,nr_inodes=2,mode=555 mask %s",
		     quote(path));
	else
		step(0, "mount --bind /dev/null %s", quote(path));
}

static void readonly_print(const struct line *line, struct lines *lines)
{
	const char *path = line->fields[0];
	struct stat found;

	(void)lines;
	if (strcmp(path, "/") == 0) {
		step(0, "mount -o remount,bind,ro,nosuid,nodev /");
	} else if (lstat(path, &found) == 0) {
		step(0, "mount --rbind %s %s", quote(path), quote(path));
		step(0, "mount -o remount,bind,ro,nosuid,nodev,noexec %s", quote(path));
	}
}

static void caps_append(char **list, uint64_t mask)
{
	for (unsigned cap = 0; cap <= (unsigned)CAP_LAST_CAP; cap++)
		if (mask >> cap & 1)
			append(list, ",+%s", capng_capability_to_name(cap));
}

static void bounding_print(const struct line *line, struct lines *lines)
{
	uint64_t mask = strtoull(line->fields[0], NULL, 16);
	char **list = &lines->last.privileges;

	append(list, " --bounding-set -all");
	caps_append(list, mask);
}

static void nonewprivs_print(const struct line *line, struct lines *lines)
{
	(void)line;
	append(&lines->last.privileges, " --no-new-privs");
}

static void keyring_print(const struct line *line, struct lines *lines)
{
	(void)line;
	(void)lines;
	step_note(0, "keyctl new_session, where there is keyctl(1)");
}

static const char *limit_text(const char *number)
{
	return strcmp(number, "18446744073709551615") == 0 ? "unlimited" : number;
}

static void rlimit_print(const struct line *line, struct lines *lines)
{
	(void)lines;
	step(0, "%sprlimit --pid $$ --%s=%s:%s", is_script() ? "${tool}" : "", line->fields[0],
	     limit_text(line->fields[1]), limit_text(line->fields[2]));
}

static void user_print(const struct line *line, struct lines *lines)
{
	char **list = &lines->last.privileges;

	lines->last.uid = line->fields[0];
	append(list, " --reuid %s --regid %s --groups ", line->fields[0], line->fields[1]);
	for (size_t i = 2; i < line->count; i++)
		append(list, "%s%s", i > 2 ? "," : "", line->fields[i]);
}

/* Root has after execve(2) what the bounding set leaves; others have what is ambient. */
static void caps_print(const struct line *line, struct lines *lines)
{
	bool is_root = !lines->last.uid || strcmp(lines->last.uid, "0") == 0;
	uint64_t kept = is_root ? 0 : strtoull(line->fields[0], NULL, 16);
	char **list = &lines->last.privileges;

	append(list, " --inh-caps -all");
	caps_append(list, kept);
	append(list, " --ambient-caps -all");
	caps_append(list, kept);
}

static void seccomp_print(const struct line *line, struct lines *lines)
{
	(void)lines;
	step_note(0, "a filter of %s instructions is installed right before execve(2)",
		  line->fields[1]);
}

static void workdir_print(const struct line *line, struct lines *lines)
{
	free(lines->last.workdir);
	lines->last.workdir = NULL;
	append(&lines->last.workdir, "%s", line->fields[0]);
}

/* As ctr-init finds it (init/home.c). */
static void home_print(const struct line *line, struct lines *lines)
{
	step(0, "home=%s", quote(line->fields[0]));
	step(0, "[ ! -f /etc/passwd ] || while IFS=: read -r _ _ uid _ _ home_of_uid _; do");
	step(0, "\t[ \"$uid\" != %s ] || { home=$home_of_uid; break; }",
	     lines->last.uid ? lines->last.uid : "0");
	step(0, "done </etc/passwd");
	append(&lines->last.environment, " HOME=\"$home\"");
}

static void env_print(const struct line *line, struct lines *lines)
{
	append(&lines->last.environment, " %s", quote(line->fields[0]));
}

static void exec_print(const struct line *line, struct lines *lines)
{
	AUTO_FREE char *command = NULL;
	size_t size;
	FILE *to = open_memstream(&command, &size);

	if (!to)
		return;
	for (size_t i = 0; i < line->count; i++)
		fprintf(to, " %s", quote(line->fields[i]));
	fclose(to);
	if (lines->last.workdir)
		step(0, "cd -- %s", quote(lines->last.workdir));
	free(lines->last.workdir);
	lines->last.workdir = NULL;
	if (is_script())
		step(0,
		     "! command -v -- %s >/dev/null || exec env -i --%s ${tool}setpriv%s sh -c 'rm "
		     "-rf "
		     "/run/.tools 2>/dev/null || :; exec \"$@\"' sh%s%s",
		     quote(line->fields[0]), text_of(lines->last.environment),
		     text_of(lines->last.privileges), command, step_shells_close());
	else {
		if (lines->last.has_command)
			step_note(0, "where there is no such program:");
		step(0, "exec env -i --%s setpriv%s%s", text_of(lines->last.environment),
		     text_of(lines->last.privileges), command);
	}
	lines->last.has_command = true;
}

static const struct {
	const char *verb;
	void (*print)(const struct line *line, struct lines *lines);
} printers[] = {
	{"root", root_print},	      {"mount", mount_print},
	{"attach", attach_print},     {"node", node_print},
	{"link", link_print},	      {"console", console_print},
	{"hostname", hostname_print}, {"loopback", loopback_print},
	{"mask", mask_print},	      {"readonly", readonly_print},
	{"bounding", bounding_print}, {"nonewprivs", nonewprivs_print},
	{"keyring", keyring_print},   {"rlimit", rlimit_print},
	{"user", user_print},	      {"caps", caps_print},
	{"seccomp", seccomp_print},   {"workdir", workdir_print},
	{"env", env_print},	      {"exec", exec_print},
	{"write", write_print},	      {"home", home_print},
};

static const char *target_of(const struct line *line)
{
	if (strcmp(line->verb, "mount") == 0)
		return line->fields[2];
	return line->count ? line->fields[0] : "";
}

static void line_print(const struct line *line, struct lines *lines)
{
	step_stage(line->stage);
	for (size_t i = 0; i < sizeof(printers) / sizeof(printers[0]); i++)
		if (strcmp(printers[i].verb, line->verb) == 0) {
			step_why(why_of_line(line->verb, target_of(line)));
			printers[i].print(line, lines);
		}
}

void lines_print(char *plan, const struct waiting *waiting, unsigned count)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	struct line line = {.fields = calloc(FIELDS_MAX, sizeof(*line.fields))};

	if (lines && line.fields) {
		*lines = (struct lines){.waiting = waiting, .waiting_count = count};
		strsep(&plan, "\n"); /* the header */
		for (char *text; (text = strsep(&plan, "\n")) && *text;) {
			line_cut(text, &line);
			line_print(&line, lines);
		}
	}
	if (is_script()) {
		step(0, "echo 'no such program in the root' >&2");
		step(0, "exit 127");
	}
	if (lines) {
		free(lines->last.privileges);
		free(lines->last.environment);
		free(lines->last.workdir);
	}
	free(line.fields);
	free(lines);
}

void lines_bind_early(const char *plan, const struct waiting *waiting, unsigned count)
{
	AUTO_FREE char *copy = strdup(plan);
	struct lines lines = {.waiting = waiting, .waiting_count = count};
	char *fields[3], *rest = copy; /* an attach line has two */
	struct line line = {.fields = fields};

	for (char *text; (text = strsep(&rest, "\n"));) {
		const struct waiting *source;

		if (strncmp(text, "attach ", 7) != 0)
			continue;
		line_cut(text, &line);
		source = waiting_at(&lines, fields[0]);
		if (source->source) {
			step_why("before the host's tree is gone: by hand there is no mount "
				 "without a place");
			bind_print(source, ".", fields[1]);
		}
	}
}
