/* Reading a profile's JSON: each value by its key, and a complaint that says where it stands. */
#ifndef CTR_SECCOMP_READER_H
#define CTR_SECCOMP_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const char *file;
	uint64_t caps;	/* of the container, bits by number */
	size_t weight;	/* of the rules so far: see rules.c */
	char where[64]; /* the object that is being read, as in "syscalls[3].args[0]"; "" is the top
			 */
};

/* "cannot use FILE: WHERE.KEY: MESSAGE". Returns -EINVAL. key may be NULL. */
int wrong(const struct reader *reader, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Is it an object, and has it no key but these? A key that is passed over could be one that was
 * meant to forbid something. The list ends in NULL. */
int keys_check(const struct reader *reader, const json_t *object, const char *const *known);

/* What stands under a key: NULL, 0 and false when it is not there or null; -EINVAL when it is
 * something else. What they give belongs to object. */
int text_get(const struct reader *reader, const json_t *object, const char *key, const char **text);
int array_get(const struct reader *reader, const json_t *object, const char *key,
	      const json_t **array);
/* An array of texts. */
int texts_get(const struct reader *reader, const json_t *object, const char *key,
	      const json_t **array);
int number_get(const struct reader *reader, const json_t *object, const char *key, uint64_t max,
	       uint64_t *number, bool *is_given);

bool texts_have(const json_t *array, const char *text);

#endif
