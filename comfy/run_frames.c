/*
 * comfy/run_frames.c - messages of a job that are not told yet.
 *
 *   early   came before the worker had answered: once more through run.c, when it has
 *   held    the end marker and what came behind it: told when the history can be asked for
 */
#include "comfy/run.h"

#include "base/log.h"
#include "comfy/fleet_parts.h"

#include <stdio.h>
#include <stdlib.h>

struct run_frame {
	struct list node;
	enum ws_opcode opcode;
	size_t n;
	char p[];
};

void run_keep(struct list *list, enum ws_opcode opcode, struct slice message)
{
	struct run_frame *frame = malloc(sizeof(*frame) + message.n);
	if (frame == NULL) {
		log_warn("message_lost", "why=\"out of memory\"");
		return;
	}
	frame->opcode = opcode;
	frame->n = message.n;
	memcpy(frame->p, message.p, message.n);
	list_push_back(list, &frame->node);
}

void run_keep_event(struct list *list, const char *type, struct slice data)
{
	struct text text;
	text_init(&text, data.n + 64);
	text_puts(&text, "{\"type\": \"");
	text_puts(&text, type);
	text_puts(&text, "\", \"data\": ");
	text_put(&text, data.p, data.n);
	text_puts(&text, "}");
	if (!text.is_short)
		run_keep(list, WS_TEXT, (struct slice){text.p, text.n});
	text_finish(&text);
}

void run_keep_marker(struct list *list, const struct job *job)
{
	char data[JOB_ID_BYTES + 48];
	int n = snprintf(data, sizeof(data), "{\"node\": null, \"prompt_id\": \"%s\"}", job->id);
	run_keep_event(list, "executing", (struct slice){data, (size_t)n});
}

void run_move(struct list *from, struct list *to)
{
	list_insert_after(from, to);
	list_remove(from);
}

void run_forget(struct list *list)
{
	list_each_safe (node, list) {
		list_remove(node);
		free(CONTAINER_OF(node, struct run_frame, node));
	}
}

void run_deliver(struct job *job, struct list *list)
{
	list_each (node, list) {
		const struct run_frame *frame = CONTAINER_OF(node, struct run_frame, node);
		struct slice message = {frame->p, frame->n};
		struct comfy_event event;
		if (frame->opcode == WS_TEXT)
			event_read_text(&event, message);
		else
			event_read_binary(&event, message);
		if (job->owner != NULL)
			(void)owner_deliver(job->owner, job, &event, frame->opcode, message);
	}
	run_forget(list);
}

void run_early(struct job *job)
{
	struct job_run *run = job->run;
	struct list early;
	/* The run may end with one of them. */
	run_move(&run->early, &early);
	list_each_safe (node, &early) {
		struct run_frame *frame = CONTAINER_OF(node, struct run_frame, node);
		if (job->run == run && run->link != NULL)
			fleet_on_message(run->link, frame->opcode, frame->p, frame->n);
		list_remove(node);
		free(frame);
		if (job->run != run)
			break;
	}
	run_forget(&early);
}
