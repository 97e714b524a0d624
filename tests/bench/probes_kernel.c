/* Probes of what the kernel grants a payload: privileges, system calls, keys, sockets. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes.h"

struct finding probe_no_new_privs(const char *token)
{
	(void)token;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? withstands() : falls("not set");
}

/* Each of them reaches, or has reached, what is not the container's. */
struct finding probe_capabilities(const char *token)
{
	static const struct {
		unsigned long number;
		const char *name;
	} strong[] = {
		{CAP_SYS_ADMIN, "sys_admin"},
		{CAP_SYS_PTRACE, "sys_ptrace"},
		{CAP_SYS_MODULE, "sys_module"},
		{CAP_SYS_RAWIO, "sys_rawio"},
		{CAP_SYS_BOOT, "sys_boot"},
		{CAP_SYS_TIME, "sys_time"},
		{CAP_NET_ADMIN, "net_admin"},
		{CAP_NET_RAW, "net_raw"},
		{CAP_MKNOD, "mknod"},
		{CAP_DAC_READ_SEARCH, "dac_read_search"},
		{CAP_SYSLOG, "syslog"},
		{CAP_MAC_ADMIN, "mac_admin"},
		{CAP_BPF, "bpf"},
		{CAP_PERFMON, "perfmon"},
	};
	char names[sizeof(((struct finding *)0)->text)] = "";
	size_t used = 0;

	(void)token;
	for (size_t i = 0; i < sizeof(strong) / sizeof(strong[0]); i++)
		if (prctl(PR_CAPBSET_READ, strong[i].number, 0, 0, 0) == 1 &&
		    used + strlen(strong[i].name) + 2 < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s ",
						 strong[i].name);
	return used ? falls("%s", names) : withstands();
}

/* The program is a copy of this one that belongs to root. */
struct finding probe_set_user_id(const char *token)
{
	int status;
	pid_t pid = fork();

	(void)token;
	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setresgid(1000, 1000, 1000) < 0 ||
		    setresuid(1000, 1000, 1000) < 0)
			_exit(0); /* there is no second user inside */
		execl("/bin/set-user-id", "set-user-id", "gained", NULL);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status == 0)
		return withstands();
	return falls("user 1000 became root");
}

struct finding probe_mknod(const char *token)
{
	static const char *const paths[] = {"/tmp/probe", "/dev/probe", "/dev/shm/probe",
					    "/run/probe"};

	(void)token;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (mknod(paths[i], S_IFBLK | 0600, makedev(7, 0)) == 0) {
			unlink(paths[i]);
			return falls("made");
		}
	return withstands();
}

struct finding probe_mount(const char *token)
{
	(void)token;
	if (mount("probe", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=4k") < 0)
		return withstands();
	umount2("/tmp", MNT_DETACH);
	return falls("a tmpfs");
}

struct finding probe_keyring(const char *token)
{
	long key = syscall(SYS_request_key, "user", SECRET_KEY, NULL, 0);
	char secret[16] = "";

	(void)token;
	if (key < 0)
		key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user",
			      SECRET_KEY, 0);
	if (key < 0 || syscall(SYS_keyctl, KEYCTL_READ, key, secret, sizeof(secret) - 1) < 0)
		return withstands();
	return falls("it says %s", secret);
}

struct finding probe_kernel_log(const char *token)
{
	static char text[4096];
	enum { READ_ALL = 3 };

	(void)token;
	return klogctl(READ_ALL, text, sizeof(text)) > 0 ? falls("read") : withstands();
}

static struct finding falls_if(long rc)
{
	return rc >= 0 ? falls("granted") : withstands();
}

struct finding probe_io_uring(const char *token)
{
	uint32_t parameters[30] = {0}; /* struct io_uring_params, 120 bytes */

	(void)token;
	return falls_if(syscall(SYS_io_uring_setup, 1, parameters));
}

struct finding probe_userfaultfd(const char *token)
{
	enum { FOR_USER_MODE_ONLY = 1 };

	(void)token;
	return falls_if(syscall(SYS_userfaultfd, O_CLOEXEC | FOR_USER_MODE_ONLY));
}

struct finding probe_bpf(const char *token)
{
	union bpf_attr array = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};

	(void)token;
	return falls_if(syscall(SYS_bpf, BPF_MAP_CREATE, &array, sizeof(array)));
}

struct finding probe_user_namespace(const char *token)
{
	(void)token;
	return falls_if(unshare(CLONE_NEWUSER));
}

struct finding probe_keyctl(const char *token)
{
	(void)token;
	return falls_if(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1));
}

struct finding probe_af_alg(const char *token)
{
	(void)token;
	return falls_if(socket(AF_ALG, SOCK_SEQPACKET, 0));
}

struct finding probe_abstract_socket(const char *token)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strnlen(token, sizeof(address.sun_path) - 2);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path + 1, token, length);
	return connect(fd, (struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) == 0
		       ? falls("connected")
		       : withstands();
}
