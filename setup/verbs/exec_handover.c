/* exec: what the keeper is asked, and what the command's process in the container is sent. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../channel.h"
#include "../cleanup.h"
#include "../log.h"
#include "../plan.h"
#include "../state.h"
#include "../sys.h"
#include "exec.h"

/* A socket to the keeper, which is there only while its container is. */
static int keeper_find(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	AUTO_CLOSE int dir_fd = -1;
	char path[PATH_MAX + 80];

	if (state_root_check() < 0)
		return -EPERM;
	snprintf(path, sizeof(path), "%s/%s", state_root(), name);
	dir_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" STATE_EXEC,
		 dir_fd);
	if (fd >= 0 && dir_fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return take_fd(&fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return fail(0, "no run is called %s: see ctr-setup ls", name);
	return fail(errno, "cannot ask the keeper of %s", name);
}

int client_begin(struct client *client)
{
	int ends[2], rc;

	client->keeper_fd = keeper_find(client->name);
	if (client->keeper_fd < 0)
		return client->keeper_fd;
	rc = sys_socketpair(ends);
	if (rc < 0)
		return fail(-rc, "cannot make a socket to the container");
	client->socket_fd = ends[0];
	client->other_fd = ends[1];
	return 0;
}

bool client_ask(struct client *client)
{
	const struct ctr_message message = {.type = CTR_MESSAGE_COMMAND};
	int rc = channel_send_fds(client->keeper_fd, &message, &client->other_fd, 1, MSG_DONTWAIT);

	if (rc == -EAGAIN)
		return true;
	close_and_forget(&client->keeper_fd);
	close_and_forget(&client->other_fd);
	if (rc < 0) {
		fail(-rc, "cannot ask the keeper of %s", client->name);
		client->has_said_why = true;
	}
	return rc == 0;
}

/* The container's own plan, as a string. */
static char *plan_read(int plan_fd)
{
	struct stat stat;
	char *text;

	if (fstat(plan_fd, &stat) < 0 || !(text = calloc(1, (size_t)stat.st_size + 1)))
		return NULL;
	if (pread(plan_fd, text, (size_t)stat.st_size, 0) == stat.st_size)
		return text;
	free(text);
	return NULL;
}

static int plan_make(const struct client *client, int own_fd)
{
	struct plan_facts facts = {.term = getenv("TERM"), .console_fds = client->console_fds};
	AUTO_FREE char *own = plan_read(own_fd);
	AUTO_FREE char *plan = NULL;
	size_t size;
	int rc;

	if (!own)
		return fail(errno, "cannot read the plan of %s", client->name);
	terminal_size(&facts.rows, &facts.columns);
	rc = plan_compile_further(own, &client->spec, &facts, &plan, &size);
	if (rc < 0)
		return rc;
	rc = sys_sealed_file("ctr-plan", plan, size);
	return rc < 0 ? fail(-rc, "cannot write the plan to memory") : rc;
}

/* What the command's process in the container waits for. What a pty is to serve does not come
 * along: the plan holds its place. */
int client_hand_over(struct client *client, int own_plan_fd)
{
	const struct ctr_message message = {.type = CTR_MESSAGE_DESCRIPTORS};
	AUTO_CLOSE int plan_fd = plan_make(client, own_plan_fd);
	int fds[CTR_DESCRIPTORS_MAX] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, plan_fd,
					client->filter_fd};
	int rc;

	if (plan_fd < 0)
		return plan_fd;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (client->console_fds >> fd & 1)
			fds[fd] = plan_fd;
	rc = channel_send_fds(client->socket_fd, &message, fds, client->filter_fd < 0 ? 4 : 5, 0);
	if (rc < 0 && rc != -EPIPE) /* that is for who reads the socket to find */
		return fail(-rc, "cannot hand over to %s", client->name);
	caller_pipes_release(client->console_fds);
	return 0;
}
