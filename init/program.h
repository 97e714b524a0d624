/* What the file of a program says about why the kernel would not execute it. */
#ifndef CTR_INIT_PROGRAM_H
#define CTR_INIT_PROGRAM_H

#include <stddef.h>

/* execve(2) of path failed with error: writes " (the reason)" into why, which is empty, if the file
 * tells one. Its path and the file may be anybody's. */
void program_look(const char *path, int error, char *why, size_t size);

/* Writes a reason of three parts. */
void why_write(char *why, size_t size, const char *begin, const char *name, const char *end);

/* The interpreter or loader of the program whose first bytes head has, cut to be a string within
 * them; head has room for one byte behind them. NULL: it has none, or not there. Pure. */
char *program_needs(char *head, size_t size);

/* The machine that an ELF program is for, unless that is this one; NULL: not known. Pure. */
const char *program_machine(const char *head, size_t size);

#endif
