#include "conf/lookup.h"

#include "conf/spread.h"

#include <errno.h>
#include <netdb.h>

static bool is_waiting(const struct conf_node *node)
{
	return node->addr.len == 0;
}

bool conf_lookups_init(struct conf_lookups *lookups, const struct conf *conf)
{
	uint32_t most = 0;
	*lookups = (struct conf_lookups){0};
	arena_init(&lookups->arena, 4096);
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		for (uint32_t j = 0; j < conf->pools[i].node_count; j++)
			most += is_waiting(&conf->pools[i].nodes[j]);
	}
	lookups->list = arena_zero(&lookups->arena, most * sizeof(*lookups->list));
	if (lookups->list == NULL || !conf_names_init(&lookups->by_host, &lookups->arena, most))
		return false;
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		for (uint32_t j = 0; j < conf->pools[i].node_count; j++) {
			const struct conf_node *node = &conf->pools[i].nodes[j];
			struct conf_lookup *lookup = &lookups->list[lookups->count];
			if (!is_waiting(node) ||
				conf_names_put(&lookups->by_host, slice_of(node->host), lookup))
				continue;
			lookup->host = node->host;
			lookup->index = lookups->count++;
		}
	}
	return true;
}

void conf_lookups_finish(struct conf_lookups *lookups)
{
	arena_finish(&lookups->arena);
	lookups->list = NULL;
	lookups->count = 0;
}

/* IPv4 first: ComfyUI listens on 127.0.0.1 or 0.0.0.0 unless it is told otherwise, and "localhost"
 * is often ::1 before it is 127.0.0.1. nginx has that order, too. */
static void take_family(struct conf_answer *answer, const struct addrinfo *found, int family)
{
	for (const struct addrinfo *one = found; one != NULL; one = one->ai_next) {
		if (one->ai_family != family || answer->count == CONF_ADDRS_MOST ||
			one->ai_addrlen > sizeof(answer->addrs[0].u))
			continue;
		struct addr *addr = &answer->addrs[answer->count++];
		memcpy(&addr->u, one->ai_addr, one->ai_addrlen);
		addr->len = one->ai_addrlen;
	}
}

void conf_look_up(const struct conf_lookup *lookup, struct conf_answer *ret_answer)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *found = NULL;
	memset(ret_answer, 0, sizeof(*ret_answer));
	ret_answer->index = lookup->index;
	ret_answer->error = getaddrinfo(lookup->host, NULL, &hints, &found);
	if (ret_answer->error != 0) {
		/* A container that has nothing but loopback still knows its hosts file. */
		hints.ai_flags = 0;
		ret_answer->error = getaddrinfo(lookup->host, NULL, &hints, &found);
	}
	ret_answer->system_error = errno;
	if (ret_answer->error != 0)
		return;
	take_family(ret_answer, found, AF_INET);
	take_family(ret_answer, found, AF_INET6);
	if (ret_answer->count == 0)
		ret_answer->error = EAI_FAMILY;
	freeaddrinfo(found);
}

void conf_lookups_take(struct conf_lookups *lookups, const struct conf_answer *answer)
{
	ensure(answer->index < lookups->count);
	lookups->list[answer->index].answer = *answer;
	lookups->list[answer->index].is_answered = true;
}

static const char *why_not(const struct conf_lookup *lookup)
{
	if (!lookup->is_answered)
		return "no answer in time";
	if (lookup->answer.error == EAI_SYSTEM)
		return strerrordesc_np(lookup->answer.system_error);
	return gai_strerror(lookup->answer.error);
}

static const struct conf_lookup *lookup_of(const struct conf_lookups *lookups, const char *host)
{
	const struct conf_lookup *lookup = conf_names_find(&lookups->by_host, slice_of(host));
	ensure(lookup != NULL);
	return lookup;
}

static bool has_found(const struct conf_lookup *lookup)
{
	return lookup->is_answered && lookup->answer.error == 0;
}

static struct conf_found find_all(const char *host, void *arg)
{
	const struct conf_lookup *lookup = lookup_of(arg, host);
	if (!has_found(lookup))
		return (struct conf_found){NULL, 0};
	return (struct conf_found){lookup->answer.addrs, lookup->answer.count};
}

/* False: a node is still without an address; told. */
static bool apply_native(
	const struct conf_lookups *lookups, struct conf_pool *pool, struct conf_problems *problems)
{
	bool is_ok = true;
	for (uint32_t i = 0; i < pool->node_count; i++) {
		struct conf_node *node = &pool->nodes[i];
		if (!is_waiting(node))
			continue;
		const struct conf_lookup *lookup = lookup_of(lookups, node->host);
		if (has_found(lookup)) {
			node->addr = lookup->answer.addrs[0];
			addr_set_port(&node->addr, node->port);
			continue;
		}
		is_ok = false;
		conf_problem_add(problems, node->place.file, node->place.line,
			"host \"%s\" cannot be resolved: %s", node->host, why_not(lookup));
	}
	return is_ok;
}

static bool apply_upstream(struct conf_lookups *lookups, struct conf *conf, struct conf_pool *pool,
	struct conf_problems *problems)
{
	bool is_ok = true, has_names = false;
	for (uint32_t i = 0; i < pool->node_count; i++) {
		const struct conf_node *node = &pool->nodes[i];
		if (!is_waiting(node))
			continue;
		has_names = true;
		if (has_found(lookup_of(lookups, node->host)))
			continue;
		is_ok = false;
		conf_problem_add(problems, node->place.file, node->place.line,
			"host not found in upstream \"%s\"",
			pool->upstream->is_implicit ? node->host : node->peer.server);
	}
	if (!is_ok || !has_names || conf_spread_nodes(&conf->arena, pool, find_all, lookups))
		return is_ok;
	conf_problem_add(problems, conf->file, 0, "out of memory");
	return false;
}

bool conf_lookups_apply(
	struct conf_lookups *lookups, struct conf *conf, struct conf_problems *problems)
{
	bool is_ok = true;
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		struct conf_pool *pool = &conf->pools[i];
		if (pool->upstream != NULL)
			is_ok = apply_upstream(lookups, conf, pool, problems) && is_ok;
		else
			is_ok = apply_native(lookups, pool, problems) && is_ok;
	}
	return is_ok;
}
