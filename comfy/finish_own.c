/*
 * comfy/finish_own.c - ends that no worker tells: it is lost, or cannot or may not run the job.
 *
 *   client    {"type": EVENT, "data": DATA}, and the end marker
 *   history   {"outputs": {}, "status": {"status_str": "error", "completed": false,
 *             "messages": [[EVENT, DATA]]}, "meta": {}}
 */
#include "comfy/fleet_parts.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

static void begin_data(struct text *data, const struct job *job)
{
	text_init(data, 1024);
	text_puts(data, "{\"prompt_id\": \"");
	text_puts(data, job->id);
	text_puts(data, "\", \"node_id\": \"\", \"node_type\": \"\", \"executed\": []");
}

static struct blob *result_of(const char *event, struct slice data)
{
	struct text status;
	text_init(&status, data.n + 128);
	text_puts(&status, "{\"status_str\": \"error\", \"completed\": false, \"messages\": [[\"");
	text_puts(&status, event);
	text_puts(&status, "\", ");
	text_put(&status, data.p, data.n);
	text_puts(&status, "]]}");
	struct blob *result = status.is_short
				      ? NULL
				      : finish_result(SLICE("{}"),
						(struct slice){status.p, status.n}, SLICE("{}"));
	text_finish(&status);
	return result;
}

/* Takes what begin_data began. Without memory the job ends all the same. */
static void end_with(struct fleet *fleet, struct job *job, enum job_state state, const char *event,
	struct text *data)
{
	struct list told;
	list_init(&told);
	text_puts(data, ", \"timestamp\": ");
	text_u64(data, clock_wall_us() / 1000);
	text_puts(data, "}");
	if (!data->is_short) {
		struct slice whole = {data->p, data->n};
		blob_unref(job->result);
		job->result = result_of(event, whole);
		run_keep_event(&told, event, whole);
	}
	text_finish(data);
	run_keep_marker(&told, job);
	place_undo(fleet, job, SCHED_SHORT);
	if (job->submit != NULL)
		submit_accepted(job, (struct slice){NULL, 0});
	finish_end(fleet, job, state, &told);
}

static void fail(struct fleet *fleet, struct job *job, enum job_state state, const char *type,
	const char *message)
{
	struct text data;
	log_warn("job_failed", "pool=%s job=%s worker=%s why=%s", LOG_QUOTE(fleet->name), job->id,
		LOG_QUOTE(job->worker_node), LOG_QUOTE(message));
	begin_data(&data, job);
	text_puts(&data, ", \"exception_message\": ");
	text_json(&data, message);
	text_puts(&data, ", \"exception_type\": ");
	text_json(&data, type);
	text_puts(&data, ", \"traceback\": [], \"current_inputs\": {}, \"current_outputs\": []");
	end_with(fleet, job, state, "execution_error", &data);
}

void finish_failed(struct fleet *fleet, struct job *job, const char *type, const char *message)
{
	fail(fleet, job, JOB_FAILED, type, message);
}

void finish_lost(struct fleet *fleet, struct job *job, const char *message)
{
	fail(fleet, job, JOB_LOST, "comfymux.WorkerLost", message);
}

void finish_interrupted(struct fleet *fleet, struct job *job)
{
	struct text data;
	begin_data(&data, job);
	end_with(fleet, job, JOB_CANCELLED, "execution_interrupted", &data);
}

void finish_refused(struct fleet *fleet, struct job *job, uint16_t status, struct slice body)
{
	char type[128] = "", message[400] = "", details[1200] = "", text[2000];
	struct json_value root, error;
	if (json_read(body, &root) && json_find(root, "error", &error)) {
		(void)json_copy_text(error, "type", type, sizeof(type));
		(void)json_copy_text(error, "message", message, sizeof(message));
		(void)json_copy_text(error, "details", details, sizeof(details));
	}
	(void)snprintf(text, sizeof(text), "%s%s%s",
		message[0] == '\0' ? "The worker refused this job." : message,
		details[0] == '\0' ? "" : "\n", details);
	if (message[0] == '\0')
		(void)snprintf(text, sizeof(text), "The worker refused this job with %u.", status);
	finish_failed(fleet, job, type[0] == '\0' ? "comfymux.Refused" : type, text);
}
