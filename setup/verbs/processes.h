/* The host's processes, read at one go from /proc (proc(5)), and which of them are one container's:
 * PID 1 and what descends from it. */
#ifndef CTR_SETUP_PROCESSES_H
#define CTR_SETUP_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid, parent;
	char state; /* as in proc(5) */
	uint64_t threads;
	uint64_t cpu_ticks;   /* with those of the children that it has waited for */
	uint64_t start_ticks; /* since boot */
	bool is_marked;
	bool is_moved; /* pause.c's own */
};

struct processes {
	struct process *items; /* by pid */
	size_t count, room;
};

/* Fills process from the text of /proc/PID/stat. Pure. */
bool process_parse(const char *text, struct process *process);

/* False when there is no such process. */
bool process_read(pid_t pid, struct process *process);

/* Calls see for each as soon as it is found, by pid, until one call is not 0. Returns that, or
 * -errno after fail(). */
int processes_visit(int (*see)(const struct process *process, void *context), void *context);

/* Puts one behind those that are there. Returns 0, or -errno after fail(). */
int processes_add(struct processes *processes, const struct process *process);

/* All of them. Returns 0, or -errno after fail(). processes_free() either way. */
int processes_read(struct processes *processes);
void processes_free(struct processes *processes);

/* NULL: there is none. */
struct process *process_find(const struct processes *processes, pid_t pid);

/* Marks those that descend from root, itself included, and no others. The dead are not marked. */
void processes_mark(struct processes *processes, pid_t root);
/* A leader that has ended is a zombie for as long as other threads of it live: that is not dead. */
bool process_is_dead(const struct process *process);

/* Memory of its own, in bytes: without files and what is shared, which would count for each. */
uint64_t process_memory(pid_t pid);

/* Its number in the innermost pid namespace that it is in; 0: it is not known. */
pid_t process_inner_pid(pid_t pid);

#endif
