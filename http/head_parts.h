/*
 * http/head_parts.h - between head.c, head_request.c and head_response.c; nobody else includes it.
 *
 * Each step returns HTTP_MORE when it has nothing against the head so far, or
 * what http_head_bad returned.
 */
#ifndef HTTP_HEAD_PARTS_H
#define HTTP_HEAD_PARTS_H

#include "http/head.h"

/* head.place: what the next octet belongs to. */
enum head_place { PLACE_START, PLACE_TARGET, PLACE_VERSION, PLACE_FIELDS };

/* Always HTTP_BAD. A response's status is 502 whatever the words. */
static inline enum http_verdict http_head_bad(
	struct http_head *head, uint16_t status, const char *why)
{
	head->status = head->kind == HTTP_RESPONSE ? 502 : status;
	head->why = why;
	return HTTP_BAD;
}

static inline struct http_span http_span_of(const char *p, struct slice slice)
{
	return (struct http_span){(uint32_t)(slice.p - p), (uint32_t)slice.n};
}

/* The next non-empty element of a comma-separated list, trimmed; false at the end. */
bool http_list_next(struct slice *list, struct slice *ret_element);

/* Fields with that id. */
unsigned http_head_count(const struct http_head *head, enum http_field_id id);

/* Exactly one Upgrade, and it is `websocket`; Connection lists `upgrade`. */
bool http_head_is_to_websocket(const struct http_head *head, const char *p);

/* Reads on in the first line, p[head->scanned..end). HTTP_DONE: place is PLACE_FIELDS. */
enum http_verdict http_request_line(
	struct http_head *head, const char *p, uint32_t end, const struct http_limits *limits);
enum http_verdict http_status_line(
	struct http_head *head, const char *p, uint32_t end, bool is_lenient);

/* One field more, which has an id. For what requests alone must look at. */
enum http_verdict http_request_field(
	struct http_head *head, const char *p, const struct http_field *field);

/* The empty line has come, Connection has been read. */
enum http_verdict http_request_finish(struct http_head *head, const char *p, bool is_lenient);
enum http_verdict http_response_finish(struct http_head *head, const char *p);

#endif
