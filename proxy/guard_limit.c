/*
 * proxy/guard_limit.c - limit_req and limit_conn for an exchange: once, whatever redirects follow.
 */
#include "proxy/guard_parts.h"

#include "base/clock.h"
#include "proxy/value.h"
#include "proxy/web_log.h"

#include <stdlib.h>

struct guard_zones *guard_zones_create(const struct conf_zones *conf)
{
	uint32_t count = conf == NULL ? 0 : conf->zones.count;
	struct guard_zones *zones = calloc(1, sizeof(*zones) + count * sizeof(struct limit_zone *));
	if (zones == NULL)
		return NULL;
	for (; zones->count < count; zones->count++) {
		struct limit_zone *zone = limit_zone_take(conf->zones.items[zones->count]);
		if (zone == NULL) {
			guard_zones_destroy(zones);
			return NULL;
		}
		zones->zones[zones->count] = zone;
	}
	return zones;
}

void guard_zones_destroy(struct guard_zones *zones)
{
	if (zones == NULL)
		return;
	for (uint32_t i = 0; i < zones->count; i++)
		limit_zone_put(zones->zones[i]);
	free(zones);
}

/* A key that is too long to be kept limits nothing (nginx), which its administrator should hear. */
static bool is_short(
	struct exchange *x, const struct conf_zone *zone, struct slice key, size_t most)
{
	if (key.n <= most)
		return true;
	web_log(x, LOG_ERROR, 0, NULL,
		"the value of the \"%.*s\" key is more than %zu bytes: \"%.*s\"",
		(int)zone->key_text.n, zone->key_text.p, most, (int)min_size(key.n, 256), key.p);
	return false;
}

/* -- limit_req -- */

static bool fill(struct exchange *x, const struct conf_limits_used *used, struct limit_req *limits)
{
	const struct conf_zones *conf = x->generation->conf->web->zones;
	for (uint32_t i = 0; i < used->reqs.count; i++) {
		const struct conf_limit_req *one = &used->reqs.items[i];
		const struct conf_zone *zone = conf->zones.items[one->zone];
		limits[i] = (struct limit_req){
			.zone = x->generation->zones->zones[one->zone],
			.rate = zone->rate,
			.burst = one->burst,
			.delay = one->delay,
		};
		if (!web_value_kept(x, &zone->key, &limits[i].key))
			return false;
		if (!is_short(x, zone, limits[i].key, LIMIT_KEY_REQ))
			limits[i].key.n = 0;
	}
	return true;
}

static int refuse_req(struct exchange *x, struct guard *guard, const struct conf_limits_used *used,
	enum limit_verdict verdict, uint64_t excess, const char *zone)
{
	if (verdict == LIMIT_REFUSE)
		web_log(x, used->req_level, 0, NULL,
			"limiting requests%s, excess: %llu.%03llu by zone \"%s\"",
			used->is_req_dry ? ", dry run" : "", (unsigned long long)excess / 1000,
			(unsigned long long)excess % 1000, zone);
	else
		web_log(x, LOG_ALERT, 0, NULL, "could not allocate node in limit_req zone \"%s\"",
			zone);
	guard->req_word = used->is_req_dry ? GUARD_LIMIT_REJECTED_DRY : GUARD_LIMIT_REJECTED;
	return used->is_req_dry ? GUARD_OK : used->req_status;
}

static int delay_req(struct exchange *x, struct guard *guard, const struct conf_limits_used *used,
	uint64_t ms, uint64_t excess, const char *zone)
{
	web_log(x, used->delay_level, 0, NULL,
		"delaying request%s, excess: %llu.%03llu, by zone \"%s\"",
		used->is_req_dry ? ", dry run" : "", (unsigned long long)excess / 1000,
		(unsigned long long)excess % 1000, zone);
	guard->req_word = used->is_req_dry ? GUARD_LIMIT_DELAYED_DRY : GUARD_LIMIT_DELAYED;
	if (used->is_req_dry)
		return GUARD_OK;
	guard->is_delayed = true;
	guard->until_ms = clock_now_ms() + ms;
	exchange_wait(x, WAIT_GUARD, ms);
	return GUARD_WAIT;
}

static int limit_reqs(struct exchange *x, struct guard *guard, const struct conf_limits_used *used)
{
	uint64_t excess, ms;
	uint32_t which = 0;
	if (guard->req_word != GUARD_LIMIT_NONE || used->reqs.count == 0)
		return GUARD_OK;
	struct limit_req *limits = arena_take(&x->arena, used->reqs.count * sizeof(*limits));
	if (limits == NULL || !fill(x, used, limits))
		return GUARD_NO_MEMORY;
	enum limit_verdict verdict = limit_req_ask(
		limits, used->reqs.count, clock_now_ms(), &excess, &which, &ms);
	const struct conf_zones *conf = x->generation->conf->web->zones;
	const char *zone = conf->zones.items[used->reqs.items[which].zone]->name;
	switch (verdict) {
	case LIMIT_NONE:
		return GUARD_OK;
	case LIMIT_PASS:
		guard->req_word = GUARD_LIMIT_PASSED;
		return GUARD_OK;
	case LIMIT_DELAY:
		return delay_req(x, guard, used, ms, excess, zone);
	case LIMIT_REFUSE:
	case LIMIT_NO_ROOM:
		break;
	}
	return refuse_req(x, guard, used, verdict, excess, zone);
}

/* -- limit_conn -- */

void guard_give_held(struct guard *guard)
{
	while (guard->held_count != 0) {
		const struct guard_held *held = &guard->held[--guard->held_count];
		limit_conn_give(held->zone, held->node);
	}
}

static int refuse_conn(struct guard *guard, const struct conf_limits_used *used)
{
	guard_give_held(guard);
	guard->conn_word = used->is_conn_dry ? GUARD_LIMIT_REJECTED_DRY : GUARD_LIMIT_REJECTED;
	return used->is_conn_dry ? GUARD_OK : used->conn_status;
}

static int limit_conns(struct exchange *x, struct guard *guard, const struct conf_limits_used *used)
{
	const struct conf_zones *conf = x->generation->conf->web->zones;
	if (guard->conn_word != GUARD_LIMIT_NONE || used->conns.count == 0)
		return GUARD_OK;
	guard->held = arena_take(&x->arena, used->conns.count * sizeof(*guard->held));
	if (guard->held == NULL)
		return GUARD_NO_MEMORY;
	for (uint32_t i = 0; i < used->conns.count; i++) {
		const struct conf_limit_conn *one = &used->conns.items[i];
		const struct conf_zone *zone = conf->zones.items[one->zone];
		struct limit_zone *counts = x->generation->zones->zones[one->zone];
		struct slice key;
		bool no_room;
		if (!web_value_kept(x, &zone->key, &key))
			return GUARD_NO_MEMORY;
		if (key.n == 0 || !is_short(x, zone, key, LIMIT_KEY_CONN))
			continue;
		guard->conn_word = GUARD_LIMIT_PASSED;
		struct limit_node *node = limit_conn_take(counts, key, one->most, &no_room);
		if (node == NULL) {
			if (!no_room)
				web_log(x, used->conn_level, 0, NULL,
					"limiting connections%s by zone \"%s\"",
					used->is_conn_dry ? ", dry run," : "", zone->name);
			return refuse_conn(guard, used);
		}
		guard->held[guard->held_count++] = (struct guard_held){counts, node};
	}
	return GUARD_OK;
}

int guard_limits(struct exchange *x, struct guard *guard)
{
	const struct conf_limits_used *used = x->web->loc->limits;
	if (guard->is_delayed) {
		if (clock_now_ms() < guard->until_ms)
			return GUARD_WAIT;
		guard->is_delayed = false;
		deadline_clear(&x->deadline);
	}
	if (used == NULL)
		return GUARD_OK;
	int rc = limit_reqs(x, guard, used);
	return rc != GUARD_OK ? rc : limit_conns(x, guard, used);
}
