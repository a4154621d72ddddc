#include "lb/secure.h"

#include <stdlib.h>

struct secure *secure_ref(struct secure *secure)
{
	if (secure != NULL)
		secure->refs++;
	return secure;
}

void secure_unref(struct secure *secure)
{
	if (secure == NULL)
		return;
	ensure(secure->refs != 0);
	if (--secure->refs == 0)
		secure->destroy(secure);
}

struct secure_line *secure_line_create(void)
{
	struct secure_line *line = calloc(1, sizeof(*line));
	if (line != NULL)
		line->refs = 1;
	return line;
}

void secure_line_unref(struct secure_line *line)
{
	if (line == NULL)
		return;
	ensure(line->refs != 0);
	if (--line->refs == 0)
		free(line);
}
