/*
 * comfy/jobs_archive.c - graphs of jobs that have ended, kept small.
 *
 * Ten thousand graphs are mostly the same words again and again; deflated they take a fifth.
 */
#include "base/text.h"
#include "comfy/jobs_table.h"

#include <stdlib.h>
#include <zlib.h>

#define DEFLATE_MOST (256u << 10) /* a larger one would hold up the loop */
#define DEFLATE_LEVEL 1

static void put_slice(struct text *text, struct slice slice, const char *otherwise)
{
	if (slice.n != 0)
		text_put(text, slice.p, slice.n);
	else
		text_puts(text, otherwise);
}

static void put_blob(struct text *text, const struct blob *blob, const char *otherwise)
{
	put_slice(text, blob != NULL ? blob_slice(blob) : (struct slice){NULL, 0}, otherwise);
}

/* From what the job still has. */
static void put_live(struct text *text, const struct job *job)
{
	text_put(text, "[", 1);
	text_puts(text, job->number_text[0] != '\0' ? job->number_text : "0");
	text_put(text, ",\"", 2);
	text_put(text, job->id, JOB_ID_BYTES);
	text_put(text, "\",", 2);
	put_slice(text, job->graph, "{}");
	text_put(text, ",", 1);
	put_blob(text, job->extra, "{}");
	text_put(text, ",", 1);
	put_blob(text, job->outputs, "[]");
	text_put(text, "]", 1);
}

static bool put_inflated(struct text *text, const struct job *job)
{
	uLongf n = (uLongf)job->archive_bytes;
	if (n > text->room - text->n && !text_grow(text, n))
		return false;
	if (uncompress((Bytef *)text->p + text->n, &n, (const Bytef *)job->archive->p,
		    (uLong)job->archive->n) != Z_OK)
		return false;
	ensure(n == job->archive_bytes);
	text->n += n;
	return true;
}

bool job_put_prompt(struct text *text, const struct job *job)
{
	if (job->archive == NULL)
		put_live(text, job);
	else if (job->is_deflated)
		return put_inflated(text, job);
	else
		text_put(text, job->archive->p, job->archive->n);
	return !text->is_short;
}

/* NULL: no memory, or it would not get smaller. */
static struct blob *deflated(const struct text *text)
{
	uLongf n = compressBound((uLong)text->n);
	char *room = malloc(n);
	struct blob *blob = NULL;
	if (room != NULL &&
		compress2((Bytef *)room, &n, (const Bytef *)text->p, (uLong)text->n,
			DEFLATE_LEVEL) == Z_OK &&
		n < text->n)
		blob = blob_copy(room, n);
	free(room);
	return blob;
}

static void let_go(struct blob **blob)
{
	blob_unref(*blob);
	*blob = NULL;
}

/* Without memory it is made anew for every list that shows the job. */
static void summarize(struct job *job)
{
	struct text text;
	struct job_times times;
	text_init(&text, 1024);
	job_summarize(&text, job, &times);
	job->run_ms = times.started_ms != 0 && times.ended_ms > times.started_ms
			      ? times.ended_ms - times.started_ms
			      : 0;
	let_go(&job->summary);
	if (!text.is_short)
		job->summary = blob_copy(text.p, text.n);
	text_finish(&text);
}

void jobs_archive(struct jobs *jobs, struct job *job)
{
	struct text text;
	ensure(!job_is_active(job));
	if (job->archive == NULL && job->body != NULL) {
		text_init(&text, job->graph.n + (job->extra != NULL ? job->extra->n : 0) + 256);
		if (job_put_prompt(&text, job)) {
			job->archive_bytes = text.n;
			job->archive = text.n <= DEFLATE_MOST ? deflated(&text) : NULL;
			job->is_deflated = job->archive != NULL;
			if (job->archive == NULL)
				job->archive = blob_copy(text.p, text.n);
		}
		text_finish(&text);
	}
	job->graph = job->targets = (struct slice){NULL, 0};
	let_go(&job->body);
	let_go(&job->extra);
	let_go(&job->outputs);
	let_go(&job->node_errors);
	let_go(&job->needs);
	free(job->allowed);
	job->allowed = NULL;
	summarize(job);
	jobs_count_archive(jobs, job);
}
