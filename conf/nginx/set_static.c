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

#define CHARSET "the charset of a type is not written; say it in types or default_type"

static const struct ngx_directive directives[] = {
	{"index", NGX_HTTP_LEVELS, NGX_1MORE, set_index, NGX_LOC(index)},
	{"autoindex", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(autoindex)},
	{"autoindex_exact_size", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(autoindex_exact_size)},
	{"autoindex_localtime", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(autoindex_localtime)},
	{"autoindex_format", NGX_HTTP_LEVELS, BIT(1), ngx_set_enum, NGX_LOC(autoindex_format),
		.extra = formats},
	{"charset", NGX_HTTP_LEVELS_IF, BIT(1), ngx_accept, .note = CHARSET},
	{"charset_types", NGX_HTTP_LEVELS, NGX_1MORE, ngx_accept, .note = CHARSET},
	{"override_charset", NGX_HTTP_LEVELS_IF, NGX_FLAG, ngx_accept, .note = CHARSET},
	{"source_charset", NGX_HTTP_LEVELS_IF, BIT(1), ngx_accept, .note = CHARSET},
};

const struct ngx_area ngx_area_static = {
	.directives = directives,
	.count = COUNT_OF(directives),
};
