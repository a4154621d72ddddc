/*
 * admin/metrics_workers.c - pools and workers of the current generation.
 *
 * A worker that left its pool is not among them: another with its name may have
 * come, and a sample must be there once.
 */
#include "admin/metrics.h"

#include "base/arena.h"
#include "lb/pool.h"

#define OF(field) offsetof(struct backend, field)
#define OF_SEAT(field) offsetof(struct lb_seat, field)
#define OF_LOAD(field) offsetof(struct lb_load, field)
#define OF_POOL(field) offsetof(struct lb_pool, field)
#define OF_STICKY(field) offsetof(struct lb_sticky_stats, field)
#define WORKER "comfymux_worker_"
#define POOL "comfymux_pool_"

static const struct metric worker_metrics[] = {
	{WORKER "draining", "1 while it is given nothing new.", METRIC_GAUGE_BOOL, OF(is_draining),
		NULL},
	{WORKER "fitness", "Health as one integer: usable from `rise` on.", METRIC_GAUGE_I32,
		OF(fitness), NULL},
	{WORKER "in_flight", "Exchanges and tunnels that run there.", METRIC_GAUGE_U32,
		OF(in_flight), NULL},
	{WORKER "tunnels", "Of them tunnels.", METRIC_GAUGE_U32, OF(tunnels), NULL},
	{WORKER "queue_length", "Jobs that it reported last, -1 before it did.", METRIC_GAUGE_I32,
		OF(queue_len), NULL},
	{WORKER "idle_connections", "Kept connections to it.", METRIC_GAUGE_U32, OF(idle_count),
		NULL},
	{WORKER "busy_connections", "Connections to it in use.", METRIC_GAUGE_U32, OF(busy_count),
		NULL},
	{WORKER "vram_bytes", "Video memory by its own report.", METRIC_GAUGE_U64,
		OF(report.vram_total), "kind=\"total\""},
	{WORKER "vram_bytes", "", METRIC_GAUGE_U64, OF(report.vram_free), "kind=\"free\""},
	{WORKER "probe_seconds", "How long its last probe took.", METRIC_GAUGE_US,
		OF(probe.took_us), NULL},
	{WORKER "picks_total", "Exchanges given to it.", METRIC_COUNTER_U64, OF(stats.picks), NULL},
	{WORKER "outcomes_total", "How they ended.", METRIC_COUNTER_U64, OF(stats.requests_ok),
		"outcome=\"ok\""},
	{WORKER "outcomes_total", "", METRIC_COUNTER_U64, OF(stats.failures), "outcome=\"failed\""},
	{WORKER "outcomes_total", "", METRIC_COUNTER_U64, OF(stats.client_left),
		"outcome=\"client_left\""},
	{WORKER "outcomes_total", "", METRIC_COUNTER_U64, OF(stats.retries_away),
		"outcome=\"retried\""},
	{WORKER "responses_total", "Its answers by first digit of the status.", METRIC_COUNTER_U64,
		OF(stats.responses[1]), "class=\"1xx\""},
	{WORKER "responses_total", "", METRIC_COUNTER_U64, OF(stats.responses[2]), "class=\"2xx\""},
	{WORKER "responses_total", "", METRIC_COUNTER_U64, OF(stats.responses[3]), "class=\"3xx\""},
	{WORKER "responses_total", "", METRIC_COUNTER_U64, OF(stats.responses[4]), "class=\"4xx\""},
	{WORKER "responses_total", "", METRIC_COUNTER_U64, OF(stats.responses[5]), "class=\"5xx\""},
	{WORKER "connects_total", "Connections made to it.", METRIC_COUNTER_U64, OF(stats.connects),
		NULL},
	{WORKER "connect_failures_total", "Connections that could not be made.", METRIC_COUNTER_U64,
		OF(stats.connect_failures), NULL},
	{WORKER "connections_reused_total", "Exchanges on a kept connection.", METRIC_COUNTER_U64,
		OF(stats.reused), NULL},
	{WORKER "sent_bytes_total", "Bytes sent to it.", METRIC_COUNTER_U64, OF(stats.bytes_to),
		NULL},
	{WORKER "received_bytes_total", "Bytes received from it.", METRIC_COUNTER_U64,
		OF(stats.bytes_from), NULL},
	{WORKER "jobs_total", "Jobs that it answered.", METRIC_COUNTER_U64, OF(stats.jobs_accepted),
		"result=\"accepted\""},
	{WORKER "jobs_total", "", METRIC_COUNTER_U64, OF(stats.jobs_refused), "result=\"refused\""},
	{WORKER "probes_total", "Health probes.", METRIC_COUNTER_U64, OF(stats.probes_ok),
		"result=\"ok\""},
	{WORKER "probes_total", "", METRIC_COUNTER_U64, OF(stats.probes_failed),
		"result=\"failed\""},
	{WORKER "went_down_total", "Times that it went down.", METRIC_COUNTER_U64,
		OF(stats.went_down), NULL},
	{WORKER "first_byte_seconds", "Request sent to first byte of the answer.", METRIC_HISTOGRAM,
		OF(stats.first_byte), NULL},
	{WORKER "exchange_seconds", "Picked to answer complete, tunnels left out.",
		METRIC_HISTOGRAM, OF(stats.whole), NULL},
};

static const struct metric seat_metrics[] = {
	{WORKER "max_concurrent", "Jobs that it may have.", METRIC_GAUGE_U32, OF_SEAT(max_jobs),
		NULL},
	{WORKER "weight", "Its share.", METRIC_GAUGE_U32, OF_SEAT(weight), NULL},
};

static const struct metric load_metrics[] = {
	{WORKER "jobs", "Jobs there, its own queue and what is on its way.", METRIC_GAUGE_U32,
		OF_LOAD(jobs), NULL},
};

static const struct metric pool_metrics[] = {
	{POOL "workers", "Members.", METRIC_GAUGE_U32, OF_POOL(count), NULL},
	{POOL "picks_total", "Exchanges given to a worker.", METRIC_COUNTER_U64,
		OF_POOL(stats.picks), NULL},
	{POOL "no_worker_total", "Exchanges for which none was eligible.", METRIC_COUNTER_U64,
		OF_POOL(stats.none), NULL},
	{POOL "sticky_hits_total", "Exchanges that followed a sticky key.", METRIC_COUNTER_U64,
		OF_POOL(stats.sticky_hits), NULL},
	{POOL "sticky_moves_total", "Sticky keys whose worker could not be used.",
		METRIC_COUNTER_U64, OF_POOL(stats.sticky_moves), NULL},
};

static const struct metric sticky_metrics[] = {
	{POOL "sticky_entries", "Keys in the table.", METRIC_GAUGE_U32, OF_STICKY(entries), NULL},
	{POOL "sticky_misses_total", "Look-ups of unknown keys.", METRIC_COUNTER_U64,
		OF_STICKY(misses), NULL},
	{POOL "sticky_dropped_total", "Keys forgotten.", METRIC_COUNTER_U64, OF_STICKY(evicted),
		"why=\"full\""},
	{POOL "sticky_dropped_total", "", METRIC_COUNTER_U64, OF_STICKY(expired), "why=\"old\""},
};

/* What the tables are applied to, [count] each; the labels live in the arena. */
struct rows {
	struct arena arena;
	struct metric_object *backends, *seats, *loads; /* in the arena */
	size_t count;
};

/* pool="gpu",worker="a"; `worker` may be NULL. p == NULL: no memory. */
static struct slice make_labels(struct arena *arena, const char *pool, const char *worker)
{
	struct slice labels = {NULL, 0};
	struct text text;
	text_init(&text, 0);
	text_puts(&text, "pool=");
	text_label(&text, pool);
	if (worker != NULL) {
		text_puts(&text, ",worker=");
		text_label(&text, worker);
	}
	if (!text.is_short)
		labels = (struct slice){arena_copy(arena, text.p, text.n), text.n};
	text_finish(&text);
	return labels;
}

static bool rows_fill(struct rows *rows, const struct generation *generation)
{
	for (uint32_t i = 0; i < generation->conf->pool_count; i++)
		rows->count += generation->pools[i]->count;
	rows->backends = arena_zero(&rows->arena, 3 * rows->count * sizeof(*rows->backends));
	if (rows->backends == NULL)
		return false;
	rows->seats = rows->backends + rows->count;
	rows->loads = rows->seats + rows->count;
	size_t row = 0;
	for (uint32_t i = 0; i < generation->conf->pool_count; i++) {
		const struct lb_pool *pool = generation->pools[i];
		for (uint32_t k = 0; k < pool->count; k++, row++) {
			const struct backend *backend = pool->seats[k].backend;
			struct slice labels = make_labels(
				&rows->arena, pool->conf->name, backend->id);
			if (labels.p == NULL)
				return false;
			rows->backends[row] = (struct metric_object){backend, labels};
			rows->seats[row] = (struct metric_object){&pool->seats[k], labels};
			rows->loads[row] = (struct metric_object){&pool->load[k], labels};
		}
	}
	return true;
}

static void put_states(struct text *text, const struct rows *rows)
{
	static const char *const labels[BACKEND_STATES] = {
		[BACKEND_UP] = "state=\"up\"",
		[BACKEND_BUSY] = "state=\"busy\"",
		[BACKEND_DOWN] = "state=\"down\"",
	};
	metrics_family(text, WORKER "state", "gauge", "1 for the state it is in.");
	for (size_t i = 0; i < rows->count; i++) {
		const struct backend *backend = rows->backends[i].base;
		for (int state = 0; state < BACKEND_STATES; state++)
			metrics_sample(text, WORKER "state", rows->backends[i].labels,
				labels[state], (int)backend->state == state);
	}
}

void metrics_workers(struct text *text, const struct generation *generation)
{
	struct rows rows = {0};
	arena_init(&rows.arena, 65536);
	if (rows_fill(&rows, generation)) {
		put_states(text, &rows);
		metrics_table(
			text, worker_metrics, COUNT_OF(worker_metrics), rows.backends, rows.count);
		metrics_table(text, seat_metrics, COUNT_OF(seat_metrics), rows.seats, rows.count);
		metrics_table(text, load_metrics, COUNT_OF(load_metrics), rows.loads, rows.count);
	} else {
		text->is_short = true;
	}
	arena_finish(&rows.arena);
}

static uint32_t eligible_count(const struct lb_pool *pool)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < pool->count; i++)
		count += lb_is_eligible(pool->seats[i].backend);
	return count;
}

static void put_eligible(struct text *text, const struct metric_object *pools, uint32_t count)
{
	metrics_family(text, POOL "eligible", "gauge", "Members that may be given something.");
	for (uint32_t i = 0; i < count; i++)
		metrics_sample(text, POOL "eligible", pools[i].labels, NULL,
			eligible_count(pools[i].base));
}

static void put_strategies(struct text *text, const struct metric_object *pools, uint32_t count)
{
	metrics_family(text, POOL "info", "gauge", "Always 1; its strategy is in the label.");
	for (uint32_t i = 0; i < count; i++) {
		const struct lb_pool *pool = pools[i].base;
		struct text label;
		text_init(&label, 0);
		text_puts(&label, "strategy=");
		text_label(&label, pool->strategy->name);
		text_put(&label, "", 1);
		if (!label.is_short)
			metrics_sample(text, POOL "info", pools[i].labels, label.p, 1);
		text_finish(&label);
	}
}

void metrics_pools(struct text *text, const struct generation *generation)
{
	uint32_t count = generation->conf->pool_count;
	uint32_t sticky_count = 0;
	struct arena arena;
	arena_init(&arena, 16384);
	struct metric_object *pools = arena_zero(&arena, 2 * sizeof(*pools) * count);
	struct metric_object *stickies = pools == NULL ? NULL : pools + count;
	for (uint32_t i = 0; i < count && pools != NULL; i++) {
		const struct lb_pool *pool = generation->pools[i];
		struct slice labels = make_labels(&arena, pool->conf->name, NULL);
		pools[i] = (struct metric_object){pool, labels};
		if (pool->sticky != NULL)
			stickies[sticky_count++] = (struct metric_object){
				lb_sticky_stats(pool->sticky), labels};
		text->is_short |= labels.p == NULL;
	}
	text->is_short |= pools == NULL;
	if (!text->is_short) {
		put_strategies(text, pools, count);
		put_eligible(text, pools, count);
		metrics_table(text, pool_metrics, COUNT_OF(pool_metrics), pools, count);
		metrics_table(
			text, sticky_metrics, COUNT_OF(sticky_metrics), stickies, sticky_count);
	}
	arena_finish(&arena);
}
