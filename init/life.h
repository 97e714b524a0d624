/* How ctr-init lives this time: what it was asked to be and how it is to behave. */
#ifndef CTR_INIT_LIFE_H
#define CTR_INIT_LIFE_H

#include <stdbool.h>
#include <stdint.h>

enum life_kind {
	LIFE_CONTAINER, /* ctr-setup made a container and hands over a plan */
	LIFE_EMBEDDED,	/* a command line, in an image that somebody else runs */
	LIFE_MACHINE,	/* the init of a machine */
};

enum {
	SIGNALS = 64,
	STATUSES = 256,
	/* What a signal can become beside another signal: an order to end the machine. */
	ORDER_POWEROFF = SIGNALS + 1,
	ORDER_REBOOT,
	ORDER_HALT,
};

#define SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))
#define ALL_SIGNALS	   UINT64_MAX

struct life {
	enum life_kind kind;
	bool is_first;	 /* PID 1: of a pid namespace or of the machine */
	bool is_further; /* of a further command in a container: begun as a copy of PID 1 */

	/* The caller's, for the payload. */
	uint64_t mask;
	char **environment;
	char **command; /* up to a NULL; NULL itself: the plan's exec lines */

	/* The payload's place. In a session of its own its terminal is its own too, and its process
	 * group is an orphaned one: the kernel drops terminal stops there. */
	bool own_session;
	int terminal_fd;       /* that the payload is to control, or -1 */
	unsigned terminal_fds; /* bits of its descriptors 0-2 that are to be it */
	int idle_fd;	       /* for our own 0-2 once the payload runs, or -1 */
	bool ignores_children; /* SIGCHLD was ignored: the payload's to inherit */

	uint64_t to_group; /* bits of the signals that go to the payload's process group */
	unsigned grace;	   /* seconds between TERM and KILL for what the payload left */
	int parent_signal; /* that we get when our parent dies; 0: none */
	bool must_adopt;   /* orphans, when not the first */
	bool says_reaped, says_forwarded;

	/* Of a machine: from the kernel's command line. */
	bool is_real;	   /* and not a pid namespace that is to live like one, by --vm */
	bool is_switched;  /* from its initramfs to its disk */
	const char *hooks; /* the directory of hooks */
	const char *root, *root_type;
	const char *root_flags; /* data of mount(2); NULL: none */
	const char *report;	/* a device or the name of a virtio port; NULL: none */
	const char *emergency;	/* the program to run when a step failed; NULL: none */
	uint8_t ending;		/* ORDER_... */

	/* What becomes of a signal sent to us: index and value are signal numbers; 0 drops it. */
	uint8_t becomes[SIGNALS + 1];
	uint8_t statuses[STATUSES]; /* what becomes of the payload's status */
};

/* What holds when nobody says otherwise: every signal is forwarded as it is, to the payload alone
 * but for stops; every status is the payload's own. */
void life_defaults(struct life *life);

/* The seconds of grace are this text, a number of at most max. False: it is not. */
bool life_grace(struct life *life, const char *text, unsigned max);

/* The payload is to have a session of its own. */
void life_own_session(struct life *life);

#endif
