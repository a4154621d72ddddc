/*
 * comfy/check.h - would some worker accept this graph? Says it as ComfyUI's validate_prompt does.
 *
 * For jobs that have to wait: plain mistakes come back at once. Node classes, an output node,
 * required inputs, links (their node, their output's type), combo values, numbers' ranges, types of
 * plain values. What only a worker can tell is left to it.
 */
#ifndef COMFY_CHECK_H
#define COMFY_CHECK_H

#include "comfy/defs.h"

struct check_result {
	bool is_ok;
	struct blob *answer;  /* owned by the caller. Not ok: the whole 400 body,
				 {"error": {...}, "node_errors": {...}}. Ok: the node_errors object,
				 "{}"  mostly: outputs that are wrong beside others that are right */
	struct blob *outputs; /* owned by the caller; ok: ["9", ...], the outputs to execute */
};

/* -ENOMEM. Unknown definitions (no worker's list is known) pass, and outputs is then []. */
int check_graph(const struct defs *defs, const struct prompt_body *body,
	struct check_result *ret_result) MUST_CHECK;

/* A refusal in ComfyUI's shape: {"error": {"type", "message", "details", "extra_info": {}},
 * "node_errors": {}}. NULL: no memory. */
struct blob *check_refusal(const char *type, const char *message, const char *details) MUST_CHECK;

/* A worker's 400: whether another worker might accept the graph (missing_node_type,
 * value_not_in_list, custom_validation_failed). */
bool check_is_worth_another(struct slice answer);

#endif
