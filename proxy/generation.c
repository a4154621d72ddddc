/*
 * proxy/generation.c - building a generation from its tree, and routing in it.
 */
#include "proxy/generation.h"

#include "proxy/client.h"

#include "proxy/access_files.h"
#include "proxy/dynamic_pool.h"
#include "proxy/guard.h"
#include "proxy/resolver.h"
#include "proxy/roster.h"
#include "proxy/tls_line.h"
#include "proxy/tls_peer.h"
#include "proxy/web_tls.h"

#include <errno.h>
#include <stdlib.h>

enum name_kind { NAME_EXACT, NAME_SUFFIX, NAME_PREFIX };

struct site_name {
	struct slice name; /* lower case, borrowed from the tree; of "*.suffix" ".suffix", of
			      "prefix.*" "prefix." */
	enum name_kind kind;
	const struct conf_server *server;
};

static int create_pools(struct generation *g, struct conf_problems *problems)
{
	g->pools = calloc(g->conf->pool_count + 1, sizeof(struct lb_pool *));
	if (g->pools == NULL)
		return -ENOMEM;
	int result = 0;
	for (uint32_t i = 0; i < g->conf->pool_count; i++) {
		struct err err = {""};
		const struct conf_pool *pool = &g->conf->pools[i];
		int rc = lb_pool_create(&g->pools[i], pool, &err);
		if (rc == -ENOMEM)
			return rc;
		if (rc != 0) {
			conf_problem_add(
				problems, pool->place.file, pool->place.line, "%s", err.text);
			result = rc;
		}
	}
	return result;
}

static int create_tls(struct generation *g, struct conf_problems *problems)
{
	g->tls = calloc(g->conf->server_count + 1, sizeof(struct tls_context *));
	if (g->tls == NULL)
		return -ENOMEM;
	int result = 0;
	for (uint32_t i = 0; i < g->conf->server_count; i++) {
		struct err err = {""};
		const struct conf_tls *tls = g->conf->servers[i].tls;
		int rc = tls == NULL ? 0 : tls_context_create(&g->tls[i], tls, &err);
		if (rc == -ENOMEM)
			return rc;
		if (rc != 0) {
			conf_problem_add(
				problems, tls->place.file, tls->place.line, "%s", err.text);
			result = rc;
		}
	}
	return result;
}

static uint32_t count_listens(const struct conf *conf)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < conf->server_count; i++)
		n += conf->servers[i].listen_count;
	return n;
}

static int name_order(const void *a, const void *b)
{
	const struct site_name *x = a, *y = b;
	int order = memcmp(x->name.p, y->name.p, min_size(x->name.n, y->name.n));
	if (order != 0)
		return order;
	return x->name.n < y->name.n ? -1 : x->name.n > y->name.n;
}

/* What stands in the table for a name as written. */
static struct site_name name_of(const char *text, const struct conf_server *server)
{
	struct slice name = slice_of(text);
	struct site_name made = {.name = name, .server = server};
	if (name.n > 2 && name.p[0] == '*' && name.p[1] == '.') {
		made.kind = NAME_SUFFIX;
		made.name = (struct slice){name.p + 1, name.n - 1};
	} else if (name.n > 2 && name.p[name.n - 1] == '*' && name.p[name.n - 2] == '.') {
		made.kind = NAME_PREFIX;
		made.name.n--;
	}
	return made;
}

static bool has_name(const struct site *site, const struct site_name *name)
{
	for (uint32_t i = 0; i < site->name_count; i++)
		if (site->names[i].kind == name->kind && slice_is(site->names[i].name, name->name))
			return true;
	return false;
}

static bool site_add_server(struct site *site, const struct conf_server *server)
{
	const struct conf_server **servers = realloc(
		site->servers, (site->server_count + 1) * sizeof(const void *));
	if (servers == NULL)
		return false;
	site->servers = servers;
	site->servers[site->server_count++] = server;
	site->has_regexes = site->has_regexes || server->name_regex_count != 0;
	return true;
}

static int site_add_names(
	struct site *site, const struct conf_server *server, struct tls_context *tls)
{
	if (tls != NULL && site->tls == NULL) {
		int rc = tls_site_create(&site->tls);
		if (rc != 0)
			return rc;
	}
	struct site_name *names = realloc(
		site->names, (site->name_count + server->name_count + 1) * sizeof(*names));
	if (names == NULL)
		return -ENOMEM;
	site->names = names;
	if (!site_add_server(site, server))
		return -ENOMEM;
	int rc = tls == NULL ? 0 : tls_site_add(site->tls, NULL, tls);
	for (uint32_t i = 0; rc == 0 && i < server->name_count; i++) {
		struct site_name made = name_of(server->names[i], server);
		/* The first server of that name has it; the others were warned of. */
		if (server->srv != NULL && has_name(site, &made))
			continue;
		struct site_name *name = &site->names[site->name_count++];
		*name = made;
		site->has_tails = site->has_tails || name->kind == NAME_PREFIX;
		if (tls != NULL)
			rc = tls_site_add(site->tls, server->names[i], tls);
	}
	return rc;
}

static bool is_wildcard(const struct addr *addr)
{
	if (addr->u.any.sa_family == AF_INET)
		return addr->u.v4.sin_addr.s_addr == INADDR_ANY;
	return addr->u.any.sa_family == AF_INET6 &&
	       memcmp(&addr->u.v6.sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0;
}

/* The kernel lets nobody listen on 10.0.0.1:80 beside *:80, so the latter's socket serves both
 * (nginx). Port 0 is another port for each. */
static void cover_sites(struct generation *g)
{
	for (uint32_t i = 0; i < g->site_count; i++) {
		const struct conf_listen *listen = g->sites[i].listen;
		const struct addr *wide = &listen->addr;
		for (uint32_t k = 0; k < g->site_count && listen != NULL && is_wildcard(wide);
			k++) {
			const struct addr *one = &g->sites[k].listen->addr;
			if (is_wildcard(one) || one->u.any.sa_family != wide->u.any.sa_family ||
				addr_port(one) != addr_port(wide) || addr_port(one) == 0)
				continue;
			g->sites[i].covers_others = g->sites[k].is_covered = true;
		}
	}
}

struct site *site_of_client(const struct client *client)
{
	struct site *site = client->listener->site;
	struct addr here = {.len = sizeof(here.u)};
	char text[ADDR_TEXT];
	if (!site->covers_others || getsockname(client->sock.fd, &here.u.any, &here.len) != 0)
		return site;
	addr_format(&here, text);
	struct site *own = generation_site(client->listener->generation, text);
	return own != NULL ? own : site;
}

static int create_sites(struct generation *g)
{
	g->sites = calloc(count_listens(g->conf) + 1, sizeof(struct site));
	if (g->sites == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->conf->server_count; i++) {
		const struct conf_server *server = &g->conf->servers[i];
		for (uint32_t k = 0; k < server->listen_count; k++) {
			struct site *site = generation_site(g, server->listens[k].text);
			if (site == NULL) {
				site = &g->sites[g->site_count++];
				site->generation = g;
				site->listen = &server->listens[k];
				site->default_server = server;
			}
			if (server->listens[k].is_default)
				site->default_server = server;
			bool is_tls = server->listens[k].is_tls;
			int rc = site_add_names(site, server, is_tls ? g->tls[i] : NULL);
			if (rc != 0)
				return rc;
		}
	}
	for (uint32_t i = 0; i < g->site_count; i++)
		if (g->sites[i].name_count != 0)
			qsort(g->sites[i].names, g->sites[i].name_count, sizeof(struct site_name),
				name_order);
	if (g->conf->web != NULL) {
		cover_sites(g);
		web_tls_name_sites(g);
	}
	return 0;
}

int generation_create(struct generation **ret_generation, struct conf *conf, uint64_t number,
	struct conf_problems *problems)
{
	struct generation *g = calloc(1, sizeof(*g));
	if (g == NULL) {
		conf_destroy(conf);
		return -ENOMEM;
	}
	g->refs = 1;
	g->number = number;
	g->conf = conf;
	/* Both are tried, so that all problems are told at once. */
	int pools = create_pools(g, problems);
	int tls = create_tls(g, problems);
	int peers = web_tls_create_peers(g, problems);
	int lines = pools != 0 || peers != 0 ? 0 : tls_lines_create(g, problems);
	int rc = pools != 0 ? pools : tls != 0 ? tls : peers != 0 ? peers : lines;
	if (rc == 0)
		rc = create_sites(g);
	if (rc == 0 && conf->web != NULL && conf->web->zones != NULL) {
		g->zones = guard_zones_create(conf->web->zones);
		rc = g->zones == NULL ? -ENOMEM : 0;
	}
	if (rc != 0) {
		if (rc == -ENOMEM)
			conf_problem_add(problems, conf->file, 0, "out of memory");
		generation_unref(g);
		return rc;
	}
	*ret_generation = g;
	return 0;
}

struct generation *generation_ref(struct generation *generation)
{
	generation->refs++;
	return generation;
}

struct generation_resolver {
	struct generation_resolver *next;
	const struct conf_resolver *conf;
	struct resolver *resolver; /* owned */
};

struct resolver *generation_resolver(struct generation *g, const struct conf_resolver *conf)
{
	for (struct generation_resolver *one = g->resolvers; one != NULL; one = one->next)
		if (one->conf == conf)
			return one->resolver;
	struct generation_resolver *one = calloc(1, sizeof(*one));
	struct resolver *resolver = one == NULL ? NULL : resolver_create(conf);
	if (resolver == NULL) {
		free(one);
		return NULL;
	}
	*one = (struct generation_resolver){g->resolvers, conf, resolver};
	g->resolvers = one;
	return resolver;
}

static void destroy_resolvers(struct generation *g)
{
	while (g->resolvers != NULL) {
		struct generation_resolver *one = g->resolvers;
		g->resolvers = one->next;
		resolver_destroy(one->resolver);
		free(one);
	}
}

void generation_unref(struct generation *g)
{
	if (g == NULL || --g->refs != 0)
		return;
	roster_stop(g);
	for (uint32_t i = 0; i < g->site_count; i++) {
		tls_site_destroy(g->sites[i].tls);
		free(g->sites[i].names);
		free(g->sites[i].servers);
	}
	for (uint32_t i = 0; g->tls != NULL && i < g->conf->server_count; i++)
		tls_context_destroy(g->tls[i]);
	tls_peers_destroy(g->peers);
	for (uint32_t i = 0; g->pools != NULL && i < g->conf->pool_count; i++)
		lb_pool_destroy(g->pools[i]);
	dynamic_pools_destroy(g->dynamic);
	destroy_resolvers(g);
	guard_zones_destroy(g->zones);
	free(g->sites);
	free(g->tls);
	free(g->pools);
	access_files_close(g->conf);
	conf_destroy(g->conf);
	free(g);
}

struct site *generation_site(const struct generation *g, const char *listen_text)
{
	for (uint32_t i = 0; i < g->site_count; i++) {
		const struct conf_listen *listen = g->sites[i].listen;
		if (listen != NULL && strcmp(listen->text, listen_text) == 0)
			return &g->sites[i];
	}
	return NULL;
}

static const struct conf_server *find_name(
	const struct site *site, struct slice name, enum name_kind kind)
{
	const struct site_name key = {.name = name};
	const struct site_name *found = bsearch(
		&key, site->names, site->name_count, sizeof(key), name_order);
	/* "*.a" is kept as ".a" and "a.*" as "a.", which no host name can be. */
	return found != NULL && found->kind == kind ? found->server : NULL;
}

const struct conf_server *site_server(const struct site *site, struct slice name, bool *ret_named)
{
	char lower[256];
	const struct conf_server *server = NULL;
	if (site->name_count != 0 && name.n <= sizeof(lower)) {
		for (size_t i = 0; i < name.n; i++)
			lower[i] = ascii_lower(name.p[i]);
		server = find_name(site, (struct slice){lower, name.n}, NAME_EXACT);
		/* The longest suffix of a wildcard. To nginx a star may stand for nothing. */
		size_t from = site->generation->conf->web != NULL ? 0 : 1;
		for (size_t i = from; server == NULL && i < name.n; i++)
			if (lower[i] == '.')
				server = find_name(
					site, (struct slice){lower + i, name.n - i}, NAME_SUFFIX);
		for (size_t i = name.n; site->has_tails && server == NULL && i > 0; i--)
			if (lower[i - 1] == '.')
				server = find_name(site, (struct slice){lower, i}, NAME_PREFIX);
	}
	*ret_named = server != NULL;
	return server != NULL ? server : site->default_server;
}

const struct conf_location *server_location(const struct conf_server *server, struct slice path)
{
	/* Longest first, so the first that fits is the longest. */
	for (uint32_t i = 0; i < server->location_count; i++) {
		const struct conf_location *location = &server->locations[i];
		if (slice_starts(path, (struct slice){location->path, location->path_bytes}))
			return location;
	}
	return NULL;
}
