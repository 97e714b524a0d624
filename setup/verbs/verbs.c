#include "verbs.h"

#include <errno.h>
#include <string.h>

#include "../log.h"
#include "../signals.h"
#include "ctr/exit.h"

const struct verb verbs[] = {
	{"ls", "[DIR] [--json]", "the containers that run, or that use DIR", ls_run},
	{"stats", "NAME [--json]", "what one uses, each second; --json: once", stats_run},
	{"kill", "NAME [SIGNAL]", "send a signal (TERM) to its command; KILL: end it", kill_run},
	{"stop", "NAME", "TERM, its grace, KILL; until nothing of it is left", stop_run},
	{"pause", "NAME", "freeze all its processes", pause_run},
	{"resume", "NAME", "let a paused run go on", resume_run},
	{"exec", "NAME [OPTION...] CMD", "run CMD in NAME: --user --workdir --env --tty", exec_run},
	{"diff", "NAME|UPPER [--lower DIR]", "what is added, changed, deleted", diff_run},
	{"gc", "", "remove what killed runs have left behind", gc_run},
};
const size_t verbs_count = sizeof(verbs) / sizeof(verbs[0]);

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < verbs_count; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int words_refuse(const char *name, const char *word)
{
	const struct verb *verb = verb_find(name);
	const char *space = *verb->arguments ? " " : "";

	if (word)
		return fail(0,
			    "%s takes no \"%s\": the usage is ctr-setup %s%s%s (a ROOTFS of that "
			    "name is ./%s)",
			    name, word, name, space, verb->arguments, name);
	return fail(0, "%s needs more: the usage is ctr-setup %s%s%s", name, name, space,
		    verb->arguments);
}

int verb_status(int rc)
{
	int number = rc == -EINTR ? signals_end_asked() : 0;

	if (number)
		return CTR_EXIT_SIGNAL + number;
	return rc < 0 ? CTR_EXIT_FAILURE : 0;
}

int words_take(int argc, char **argv, size_t least, size_t most, struct words *words)
{
	bool may_json = strstr(verb_find(argv[0])->arguments, "--json") != NULL;

	*words = (struct words){0};
	for (int i = 1; i < argc; i++) {
		if (may_json && strcmp(argv[i], "--json") == 0)
			words->json = true;
		else if (argv[i][0] == '-' || words->count == most)
			return words_refuse(argv[0], argv[i]);
		else
			words->operands[words->count++] = argv[i];
	}
	return words->count < least ? words_refuse(argv[0], NULL) : 0;
}
