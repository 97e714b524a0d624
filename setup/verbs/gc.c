/* gc: what killed runs have left behind is removed. */
#include <errno.h>

#include "../cleanup.h"
#include "../log.h"
#include "../signals.h"
#include "../state.h"
#include "ctr/exit.h"
#include "verbs.h"

int gc_run(int argc, char **argv)
{
	AUTO_CLOSE int root_fd = -1;
	unsigned collected;
	struct words words;

	if (words_take(argc, argv, 0, 0, &words) < 0)
		return CTR_EXIT_FAILURE;
	root_fd = state_root_lock();
	if (root_fd < 0)
		return verb_status(root_fd);
	collected = state_collect();
	say("%u dead run%s cleaned away", collected, collected == 1 ? "" : "s");
	return verb_status(signals_end_asked() ? -EINTR : 0);
}
