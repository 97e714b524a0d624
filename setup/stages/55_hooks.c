/* 55 hooks: the user's programs prepare the root.
 * Before: the root is mounted in the child's mount namespace. After: every --hook has run on it and
 * succeeded. The keeper runs them: on the host's network and outside the limits, but among the
 * container's mounts (see 95 watch). */
#include <errno.h>

#include "../channel.h"
#include "../log.h"
#include "../stage.h"
#include "../sys.h"

int hooks_enter(struct run *run)
{
	bool is_user_s = run->layers.is_user_s;
	struct ctr_message message;
	int fd, rc;

	if (!run->spec->hooks.count)
		return 0;
	if (is_user_s) /* who is not root joins no process that is hidden */
		sys_show(true);
	rc = channel_send(run->socket_fd, CTR_MESSAGE_HOOKS, 0, -1);
	if (rc == 0)
		rc = channel_receive(run->socket_fd, &message, &fd, 0);
	if (rc < 0 && rc != -EPIPE)
		return fail(-rc, "cannot have the hooks run");
	if (rc < 0 || message.type != CTR_MESSAGE_HOOKS_DONE || message.error != 0)
		return -ECANCELED; /* the keeper has said why */
	if (is_user_s)
		sys_show(false);
	return 0;
}
