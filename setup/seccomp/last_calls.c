/* The compiled program is followed for a call whose arguments are not known: where an argument
 * decides, both ways are gone. Jumps lead forward only, so one pass over the instructions is enough
 * (Documentation/networking/filter.rst in the kernel's tree). */
#include "last_calls.h"

#include <string.h>
#include <sys/syscall.h>

#include "refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The accumulator at an instruction that is reached. */
struct state {
	bool is_reached, is_known;
	uint32_t value;
};

static void reach(struct state *to, const struct state *from)
{
	if (!to->is_reached)
		*to = *from;
	else if (!from->is_known || to->value != from->value)
		to->is_known = false;
}

static bool jumps(uint16_t code, uint32_t value, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return value == k;
	case BPF_JGT:
		return value > k;
	case BPF_JGE:
		return value >= k;
	default:
		return value & k;
	}
}

static void load(struct state *state, uint32_t offset, long number)
{
	state->is_known = true;
	if (offset == offsetof(struct seccomp_data, nr))
		state->value = (uint32_t)number;
	else if (offset == offsetof(struct seccomp_data, arch))
		state->value = seccomp_arch_native();
	else
		state->is_known = false;
}

/* Goes on from the instruction at i. */
static void follow(const struct sock_filter *at, struct state *state, long number)
{
	bool is_constant = BPF_SRC(at->code) == BPF_K && state->is_known;

	if (BPF_CLASS(at->code) == BPF_JMP && BPF_OP(at->code) == BPF_JA) {
		reach(state + 1 + at->k, state);
		return;
	}
	if (BPF_CLASS(at->code) == BPF_JMP) {
		if (!is_constant || jumps(at->code, state->value, at->k))
			reach(state + 1 + at->jt, state);
		if (!is_constant || !jumps(at->code, state->value, at->k))
			reach(state + 1 + at->jf, state);
		return;
	}
	if (at->code == (BPF_LD | BPF_W | BPF_ABS))
		load(state, at->k, number);
	else if (at->code == (BPF_ALU | BPF_AND | BPF_K))
		state->value &= at->k;
	else if (BPF_CLASS(at->code) != BPF_ST)
		state->is_known = false;
	reach(state + 1, state);
}

/* Is there an answer, to the call of this number, that is one of the actions? */
static bool can_be(const struct program *program, long number, const uint32_t *actions)
{
	/* jumps that the kernel would refuse end in the second half */
	static struct state states[2 * BPF_MAXINSNS];

	memset(states, 0, sizeof(states));
	states[0].is_reached = true;
	for (size_t i = 0; i < program->count; i++) {
		const struct sock_filter *at = &program->code[i];

		if (!states[i].is_reached)
			continue;
		if (BPF_CLASS(at->code) != BPF_RET) {
			follow(at, &states[i], number);
			continue;
		}
		for (const uint32_t *action = actions; *action; action++)
			if ((at->k & SECCOMP_RET_ACTION_FULL) == *action)
				return true;
	}
	return false;
}

int last_calls_check(const struct program *program, const char *name)
{
	static const uint32_t done[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, 0};
	static const uint32_t refused[] = {SECCOMP_RET_ERRNO, 0};

	if (!can_be(program, SYS_execve, done))
		return refuse("cannot use %s: it does not allow execve, by which the command is "
			      "started: allow it",
			      name);
	/* a filter that ends who calls it does no harm */
	if (!can_be(program, SYS_exit_group, done) && can_be(program, SYS_exit_group, refused))
		return refuse("cannot use %s: it does not allow exit_group, without which nothing "
			      "can end: allow it",
			      name);
	return 0;
}
