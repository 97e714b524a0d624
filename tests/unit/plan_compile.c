/* What ctr-setup writes, and that ctr-init understands it as it was meant. */
#include "plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../init/plan.h"
#include "capabilities.h"
#include "options.h"
#include "support.h"

static const struct plan_facts facts = {.root = "/box/merged", .name = "web"};

/* Valid until the next call. */
static const char *compiled_with(const struct spec *spec, const struct plan_facts *with)
{
	static char kept[2 * CTR_PLAN_MAX];
	char *text = NULL;
	size_t size;

	assert_int_equal(plan_compile(spec, with, &text, &size), 0);
	assert_int_equal(strlen(text), size);
	strcpy(kept, text);
	free(text);
	return kept;
}

static const char *compiled_words(const char *const *words)
{
	struct spec spec;
	const char *text;

	assert_int_equal(options_of(&spec, words), OPTIONS_RUN);
	text = compiled_with(&spec, &facts);
	spec_free(&spec);
	return text;
}
#define WORDS(...) compiled_words((const char *const[]){__VA_ARGS__, NULL})

static const char *compiled(const char *line)
{
	struct spec spec;
	const char *text;

	assert_int_equal(options_of_line(&spec, line), OPTIONS_RUN);
	text = compiled_with(&spec, &facts);
	spec_free(&spec);
	return text;
}

static void the_main_job_has_this_plan(void **state)
{
	static const char golden[] =
		"ctr-plan 1\n"
		"root /box/merged\n"
		"mount tmpfs tmpfs /dev nosuid,noexec mode=755,size=64k,nr_inodes=128\n"
		"mount devpts devpts /dev/pts nosuid,noexec "
		"newinstance,ptmxmode=0666,mode=0620,gid=5\n"
		"mount tmpfs shm /dev/shm nosuid,nodev,noexec mode=1777,size=64m\n"
		"mount mqueue mqueue /dev/mqueue nosuid,nodev,noexec -\n"
		"mount proc proc /proc nosuid,nodev,noexec -\n"
		"mount sysfs sysfs /sys ro,nosuid,nodev,noexec -\n"
		"mount tmpfs run /run nosuid,nodev mode=755,size=64m\n"
		"node c 1 3 0666 /dev/null\nnode c 1 5 0666 /dev/zero\n"
		"node c 1 7 0666 /dev/full\nnode c 1 8 0666 /dev/random\n"
		"node c 1 9 0666 /dev/urandom\nnode c 5 0 0666 /dev/tty\n"
		"link pts/ptmx /dev/ptmx\nlink /proc/self/fd /dev/fd\n"
		"link /proc/self/fd/0 /dev/stdin\nlink /proc/self/fd/1 /dev/stdout\n"
		"link /proc/self/fd/2 /dev/stderr\n"
		"hostname web\nloopback\n"
		"write /proc/sys/net/ipv4/ip_unprivileged_port_start 0\n"
		"write /proc/sys/net/ipv4/ping_group_range 0\\0402147483647\n"
		"mask /proc/acpi\nmask /proc/asound\nmask /proc/dynamic_debug\n"
		"mask /proc/interrupts\nmask /proc/kcore\nmask /proc/keys\n"
		"mask /proc/kpagecgroup\nmask /proc/kpagecount\nmask /proc/kpageflags\n"
		"mask /proc/latency_stats\nmask /proc/pagetypeinfo\nmask /proc/sched_debug\n"
		"mask /proc/scsi\nmask /proc/slabinfo\nmask /proc/timer_list\n"
		"mask /proc/timer_stats\nmask /proc/vmallocinfo\n"
		"mask /sys/firmware\nmask /sys/devices/virtual/powercap\n"
		"readonly /proc/bus\nreadonly /proc/fs\nreadonly /proc/irq\n"
		"readonly /proc/pressure\nreadonly /proc/sys\n"
		"readonly /proc/sysrq-trigger\n"
		"bounding 00000000800405fb\n"
		"nonewprivs\n"
		"keyring\n"
		"user 0 0 0\n"
		"caps 00000000800405fb\n"
		"workdir /\n"
		"home /root\n"
		"env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		"env container=ctr\n"
		"exec /bin/busybox sh\nexec /bin/sh\n";

	(void)state;
	assert_string_equal(compiled("--cpu 10 --mem 500M ./merged"), golden);
}

static void a_field_cannot_end_its_line_or_begin_another(void **state)
{
	const char *text = WORDS("--env", "A=x y\tz\nexec /evil\\", "box", "a b", "", "-", "--",
				 "\\040", "caf\303\251");

	(void)state;
	assert_contains(text, "\nenv A=x\\040y\\011z\\012exec\\040/evil\\134\n");
	assert_contains(text, "\nexec a\\040b - \\055 -- \\134040 caf\303\251\n");
}

static void a_variable_is_set_once_and_the_last_one_wins(void **state)
{
	const char *text =
		compiled("--env HOME=/h --env A=1 --env PATH=/b --env A=2 --env AB=3 box");

	(void)state;
	assert_contains(
		text,
		"\nworkdir /\nhome /root\nenv container=ctr\nenv HOME=/h\nenv PATH=/b\nenv A=2\n"
		"env AB=3\nexec ");
	text = compiled("--clear-env --env A=1 box");
	assert_contains(text, "\nworkdir /\nenv A=1\nexec ");
	text = compiled("--env container=x --env containers=y box");
	assert_contains(text, "\nenv container=x\nenv containers=y\nexec ");
}

static void a_terminal_brings_a_console_and_its_type(void **state)
{
	static const char *const unfit[] = {NULL, "", "x\nevil",
					    "123456789012345678901234567890123"};
	struct plan_facts with = facts;
	struct spec spec;

	(void)state;
	assert_int_equal(options_of_line(&spec, "--user 7 box"), OPTIONS_RUN);
	with.console_fds = 5;
	with.rows = 24;
	with.columns = 80;
	with.term = "xterm-256color";
	assert_contains(compiled_with(&spec, &with),
			"\nlink pts/0 /dev/console\nconsole 24 80 5 7\n");
	assert_contains(compiled_with(&spec, &with), "\nenv TERM=xterm-256color\n");
	for (size_t i = 0; i < COUNT(unfit); i++) {
		with.term = unfit[i];
		assert_contains(compiled_with(&spec, &with), "\nenv TERM=linux\n");
	}
	spec_free(&spec);
	assert_lacks(compiled("box"), "TERM=");
	assert_lacks(compiled("box"), "console");
}

static void a_console_of_the_user_s_is_not_replaced(void **state)
{
	struct plan_facts with = facts;
	struct spec spec;

	(void)state;
	assert_int_equal(options_of_line(&spec, "--bind /a:/dev/console box"), OPTIONS_RUN);
	with.console_fds = 7;
	assert_lacks(compiled_with(&spec, &with), "link pts/0 ");
	spec_free(&spec);
}

static const char *compiled_in_groups(const char *line, const struct groups *groups)
{
	struct plan_facts with = facts;
	struct spec spec;
	const char *text;

	with.groups = groups;
	assert_int_equal(options_of_line(&spec, line), OPTIONS_RUN);
	text = compiled_with(&spec, &with);
	spec_free(&spec);
	return text;
}

static void groups_with_limits_are_shown_read_only(void **state)
{
	struct groups groups = {
		.count = 3,
		.items = {{.version = 1,
			   .controllers = 1U << CONTROLLER_CPU,
			   .hierarchy = "cpu,cpuacct"},
			  {.version = 1,
			   .controllers = 1U << CONTROLLER_DEVICES,
			   .hierarchy = "devices"},
			  {.version = 2, .controllers = 1U << CONTROLLER_MEMORY}},
	};
	const char *text = compiled_in_groups("box", &groups);

	(void)state;
	assert_contains(text, "\nmount tmpfs run /run nosuid,nodev mode=755,size=64m\n"
			      "mount tmpfs cgroup /sys/fs/cgroup nosuid,nodev,noexec "
			      "mode=755,size=64k,nr_inodes=32\n"
			      "mount cgroup cgroup /sys/fs/cgroup/cpu,cpuacct "
			      "ro,nosuid,nodev,noexec,nofail cpu,cpuacct\n"
			      "mount cgroup2 cgroup /sys/fs/cgroup/unified "
			      "ro,nosuid,nodev,noexec,nofail -\n"
			      "node ");
	assert_contains(text, "\nlink cpu,cpuacct /sys/fs/cgroup/cpu\n"
			      "link cpu,cpuacct /sys/fs/cgroup/cpuacct\n");
	assert_contains(text, "\nreadonly /sys/fs/cgroup\n");
	groups.items[0] = groups.items[2];
	text = compiled_in_groups("box", &groups);
	assert_contains(text, "\nmount cgroup2 cgroup /sys/fs/cgroup "
			      "ro,nosuid,nodev,noexec,nofail -\n");
	assert_lacks(text, "readonly /sys/fs/cgroup");
}

static void groups_are_not_shown_where_the_user_mounts_or_without_sys(void **state)
{
	const struct groups groups = {
		.count = 1,
		.items = {{.version = 2, .controllers = 1U << CONTROLLER_MEMORY}},
	};
	const struct groups rules = {
		.count = 1,
		.items = {{.version = 2, .controllers = 1U << CONTROLLER_DEVICES}},
	};

	(void)state;
	assert_contains(compiled_in_groups("--userns box", &groups), "mount cgroup2 ");
	assert_lacks(compiled_in_groups("box", &rules), "mount cgroup2 ");
	assert_lacks(compiled_in_groups("--userns --net host box", &groups), "mount cgroup2 ");
	assert_lacks(compiled_in_groups("--bind /a:/sys box", &groups), "mount cgroup2 ");
	assert_lacks(compiled_in_groups("--tmpfs /sys/fs/cgroup/a box", &groups), "mount cgroup2 ");
}

static void options_of_a_tmpfs_become_flags_or_its_own(void **state)
{
	(void)state;
	assert_contains(compiled("--tmpfs /t box"),
			"\nmount tmpfs tmpfs /t nosuid,nodev mode=1777\n");
	assert_contains(compiled("--tmpfs /t:size=64m,noexec,ro,mode=700 box"),
			"\nmount tmpfs tmpfs /t nosuid,nodev,noexec,ro mode=1777,size=64M,"
			"mode=700\n");
	assert_contains(
		compiled("--tmpfs /t:exec,rw,size=0.5G,nr_inodes=2k,uid=3 box"),
		"\nmount tmpfs tmpfs /t nosuid,nodev mode=1777,size=512M,nr_inodes=2K,uid=3\n");
	assert_contains(compiled("--tmpfs /t:size=50% box"), "mode=1777,size=50%\n");
	assert_contains(compiled("--tmpfs /t:,,size=1m,, box"), "nosuid,nodev mode=1777,size=1M\n");
	assert_contains(WORDS("--tmpfs", "/a b", "box"),
			"\nmount tmpfs tmpfs /a\\040b nosuid,nodev mode=1777\n");
}

static int compile_rc(const struct spec *spec)
{
	char *text = NULL;
	size_t size;
	int rc;

	capture_begin(STDERR_FILENO);
	rc = plan_compile(spec, &facts, &text, &size);
	if (rc < 0)
		assert_one_line(capture_end());
	else
		assert_string_equal(capture_end(), "");
	free(text);
	return rc;
}

static void binds_come_as_descriptors_in_their_order(void **state)
{
	const char *text = compiled("--bind /h1:/a --bind /h2:/b:ro --tmpfs /t box");

	(void)state;
	assert_contains(text, "\nattach 5 /a\nattach 6 /b\nnode ");
	assert_lacks(text, "/h1");
	assert_lacks(text, "/h2");
}

static void a_user_who_is_not_root_has_no_capability(void **state)
{
	const char *text = compiled("--user 1000:100 box");

	(void)state;
	assert_contains(text,
			"\nbounding 0000000000000000\nnonewprivs\nkeyring\nuser 1000 100 100\n"
			"caps 0000000000000000\n");
	assert_contains(text, "\nhome /\n");
	assert_contains(compiled("--user 0:5 box"), "\nuser 0 5 5\ncaps 00000000800405fb\n");
}

static void what_root_inside_has_is_in_both_masks(void **state)
{
	(void)state;
	assert_contains(compiled("--cap-drop all --cap-add kill box"),
			"\nbounding 0000000000000020\nnonewprivs\nkeyring\nuser 0 0 0\n"
			"caps 0000000000000020\nworkdir ");
}

static void privileged_keeps_nothing_back(void **state)
{
	char bounding[64];
	const char *text = compiled("--privileged --cap-drop all --cap-add kill box");

	(void)state;
	assert_contains(text, "\nmount sysfs sysfs /sys nosuid,nodev,noexec -\n");
	assert_contains(text, "\nbounding 0000000000000020\nkeyring\nuser 0 0 0\n");
	assert_lacks(text, "\nmask ");
	assert_lacks(text, "\nreadonly ");
	assert_lacks(text, "\nnonewprivs");
	assert_contains(compiled("--privileged --read-only box"), "\nreadonly /\n");
	/* What a set-user-id program may reach is not what the user has. */
	snprintf(bounding, sizeof(bounding), "\nbounding %016" PRIx64 "\nkeyring\nuser 7 7 7\n",
		 capabilities_own());
	text = compiled("--privileged --user 7 box");
	assert_contains(text, bounding);
	assert_contains(text, "\ncaps 0000000000000000\n");
	/* Who is not root has what was asked for by name. */
	text = compiled("--user 7 --cap-add kill --cap-add net_raw --cap-drop kill box");
	assert_contains(text, "\nbounding 0000000000002000\nnonewprivs\n");
	assert_contains(text, "\ncaps 0000000000002000\n");
}

static void the_filter_is_behind_the_binds(void **state)
{
	struct plan_facts with = facts;
	struct spec spec;

	(void)state;
	with.filter_count = 300;
	assert_int_equal(options_of_line(&spec, "--bind /h:/a box"), OPTIONS_RUN);
	assert_contains(compiled_with(&spec, &with), "\nseccomp 6 300\nworkdir ");
	spec_free(&spec);
	assert_lacks(compiled("box"), "\nseccomp");
}

static void each_remaining_option_has_its_line(void **state)
{
	const char *text = compiled("--read-only --hostname h --workdir /srv --net host --rlimit "
				    "nofile=1:2 --rlimit core=unlimited box");

	(void)state;
	assert_contains(text, "\nreadonly /proc/sysrq-trigger\nreadonly /\nrlimit nofile 1 2\n"
			      "rlimit core 18446744073709551615 18446744073709551615\nbounding ");
	assert_contains(text, "\nhostname h\nmask ");
	assert_contains(text, "\nworkdir /srv\n");
	assert_lacks(text, "loopback");
	assert_lacks(text, "\nwrite ");
	assert_lacks(compiled("--net /n/s box"), "loopback");
	assert_contains(compiled("--net none box"), "\nloopback\n");
	assert_lacks(compiled("box"), "readonly /\n");
}

/* A spec whose plan has this many lines behind the header; the arrays are the caller's. */
static void spec_fill(struct spec *spec, const char **env, size_t lines, const char *const *command)
{
	static char names[CTR_PLAN_LINES_MAX + 1][24];
	size_t others;

	*spec = (struct spec){.command = (char **)command, .workdir = "/", .clear_env = true};
	others = lines_count(compiled_with(spec, &facts)) - 1;
	for (size_t i = 0; i < lines - others; i++) {
		snprintf(names[i], sizeof(names[i]), "V%zu=", i);
		env[i] = names[i];
	}
	spec->env = (struct texts){env, lines - others};
}

static void a_plan_may_have_as_many_lines_as_init_takes(void **state)
{
	static const char *env[CTR_PLAN_LINES_MAX + 1];
	static const char *const command[] = {"/x", NULL};
	struct spec spec;

	(void)state;
	spec_fill(&spec, env, CTR_PLAN_LINES_MAX + 1, command);
	assert_int_equal(compile_rc(&spec), -E2BIG);
	spec_fill(&spec, env, CTR_PLAN_LINES_MAX, command);
	assert_int_equal(compile_rc(&spec), 0);
}

static void a_command_that_init_would_refuse_is_refused_here(void **state)
{
	static const char *command[CTR_PLAN_FIELDS_MAX + 2];
	static char big[CTR_PLAN_MAX + 1];
	struct spec spec = {.command = (char **)command, .workdir = "/"};

	(void)state;
	for (size_t i = 0; i <= CTR_PLAN_FIELDS_MAX; i++)
		command[i] = "x";
	assert_int_equal(compile_rc(&spec), -E2BIG);
	command[CTR_PLAN_FIELDS_MAX] = NULL;
	assert_int_equal(compile_rc(&spec), 0);
	memset(big, 'x', sizeof(big) - 1);
	command[0] = big;
	command[1] = NULL;
	assert_int_equal(compile_rc(&spec), -E2BIG);
	big[CTR_PLAN_MAX - 4096] = '\0';
	assert_int_equal(compile_rc(&spec), 0);
}

/* --- round trip */

static struct plan plan;

static void init_reads(const char *text)
{
	size_t size = strlen(text);
	unsigned bad_line = plan_parse(guarded(text, size), size, &plan);

	if (bad_line)
		fail_msg("line %u is not understood: %s", bad_line, text);
}

static const struct line *nth_line(enum ctr_verb verb, unsigned n)
{
	for_each_line(line, &plan)
		if (line->verb == verb && n-- == 0)
			return line;
	fail_msg("too few lines of verb %d", (int)verb);
	return NULL;
}

static void init_reads_what_setup_was_given(void **state)
{
	static const char odd[] = "A= \t\n\\\\040\001\377-";
	const struct line *line;

	(void)state;
	init_reads(WORDS("--bind", "/h:/a b\\c", "--tmpfs", "/t:size=1m,ro", "--env", odd, "--env",
			 "E=", "--user", "4294967294:0", "--rlimit", "nofile=1:unlimited",
			 "--workdir", "/w\n", "box", "-", "", " ", "a\\", odd));
	assert_string_equal(field(nth_line(CTR_VERB_ROOT, 0), 0), "/box/merged");
	assert_string_equal(field(nth_line(CTR_VERB_ATTACH, 0), 1), "/a b\\c");
	assert_int_equal(field_number(nth_line(CTR_VERB_ATTACH, 0), 0), CTR_ATTACH_FD);
	line = nth_line(CTR_VERB_MOUNT, 7);
	assert_string_equal(field(line, 2), "/t");
	assert_string_equal(field(line, 4), "mode=1777,size=1M");
	assert_int_equal(nth_line(CTR_VERB_USER, 0)->count, 3);
	assert_int_equal(field_number(nth_line(CTR_VERB_USER, 0), 0), 4294967294);
	assert_true(field_number(nth_line(CTR_VERB_RLIMIT, 0), 2) == UINT64_MAX);
	assert_string_equal(field(nth_line(CTR_VERB_WORKDIR, 0), 0), "/w\n");
	assert_string_equal(field(nth_line(CTR_VERB_ENV, 2), 0), odd);
	assert_string_equal(field(nth_line(CTR_VERB_ENV, 3), 0), "E=");
	line = nth_line(CTR_VERB_EXEC, 0);
	assert_int_equal(line->count, 5);
	assert_string_equal(field(line, 0), "-");
	assert_string_equal(field(line, 1), "");
	assert_string_equal(field(line, 2), " ");
	assert_string_equal(field(line, 3), "a\\");
	assert_string_equal(field(line, 4), odd);
}

static void init_reads_every_byte_of_an_argument(void **state)
{
	char argument[256] = "";

	(void)state;
	for (unsigned c = 1; c < 256; c++)
		argument[c - 1] = (char)c;
	init_reads(WORDS("box", argument));
	assert_string_equal(field(nth_line(CTR_VERB_EXEC, 0), 0), argument);
}

static void init_reads_the_largest_plan(void **state)
{
	static const char *env[CTR_PLAN_LINES_MAX + 1];
	static const char *command[CTR_PLAN_FIELDS_MAX + 1];
	struct spec spec;

	(void)state;
	for (size_t i = 0; i < CTR_PLAN_FIELDS_MAX; i++)
		command[i] = "-";
	/* One line less than the most: that number has a test of its own. */
	spec_fill(&spec, env, CTR_PLAN_LINES_MAX - 1, command);
	init_reads(compiled_with(&spec, &facts));
	assert_int_equal(plan.count, CTR_PLAN_LINES_MAX - 1);
	assert_int_equal(nth_line(CTR_VERB_EXEC, 0)->count, CTR_PLAN_FIELDS_MAX);
}

static void a_device_of_the_host_has_a_line_behind_our_own(void **state)
{
	struct device_node nodes[] = {
		{.path = "/dev/net/tun", .type = 'c', .major = 10, .minor = 200, .mode = 0666},
		{.path = "/dev/a b", .type = 'b', .major = 7, .mode = 060},
	};
	struct devices devices = {.nodes = nodes, .node_count = COUNT(nodes)};
	struct plan_facts with = facts;
	struct spec spec;

	(void)state;
	with.devices = &devices;
	assert_int_equal(options_of_line(&spec, "box"), OPTIONS_RUN);
	assert_contains(compiled_with(&spec, &with), "/dev/tty\n"
						     "node c 10 200 0666 /dev/net/tun\n"
						     "node b 7 0 0060 /dev/a\\040b\n"
						     "link pts/ptmx /dev/ptmx\n");
	init_reads(compiled_with(&spec, &with));
	spec_free(&spec);
}

static void what_every_plan_makes_is_known(void **state)
{
	static const char *const ours[] = {"/dev/null",	 "/dev/tty",   "/dev/ptmx",
					   "/dev/fd",	 "/dev/stdin", "/dev/pts/0",
					   "/dev/shm/x", "/dev/pts",   "/dev/fd/0"};
	static const char *const others[] = {"/dev/nullx", "/dev/tty0", "/dev/console",
					     "/dev/ptsx",  "/dev/net",	"/dev/fuse"};

	(void)state;
	for (size_t i = 0; i < COUNT(ours); i++)
		assert_true(plan_makes(ours[i]));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(plan_makes(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_main_job_has_this_plan),
		TEST(a_field_cannot_end_its_line_or_begin_another),
		TEST(a_variable_is_set_once_and_the_last_one_wins),
		TEST(a_terminal_brings_a_console_and_its_type),
		TEST(groups_with_limits_are_shown_read_only),
		TEST(groups_are_not_shown_where_the_user_mounts_or_without_sys),
		TEST(a_console_of_the_user_s_is_not_replaced),
		TEST(options_of_a_tmpfs_become_flags_or_its_own),
		TEST(binds_come_as_descriptors_in_their_order),
		TEST(a_user_who_is_not_root_has_no_capability),
		TEST(what_root_inside_has_is_in_both_masks),
		TEST(privileged_keeps_nothing_back),
		TEST(the_filter_is_behind_the_binds),
		TEST(each_remaining_option_has_its_line),
		TEST(a_plan_may_have_as_many_lines_as_init_takes),
		TEST(a_command_that_init_would_refuse_is_refused_here),
		TEST(init_reads_what_setup_was_given),
		TEST(init_reads_every_byte_of_an_argument),
		TEST(init_reads_the_largest_plan),
		TEST(a_device_of_the_host_has_a_line_behind_our_own),
		TEST(what_every_plan_makes_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
