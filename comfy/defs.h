/*
 * comfy/defs.h - which node classes the workers have, from their GET /object_info.
 *
 *   worker 1 --.                      .--> may this graph run there?   (defs_worker_allows)
 *   worker 2 --+--> one copy of each -+--> the union, for GET /object_info
 *   worker 3 --'    distinct class    '--> comfy/check.h
 *
 * Most workers of a fleet have the same classes, so a definition that several have is kept once.
 * A worker whose list is not known yet may have anything.
 */
#ifndef COMFY_DEFS_H
#define COMFY_DEFS_H

#include "base/blob.h"
#include "base/list.h"
#include "comfy/graph.h"

struct defs;        /* of a fleet */
struct defs_worker; /* of one worker in it */

struct defs *defs_create(void) MUST_CHECK;
void defs_destroy(struct defs *defs); /* takes NULL; its workers must be gone */
struct defs_worker *defs_worker_create(struct defs *defs) MUST_CHECK;
void defs_worker_destroy(struct defs_worker *worker); /* takes NULL */

/* GET /object_info's body in place of what was known of it. A reference is kept as long as it is
 * needed: bodies are read one after the other, in slices over several turns. Until then the old
 * list counts. -EINVAL: at first sight not of ComfyUI's shape. */
int defs_worker_set(struct defs_worker *worker, struct blob *body) MUST_CHECK;
/* Called when a body has been read, from the loop: 0 and the list counts; -EINVAL, not of ComfyUI's
 * shape, or -ENOMEM, and the old list counts on. Not called for bodies that were replaced or
 * forgotten. */
void defs_worker_on_read(
	struct defs_worker *worker, void (*on_read)(void *arg, int error), void *arg);
/* Nothing is known any more: it was restarted, or left. */
void defs_worker_forget(struct defs_worker *worker);
bool defs_worker_is_known(const struct defs_worker *worker);
/* At least one worker's list is known. */
bool defs_is_known(const struct defs *defs);
/* Changes whenever an answer below may have changed. */
uint64_t defs_epoch(const struct defs *defs);

/*
 * Whether the worker has every class of the graph, and every value of a combo in its list. Values
 * of combos that list uploaded files (image_upload and its like) do not count: they are copied
 * there. True while nothing is known of it.
 */
bool defs_worker_allows(const struct defs_worker *worker, const struct prompt_body *body);
/*
 * Marks as links, which defs_worker_allows does not look at, the values that no worker's list has.
 * They do not tell one worker from another, and a node that checks its inputs itself may take them:
 * no list says so. (Nodes whose list the browser fills have them all.)
 */
void defs_pass_unknown(const struct defs *defs, struct prompt_body *body);
/* The same number: defs_worker_allows says the same of any graph, now and later. 0: nothing is
 * known. So one answer does for all workers of that number; it does not change with listings of
 * uploads. */
uint64_t defs_worker_kind(const struct defs_worker *worker);
/* Changes whenever defs_worker_allows may say something else of some worker. */
uint64_t defs_allows_epoch(const struct defs *defs);
/* Who says which names are files that were uploaded: they count as being in every list, for nodes
 * that do not mark their combo as a list of uploads. */
void defs_set_uploads(
	struct defs *defs, bool (*is_uploaded)(void *arg, struct slice file), void *arg);
/* Who gives the uploaded files that the union lists behind the workers' values, for combos with
 * that setting ("image_upload"): a JSON array of strings, borrowed for the call; NULL for none. */
void defs_set_listing(
	struct defs *defs, struct blob *(*listing)(void *arg, struct slice setting), void *arg);
/* The two above say something else now. Equal listings have equal tags, also those of another
 * process. */
void defs_uploads_changed(struct defs *defs, uint64_t tag);

/* A class in the union. */
struct defs_class;
const struct defs_class *defs_find(const struct defs *defs, struct slice class_type);
bool defs_class_is_output(const struct defs_class *class_);
/* Its inputs, each with its section ("required", "optional", "hidden") and its definition, e.g.
 * ["INT", {"default": 20, "min": 1}], from one of the workers that have it. */
void defs_class_inputs(const struct defs_class *class_,
	void (*each)(
		void *arg, struct slice section, struct slice name, struct json_value definition),
	void *arg);
/* The types of its outputs: a JSON array. */
struct json_value defs_class_outputs(const struct defs_class *class_);
/* A combo's value is in the list of at least one worker. */
bool defs_class_has_value(const struct defs *defs, const struct defs_class *class_,
	struct slice input, struct json_value value);
/* An input whose combo lists files that are uploaded: image_upload, video_upload, audio_upload,
 * file_upload, mesh_upload ... */
bool defs_class_is_upload(const struct defs_class *class_, struct slice input);

/*
 * GET /object_info of the union, and of one class. Per combo the union of the values, in the order
 * of the first worker that has it. Made in slices over several turns; on_ready is called once,
 * perhaps at once, with a blob that is borrowed for the call (NULL: memory is out). It is never
 * older than the question. is_gzip: compressed, and kept that way. Asking while it is made makes
 * nothing twice.
 */
struct defs_wait {
	struct list node;
	bool is_gzip;
	void (*on_ready)(struct defs_wait *wait, struct blob *json);
	uint64_t tag;   /* set before on_ready: see defs_union_tag */
	uint64_t epoch; /* private */
};
void defs_union(struct defs *defs, struct defs_wait *wait);
void defs_union_cancel(struct defs_wait *wait);
/* Equal unions have equal numbers, also those of another process. */
uint64_t defs_union_tag(const struct defs *defs);

/* {"Class": {...}}, or {} when nobody has it. on_ready is called once, perhaps before this returns
 * (then it returns NULL), with a blob that is borrowed for the call; NULL: no memory. */
struct defs_one; /* an answer that is being made */
struct defs_one *defs_union_class(struct defs *defs, struct slice class_type,
	void (*on_ready)(void *arg, struct blob *json), void *arg);
/* on_ready will not be called. Takes NULL. Before defs_destroy. */
void defs_one_cancel(struct defs_one *one);

#endif
