/*
 * proxy/web_file.h - what is read from the disk for an answer: a file, an index, a listing.
 */
#ifndef PROXY_WEB_FILE_H
#define PROXY_WEB_FILE_H

#include "proxy/file_body.h"
#include "proxy/web.h"

/* web->file; closed when the exchange ends. */
struct web_file {
	int fd;
	uint64_t size;
	int64_t modified;
	bool is_packed;          /* gzip_static: it is the file with .gz */
	bool varies;             /* there is one with .gz: others may get that */
	struct file_part *parts; /* in the arena: the whole, or the ranges asked for */
	uint32_t part_count;
	struct file_body body;
};

/* The path of a URI in the location that is in force: root + URI, or alias for the location's
 * prefix. Terminated, in the arena. False: no memory, or (ret->p NULL) an alias and a rewritten
 * URI. */
bool web_path(struct exchange *x, struct slice uri, struct slice *ret) MUST_CHECK;

/* web_conditions.c: If-Match and its kin against web->out; 0, 304 or 412 (RFC 9110 section 13). */
int web_condition(const struct exchange *x);

/* web_autoindex.c: the folder at `path`, which is there, for web->uri. */
enum step web_autoindex(struct exchange *x, struct slice path);

#endif
