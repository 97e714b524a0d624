/* An init under measurement: starting it, talking to its payload, ending it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "init.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 120000
#define MAX_WORDS   32

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void sleep_ms(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&time, NULL);
}

/* All 64; the C library's own calls keep some for themselves. */
static void mask_set(uint64_t mask)
{
	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask)) < 0)
		err(2, "rt_sigprocmask");
}

static void words_fill(char *words[MAX_WORDS], const struct bench *bench, const struct init *init,
		       const char *const mode[])
{
	size_t n = init->n_words;

	if (n + PAYLOAD_WORDS >= MAX_WORDS)
		errx(2, "%s: too many options", init->label);
	memcpy(words, init->words, n * sizeof(words[0]));
	words[n++] = (char *)(uintptr_t)bench->payload;
	for (size_t i = 0; mode[i]; i++)
		words[n++] = (char *)(uintptr_t)mode[i];
	words[n] = NULL;
}

static _Noreturn void become(int in_fd, int out_fd, bool quiet, char *const words[])
{
	int null_fd = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;

	/* none outlives us, whatever becomes of us */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	dup2(in_fd, 0);
	dup2(out_fd, 1);
	if (null_fd >= 0)
		dup2(null_fd, 2);
	execv(words[0], words);
	_exit(errno == ENOENT ? 127 : 126);
}

/* All of it between the two instants is the same for every init: a plain clone and its exec. */
struct instance instance_start(const struct bench *bench, const struct init *init, enum mask mask,
			       const char *const mode[])
{
	struct instance instance = {.label = init->label};
	char *words[MAX_WORDS];
	int in[2], out[2];

	words_fill(words, bench, init, mode);
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		err(2, "pipe2");
	if (mask == ALL_BLOCKED)
		mask_set(~UINT64_C(0));
	instance.started_ns = now_ns();
	instance.pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (instance.pid == 0)
		become(in[0], out[1], bench->quiet, words);
	instance.cloned_ns = now_ns();
	if (instance.pid < 0)
		err(2, "clone (root is needed)");
	mask_set(0);
	close(in[0]);
	close(out[1]);
	instance.in_fd = in[1];
	instance.out_fd = out[0];
	return instance;
}

void instance_read(const struct instance *instance, void *buffer, size_t size)
{
	struct pollfd polled = {.fd = instance->out_fd, .events = POLLIN};
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		if (poll(&polled, 1, PATIENCE_MS) != 1)
			errx(2, "%s: no word from the payload", instance->label);
		n = read(instance->out_fd, (char *)buffer + done, size - done);
		if (n <= 0)
			errx(2, "%s: the payload ended early", instance->label);
		done += (size_t)n;
	}
}

void instance_await_ready(const struct instance *instance)
{
	char ready;

	instance_read(instance, &ready, sizeof(ready));
}

void instance_tell(const struct instance *instance)
{
	if (write(instance->in_fd, "g", 1) != 1)
		err(2, "%s: cannot reach the payload", instance->label);
}

int instance_wait(const struct instance *instance, int timeout_ms)
{
	int status, fd = (int)syscall(SYS_pidfd_open, instance->pid, 0);
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	pid_t ended;

	if (fd < 0)
		err(2, "pidfd_open");
	poll(&polled, 1, timeout_ms);
	close(fd);
	ended = waitpid(instance->pid, &status, WNOHANG);
	if (ended < 0)
		err(2, "waitpid");
	if (ended == 0)
		return ALIVE;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void instance_close(const struct instance *instance)
{
	close(instance->in_fd);
	close(instance->out_fd);
}

void instance_end(const struct instance *instance)
{
	kill(instance->pid, SIGKILL);
	if (instance_wait(instance, PATIENCE_MS) == ALIVE)
		errx(2, "%s: cannot be killed", instance->label);
	instance_close(instance);
}

uint64_t proc_number(pid_t pid, const char *file, const char *name, int base)
{
	char path[64], line[256];
	size_t length = strlen(name);
	uint64_t number = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	stream = fopen(path, "re");
	if (!stream)
		err(2, "%s", path);
	while (fgets(line, sizeof(line), stream))
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			number = strtoull(line + length + 1, NULL, base);
	fclose(stream);
	return number;
}
