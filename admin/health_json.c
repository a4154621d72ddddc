#include "admin/json_pages.h"

#include "base/clock.h"

/* Draining is somebody's wish and no failure. */
static bool is_out(const struct backend *backend)
{
	return backend->state == BACKEND_DOWN && !backend->is_draining;
}

static uint32_t count_eligible(const struct lb_pool *pool)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < pool->count; i++)
		count += lb_is_eligible(pool->seats[i].backend);
	return count;
}

static void judge(const struct generation *generation, bool *ret_is_served, bool *ret_is_whole)
{
	*ret_is_served = generation != NULL;
	*ret_is_whole = true;
	for (uint32_t i = 0; generation != NULL && i < generation->conf->pool_count; i++) {
		const struct lb_pool *pool = generation->pools[i];
		if (!lb_pool_is_available(pool))
			*ret_is_served = false;
		for (uint32_t k = 0; k < pool->count; k++) {
			if (is_out(pool->seats[k].backend))
				*ret_is_whole = false;
		}
	}
}

static void put_pools(struct text *text, const struct generation *generation)
{
	text_key(text, "pools");
	text_puts(text, "[");
	for (uint32_t i = 0; generation != NULL && i < generation->conf->pool_count; i++) {
		const struct lb_pool *pool = generation->pools[i];
		text_item(text);
		text_puts(text, "{");
		text_key_string(text, "name", pool->conf->name);
		text_key_u64(text, "eligible", count_eligible(pool));
		text_key_u64(text, "total", pool->count);
		text_puts(text, "}");
	}
	text_puts(text, "]");
}

static void put_reload(struct text *text, const struct reload_status *status)
{
	text_key(text, "reload");
	text_puts(text, "{");
	text_key_time(text, "last_ok", status->last_ok_wall_us);
	text_key_time(text, "last_failed", status->last_failed_wall_us);
	text_key_string(text, "last_error", status->last_error);
	text_key_u64(text, "ok_count", status->ok_count);
	text_key_u64(text, "failed_count", status->failed_count);
	text_puts(text, "}");
}

bool health_json(
	struct text *text, const struct generation *generation, const struct reload_status *status)
{
	bool is_served;
	bool is_whole;
	uint64_t now_us = clock_wall_us();

	judge(generation, &is_served, &is_whole);
	text_puts(text, "{");
	text_key_string(text, "status", !is_served ? "down" : is_whole ? "ok" : "degraded");
	put_pools(text, generation);
	put_reload(text, status);
	text_key_u64(text, "generation", generation == NULL ? 0 : generation->number);
	text_key_string(text, "version", COMFYMUX_VERSION);
	text_key(text, "uptime");
	text_seconds(text, now_us > status->started_wall_us ? now_us - status->started_wall_us : 0);
	text_puts(text, "}\n");
	return is_served;
}
