/*
 * proxy/file_body.h - a body that lies somewhere already: parts of files, and text between them.
 *
 *   static file        one part
 *   several ranges     text, part, text, part, text       (multipart/byteranges)
 *   a held request     what is in memory, the rest in a temporary file
 *
 * It says where, and owns nothing: who made it keeps descriptors and text until the flow is done.
 */
#ifndef PROXY_FILE_BODY_H
#define PROXY_FILE_BODY_H

#include "base/base.h"

struct file_part {
	int fd;        /* borrowed; -1: p */
	const char *p; /* borrowed; unused with a file */
	uint64_t at;   /* where in the file */
	uint64_t n;    /* octets */
};

struct file_body {
	const struct file_part *parts; /* borrowed */
	uint32_t count;
};

static inline uint64_t file_body_bytes(const struct file_body *body)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < body->count; i++)
		n += body->parts[i].n;
	return n;
}

#endif
