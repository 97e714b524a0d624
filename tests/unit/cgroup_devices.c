/* Which devices a container may open: the rules, their texts, and the program that they become,
 * which a small interpreter here runs as the kernel would. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "plan.h"
#include "support.h"

#define LIST  "/cg/ctr-web/devices.list"
#define ALLOW "write /cg/ctr-web/devices.allow "

enum { R = ACCESS_READ, W = ACCESS_WRITE, M = ACCESS_MKNOD, PTY = 7 };

static struct devices devices;
static struct device asked[2];
static struct spec spec;

static int devices_begin(void **state)
{
	spec = (struct spec){.devices = asked};
	scratch_make();
	return world_begin(state);
}

static int devices_end(void **state)
{
	(void)state;
	devices_free(&devices);
	scratch_remove();
	return 0;
}
#define DEVICES_TEST(function) cmocka_unit_test_setup_teardown(function, devices_begin, devices_end)

/* A name of our own for one of the devices that every host has. */
static void ask(const char *name, const char *target, unsigned access)
{
	assert_return_code(symlink(target, scratch("%s", name)), 0);
	asked[spec.device_count++] = (struct device){scratch("%s", name), access};
}

/* With a pty for each of 0-2: what the test itself has there is no matter. */
static void find(void)
{
	assert_int_equal(devices_find(&spec, PTY, &devices), 0);
}

static int apply(int version, const char **said)
{
	static struct groups groups;
	int rc;

	groups.count = 0;
	group_add(&groups, version, BIT(DEVICES), "/cg");
	fake_directory("/cg/ctr-web");
	capture_begin(STDERR_FILENO);
	rc = devices_apply(&groups.items[0], &devices);
	*said = capture_end();
	return rc;
}

static const char *refused(int version)
{
	char before[4096], after[4096];
	const char *said;

	descriptors_list(before, sizeof(before));
	assert_true(apply(version, &said) < 0);
	descriptors_list(after, sizeof(after));
	assert_string_equal(before, after);
	assert_one_line(said);
	return said;
}

/* --- version 1 */

#define BEGIN "c 1:3 rwm\nc 1:5 rwm\nc 1:7 rwm\nc 1:8 rwm\nc 1:9 rwm\nc 5:0 rwm\n"
#define PTYS  "c 5:2 rw\nc 136:* rw\n"

static void v1_denies_all_and_allows_one_by_one(void **state)
{
	const char *said;

	(void)state;
	find();
	fake_stubborn_file(LIST, BEGIN PTYS);
	if (apply(1, &said) != 0)
		fail_msg("%s", said);
	assert_string_equal(said, "");
	assert_string_equal(fake_script(),
			    "write /cg/ctr-web/devices.deny a\n" ALLOW "c 1:3 rwm\n" ALLOW
			    "c 1:5 rwm\n" ALLOW "c 1:7 rwm\n" ALLOW "c 1:8 rwm\n" ALLOW
			    "c 1:9 rwm\n" ALLOW "c 5:0 rwm\n" ALLOW "c 5:2 rw\n" ALLOW
			    "c 136:* rw\nread " LIST "\n");
}

static void another_list_than_ours_is_refused(void **state)
{
	static const char *const other[] = {"", "a *:* rwm\n", BEGIN, BEGIN PTYS "c 1:1 r\n"};

	(void)state;
	find();
	for (size_t i = 0; i < COUNT(other); i++) {
		fake_stubborn_file(LIST, other[i]);
		assert_contains(refused(1), "the kernel made other rules of ours: see " LIST);
	}
}

static void a_rule_that_the_group_above_lacks_is_named(void **state)
{
	(void)state;
	find();
	fake_fail_nth(2, EPERM);
	assert_contains(refused(1), "cannot write c 1:3 rwm to /cg/ctr-web/devices.allow (the "
				    "group above does not have it): Operation not permitted\n");
	fake_fail_nth(1, EPERM);
	assert_contains(refused(1), "cannot write a to /cg/ctr-web/devices.deny: ");
	fake_file(LIST, NULL);
	assert_contains(refused(1), "cannot read " LIST " back: ");
}

static void a_descriptor_s_device_can_be_done_without(void **state)
{
	const char *said;

	(void)state;
	find();
	devices.rules[7].handed = true;
	fake_stubborn_file(LIST, BEGIN "c 5:2 rw\n");
	fake_fail_nth(9, EPERM);
	assert_int_equal(apply(1, &said), 0);
	assert_string_equal(said, "");
	fake_fail_nth(9, EIO);
	assert_contains(refused(1), "cannot write c 136:* rw to ");
}

/* --- what is asked for */

static void a_device_that_is_asked_for_can_be_made_as_well(void **state)
{
	const char *said;

	(void)state;
	ask("a", "/dev/ptmx", R);
	ask("b", "/dev/zero", W);
	find();
	assert_int_equal(devices.node_count, 2);
	assert_string_equal(devices.nodes[0].path, asked[0].path);
	assert_true(devices.nodes[0].type == 'c' && devices.nodes[0].major == 5 &&
		    devices.nodes[0].minor == 2);
	assert_int_equal(devices.nodes[1].mode & ~0777U, 0);
	fake_stubborn_file(LIST, BEGIN "c 5:2 rwm\nc 136:* rw\n");
	if (apply(1, &said) != 0)
		fail_msg("%s", said);
}

static void what_is_no_device_of_the_host_is_refused(void **state)
{
	static const struct {
		const char *path, *says;
	} table[] = {
		{"/etc", "--device: \"/etc\" is not a device node"},
		{"/etc/passwd", "--device: \"/etc/passwd\" is not a device node"},
		{"/dev/no/such", "--device: cannot look at \"/dev/no/such\": No such file"},
		{"/dev/null", "--device: \"/dev/null\" is not the host's"},
		{"/dev/pts/0", "--device: \"/dev/pts/0\" is not the host's"},
	};

	(void)state;
	spec.device_count = 1;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *said;

		asked[0] = (struct device){table[i].path, R};
		capture_begin(STDERR_FILENO);
		assert_true(devices_find(&spec, PTY, &devices) < 0);
		said = capture_end();
		devices_free(&devices);
		assert_one_line(said);
		assert_contains(said, table[i].says);
	}
}

/* --- version 2 */

static void v2_loads_attaches_and_asks_again(void **state)
{
	const char *said;

	(void)state;
	find();
	assert_int_equal(apply(2, &said), 0);
	assert_string_equal(said, "");
	assert_string_equal(fake_script(), "bpf load\nopen /cg/ctr-web\n"
					   "bpf attach program devices to open /cg/ctr-web\n"
					   "bpf query program devices of open /cg/ctr-web\n");
}

static void a_kernel_without_programs_goes_without(void **state)
{
	static const int errors[] = {EPERM, ENOSYS, EINVAL, ENOENT};
	static const unsigned calls[] = {1, 3}; /* load, attach */

	(void)state;
	find();
	for (size_t i = 0; i < COUNT(errors) * COUNT(calls); i++) {
		const char *said;

		fake_fail_nth(calls[i % 2], errors[i / 2]);
		assert_int_equal(apply(2, &said), 0);
		assert_string_equal(said, "");
	}
}

static void any_other_failure_of_v2_is_one(void **state)
{
	static const char *const says[] = {
		"cannot load the device program of /cg/ctr-web: ",
		"cannot open the cgroup /cg/ctr-web: ",
		"cannot attach the device program to /cg/ctr-web: ",
		"cannot read the device program of /cg/ctr-web back: ",
	};

	(void)state;
	find();
	for (unsigned i = 0; i < COUNT(says); i++) {
		fake_fail_nth(i + 1, ENOMEM);
		assert_contains(refused(2), says[i]);
	}
}

static void a_group_without_the_devices_is_let_alone(void **state)
{
	const struct group group = {.version = 1, .controllers = BIT(CPU)};

	(void)state;
	find();
	assert_int_equal(devices_apply(&group, &devices), 0);
	assert_string_equal(fake_script(), "");
}

/* --- the program */

static struct bpf_insn program[1024];
static size_t program_size;

static void program_make(const struct device_rule *rules, size_t count)
{
	assert_true(device_program_room(count) <= COUNT(program));
	memset(program, 0xff, sizeof(program));
	program_size = device_program_fill(rules, count, program);
	assert_in_range(program_size, 2, device_program_room(count));
}

static uint64_t operand(const struct bpf_insn *insn, const uint64_t *registers)
{
	return BPF_SRC(insn->code) == BPF_X ? registers[insn->src_reg] : (uint64_t)insn->imm;
}

static void compute(const struct bpf_insn *insn, uint64_t *registers)
{
	uint32_t value = (uint32_t)operand(insn, registers);
	uint32_t to = (uint32_t)registers[insn->dst_reg];

	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		to = value;
		break;
	case BPF_AND:
		to &= value;
		break;
	case BPF_RSH:
		to >>= value;
		break;
	default:
		fail_msg("operation %x", insn->code);
	}
	registers[insn->dst_reg] = to; /* 32 bits: the upper ones become zero */
}

/* What the kernel's machine would answer; jumps go forward only. */
static bool allows(unsigned type, unsigned access, unsigned major, unsigned minor)
{
	const struct bpf_cgroup_dev_ctx context = {access << 16 | type, major, minor};
	uint64_t registers[11] = {99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	size_t at = 0;

	for (;; at++) {
		const struct bpf_insn *insn = &program[at];

		assert_true(at < program_size);
		if (insn->code == (BPF_JMP | BPF_EXIT))
			break;
		if (insn->code == (BPF_LDX | BPF_MEM | BPF_W)) {
			uint32_t word;

			assert_int_equal(insn->src_reg, 1);
			assert_in_range(insn->off, 0, sizeof(context) - sizeof(word));
			memcpy(&word, (const char *)&context + insn->off, sizeof(word));
			registers[insn->dst_reg] = word;
		} else if (insn->code == (BPF_JMP | BPF_JNE | BPF_K)) {
			assert_true(insn->off >= 0);
			if (registers[insn->dst_reg] != operand(insn, registers))
				at += (size_t)insn->off;
		} else {
			assert_int_equal(BPF_CLASS(insn->code), BPF_ALU);
			compute(insn, registers);
		}
	}
	assert_true(registers[0] <= 1);
	return registers[0] == 1;
}

enum { BLOCK = BPF_DEVCG_DEV_BLOCK, CHAR = BPF_DEVCG_DEV_CHAR };

static void the_program_of_every_container_allows_these_and_no_others(void **state)
{
	static const struct {
		unsigned type, access, major, minor;
		bool allowed;
	} table[] = {
		{CHAR, R, 1, 3, true},
		{CHAR, R | W, 1, 3, true},
		{CHAR, R | W | M, 1, 3, true},
		{CHAR, M, 1, 3, true},
		{BLOCK, R, 1, 3, false},
		{CHAR, R, 1, 1, false},
		{CHAR, R, 1, 4, false},
		{CHAR, W, 1, 5, true},
		{CHAR, W, 1, 7, true},
		{CHAR, R, 1, 8, true},
		{CHAR, R, 1, 9, true},
		{CHAR, W, 1, 11, false},
		{CHAR, R | W, 5, 0, true},
		{CHAR, R | W, 5, 1, false},
		{CHAR, R | W, 5, 2, true},
		{CHAR, M, 5, 2, false},
		{CHAR, R | W | M, 5, 2, false},
		{CHAR, R | W, 136, 0, true},
		{CHAR, R | W, 136, 1048575, true},
		{CHAR, M, 136, 0, false},
		{BLOCK, R, 136, 0, false},
		{CHAR, R, 137, 0, false},
		{BLOCK, R, 8, 0, false},
		{BLOCK, M, 8, 0, false},
		{CHAR, R, 10, 229, false},
		{CHAR, R, 0, 0, false},
	};

	(void)state;
	find();
	program_make(devices.rules, devices.rule_count);
	for (size_t i = 0; i < COUNT(table); i++)
		if (allows(table[i].type, table[i].access, table[i].major, table[i].minor) !=
		    table[i].allowed)
			fail_msg("row %zu", i);
}

static bool rule_allows(const struct device_rule *rule, unsigned type, unsigned access,
			unsigned major, unsigned minor)
{
	return (rule->type == 'b' ? BLOCK : CHAR) == (int)type && rule->major == major &&
	       (rule->any_minor || rule->minor == minor) && (access & ~rule->access) == 0;
}

static void each_access_of_each_device_is_as_its_rule_says(void **state)
{
	static const struct device_rule rules[] = {
		{.type = 'b', .major = 7, .minor = 0, .access = R | M},
		{.type = 'c', .major = 7, .minor = 0, .access = W},
		{.type = 'c', .major = 4095, .minor = 1048575, .access = R | W | M},
		{.type = 'b', .major = 259, .any_minor = true, .access = R},
	};
	static const unsigned majors[] = {0, 7, 8, 259, 4095}, minors[] = {0, 1, 256, 1048575};
	bool expected;

	(void)state;
	program_make(rules, COUNT(rules));
	for (unsigned i = 0; i < 2 * 8 * COUNT(majors) * COUNT(minors); i++) {
		unsigned type = i % 2 + 1, access = i / 2 % 8;
		unsigned major = majors[i / 16 % COUNT(majors)];
		unsigned minor = minors[i / 16 / COUNT(majors)];

		expected = false;
		for (size_t j = 0; j < COUNT(rules); j++)
			expected |= rule_allows(&rules[j], type, access, major, minor);
		if (allows(type, access, major, minor) != expected)
			fail_msg("type %u access %u of %u:%u", type, access, major, minor);
	}
}

static void without_a_rule_nothing_is_allowed(void **state)
{
	(void)state;
	program_make(NULL, 0);
	assert_false(allows(CHAR, R, 1, 3));
	assert_false(allows(BLOCK, M, 8, 0));
}

/* ctr-init makes them from inside the group. */
static void each_node_of_the_plan_may_be_made(void **state)
{
	const struct plan_facts facts = {.root = "/box", .name = "web", .devices = &devices};
	char *text = NULL;
	size_t size, made = 0;
	struct spec whole;

	(void)state;
	ask("a", "/dev/ptmx", R);
	find();
	program_make(devices.rules, devices.rule_count);
	assert_int_equal(options_of_line(&whole, "box"), OPTIONS_RUN);
	assert_int_equal(plan_compile(&whole, &facts, &text, &size), 0);
	for (char *line = text; (line = strstr(line, "\nnode ")); line++, made++) {
		unsigned major = (unsigned)strtoul(line + 8, &line, 10);
		unsigned minor = (unsigned)strtoul(line, NULL, 10);

		assert_true(allows(CHAR, M, major, minor));
	}
	assert_int_equal(made, 7);
	spec_free(&whole);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DEVICES_TEST(v1_denies_all_and_allows_one_by_one),
		DEVICES_TEST(another_list_than_ours_is_refused),
		DEVICES_TEST(a_rule_that_the_group_above_lacks_is_named),
		DEVICES_TEST(a_descriptor_s_device_can_be_done_without),
		DEVICES_TEST(a_device_that_is_asked_for_can_be_made_as_well),
		DEVICES_TEST(what_is_no_device_of_the_host_is_refused),
		DEVICES_TEST(v2_loads_attaches_and_asks_again),
		DEVICES_TEST(a_kernel_without_programs_goes_without),
		DEVICES_TEST(any_other_failure_of_v2_is_one),
		DEVICES_TEST(a_group_without_the_devices_is_let_alone),
		DEVICES_TEST(the_program_of_every_container_allows_these_and_no_others),
		DEVICES_TEST(each_access_of_each_device_is_as_its_rule_says),
		DEVICES_TEST(without_a_rule_nothing_is_allowed),
		DEVICES_TEST(each_node_of_the_plan_may_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
