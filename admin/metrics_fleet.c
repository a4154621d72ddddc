/*
 * admin/metrics_fleet.c - the pools that are one ComfyUI each (comfy/fleet.h): jobs, and what the
 * clients' and the workers' WebSockets carry.
 */
#include "admin/metrics.h"

#include "comfy/fleet.h"
#include "comfy/home.h"
#include "comfy/supply.h"

#include <stdio.h>

#define OF(field) offsetof(struct fleet_stats, field)
#define OF_OWNER(field) offsetof(struct owner_stats, field)
#define OF_JOURNAL(field) offsetof(struct journal_stats, field)
#define OF_SPOOL(field) offsetof(struct spool_stats, field)
#define OF_SUPPLY(field) offsetof(struct supply_stats, field)
#define OF_HOME(field) offsetof(struct home_stats, field)
#define FLEET "comfymux_fleet_"
#define FLEETS_MOST 32 /* further ones are not shown */

static const struct metric fleet_metrics[] = {
	{FLEET "prompts_total", "Prompts that came.", METRIC_COUNTER_U64, OF(submitted), NULL},
	{FLEET "prompts_refused_total", "Of them refused, by a worker or here.", METRIC_COUNTER_U64,
		OF(refused), NULL},
	{FLEET "queue_limit_total", "Of them because max_queue jobs waited.", METRIC_COUNTER_U64,
		OF(queue_limit), NULL},
	{FLEET "placed_total", "Jobs that a worker accepted.", METRIC_COUNTER_U64, OF(placed),
		NULL},
	{FLEET "place_retries_total", "Placements that failed and were made elsewhere.",
		METRIC_COUNTER_U64, OF(retried), NULL},
	{FLEET "jobs_ended_total", "Jobs that ended.", METRIC_COUNTER_U64, OF(done),
		"state=\"done\""},
	{FLEET "jobs_ended_total", "", METRIC_COUNTER_U64, OF(failed), "state=\"failed\""},
	{FLEET "jobs_ended_total", "", METRIC_COUNTER_U64, OF(cancelled), "state=\"cancelled\""},
	{FLEET "jobs_ended_total", "", METRIC_COUNTER_U64, OF(lost), "state=\"lost\""},
	{FLEET "jobs_rerun_total", "Jobs begun once more because their worker was lost.",
		METRIC_COUNTER_U64, OF(rerun), NULL},
	{FLEET "jobs_moved_total", "Jobs taken out of a worker's queue.", METRIC_COUNTER_U64,
		OF(moved), NULL},
	{FLEET "jobs_oom_retried_total", "Jobs tried on a worker with more memory.",
		METRIC_COUNTER_U64, OF(oom_retried), NULL},
	{FLEET "links_lost_total", "Jobs whose WebSocket to the worker broke.", METRIC_COUNTER_U64,
		OF(reconciled), NULL},
	{FLEET "polls_total", "Questions about jobs whose events do not come.", METRIC_COUNTER_U64,
		OF(polls), NULL},
};

static const struct metric owner_metrics[] = {
	{FLEET "pages", "WebSockets of clients.", METRIC_GAUGE_U64, OF_OWNER(pages), NULL},
	{FLEET "links", "WebSockets to workers.", METRIC_GAUGE_U64, OF_OWNER(links), NULL},
	{FLEET "frames_total", "WebSocket messages.", METRIC_COUNTER_U64,
		OF_OWNER(frames_from_workers), "side=\"workers\""},
	{FLEET "frames_total", "", METRIC_COUNTER_U64, OF_OWNER(frames_to_clients),
		"side=\"clients\""},
	{FLEET "frames_replaced_total", "Progress and previews that a newer one took the place of.",
		METRIC_COUNTER_U64, OF_OWNER(frames_replaced), NULL},
	{FLEET "frames_foreign_total", "Broadcasts that belong to others.", METRIC_COUNTER_U64,
		OF_OWNER(foreign_dropped), NULL},
	{FLEET "slow_clients_closed_total", "Clients closed because page_buffer was full.",
		METRIC_COUNTER_U64, OF_OWNER(slow_closed), NULL},
};

static const struct metric supply_metrics[] = {
	{FLEET "upload_copies_total", "Uploaded files copied to workers.", METRIC_COUNTER_U64,
		OF_SUPPLY(copies), NULL},
	{FLEET "upload_copy_failures_total", "Copies that failed.", METRIC_COUNTER_U64,
		OF_SUPPLY(failures), NULL},
	{FLEET "upload_copy_bytes_total", "Bytes of copies.", METRIC_COUNTER_U64, OF_SUPPLY(bytes),
		NULL},
};

static const struct metric home_metrics[] = {
	{FLEET "user_writes_total", "Writes of users' files and settings.", METRIC_COUNTER_U64,
		OF_HOME(writes), NULL},
	{FLEET "user_copies_total", "Copies of them at other workers.", METRIC_COUNTER_U64,
		OF_HOME(copies), NULL},
	{FLEET "user_copy_failures_total", "Copies that failed.", METRIC_COUNTER_U64,
		OF_HOME(failures), NULL},
	{FLEET "user_copies_dropped_total", "Copies given up, because too many waited.",
		METRIC_COUNTER_U64, OF_HOME(dropped), NULL},
};

static const struct metric spool_metrics[] = {
	{FLEET "spool_files", "Uploaded files that are kept.", METRIC_GAUGE_U64, OF_SPOOL(files),
		NULL},
	{FLEET "spool_bytes", "What they take.", METRIC_GAUGE_U64, OF_SPOOL(bytes), NULL},
	{FLEET "spool_dropped_total", "Files dropped because of spool_bytes.", METRIC_COUNTER_U64,
		OF_SPOOL(dropped), NULL},
};

static const struct metric journal_metrics[] = {
	{FLEET "journal_commits_total", "Transactions.", METRIC_COUNTER_U64, OF_JOURNAL(commits),
		NULL},
	{FLEET "journal_failures_total", "Transactions that failed.", METRIC_COUNTER_U64,
		OF_JOURNAL(failures), NULL},
	{FLEET "journal_restarts_total", "Times its process was started again.", METRIC_COUNTER_U64,
		OF_JOURNAL(restarts), NULL},
	{FLEET "journal_waiting_bytes", "Bytes that are not written yet.", METRIC_GAUGE_U64,
		OF_JOURNAL(waiting_bytes), NULL},
	{FLEET "journal_commit_seconds", "How long the last transaction took.", METRIC_GAUGE_US,
		OF_JOURNAL(last_commit_us), NULL},
};

/* Every fleet, so that each family is there once. */
struct fleets {
	const struct fleet *fleet[FLEETS_MOST];
	struct text labels[FLEETS_MOST];
	size_t count;
};

static void put(struct text *text, const struct metric *table, size_t count, const void *base)
{
	struct slice none = {"", 0};
	metrics_table(text, table, count, &(struct metric_object){base, none}, 1);
}

static void put_each(struct text *text, const struct metric *table, size_t count,
	const struct fleets *fleets, const void *(*base_of)(const struct fleet *fleet))
{
	struct metric_object objects[FLEETS_MOST];
	size_t n = 0;
	for (size_t i = 0; i < fleets->count; i++) {
		const void *base = base_of(fleets->fleet[i]);
		if (base != NULL)
			objects[n++] = (struct metric_object){
				base, {fleets->labels[i].p, fleets->labels[i].n}};
	}
	if (n != 0)
		metrics_table(text, table, count, objects, n);
}

static const void *stats_of(const struct fleet *fleet)
{
	return &fleet->stats;
}

static const void *spool_of(const struct fleet *fleet)
{
	return fleet->spool == NULL ? NULL : spool_stats(fleet->spool);
}

static const void *journal_of(const struct fleet *fleet)
{
	return fleet->journal == NULL ? NULL : journal_stats(fleet->journal);
}

static void put_jobs(struct text *text, const struct fleets *fleets)
{
	metrics_family(text, FLEET "jobs", "gauge", "Jobs by state.");
	for (size_t i = 0; i < fleets->count; i++) {
		struct slice labels = {fleets->labels[i].p, fleets->labels[i].n};
		for (int state = 0; state < JOB_STATES; state++) {
			char label[32];
			(void)snprintf(label, sizeof(label), "state=\"%s\"",
				job_state_name((enum job_state)state));
			metrics_sample(text, FLEET "jobs", labels, label,
				jobs_count(fleets->fleet[i]->jobs, (enum job_state)state));
		}
	}
}

static void gather(struct fleets *fleets)
{
	fleets->count = 0;
	list_each (node, fleets_all()) {
		struct text *labels = &fleets->labels[fleets->count];
		if (fleets->count == FLEETS_MOST)
			return;
		fleets->fleet[fleets->count] = CONTAINER_OF(node, struct fleet, node);
		text_init(labels, 256);
		text_puts(labels, "pool=");
		text_label(labels, fleets->fleet[fleets->count]->name);
		fleets->count++;
	}
}

void metrics_fleets(struct text *text)
{
	struct fleets fleets;
	gather(&fleets);
	if (fleets.count == 0)
		return;
	put(text, owner_metrics, COUNT_OF(owner_metrics), &owner_stats);
	put(text, supply_metrics, COUNT_OF(supply_metrics), &supply_stats);
	put(text, home_metrics, COUNT_OF(home_metrics), &home_stats);
	put_each(text, fleet_metrics, COUNT_OF(fleet_metrics), &fleets, stats_of);
	put_each(text, spool_metrics, COUNT_OF(spool_metrics), &fleets, spool_of);
	put_each(text, journal_metrics, COUNT_OF(journal_metrics), &fleets, journal_of);
	put_jobs(text, &fleets);
	for (size_t i = 0; i < fleets.count; i++)
		text_finish(&fleets.labels[i]);
}
