/*
 * test/unit/admin_help.h - a generation with two pools, made without a file and without sockets.
 */
#ifndef TEST_ADMIN_HELP_H
#define TEST_ADMIN_HELP_H

#include "base/clock.h"
#include "base/hash.h"
#include "proxy/generation.h"

#include <stdlib.h>

struct admin_help {
	struct conf conf;
	struct conf_pool pools[2];
	struct conf_node nodes[3];
	struct lb_pool *running[2];
	struct generation generation;
};

static inline int admin_help_setup(void **state)
{
	static struct admin_help h;
	static const char *capabilities[] = {"text_to_image", "image_to_video"};
	static const struct conf_metadata metadata = {"rack 1", "RTX 4090", "the \"big\" one", 3};
	h = (struct admin_help){.conf = {.pools = h.pools, .pool_count = 2}};
	for (uint16_t i = 0; i < COUNT_OF(h.nodes); i++) {
		h.nodes[i] = (struct conf_node){.node_id = (const char *[]){"w1", "w2", "w1"}[i],
			.host = "127.0.0.1",
			.port = (uint16_t)(8188 + i),
			.max_concurrent = 4,
			.weight = 2,
			.capabilities = capabilities,
			.capability_count = COUNT_OF(capabilities),
			.metadata = metadata};
		if (addr_from_ip(&h.nodes[i].addr, "127.0.0.1", h.nodes[i].port) != 0)
			return -1;
	}
	for (size_t i = 0; i < COUNT_OF(h.pools); i++)
		h.pools[i] = (struct conf_pool){.name = i == 0 ? "gpu" : "other",
			.nodes = i == 0 ? h.nodes : h.nodes + 2,
			.node_count = i == 0 ? 2 : 1,
			.balancing = {.strategy = "round_robin",
				.sticky = {.keys = {CONF_KEY_IP},
					.key_count = i == 0,
					.cookie = "c",
					.ttl_ms = 1000,
					.max_entries = 100}},
			.health = {.rise = 2, .fall = 3}};
	(void)clock_tick();
	if (hash_start() != 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(h.pools); i++) {
		if (lb_pool_create(&h.running[i], &h.pools[i], NULL) != 0)
			return -1;
		lb_pool_activate(h.running[i]);
	}
	h.generation = (struct generation){
		.refs = 1, .number = 5, .conf = &h.conf, .pools = h.running};
	*state = &h;
	return 0;
}

static inline int admin_help_teardown(void **state)
{
	struct admin_help *h = *state;
	for (size_t i = 0; i < COUNT_OF(h->pools); i++)
		lb_pool_destroy(h->running[i]);
	return 0;
}

static inline struct backend *admin_help_backend(struct admin_help *h, size_t pool, uint32_t i)
{
	return h->running[pool]->seats[i].backend;
}

#endif
