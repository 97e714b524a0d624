#include "nearest.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Row by row: cost[j] is that of the first i letters of a and the first j of b. A swap looks two
 * rows back. */
unsigned words_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX], *before = rows[0], *last = rows[1], *cost = rows[2];
	size_t length = strlen(b);

	for (size_t j = 0; j <= length; j++)
		cost[j] = (unsigned)j;
	for (size_t i = 1; i <= strlen(a); i++) {
		unsigned *oldest = before;

		before = last;
		last = cost;
		cost = oldest;
		cost[0] = (unsigned)i;
		for (size_t j = 1; j <= length; j++) {
			cost[j] = least(last[j], cost[j - 1]) + 1;
			cost[j] = least(cost[j], last[j - 1] + !is_same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
			    is_same(a[i - 2], b[j - 1]))
				cost[j] = least(cost[j], before[j - 2] + 1);
		}
	}
	return cost[length];
}

struct nearest nearest_to(const char *word)
{
	return (struct nearest){.word = word, .distance = UINT_MAX};
}

/* A third of the letters may be wrong, of a short word one, of a long one three, and not all. */
static bool is_near(unsigned distance, unsigned shorter, unsigned longer)
{
	unsigned most = longer < 4 ? 1 : least((longer + 1) / 3, 3);

	return distance <= most && distance < shorter;
}

/* That one begins with the other is less than any mistake, and still something: --memory is --mem.
 */
static unsigned distance_of(const char *word, const char *name)
{
	unsigned a = (unsigned)strlen(word), b = (unsigned)strlen(name), shorter = least(a, b);
	unsigned distance = words_distance(word, name);

	if (is_near(distance, shorter, a + b - shorter))
		return distance;
	return shorter >= 3 && strncasecmp(word, name, shorter) == 0 ? WORD_MAX : UINT_MAX;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	unsigned distance;

	if (strlen(nearest->word) >= WORD_MAX || strlen(name) >= WORD_MAX)
		return;
	distance = distance_of(nearest->word, name);
	if (distance < nearest->distance)
		snprintf(nearest->name, sizeof(nearest->name), "%s", name);
	else if (distance == nearest->distance)
		nearest->name[0] = '\0'; /* whichever was meant: nothing is said */
	nearest->distance = least(distance, nearest->distance);
}

const char *nearest_question(struct nearest *nearest, const char *before)
{
	nearest->question[0] = '\0';
	if (*nearest->name)
		snprintf(nearest->question, sizeof(nearest->question), "%s%s?", before,
			 nearest->name);
	return nearest->question;
}
