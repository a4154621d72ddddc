#include "base/blob.h"

#include "base/text.h"

#include <stdlib.h>

#define SMALL_MOST 65536 /* copied rather than kept in a room that is too large */

struct blob *blob_create(size_t n)
{
	if (n > SIZE_MAX - sizeof(struct blob) - 1)
		return NULL;
	struct blob *blob = malloc(sizeof(*blob) + n + 1);
	if (blob == NULL)
		return NULL;
	*blob = (struct blob){.refs = 1, .n = n, .p = (char *)(blob + 1)};
	blob->p[n] = '\0';
	return blob;
}

struct blob *blob_copy(const void *p, size_t n)
{
	struct blob *blob = blob_create(n);
	if (blob != NULL && n != 0)
		memcpy(blob->p, p, n);
	return blob;
}

/* A text begins with much more room than most things need that are kept for long. */
static bool is_wasteful(const struct text *text)
{
	return text->n <= SMALL_MOST && text->room > text->n + text->n / 4 + 64;
}

struct blob *blob_of_text(struct text *text)
{
	struct blob *blob = NULL;
	if (!text->is_short && is_wasteful(text)) {
		blob = blob_copy(text->p, text->n);
	} else if (!text->is_short && text_grow(text, 1)) {
		/* The text's own memory is kept: a page of many megabytes is not copied. */
		blob = malloc(sizeof(*blob));
		if (blob != NULL) {
			*blob = (struct blob){.refs = 1, .n = text->n, .p = text->p};
			blob->p[blob->n] = '\0';
			*text = (struct text){0};
		}
	}
	text_finish(text);
	return blob;
}

void blob_unref(struct blob *blob)
{
	if (blob == NULL || --blob->refs != 0)
		return;
	if (blob->p != (char *)(blob + 1))
		free(blob->p);
	free(blob);
}
