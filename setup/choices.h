/* The words that an argument may be, where they are known beforehand.
 *
 * The tables of options and verbs say so by the argument's name: "default|none|FILE" is one of two
 * words or a file, "[=script|trace]" one of two words; CAP, NAME= and SIGNAL stand for the names of
 * capabilities, resource limits and signals. A wrong word is compared with them, and the shells
 * complete them.
 */
#ifndef CTR_SETUP_CHOICES_H
#define CTR_SETUP_CHOICES_H

#include <stdbool.h>
#include <stddef.h>

#include "nearest.h"

/* Writes the i-th word that argument may be; false when there are no more. */
bool choice_get(const char *argument, size_t i, char word[WORD_MAX]);

/* Is it one of them? */
bool choice_has(const char *argument, const char *word);

/* Offers them all. */
void choices_offer(const char *argument, struct nearest *nearest);

#endif
