/*
 * bench/pick.c - how many workers can be picked in a second?
 *
 *   pick [SECONDS] [STRATEGY]     CPU seconds for each figure, default 0.5; that strategy alone
 *
 * Each pick goes through lb_pool_pick and lb_pool_done, with all the counting there is. "at once":
 * a job is done before the next is picked. "32 open": it is done after 31 further ones; that is as
 * much as 8 workers can take, so who has room changes with nearly every pick, which is the worst
 * case. Requests take turns through 4,096 client addresses and keys. Stickiness is off; a last line
 * shows it alone: every request carries a cookie that is known.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "lb/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS 4096u
#define OPEN_MOST 32u
#define BATCH 4096u

static const char *const strategies[] = {"round_robin", "least_loaded", "ip_hash", "least_conn",
	"weighted", "priority_based", "hash", "random_two", "least_time"};
static const uint32_t sizes[] = {8, 1000};

static struct lb_request requests[REQUESTS];
static unsigned char addresses[REQUESTS][4];
static char cookies[REQUESTS][33];

static void stop(const char *why)
{
	(void)fprintf(stderr, "pick: %s\n", why);
	_exit(1);
}

static double cpu_seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_requests(void)
{
	for (uint32_t i = 0; i < REQUESTS; i++) {
		uint64_t word = random_word();
		memcpy(addresses[i], &word, sizeof(addresses[i]));
		requests[i] = (struct lb_request){
			.client_ip = {(const char *)addresses[i], sizeof(addresses[i])},
			.key_hash = random_word(),
			.has_key = true,
			.is_job = true,
		};
		(void)snprintf(cookies[i], sizeof(cookies[i]), "%016llx%016llx",
			(unsigned long long)random_word(), (unsigned long long)random_word());
	}
}

static struct lb_pool *make_pool(
	struct conf_pool *conf, uint32_t count, const char *strategy, uint32_t key_count)
{
	static char ids[1000][24];
	static struct conf_node nodes[1000];
	struct lb_pool *pool;
	struct err err;
	for (uint32_t i = 0; i < count; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "worker-%u", i);
		nodes[i] = (struct conf_node){
			.node_id = ids[i],
			.host = "127.0.0.1",
			.port = (uint16_t)(8000 + i),
			.max_concurrent = 4,
			.weight = 1 + i % 3,
			.metadata = {.priority = (int32_t)(i % 2)},
		};
		if (addr_from_ip(&nodes[i].addr, nodes[i].host, nodes[i].port) != 0)
			stop("no address");
	}
	*conf = (struct conf_pool){
		.name = "bench",
		.nodes = nodes,
		.node_count = count,
		.balancing = {.strategy = strategy,
			.sticky = {.keys = {CONF_KEY_COOKIE},
				.key_count = key_count,
				.max_entries = 100000}},
		.health = {.rise = 2, .fall = 3},
	};
	if (lb_pool_create(&pool, conf, &err) != 0)
		stop(err.text);
	lb_pool_activate(pool);
	return pool;
}

static void end_one(struct lb_pool *pool, struct lb_seat *seat, uint32_t i)
{
	const struct lb_outcome outcome = {
		.result = LB_DONE_OK,
		.was_job = true,
		.first_byte_us = 400 + i % 256,
		.took_us = 1500,
	};
	lb_pool_done(pool, seat, &outcome);
}

/* open: a power of two. */
static void run_batch(struct lb_pool *pool, uint32_t open, const struct lb_keys *keys)
{
	struct lb_seat *running[OPEN_MOST] = {0};
	for (uint32_t i = 0; i < BATCH; i++) {
		struct lb_seat **slot = &running[i & (open - 1)];
		if (*slot != NULL)
			end_one(pool, *slot, i);
		struct lb_pick pick = lb_pool_pick(pool, &requests[i % REQUESTS],
			keys == NULL ? NULL : &keys[i % REQUESTS], NULL);
		if (pick.seat == NULL)
			stop("nobody was picked");
		*slot = pick.seat;
		/* One at once: it ends before anybody else is looked for. */
		if (open == 1) {
			end_one(pool, *slot, i);
			*slot = NULL;
		}
	}
	for (uint32_t i = 0; i < open; i++) {
		if (running[i] != NULL)
			end_one(pool, running[i], i);
	}
}

/* Millions of picks in a second of CPU. */
static double measure(
	struct lb_pool *pool, uint32_t open, const struct lb_keys *keys, double seconds)
{
	uint64_t picks = 0;
	run_batch(pool, open, keys);
	double began = cpu_seconds(), took;
	do {
		(void)clock_tick();
		run_batch(pool, open, keys);
		picks += BATCH;
		took = cpu_seconds() - began;
	} while (took < seconds);
	return (double)picks / took / 1e6;
}

static void measure_strategies(double seconds, const char *only)
{
	struct conf_pool conf;
	(void)printf("%-16s %8s %12s %12s   million picks/s\n", "strategy", "workers", "at once",
		"32 open");
	for (size_t s = 0; s < COUNT_OF(strategies); s++) {
		if (only != NULL && strcmp(only, strategies[s]) != 0)
			continue;
		for (size_t k = 0; k < COUNT_OF(sizes); k++) {
			struct lb_pool *pool = make_pool(&conf, sizes[k], strategies[s], 0);
			double at_once = measure(pool, 1, NULL, seconds);
			double open = measure(pool, OPEN_MOST, NULL, seconds);
			(void)printf("%-16s %8u %12.2f %12.2f\n", strategies[s], sizes[k], at_once,
				open);
			(void)fflush(stdout);
			lb_pool_destroy(pool);
		}
	}
}

static void measure_stickiness(double seconds)
{
	static struct lb_keys keys[REQUESTS];
	struct conf_pool conf;
	for (uint32_t i = 0; i < REQUESTS; i++)
		keys[i].value[CONF_KEY_COOKIE] = slice_of(cookies[i]);
	struct lb_pool *pool = make_pool(&conf, 8, "least_loaded", 1);
	(void)printf("%-16s %8u %12.2f\n", "known cookie", 8u, measure(pool, 1, keys, seconds));
	lb_pool_destroy(pool);
}

/* The whole of a table's growth, and the worst single insert: growing must not stall the loop. */
static void measure_growth(uint32_t entries)
{
	const struct conf_sticky conf = {.max_entries = entries};
	struct lb_sticky *sticky = lb_sticky_get("growth", &conf);
	if (sticky == NULL)
		stop("out of memory");
	double began = cpu_seconds(), last = began, worst = 0;
	for (uint32_t i = 0; i < entries; i++) {
		lb_sticky_learn(sticky, random_word(), 1 + i % 8, 1);
		if (i % 64 == 63) {
			double now = cpu_seconds();
			worst = now - last > worst ? now - last : worst;
			last = now;
		}
	}
	(void)printf("%u sticky entries learned in %.2f ms, the worst 64 in a row in %.3f ms\n",
		entries, (cpu_seconds() - began) * 1e3, worst * 1e3);
	lb_sticky_unref(sticky);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.5;
	(void)clock_tick();
	if (hash_start() != 0)
		stop("no randomness");
	make_requests();
	measure_strategies(seconds, argc > 2 ? argv[2] : NULL);
	if (argc > 2)
		return 0;
	measure_stickiness(seconds);
	measure_growth(100000);
	return 0;
}
