/* Exit statuses of ctr-setup and of ctr-init.
 *
 * The payload's own status passes through unchanged; a payload ended by signal n gives 128 + n.
 * The values below are those of env(1), timeout(1) and chroot(1).
 */
#ifndef CTR_EXIT_H
#define CTR_EXIT_H

enum ctr_exit {
	CTR_EXIT_TIMEOUT = 124,	   /* --timeout ended the payload */
	CTR_EXIT_FAILURE = 125,	   /* ctr itself failed, or was called wrongly */
	CTR_EXIT_CANNOT_RUN = 126, /* the command is there and cannot be executed */
	CTR_EXIT_NOT_FOUND = 127,  /* the command is not there */
	CTR_EXIT_SIGNAL = 128,	   /* plus the number of the signal that ended the payload */
};

#endif
