/*
 * conf/nginx/set_body.c - where bodies wait (client_body_*, proxy_buffer*, proxy_temp_*), how fast
 * they go, and gzip.
 */
#include "conf/nginx/areas.h"

#define AT(field) offsetof(struct conf_loc, field)
/* Two fields that one directive sets, side by side. */
#define NGX_LOC_PAIR(first, second)                                                                \
	.into = NGX_INTO_LOC, .at = AT(first),                                                     \
	.size = AT(second) + sizeof(((struct conf_loc *)0)->second) - AT(first)

static const struct ngx_word in_file_words[] = {
	{"off", CONF_OFF}, {"on", CONF_ON}, {"clean", CONF_AUTO}, {NULL, 0}};
static const struct ngx_word static_words[] = {
	{"off", CONF_OFF}, {"on", CONF_ON}, {"always", CONF_AUTO}, {NULL, 0}};
static const struct ngx_word version_words[] = {{"1.0", 10}, {"1.1", 11}, {NULL, 0}};
static const struct ngx_word proxied_words[] = {{"off", CONF_GZIP_PROXIED_OFF},
	{"expired", CONF_GZIP_EXPIRED}, {"no-cache", CONF_GZIP_NO_CACHE},
	{"no-store", CONF_GZIP_NO_STORE}, {"private", CONF_GZIP_PRIVATE},
	{"no_last_modified", CONF_GZIP_NO_LAST_MODIFIED}, {"no_etag", CONF_GZIP_NO_ETAG},
	{"auth", CONF_GZIP_AUTH}, {"any", CONF_GZIP_ANY}, {NULL, 0}};

/* -- buffers and files -- */

/* NUMBER SIZE into a uint32_t and the uint64_t behind it. */
static bool set_buffers(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t count, size;
	if (!ngx_once(b, node, d))
		return false;
	char *field = ngx_field(b, d);
	if (!ngx_parse_number(node->args[0], INT32_MAX, &count) || count == 0 ||
		!ngx_parse_size(node->args[1], &size) || size == 0)
		return ngx_wrong(b, node, "invalid value");
	*(uint32_t *)(void *)field = (uint32_t)count;
	*(uint64_t *)(void *)(field + d->size - sizeof(uint64_t)) = size;
	return true;
}

static bool set_temp_path(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	struct conf_temp_path *path = ngx_field(b, d);
	path->path = ngx_path(b, node->args[0]);
	if (path->path == NULL)
		return false;
	for (uint32_t i = 1; i < node->arg_count && i <= COUNT_OF(path->levels); i++) {
		uint64_t digits;
		if (!ngx_parse_number(node->args[i], 9, &digits) || digits == 0)
			return ngx_wrong(b, node, "invalid value");
		path->levels[i - 1] = (uint8_t)digits;
	}
	return true;
}

static bool is_given(const struct ngx_scope *scope, size_t at)
{
	for (; scope != NULL; scope = scope->outer)
		if (scope->loc_set != NULL && ngx_loc_is_set(scope, at))
			return true;
	return false;
}

/* nginx judges at the end of http. */
static bool fail_at_end(struct ngx_build *b, const char *text)
{
	struct ngx_node end = *b->http->node;
	end.place.line = end.end_line;
	return ngx_fail(b, &end, "%s", text);
}

#define AT_LEAST                                                                                   \
	" must be equal to or greater than the maximum of the value of \"proxy_buffer_size\" "     \
	"and one of the \"proxy_buffers\""

static bool judge_buffers(struct ngx_build *b, struct ngx_scope *scope)
{
	struct conf_proxy *proxy = &scope->loc->proxy;
	if (proxy->buffers_count < 2)
		return fail_at_end(b, "there must be at least 2 \"proxy_buffers\"");
	uint64_t size = proxy->buffer_size < proxy->buffers_size ? proxy->buffers_size
								 : proxy->buffer_size;
	if (!is_given(scope, AT(proxy.busy_buffers_size)))
		proxy->busy_buffers_size = 2 * size;
	bool has_write_size = is_given(scope, AT(proxy.temp_file_write_size));
	if (!has_write_size)
		proxy->temp_file_write_size = 0;
	if (proxy->busy_buffers_size < size)
		return fail_at_end(b, "\"proxy_busy_buffers_size\"" AT_LEAST);
	if (proxy->busy_buffers_size > (proxy->buffers_count - 1) * proxy->buffers_size)
		return fail_at_end(b, "\"proxy_busy_buffers_size\" must be less than the size of "
				      "all \"proxy_buffers\" minus one buffer");
	if (has_write_size && proxy->temp_file_write_size < size)
		return fail_at_end(b, "\"proxy_temp_file_write_size\"" AT_LEAST);
	if (proxy->max_temp_file_size != 0 && proxy->max_temp_file_size < size)
		return fail_at_end(b, "\"proxy_max_temp_file_size\" must be equal to zero to "
				      "disable temporary files usage or" AT_LEAST);
	return true;
}

/* A file that is to be found by its name does not stand in everybody's folder. */
static bool finish_loc(struct ngx_build *b, struct ngx_scope *scope)
{
	struct conf_loc *loc = scope->loc;
	if (!is_given(scope, AT(proxy.temp_path)))
		loc->proxy.temp_path = (struct conf_temp_path){.path = CONF_TEMP_FOLDER};
	if (!is_given(scope, AT(client_body_temp_path))) {
		bool is_named = loc->client_body_in_file_only != CONF_OFF;
		loc->client_body_temp_path = (struct conf_temp_path){.path = CONF_TEMP_FOLDER};
		if (is_named)
			loc->client_body_temp_path.path = ngx_path(b, "client_body_temp");
		if (loc->client_body_temp_path.path == NULL)
			return false;
	}
	return judge_buffers(b, scope);
}

/* -- gzip -- */

static bool set_level(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t level;
	if (!ngx_once(b, node, d))
		return false;
	if (!ngx_parse_number(node->args[0], INT32_MAX, &level))
		return ngx_wrong(b, node, "invalid number");
	if (level < 1 || level > 9)
		return ngx_fail(b, node, "value must be between 1 and 9");
	*(uint32_t *)ngx_field(b, d) = (uint32_t)level;
	return true;
}

/* 2^n octets: n is zlib's windowBits, and n - 8 its memLevel. */
static bool set_power(struct ngx_build *b, const struct ngx_node *node,
	const struct ngx_directive *d, unsigned most, uint32_t less, const char *words)
{
	uint64_t size;
	if (!ngx_once(b, node, d))
		return false;
	if (!ngx_parse_size(node->args[0], &size))
		return ngx_wrong(b, node, "invalid value");
	for (unsigned power = 9; power <= most; power++) {
		if (size != UINT64_C(1) << power)
			continue;
		*(uint32_t *)ngx_field(b, d) = power - less;
		return true;
	}
	return ngx_wrong(b, node, words);
}

static bool set_window(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return set_power(b, node, d, 15, 0, "must be 512, 1k, 2k, 4k, 8k, 16k, or 32k");
}

static bool set_hash(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return set_power(b, node, d, 17, 8, "must be 512, 1k, 2k, 4k, 8k, 16k, 32k, 64k, or 128k");
}

static bool add_type(struct ngx_build *b, const struct ngx_node *node, const char *text,
	struct conf_gzip_types *types)
{
	size_t n = strlen(text);
	char *lower = arena_copy(b->arena, text, n);
	if (lower == NULL)
		return ngx_no_memory(b);
	for (size_t i = 0; i < n; i++)
		lower[i] = ascii_lower(lower[i]);
	struct slice type = {lower, n};
	bool is_known = slice_is(type, SLICE("text/html"));
	for (uint32_t i = 0; i < types->count && !is_known; i++)
		is_known = slice_is(types->items[i], type);
	if (is_known) {
		ngx_warn(b, node, "duplicate MIME type \"%s\"", text);
		return true;
	}
	struct slice *item = ngx_push(b, types);
	if (item == NULL)
		return false;
	*item = type;
	return true;
}

bool ngx_set_types(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_gzip_types *types = ngx_field(b, d);
	for (uint32_t i = 0; i < node->arg_count; i++)
		if (!add_type(b, node, node->args[i], types))
			return false;
	return true;
}

static bool set_disable(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_gzip_disable *disable = ngx_field(b, d);
	for (uint32_t i = 0; i < node->arg_count; i++) {
		const char *text = node->args[i];
		if (strcmp(text, "degradation") == 0)
			continue;
		/* As nginx's documentation explains the word. */
		if (strcmp(text, "msie6") == 0)
			text = "MSIE [4-6]\\.(?!.*SV1)";
		struct conf_gzip_agent *item = ngx_push(b, disable);
		if (item == NULL)
			return false;
		item->regex = ngx_regex(b, node, text, true);
		if (item->regex == NULL)
			return false;
	}
	return true;
}

#define AS_NEEDED "memory is taken as it is needed"

static const struct ngx_directive directives[] = {
	{"client_body_buffer_size", NGX_HTTP_LEVELS, BIT(1), ngx_set_size,
		NGX_LOC(client_body_buffer_size)},
	{"client_body_temp_path", NGX_HTTP_LEVELS, BIT(1) | BIT(2) | BIT(3) | BIT(4), set_temp_path,
		NGX_LOC(client_body_temp_path)},
	{"client_body_in_file_only", NGX_HTTP_LEVELS, BIT(1), ngx_set_enum,
		NGX_LOC(client_body_in_file_only), .extra = in_file_words},
	{"client_body_in_single_buffer", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept,
		.note = "a body in memory lies in one piece always"},
	{"proxy_buffering", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(proxy.buffering)},
	{"proxy_request_buffering", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(proxy.request_buffering)},
	{"proxy_buffer_size", NGX_HTTP_LEVELS, BIT(1), ngx_set_size, NGX_LOC(proxy.buffer_size)},
	{"proxy_buffers", NGX_HTTP_LEVELS, BIT(2), set_buffers,
		NGX_LOC_PAIR(proxy.buffers_count, proxy.buffers_size)},
	{"proxy_busy_buffers_size", NGX_HTTP_LEVELS, BIT(1), ngx_set_size,
		NGX_LOC(proxy.busy_buffers_size),
		.note = "what waits for a client fills proxy_buffers and the file, as it comes"},
	{"proxy_max_temp_file_size", NGX_HTTP_LEVELS, BIT(1), ngx_set_size,
		NGX_LOC(proxy.max_temp_file_size)},
	{"proxy_temp_file_write_size", NGX_HTTP_LEVELS, BIT(1), ngx_set_size,
		NGX_LOC(proxy.temp_file_write_size)},
	{"proxy_temp_path", NGX_HTTP_LEVELS, BIT(1) | BIT(2) | BIT(3) | BIT(4), set_temp_path,
		NGX_LOC(proxy.temp_path)},
	{"proxy_limit_rate", NGX_HTTP_LEVELS, BIT(1), ngx_set_size, NGX_LOC(proxy.limit_rate)},
	{"gzip", NGX_HTTP_LEVELS_IF, NGX_FLAG, ngx_set_flag, NGX_LOC(gzip.is_on)},
	{"gzip_vary", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(gzip.vary)},
	{"gzip_types", NGX_HTTP_LEVELS, NGX_1MORE, ngx_set_types, NGX_LOC(gzip.types)},
	{"gzip_proxied", NGX_HTTP_LEVELS, NGX_1MORE, ngx_set_bits, NGX_LOC(gzip.proxied),
		.extra = proxied_words},
	{"gzip_min_length", NGX_HTTP_LEVELS, BIT(1), ngx_set_size, NGX_LOC(gzip.min_length)},
	{"gzip_comp_level", NGX_HTTP_LEVELS, BIT(1), set_level, NGX_LOC(gzip.level)},
	{"gzip_http_version", NGX_HTTP_LEVELS, BIT(1), ngx_set_enum, NGX_LOC(gzip.http_version),
		.extra = version_words},
	{"gzip_window", NGX_HTTP_LEVELS, BIT(1), set_window, NGX_LOC(gzip.window)},
	{"gzip_hash", NGX_HTTP_LEVELS, BIT(1), set_hash, NGX_LOC(gzip.hash)},
	{"gzip_disable", NGX_HTTP_LEVELS, NGX_1MORE, set_disable, NGX_LOC(gzip.disable)},
	{"gzip_buffers", NGX_HTTP_LEVELS, BIT(2), set_buffers,
		NGX_LOC_PAIR(gzip.buffers_count, gzip.buffers_size)},
	{"gzip_no_buffer", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept, .note = AS_NEEDED},
	{"postpone_gzipping", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = AS_NEEDED},
	{"gzip_static", NGX_HTTP_LEVELS, BIT(1), ngx_set_enum, NGX_LOC(gzip_static),
		.extra = static_words},
	{"gunzip", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(gzip.gunzip)},
	{"gunzip_buffers", NGX_HTTP_LEVELS, BIT(2), ngx_accept, .note = AS_NEEDED},
};

const struct ngx_area ngx_area_body = {
	.directives = directives,
	.count = COUNT_OF(directives),
	.finish_loc = finish_loc,
};
