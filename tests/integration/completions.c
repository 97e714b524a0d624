/* What bash, zsh and fish complete. The first two are typed at: a line, and the key that puts all
 * completions of its last word in the place of that; what the line then runs is a function that
 * keeps its arguments. fish can be asked. */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *completions_file(const char *name)
{
	return lab_text("%s/%s", getenv("CTR_COMPLETIONS"), name);
}

/* Where the lines are typed: one directory, one file. */
static const char *here(void)
{
	const char *path = lab_path("here");

	if (!is_there(path)) {
		assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(mkdir(lab_path("here/dir"), 0755), 0);
		lab_write(lab_path("here/file.json"), "{}\n", 0644);
	}
	return path;
}

/* --- the shells: words by newline, of which those that the line had already go before */

/* A shell that is not there is no reason to pass. */
static const char *program(const char *path)
{
	if (access(path, X_OK) < 0)
		fail_msg("there is no %s: install the package %s", path, strrchr(path, '/') + 1);
	return path;
}

static struct job *shell;

static const char *type(const char *line)
{
	job_say(shell, lab_text("ctr-setup %s\033*\n", line));
	job_expect(shell, "completed");
	return lab_read(lab_path("typed"));
}

#define KEEP_ARGUMENTS                                                                             \
	"ctr-setup() { printf '%%s\\n' \"$@\" >%s; echo 'comple''ted'; }\n"                        \
	"PS1='pro''mpt> '\n"

static const char *bash_type(const char *line)
{
	if (!shell) {
		lab_write(lab_path("bashrc"),
			  lab_text("source %s\n" KEEP_ARGUMENTS, completions_file("ctr-setup"),
				   lab_path("typed")),
			  0644);
		shell = START(CALL(.terminal = true, .program = program("/bin/bash"),
				   .before = enter_laboratory, .argument = here()),
			      "--rcfile", lab_path("bashrc"), "-i");
		job_expect(shell, "prompt> ");
	}
	return type(line);
}

static const char *zsh_type(const char *line)
{
	static const char *environment[] = {NULL, "TERM=dumb", "PATH=/usr/bin:/bin", NULL};

	if (!shell) {
		lab_write(lab_path(".zshrc"),
			  lab_text("fpath=(%s $fpath)\nautoload -U compinit; compinit -u -D\n"
				   "zle -C all complete-word _generic; bindkey '\\e*' all\n"
				   "zstyle ':completion:all::::' completer _all_matches _complete\n"
				   "zstyle ':completion:all:*' insert true\n" KEEP_ARGUMENTS,
				   getenv("CTR_COMPLETIONS"), lab_path("typed")),
			  0644);
		environment[0] = lab_text("ZDOTDIR=%s", lab_directory());
		shell = START(CALL(.terminal = true, .program = program("/usr/bin/zsh"),
				   .environment = environment, .before = enter_laboratory,
				   .argument = here()),
			      "-d", "-i");
		job_expect(shell, "prompt> ");
	}
	return type(line);
}

static const char *fish_ask(const char *line)
{
	const char *const environment[] = {lab_text("HOME=%s", lab_directory()),
					   "PATH=/usr/bin:/bin", NULL};
	const struct result *result = job_end(
		START(CALL(.program = program("/usr/bin/fish"), .environment = environment,
			   .before = enter_laboratory, .argument = here()),
		      "--no-config", "-c", "source $argv[1]; complete -C $argv[2] | cut -f 1",
		      completions_file("ctr-setup.fish"), lab_text("ctr-setup %s", line)));
	char *words = lab_text("%s", line);

	assert_status(result, 0);
	assert_string_equal(result->err, "");
	*(strrchr(words, ' ') ? strrchr(words, ' ') : words) = '\0';
	for (char *space = words; (space = strchr(space, ' '));)
		*space = '\n';
	return lab_text("%s%s%s", words, *words ? "\n" : "", result->out);
}

static const struct {
	const char *name;
	const char *(*complete)(const char *line);
} shells[] = {{"bash", bash_type}, {"zsh", zsh_type}, {"fish", fish_ask}};

/* --- what they say: the last word's completions, sorted, by spaces */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A word that nothing completes stays as it is. fish has an option with "=" and without. */
static const char *last_word_s(const char *all, const char *line)
{
	const char *last = strrchr(line, ' ') ? strrchr(line, ' ') + 1 : line;
	char *words[512], *rest = lab_text("%s", all), *text = lab_text("%s", "");
	size_t count = 0, before = 0;

	for (const char *space = line; (space = strchr(space, ' ')); space++)
		before++;
	for (char *word; (word = strsep(&rest, "\n")) && count < COUNT(words);) {
		if (before > 0) {
			before--;
			continue;
		}
		if (!*word || strcmp(word, last) == 0)
			continue;
		word[strlen(word) - (word[strlen(word) - 1] == '/')] = '\0';
		words[count++] = word;
	}
	qsort(words, count, sizeof(words[0]), by_text);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(words[i], lab_text("%s=", words[i - 1])) != 0)
			text = lab_text("%s%s%s", text, i ? " " : "", words[i]);
	return text;
}

static void assert_completes(size_t i, const char *line, const char *wanted)
{
	const char *got = last_word_s(shells[i].complete(line), line);

	if (strcmp(got, wanted) != 0)
		fail_msg("%s completes \"ctr-setup %s\" by \"%s\", not by \"%s\"", shells[i].name,
			 line, got, wanted);
}

/* Each in every shell, which starts afresh with the test. */
static void each_completes(const char *const (*table)[2], size_t count)
{
	for (size_t i = 0; i < COUNT(shells); i++) {
		shell = NULL;
		for (size_t j = 0; j < count; j++)
			assert_completes(i, table[j][0], table[j][1]);
		if (shell) {
			job_say(shell, "exit\n");
			job_end(shell);
		}
	}
}

static void options_and_verbs_are_completed(void **state)
{
	static const char *const table[][2] = {
		{"--eph", "--ephemeral"},
		{"--cap-", "--cap-add --cap-drop"},
		{"--cpu 10 --eph", "--ephemeral"},
		{"--env A= --eph", "--ephemeral"},
		{"--mem=5M --eph", "--ephemeral"},
		{"--explain --eph", "--ephemeral"},
		{"-v --eph", "--ephemeral"},
		{"g", "gc"},
		{"-v g", ""},
		{"gc --h", "--help"},
		{"ls --j", "--json"},
		{"stats x --j", "--json"},
		{"kill x HU", "HUP"},
		{"kill x HUP H", ""},
		{"diff --lower d", "dir"},
		{"diff --lower=d", "--lower=dir"},
		{"diff --lower dir d", "dir"},
		{"diff x --l", "--lower"},
		{"exec x --us", "--user"},
		{"exec x --user 5 --wor", "--workdir"},
		{"exec x ls di", ""},
		{"dir --eph", ""},
		{"dir -- --eph", ""},
	};

	(void)state;
	each_completes(table, COUNT(table));
}

static void arguments_are_completed_by_what_they_are(void **state)
{
	static const char *const table[][2] = {
		{"--net ", "dir file.json host none"},
		{"--net ho", "host"},
		{"--net=ho", "--net=host"},
		{"--seccomp f", "file.json"},
		{"--seccomp d", "default dir"},
		{"--lower ", "dir"},
		{"--lower=d", "--lower=dir"},
		{"--bind ", "dir file.json"},
		{"--bind=f", "--bind=file.json"},
		{"--hook f", "file.json"},
		{"--cap-drop sys_ad", "sys_admin"},
		{"--rlimit nof", "nofile="},
		{"--explain=s", "--explain=script"},
		{"--explain s", ""},
		{"--mem ", ""},
		{"--mem 5M d", "dir"},
		{"-v d", "dir"},
		{"dir ", ""},
	};

	(void)state;
	each_completes(table, COUNT(table));
}

/* So a new option is completed by itself. */
static void every_option_of_help_is_completed(void **state)
{
	const char *table[1][2] = {{"--", ""}}, *help = RUN("--help")->out;
	char *options = lab_text("%s", ""), *line, *rest = lab_text("%s", help);
	size_t count = 0;

	(void)state;
	while ((line = strsep(&rest, "\n"))) {
		char *option = strstr(line, "--");

		if (strncmp(line, "  -", 3) != 0 || !option)
			continue;
		option[strcspn(option, " =[")] = '\0';
		options = lab_text("%s%s\n", options, option);
		count++;
	}
	assert_true(count > 30);
	table[0][1] = last_word_s(options, "--");
	each_completes(table, 1);
}

/* Where a verb's usage has NAME, it is the name of one that is there. */
static void runs_are_completed_by_name(void **state)
{
	struct job *job =
		START_SH(CALL(.talks = true), "echo ready; read x", "--name", "zebra-web");
	char *rest = lab_text("%s", strstr(RUN("--help")->out, "\nVerbs"));

	(void)state;
	job_expect(job, "ready");
	for (char *line; (line = strsep(&rest, "\n")) && strncmp(line, "Examples", 8) != 0;) {
		const char *table[1][2] = {{NULL, "zebra-web"}};
		char *verb = line + 2, *arguments = strchr(verb, ' ');

		if (strncmp(line, "  ", 2) != 0 || !arguments ||
		    strncmp(arguments, " NAME", 5) != 0)
			continue;
		*arguments = '\0';
		table[0][0] = lab_text("%s zebra-", verb);
		each_completes(table, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(options_and_verbs_are_completed),
		TEST(arguments_are_completed_by_what_they_are),
		TEST(every_option_of_help_is_completed),
		TEST(runs_are_completed_by_name),
	};

	return TESTS_RUN(tests);
}
