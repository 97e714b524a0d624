#include "printable.h"

#include <string.h>

void printable_put(FILE *to, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c >= 0x20 && *c < 0x7f && *c != '\\')
			fputc(*c, to);
		else
			fprintf(to, "\\x%02x", *c);
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

void printable_undo(char *text)
{
	char *to = text;

	for (; *text; text++) {
		int high, low;

		if (text[0] == '\\' && text[1] == 'x' && (high = digit(text[2])) >= 0 &&
		    (low = digit(text[3])) >= 0 && (high || low)) {
			*to++ = (char)(high * 16 + low);
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}
