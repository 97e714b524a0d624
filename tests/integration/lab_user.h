/* A caller who is not root: user 4242, named lab, in an /etc of his own. */
#ifndef CTR_TESTS_LAB_USER_H
#define CTR_TESTS_LAB_USER_H

#include "lab.h"

enum { USER = 4242 };
#define RANGE "lab:300000:65536\n"

/* For a job's "before": becomes the user, with argument, as RANGE, in subuid and subgid. */
void become_user(const void *argument);

/* As lab_setup(), and the layout is the user's; with these, where he can execute it. */
int user_setup(void **state);
extern const char *user_program;
extern const char *user_environment[3];

#define USER_CALL(...)                                                                             \
	CALL(.program = user_program, .before = become_user, .argument = RANGE,                    \
	     .environment = user_environment, __VA_ARGS__)
#define USER_RUN(script, ...)                                                                      \
	job_end(START(USER_CALL(), __VA_ARGS__ __VA_OPT__(, ) lab_merged(), "--", "sh", "-c",      \
		      script))

#endif
