/*
 * conf/nginx/set_core.c - http, server, and the directives of both that are a field each.
 */
#include "conf/nginx/areas.h"
#include "conf/nginx/http.h"

static const struct ngx_word linger_words[] = {
	{"off", CONF_OFF}, {"on", CONF_ON}, {"always", CONF_AUTO}, {NULL, 0}};
static const struct ngx_word token_words[] = {
	{"off", CONF_OFF}, {"on", CONF_ON}, {"build", CONF_AUTO}, {NULL, 0}};
static const struct ngx_word modified_words[] = {
	{"off", CONF_IMS_OFF}, {"exact", CONF_IMS_EXACT}, {"before", CONF_IMS_BEFORE}, {NULL, 0}};

static const struct ngx_word keepalive_words[] = {{"none", CONF_KEEPALIVE_NONE},
	{"msie6", CONF_KEEPALIVE_MSIE6}, {"safari", CONF_KEEPALIVE_SAFARI}, {NULL, 0}};

static bool set_http(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)d;
	if (b->http != NULL)
		return ngx_wrong(b, node, "is duplicate");
	return ngx_read_http(b, node);
}

static bool set_server(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)d;
	return ngx_read_server(b, node);
}

static bool set_events(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)d;
	if (b->has_events)
		return ngx_wrong(b, node, "is duplicate");
	b->has_events = true;
	if (ngx_enter(b, NGX_EVENTS, node) == NULL || !ngx_block(b, node))
		return false;
	ngx_leave(b);
	return true;
}

static bool set_keepalive_timeout(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	uint64_t *field = ngx_field(b, d);
	if (!ngx_parse_ms(node->args[0], field))
		return ngx_wrong(b, node, "invalid value");
	/* What the field Keep-Alive says is taken over by itself. */
	if (node->arg_count == 1)
		return true;
	ngx_mark_loc(b->scope, offsetof(struct conf_loc, keepalive_header_s), sizeof(uint64_t));
	return ngx_parse_seconds(node->args[1], &b->scope->loc->keepalive_header_s) ||
	       ngx_wrong(b, node, "invalid value");
}

static bool set_large_buffers(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t count, size;
	if (!ngx_once(b, node, d))
		return false;
	if (!ngx_parse_number(node->args[0], UINT32_MAX, &count) || count == 0 ||
		!ngx_parse_size(node->args[1], &size) || size == 0)
		return ngx_wrong(b, node, "invalid value");
	*(uint32_t *)ngx_field(b, d) = (uint32_t)count;
	b->scope->srv->large_buffers_size = size;
	ngx_mark_srv(b->scope, offsetof(struct conf_srv, large_buffers_size), sizeof(uint64_t));
	return true;
}

static bool set_internal(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)node;
	*(bool *)ngx_field(b, d) = true;
	return true;
}

static bool set_stub_status(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)node;
	(void)d;
	b->scope->loc->content = CONF_CONTENT_STUB_STATUS;
	return true;
}

static bool set_max_ranges(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return ngx_set_number(b, node, d);
}

static bool set_limit_rate(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t rate;
	if (!ngx_once(b, node, d))
		return false;
	if (!conf_text_has_vars(node->args[0]) && !ngx_parse_size(node->args[0], &rate))
		return ngx_wrong(b, node, "invalid value");
	return ngx_compile(b, node, node->args[0], ngx_field(b, d));
}

/* -- root, alias -- */

static bool set_root(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_loc *loc = b->scope->loc;
	bool is_alias = node->name[0] == 'a';
	if (ngx_loc_is_set(b->scope, d->at)) {
		if (loc->is_alias == is_alias)
			return ngx_wrong(b, node, "is duplicate");
		return ngx_fail(b, node,
			"\"%s\" directive is duplicate, \"%s\" directive was specified earlier",
			node->name, loc->is_alias ? "alias" : "root");
	}
	const struct conf_location *location = b->scope->location;
	if (is_alias && location != NULL && location->match == CONF_MATCH_NAMED)
		return ngx_fail(b, node,
			"the \"alias\" directive cannot be used inside the named location");
	if (strstr(node->args[0], "$document_root") || strstr(node->args[0], "${document_root}"))
		return ngx_fail(b, node,
			"the $document_root variable cannot be used in the \"%s\" directive",
			node->name);
	if (strstr(node->args[0], "$realpath_root") || strstr(node->args[0], "${realpath_root}"))
		return ngx_fail(b, node,
			"the $realpath_root variable cannot be used in the \"%s\" directive",
			node->name);
	struct conf_value *value = ngx_field(b, d);
	loc->is_alias = is_alias;
	loc->alias_bytes = 0;
	if (is_alias && location != NULL)
		loc->alias_bytes = location->match == CONF_MATCH_REGEX ? UINT32_MAX
								       : location->path_bytes;
	ngx_mark_loc(b->scope, offsetof(struct conf_loc, alias_bytes), sizeof(uint32_t));
	ngx_mark_loc(b->scope, offsetof(struct conf_loc, is_alias), sizeof(bool));
	const char *path = node->args[0];
	if (path[0] != '$') {
		path = ngx_path(b, path);
		if (path == NULL)
			return false;
	}
	size_t n = strlen(path);
	if (!is_alias && n > 0 && path[n - 1] == '/') {
		path = arena_copy(b->arena, path, n - 1);
		if (path == NULL)
			return ngx_no_memory(b);
	}
	return ngx_compile(b, node, path, value);
}

/* -- types -- */

static int by_suffix(const void *a, const void *b)
{
	const struct conf_type *x = a, *y = b;
	int order = memcmp(x->suffix.p, y->suffix.p, min_size(x->suffix.n, y->suffix.n));
	if (order != 0)
		return order;
	return x->suffix.n < y->suffix.n ? -1 : x->suffix.n > y->suffix.n;
}

static bool add_type(struct ngx_build *b, struct conf_types_list *list, const char *suffix,
	struct slice type, const struct ngx_node *node)
{
	size_t n = strlen(suffix);
	char *lower = arena_copy(b->arena, suffix, n);
	if (lower == NULL)
		return ngx_no_memory(b);
	for (size_t i = 0; i < n; i++)
		lower[i] = ascii_lower(lower[i]);
	for (uint32_t i = 0; i < list->count; i++) {
		struct conf_type *there = &list->items[i];
		if (!slice_is(there->suffix, (struct slice){lower, n}))
			continue;
		ngx_warn(b, node,
			"duplicate extension \"%s\", content type: \"%.*s\", previous content "
			"type: \"%.*s\"",
			lower, (int)type.n, type.p, (int)there->type.n, there->type.p);
		there->type = type;
		return true;
	}
	struct conf_type *item = ngx_push(b, list);
	if (item == NULL)
		return false;
	*item = (struct conf_type){{lower, n}, type};
	return true;
}

static bool set_types(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_types_list list = {0};
	if (ngx_is_set(b, d)) {
		const struct conf_types *before = &b->scope->loc->types;
		for (uint32_t i = 0; i < before->count; i++) {
			struct conf_type *item = ngx_push(b, &list);
			if (item == NULL)
				return false;
			*item = before->items[i];
		}
	}
	for (uint32_t i = 0; i < node->child_count; i++) {
		const struct ngx_node *row = &node->children[i];
		if (row->error != NULL)
			return ngx_fail(b, row, "%s", row->error);
		if (row->is_block)
			return ngx_fail(b, row, "unexpected \"{\"");
		for (uint32_t k = 0; k < row->arg_count; k++)
			if (!add_type(b, &list, row->args[k], slice_of(row->name), row))
				return false;
	}
	if (list.count > 1)
		qsort(list.items, list.count, sizeof(*list.items), by_suffix);
	*(struct conf_types *)ngx_field(b, d) = (struct conf_types){list.items, list.count};
	return true;
}

#define HTTP2 "HTTP/1.1 is spoken to clients"
#define TUNING "has no counterpart: tables here have the size they need"
#define BUFFERS "memory is taken as it is needed"

/* -- only accepted, but judged -- */

static bool judge_seconds(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t n;
	return ngx_parse_seconds(node->args[0], &n) ? ngx_accept(b, node, d)
						    : ngx_wrong(b, node, "invalid value");
}

static bool judge_number(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t n;
	return ngx_parse_number(node->args[0], INT64_MAX, &n)
		       ? ngx_accept(b, node, d)
		       : ngx_wrong(b, node, "invalid number");
}

static bool judge_file_cache(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t n, max = 0;
	bool is_off = false;
	for (uint32_t i = 0; i < node->arg_count; i++) {
		const char *arg = node->args[i];
		bool is_good = true;
		if (strncmp(arg, "max=", 4) == 0)
			is_good = ngx_parse_number(arg + 4, INT32_MAX, &max) && max != 0;
		else if (strncmp(arg, "inactive=", 9) == 0)
			is_good = ngx_parse_seconds(arg + 9, &n);
		else
			is_good = is_off = strcmp(arg, "off") == 0;
		if (!is_good)
			return ngx_fail(
				b, node, "invalid \"open_file_cache\" parameter \"%s\"", arg);
	}
	if (!is_off && max == 0)
		return ngx_fail(b, node, "\"open_file_cache\" must have the \"max\" parameter");
	return ngx_accept(b, node, d);
}

static const struct ngx_directive directives[] = {
	/* Without a name: fields that a setter above marks beside its own. */
	{"", .set = ngx_accept, NGX_LOC(is_alias)},
	{"", .set = ngx_accept, NGX_LOC(alias_bytes)},
	{"", .set = ngx_accept, NGX_LOC(keepalive_header_s)},
	{"", .set = ngx_accept, NGX_SRV(large_buffers_size)},
	{"http", NGX_MAIN, NGX_BLOCK | BIT(0), set_http},
	{"events", NGX_MAIN, NGX_BLOCK | BIT(0), set_events},
	{"server", NGX_HTTP, NGX_BLOCK | BIT(0), set_server},
	{"location", NGX_SERVER | NGX_LOCATION, NGX_BLOCK | BIT(1) | BIT(2), ngx_set_location},
	{"limit_except", NGX_LOCATION, NGX_BLOCK | NGX_1MORE, ngx_set_limit_except},
	{"listen", NGX_SERVER, NGX_1MORE, ngx_set_listen},
	{"server_name", NGX_SERVER, NGX_1MORE, ngx_set_server_name},
	{"types", NGX_HTTP_LEVELS, NGX_BLOCK | BIT(0), set_types, NGX_LOC(types)},
	{"default_type", NGX_HTTP_LEVELS, BIT(1), ngx_set_slice, NGX_LOC(default_type)},
	{"root", NGX_HTTP_LEVELS_IF, BIT(1), set_root, NGX_LOC(root)},
	{"alias", NGX_LOCATION, BIT(1), set_root, NGX_LOC(root)},
	{"error_page", NGX_HTTP_LEVELS_IF, NGX_2MORE, ngx_set_error_page, NGX_LOC(error_page)},
	{"try_files", NGX_SERVER | NGX_LOCATION, NGX_2MORE, ngx_set_try_files, NGX_LOC(try_files),
		.is_own = true},
	{"internal", NGX_LOCATION, BIT(0), set_internal, NGX_LOC(is_internal), .is_own = true},
	{"stub_status", NGX_SERVER | NGX_LOCATION, BIT(0) | BIT(1), set_stub_status},
	{"client_max_body_size", NGX_HTTP_LEVELS, BIT(1), ngx_set_offset,
		NGX_LOC(client_max_body_size)},
	{"client_body_timeout", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms,
		NGX_LOC(client_body_timeout_ms)},
	{"send_timeout", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms, NGX_LOC(send_timeout_ms)},
	{"keepalive_timeout", NGX_HTTP_LEVELS, BIT(1) | BIT(2), set_keepalive_timeout,
		NGX_LOC(keepalive_timeout_ms)},
	{"keepalive_requests", NGX_HTTP_LEVELS, BIT(1), ngx_set_number,
		NGX_LOC(keepalive_requests)},
	{"keepalive_time", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms, NGX_LOC(keepalive_time_ms)},
	{"keepalive_disable", NGX_HTTP_LEVELS, NGX_1MORE, ngx_set_bits, NGX_LOC(keepalive_disable),
		.extra = keepalive_words},
	{"lingering_close", NGX_HTTP_LEVELS, BIT(1), ngx_set_enum, NGX_LOC(lingering_close),
		.extra = linger_words},
	{"lingering_time", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms, NGX_LOC(lingering_time_ms)},
	{"lingering_timeout", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms, NGX_LOC(lingering_timeout_ms)},
	{"reset_timedout_connection", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(reset_timedout_connection)},
	{"server_tokens", NGX_HTTP_LEVELS, BIT(1), ngx_set_enum, NGX_LOC(server_tokens),
		.extra = token_words},
	{"absolute_redirect", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(absolute_redirect)},
	{"port_in_redirect", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(port_in_redirect)},
	{"server_name_in_redirect", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(server_name_in_redirect)},
	{"recursive_error_pages", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(recursive_error_pages)},
	{"chunked_transfer_encoding", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(chunked_transfer_encoding)},
	{"etag", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(etag)},
	{"if_modified_since", NGX_HTTP_LEVELS, BIT(1), ngx_set_enum, NGX_LOC(if_modified_since),
		.extra = modified_words},
	{"max_ranges", NGX_HTTP_LEVELS, BIT(1), set_max_ranges, NGX_LOC(max_ranges)},
	{"log_not_found", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(log_not_found)},
	{"log_subrequest", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(log_subrequest)},
	{"tcp_nodelay", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept,
		.note = "small writes are never held back"},
	{"limit_rate", NGX_HTTP_LEVELS_IF, BIT(1), set_limit_rate, NGX_LOC(limit_rate)},
	{"limit_rate_after", NGX_HTTP_LEVELS_IF, BIT(1), set_limit_rate, NGX_LOC(limit_rate_after)},
	{"client_header_timeout", NGX_HTTP | NGX_SERVER, BIT(1), ngx_set_ms,
		NGX_SRV(client_header_timeout_ms)},
	{"client_header_buffer_size", NGX_HTTP | NGX_SERVER, BIT(1), ngx_set_size,
		NGX_SRV(client_header_buffer_size)},
	{"large_client_header_buffers", NGX_HTTP | NGX_SERVER, BIT(2), set_large_buffers,
		NGX_SRV(large_buffers_count)},
	{"ignore_invalid_headers", NGX_HTTP | NGX_SERVER, NGX_FLAG, ngx_set_flag,
		NGX_SRV(ignore_invalid_headers)},
	{"merge_slashes", NGX_HTTP | NGX_SERVER, NGX_FLAG, ngx_set_flag, NGX_SRV(merge_slashes)},
	{"underscores_in_headers", NGX_HTTP | NGX_SERVER, NGX_FLAG, ngx_set_flag,
		NGX_SRV(underscores_in_headers)},
	{"http2", NGX_HTTP | NGX_SERVER, NGX_FLAG, ngx_accept, .note = HTTP2},
	{"http2_push", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_push_preload", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept, .note = HTTP2},
	{"http2_chunk_size", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_max_concurrent_streams", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_max_concurrent_pushes", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_max_requests", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_max_field_size", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_max_header_size", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_body_preread_size", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_idle_timeout", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_recv_timeout", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_recv_buffer_size", NGX_HTTP, BIT(1), ngx_accept, .note = HTTP2},
	{"http2_streams_index_size", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = HTTP2},
	{"server_names_hash_max_size", NGX_HTTP, BIT(1), ngx_accept, .note = TUNING},
	{"server_names_hash_bucket_size", NGX_HTTP, BIT(1), ngx_accept, .note = TUNING},
	{"types_hash_max_size", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = TUNING},
	{"types_hash_bucket_size", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = TUNING},
	{"connection_pool_size", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = BUFFERS},
	{"request_pool_size", NGX_HTTP | NGX_SERVER, BIT(1), ngx_accept, .note = BUFFERS},
	{"output_buffers", NGX_HTTP_LEVELS, BIT(2), ngx_accept, .note = BUFFERS},
	{"postpone_output", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = BUFFERS},
	{"sendfile", NGX_HTTP_LEVELS_IF, NGX_FLAG, ngx_accept,
		.note = "the fastest way is taken where it can be"},
	{"sendfile_max_chunk", NGX_HTTP_LEVELS, BIT(1), ngx_accept,
		.note = "no transfer keeps others waiting"},
	{"subrequest_output_buffer_size", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = BUFFERS},
	{"aio", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = "files are read in the loop"},
	{"aio_write", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept,
		.note = "files are written in the loop"},
	{"read_ahead", NGX_HTTP_LEVELS, BIT(1), ngx_accept,
		.note = "the kernel's own read-ahead is used"},
	{"directio", NGX_HTTP_LEVELS, BIT(1), ngx_accept,
		.note = "files are read through the page cache"},
	{"directio_alignment", NGX_HTTP_LEVELS, BIT(1), ngx_accept,
		.note = "files are read through the page cache"},
	{"tcp_nopush", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept,
		.note = "head and body go out together anyway"},
	{"send_lowat", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = "is of no use on Linux"},
	{"msie_padding", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept,
		.note = "pages are not padded for browsers of 2008"},
	{"msie_refresh", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept, .note = "redirects are redirects"},
	{"open_file_cache", NGX_HTTP_LEVELS, BIT(1) | BIT(2), judge_file_cache,
		.note = "files are opened for each request"},
	{"open_file_cache_valid", NGX_HTTP_LEVELS, BIT(1), judge_seconds,
		.note = "files are opened for each request"},
	{"open_file_cache_min_uses", NGX_HTTP_LEVELS, BIT(1), judge_number,
		.note = "files are opened for each request"},
	{"open_file_cache_errors", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept,
		.note = "files are opened for each request"},
};

const struct ngx_area ngx_area_core = {
	.directives = directives,
	.count = COUNT_OF(directives),
	.finish_loc = ngx_finish_location,
	.finish_main = ngx_finish_core,
};
