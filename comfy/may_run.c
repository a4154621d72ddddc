#include "comfy/may_run.h"

#include "base/clock.h"
#include "comfy/fleet_parts.h"
#include "comfy/needs.h"
#include "comfy/supply.h"

#include <stdlib.h>

#define KINDS_KEPT 16
#define EXCLUDED_US (UINT64_C(10) * 1000000) /* a worker where a job failed is tried again then */

static bool has_capability(const struct fleet_worker *worker, const char *capability)
{
	if (capability[0] == '\0')
		return true;
	if (worker->conf == NULL)
		return false;
	for (uint32_t i = 0; i < worker->conf->capability_count; i++)
		if (strcmp(worker->conf->capabilities[i], capability) == 0)
			return true;
	return false;
}

static bool is_excluded(const struct job *job, const struct fleet_worker *worker)
{
	/* A second opinion is never asked of the first. */
	if (job->refused_by == worker->index + 1)
		return true;
	if (job->excluded_us == 0 || clock_now_us - job->excluded_us > EXCLUDED_US)
		return false;
	for (size_t i = 0; i < COUNT_OF(job->excluded); i++)
		if (job->excluded[i] == worker->index + 1)
			return true;
	return false;
}

/* Most workers have the same classes: one answer for all of a kind. */
struct answers {
	uint64_t kinds[KINDS_KEPT];
	bool allows[KINDS_KEPT];
	size_t count;
};

static bool allows(
	struct answers *answers, const struct defs_worker *worker, const struct prompt_body *body)
{
	uint64_t kind = defs_worker_kind(worker);
	for (size_t i = 0; i < answers->count; i++)
		if (answers->kinds[i] == kind)
			return answers->allows[i];
	bool is_allowed = defs_worker_allows(worker, body);
	if (answers->count < KINDS_KEPT) {
		answers->kinds[answers->count] = kind;
		answers->allows[answers->count++] = is_allowed;
	}
	return is_allowed;
}

/* Lays the needs out once for all workers, whenever somebody's definitions changed. */
static void look_at_all(struct fleet *fleet, struct job *job, uint64_t epoch)
{
	struct prompt_body body;
	struct arena arena;
	struct answers answers = {.count = 0};
	if (job->allowed == NULL)
		job->allowed = malloc(sizeof(fleet->worker_bits));
	if (job->allowed == NULL)
		return;
	memset(job->allowed, 0xff, sizeof(fleet->worker_bits));
	arena_init(&arena, 4096);
	if (job->needs != NULL && needs_unpack(job->needs, &body, &arena)) {
		/* What nobody is known to have, one whose list is not known may have. */
		if (fleet_knows_all(fleet))
			defs_pass_unknown(fleet->defs, &body);
		list_each (node, &fleet->workers) {
			struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
			if (worker->index != UINT32_MAX && !allows(&answers, worker->defs, &body))
				job->allowed[worker->index / 64] &= ~(
					UINT64_C(1) << (worker->index % 64));
		}
		job->allowed_epoch = epoch;
	}
	arena_finish(&arena);
}

static bool has_what_it_needs(
	struct fleet *fleet, struct job *job, const struct fleet_worker *worker)
{
	/* A worker that came is in nobody's set yet. */
	uint64_t epoch = defs_allows_epoch(fleet->defs) + fleet->members_epoch + 1;
	if (worker->index == UINT32_MAX)
		return true;
	if (job->allowed == NULL || job->allowed_epoch != epoch)
		look_at_all(fleet, job, epoch);
	return job->allowed == NULL ||
	       (job->allowed[worker->index / 64] >> (worker->index % 64) & 1);
}

static struct fleet_tight *find_tight(struct fleet *fleet, uint64_t models)
{
	for (size_t i = 0; models != 0 && i < COUNT_OF(fleet->tight); i++)
		if (fleet->tight[i].models == models)
			return &fleet->tight[i];
	return NULL;
}

void may_run_learn_tight(struct fleet *fleet, const struct job *job, uint64_t vram)
{
	uint64_t models = job->sched.facts.models;
	struct fleet_tight *tight = find_tight(fleet, models);
	if (models == 0)
		return;
	if (tight == NULL) {
		tight = &fleet->tight[fleet->tight_next++ % COUNT_OF(fleet->tight)];
		*tight = (struct fleet_tight){.models = models};
	}
	if (vram > tight->vram)
		tight->vram = vram;
}

/* One that has less than is known to be too little, while another has more. */
static bool is_too_tight(struct fleet *fleet, struct job *job, const struct fleet_worker *worker)
{
	const struct fleet_tight *tight = find_tight(fleet, job->sched.facts.models);
	if (tight == NULL || worker->vram_total == 0 || worker->vram_total > tight->vram)
		return false;
	/* Where nobody has more, the size of this job may make the difference. */
	list_each (node, &fleet->workers) {
		const struct fleet_worker *other = CONTAINER_OF(node, struct fleet_worker, node);
		if (!other->is_leaving && other->vram_total > tight->vram)
			return true;
	}
	return false;
}

static bool fits(struct fleet *fleet, struct job *job, const struct fleet_worker *worker)
{
	return has_capability(worker, job->capability) &&
	       (job->vram_over == 0 || worker->vram_total == 0 ||
		       worker->vram_total > job->vram_over) &&
	       !is_too_tight(fleet, job, worker) && supply_allows(job->names, worker) &&
	       has_what_it_needs(fleet, job, worker);
}

static bool is_in_service(const struct fleet_worker *worker)
{
	return fleet_worker_is_up(worker) && !worker->backend->is_draining && !worker->is_leaving;
}

/* A backup is used only when no other worker can be. */
static bool has_regular_room(struct fleet *fleet, struct job *job)
{
	list_each (node, &fleet->workers) {
		struct fleet_worker *other = CONTAINER_OF(node, struct fleet_worker, node);
		if (other->conf != NULL && !other->conf->backup && fleet_worker_room(other) != 0 &&
			!is_excluded(job, other) && fits(fleet, job, other))
			return true;
	}
	return false;
}

bool may_run(void *arg, const struct sched_job *sched, const struct sched_worker *there)
{
	struct job *job = CONTAINER_OF(sched, struct job, sched);
	struct fleet_worker *worker = sched_worker_arg(there);
	/* One without room that goes is not to be waited for. */
	if (!is_in_service(worker) || is_excluded(job, worker) || !fits(arg, job, worker))
		return false;
	return worker->conf == NULL || !worker->conf->backup || !has_regular_room(arg, job);
}

bool may_run_elsewhere(struct fleet *fleet, struct job *job, const struct fleet_worker *worker)
{
	list_each (node, &fleet->workers) {
		struct fleet_worker *other = CONTAINER_OF(node, struct fleet_worker, node);
		if (other != worker && is_in_service(other) && fits(fleet, job, other))
			return true;
	}
	return false;
}

bool may_run_with_more_vram(struct fleet *fleet, struct job *job, uint64_t bytes)
{
	list_each (node, &fleet->workers) {
		struct fleet_worker *other = CONTAINER_OF(node, struct fleet_worker, node);
		if (is_in_service(other) && other->vram_total > bytes && fits(fleet, job, other))
			return true;
	}
	return false;
}

bool may_run_somewhere(struct fleet *fleet, struct job *job)
{
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		/* Not the one that refused it already. */
		if (!worker->is_leaving && job->refused_by != worker->index + 1 &&
			fits(fleet, job, worker))
			return true;
	}
	return false;
}

struct sched_worker *may_run_choose(void *arg, struct sched_worker *const *free, size_t count)
{
	struct fleet *fleet = arg;
	struct lb_pool *pool = fleet->pool;
	static const struct lb_keys no_keys;
	struct lb_request request = {.is_job = true, .client_ip = {"\0\0\0\0", 4}};
	uint64_t tried[COUNT_OF(fleet->worker_bits)];
	struct sched_worker *chosen = count != 0 ? free[0] : NULL;
	if (pool == NULL || pool->count > sizeof(tried) * 8)
		return chosen;
	memset(tried, 0xff, sizeof(tried));
	for (size_t i = 0; i < count; i++) {
		const struct fleet_worker *worker = sched_worker_arg(free[i]);
		list_each (node, &worker->backend->seats) {
			const struct lb_seat *seat = CONTAINER_OF(node, struct lb_seat, node);
			if (seat->pool == pool)
				tried[seat->index / 64] &= ~(UINT64_C(1) << (seat->index % 64));
		}
	}
	struct lb_pick pick = lb_pool_pick(pool, &request, &no_keys, tried);
	if (pick.seat == NULL)
		return chosen;
	/* The exchange that it stands for is the job's, and is counted by us. */
	struct lb_outcome outcome = {.result = LB_DONE_CLIENT_LEFT, .was_job = true, .why = ""};
	lb_pool_done(pool, pick.seat, &outcome);
	for (size_t i = 0; i < count; i++) {
		const struct fleet_worker *worker = sched_worker_arg(free[i]);
		if (worker->backend == pick.seat->backend)
			chosen = free[i];
	}
	return chosen;
}
