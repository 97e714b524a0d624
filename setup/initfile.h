/* The ctr-init that goes into containers, and where our programs are. */
#ifndef CTR_SETUP_INITFILE_H
#define CTR_SETUP_INITFILE_H

#include <stdbool.h>
#include <stddef.h>

/* Is this ELF program complete by itself: 64-bit, with neither an interpreter (PT_INTERP) nor
 * needed libraries (DT_NEEDED)? One that is not would load code from the hostile root. Pure. */
bool elf_is_static(const void *image, size_t size);

/* Opens a program of ours: beside this one, else where it is installed. A descriptor, and in path
 * which one it is; or -1 and errno. */
int program_open(const char *name, const char *installed, char *path, size_t size)
	__attribute__((nonnull));

/* Finds ctr-init beside this program or where it is installed, checks it, and returns a sealed copy
 * as a descriptor; or -errno after fail(). */
int initfile_open(void);

#endif
