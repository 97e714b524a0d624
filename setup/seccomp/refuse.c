#include "refuse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { LINE_SIZE = 8192 };

int refuse(const char *format, ...)
{
	char text[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fputs("ctr-seccomp: ", stderr);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c >= 0x20 && *c < 0x7f)
			fputc(*c, stderr);
		else
			fprintf(stderr, "\\x%02x", *c);
	}
	fputc('\n', stderr);
	return -EINVAL;
}
