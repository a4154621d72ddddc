/*
 * conf/nginx/set_static.c - index, autoindex*, charset: files as answers.
 */
#include "conf/nginx/areas.h"

static bool set_index(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)ngx_field(b, d);
	for (uint32_t i = 0; i < node->arg_count; i++) {
		if (node->args[i][0] == '\0')
			return ngx_fail(b, node, "index \"%s\" in \"index\" directive is invalid",
				node->args[i]);
		struct conf_value *value = ngx_push(b, &b->scope->loc->index);
		if (value == NULL || !ngx_compile(b, node, node->args[i], value))
			return false;
	}
	return true;
}

static const struct ngx_word formats[] = {{"html", CONF_AUTOINDEX_HTML},
	{"xml", CONF_AUTOINDEX_XML}, {"json", CONF_AUTOINDEX_JSON}, {NULL, 0}};

static bool name_charset(struct ngx_build *b, const char *text)
{
	if (strcmp(text, "off") == 0 || conf_text_has_vars(text))
		return true;
	struct slice *item = ngx_push(b, &b->web->charsets);
	if (item != NULL)
		*item = slice_of(text);
	return item != NULL;
}

static bool set_charset(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const char *text = node->args[0];
	if (!ngx_once(b, node, d))
		return false;
	struct conf_value *value = ngx_field(b, d);
	return strcmp(text, "off") == 0 ||
	       (name_charset(b, text) && ngx_compile(b, node, text, value));
}

static bool set_source(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return ngx_set_slice(b, node, d) && name_charset(b, node->args[0]);
}

/* What bodies are in has to be what is said of them: there is no charset_map. */
static bool finish_loc(struct ngx_build *b, struct ngx_scope *scope)
{
	const struct conf_loc *loc = scope->loc;
	if (loc->source_charset.n == 0 || slice_is(loc->source_charset, SLICE("off")) ||
		loc->source_charset.p[0] == '$' || loc->charset.count == 0 ||
		!conf_value_is_literal(&loc->charset))
		return true;
	struct slice to = conf_value_literal(&loc->charset);
	if (slice_is_nocase(loc->source_charset, to))
		return true;
	return ngx_fail_bare(b, "no \"charset_map\" between the charsets \"%.*s\" and \"%.*s\"",
		(int)loc->source_charset.n, loc->source_charset.p, (int)to.n, to.p);
}

static const struct ngx_directive directives[] = {
	{"index", NGX_HTTP_LEVELS, NGX_1MORE, set_index, NGX_LOC(index)},
	{"autoindex", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(autoindex)},
	{"autoindex_exact_size", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(autoindex_exact_size)},
	{"autoindex_localtime", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(autoindex_localtime)},
	{"autoindex_format", NGX_HTTP_LEVELS, BIT(1), ngx_set_enum, NGX_LOC(autoindex_format),
		.extra = formats},
	{"charset", NGX_HTTP_LEVELS_IF, BIT(1), set_charset, NGX_LOC(charset)},
	{"charset_types", NGX_HTTP_LEVELS, NGX_1MORE, ngx_set_types, NGX_LOC(charset_types)},
	{"override_charset", NGX_HTTP_LEVELS_IF, NGX_FLAG, ngx_set_flag, NGX_LOC(override_charset)},
	{"source_charset", NGX_HTTP_LEVELS_IF, BIT(1), set_source, NGX_LOC(source_charset)},
};

const struct ngx_area ngx_area_static = {
	.directives = directives,
	.count = COUNT_OF(directives),
	.finish_loc = finish_loc,
};
