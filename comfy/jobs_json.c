/*
 * comfy/jobs_json.c - one job as ComfyUI shows it: history entry, item of the job list, detail.
 *
 *   list     {id, status, priority, create_time, <summary>, workflow_id}
 *   detail   the same, with outputs, execution_status and workflow: {prompt, extra_data}
 *   history  {id: {prompt: [...], <result>}}
 */
#include "comfy/jobs_json.h"

#include "base/text.h"
#include "comfy/jobs_parts.h"

#include <stdlib.h>

static const char *const status_names[] = {
	[JOBS_PENDING] = "pending",
	[JOBS_IN_PROGRESS] = "in_progress",
	[JOBS_COMPLETED] = "completed",
	[JOBS_FAILED] = "failed",
	[JOBS_CANCELLED] = "cancelled",
};

enum jobs_status job_status(const struct job *job)
{
	switch (job->state) {
	case JOB_RUNNING:
	case JOB_ENDING:
		return JOBS_IN_PROGRESS;
	case JOB_DONE:
		return JOBS_COMPLETED;
	case JOB_FAILED:
	case JOB_LOST:
		return JOBS_FAILED;
	case JOB_CANCELLED:
		return JOBS_CANCELLED;
	default:
		return JOBS_PENDING;
	}
}

const char *jobs_status_name(enum jobs_status status)
{
	return status_names[status];
}

static void put_blob(struct text *text, const struct blob *blob)
{
	text_put(text, blob->p, blob->n);
}

/* Without blanks at both ends, as JSON has them. */
static struct slice trim(struct slice text)
{
	static const char blanks[4] = {' ', '\t', '\r', '\n'};
	while (text.n != 0 && memchr(blanks, *text.p, sizeof(blanks)) != NULL) {
		text.p++;
		text.n--;
	}
	while (text.n != 0 && memchr(blanks, text.p[text.n - 1], sizeof(blanks)) != NULL)
		text.n--;
	return text;
}

/* The result's members without its braces; `otherwise` when there are none. */
static void put_members(struct text *text, const struct blob *result, const char *otherwise)
{
	struct slice inside = trim(result != NULL ? blob_slice(result) : (struct slice){NULL, 0});
	if (inside.n > 2)
		inside = trim((struct slice){inside.p + 1, inside.n - 2});
	else
		inside.n = 0;
	if (inside.n != 0)
		text_put(text, inside.p, inside.n);
	else
		text_puts(text, otherwise);
}

bool job_put_entry(struct text *text, const struct job *job)
{
	text_puts(text, "{\"prompt\":");
	if (!job_put_prompt(text, job))
		return false;
	text_put(text, ",", 1);
	put_members(text, job->result,
		job->state == JOB_DONE ? "\"outputs\":{},\"status\":{\"status_str\":\"success\","
					 "\"completed\":true,\"messages\":[]}"
				       : "\"outputs\":{},\"status\":{\"status_str\":\"error\","
					 "\"completed\":false,\"messages\":[]}");
	text_put(text, "}", 1);
	return !text->is_short;
}

struct blob *jobs_history_one(const struct job *job)
{
	struct text text;
	text_init(&text, job->archive_bytes + 512);
	text_put(&text, "{", 1);
	if (!job_is_active(job)) {
		text_json(&text, job->id);
		text_put(&text, ":", 1);
		if (!job_put_entry(&text, job)) {
			text_finish(&text);
			return NULL;
		}
	}
	text_put(&text, "}", 1);
	return blob_of_text(&text);
}

static void put_item(struct text *text, const struct job *job)
{
	text_puts(text, "{\"id\":\"");
	text_put(text, job->id, JOB_ID_BYTES);
	text_puts(text, "\",\"status\":\"");
	text_puts(text, status_names[job_status(job)]);
	text_puts(text, "\",\"priority\":");
	text_puts(text, job->number_text[0] != '\0' ? job->number_text : "0");
	if (job->created_wall_ms != 0)
		text_key_u64(text, "create_time", job->created_wall_ms);
	text_put(text, ",", 1);
	if (job->summary != NULL)
		put_blob(text, job->summary);
	else
		job_summarize(text, job, NULL);
	if (job->workflow_id[0] != '\0')
		text_key_string(text, "workflow_id", job->workflow_id);
}

void job_put_listed(struct text *text, const struct job *job)
{
	put_item(text, job);
	text_put(text, "}", 1);
}

/* The graph and extra_data out of the prompt, wherever that is now. */
static bool put_workflow(struct text *text, const struct job *job)
{
	struct text prompt;
	struct json_value parts[5];
	struct json_scan scan;
	size_t count = 0;
	text_init(&prompt, job->archive_bytes + job->graph.n + 512);
	if (job_put_prompt(&prompt, job)) {
		json_scan_start(&scan, (struct slice){prompt.p, prompt.n});
		if (json_enter(&scan, JSON_KIND_ARRAY)) {
			while (count < COUNT_OF(parts) && json_more(&scan) &&
				json_take(&scan, &parts[count]))
				count++;
		}
		text_key(text, "workflow");
		if (count == COUNT_OF(parts)) {
			text_puts(text, "{\"prompt\":");
			text_put(text, parts[2].raw.p, parts[2].raw.n);
			text_puts(text, ",\"extra_data\":");
			text_put(text, parts[3].raw.p, parts[3].raw.n);
			text_put(text, "}", 1);
		} else {
			text_puts(text, "{\"prompt\":{},\"extra_data\":{}}");
		}
	}
	bool is_ok = !prompt.is_short;
	text_finish(&prompt);
	return is_ok;
}

struct blob *jobs_one_json(const struct job *job)
{
	struct text text;
	text_init(&text, job->archive_bytes + job->graph.n + 1024);
	put_item(&text, job);
	if (!job_is_active(job))
		job_put_outcome(&text, job);
	if (!put_workflow(&text, job)) {
		text_finish(&text);
		return NULL;
	}
	text_put(&text, "}", 1);
	return blob_of_text(&text);
}
