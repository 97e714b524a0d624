/* 60 handover: what is to be done becomes known.
 * Before: nothing but argv, and descriptors that somebody left. After: the kind of life and the
 * plan are fixed, checked whole, in private memory; no signal that came since our first system call
 * is lost. */
#include <errno.h>
#include <fcntl.h>
#include <linux/auxvec.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../environment.h"
#include "../machine.h"
#include "../options.h"
#include "../report.h"
#include "../stages.h"
#include "../sys.h"

/* Engines look for the first words in an init that they are to use. */
#define VERSION_TEXT "tini version 0.19.0 - or rather ctr-init " CTR_VERSION "\n"

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* Raw, because the C library's sigset functions leave its own real-time signals out. Faults are
 * among them: one of our own is delivered all the same, another's kill(2) is passed on. */
static void signals_block(struct life *life)
{
	uint64_t all = ALL_SIGNALS, unblockable = SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP);

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &life->mask, sizeof(all));
	/* Who blocks them all before it executes us wants none to be lost until we are ready; the
	 * payload is not to be deaf for that. */
	if ((life->mask | unblockable) == ALL_SIGNALS)
		life->mask = 0;
}

void self_protect(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void plan_read(int fd, struct plan *plan)
{
	struct stat stat;
	struct line bad = {0};
	char *text;

	if (fstat(fd, &stat) < 0 || stat.st_size <= 0 || stat.st_size > CTR_PLAN_MAX) {
		errno = EINVAL;
		die(CTR_STAGE_HANDOVER, NULL, "use the plan's size", NULL);
	}
	text = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		die(CTR_STAGE_HANDOVER, NULL, "map the plan", NULL);
	bad.number = plan_parse(text, (size_t)stat.st_size, plan);
	if (bad.number) {
		errno = EINVAL;
		die(CTR_STAGE_HANDOVER, &bad, "understand the plan", NULL);
	}
}

/* A session leader can hand its terminal over with the session: the payload gets both, and a stop
 * typed there can strand nobody. Else the payload is a job of the session that we are in, and in
 * the foreground of its terminal whenever we are. */
static void terminal_find(struct life *life)
{
	int group;

	for (int fd = 0; fd < 3 && life->terminal_fd < 0; fd++)
		if (ioctl(fd, TIOCGPGRP, &group) == 0)
			life->terminal_fd = fd;
	if (life->terminal_fd >= 0 && getsid(0) == getpid())
		life_own_session(life);
}

/* ioctl_tty(2): a session leader that lets its terminal go gets HUP and CONT for it. They wait when
 * the call comes back; one that was waiting before is somebody's. */
static void terminal_let_go(const struct life *life)
{
	uint64_t before = 0, ours;
	struct timespec now = {0};

	syscall(SYS_rt_sigpending, &before, sizeof(before));
	ours = (SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGCONT)) & ~before;
	if (ioctl(life->terminal_fd, TIOCNOTTY) < 0)
		return;
	while (syscall(SYS_rt_sigtimedwait, &ours, NULL, &now, sizeof(ours)) > 0)
		;
}

static void parent_watch(const struct life *life, int parent)
{
	prctl(PR_SET_PDEATHSIG, life->parent_signal);
	if (getppid() != parent) /* it died before that */
		kill(getpid(), life->parent_signal);
}

/* wait(2), NOTES: the children of a process that ignores SIGCHLD leave no status. */
static void children_own(struct life *life)
{
	struct sys_action fallback = {.handler = SIG_DFL}, was = {0};

	sys_sigaction(SIGCHLD, &fallback, &was);
	life->ignores_children = was.handler == SIG_IGN;
}

static void command_line_read(char **argv, struct life *life)
{
	const char *complaint, *word;

	/* Of tini's variables, the one that changes what it does. */
	if (environment_find(life->environment, "TINI_KILL_PROCESS_GROUP="))
		life->to_group = ALL_SIGNALS;
	switch (options_parse(argv, life, &complaint, &word)) {
	case WISH_RUN:
		return;
	case WISH_HELP:
		(void)!write(STDOUT_FILENO, options_usage, strlen(options_usage));
		_exit(0);
	case WISH_VERSION:
		(void)!write(STDOUT_FILENO, VERSION_TEXT, sizeof(VERSION_TEXT) - 1);
		_exit(0);
	case WISH_WRONG:
		break;
	}
	say("'", word, "' ", complaint, ": see ctr-init --help", NULL);
	_exit(CTR_EXIT_FAILURE);
}

/* The process for a further command begins as a copy of PID 1. Its own descriptors come over the
 * socket, and each gets the lowest number that is free. Should they not come, nor does a plan. */
static void descriptors_take(void)
{
	char control[CMSG_SPACE(CTR_DESCRIPTORS_MAX * sizeof(int))];
	struct ctr_message message;
	struct iovec iov = {&message, sizeof(message)};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	sys_close_range(0, CTR_KEEPER_FD - 1);
	sys_close_range(CTR_KEEPER_FD + 1, ~0U);
	syscall(SYS_recvmsg, CTR_KEEPER_FD, &header, 0);
}

/* What a terminal sends goes to the payload's whole group, as from a terminal. */
static void container_settle(struct life *life, struct plan *plan)
{
	int seals;

	if (life->is_further) {
		descriptors_take();
		privileges_raise();
		life->idle_fd = CTR_KEEPER_FD; /* /dev/null may be anything by now */
	}
	life_own_session(life);
	life->mask = 0; /* ctr-setup's business; its caller's does not matter inside */
	life->to_group |= SIGNAL_BIT(SIGINT) | SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGWINCH);
	umask(0); /* modes are given whole; the payload gets the customary mask back */
	self_protect();
	prctl(PR_SET_NAME, "ctr-init"); /* else ps(1) shows the memory file */
	fcntl(CTR_KEEPER_FD, F_SETFD, FD_CLOEXEC);
	seals = fcntl(CTR_PLAN_FD, F_GET_SEALS); /* -1, which has all bits: it can have none */
	if (seals < 0 || (seals & SEALS) != SEALS) {
		errno = EINVAL;
		die(CTR_STAGE_HANDOVER, NULL, "trust a plan that is not sealed", NULL);
	}
	plan_read(CTR_PLAN_FD, plan);
	close(CTR_PLAN_FD);
	life->environment = environment_make((char *[]){NULL}, plan);
}

/* A script whose interpreter we are, as by #!/proc/self/exe, can be its own command: without end.
 * Behind the environment the kernel says what was executed, getauxval(3). Of a script argv[0] is
 * the interpreter's path then; of a program it is that path itself, or the word looked for on PATH.
 */
static void loop_refuse(char **argv, const struct life *life)
{
	char **word = life->environment;

	while (*word++)
		;
	for (; *word; word += 2)
		if ((long)*word == AT_EXECFN && strcmp(life->command[0], word[1]) == 0 &&
		    argv[0][0] == '/' && strcmp(argv[0], word[1]) != 0)
			command_refuse(ELOOP, NULL, word[1]);
}

static void embedded_settle(struct life *life, int parent)
{
	if (life->parent_signal)
		parent_watch(life, parent);
	/* Where we cannot, as in an emulator, orphans are the next one's, who may be as good. */
	if (!life->is_first && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 && life->must_adopt)
		die(CTR_STAGE_HANDOVER, NULL, "adopt orphans", NULL);
	if (life->own_session)
		terminal_let_go(life);
}

/* All our waiting is by this call. Where a filter refuses it, as one that does not know it, we
 * would turn in circles for ever once the payload runs. */
static void signals_probe(void)
{
	uint64_t none = 0;
	struct timespec now = {0};

	if (syscall(SYS_rt_sigtimedwait, &none, NULL, &now, sizeof(none)) < 0 && errno != EAGAIN)
		die(CTR_STAGE_HANDOVER, NULL, "wait for signals", NULL);
}

static bool word_is(char **argv, const char *word)
{
	return argv[0] && argv[1] && strcmp(argv[1], word) == 0;
}

void handover_accept(char **argv, struct life *life, struct plan *plan)
{
	int parent;

	signals_block(life); /* before all else */
	parent = getppid();
	life_defaults(life);
	report_begin(life);
	children_own(life);
	if (word_is(argv, "--handover")) {
		container_settle(life, plan);
		signals_probe();
		return;
	}
	/* In a pid namespace this is refused, with or without the right to it: reboot(2). From now
	 * on Ctrl-Alt-Del is a signal to us. */
	life->is_real = life->is_first && reboot(RB_DISABLE_CAD) == 0;
	life->is_switched = life->is_real && word_is(argv, "--switched");
	life->kind = life->is_real ? LIFE_MACHINE : LIFE_EMBEDDED;
	signals_probe();
	if (!life->is_real)
		terminal_find(life);
	/* The words that a kernel gives its init are no command line of ours; it swallows the "--"
	 * that it passes on from behind. */
	if (!life->is_real || word_is(argv, "--vm") || word_is(argv, "--"))
		command_line_read(argv, life);
	if (life->kind == LIFE_MACHINE) {
		machine_begin(life, plan);
	} else {
		loop_refuse(argv, life);
		embedded_settle(life, parent);
	}
}
