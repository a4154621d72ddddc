/*
 * conf/nginx/pool_tls.c - how an upstream is spoken to where no location says it: by probes, and
 * by what a fleet asks by itself.
 *
 * As by the first location that proxies to it, if all that do say https.
 */
#include "conf/nginx/upstream.h"
#include "conf/tls_tree.h"
#include "conf/web.h"

struct pool_use {
	const struct conf_loc *first; /* NULL: no location leads there */
	bool is_plain;                /* one of them is http */
};

static void look_at(const struct ngx_scope *scope, struct pool_use *uses)
{
	const struct conf_loc *loc = scope->loc;
	if (loc != NULL && loc->content == CONF_CONTENT_PROXY && !loc->proxy.has_variables) {
		struct pool_use *use = &uses[loc->proxy.pool];
		use->is_plain = use->is_plain || !loc->proxy.is_https;
		if (use->first == NULL)
			use->first = loc;
	}
	for (const struct ngx_scope *inner = scope->first; inner != NULL; inner = inner->next)
		look_at(inner, uses);
}

static const char *text_of(const struct conf_tls_file *file)
{
	return file->path != NULL ? file->path : "";
}

static bool give(struct ngx_build *b, const struct conf_loc *loc, struct conf_pool *pool)
{
	const struct conf_upstream_tls *how = loc->proxy.tls;
	struct conf_pool_tls *tls = arena_zero(b->arena, sizeof(*tls));
	struct slice name = loc->proxy.host, literal = {NULL, 0};
	if (how->name.is_given && conf_value_is_literal(&how->name.value))
		literal = conf_value_literal(&how->name.value);
	if (literal.n != 0)
		name = literal;
	const char *copy = arena_copy(b->arena, name.p, name.n);
	if (tls == NULL || copy == NULL)
		return ngx_no_memory(b);
	*tls = (struct conf_pool_tls){.name = copy,
		.how = how,
		.verify = how->verify,
		.trusted_certificate = text_of(&how->trusted_certificate),
		.certificate = text_of(&how->certificate),
		.key = text_of(&how->certificate_key),
		.crl = text_of(&how->crl),
		.min_version = 0x0303};
	pool->tls = tls;
	return true;
}

bool ngx_give_pools_tls(struct ngx_build *b)
{
	struct pool_use *uses = arena_zero(b->arena, (b->conf->pool_count + 1) * sizeof(*uses));
	if (uses == NULL)
		return ngx_no_memory(b);
	look_at(b->http, uses);
	for (uint32_t i = 0; i < b->conf->pool_count; i++) {
		bool is_tls = uses[i].first != NULL && !uses[i].is_plain;
		if (is_tls && !give(b, uses[i].first, &b->conf->pools[i]))
			return false;
	}
	return true;
}
