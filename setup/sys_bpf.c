/* The part of the seam that is bpf(2): see sys.h. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys.h"

enum { PROGRAMS_MAX = 64 }; /* of one group: BPF_CGROUP_MAX_PROGS of the kernel */

static int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
	long rc = syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	return rc < 0 ? -errno : (int)rc;
}

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

int sys_bpf_load(const struct bpf_insn *program, size_t count)
{
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = address(program),
		.insn_cnt = (uint32_t)count,
		.license = address("MIT"),
	};

	return bpf(BPF_PROG_LOAD, &attributes);
}

int sys_bpf_attach(int group_fd, int program_fd)
{
	union bpf_attr attributes = {
		.target_fd = (uint32_t)group_fd,
		.attach_bpf_fd = (uint32_t)program_fd,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	return bpf(BPF_PROG_ATTACH, &attributes);
}

/* The kernel's number of a program. */
static int program_id(int program_fd, uint32_t *id)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attributes = {
		.info = {.bpf_fd = (uint32_t)program_fd,
			 .info_len = sizeof(info),
			 .info = address(&info)},
	};
	int rc = bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes);

	*id = info.id;
	return rc;
}

int sys_bpf_is_attached(int group_fd, int program_fd)
{
	uint32_t ids[PROGRAMS_MAX], id;
	union bpf_attr attributes = {
		.query = {.target_fd = (uint32_t)group_fd,
			  .attach_type = BPF_CGROUP_DEVICE,
			  .prog_ids = address(ids),
			  .prog_cnt = PROGRAMS_MAX},
	};
	int rc = program_id(program_fd, &id);

	if (rc == 0)
		rc = bpf(BPF_PROG_QUERY, &attributes);
	for (uint32_t i = 0; rc == 0 && i < attributes.query.prog_cnt; i++)
		rc = ids[i] == id;
	return rc;
}
