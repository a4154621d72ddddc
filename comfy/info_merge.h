/*
 * comfy/info_merge.h - many workers' answers to one question as one answer. Pure.
 *
 * Add the answers in the workers' order, then end. Bodies are borrowed for the call. Memory that
 * runs out is told at the end.
 */
#ifndef COMFY_INFO_MERGE_H
#define COMFY_INFO_MERGE_H

#include "base/blob.h"
#include "base/text.h"
#include "comfy/defs_values.h"

/* GET /models and its like: one JSON array of all items, each once, in the order first seen.
 * Objects with a name are the same when name and pathIndex are: one file at two workers may differ
 * in its dates. */
struct list_merge {
	struct text out;
	struct value_set seen;
	uint64_t last;  /* hash of the last body: the same again has nothing new */
	uint32_t lists; /* bodies that were arrays */
};
void list_merge_init(struct list_merge *merge);
void list_merge_finish(struct list_merge *merge);
/* False: it is no array. */
bool list_merge_add(struct list_merge *merge, struct slice body);
/* NULL: no memory. The merge is empty then. */
struct blob *list_merge_end(struct list_merge *merge) MUST_CHECK;

/* GET /system_stats: the first worker's, with the devices of all. A device's index is its place,
 * and its name tells its worker: "cuda:0 NVIDIA L40S : native (gpu-1)". */
struct stats_merge {
	struct text first;   /* the first worker's body */
	struct text devices; /* "{...}, {...}" */
	uint32_t count;
};
void stats_merge_init(struct stats_merge *merge);
void stats_merge_finish(struct stats_merge *merge);
/* False: it is not ComfyUI's shape. */
bool stats_merge_add(struct stats_merge *merge, const char *node_id, struct slice body);
/* NULL: no memory, or no worker. The merge is empty then. */
struct blob *stats_merge_end(struct stats_merge *merge) MUST_CHECK;

/* GET /features: the members that all have with the same value, inner objects alike; of
 * max_upload_size the least. */
struct features_merge {
	struct text common;
};
void features_merge_init(struct features_merge *merge);
/* What is no object counts as one without members. */
void features_merge_add(struct features_merge *merge, struct slice body);
/* {} when nothing was added. NULL: no memory. The merge is empty then. */
struct blob *features_merge_end(struct features_merge *merge) MUST_CHECK;

#endif
