#include "ending.h"

#include "ctr/exit.h"
#include "log.h"

void ending_filtered_say(void)
{
	say("the command was ended by SIGSYS: it made a system call that its seccomp filter "
	    "forbids");
}

/* The process that is to become the command sends the reason itself, under its filter. */
void ending_unsaid_say(int status)
{
	if (status == CTR_EXIT_CANNOT_RUN || status == CTR_EXIT_NOT_FOUND)
		fail(0, "the command was not started, and its seccomp filter forbids sendmsg, by "
			"which the reason is told");
}
