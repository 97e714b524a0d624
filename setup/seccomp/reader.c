#include "reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "refuse.h"

int wrong(const struct reader *reader, const char *key, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return refuse("cannot use %s: %s%s%.64s%s%s", reader->file, reader->where,
		      *reader->where && key ? "." : "", key ? key : "",
		      *reader->where || key ? ": " : "", message);
}

int keys_check(const struct reader *reader, const json_t *object, const char *const *known)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return wrong(reader, NULL, "it must be an object, as in {\"key\": ...}");
	json_object_foreach((json_t *)object, key, value)
	{
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			return wrong(reader, key, "this key is not known: correct or remove it");
	}
	return 0;
}

static const json_t *value_get(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

int text_get(const struct reader *reader, const json_t *object, const char *key, const char **text)
{
	const json_t *value = value_get(object, key);

	*text = json_string_value(value);
	return value && !*text ? wrong(reader, key, "it must be a text, in quotes") : 0;
}

int array_get(const struct reader *reader, const json_t *object, const char *key,
	      const json_t **array)
{
	*array = value_get(object, key);
	return *array && !json_is_array(*array) ? wrong(reader, key, "it must be a list, in []")
						: 0;
}

int texts_get(const struct reader *reader, const json_t *object, const char *key,
	      const json_t **array)
{
	int rc = array_get(reader, object, key, array);

	for (size_t i = 0; rc == 0 && i < json_array_size(*array); i++)
		if (!json_is_string(json_array_get(*array, i)))
			rc = wrong(reader, key, "entry %zu must be a text, in quotes", i);
	return rc;
}

int number_get(const struct reader *reader, const json_t *object, const char *key, uint64_t max,
	       uint64_t *number, bool *is_given)
{
	const json_t *value = value_get(object, key);
	json_int_t got = json_integer_value(value);

	*is_given = value != NULL;
	*number = (uint64_t)got;
	if (value && (!json_is_integer(value) || got < 0 || (uint64_t)got > max))
		return wrong(reader, key, "it must be a whole number from 0 to %" PRIu64, max);
	return 0;
}

bool texts_have(const json_t *array, const char *text)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (strcmp(json_string_value(json_array_get(array, i)), text) == 0)
			return true;
	return false;
}
