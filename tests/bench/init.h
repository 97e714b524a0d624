/* What the parts of the init benchmark share: the inits, their instances, and numbers by round.
 *
 * An instance is one init, the payload behind it, and two pipes: the payload's stdin and stdout.
 * It is PID 1 of a new pid namespace, but with "no init", where the payload is PID 1 itself.
 * Whatever goes wrong with an instance after the trial ends the benchmark: half a table helps
 * nobody. */
#ifndef BENCH_INIT_H
#define BENCH_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_INITS     16
#define PAYLOAD_WORDS 4 /* its path, its mode and two numbers, at most */
#define ALIVE	      (-1)

struct init {
	const char *label;
	char **words;	/* the init and its options, the last one before the payload's */
	size_t n_words; /* 0 for no init */
	bool works;
	int status;	/* of the trial, or ALIVE */
	double *values; /* of all rounds, n_values for each */
};

struct bench {
	struct init inits[MAX_INITS];
	size_t n_inits;
	size_t rounds;
	size_t n_values;
	bool quiet; /* its messages were seen in the trial */
	const char *payload;
	char *const *settings; /* what the subject wants to know, see its file */
};

struct instance {
	const char *label;
	pid_t pid;
	int in_fd;	     /* writes to the payload's stdin */
	int out_fd;	     /* reads from its stdout */
	uint64_t started_ns; /* right before the clone */
	uint64_t cloned_ns;  /* right after it */
};

/* Whoever starts an init decides whether it gets its first signals: with all blocked they wait. */
enum mask { NOTHING_BLOCKED, ALL_BLOCKED };

uint64_t now_ns(void);
void sleep_ms(long ms);

struct instance instance_start(const struct bench *bench, const struct init *init, enum mask mask,
			       const char *const mode[]);
/* Waits for size bytes from the payload; the first one that any sends says that it is ready. */
void instance_read(const struct instance *instance, void *buffer, size_t size);
void instance_await_ready(const struct instance *instance);
void instance_tell(const struct instance *instance);
/* Returns ALIVE, or the exit status as a shell would say it, after which only close is left. */
int instance_wait(const struct instance *instance, int timeout_ms);
void instance_close(const struct instance *instance);
/* Kills whatever is left. */
void instance_end(const struct instance *instance);

/* The number behind "name:" in a file of /proc/PID; 0 where there is none. */
uint64_t proc_number(pid_t pid, const char *file, const char *name, int base);

void shuffle(size_t order[], size_t n);
/* Sorts; NAN when there is no value. */
double quantile(double values[], size_t n, double share);

/* Runs measure for each init in each round, in an order drawn anew; it fills n_values numbers. */
void rounds_run(struct bench *bench, size_t n_values,
		void (*measure)(const struct bench *, const struct init *, double values[]));

/* Of the values first, first + 1, ... first + n - 1 of all rounds. */
double value_quantile(const struct bench *bench, const struct init *init, size_t first, size_t n,
		      double share);
double value_median(const struct bench *bench, const struct init *init, size_t value);
/* The median of what each round says about the two. */
double ratio_median(const struct bench *bench, const struct init *init,
		    const struct init *reference, size_t first, size_t n);
double difference_median(const struct bench *bench, const struct init *init,
			 const struct init *reference, size_t value);

/* The first that works. */
const struct init *reference_find(const struct bench *bench);
/* The head of a table: the columns' names without the first, with bars between them. */
void head_print(const char *columns);
/* Returns false, after saying so, for an init that does not work. */
bool row_begin(const struct init *init);

/* The subjects. */
void rest_run(struct bench *bench);
void wakeups_run(struct bench *bench);
void start_run(struct bench *bench);
void orphans_run(struct bench *bench);
void signal_run(struct bench *bench);
void lost_run(struct bench *bench);

#endif
