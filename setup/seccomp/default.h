/* The filter that a payload gets when nobody asked for another. */
#ifndef CTR_SECCOMP_DEFAULT_H
#define CTR_SECCOMP_DEFAULT_H

#include "compile.h"

/* 0, or a negative errno after refuse(). */
int default_compile(struct program *program);

#endif
