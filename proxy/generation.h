/*
 * proxy/generation.h - one configuration at run time: the tree, its pools, its certificates, its
 * routes.
 *
 * Built whole beside the running one (generation_create), then made current
 * by a step that cannot fail (app.c). Every exchange holds a reference, a
 * connection between two requests holds none.
 *
 *   listening address -> site -> server (by Host) -> location (longest prefix) -> pool | answer
 */
#ifndef PROXY_GENERATION_H
#define PROXY_GENERATION_H

#include "base/err.h"
#include "conf/conf.h"
#include "lb/pool.h"
#include "proxy/tls.h"

struct conf_resolver;
struct dynamic_pools;
struct guard_zones;
struct resolver;
struct roster;
struct site_name; /* proxy/generation.c: name -> server */

/* What one listening address serves. */
struct site {
	const struct generation *generation; /* borrowed: it owns us */
	const struct conf_listen *listen;    /* borrowed: in the tree */
	const struct conf_server
		*default_server; /* borrowed; the first one that names the address */
	struct tls_site *tls;    /* owned; NULL: plain */
	struct site_name *names; /* owned, sorted */
	uint32_t name_count;
	const struct conf_server *
		*servers; /* owned; those that listen there, in the file's order */
	uint32_t server_count;
	/* An address that a wildcard's socket takes, too, has none of its own; the other way round.
	 */
	bool is_covered, covers_others;
	bool has_regexes, has_tails; /* some name is a regular expression, or "prefix.*" */
};

struct client;
/* What serves that client: listener->site, or where its socket covers others the one of the address
 * that it came to. */
struct site *site_of_client(const struct client *client);

struct generation {
	uint32_t refs;
	uint64_t number;          /* 1, 2, 3 ... */
	struct conf *conf;        /* owned */
	struct lb_pool **pools;   /* owned, [conf->pool_count] */
	struct tls_context **tls; /* owned, [conf->server_count], NULL where plain */
	struct tls_peers *peers;  /* owned; NULL where no worker speaks TLS */
	struct site *sites;       /* owned, one per distinct listen text */
	uint32_t site_count;
	struct guard_zones *zones;     /* owned: proxy/guard.h; NULL where there are none */
	struct dynamic_pools *dynamic; /* owned: proxy/dynamic_pool.h; NULL until one is needed */
	struct roster *roster;         /* owned: proxy/roster.h; NULL: no names, or not in force */
	struct generation_resolver *resolvers; /* owned: generation.c; likewise */
};

/* Takes `conf` over, on failure too. -errno; problems name file and line. */
int generation_create(struct generation **ret_generation, struct conf *conf, uint64_t number,
	struct conf_problems *problems) MUST_CHECK;
struct generation *generation_ref(struct generation *generation);
void generation_unref(struct generation *generation); /* takes NULL */

/* NULL when no server listens there. */
struct site *generation_site(const struct generation *generation, const char *listen_text);

/* The server for a Host name (lower or upper case, without port): exact, then "*.suffix", then
 * "prefix.*", then the default. `ret_named` tells whether by name. */
const struct conf_server *site_server(const struct site *site, struct slice name, bool *ret_named);
/* Longest prefix; NULL when none fits (404). */
const struct conf_location *server_location(const struct conf_server *server, struct slice path);

/* What asks the name servers of that directive. NULL: no memory. */
struct resolver *generation_resolver(
	struct generation *generation, const struct conf_resolver *conf) MUST_CHECK;

#endif
