/*
 * comfy/needs.h - what a graph asks of a worker, kept small: its classes, and the plain values that
 * a combo may have to list. Pure.
 *
 * A job may wait for an hour beside ten thousand others, so what was read of its graph is not kept;
 * this is, in one block, and is laid out again for defs_worker_allows whenever definitions changed.
 */
#ifndef COMFY_NEEDS_H
#define COMFY_NEEDS_H

#include "base/blob.h"
#include "comfy/graph.h"

/* Of one value as written; longer ones are texts of people's and no combo's. */
#define NEEDS_VALUE_MOST 300

/* NULL: no memory. */
struct blob *needs_pack(const struct prompt_body *body) MUST_CHECK;
/* Nodes and inputs only; points into the block and the arena. False: no memory. */
bool needs_unpack(
	const struct blob *needs, struct prompt_body *ret_body, struct arena *arena) MUST_CHECK;

#endif
