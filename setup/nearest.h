/* Which of some words was meant by one that is none of them? Pure.
 *
 *     struct nearest nearest = nearest_to("memm");
 *     for each name: nearest_offer(&nearest, name);
 *     fail(0, "unknown option \"--memm\"%s", nearest_question(&nearest, ": did you mean --"));
 */
#ifndef CTR_SETUP_NEAREST_H
#define CTR_SETUP_NEAREST_H

enum { WORD_MAX = 64 }; /* bytes of a word with its NUL; a longer one is near to none */

struct nearest {
	const char *word;
	unsigned distance;   /* of name, or of several that are equally near */
	char name[WORD_MAX]; /* "": none is near, or several are */
	char question[WORD_MAX + 32];
};

struct nearest nearest_to(const char *word);
void nearest_offer(struct nearest *nearest, const char *name);

/* The name with this before it and a question mark, or "". Lasts as long as nearest. */
const char *nearest_question(struct nearest *nearest, const char *before);

/* How many letters one has to put in, take out, change, or swap with their neighbour to make b of
 * a; upper and lower case are the same. Both are shorter than WORD_MAX. */
unsigned words_distance(const char *a, const char *b);

#endif
