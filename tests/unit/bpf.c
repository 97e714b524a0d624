#include "bpf.h"

#include <string.h>

#include "support.h"

static bool jumps(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	default:
		fail_msg("unknown jump %04x", code);
		return false;
	}
}

uint32_t decide(const struct program *program, const struct seccomp_data *call)
{
	uint32_t a = 0;

	for (size_t i = 0; i < program->count; i++) {
		struct sock_filter at = program->code[i];

		if (at.code == (BPF_LD | BPF_W | BPF_ABS)) {
			assert_true(at.k % 4 == 0 && at.k < sizeof(*call));
			memcpy(&a, (const char *)call + at.k, sizeof(a));
		} else if (at.code == (BPF_ALU | BPF_AND | BPF_K)) {
			a &= at.k;
		} else if (at.code == (BPF_RET | BPF_K)) {
			return at.k;
		} else if (at.code == (BPF_JMP | BPF_JA)) {
			i += at.k;
		} else if (BPF_CLASS(at.code) == BPF_JMP) {
			i += jumps(at.code, a, at.k) ? at.jt : at.jf;
		} else {
			fail_msg("instruction %zu is unknown: %04x", i, at.code);
		}
	}
	fail_msg("the program has no end");
	return 0;
}

uint32_t decide_native(const struct program *program, long number, unsigned argument,
		       uint64_t value)
{
	struct seccomp_data call = {.nr = (int)number, .arch = NATIVE};

	call.args[argument] = value;
	return decide(program, &call);
}
