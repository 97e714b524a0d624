/* A machine's own: its kernel's command line, and its end. */
#ifndef CTR_INIT_MACHINE_H
#define CTR_INIT_MACHINE_H

#include "life.h"
#include "plan.h"

/* The plan of a machine that has none in CTR_MACHINE_PLAN. What is not there, in a small kernel or
 * a read-only root, need not stop a machine. */
#define MACHINE_PLAN                                                                               \
	CTR_PLAN_HEADER                                                                            \
	"\n"                                                                                       \
	"mount proc proc /proc nosuid,nodev,noexec -\n"                                            \
	"mount sysfs sysfs /sys nosuid,nodev,noexec,nofail -\n"                                    \
	"mount devtmpfs dev /dev nosuid,nofail mode=755\n"                                         \
	"mount devpts devpts /dev/pts nosuid,noexec,nofail gid=5,mode=620,ptmxmode=666\n"          \
	"mount tmpfs shm /dev/shm nosuid,nodev,nofail mode=1777\n"                                 \
	"mount tmpfs run /run nosuid,nodev,nofail mode=755\n"                                      \
	"mount tmpfs tmp /tmp nosuid,nodev,nofail mode=1777\n"                                     \
	"mount cgroup2 cgroup2 /sys/fs/cgroup nosuid,nodev,noexec,nofail nsdelegate\n"             \
	"link /proc/self/fd /dev/fd\n"                                                             \
	"link /proc/self/fd/0 /dev/stdin\n"                                                        \
	"link /proc/self/fd/1 /dev/stdout\n"                                                       \
	"link /proc/self/fd/2 /dev/stderr\n"                                                       \
	"loopback\n"                                                                               \
	"hooks /etc/ctr-init.d\n"                                                                  \
	"env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"                  \
	"exec /bin/busybox sh\n"                                                                   \
	"exec /bin/sh\n"

/* Carries the words of the kernel's command line (text, which is cut into pieces and must stay)
 * over to life and plan. Returns NULL, or the word that is wrong. Pure. */
const char *machine_words_read(char *text, struct life *life, struct plan *plan);

/* 60 for a machine: settles life and reads the plan. */
void machine_begin(struct life *life, struct plan *plan);

/* Stops the hooks, makes the file systems safe, tells status and ends the machine. No process but
 * us is left. */
_Noreturn void machine_stop(const struct life *life, int status);

#endif
