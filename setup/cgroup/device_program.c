/* Device rules as a program (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE): the kernel runs it before each
 * open(2) and mknod(2) of a device by a member of the group, and refuses with EPERM for a 0.
 *
 * r2 is the type, r3 the access that is asked for, r4 the major and r5 the minor number: all of the
 * context, which r1 points to. Then each rule in turn: what it does not fit goes on behind it. */
#include <linux/bpf.h>

#include "cgroup.h"

enum { HEAD = 6, RULE_MAX = 8, TAIL = 2 };

static void emit(struct bpf_insn **end, unsigned code, unsigned to, unsigned from, size_t offset,
		 unsigned value)
{
	*(*end)++ = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = to & 15,
		.src_reg = from & 15,
		.off = (int16_t)offset,
		.imm = (int32_t)value,
	};
}

static void load(struct bpf_insn **end, unsigned to, size_t offset)
{
	emit(end, BPF_LDX | BPF_MEM | BPF_W, to, BPF_REG_1, offset, 0);
}

static void compute(struct bpf_insn **end, unsigned operation, unsigned to, unsigned value)
{
	emit(end, BPF_ALU | operation | BPF_K, to, 0, 0, value);
}

/* To the end of the rule, which is known when the rule is whole. */
static void leave_unless(struct bpf_insn **end, unsigned is, unsigned value)
{
	emit(end, BPF_JMP | BPF_JNE | BPF_K, is, 0, 0, value);
}

static void answer(struct bpf_insn **end, unsigned value)
{
	compute(end, BPF_MOV, BPF_REG_0, value);
	emit(end, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void rule_put(struct bpf_insn **end, const struct device_rule *rule)
{
	struct bpf_insn *start = *end;

	leave_unless(end, BPF_REG_2, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	leave_unless(end, BPF_REG_4, rule->major);
	if (!rule->any_minor)
		leave_unless(end, BPF_REG_5, rule->minor);
	/* Of what is asked for, nothing is beyond the rule. */
	emit(end, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
	compute(end, BPF_AND, BPF_REG_1, ~rule->access);
	leave_unless(end, BPF_REG_1, 0);
	answer(end, 1);
	for (struct bpf_insn *at = start; at < *end; at++)
		if (at->code == (BPF_JMP | BPF_JNE | BPF_K))
			at->off = (int16_t)(*end - at - 1);
}

size_t device_program_room(size_t count)
{
	return HEAD + count * RULE_MAX + TAIL;
}

size_t device_program_fill(const struct device_rule *rules, size_t count, struct bpf_insn *program)
{
	struct bpf_insn *end = program;

	load(&end, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&end, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	compute(&end, BPF_AND, BPF_REG_2, 0xffff); /* (access << 16) | type */
	compute(&end, BPF_RSH, BPF_REG_3, 16);
	load(&end, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(&end, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t i = 0; i < count; i++)
		rule_put(&end, &rules[i]);
	answer(&end, 0);
	return (size_t)(end - program);
}
