/* What the parts of the security probes share.
 *
 * A probe's answer is one line: its name, "withstands" or "FALLS", and what was found, with tabs
 * between them. tests/bench/probes makes a table of the lines. */
#ifndef BENCH_PROBES_H
#define BENCH_PROBES_H

#include <stdbool.h>
#include <stdint.h>

/* What the caller has and a container is not to get. */
#define SECRET_VARIABLE "CTR_PROBES_SECRET"
#define SECRET_KEY	"ctr-probes"
#define MARKER		"marker" /* a file of the outside directory */
#define LEAKED_FD	9	 /* leads to that directory */

/* In the hostile root: which files are the tool's own programs, as the host knows them. */
#define IDENTITY_PATH "/identity"

struct identity {
	uint64_t device, inode;
};

struct finding {
	bool falls;
	char text[160];
};

typedef struct finding probe_function(const char *token);

struct finding withstands(void);
__attribute__((format(printf, 1, 2))) struct finding falls(const char *format, ...);
/* Falls when path opens with these flags; nothing is read or written. */
struct finding falls_if_open(const char *path, int flags);

/* probes_kernel.c: what the kernel grants. The others are in probes_payload.c. */
probe_function probe_no_new_privs, probe_capabilities, probe_set_user_id, probe_mknod, probe_mount,
	probe_keyring, probe_kernel_log, probe_io_uring, probe_userfaultfd, probe_bpf,
	probe_user_namespace, probe_keyctl, probe_af_alg, probe_abstract_socket;

#endif
