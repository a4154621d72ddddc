/*
 * comfy/recover.c - the journal: what is written of each job, and what becomes at start of those
 * that had not ended.
 *
 *   was never placed     into the line
 *   was placed           its worker is asked; if it does not know the job, into the line
 *   carried secrets      those were never written: it fails, unless its worker has it
 */
#include "comfy/fleet_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

static const char secrets_gone[] =
	"This job carried credentials (auth_token_comfy_org or api_key_comfy_org), which are never "
	"written to disk. It cannot be run after a restart of the proxy; please queue it again.";

/* A prompt's body from what is kept of it, without secrets. */
static struct blob *body_without_secrets(const struct job *job)
{
	struct prompt_body body;
	struct arena arena;
	struct blob *made = NULL;
	if (submit_prompt(job) != NULL)
		return prompt_body_for_journal(submit_prompt(job), blob_slice(job->extra));
	arena_init(&arena, 16384);
	char *whole = arena_take(&arena, job->body->n + 1);
	if (whole != NULL) {
		memcpy(whole, job->body->p, job->body->n);
		whole[0] = '{';
		if (prompt_body_read(&body, (struct slice){whole, job->body->n}, &arena) == 0)
			made = prompt_body_for_journal(&body, blob_slice(job->extra));
	}
	arena_finish(&arena);
	return made;
}

void recover_note(struct fleet *fleet, struct job *job)
{
	struct journal_job row = {.id = slice_of(job->id)};
	struct blob *body = NULL;
	if (fleet->journal == NULL || !job_is_active(job) || job->owner == NULL)
		return;
	/* Whoever waits for a worker's word was not accepted yet; but it is known where to ask. */
	if (job->state == JOB_CHECKED)
		return;
	if (!job->is_journaled) {
		body = body_without_secrets(job);
		if (body == NULL)
			return;
		row.body = blob_slice(body);
	}
	if (!job->owner->is_anonymous)
		row.client_id = (struct slice){job->owner->id, job->owner->id_n};
	row.cookie = slice_of(job->owner->cookie);
	row.ip = slice_of(job->owner->ip);
	row.number = slice_of(job->number_text);
	row.capability = slice_of(job->capability);
	row.worker_node = slice_of(job->worker_node);
	row.worker_id = slice_of(job->worker_id);
	row.seq = job->seq;
	row.created_wall_ms = job->created_wall_ms;
	row.priority = job->priority;
	row.crashes = job->crashes;
	row.had_secrets = job->had_secrets;
	row.is_placed = job->state >= JOB_PLACING;
	row.is_running = job->state >= JOB_RUNNING;
	job->is_journaled = journal_put(fleet->journal, &row) || job->is_journaled;
	blob_unref(body);
}

void recover_forget(struct fleet *fleet, const struct job *job)
{
	if (fleet->journal != NULL && job->is_journaled &&
		!journal_forget(fleet->journal, slice_of(job->id)))
		log_warn("job_stays_in_journal", "job=%s", job->id);
}

void recover_refuse(struct fleet *fleet, struct job *job)
{
	finish_failed(fleet, job, "comfymux.SecretsNotKept", secrets_gone);
}

/* While the journal is read. */
struct reading {
	struct fleet *fleet;
	struct text unusable; /* ids, one behind the other */
};

static bool each(void *arg, const struct journal_job *row)
{
	struct reading *reading = arg;
	struct fleet *fleet = reading->fleet;
	struct prompt_body read;
	struct arena arena;
	struct blob *refusal = NULL;
	struct job *job;
	char ip[48];
	(void)slice_copy(row->ip, ip, sizeof(ip));
	arena_init(&arena, 16384);
	struct submit_ask ask = {
		.body = row->body, .cookie = row->cookie, .ip = ip, .arena = &arena, .read = &read};
	bool is_read = row->id.n == JOB_ID_BYTES && submit_read(fleet, &ask, &job, &refusal) == 0;
	blob_unref(refusal);
	arena_finish(&arena);
	if (!is_read) {
		log_error("journal_row_unusable", "pool=%s job=%.*s", LOG_QUOTE(fleet->name),
			(int)row->id.n, row->id.p);
		if (row->id.n == JOB_ID_BYTES)
			text_put(&reading->unusable, row->id.p, row->id.n);
		return true;
	}
	memcpy(job->id, row->id.p, JOB_ID_BYTES);
	if (!jobs_kept_number(fleet->jobs, job, row->number, row->seq))
		log_warn("journal_number_unusable", "pool=%s job=%s", LOG_QUOTE(fleet->name),
			job->id);
	job->created_wall_ms = row->created_wall_ms;
	job->priority = row->priority;
	job->crashes = row->crashes;
	job->had_secrets = job->lacks_secrets = row->had_secrets;
	job->is_journaled = true;
	(void)slice_copy(row->capability, job->capability, sizeof(job->capability));
	(void)slice_copy(row->worker_node, job->worker_node, sizeof(job->worker_node));
	(void)slice_copy(row->worker_id, job->worker_id, sizeof(job->worker_id));
	jobs_add(fleet->jobs, job);
	jobs_move(fleet->jobs, job, JOB_WAITING);
	if (row->is_placed && place_reattach(fleet, job, row->is_running))
		return true;
	if (job->lacks_secrets)
		recover_refuse(fleet, job);
	else
		place_wait(fleet, job);
	return true;
}

/* What ended while it was read, and what could not be read, is not to come back. */
static void forget_rest(struct fleet *fleet, const struct text *unusable)
{
	list_each (node, jobs_all_ended(fleet->jobs))
		recover_forget(fleet, CONTAINER_OF(node, struct job, in_table));
	for (size_t at = 0; at + JOB_ID_BYTES <= unusable->n; at += JOB_ID_BYTES)
		if (!journal_forget(fleet->journal, (struct slice){unusable->p + at, JOB_ID_BYTES}))
			return;
}

void recover_start(struct fleet *fleet, const struct conf_journal *conf)
{
	struct err err;
	struct reading reading = {.fleet = fleet};
	int rc = journal_load(conf->path, each, &reading, &err);
	if (rc != 0)
		log_error("journal_damaged", "pool=%s why=%s", LOG_QUOTE(fleet->name),
			LOG_QUOTE(err.text));
	fleet->journal = journal_start(conf->path, conf->sync == CONF_SYNC_FULL, &err);
	if (fleet->journal == NULL)
		log_error("journal_failed", "pool=%s why=%s what=\"jobs do not survive a restart\"",
			LOG_QUOTE(fleet->name), LOG_QUOTE(err.text));
	else
		forget_rest(fleet, &reading.unusable);
	text_finish(&reading.unusable);
	if (jobs_active(fleet->jobs) != 0)
		log_info("jobs_recovered", "pool=%s jobs=%u", LOG_QUOTE(fleet->name),
			jobs_active(fleet->jobs));
}
