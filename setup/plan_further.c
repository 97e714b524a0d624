/* The plan of a further command, from the container's own: what made the container is left out, and
 * so is what PID 1 hands down with its own process, as the bounding set. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctr/plan.h"
#include "log.h"
#include "plan.h"
#include "plan_text.h"

static bool line_is(const char *line, const char *verb)
{
	size_t length = strlen(verb);

	return strncmp(line, verb, length) == 0 && (line[length] == ' ' || line[length] == '\n');
}

static void line_copy(FILE *to, const char *line)
{
	fwrite(line, 1, strcspn(line, "\n") + 1, to);
}

/* Root and the container's own user have its capabilities, others none. A user of its own has only
 * its primary group, as in plan.c. */
static void privilege_put(FILE *to, const char *line, const struct spec *spec, bool has_caps)
{
	const char *count;

	if (line_is(line, "user") && spec->uid != UINT32_MAX)
		fprintf(to, "user %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", spec->uid, spec->gid,
			spec->gid);
	else if (line_is(line, "caps") && !has_caps)
		fputs("caps 0\n", to);
	else if (line_is(line, "seccomp") && (count = strchr(line + strlen("seccomp "), ' ')))
		fprintf(to, "seccomp %d%.*s\n", CTR_ATTACH_FD, (int)strcspn(count, "\n"), count);
	else if (line_is(line, "user") || line_is(line, "caps") || line_is(line, "rlimit") ||
		 line_is(line, "nonewprivs"))
		line_copy(to, line);
}

static void payload_put(FILE *to, const char *of, const struct spec *spec,
			const struct plan_facts *facts)
{
	if (spec->workdir)
		LINE(to, "workdir", spec->workdir);
	for (const char *line = of; (line = strchr(line, '\n')) && *++line;)
		if (line_is(line, "home") && spec->uid != UINT32_MAX)
			home_put(to, spec->uid);
		else if (line_is(line, "env") || line_is(line, "home") ||
			 (line_is(line, "workdir") && !spec->workdir))
			line_copy(to, line);
	/* ctr-init takes the last of a name. */
	if (facts->console_fds)
		term_put(to, facts->term);
	for (size_t i = 0; i < spec->env.count; i++)
		LINE(to, "env", spec->env.items[i]);
	line_put(to, "exec", (const char *const *)spec->command);
}

int plan_compile_further(const char *of, const struct spec *spec, const struct plan_facts *facts,
			 char **text, size_t *size)
{
	FILE *to = open_memstream(text, size);
	const char *user = strstr(of, "\nuser ");
	uint32_t own = user ? (uint32_t)strtoul(user + strlen("\nuser "), NULL, 10) : UINT32_MAX;
	uint32_t uid = spec->uid == UINT32_MAX ? own : spec->uid;

	if (!to)
		return fail(ENOMEM, "cannot write the plan");
	fputs(CTR_PLAN_HEADER "\n", to);
	if (facts->console_fds)
		fprintf(to, "console %u %u %u %" PRIu32 "\n", facts->rows, facts->columns,
			facts->console_fds, uid);
	for (const char *line = of; (line = strchr(line, '\n')) && *++line;)
		privilege_put(to, line, spec, uid == 0 || uid == own);
	payload_put(to, of, spec, facts);
	if (fclose(to) != 0)
		return fail(ENOMEM, "cannot write the plan");
	return plan_size_check(*text, *size, spec->command);
}
