/* ctr-init's own end: with the payload's status, or saying why there never was one. */
#include "init_lab.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ROUNDS = 400, AT_A_TIME = 6 };

/* One line, of ctr-init's, and nothing else. */
static void assert_says(const struct result *result, const char *line)
{
	assert_string_equal(result->err, lab_text("ctr-init: %s\n", line));
	assert_string_equal(result->out, "");
}

static void every_status_passes_through(void **state)
{
	for (int status = 0; status <= 255; status++) {
		const struct result *result = INIT_SH(lab_text("exit %d", status));

		assert_status(result, status);
		assert_string_equal(result->err, "");
	}
}

/* Many at a time, so that the end of a payload meets ctr-init at every moment. */
static void no_end_is_ever_missed(void **state)
{
	pid_t pids[AT_A_TIME];

	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < COUNT(pids); i++)
			pids[i] = init_bare_start(*state, ARGUMENTS("/bin/sh", "-c", "exit 5"));
		for (size_t i = 0; i < COUNT(pids); i++)
			assert_int_equal(init_bare_end(pids[i]), 5);
	}
}

static bool ends_by_default(int number)
{
	static const int others[] = {SIGCHLD, SIGCONT, SIGURG,	SIGWINCH,
				     SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};

	for (size_t i = 0; i < COUNT(others); i++)
		if (number == others[i])
			return false;
	return true;
}

static void a_payload_ended_by_signal_n_gives_128_plus_n(void **state)
{
	for (int number = 1; number <= 64; number++)
		if (ends_by_default(number))
			assert_status(INIT_RUN("--", INIT_PROBE, "end-by", lab_text("%d", number)),
				      128 + number);
}

static void a_status_can_be_expected_or_mapped(void **state)
{
	static const struct {
		const char *options[4];
		const char *script;
		int status;
	} table[] = {
		{{"-e", "143", "--"}, "kill $$", 0},
		{{"-e143", "--"}, "exit 143", 0},
		{{"-e", "143", "--"}, "exit 3", 3},
		{{"-e3", "-e4", "--"}, "exit 4", 0},
		{{"-e", "255", "--"}, "exit 255", 0},
		{{"--remap", "143:0", "--"}, "kill $$", 0},
		{{"--remap=143:0", "--remap=0:9", "--"}, "kill $$", 0},
		{{"--remap=143:0", "--remap=0:9", "--"}, "exit 0", 9},
		{{"--remap=255:254", "--"}, "exit 255", 254},
		{{"--remap=3:4", "-e3", "--"}, "exit 3", 0},
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		const char *words[8];
		size_t count = 0;

		while (table[i].options[count])
			words[count] = table[i].options[count], count++;
		words[count++] = "/bin/sh";
		words[count++] = "-c";
		words[count++] = table[i].script;
		words[count] = NULL;
		assert_status(job_end(init_start(*state, NULL, words)), table[i].status);
	}
}

/* --- what cannot be executed */

static void files_make(void)
{
	lab_write(lab_path("text"), "text\n", 0644);
	lab_write(lab_path("script"), "echo \"script $0 $# $1\"; exit 9\n", 0755);
	lab_write(lab_path("empty"), "", 0755);
	lab_write(lab_path("no-interpreter"), "#!/no/such/interpreter\n", 0755);
	assert_int_equal(mkdir(lab_path("bin"), 0755), 0);
	lab_write(lab_path("bin/found"), "#!/bin/sh\nexit 11\n", 0755);
	lab_write(lab_path("bin/unfit"), "#!/bin/sh\nexit 12\n", 0644);
	lab_write(lab_path("bin/bare"), "echo \"bare $0 $1\"; exit 13\n", 0755);
}

static void a_command_that_is_not_there_is_127_and_one_that_cannot_run_is_126(void **state)
{
	const char *searched =
		lab_text(" (not found in %s): No such file or directory", getenv("PATH"));
	const struct {
		const char *command, *why;
		int status;
	} table[] = {
		{"/no/such", ": No such file or directory", 127},
		{"nosuch-command", searched, 127},
		{"", searched, 127},
		{lab_path("no-interpreter"),
		 " (it needs /no/such/interpreter, which is not there): No such file or directory",
		 127},
		{lab_path("text"), ": Permission denied", 126},
		{lab_directory(), ": Permission denied", 126},
		{lab_path("text/x"), ": Not a directory", 126},
	};

	files_make();
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct result *result = INIT_RUN("--", table[i].command);

		assert_status(result, table[i].status);
		assert_says(result,
			    lab_text("cannot execute %s%s", table[i].command, table[i].why));
	}
}

static void path_set(const void *path)
{
	if (path)
		setenv("PATH", path, 1);
	else
		unsetenv("PATH");
}

static void a_command_is_searched_for_as_by_execvp(void **state)
{
	const char *ours = lab_text("/no/such:%s:%s:/bin", lab_path("text"), lab_path("bin"));
	struct job *job;

	files_make();
	assert_status(job_end(INIT(CALL(.before = path_set, .argument = ours), "found")), 11);
	assert_status(job_end(INIT(CALL(.before = path_set, .argument = ours), "unfit")), 126);
	assert_status(job_end(INIT(CALL(.before = path_set, .argument = "/no"), "found")), 127);
	assert_status(job_end(INIT(CALL(.before = path_set), "true")), 0);
	job = INIT(CALL(.before = path_set, .argument = ours), "bare", "word");
	assert_status(job_end(job), 13);
	assert_has(job->out.bytes, lab_text("bare %s word\n", lab_path("bin/bare")));
}

static void a_script_without_an_interpreter_is_the_shell_s(void **state)
{
	const struct result *result;

	files_make();
	result = INIT_RUN("--", lab_path("script"), "a b", "c");
	assert_status(result, 9);
	assert_string_equal(result->out, lab_text("script %s 2 a b\n", lab_path("script")));
	assert_status(INIT_RUN(lab_path("script")), 9); /* the word before it is ctr-init's name */
	assert_status(INIT_RUN("--", lab_path("empty")), 0);
}

static void a_script_that_would_execute_ctr_init_for_ever_is_126(void **state)
{
	const char *const interpreters[] = {
		"/proc/self/exe",
		"/proc/self/exe -g",
		"/proc/thread-self/exe",
		getenv("CTR_INIT"),
		lab_text("%s --", getenv("CTR_INIT")),
	};
	const char *script = lab_path("itself");

	for (size_t i = 0; i < COUNT(interpreters); i++) {
		const struct result *result;

		lab_write(script, lab_text("#!%s\n", interpreters[i]), 0755);
		result = INIT_RUN("--", script, "--handover");
		assert_status(result, 126);
		assert_says(result, lab_text("cannot execute %s: Too many levels of symbolic links",
					     script));
	}
}

static void ctr_init_can_run_another_and_be_an_interpreter(void **state)
{
	const char *script = lab_path("wrapped");
	struct job *job;

	assert_out(INIT_RUN(getenv("CTR_INIT"), "echo", "here"), "here\n");
	assert_out(INIT_RUN("/proc/self/exe", "/proc/self/exe", "echo", "here"), "here\n");
	job = INIT(CALL(.program = "/bin/sh"), "-c",
		   "PATH=${CTR_INIT%/*}:$PATH; ctr-init \"$CTR_INIT\" echo here");
	assert_out(job_end(job), "here\n");
	lab_write(script, lab_text("#!%s /bin/sh\necho $1; exit 3\n", getenv("CTR_INIT")), 0755);
	assert_status(INIT_RUN(script, "word"), 3);
}

static void a_failed_execution_maps_no_status(void **state)
{
	assert_status(INIT_RUN("-e", "127", "--remap=126:1", "--", "/no/such"), 127);
}

/* --- what is asked for wrongly */

static void a_wrong_command_line_is_125_and_quoted(void **state)
{
	static const struct {
		const char *words[4];
		const char *says;
	} table[] = {
		{{"--nosuch", "true"}, "'--nosuch' is not known"},
		{{"-x", "true"}, "'-x' is not known"},
		{{"-gx", "true"}, "'-gx' is not known"},
		{{"--vm=1", "true"}, "'--vm=1' has no value"},
		{{"--rewrite=15", "true"}, "'--rewrite=15' cannot have this value"},
		{{"-pNOSUCH", "true"}, "'-pNOSUCH' cannot have this value"},
		{{"-e256", "true"}, "'-e256' cannot have this value"},
		{{"--grace"}, "'--grace' needs a value"},
		{{"-g"}, "'COMMAND' is missing"},
		{{NULL}, "'COMMAND' is missing"},
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		const struct result *result =
			job_end(init_start(*state, NULL, (const char *const *)table[i].words));

		assert_status(result, 125);
		assert_says(result, lab_text("%s: see ctr-init --help", table[i].says));
	}
}

static void help_and_version_are_told(void **state)
{
	const struct result *result = INIT_RUN("--help");

	assert_status(result, 0);
	assert_has(result->out, "usage: ctr-init [OPTION...] [--] COMMAND [ARG...]\n");
	assert_string_equal(INIT_RUN("-h")->out, result->out);
	/* docker(1) looks for these words. */
	assert_int_equal(strncmp(INIT_RUN("--version")->out, "tini version ", 13), 0);
}

static void the_words_behind_the_command_are_its_own(void **state)
{
	assert_out(INIT_RUN("echo", "-g", "--", "--help"), "-g -- --help\n");
	assert_out(INIT_RUN("-s", "--", "echo", "-w", "x"), "-w x\n");
}

static void vm_is_refused_beside_others(void **state)
{
	const struct result *result = INIT_RUN("--vm");

	assert_status(result, 125);
	assert_says(result, "--vm: not PID 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BOTH(every_status_passes_through),
		TEST_BOTH(no_end_is_ever_missed),
		TEST_BOTH(a_payload_ended_by_signal_n_gives_128_plus_n),
		TEST_BOTH(a_status_can_be_expected_or_mapped),
		TEST_BOTH(a_command_that_is_not_there_is_127_and_one_that_cannot_run_is_126),
		TEST_BOTH(a_command_is_searched_for_as_by_execvp),
		TEST_BOTH(a_script_without_an_interpreter_is_the_shell_s),
		TEST_BOTH(a_script_that_would_execute_ctr_init_for_ever_is_126),
		TEST_BOTH(ctr_init_can_run_another_and_be_an_interpreter),
		TEST_BOTH(a_failed_execution_maps_no_status),
		TEST_BOTH(a_wrong_command_line_is_125_and_quoted),
		TEST_BOTH(help_and_version_are_told),
		TEST_BOTH(the_words_behind_the_command_are_its_own),
		TEST_BESIDE(vm_is_refused_beside_others),
	};

	return INIT_TESTS_RUN(tests);
}
