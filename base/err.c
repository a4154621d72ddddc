#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void err_set(struct err *err, const char *format, ...)
{
	if (err == NULL)
		return;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
}

void ensure_failed(const char *what, const char *file, int line)
{
	(void)fprintf(stderr, "comfymux: %s:%d: broken invariant: %s\n", file, line, what);
	abort();
}
