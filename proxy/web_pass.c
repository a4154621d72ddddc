/*
 * proxy/web_pass.c - proxy_pass http://$pool/...: the pool that a URL names, found anew for each
 * request.
 */
#include "proxy/web_proxy.h"

#include "proxy/value.h"
#include "proxy/web_log.h"
#include "proxy/web_uri.h"

#include <errno.h>

static bool starts_nocase(struct slice text, struct slice prefix)
{
	return text.n >= prefix.n && slice_is_nocase((struct slice){text.p, prefix.n}, prefix);
}

/* "h:80" in *ret_port, 0: none. False: no number. */
static bool split_port(struct slice host, struct slice *ret_name, uint16_t *ret_port)
{
	const char *colon = memrchr(host.p, ':', host.n);
	*ret_name = host;
	*ret_port = 0;
	if (colon == NULL || host.p[host.n - 1] == ']')
		return true;
	uint32_t port = 0;
	for (const char *p = colon + 1; p < host.p + host.n; p++) {
		if (*p < '0' || *p > '9' || (port = port * 10 + (uint32_t)(*p - '0')) > UINT16_MAX)
			return false;
	}
	ret_name->n = (size_t)(colon - host.p);
	*ret_port = (uint16_t)port;
	return port != 0;
}

/* A block is meant by its name alone; what another proxy_pass made, by its address and port. */
static bool is_meant(const struct conf_pool *pool, struct slice name, uint16_t port, uint16_t usual)
{
	char full[300];
	if (pool->upstream == NULL || !pool->upstream->is_implicit)
		return port == 0 && slice_is_nocase(name, slice_of(pool->name));
	int n = snprintf(full, sizeof(full), "%.*s:%u", (int)name.n, name.p, port ? port : usual);
	return n > 0 && (size_t)n < sizeof(full) &&
	       slice_is_nocase((struct slice){full, (size_t)n}, slice_of(pool->name));
}

static struct lb_pool *pool_named(
	const struct exchange *x, struct slice name, uint16_t port, uint16_t usual)
{
	const struct conf *conf = x->generation->conf;
	for (uint32_t i = 0; i < conf->pool_count; i++)
		if (is_meant(&conf->pools[i], name, port, usual))
			return x->generation->pools[i];
	return NULL;
}

/* "?a" means "/?a". False: no memory. */
static bool take_uri(struct exchange *x, struct slice rest, struct slice *ret)
{
	const struct slice pieces[] = {SLICE("/"), rest};
	*ret = rest;
	return rest.n == 0 || rest.p[0] == '/' ||
	       web_join(&x->arena, pieces, COUNT_OF(pieces), ret);
}

int web_find_pool(struct exchange *x, struct web_target *ret)
{
	struct slice url, name;
	uint16_t port;
	if (!web_value_kept(x, &x->web->loc->proxy.url, &url))
		return -ENOMEM;
	ret->is_https = starts_nocase(url, SLICE("https://"));
	if (!ret->is_https && !starts_nocase(url, SLICE("http://"))) {
		web_log(x, LOG_ERROR, 0, NULL, "invalid URL prefix in \"%.*s\"", (int)url.n, url.p);
		return 500;
	}
	size_t begin = ret->is_https ? 8 : 7, end = begin;
	while (end < url.n && strchr("/?#", url.p[end]) == NULL)
		end++;
	ret->host = (struct slice){url.p + begin, end - begin};
	if (ret->host.n == 0 || !split_port(ret->host, &name, &port) || name.n == 0) {
		web_log(x, LOG_ERROR, 0, NULL, "%s in upstream \"%.*s\"",
			ret->host.n == 0 ? "no host" : "invalid port", (int)(url.n - begin),
			url.p + begin);
		return 500;
	}
	uint16_t usual = ret->is_https ? 443 : 80;
	ret->port = port != 0 ? port : usual;
	ret->pool = pool_named(x, name, port, usual);
	if (ret->pool == NULL) {
		web_log(x, LOG_ERROR, 0, NULL, "no resolver defined to resolve %.*s", (int)name.n,
			name.p);
		return 502;
	}
	return take_uri(x, (struct slice){url.p + end, url.n - end}, &ret->uri) ? 0 : -ENOMEM;
}
