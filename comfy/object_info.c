/*
 * comfy/object_info.c - GET /object_info and GET /object_info/{class}: the union of all workers'.
 *
 * It is megabytes and asked for with each page, so a client that has it is told so (304), and one
 * that takes gzip gets what was deflated once.
 */
#include "comfy/route.h"
#include "http/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define JSON "application/json; charset=utf-8"
#define CLASS_NAME_ROOM 512
#define TAG_ROOM 32
#define FIELDS_ROOM 160

/* -- the whole -- */

struct info {
	struct route_state state; /* first */
	struct exchange *x;
	struct defs_wait wait;
	bool is_gzip;
};

/* W/"...": the same for both codings, which RFC 9110 section 8.8.1 lets weak ones be. */
static void put_tag(char out[TAG_ROOM], uint64_t tag)
{
	(void)snprintf(out, TAG_ROOM, "W/\"%016" PRIx64 "\"", tag);
}

static void put_fields(char out[FIELDS_ROOM], uint64_t number, bool is_gzip)
{
	char tag[TAG_ROOM];
	put_tag(tag, number);
	(void)snprintf(out, FIELDS_ROOM,
		"ETag: %s\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\n%s", tag,
		is_gzip ? "Content-Encoding: gzip\r\n" : "");
}

static void on_info_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	struct info *info = CONTAINER_OF(state, struct info, state);
	(void)x;
	(void)reason;
	defs_union_cancel(&info->wait);
	free(info);
}

static void on_info(struct defs_wait *wait, struct blob *json)
{
	struct info *info = CONTAINER_OF(wait, struct info, wait);
	struct exchange *x = info->x;
	char fields[FIELDS_ROOM];
	put_fields(fields, wait->tag, info->is_gzip);
	handler_set_state(x, NULL);
	free(info);
	if (json == NULL)
		handler_refuse(x, 503, "out of memory");
	else
		handler_answer(x, 200, JSON, fields, json);
}

/* The weight of one coding: "gzip;q=0" is none. */
static bool is_refused(struct slice parameters)
{
	struct slice q = slice_trim(parameters);
	if (!slice_starts(q, SLICE("q=")) && !slice_starts(q, SLICE("Q=")))
		return false;
	for (size_t i = 2; i < q.n; i++) {
		if (q.p[i] != '0' && q.p[i] != '.')
			return false;
	}
	return true;
}

/* RFC 9110 section 12.5.3. */
static bool takes_gzip(struct slice accepts)
{
	while (accepts.n != 0) {
		const char *comma = memchr(accepts.p, ',', accepts.n);
		size_t n = comma == NULL ? accepts.n : (size_t)(comma - accepts.p);
		struct slice coding = {accepts.p, n};
		struct slice parameters = {accepts.p + n, 0};
		const char *semicolon = memchr(coding.p, ';', coding.n);
		if (semicolon != NULL) {
			parameters.p = semicolon + 1;
			parameters.n = (size_t)(coding.p + coding.n - parameters.p);
			coding.n = (size_t)(semicolon - coding.p);
		}
		if (slice_is_nocase(slice_trim(coding), SLICE("gzip")))
			return !is_refused(parameters);
		accepts.p += n + (comma != NULL);
		accepts.n -= n + (comma != NULL);
	}
	return false;
}

/* If-None-Match (RFC 9110 section 13.1.2), compared weakly: W/ does not count. */
static bool has_it(struct slice matches, uint64_t number)
{
	char tag[TAG_ROOM];
	put_tag(tag, number);
	if (slice_is(slice_trim(matches), SLICE("*")))
		return true;
	return matches.n != 0 && memmem(matches.p, matches.n, tag + 2, strlen(tag + 2)) != NULL;
}

void route_object_info(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request request;
	char fields[FIELDS_ROOM];
	(void)rest;
	/* As at the start: some worker will know its own. */
	if (!defs_is_known(fleet->defs)) {
		handler_forward(x, NULL, (struct slice){"", 0}, false);
		return;
	}
	handler_request(x, &request);
	uint64_t number = defs_union_tag(fleet->defs);
	if (number != 0 &&
		has_it(http_head_find(request.head, request.p, "If-None-Match"), number)) {
		put_fields(fields, number, false);
		handler_answer(x, 304, "", fields, NULL);
		return;
	}
	struct info *info = calloc(1, sizeof(*info));
	if (info == NULL) {
		handler_refuse(x, 503, "out of memory");
		return;
	}
	info->state.on_gone = on_info_gone;
	info->x = x;
	info->is_gzip = takes_gzip(http_head_find(request.head, request.p, "Accept-Encoding"));
	info->wait.is_gzip = info->is_gzip;
	info->wait.on_ready = on_info;
	handler_set_state(x, &info->state);
	defs_union(fleet->defs, &info->wait);
}

/* -- one class -- */

struct class_info {
	struct route_state state; /* first */
	struct exchange *x;
	struct defs_one *one;
};

static void on_class_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	struct class_info *info = CONTAINER_OF(state, struct class_info, state);
	(void)x;
	(void)reason;
	defs_one_cancel(info->one);
	free(info);
}

static void on_class(void *arg, struct blob *json)
{
	struct class_info *info = arg;
	struct exchange *x = info->x;
	handler_set_state(x, NULL);
	free(info);
	if (json == NULL)
		handler_refuse(x, 503, "out of memory");
	else
		handler_answer(x, 200, JSON, "Cache-Control: no-cache\r\n", json);
}

void route_object_info_class(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	char name[CLASS_NAME_ROOM];
	if (!defs_is_known(fleet->defs)) {
		handler_forward(x, NULL, (struct slice){"", 0}, false);
		return;
	}
	int n = percent_decode(rest, name, sizeof(name));
	struct class_info *info = calloc(1, sizeof(*info));
	if (info == NULL) {
		handler_refuse(x, 503, "out of memory");
		return;
	}
	info->state.on_gone = on_class_gone;
	info->x = x;
	handler_set_state(x, &info->state);
	struct slice class_type = {name, n > 0 ? (size_t)n : 0};
	struct defs_one *one = defs_union_class(fleet->defs, class_type, on_class, info);
	/* Otherwise it was answered, and info is gone. */
	if (one != NULL)
		info->one = one;
}
