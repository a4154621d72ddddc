/*
 * admin/nodes_json.c - {"nodes":[{...}],"leaving":[{...}]}
 *
 * One flat object per worker: what the configuration says, then what it is doing.
 */
#include "admin/json_pages.h"

static void put_config(struct text *text, const struct conf_node *node)
{
	text_key_string(text, "host", node->host);
	text_key_u64(text, "port", node->port);
	text_key_u64(text, "weight", node->weight);
	text_key_u64(text, "max_concurrent", node->max_concurrent);
	text_key_bool(text, "backup", node->backup);
	text_key_bool(text, "drain", node->drain);
	text_key(text, "capabilities");
	text_puts(text, "[");
	for (uint32_t i = 0; i < node->capability_count; i++) {
		text_item(text);
		text_json(text, node->capabilities[i]);
	}
	text_puts(text, "]");
	text_key(text, "metadata");
	text_puts(text, "{");
	text_key_string(text, "location", node->metadata.location);
	text_key_string(text, "gpu_model", node->metadata.gpu_model);
	text_key_i64(text, "priority", node->metadata.priority);
	text_key_string(text, "description", node->metadata.description);
	text_puts(text, "}");
}

static void put_probe(struct text *text, const struct backend_probe *probe)
{
	text_key(text, "last_probe");
	if (probe->at_wall_us == 0) {
		text_puts(text, "null");
		return;
	}
	text_puts(text, "{");
	text_key_time(text, "at", probe->at_wall_us);
	text_key_bool(text, "ok", probe->was_ok);
	text_key(text, "seconds");
	text_seconds(text, probe->took_us);
	text_key_string(text, "result", probe->text);
	text_puts(text, "}");
}

/* null until the worker told. */
static void put_known(struct text *text, const char *key, bool is_known, uint64_t value)
{
	text_key(text, key);
	if (is_known)
		text_u64(text, value);
	else
		text_puts(text, "null");
}

static void put_state(struct text *text, const struct backend *backend)
{
	const struct backend_report *report = &backend->report;
	text_key_string(text, "address", backend->addr_text);
	text_key_string(text, "state", lb_backend_state_name(backend));
	text_key_time(text, "since", backend->state_since_wall_us);
	text_key_string(text, "why", backend->why);
	text_key_bool(text, "draining", backend->is_draining);
	text_key_i64(text, "fitness", backend->fitness);
	put_known(text, "queue", backend->queue_len >= 0, (uint64_t)backend->queue_len);
	text_key_u64(text, "in_flight", backend->in_flight);
	text_key_u64(text, "tunnels", backend->tunnels);
	put_known(text, "vram_total", report->vram_total != 0, report->vram_total);
	put_known(text, "vram_free", report->vram_total != 0, report->vram_free);
	put_known(text, "ram_total", report->ram_total != 0, report->ram_total);
	put_known(text, "ram_free", report->ram_total != 0, report->ram_free);
	text_key_string(text, "version", report->version);
	text_key_string(text, "device", report->device);
	put_probe(text, &backend->probe);
}

static void put_counters(struct text *text, const struct backend_stats *stats)
{
	static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
	text_key(text, "counters");
	text_puts(text, "{");
	text_key_u64(text, "picks", stats->picks);
	text_key_u64(text, "ok", stats->requests_ok);
	text_key_u64(text, "failed", stats->failures);
	text_key_u64(text, "client_left", stats->client_left);
	text_key_u64(text, "retried", stats->retries_away);
	text_key(text, "responses");
	text_puts(text, "{");
	for (size_t i = 0; i < COUNT_OF(classes); i++)
		text_key_u64(text, classes[i], stats->responses[i + 1]);
	text_puts(text, "}");
	text_key_u64(text, "connects", stats->connects);
	text_key_u64(text, "connect_failures", stats->connect_failures);
	text_key_u64(text, "connections_reused", stats->reused);
	text_key_u64(text, "bytes_sent", stats->bytes_to);
	text_key_u64(text, "bytes_received", stats->bytes_from);
	text_key_u64(text, "jobs_accepted", stats->jobs_accepted);
	text_key_u64(text, "jobs_refused", stats->jobs_refused);
	text_key_u64(text, "probes_ok", stats->probes_ok);
	text_key_u64(text, "probes_failed", stats->probes_failed);
	text_key_u64(text, "went_down", stats->went_down);
	text_puts(text, "}");
}

static void put_pool(struct text *text, const struct lb_pool *pool, bool has_counters)
{
	for (uint32_t i = 0; i < pool->count; i++) {
		const struct backend *backend = pool->seats[i].backend;
		text_item(text);
		text_puts(text, "{");
		text_key_string(text, "pool", pool->conf->name);
		text_key_string(text, "node_id", backend->id);
		put_config(text, &pool->conf->nodes[i]);
		put_state(text, backend);
		text_key_u64(text, "jobs", pool->load[i].jobs);
		if (has_counters)
			put_counters(text, &backend->stats);
		text_puts(text, "}");
	}
}

static bool is_member(const struct generation *generation, const struct backend *backend)
{
	for (uint32_t i = 0; i < generation->conf->pool_count; i++) {
		const struct lb_pool *pool = generation->pools[i];
		if (strcmp(pool->conf->name, backend->pool) != 0)
			continue;
		list_each (node, &backend->seats) {
			if (CONTAINER_OF(node, struct lb_seat, node)->pool == pool)
				return true;
		}
	}
	return false;
}

/* Those that left the configuration and still run something. */
static void put_leaving(struct text *text, const struct generation *generation)
{
	list_each (node, lb_backends()) {
		const struct backend *backend = CONTAINER_OF(node, struct backend, registered);
		/* One that a reload in progress has made is no member yet, and not draining. */
		if (!backend->is_draining || is_member(generation, backend))
			continue;
		text_item(text);
		text_puts(text, "{");
		text_key_string(text, "pool", backend->pool);
		text_key_string(text, "node_id", backend->id);
		put_state(text, backend);
		text_puts(text, "}");
	}
}

void nodes_json(struct text *text, const struct generation *generation, bool has_counters)
{
	text_puts(text, "{\"nodes\":[");
	for (uint32_t i = 0; generation != NULL && i < generation->conf->pool_count; i++)
		put_pool(text, generation->pools[i], has_counters);
	text_puts(text, "],\"leaving\":[");
	if (generation != NULL)
		put_leaving(text, generation);
	text_puts(text, "]}\n");
}
