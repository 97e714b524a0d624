/* What ctr-setup and ctr-init cannot do without. */
#ifndef CTR_SETUP_KERNEL_H
#define CTR_SETUP_KERNEL_H

/* Is every system call there that a start needs? 0, or -ENOSYS after fail() with the name of the
 * first that is not: the kernel is too old, or a filter hides it. Changes nothing. */
int kernel_check(void);

#endif
