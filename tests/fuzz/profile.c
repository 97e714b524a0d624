/* A seccomp profile, as ctr-seccomp compiles it. */
#include "fuzz.h"

#include <stdio.h>
#include <unistd.h>

#include "seccomp/compile.h"
#include "seccomp/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;

	profile_compile("profile", (const char *)data, size, UINT64_C(0xa80425fb), &program);
	return 0;
}
