#include "step.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../cleanup.h"
#include "../explain.h"
#include "../log.h"
#include "lines.h"
#include "why.h"

enum { WORDS = 8, SHELLS_MAX = 3, OUTPUT_FD = 200 };

/* One explanation a process. */
static struct {
	enum explain how;
	int fd; /* the pipes of the run are let go of before its end */
	unsigned stage, last_stage;
	bool heading_is_due, is_leaving, is_child;
	const char *why;
	struct timespec began;
	unsigned shells;
} all = {.fd = STDOUT_FILENO};

static const struct {
	int fd; /* sh(1) may know no more than one digit */
	const char *end;
} shells[SHELLS_MAX] = {{9, "CHILD"}, {8, "CGROUP"}, {7, "NETWORK"}};

bool is_dry(void)
{
	return all.how != EXPLAIN_TRACE;
}

bool is_script(void)
{
	return all.how == EXPLAIN_SCRIPT;
}

void step_stage(unsigned stage)
{
	if (!stage || stage == all.stage)
		return;
	all.is_leaving = !all.is_child && stage <= all.last_stage;
	all.stage = all.last_stage = stage;
	all.heading_is_due = true;
	all.why = NULL;
}

void step_leaves_nothing(void)
{
	all.is_child = true;
}

static void heading_print(void)
{
	if (!all.heading_is_due || !is_dry())
		return;
	all.heading_is_due = false;
	dprintf(all.fd, "\n# %u %s%s: %s\n", all.stage, stage_name(all.stage),
		all.is_leaving ? ", left" : "", why_of_stage(all.stage, all.is_leaving));
}

void step_why(const char *text)
{
	if (!is_dry() || !text || (all.why && strcmp(all.why, text) == 0))
		return;
	heading_print();
	dprintf(all.fd, "# %s\n", text);
	all.why = text;
}

static void time_print(const struct timespec *at, unsigned stage, char *line, size_t size)
{
	snprintf(line, size, "%9.3f ms  %2u %-10s  ",
		 (double)(at->tv_sec - all.began.tv_sec) * 1e3 +
			 (double)(at->tv_nsec - all.began.tv_nsec) / 1e6,
		 stage, stage_name(stage));
}

void out_of_memory(void)
{
	fprintf(stderr, "ctr-explain: out of memory\n");
	_exit(125);
}

/* These change the host where it is not left, so a script has them behind a function that is
 * defined only once the namespaces were seen to be new. */
static const char *guard_of(const char *line)
{
	static const char *const guarded[] = {"mount ", "umount ", "pivot_root ", "mknod ",
					      "hostname "};

	for (size_t i = 0; is_script() && i < sizeof(guarded) / sizeof(guarded[0]); i++)
		if (strncmp(line, guarded[i], strlen(guarded[i])) == 0)
			return "inside ";
	return "";
}

/* One write(2) a line: keeper and child print in turns, and the container's own output between. */
__attribute__((format(printf, 3, 0))) static void line_print(int rc, const char *begin,
							     const char *format, va_list words)
{
	AUTO_FREE char *text = NULL;
	char time[64] = "";
	struct timespec now;

	heading_print();
	if (!is_dry()) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		time_print(&now, all.stage, time, sizeof(time));
	}
	if (vasprintf(&text, format, words) < 0)
		out_of_memory();
	dprintf(all.fd, "%s%s%s%s%s%s\n", time, begin, guard_of(text), text, rc < 0 ? "  # " : "",
		rc < 0 ? strerror(-rc) : "");
}

int step(int rc, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	line_print(rc, "", format, words);
	va_end(words);
	return rc;
}

void step_of_plan(const char *line, const struct timespec *at)
{
	AUTO_FREE char *text = strndup(line, strcspn(line, "\n"));
	char time[64];

	if (!text)
		return;
	time_print(at, line_stage(text), time, sizeof(time));
	for (char *c = text; *c; c++)
		if (*c < 0x20 || *c == 0x7f) /* of the user's, and for the terminal */
			*c = '?';
	dprintf(all.fd, "%s%s\n", time, text);
}

int step_note(int rc, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	line_print(rc, "# ", format, words);
	va_end(words);
	return rc;
}

/* Each shell looks where it is before it does anything. */
static const char shell_head[] =
	"[ -n \"${outside-}\" ] && for kind in mnt pid; do\n"
	"\tcase $outside in *\" $(readlink /proc/self/ns/$kind) \"*) false ;; esac || {\n"
	"\t\techo 'not in new namespaces: nothing is done' >&2\n"
	"\t\texit 125\n"
	"\t}\n"
	"done || exit 125\n"
	"inside() { \"$@\"; }\n";

void step_shell(const char *format, ...)
{
	AUTO_FREE char *command = NULL;
	va_list words;

	va_start(words, format);
	if (vasprintf(&command, format, words) < 0)
		out_of_memory();
	va_end(words);
	if (!is_script() || all.shells == SHELLS_MAX) {
		step(0, "%s", command);
		return;
	}
	step(0, "%s sh -eu /proc/self/fd/%d %d<<'%s'%s", command, shells[all.shells].fd,
	     shells[all.shells].fd, shells[all.shells].end,
	     all.shells ? "" : " && status=0 || status=$?");
	dprintf(all.fd, "%s", shell_head);
	all.shells++;
}

void step_shells_end(void)
{
	while (all.shells > 0)
		dprintf(all.fd, "%s\n", shells[--all.shells].end);
}

const char *step_shells_close(void)
{
	return is_script() ? " 9<&- 8<&- 7<&- 6<&-" : "";
}

/* --- words */

/* To sh(1) and printf(1) they are themselves. */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@+=:,./-"

/* zsh expands a word that begins with "=". */
static bool is_plain(const char *word)
{
	return *word && *word != '=' && !word[strspn(word, PLAIN "%")];
}

/* Not printable ASCII: a terminal could obey it, or a shell not know it as a character. */
static bool is_odd(char c)
{
	return c != '\n' && ((unsigned char)c < 0x20 || (unsigned char)c >= 0x7f);
}

static bool has_odd(const char *word)
{
	while (*word && !is_odd(*word))
		word++;
	return *word;
}

/* All of it by one printf(1), but for the newlines at its end, which "$()" would take. */
static const char *printed_quote(const char *word, FILE *to)
{
	size_t length = strlen(word);

	while (length > 0 && word[length - 1] == '\n')
		length--;
	fputs("\"$(printf '", to);
	for (size_t i = 0; i < length; i++)
		fprintf(to, strchr(PLAIN " ", word[i]) && (i || word[i] != '-') ? "%c" : "\\%03o",
			(unsigned)(unsigned char)word[i]);
	fputs("')\"", to);
	return word + length;
}

/* A newline is "$nl": no word begins a line, so none ends a here-document, or a comment. */
static const char *piece_quote(const char *word, FILE *to)
{
	if (*word == '\n') {
		fputs("\"$nl\"", to);
		return word + 1;
	}
	if (*word == '\'') {
		fputs("\\'", to);
		return word + 1;
	}
	fputc('\'', to);
	while (*word && *word != '\'' && *word != '\n')
		fputc(*word++, to);
	fputc('\'', to);
	return word;
}

const char *quote(const char *word)
{
	static char *words[WORDS];
	static unsigned next;
	char **text = &words[next++ % WORDS];
	size_t size;
	FILE *to;

	if (is_plain(word))
		return word;
	free(*text);
	to = open_memstream(text, &size);
	if (!to)
		out_of_memory();
	if (!*word)
		fputs("''", to);
	if (has_odd(word))
		word = printed_quote(word, to);
	while (*word)
		word = piece_quote(word, to);
	if (fclose(to) != 0)
		out_of_memory();
	return *text;
}

/* --- the script around them */

/* Some programs are needed when nothing of this host is left, and the root may not have them. */
static const char head[] =
	"set -eu\n"
	"export outside=\" $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/pid) \"\n"
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
	"umask 022\n"
	"# ip(8), prlimit(1) and setpriv(1) of this host, in an archive: from stage 65 on nothing "
	"of the\n"
	"# host is left, and the root may have none of them\n"
	"tools=$(for tool in ip prlimit setpriv; do readlink -f \"$(command -v $tool)\"; done)\n"
	"archive=$(mktemp)\n"
	"tar -chf \"$archive\" --transform 's|.*/||' -P $tools \\\n"
	"\t$(ldd $tools | grep -o '/[^ :]*' | sort -u)\n"
	"exec 6<\"$archive\"\n"
	"rm \"$archive\"\n"
	"loader=$(ldd $tools | grep -om 1 '/[^ ]*/ld-[^ ]*')\n"
	"export loader=\"${loader##*/}\"\n"
	"export keeper=$$\n"
	"status=125\n";

static void step_end(void)
{
	dprintf(all.fd, "\nexit $status\n}\n");
}

void step_begin(enum explain how, char **argv)
{
	int fd = fcntl(how == EXPLAIN_TRACE ? STDERR_FILENO : STDOUT_FILENO, F_DUPFD_CLOEXEC,
		       OUTPUT_FD);

	all.how = how;
	if (fd >= 0)
		all.fd = fd;
	clock_gettime(CLOCK_MONOTONIC, &all.began);
	if (how == EXPLAIN_TRACE)
		return;
	if (how == EXPLAIN_SCRIPT) /* one compound command, which sh(1) reads whole before it runs
				      any: cut, it does nothing */
		dprintf(all.fd, "#!/bin/sh\n{\n");
	dprintf(all.fd, "# The life of a container, as shell, stage by stage:\nexport nl='\n'\n:");
	for (; *argv; argv++)
		dprintf(all.fd, " %s", quote(*argv));
	dprintf(all.fd, "\n%s", how == EXPLAIN_SCRIPT ? head : "");
	if (how == EXPLAIN_SCRIPT)
		atexit(step_end);
}

int explain_begin(enum explain how, char **argv)
{
	step_begin(how, argv);
	return 0;
}
