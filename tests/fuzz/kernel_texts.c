/* Texts of the kernel's in which names stand that a payload has chosen: a record of its log,
 * /proc/PID/stat, /proc/PID/cgroup. */
#include "fuzz.h"

#include "cgroup/cgroup.h"
#include "verbs/processes.h"
#include "victims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), name[16], path[64];
	struct process process;

	if (victim_parse(text, "web", name, sizeof(name)) && strlen(name) >= sizeof(name))
		abort();
	process_parse(text, &process);
	cgroup_path(text, "memory", path, sizeof(path));
	cgroup_path(text, "", path, sizeof(path));
	free(text);
	return 0;
}
