/*
 * comfy/check_parts.h - what the files of comfy/check.h share.
 *
 *   check.c         the graph: classes, outputs, the answer
 *   check_node.c    nodes and what they hang on, each once; cycles
 *   check_input.c   one input against its definition
 *   check_say.c     an error in ComfyUI's shape
 */
#ifndef COMFY_CHECK_PARTS_H
#define COMFY_CHECK_PARTS_H

#include "base/text.h"
#include "comfy/check.h"

/* What an answer may grow to, more or less: further errors are left out. */
#define CHECK_ANSWER_BYTES ((size_t)1 << 20)
/* Of a value in a sentence, and of one as JSON: what is longer is cut, or null. */
#define CHECK_WORDS_BYTES 500
#define CHECK_JSON_BYTES 4096

enum check_state { CHECK_UNSEEN, CHECK_OPEN, CHECK_CLOSED };

struct check_node {
	const struct defs_class *class_;
	enum check_state state;
	bool is_wrong;       /* it, or one that it hangs on */
	struct slice errors; /* its own, as JSON: {...}, {...} */
	struct slice told;   /* the same for people: "message: details", a line each */
	uint32_t *below;     /* nodes that its links lead to */
	uint32_t below_count;
	uint32_t output;       /* which output was being checked when it was closed */
	uint32_t parent, next; /* while open: the node that led here; below[] yet to be visited */
};

struct check {
	const struct defs *defs;
	const struct prompt_body *body;
	struct arena arena;
	struct check_node *nodes; /* beside body->nodes */
	uint32_t *closed;         /* nodes in the order in which they were closed */
	uint32_t closed_count;
	uint32_t output; /* number of the output that is being checked */
	size_t said;     /* octets of errors so far */
	bool is_short;   /* no memory */
	/* Of the node that is being checked. */
	struct text errors, told;
	uint32_t *below;
	uint32_t below_count, below_room;
};

/* What is wrong with one input. Members without text are left out of extra_info. */
struct check_problem {
	const char *type;
	struct slice message, details;
	struct slice input_name;
	bool has_config;
	struct json_value config; /* the input's definition; kind null is said as such */
	struct slice received_value, received_type, linked_node; /* JSON */
	struct slice exception_message;
};

/* check_say.c: adds an error to those of the node that is being checked. */
void check_say(struct check *check, const struct check_problem *problem);
/* {"type": ..., "message": ..., "details": ..., "extra_info": {...}}; extra: JSON. */
void check_put_error(struct text *text, const char *type, struct slice message,
	struct slice details, struct slice extra);
/* JSON as it is, or null when it is too long. */
struct slice check_json(struct slice json);

/* check_input.c: the inputs that the node's class defines; notes the nodes they lead to. */
void check_inputs(struct check *check, uint32_t node);
/* Notes one; check_node.c. */
void check_add_below(struct check *check, uint32_t node);

/* check_node.c: the node and all that it hangs on. True: they are fit. */
bool check_visit(struct check *check, uint32_t node);

#endif
