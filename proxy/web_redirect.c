/*
 * proxy/web_redirect.c - proxy_redirect: what a worker says of its own address, in ours.
 */
#include "proxy/web_proxy.h"

#include "proxy/value.h"
#include "proxy/web_uri.h"

/* The rest of `text` behind `from`, which it begins with, becomes to + rest. 1: so it is, 0: it
 * does not begin so, -1: no memory. */
static int replace_prefix(struct exchange *x, struct slice text, struct slice from, struct slice to,
	struct slice *ret)
{
	if (!slice_starts(text, from))
		return 0;
	const struct slice pieces[] = {to, {text.p + from.n, text.n - from.n}};
	return web_join(&x->arena, pieces, COUNT_OF(pieces), ret) ? 1 : -1;
}

/* proxy_pass http://u/b/ in location /a/: "http://u/b/" -> "/a/"; without a URI "http://u/" -> "/".
 */
static int by_default(struct exchange *x, struct slice text, struct slice *ret)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	const struct conf_location *location = x->web->prefix;
	struct slice url;
	const struct slice pieces[] = {proxy->is_https ? SLICE("https://") : SLICE("http://"),
		proxy->host, proxy->has_uri ? proxy->uri : SLICE("/")};
	if (proxy->has_variables)
		return 0;
	if (!web_join(&x->arena, pieces, COUNT_OF(pieces), &url))
		return -1;
	struct slice to = SLICE("/");
	if (proxy->has_uri && location->match != CONF_MATCH_NONE)
		to = (struct slice){location->path, location->path_bytes};
	return replace_prefix(x, text, url, to, ret);
}

static int by_rule(
	struct exchange *x, const struct conf_replace *rule, struct slice text, struct slice *ret)
{
	struct slice from, to;
	switch (rule->kind) {
	case CONF_REDIRECT_OFF:
		return 0;
	case CONF_REDIRECT_DEFAULT:
		return by_default(x, text, ret);
	case CONF_REDIRECT_TEXT:
		if (!web_value(x, &rule->from, &from) || !web_value(x, &rule->to, &to))
			return -1;
		return replace_prefix(x, text, from, to, ret);
	case CONF_REDIRECT_REGEX:
		if (!web_match(x, rule->regex, text))
			return 0;
		return web_value_kept(x, &rule->to, ret) ? 1 : -1;
	}
	return 0;
}

int web_rewrite_by(struct exchange *x, const struct conf_replace *rules, uint32_t count,
	struct slice text, struct slice *ret)
{
	for (uint32_t i = 0; i < count; i++) {
		int result = by_rule(x, &rules[i], text, ret);
		if (result != 0)
			return result;
	}
	return 0;
}

static int rewrite(struct exchange *x, struct slice text, struct slice *ret)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	if (proxy->redirect.count == 0)
		return by_default(x, text, ret);
	return web_rewrite_by(x, proxy->redirect.items, proxy->redirect.count, text, ret);
}

bool web_take_location(struct exchange *x, struct slice name, struct slice value)
{
	struct slice to;
	int result = rewrite(x, value, &to);
	if (result < 0)
		return false;
	/* Only one that we changed is made absolute. */
	if (result == 1 && to.n != 0 && to.p[0] == '/' && x->web->loc->absolute_redirect) {
		x->web->out.location = to;
		return true;
	}
	return web_out_add(x, name, result == 1 ? to : value);
}

bool web_take_refresh(struct exchange *x, struct slice name, struct slice value)
{
	struct slice to, whole = value;
	for (size_t i = 0; i + 4 <= value.n; i++) {
		if (strncasecmp(value.p + i, "url=", 4) != 0)
			continue;
		i += 4;
		int result = rewrite(x, (struct slice){value.p + i, value.n - i}, &to);
		const struct slice pieces[] = {{value.p, i}, to};
		if (result < 0 ||
			(result == 1 && !web_join(&x->arena, pieces, COUNT_OF(pieces), &whole)))
			return false;
		break;
	}
	return web_out_add(x, name, whole);
}
