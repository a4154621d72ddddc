#include "proxy/site.h"

#include "proxy/web.h"

static const struct conf_server *by_regex(struct exchange *x, struct slice name)
{
	const struct site *site = x->site;
	if (name.n == 0)
		return NULL;
	char *copy = arena_copy(&x->arena, name.p, name.n);
	/* No other server may answer in its place. */
	if (copy == NULL) {
		x->web->has_match_failed = true;
		return NULL;
	}
	struct slice lower = {copy, name.n};
	for (size_t at = 0; at < name.n; at++)
		copy[at] = ascii_lower(copy[at]);
	for (uint32_t i = 0; i < site->server_count; i++) {
		const struct conf_server *server = site->servers[i];
		for (uint32_t k = 0; k < server->name_regex_count; k++)
			if (web_match(x, server->name_regexes[k].regex, lower))
				return server;
	}
	return NULL;
}

const struct conf_server *site_find(struct exchange *x, struct slice name)
{
	bool is_named;
	/* A root dot is no part of the name. */
	if (name.n > 1 && name.p[name.n - 1] == '.')
		name.n--;
	const struct conf_server *server = site_server(x->site, name, &is_named);
	if (is_named)
		return server;
	const struct conf_server *matched = x->site->has_regexes ? by_regex(x, name) : NULL;
	return matched != NULL ? matched : server;
}
