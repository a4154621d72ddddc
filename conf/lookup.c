#include "conf/lookup.h"

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

void conf_look_up(const struct conf_lookup *lookup, struct conf_answer *ret_answer)
{
	/* Without AI_ADDRCONFIG: a container that has nothing but loopback still knows its hosts
	 * file. */
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	memset(ret_answer, 0, sizeof(*ret_answer));
	ret_answer->index = lookup->index;
	ret_answer->error = getaddrinfo(lookup->host, NULL, &hints, &found);
	ret_answer->system_error = errno;
	if (ret_answer->error != 0)
		return;
	/* IPv4 first: ComfyUI listens on 127.0.0.1 or 0.0.0.0 unless it is told otherwise, and
	 * "localhost" is often ::1 before it is 127.0.0.1. */
	const struct addrinfo *best = NULL;
	for (const struct addrinfo *one = found; one != NULL; one = one->ai_next) {
		bool is_ip = one->ai_family == AF_INET || one->ai_family == AF_INET6;
		if (is_ip &&
			(best == NULL || (best->ai_family != AF_INET && one->ai_family == AF_INET)))
			best = one;
	}
	if (best != NULL && best->ai_addrlen <= sizeof(ret_answer->addr.u)) {
		memcpy(&ret_answer->addr.u, best->ai_addr, best->ai_addrlen);
		ret_answer->addr.len = best->ai_addrlen;
	} else {
		ret_answer->error = EAI_FAMILY;
	}
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

bool conf_lookups_apply(
	const struct conf_lookups *lookups, struct conf *conf, struct conf_problems *problems)
{
	bool is_ok = true;
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		for (uint32_t j = 0; j < conf->pools[i].node_count; j++) {
			struct conf_node *node = &conf->pools[i].nodes[j];
			if (!is_waiting(node))
				continue;
			const struct conf_lookup *lookup = conf_names_find(
				&lookups->by_host, slice_of(node->host));
			ensure(lookup != NULL);
			if (lookup->is_answered && lookup->answer.error == 0) {
				node->addr = lookup->answer.addr;
				addr_set_port(&node->addr, node->port);
				continue;
			}
			is_ok = false;
			conf_problem_add(problems, node->place.file, node->place.line,
				"host \"%s\" cannot be resolved: %s", node->host, why_not(lookup));
		}
	}
	return is_ok;
}
