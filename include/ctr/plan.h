/* The plan: the contract between ctr-setup, which compiles it, and ctr-init, which carries it out.
 *
 * A text, in a container in the descriptor CTR_PLAN_FD (a sealed memfd); the init of a machine has
 * one built in, or reads /etc/ctr-init.plan. The first line is CTR_PLAN_HEADER; every
 * other line is one step: a verb and its fields, separated by single spaces. Space, tab, newline
 * and backslash inside a field are written \040 \011 \012 \134 as in fstab(5); an empty field is
 * written "-", and a field that is a single "-" is \055. Verbs come in the order of their stages.
 *
 * The plan of a further command in a container has lines of the stages devices (console alone),
 * privileges and payload only: it begins where the container's own has come to.
 *
 * Kinds of fields:
 *   s  any text                        p  an absolute path
 *   u  decimal, below 2^64             o  octal, below 2^32
 *   i  decimal, below 2^32 - 1: an id  x  hexadecimal, below 2^64
 *   d  device type: c or b             f  a descriptor, from CTR_ATTACH_FD on
 *   m  mount flags by comma: those of CTR_MOUNT_FLAGS, or -
 *   r  the name of a resource limit: those of CTR_RLIMITS
 *   *  the kind before it may come any number of times more
 *
 * trace                               comes first: the keeper is told of each line as it is carried
 *                                     out, but for seccomp and those of the command
 * root PATH                           the working directory, a mount that the host's tree has at
 *                                     PATH, becomes /; without this line / is the root already, as
 *                                     in a VM
 * mount TYPE SOURCE TARGET FLAGS DATA a new file system; TARGET is made when it is missing and is
 *                                     refused when it is a symbolic link. In a machine, where
 *                                     something is mounted on TARGET already, that stays. With an
 *                                     empty TYPE, SOURCE is the descriptor (>= CTR_ATTACH_FD) of a
 *                                     detached mount that is put there as it is
 * attach FD TARGET                    the detached mount on descriptor FD (>= CTR_ATTACH_FD) is put
 *                                     on TARGET; symbolic links in TARGET stay inside the root
 * node TYPE MAJOR MINOR MODE PATH     a device node; what is missing of its directory is made, as
 *                                     for a link
 * link TARGET PATH                    a symbolic link
 * console ROWS COLUMNS FDS UID        a pty of /dev/pts becomes the payload's controlling terminal
 *                                     and those of its descriptors 0-2 whose bit is set in FDS; UID
 *                                     owns it. The master goes to the keeper
 * hostname NAME                       also the UTS node name
 * loopback                            lo is set up
 * write PATH TEXT                     PATH, which must be there and is reached by no symbolic link,
 *                                     gets TEXT by one write(2)
 * mask PATH                           PATH, when there, is hidden: a file by an empty device, a
 *                                     directory by an empty read-only file system
 * readonly PATH                       PATH, when there, becomes read-only with all below it;
 *                                     / becomes so alone
 * hooks DIRECTORY                     the executable files in it are run: "FILE start" now, in the
 *                                     order of their names, and "FILE stop" at the end, in reverse;
 *                                     at most once
 * bounding MASK                       capabilities outside MASK leave the bounding set, and all
 *                                     leave the ambient set
 * nonewprivs                          no execve(2) gives the payload more than it has
 * keyring                             a session keyring of its own
 * rlimit NAME SOFT HARD               2^64-1 is "no limit"
 * user UID GID GROUP...               ids of the payload; the groups are its whole list
 * caps MASK                           permitted and effective capabilities of the payload; of a
 *                                     user other than 0 also inheritable and ambient
 * seccomp FD COUNT                    the filter on descriptor FD, COUNT instructions of struct
 *                                     sock_filter, sees the payload's system calls. It is installed
 *                                     last, right before execve(2)
 * workdir PATH                        of the payload; must lead to a directory inside the root
 * home PATH                           where no line sets HOME, it is that of the payload's user in
 *                                     /etc/passwd or, if there is none, PATH
 * env NAME=VALUE                      of the payload, which in a container has these and nothing
 *                                     else
 * exec FILE ARG...                    the payload. FILE without a slash is looked up in its PATH.
 *                                     Of several exec lines the first is run whose file is there
 */
#ifndef CTR_PLAN_H
#define CTR_PLAN_H

#define CTR_PLAN_HEADER	 "ctr-plan 1"
#define CTR_MACHINE_PLAN "/etc/ctr-init.plan"

/* execve(2) takes at most 6 MiB of words, environment and a pointer to each: at most 699050 words.
 * In a plan a byte of them takes up to four. */
enum {
	CTR_PLAN_FD = 3,
	CTR_ATTACH_FD = 5,		 /* first descriptor of the attach lines */
	CTR_PLAN_MAX = 32 * 1024 * 1024, /* bytes */
	CTR_PLAN_LINES_MAX = 1024,	 /* lines behind the header */
	CTR_PLAN_FIELDS_MAX = 699050,	 /* fields in one line */
};

/* id, verb, stage, kinds of its fields */
#define CTR_VERBS(X)                                                                               \
	X(TRACE, "trace", CTR_STAGE_HANDOVER, "")                                                  \
	X(ROOT, "root", CTR_STAGE_ROOT, "p")                                                       \
	X(MOUNT, "mount", CTR_STAGE_MOUNTS, "sspms")                                               \
	X(ATTACH, "attach", CTR_STAGE_MOUNTS, "fp")                                                \
	X(NODE, "node", CTR_STAGE_DEVICES, "duuop")                                                \
	X(LINK, "link", CTR_STAGE_DEVICES, "sp")                                                   \
	X(CONSOLE, "console", CTR_STAGE_DEVICES, "uuui")                                           \
	X(HOSTNAME, "hostname", CTR_STAGE_IDENTITY, "s")                                           \
	X(LOOPBACK, "loopback", CTR_STAGE_IDENTITY, "")                                            \
	X(WRITE, "write", CTR_STAGE_IDENTITY, "ps")                                                \
	X(MASK, "mask", CTR_STAGE_IDENTITY, "p")                                                   \
	X(READONLY, "readonly", CTR_STAGE_IDENTITY, "p")                                           \
	X(HOOKS, "hooks", CTR_STAGE_MACHINE, "p")                                                  \
	X(BOUNDING, "bounding", CTR_STAGE_PRIVILEGES, "x")                                         \
	X(NONEWPRIVS, "nonewprivs", CTR_STAGE_PRIVILEGES, "")                                      \
	X(KEYRING, "keyring", CTR_STAGE_PRIVILEGES, "")                                            \
	X(RLIMIT, "rlimit", CTR_STAGE_PRIVILEGES, "ruu")                                           \
	X(USER, "user", CTR_STAGE_PRIVILEGES, "ii*")                                               \
	X(CAPS, "caps", CTR_STAGE_PRIVILEGES, "x")                                                 \
	X(SECCOMP, "seccomp", CTR_STAGE_PRIVILEGES, "fu")                                          \
	X(WORKDIR, "workdir", CTR_STAGE_PAYLOAD, "p")                                              \
	X(HOME, "home", CTR_STAGE_PAYLOAD, "p")                                                    \
	X(ENV, "env", CTR_STAGE_PAYLOAD, "s")                                                      \
	X(EXEC, "exec", CTR_STAGE_PAYLOAD, "s*")

enum ctr_verb {
#define CTR_VERB_ENUM(id, verb, stage, fields) CTR_VERB_##id,
	CTR_VERBS(CTR_VERB_ENUM)
#undef CTR_VERB_ENUM
		CTR_VERB_COUNT,
};

/* A mount flag of ours: a mount that fails is said, and the life goes on. */
#define CTR_MOUNT_NOFAIL (1UL << 40)

/* Flags of the mount verb: name, MS_ constant of mount(2) or ours. */
#define CTR_MOUNT_FLAGS(X)                                                                         \
	X("ro", MS_RDONLY)                                                                         \
	X("nosuid", MS_NOSUID)                                                                     \
	X("nodev", MS_NODEV)                                                                       \
	X("noexec", MS_NOEXEC)                                                                     \
	X("nofail", CTR_MOUNT_NOFAIL)

/* Names of the rlimit verb: name, RLIMIT_ constant of getrlimit(2). */
#define CTR_RLIMITS(X)                                                                             \
	X("as", RLIMIT_AS)                                                                         \
	X("core", RLIMIT_CORE)                                                                     \
	X("cpu", RLIMIT_CPU)                                                                       \
	X("data", RLIMIT_DATA)                                                                     \
	X("fsize", RLIMIT_FSIZE)                                                                   \
	X("locks", RLIMIT_LOCKS)                                                                   \
	X("memlock", RLIMIT_MEMLOCK)                                                               \
	X("msgqueue", RLIMIT_MSGQUEUE)                                                             \
	X("nice", RLIMIT_NICE)                                                                     \
	X("nofile", RLIMIT_NOFILE)                                                                 \
	X("nproc", RLIMIT_NPROC)                                                                   \
	X("rss", RLIMIT_RSS)                                                                       \
	X("rtprio", RLIMIT_RTPRIO)                                                                 \
	X("rttime", RLIMIT_RTTIME)                                                                 \
	X("sigpending", RLIMIT_SIGPENDING)                                                         \
	X("stack", RLIMIT_STACK)

#endif
