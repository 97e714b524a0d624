/* The ctr-init that goes into containers. */
#ifndef CTR_SETUP_INITFILE_H
#define CTR_SETUP_INITFILE_H

#include <stdbool.h>
#include <stddef.h>

/* Is this ELF program complete by itself: 64-bit, with neither an interpreter (PT_INTERP) nor
 * needed libraries (DT_NEEDED)? One that is not would load code from the hostile root. Pure. */
bool elf_is_static(const void *image, size_t size);

/* Finds ctr-init beside this program or where it is installed, checks it, and returns a sealed copy
 * as a descriptor; or -errno after fail(). */
int initfile_open(void);

#endif
