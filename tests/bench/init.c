/* Measures inits beside each other, one subject at a time.
 *
 *     init SUBJECT PAYLOAD ROUNDS [SETTING...] ::: LABEL [INIT [OPTION...]] ::: LABEL ...
 *
 * An init without words is none: the payload (init_payload.c) is PID 1 itself. Every round measures
 * every init once, in an order drawn anew. Prints a Markdown table; no number makes it fail. An
 * init that cannot carry out even a payload's status is named in the table and left alone. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "init.h"

#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATOR    ":::"
#define TRIAL_STATUS 7
#define TRIAL_MS     5000

struct subject {
	const char *name;
	void (*run)(struct bench *);
};

static const struct subject subjects[] = {
	{"rest", rest_run},	  {"wakeups", wakeups_run}, {"start", start_run},
	{"orphans", orphans_run}, {"signal", signal_run},   {"lost", lost_run},
};

void shuffle(size_t order[], size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t other = (size_t)random() % i, kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

static int compare(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double quantile(double values[], size_t n, double share)
{
	if (n == 0)
		return NAN;
	qsort(values, n, sizeof(values[0]), compare);
	return values[(size_t)(share * (double)(n - 1) + 0.5)];
}

static double *numbers_new(size_t n)
{
	double *numbers = calloc(n, sizeof(double));

	if (!numbers)
		err(2, "calloc");
	return numbers;
}

void rounds_run(struct bench *bench, size_t n_values,
		void (*measure)(const struct bench *, const struct init *, double values[]))
{
	size_t order[MAX_INITS];

	bench->n_values = n_values;
	for (size_t i = 0; i < bench->n_inits; i++) {
		bench->inits[i].values = numbers_new(bench->rounds * n_values);
		order[i] = i;
	}
	for (size_t round = 0; round < bench->rounds; round++) {
		shuffle(order, bench->n_inits);
		for (size_t i = 0; i < bench->n_inits; i++) {
			const struct init *init = &bench->inits[order[i]];

			if (init->works)
				measure(bench, init, init->values + round * n_values);
		}
	}
}

double value_quantile(const struct bench *bench, const struct init *init, size_t first, size_t n,
		      double share)
{
	double *picked = numbers_new(bench->rounds * n), result;

	for (size_t round = 0; round < bench->rounds; round++)
		memcpy(picked + round * n, init->values + round * bench->n_values + first,
		       n * sizeof(picked[0]));
	result = quantile(picked, bench->rounds * n, share);
	free(picked);
	return result;
}

double value_median(const struct bench *bench, const struct init *init, size_t value)
{
	return value_quantile(bench, init, value, 1, 0.5);
}

/* The median of n values of one round. */
static double round_median(const struct bench *bench, const struct init *init, size_t round,
			   size_t first, size_t n)
{
	double *picked = numbers_new(n), result;

	memcpy(picked, init->values + round * bench->n_values + first, n * sizeof(picked[0]));
	result = quantile(picked, n, 0.5);
	free(picked);
	return result;
}

double ratio_median(const struct bench *bench, const struct init *init,
		    const struct init *reference, size_t first, size_t n)
{
	double *ratios = numbers_new(bench->rounds), result;

	for (size_t round = 0; round < bench->rounds; round++)
		ratios[round] = round_median(bench, init, round, first, n) /
				round_median(bench, reference, round, first, n);
	result = quantile(ratios, bench->rounds, 0.5);
	free(ratios);
	return result;
}

double difference_median(const struct bench *bench, const struct init *init,
			 const struct init *reference, size_t value)
{
	double *differences = numbers_new(bench->rounds), result;

	for (size_t round = 0; round < bench->rounds; round++)
		differences[round] = init->values[round * bench->n_values + value] -
				     reference->values[round * bench->n_values + value];
	result = quantile(differences, bench->rounds, 0.5);
	free(differences);
	return result;
}

const struct init *reference_find(const struct bench *bench)
{
	for (size_t i = 0; i < bench->n_inits; i++)
		if (bench->inits[i].works)
			return &bench->inits[i];
	errx(2, "no init works");
}

void head_print(const char *columns)
{
	printf("| | %s |\n| ---", columns);
	for (const char *bar = columns; bar; bar = strchr(bar + 1, '|'))
		printf(" | ---:");
	puts(" |");
}

bool row_begin(const struct init *init)
{
	printf("| %s |", init->label);
	if (init->works)
		return true;
	if (init->status == ALIVE)
		puts(" cannot run: it did not end with its payload |");
	else
		printf(" cannot run: its payload ended with %d, it with %d |\n", TRIAL_STATUS,
		       init->status);
	return false;
}

static void trial_run(struct bench *bench)
{
	const char *const mode[] = {"status", "7", NULL};

	for (size_t i = 0; i < bench->n_inits; i++) {
		struct init *init = &bench->inits[i];
		struct instance instance = instance_start(bench, init, NOTHING_BLOCKED, mode);

		init->status = instance_wait(&instance, TRIAL_MS);
		init->works = init->status == TRIAL_STATUS;
		if (init->status == ALIVE)
			instance_end(&instance);
		else
			instance_close(&instance);
		if (!init->works)
			warnx("%s cannot run its payload and is left out", init->label);
	}
	bench->quiet = true;
}

/* Cuts argv at the separators, in place. */
static void inits_parse(struct bench *bench, char **argv)
{
	struct init *init = NULL;

	for (char **word = argv; *word; word++) {
		if (strcmp(*word, SEPARATOR) != 0) {
			init->n_words++;
			continue;
		}
		if (bench->n_inits == MAX_INITS || !word[1])
			errx(2, "a label belongs behind each %s", SEPARATOR);
		*word++ = NULL;
		init = &bench->inits[bench->n_inits++];
		*init = (struct init){.label = *word, .words = word + 1};
	}
}

int main(int argc, char **argv)
{
	struct bench bench = {0};
	char **inits = argv;

	while (*inits && strcmp(*inits, SEPARATOR) != 0)
		inits++;
	if (inits - argv < 4 || !*inits)
		errx(2, "usage: init SUBJECT PAYLOAD ROUNDS [SETTING...] " SEPARATOR
			" LABEL [INIT [OPTION...]] ...");
	bench.payload = argv[2];
	bench.rounds = strtoul(argv[3], NULL, 10);
	bench.settings = argv + 4;
	inits_parse(&bench, inits);
	if (bench.rounds == 0)
		errx(2, "at least one round");
	(void)argc;
	trial_run(&bench);
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (strcmp(argv[1], subjects[i].name) != 0)
			continue;
		subjects[i].run(&bench);
		return 0;
	}
	errx(2, "there is no subject %s", argv[1]);
}
