#include "proxy/web_tls.h"

#include "base/regex.h"
#include "proxy/tls_admit.h"
#include "proxy/tls_peer.h"
#include "proxy/value.h"
#include "proxy/web_log.h"

#include <errno.h>

/* -- names -- */

/* The server that a TLS name (lower case) leads to, NULL when none says so. */
static const struct conf_server *find_server(const struct site *site, struct slice name)
{
	bool is_named;
	const struct conf_server *server = site_server(site, name, &is_named);
	if (is_named)
		return server;
	for (uint32_t i = 0; site->has_regexes && i < site->server_count; i++)
		for (uint32_t k = 0; k < site->servers[i]->name_regex_count; k++)
			if (regex_match(site->servers[i]->name_regexes[k].regex, name, NULL) == 1)
				return site->servers[i];
	return NULL;
}

/* One without a certificate of its own is shown the default server's. */
static struct tls_context *find_context(const void *arg, struct slice name)
{
	const struct site *site = arg;
	const struct conf_server *server = find_server(site, name);
	const struct generation *g = site->generation;
	return server == NULL ? NULL : g->tls[server - g->conf->servers];
}

void web_tls_name_sites(struct generation *g)
{
	for (uint32_t i = 0; i < g->site_count; i++) {
		struct site *site = &g->sites[i];
		if (site->tls == NULL)
			continue;
		struct tls_context *first = g->tls[site->default_server - g->conf->servers];
		tls_site_set_default(site->tls, first);
		tls_site_set_finder(site->tls, find_context, site);
	}
}

/* -- clients -- */

static enum step refuse(struct exchange *x, enum tls_admission admission, const char *why)
{
	web_log(x, LOG_INFO, 0, "while reading client request headers", "%s", why);
	return web_answer(x, (int)admission, true);
}

static bool is_same_name(const char *name, struct slice host)
{
	if (host.n != 0 && host.p[host.n - 1] == '.')
		host.n--;
	return slice_is_nocase(slice_of(name), host);
}

static const char *name_of(const struct exchange *x)
{
	const struct client *client = x->client;
	return client->is_tls && !client->is_plain_on_tls ? tls_name(&client->sock) : NULL;
}

const struct conf_server *web_tls_server(const struct exchange *x)
{
	const char *name = name_of(x);
	return name == NULL ? NULL : find_server(x->site, slice_of(name));
}

/* What a handshake with that TLS name would be done with now. */
static struct tls_context *context_now(const struct exchange *x)
{
	const char *name = name_of(x);
	struct tls_context *found = name == NULL ? NULL : find_context(x->site, slice_of(name));
	const struct generation *g = x->site->generation;
	return found != NULL ? found : g->tls[x->site->default_server - g->conf->servers];
}

bool web_tls_admit(struct exchange *x, struct slice host, enum step *ret_step)
{
	const struct conf_ssl *ssl = &x->server->srv->ssl;
	struct err why;
	if (!x->client->is_tls)
		return true;
	if (x->client->is_plain_on_tls) {
		*ret_step = refuse(
			x, TLS_NOT_SPOKEN, "client sent plain HTTP request to HTTPS port");
		return false;
	}
	/* Nearly always nobody's certificate matters. */
	if (ssl->verify_client == CONF_VERIFY_OFF)
		return true;
	const char *name = name_of(x);
	bool is_other = name != NULL && host.n != 0 && !is_same_name(name, host) &&
			find_server(x->site, slice_of(name)) != NULL;
	if (!tls_is_judged_by(&x->client->sock, context_now(x))) {
		*ret_step = refuse(x, TLS_MISDIRECTED,
			"client certificate was judged by an earlier configuration");
		return false;
	}
	enum tls_admission admission = tls_admit(&x->client->sock, ssl, is_other, &why);
	if (admission == TLS_ADMITTED)
		return true;
	*ret_step = refuse(x, admission, why.text);
	return false;
}

/* -- workers -- */

int web_tls_create_peers(struct generation *g, struct conf_problems *problems)
{
	const struct conf_web *web = g->conf->web;
	if (web == NULL)
		return 0;
	int rc = tls_peers_create(&g->peers);
	for (uint32_t i = 0; rc == 0 && i < web->upstream_tls.count; i++) {
		struct err err = {""};
		rc = tls_peers_add(g->peers, web->upstream_tls.items[i], &err);
		if (rc == -EINVAL)
			conf_problem_add(problems, g->conf->file, 0, "%s", err.text);
	}
	return rc;
}

bool web_tls_route(struct exchange *x, bool is_https, struct slice host)
{
	const struct conf_upstream_tls *tls = x->web->loc->proxy.tls;
	x->route = (struct tls_route){.peer = NULL};
	if (!is_https || tls == NULL)
		return true;
	x->route = (struct tls_route){tls_peers_find(x->generation->peers, tls), host};
	return !tls->name.is_given || web_value_kept(x, &tls->name.value, &x->route.name);
}
