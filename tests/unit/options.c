#include "options.h"
#include "verbs/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capabilities.h"
#include "help.h"
#include "option_rows.h"
#include "support.h"

static int spec_free_later(void **state)
{
	spec_free(*state);
	return 0;
}

/* The spec of a command line that must be right; freed with the test. */
#define SPEC_TEST(function) cmocka_unit_test_setup_teardown(function, spec_begin, spec_free_later)
static int spec_begin(void **state)
{
	static struct spec spec;

	spec = (struct spec){0};
	*state = &spec;
	return world_begin(NULL);
}

static const struct spec *good(void **state, const char *line)
{
	const char *said;
	int rc;

	spec_free(*state);
	capture_begin(STDERR_FILENO);
	rc = options_of_line(*state, line);
	said = capture_end();
	if (rc != OPTIONS_RUN || *said)
		fail_msg("\"%s\" gives %d: %s", line, rc, said);
	return *state;
}

/* What is said of a command line that must be wrong. */
static const char *said_of(const char *const *words)
{
	struct spec spec;
	const char *said;
	int rc;

	capture_begin(STDERR_FILENO);
	rc = options_of(&spec, words);
	spec_free(&spec);
	said = capture_end();
	if (rc >= 0)
		fail_msg("\"%s ...\" is accepted", words[0] ? words[0] : "");
	assert_one_line(said);
	return said;
}
#define SAID(...) said_of((const char *const[]){__VA_ARGS__, NULL})

static void a_root_alone_has_the_documented_defaults(void **state)
{
	const struct spec *spec = good(state, "./merged");

	assert_int_equal(spec->mode, MODE_RUN);
	assert_string_equal(spec->rootfs, "./merged");
	assert_null(spec->command[0]);
	assert_int_equal(spec->grace_ms, 10000);
	assert_int_equal(spec->timeout_ms, 0);
	assert_string_equal(spec->workdir, "/");
	assert_int_equal(spec->terminal, TERMINAL_IF_ANY);
	assert_true(spec->uid == 0 && spec->gid == 0);
	assert_false(spec->limits.swap_asked || spec->ephemeral || spec->readonly ||
		     spec->clear_env || spec->verbose);
	assert_null(spec->name);
	assert_null(spec->hostname);
	assert_null(spec->net);
	assert_null(spec->limits.cpuset);
	assert_int_equal(spec->limits.cpu_quota_us + spec->limits.cpu_weight + spec->limits.memory +
				 spec->limits.swap + spec->limits.pids,
			 0);
}

static void each_limit_lands_in_its_place(void **state)
{
	const struct spec *spec =
		good(state, "--cpu 10 --mem 500M --swap 100M --pids 64 --cpuset 0-2,4 "
			    "--cpu-weight 250 --timeout 5m --grace 500ms --rlimit nofile=1024:4096 "
			    "--rlimit core=unlimited ./merged");

	assert_int_equal(spec->limits.cpu_quota_us, 10000);
	assert_int_equal(spec->limits.memory, 524288000);
	assert_int_equal(spec->limits.swap, 104857600);
	assert_true(spec->limits.swap_asked);
	assert_int_equal(spec->limits.pids, 64);
	assert_string_equal(spec->limits.cpuset, "0-2,4");
	assert_int_equal(spec->limits.cpu_weight, 250);
	assert_int_equal(spec->timeout_ms, 300000);
	assert_int_equal(spec->grace_ms, 500);
	assert_int_equal(spec->rlimit_count, 2);
	assert_string_equal(spec->rlimits[0].name, "nofile");
	assert_int_equal(spec->rlimits[0].soft, 1024);
	assert_int_equal(spec->rlimits[0].hard, 4096);
	assert_string_equal(spec->rlimits[1].name, "core");
	assert_true(spec->rlimits[1].soft == UINT64_MAX && spec->rlimits[1].hard == UINT64_MAX);
}

static void each_option_of_the_root_lands_in_its_place(void **state)
{
	const struct spec *spec = good(
		state, "--lower a --lower b --upper u --work w --read-only --bind ./src:/src:ro "
		       "--bind /x:/y:rw --bind a:b:/c --tmpfs /tmp --tmpfs /t:size=1m,ro "
		       "--hook ./h1 --hook ./h2 ./merged");

	assert_int_equal(spec->lower.count, 2);
	assert_string_equal(spec->lower.items[0], "a");
	assert_string_equal(spec->lower.items[1], "b");
	assert_string_equal(spec->upper, "u");
	assert_string_equal(spec->work, "w");
	assert_true(spec->readonly);
	assert_int_equal(spec->bind_count, 3);
	assert_string_equal(spec->binds[0].source, "./src");
	assert_string_equal(spec->binds[0].target, "/src");
	assert_true(spec->binds[0].readonly);
	assert_string_equal(spec->binds[1].target, "/y");
	assert_false(spec->binds[1].readonly);
	assert_string_equal(spec->binds[2].source, "a:b");
	assert_string_equal(spec->binds[2].target, "/c");
	assert_int_equal(spec->tmpfs_count, 2);
	assert_string_equal(spec->tmpfs[0].target, "/tmp");
	assert_string_equal(spec->tmpfs[0].data, "mode=1777");
	assert_string_equal(spec->tmpfs[1].target, "/t");
	assert_string_equal(spec->tmpfs[1].data, "mode=1777,size=1M");
	assert_string_equal(spec->tmpfs[1].flags, "nosuid,nodev,ro");
	assert_int_equal(spec->hooks.count, 2);
	assert_string_equal(spec->hooks.items[1], "./h2");
	assert_true(good(state, "--ephemeral ./merged")->ephemeral);
}

static void each_other_option_lands_in_its_place(void **state)
{
	const struct spec *spec = good(
		state, "--name web --hostname box.lan --user 1000:100 --workdir /srv --env A=1 "
		       "--env B= --clear-env --net /run/netns/x --tty --verbose ./merged");

	assert_string_equal(spec->name, "web");
	assert_string_equal(spec->hostname, "box.lan");
	assert_int_equal(spec->uid, 1000);
	assert_int_equal(spec->gid, 100);
	assert_string_equal(spec->workdir, "/srv");
	assert_int_equal(spec->env.count, 2);
	assert_string_equal(spec->env.items[1], "B=");
	assert_true(spec->clear_env);
	assert_string_equal(spec->net, "/run/netns/x");
	assert_int_equal(spec->terminal, TERMINAL_YES);
	assert_true(spec->verbose);
	assert_int_equal(good(state, "--no-tty ./merged")->terminal, TERMINAL_NO);
	assert_true(good(state, "-v ./merged")->verbose);
	assert_string_equal(good(state, "--net host ./merged")->net, "host");
	assert_int_equal(good(state, "--check ./merged")->mode, MODE_CHECK);
	assert_int_equal(good(state, "--print-plan ./merged")->mode, MODE_PRINT_PLAN);
	assert_int_equal(good(state, "--cpu=150 ./merged")->limits.cpu_quota_us, 150000);
}

static void a_report_is_lines_or_json_to_somewhere(void **state)
{
	const struct spec *spec = good(state, "--report ./merged");

	assert_int_equal(spec->report, REPORT_LINES);
	spec = good(state, "--report=json ./merged");
	assert_int_equal(spec->report, REPORT_JSON);
	assert_null(spec->report_path);
	assert_int_equal(spec->report_fd, STDERR_FILENO);
	assert_int_equal(good(state, "--report=json:1 ./merged")->report_fd, STDOUT_FILENO);
	assert_string_equal(good(state, "--report=json:./1 ./merged")->report_path, "./1");
	assert_string_equal(good(state, "--report=json:a:b ./merged")->report_path, "a:b");
	spec = good(state, "--report=json:x --report=json ./merged");
	assert_null(spec->report_path);
	assert_contains(SAID("--report=xml", "x"), "--report: \"xml\" is not json");
	assert_contains(SAID("--report=", "x"), "--report: \"\" is not json");
	assert_contains(SAID("--report=jsonx", "x"), "--report: \"jsonx\" is not json");
	assert_contains(SAID("--report=json:", "x"), "--report: \"json:\" is not json");
}

static void a_descriptor_for_the_report_must_be_open_for_writing(void **state)
{
	int read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int path_only = open("/dev/null", O_PATH | O_CLOEXEC);
	char option[32];

	(void)state;
	snprintf(option, sizeof(option), "--report=json:%d", read_only);
	assert_contains(SAID(option, "x"), "is not a descriptor that is open for writing");
	snprintf(option, sizeof(option), "--report=json:%d", path_only);
	assert_contains(SAID(option, "x"), "is not a descriptor that is open for writing");
	close(read_only);
	close(path_only);
	assert_contains(SAID("--report=json:999", "x"), "\"999\" is not a descriptor");
	assert_contains(SAID("--report=json:99999999999999999999", "x"), "is not a descriptor");
}

static void the_command_begins_behind_the_root(void **state)
{
	const struct spec *spec = good(state, "./merged ls -l --cpu 10");

	assert_string_equal(spec->command[0], "ls");
	assert_string_equal(spec->command[1], "-l");
	assert_string_equal(spec->command[2], "--cpu");
	assert_null(spec->command[4]);
	assert_int_equal(spec->limits.cpu_quota_us, 0);
	spec = good(state, "./merged -- -x");
	assert_string_equal(spec->command[0], "-x");
	spec = good(state, "./merged -- --");
	assert_string_equal(spec->command[0], "--");
	assert_null(spec->command[1]);
	spec = good(state, "-- -root -- ls");
	assert_string_equal(spec->rootfs, "-root");
	assert_string_equal(spec->command[0], "ls");
	assert_null(good(state, "./merged --")->command[0]);
}

static void a_verb_comes_first_and_a_path_of_its_name_is_no_verb(void **state)
{
	assert_string_equal(verb_find("gc")->name, "gc");
	assert_null(verb_find("./gc"));
	assert_string_equal(good(state, "./gc")->rootfs, "./gc");
	assert_contains(SAID("--verbose", "gc"), "gc is a verb: it comes first");
	assert_contains(SAID("--verbose", "gc"), "./gc");
}

static void a_wrong_value_is_said_with_its_option(void **state)
{
	static const char *const wrong[][2] = {
		{"cpu", "0"},	      {"cpu", "ten"},
		{"cpu-weight", "0"},  {"cpu-weight", "10001"},
		{"cpuset", "2-1"},    {"mem", "0"},
		{"mem", "-1"},	      {"swap", "1x"},
		{"pids", "1"},	      {"pids", "4194305"},
		{"rlimit", "nofile"}, {"rlimit", "nofile=2:1"},
		{"rlimit", "files"},  {"timeout", "0"},
		{"grace", "1x"},      {"bind", "/a"},
		{"bind", ":/b"},      {"bind", "/a:b"},
		{"tmpfs", "tmp"},     {"tmpfs", ""},
		{"name", "a/b"},      {"name", ".."},
		{"hostname", "a/b"},  {"user", "root"},
		{"user", "1:"},	      {"workdir", "srv"},
		{"env", ""},	      {"env", "=1"},
		{"net", "bridge"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		char option[32], expected[128];

		snprintf(option, sizeof(option), "--%s", wrong[i][0]);
		snprintf(expected, sizeof(expected), "%s: \"%s\" is not ", option, wrong[i][1]);
		assert_contains(SAID(option, wrong[i][1], "./merged"), expected);
	}
	assert_contains(SAID("--rlimit", "files=1", "x"), "\"files\" is not a resource limit");
	assert_contains(SAID("--rlimit", "=1", "x"), "\"\" is not a resource limit");
}

static void what_a_tmpfs_is_given_is_known_and_fits(void **state)
{
	static const char *const wrong[] = {
		"size=0",
		"size=18446744073709551616",
		"size=9223372036854775808",
		"size=16777216T",
		"size=-1",
		"size=101%",
		"size=0%",
		"size=",
		"size",
		"nr_inodes=0",
		"nr_blocks=0",
		"mode=8",
		"mode=17777",
		"uid=root",
		"gid=4294967296",
		"nofail",
		"suid",
		"dev",
		"x=1",
		"size=1m,size=2m",
		"exec,noexec",
		"ro,ro",
		"mode=700,mode=755",
		"huge=sometimes",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "/t:%s", wrong[i]);
		assert_contains(SAID("--tmpfs", text, "./merged"), "--tmpfs /t: ");
	}
	assert_contains(SAID("--tmpfs", "/t:nofail", "x"),
			"\"nofail\" is not an option of a tmpfs");
	assert_contains(SAID("--tmpfs", "/t:size=1m,size=2m", "x"),
			"\"size=2m\" comes a second time");
	assert_contains(SAID("--tmpfs", "/t:size=0", "x"), "\"size=0\" is not a size above zero");
	good(state, "--tmpfs /t:exec,rw,size=50%,nr_inodes=2k,uid=1,gid=2,mode=1777,huge=never "
		    "./merged");
}

static void a_size_below_a_page_is_asked_about(void **state)
{
	(void)state;
	assert_contains(SAID("--mem", "500", "x"),
			"500 bytes is less than one page: did you mean 500M?");
	assert_contains(SAID("--mem", "1K", "x"), "1K is less than one page");
	assert_contains(SAID("--mem", "64M", "--swap", "500", "x"),
			"500 bytes is less than one page: did you mean 500M?");
}

static void env_without_a_value_passes_the_caller_s(void **state)
{
	const struct spec *spec;

	setenv("LAB_PASSED", "a=b", 1);
	unsetenv("LAB_MISSING");
	spec = good(state, "--env LAB_PASSED --env LAB_MISSING --env B=1 ./merged");
	assert_int_equal(spec->env.count, 2);
	assert_string_equal(spec->env.items[0], "LAB_PASSED=a=b");
	assert_string_equal(spec->env.items[1], "B=1");
	unsetenv("LAB_PASSED");
}

static void a_host_name_is_what_a_name_can_be(void **state)
{
	assert_string_equal(good(state, "--hostname a_b ./merged")->hostname, "a_b");
}

/* T-NAME-1, T-LOG-1 */
static void a_hostile_name_is_quoted_in_printable_bytes(void **state)
{
	(void)state;
	assert_contains(SAID("--name", "\x1b[31m", "x"), "\"\\x1b[31m\" is not");
	assert_contains(SAID("--name", "a\nb", "x"), "\"a\\x0ab\" is not");
	assert_contains(SAID("--name", "%s%n", "x"), "\"%s%n\" is not");
	assert_contains(SAID("--\x1b]0;x\x07", "x"), "\\x1b]0;x\\x07");
}

static void an_unknown_option_is_named(void **state)
{
	(void)state;
	assert_contains(SAID("--nonsense", "x"), "unknown option \"--nonsense\": see ctr-setup");
	assert_contains(SAID("-x", "x"), "unknown option -x:");
	assert_contains(SAID("-vx", "x"), "unknown option -x:");
	assert_contains(SAID("--ephemeral=yes", "x"),
			"--ephemeral takes no argument, as \"--ephemeral=yes\" has");
	assert_contains(SAID("--c", "1", "x"), "unknown option \"--c\":");
}

static void the_nearest_of_what_there_is_is_asked_for(void **state)
{
	(void)state;
	assert_contains(SAID("--memm", "1", "x"),
			"unknown option \"--memm\": did you mean --mem? see ctr-setup --help");
	assert_contains(SAID("--cpux=1", "x"), "\"--cpux=1\": did you mean --cpu?");
	assert_contains(SAID("-mem", "1", "x"), "\"-mem\": did you mean --mem?");
	assert_contains(SAID("--cpus"), "\"--cpus\": did you mean --cpu?");
	assert_contains(SAID("--net", "hots", "x"), "; did you mean host?");
	assert_contains(SAID("--explain=tarce", "x"), "; did you mean trace?");
	assert_contains(SAID("--cap-add", "CAP_SYS_ADMN", "x"), "; did you mean sys_admin?");
	assert_contains(SAID("--rlimit", "nofiles=1", "x"), "; did you mean nofile?");
	assert_contains(SAID("gcc"), "\"gcc\" is neither a directory nor a verb: did you mean gc?");
	assert_lacks(SAID("--net", "bridge", "x"), "did you mean");
	assert_lacks(SAID("--mem", "ten", "x"), "did you mean");
}

static void an_option_behind_the_root_is_no_command(void **state)
{
	(void)state;
	assert_contains(SAID("./merged", "--mem", "1M"), "--mem comes too late");
	assert_contains(SAID("-v", "./merged", "-v"), "-v comes too late");
}

static void a_missing_argument_or_root_is_said(void **state)
{
	(void)state;
	assert_contains(SAID("--cpu"), "--cpu needs an argument");
	assert_contains(SAID("--verbose"), "no ROOTFS");
	assert_contains(SAID("--cpu", "10", "--"), "no ROOTFS");
	assert_contains(said_of((const char *const[]){NULL, NULL}), "no ROOTFS");
}

static uint64_t caps_of(const char *line)
{
	struct spec spec;
	uint64_t caps;

	assert_int_equal(options_of_line(&spec, line), OPTIONS_RUN);
	caps = spec.caps;
	spec_free(&spec);
	return caps;
}

/* T-ARG-1: behind an argv without anything lies the environment, execve(2). */
static void what_lies_behind_no_argument_is_not_read_as_one(void **state)
{
	char version[] = "--version", *argv[] = {NULL, version, NULL};
	struct spec spec;
	int rc;

	(void)state;
	capture_begin(STDERR_FILENO);
	rc = options_parse(0, argv, &spec);
	spec_free(&spec);
	assert_contains(capture_end(), "no ROOTFS");
	assert_true(rc < 0);
}

static void capabilities_are_added_and_dropped_from_left_to_right(void **state)
{
	const uint64_t defaults = 0x800405fb, own = capabilities_own();

	(void)state;
	assert_int_equal(caps_of("x"), defaults);
	assert_int_equal(caps_of("--cap-add net_raw x"), defaults | 1U << 13);
	assert_int_equal(caps_of("--cap-add CAP_NET_RAW --cap-add Mknod x"),
			 defaults | 1U << 13 | 1U << 27);
	assert_int_equal(caps_of("--cap-drop chown --cap-drop cap_kill x"), defaults & ~0x21U);
	assert_int_equal(caps_of("--cap-drop ALL --cap-add setuid x"), 1U << 7);
	assert_int_equal(caps_of("--cap-add setuid --cap-drop ALL x"), 0);
	assert_int_equal(caps_of("--cap-add all x"), defaults | own);
	assert_int_equal(caps_of("--privileged x"), own);
	assert_int_equal(caps_of("--privileged --cap-drop chown x"), own & ~UINT64_C(1));
	assert_contains(SAID("--cap-add", "net_rw", "x"), "--cap-add: \"net_rw\" is not");
	assert_contains(SAID("--cap-drop", "cap_", "x"), "--cap-drop: \"cap_\" is not");
	assert_contains(SAID("--cap-drop", "", "x"), "--cap-drop: \"\" is not");
	assert_contains(SAID("--cap-add", "13", "x"), "--cap-add: \"13\" is not");
}

static void options_that_exclude_each_other_are_refused(void **state)
{
	assert_contains(SAID("--swap", "0", "x"), "--swap needs --mem");
	assert_contains(SAID("--ephemeral", "--upper", "u", "x"), "neither --upper nor --work");
	assert_contains(SAID("--work", "w", "--ephemeral", "x"), "neither --upper nor --work");
	assert_contains(SAID("--work", "w", "x"), "--work needs --upper");
	good(state, "--cap-add chown --user 1000 x");
	good(state, "--cap-drop chown --user 1000 x");
	good(state, "--swap 0 --mem 1M x");
	good(state, "--upper u --work w x");
}

static const char *printed_by(const char *word)
{
	struct spec spec;
	const char *text;
	int rc;

	capture_begin(STDOUT_FILENO);
	rc = options_of_line(&spec, word);
	text = capture_end();
	spec_free(&spec);
	assert_int_equal(rc, OPTIONS_DONE);
	return text;
}

static void a_device_is_a_path_below_dev_and_its_access(void **state)
{
	const struct spec *spec =
		good(state, "--device /dev/fuse --device /dev/sda:r --device /dev/net/tun/:wm "
			    "--device /dev/char/10:229 --device /dev/char/10:237:rwm ./merged");
	static const struct device expected[] = {
		{"/dev/fuse", ACCESS_READ | ACCESS_WRITE},
		{"/dev/sda", ACCESS_READ},
		{"/dev/net/tun", ACCESS_WRITE | ACCESS_MKNOD},
		{"/dev/char/10:229", ACCESS_READ | ACCESS_WRITE},
		{"/dev/char/10:237", ACCESS_READ | ACCESS_WRITE | ACCESS_MKNOD},
	};

	assert_int_equal(spec->device_count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_string_equal(spec->devices[i].path, expected[i].path);
		assert_int_equal(spec->devices[i].access, expected[i].access);
	}
}

static void a_device_that_is_not_one_is_refused_with_the_argument(void **state)
{
	static const char *const places[] = {
		"",  "fuse",	  "dev/fuse",	 "/srv/node",	 "/dev", "/dev/",
		"/", "/device/x", "/dev/../etc", "/dev/x/../..", "./x"};
	static const char *const accesses[] = {"/dev/fuse:", "/dev/fuse:rr", "/dev/fuse:x",
					       "/dev/fuse:rwx"};

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++)
		assert_contains(SAID("--device", places[i], "x"), "\" is not a path below /dev");
	assert_contains(SAID("--device", "/srv/node", "x"), "--device: \"/srv/node\" is not");
	for (size_t i = 0; i < COUNT(accesses); i++) {
		char expected[64];

		snprintf(expected, sizeof(expected), "--device: \"%s\" is not PATH", accesses[i]);
		assert_contains(SAID("--device", accesses[i], "x"), expected);
	}
	assert_contains(SAID("--device", "/dev/fuse", "--device", "/dev/fuse:r", "x"),
			"--device: \"/dev/fuse\" is given twice");
	assert_contains(SAID("--device"), "--device needs an argument");
}

static void help_has_every_option_and_fits_a_terminal(void **state)
{
	const char *text = printed_by("--help");

	(void)state;
	for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
		char expected[96];

		snprintf(expected, sizeof(expected), "--%s%s%s", row->name,
			 row->argument && row->argument[0] == '[' ? "" : " ",
			 row->argument ? row->argument : "");
		assert_contains(text, expected);
		assert_contains(text, row->help);
	}
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		size_t length = strcspn(line, "\n");

		if (length > 80)
			fail_msg("longer than 80 columns: %.*s", (int)length, line);
	}
	assert_contains(text, "\n  -v, --verbose ");
	assert_contains(text, "\n  -h, --help ");
	assert_contains(text, "^] three times gives the calling shell back");
	for (size_t i = 0; i < verbs_count; i++) {
		char expected[96];

		snprintf(expected, sizeof(expected), "\n  %s%s%s", verbs[i].name,
			 *verbs[i].arguments ? " " : "", verbs[i].arguments);
		assert_contains(text, expected);
		assert_contains(text, verbs[i].help);
	}
}

/* They are two spaces behind the margin, and what they do is six behind. */
static void the_examples_of_help_are_command_lines(void **state)
{
	static const char begin[] = "\n  ctr-setup ";
	char text[16384], *line = text;
	unsigned count = 0;

	snprintf(text, sizeof(text), "%s", strstr(printed_by("--help"), "\nExamples:\n"));
	while ((line = strstr(line, begin))) {
		char *end = strchr(line += strlen(begin), '\n');

		*end = '\0';
		good(state, line);
		*end = '\n';
		count++;
	}
	assert_true(count >= 5);
}

static void a_verb_has_help_of_its_own(void **state)
{
	const char *text;

	(void)state;
	for (size_t i = 0; i < verbs_count; i++) {
		capture_begin(STDOUT_FILENO);
		verb_help_print(stdout, &verbs[i]);
		fflush(stdout);
		text = capture_end();
		assert_contains(text, "Usage: ctr-setup ");
		assert_contains(text, verbs[i].name);
		assert_contains(text, verbs[i].arguments);
		assert_contains(text, verbs[i].help + 1);
	}
}

static void help_and_version_win_over_what_follows(void **state)
{
	(void)state;
	assert_contains(printed_by("--version"), "ctr-setup ");
	assert_int_equal(lines_count(printed_by("--version --nonsense")), 1);
	assert_contains(printed_by("-h"), "Usage: ");
	assert_contains(printed_by("--cpu 10 --help --cpu ten"), "Usage: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPEC_TEST(a_root_alone_has_the_documented_defaults),
		SPEC_TEST(each_limit_lands_in_its_place),
		SPEC_TEST(each_option_of_the_root_lands_in_its_place),
		SPEC_TEST(each_other_option_lands_in_its_place),
		SPEC_TEST(a_report_is_lines_or_json_to_somewhere),
		SPEC_TEST(a_descriptor_for_the_report_must_be_open_for_writing),
		SPEC_TEST(the_command_begins_behind_the_root),
		SPEC_TEST(a_verb_comes_first_and_a_path_of_its_name_is_no_verb),
		SPEC_TEST(a_wrong_value_is_said_with_its_option),
		SPEC_TEST(what_a_tmpfs_is_given_is_known_and_fits),
		SPEC_TEST(a_size_below_a_page_is_asked_about),
		SPEC_TEST(env_without_a_value_passes_the_caller_s),
		SPEC_TEST(a_host_name_is_what_a_name_can_be),
		SPEC_TEST(a_hostile_name_is_quoted_in_printable_bytes),
		SPEC_TEST(an_unknown_option_is_named),
		SPEC_TEST(the_nearest_of_what_there_is_is_asked_for),
		SPEC_TEST(an_option_behind_the_root_is_no_command),
		SPEC_TEST(a_missing_argument_or_root_is_said),
		SPEC_TEST(what_lies_behind_no_argument_is_not_read_as_one),
		SPEC_TEST(capabilities_are_added_and_dropped_from_left_to_right),
		SPEC_TEST(options_that_exclude_each_other_are_refused),
		SPEC_TEST(a_device_is_a_path_below_dev_and_its_access),
		SPEC_TEST(a_device_that_is_not_one_is_refused_with_the_argument),
		SPEC_TEST(help_has_every_option_and_fits_a_terminal),
		SPEC_TEST(the_examples_of_help_are_command_lines),
		SPEC_TEST(a_verb_has_help_of_its_own),
		SPEC_TEST(help_and_version_win_over_what_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
