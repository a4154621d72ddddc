/*
 * test/unit/lb_fixture.h - what the tests of lb/ share: a strategy with a view made by hand, and a
 * pool made without a file.
 */
#ifndef TEST_UNIT_LB_FIXTURE_H
#define TEST_UNIT_LB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "lb/pool.h"
#include "lb/registry.h"

#define MEMBERS 1000u

/* The same numbers in every run: a failure can be repeated. */
static uint64_t test_seed = 1;

static inline uint64_t test_random(void)
{
	uint64_t z = test_seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline uint32_t test_below(uint32_t n)
{
	return (uint32_t)(test_random() % n);
}

/* Nodes "n0", "n1", ... at 10.0.0.1:8000 and up, weight 1, max_concurrent 4. */
struct conf_fixture {
	char ids[MEMBERS][8];
	struct conf_node nodes[MEMBERS];
	struct conf_pool conf;
};

static inline void conf_make(struct conf_fixture *f, const char *strategy, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		(void)snprintf(f->ids[i], sizeof(f->ids[i]), "n%u", i % 10000);
		f->nodes[i] = (struct conf_node){
			.node_id = f->ids[i],
			.host = "10.0.0.1",
			.port = (uint16_t)(8000 + i),
			.weight = 1,
			.max_concurrent = 4,
		};
		assert_int_equal(addr_from_ip(&f->nodes[i].addr, "10.0.0.1", f->nodes[i].port), 0);
	}
	f->conf = (struct conf_pool){
		.name = "pool",
		.nodes = f->nodes,
		.node_count = count,
		.balancing = {.strategy = strategy},
		.health = {.rise = 2, .fall = 3},
	};
}

/* A strategy and its view; everybody is allowed, without load, weight 1. */
struct view_fixture {
	const struct lb_strategy *strategy;
	void *self;
	struct conf_fixture conf;
	struct lb_load load[MEMBERS];
	uint64_t allowed[(MEMBERS + 63) / 64];
	struct lb_view view;
};

static inline void view_allow(struct view_fixture *f, uint32_t i, bool is_allowed)
{
	if (lb_is_allowed(&f->view, i) == is_allowed)
		return;
	f->allowed[i / 64] ^= UINT64_C(1) << (i % 64);
	f->view.allowed_count += is_allowed ? 1 : UINT32_MAX;
	f->view.epoch++;
}

static inline void view_make(struct view_fixture *f, const char *strategy, uint32_t count)
{
	memset(f, 0, sizeof(*f));
	conf_make(&f->conf, strategy, count);
	f->strategy = lb_strategy_find(strategy);
	assert_non_null(f->strategy);
	f->view = (struct lb_view){
		.load = f->load, .allowed = f->allowed, .count = count, .epoch = 1};
	for (uint32_t i = 0; i < count; i++) {
		f->load[i] = (struct lb_load){.weight = 1, .max_jobs = 4, .queue_len = -1};
		view_allow(f, i, true);
	}
}

/* When the weights are set. */
static inline void view_start(struct view_fixture *f)
{
	if (f->strategy->create != NULL)
		assert_int_equal(f->strategy->create(&f->self, &f->conf.conf, NULL), 0);
	if (f->strategy->rebuild != NULL)
		assert_int_equal(f->strategy->rebuild(f->self, &f->view), 0);
}

static inline void view_end(struct view_fixture *f)
{
	if (f->strategy->destroy != NULL)
		f->strategy->destroy(f->self);
}

static inline uint32_t view_pick_for(struct view_fixture *f, const struct lb_request *req)
{
	f->view.random = test_random();
	return f->strategy->pick(f->self, &f->view, req);
}

static inline uint32_t view_pick(struct view_fixture *f)
{
	return view_pick_for(f, &(struct lb_request){0});
}

/* As the pool does it: load[i] has changed. */
static inline void view_changed(struct view_fixture *f, uint32_t i)
{
	if (f->strategy->changed != NULL)
		f->strategy->changed(f->self, &f->view, i);
}

/* Picks with epoch 0, as after a try that failed, from a set made for this pick. */
static inline uint32_t view_pick_from(struct view_fixture *f, const uint64_t *set)
{
	struct lb_view whole = f->view;
	f->view.allowed = set;
	f->view.allowed_count = 0;
	for (uint32_t w = 0; w < (whole.count + 63) / 64; w++)
		f->view.allowed_count += (uint32_t)__builtin_popcountll(set[w]);
	f->view.epoch = 0;
	uint32_t i = view_pick(f);
	f->view = whole;
	return i;
}

#endif
