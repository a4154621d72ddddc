/*
 * comfy/graph.h - the body of POST /prompt, read once.
 *
 *   {"prompt": {"3": {"class_type": "KSampler", "inputs": {"steps": 20, "model": ["4", 0], ...}},
 * ...}, "client_id": "...", "prompt_id": "...", "number": 1, "front": true, "extra_data": {...},
 * "partial_execution_targets": [...]}
 *
 * Spans point into the body, which outlives the graph. Everything else is in the arena given.
 */
#ifndef COMFY_GRAPH_H
#define COMFY_GRAPH_H

#include "base/arena.h"
#include "comfy/json_scan.h"

/* A body with more is refused. */
#define GRAPH_NODES_MOST 20000
#define GRAPH_INPUTS_MOST 200000 /* of all nodes */
#define GRAPH_MEMBERS_MOST 1000  /* of the body */

struct graph_input {
	struct slice name;       /* decoded */
	struct json_value value; /* as written */
	struct slice text;       /* a string's, decoded; {NULL, 0} for other kinds */
	bool is_link;            /* [node id, output index]: a string and a whole number */
	struct slice from;       /* link: the node's id, decoded */
	int64_t from_output;
};

struct graph_node {
	struct slice id;         /* decoded */
	struct slice class_type; /* decoded; {NULL, 0} when it is missing or no string */
	struct slice title;      /* _meta.title, decoded; {NULL, 0} without one */
	bool has_inputs;         /* "inputs" is an object */
	struct graph_input *inputs;
	uint32_t input_count;
	bool is_object; /* the node itself is one */
};

struct prompt_member {
	struct slice name; /* with quotes, as written */
	struct json_value value;
};

/* Of members with one name the last counts, wherever names are: as in Python. */
struct prompt_body {
	struct json_value root;
	struct prompt_member *members; /* of the root, in the order written */
	uint32_t member_count;
	bool has_prompt;
	struct json_value prompt;              /* the graph as written */
	struct json_value extra_data, targets; /* kind JSON_KIND_NULL when not there */
	struct json_value number;              /* likewise */
	bool front;                            /* truthy as in Python */
	bool has_prompt_id;                    /* there and not null */
	struct slice prompt_id;                /* decoded; {NULL, 0} when it is not a string */
	struct slice client_id;                /* decoded string, {NULL, 0} for none */
	struct graph_node *nodes; /* in the order written; of nodes with one id (and of a node's
				     inputs with one name) the last, in the place of the first */
	uint32_t node_count;
	uint32_t *slots; /* graph_find's: node index + 1, found by hash; NULL: looked for one by one
			  */
	uint32_t slot_count; /* a power of two */
};

/* -EINVAL: no JSON, or no object. -E2BIG: more of something than the bounds above. -ENOMEM. */
int prompt_body_read(
	struct prompt_body *ret_body, struct slice text, struct arena *arena) MUST_CHECK;

const struct graph_node *graph_find(const struct prompt_body *body, struct slice id);
const struct graph_input *graph_input(const struct graph_node *node, const char *name);

/* What scheduling goes by. */
struct graph_facts {
	uint64_t models; /* hash of the set of model files named (values that end like one); 0: none
			  */
	uint64_t signature; /* hash of the graph without seeds: what the worker's caches may know */
	uint32_t size_class; /* 0 .. 31: log2 of pixels x frames x batch x steps, in half steps */
};
void graph_facts(const struct prompt_body *body, struct graph_facts *ret_facts);
/* ".safetensors" ".ckpt" ".pt" ".pth" ".bin" ".gguf" ".sft" ".onnx", in any case. */
bool graph_is_model_name(struct slice text);

/* What a worker is sent behind a client_id, prompt_id and number of ours: from the comma on, every
 * member of the client's but these and `front`, as written. *ret_graph and *ret_targets are where
 * "prompt" and "partial_execution_targets" lie in it; {NULL, 0}: not there. NULL: no memory. */
struct blob;
struct blob *prompt_body_for_worker(const struct prompt_body *body, struct slice *ret_graph,
	struct slice *ret_targets) MUST_CHECK;

/* extra_data as it may be stored and shown: without auth_token_comfy_org and api_key_comfy_org,
 * with client_id (if n != 0) and create_time (ms since 1970, unless it has one). *ret_had_secrets
 * tells whether one was taken out that said anything (not null, not ""). NULL: no memory. */
struct blob *prompt_extra_data(const struct prompt_body *body, struct slice client_id,
	uint64_t create_time_ms, bool *ret_had_secrets) MUST_CHECK;

/* The body as it may be written to disk: its extra_data replaced by what prompt_extra_data made.
 * NULL: no memory. */
struct blob *prompt_body_for_journal(const struct prompt_body *body, struct slice extra) MUST_CHECK;

/* 8-4-4-4-12 lower-case hexadecimal digits. */
bool graph_is_uuid(struct slice text);

#endif
