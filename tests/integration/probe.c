/* A payload that does and sees what busybox cannot. Static, so that it runs in any root.
 *
 * probe NAME [ARGUMENT], see the table at the end; or probe syscall NAME|NUMBER [ARGUMENT...].
 * Prints what it found; status 0 unless it could not look.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PTRACE_SEIZE
#define PTRACE_SEIZE 0x4206
#endif

/* Open descriptors. */
static int fds(const char *argument)
{
	(void)argument;
	for (int fd = 0; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	puts("");
	return 0;
}

/* Which of 0-2 lead to what, by type. */
static int stdio(const char *argument)
{
	FILE *to = fopen(argument, "w");

	if (!to)
		return 1;
	for (int fd = 0; fd < 3; fd++) {
		struct stat stat;

		if (fstat(fd, &stat) < 0)
			fprintf(to, "%d closed\n", fd);
		else
			fprintf(to, "%d %o\n", fd, stat.st_mode & S_IFMT);
	}
	return fclose(to) != 0;
}

/* Says each signal that comes, raw, so that the C library's own two are among them; ends after the
 * one whose number is given. */
static int catch (const char *argument)
{
	uint64_t all = ~UINT64_C(0);
	long last = strtol(argument, NULL, 10), number;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	puts("ready");
	fflush(stdout);
	do {
		number = syscall(SYS_rt_sigtimedwait, &all, NULL, NULL, sizeof(all));
		printf("got %ld.\n", number);
		fflush(stdout);
	} while (number != last);
	return 0;
}

static int processes_count(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
	if (dir)
		closedir(dir);
	return count;
}

static int others_left(void)
{
	for (int i = 0; i < 6000 && processes_count() > 2; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	return processes_count() - 2;
}

/* Every signal, from inside, at PID 1, the stops left out: it passes them on to us. It is alive if
 * it still reaps. */
static int kill1(const char *argument)
{
	uint64_t all = ~UINT64_C(0);

	(void)argument;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	for (int number = 1; number <= 64; number++)
		if (number < SIGTSTP || number > SIGTTOU)
			syscall(SYS_kill, 1, number);
	if (fork() == 0)
		_exit(fork() < 0);
	wait(NULL);
	puts(others_left() == 0 ? "alive" : "dead");
	return 3;
}

/* So many orphans in a burst; then waits until PID 1 and this are alone. */
static int orphans(const char *argument)
{
	long count = strtol(argument, NULL, 10);

	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0)
			return 1;
		if (child == 0)
			_exit(fork() < 0);
		if (waitpid(child, NULL, 0) != child)
			return 1;
	}
	printf("%d left\n", others_left());
	return 0;
}

/* Children that stay, until no more may be. */
static int forks(const char *argument)
{
	long wanted = strtol(argument, NULL, 10), made = 0;
	pid_t child = 0;

	while (made < wanted && (child = fork()) > 0)
		made++;
	if (child == 0 && made < wanted) {
		pause();
		_exit(0);
	}
	printf("%ld made\n", made);
	return 0;
}

static int memory(const char *argument)
{
	size_t size = strtoul(argument, NULL, 10);
	char *bytes = malloc(size);

	if (!bytes)
		return 1;
	memset(bytes, 1, size);
	printf("%d held\n", bytes[size / 2]);
	return 0;
}

static void outcome(const char *what, long rc)
{
	printf("%s %s\n", what, rc < 0 ? strerror(errno) : "succeeded");
}

/* Some files of proc open for anybody and refuse only to be read. */
static long first_byte(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -1;
	return read(fd, &byte, 1) < 0 && errno != EISDIR ? -1 : fd;
}

/* What of a process can be had. */
static int touch(const char *argument)
{
	static const char *const files[] = {"mem",  "exe",	"root/",  "cwd/",
					    "fd/0", "fdinfo/0", "maps",	  "environ",
					    "auxv", "stack",	"ns/mnt", "syscall"};
	int pid = (int)strtol(argument, NULL, 10);
	char path[64], to[64], byte;
	struct iovec own = {&byte, 1}, other = {(void *)0x400000, 1};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		outcome(files[i], first_byte(path));
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	outcome("exe-link", readlink(path, to, sizeof(to)));
	snprintf(path, sizeof(path), "/proc/%d/fd/0", pid);
	outcome("fd-link", readlink(path, to, sizeof(to)));
	outcome("seize", syscall(SYS_ptrace, PTRACE_SEIZE, pid, 0, 0));
	outcome("readv", process_vm_readv(pid, &own, 1, &other, 1, 0));
	return 0;
}

/* A byte pushed back into the terminal would be read by whoever reads it next. */
static int push(const char *argument)
{
	outcome("push", ioctl(STDIN_FILENO, TIOCSTI, argument));
	return 0;
}

static int size(const char *argument)
{
	struct winsize size;

	(void)argument;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return 1;
	printf("%d %d\n", size.ws_row, size.ws_col);
	return 0;
}

/* A word to ourselves by 127.0.0.1. */
static int loopback(const char *argument)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	char heard[8] = "";
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)argument;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0 ||
	    sendto(fd, "word", 4, 0, (struct sockaddr *)&address, length) != 4 ||
	    recv(fd, heard, sizeof(heard) - 1, 0) != 4) {
		perror("loopback");
		return 1;
	}
	puts(heard);
	return 0;
}

/* As ping(8) without a right of its own: icmp(7), ping_group_range. */
static int ping(const char *argument)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char request[16] = {8}, answer[16] = {1};
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);

	(void)argument;
	if (fd < 0 ||
	    sendto(fd, request, sizeof(request), 0, (struct sockaddr *)&address, sizeof(address)) <
		    0 ||
	    recv(fd, answer, sizeof(answer), 0) < 0) {
		perror("ping");
		return 1;
	}
	puts(answer[0] == 0 ? "answered" : "?");
	return 0;
}

static int bind_port(const char *argument)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((in_port_t)strtol(argument, NULL, 10))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("bind");
		return 1;
	}
	puts("bound");
	return 0;
}

static int end_by(const char *argument)
{
	int number = (int)strtol(argument, NULL, 10);

	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	signal(number, SIG_DFL);
	kill(getpid(), number);
	return 0;
}

/* A system call with these arguments, by its name below or its number: what it is answered. */
static int call(char **arguments)
{
	static const struct {
		const char *name;
		long number;
	} names[] = {
		{"add_key", SYS_add_key},	  {"bpf", SYS_bpf},
		{"chroot", SYS_chroot},		  {"clone", SYS_clone},
		{"clone3", SYS_clone3},		  {"ioctl", SYS_ioctl},
		{"keyctl", SYS_keyctl},		  {"mount", SYS_mount},
		{"open_tree", SYS_open_tree},	  {"personality", SYS_personality},
		{"ptrace", SYS_ptrace},		  {"request_key", SYS_request_key},
		{"sethostname", SYS_sethostname}, {"socket", SYS_socket},
		{"unshare", SYS_unshare},	  {"userfaultfd", SYS_userfaultfd},
	};
	long number = -1, value[6] = {0}, rc;
	size_t i = 0;

	if (!arguments[0])
		return 2;
	while (i < sizeof(names) / sizeof(names[0]) && strcmp(names[i].name, arguments[0]) != 0)
		i++;
	number = i < sizeof(names) / sizeof(names[0]) ? names[i].number
						      : strtol(arguments[0], NULL, 0);
	for (i = 0; i < 6 && arguments[i + 1]; i++)
		value[i] = (long)strtoull(arguments[i + 1], NULL, 0);
	rc = syscall(number, value[0], value[1], value[2], value[3], value[4], value[5]);
	if (rc == 0 && number == SYS_clone)
		_exit(0); /* the child */
	puts(rc == -1 ? strerrorname_np(errno) : "done");
	return 0;
}

static void *thread(void *argument)
{
	return argument;
}

static int threads(const char *argument)
{
	int own = 0;
	void *got = NULL;
	pthread_t id;

	(void)argument;
	for (int i = 0; i < 8; i++)
		if (pthread_create(&id, NULL, thread, &own) != 0 || pthread_join(id, &got) != 0 ||
		    got != &own)
			return 1;
	puts("joined");
	return 0;
}

/* getpid() as a 32-bit program calls it. */
static int foreign(const char *argument)
{
	(void)argument;
#ifdef __x86_64__
	long rc = 20;

	__asm__ volatile("int $0x80" : "+a"(rc) : : "memory", "r8", "r9", "r10", "r11");
	printf("pid %ld\n", rc);
#endif
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *argument);
	} table[] = {
		{"fds", fds},
		{"stdio", stdio},
		{"catch", catch},
		{"orphans", orphans},
		{"forks", forks},
		{"memory", memory},
		{"touch", touch},
		{"push", push},
		{"size", size},
		{"end-by", end_by},
		{"loopback", loopback},
		{"ping", ping},
		{"bind-port", bind_port},
		{"kill1", kill1},
		{"threads", threads},
		{"foreign", foreign},
	};

	if (argc > 1 && strcmp(argv[1], "syscall") == 0)
		return call(argv + 2);

	for (size_t i = 0; argc > 1 && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, argv[1]) == 0)
			return table[i].run(argc > 2 ? argv[2] : "");
	fputs("probe: no such thing\n", stderr);
	return 2;
}
