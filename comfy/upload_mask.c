/*
 * comfy/upload_mask.c - POST /upload/mask: a worker merges the mask into the original, and the
 * result comes back into the spool.
 *
 *   locate the original --> POST /upload/mask there, under the name it gets here
 *                       --> GET /view of what was made, into the spool --> the worker's answer
 */
#include "base/log.h"
#include "comfy/locate.h"
#include "comfy/upload_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSWER_MOST (1u << 20)
#define MERGE_MS 120000 /* a picture of 4096 x 4096 takes seconds, on a busy worker many */
#define RESULT_MOST ((uint64_t)1 << 30)

struct upload_mask {
	struct upload *upload; /* borrowed: owns us */
	struct locate original;
	bool is_locating;
	char node_id[129]; /* who merges */
	char name[SPOOL_NAME_MOST + 1];
	char type[16], subfolder[SPOOL_SUBFOLDER_MOST + 1];
	struct fetch *fetch;
	struct blob *answer;        /* owned: the worker's */
	struct spool_write *result; /* owned */
	struct next_turn hashing;
};

void upload_mask_destroy(struct upload_mask *mask)
{
	if (mask == NULL)
		return;
	if (mask->is_locating)
		locate_cancel(&mask->original);
	fetch_cancel(mask->fetch);
	next_turn_cancel(&mask->hashing);
	spool_write_cancel(mask->result);
	blob_unref(mask->answer);
	free(mask);
}

static void fail(struct upload_mask *mask, int status, const char *type, const char *why)
{
	upload_fail(mask->upload, status, type, why);
	upload_refuse(mask->upload);
}

static void fail_worker(struct upload_mask *mask)
{
	fail(mask, 502, "worker_failed", "The worker that was to merge the mask did not answer");
}

/* The end: the worker's own words. */
static void answer(struct upload_mask *mask)
{
	upload_answer(mask->upload, blob_ref(mask->answer));
}

/* -- the result -- */

static void on_hashing(struct next_turn *hashing)
{
	struct upload_mask *mask = CONTAINER_OF(hashing, struct upload_mask, hashing);
	struct fleet *fleet = mask->upload->fleet;
	int more = spool_write_step(mask->result);
	if (more > 0) {
		next_turn_add(hashing);
		return;
	}
	struct spool_want want = {.type = mask->type,
		.subfolder = mask->subfolder,
		.name = mask->name,
		.overwrite = true};
	struct spool_file *file;
	struct spool_write *result = mask->result;
	mask->result = NULL;
	int error = spool_write_end(result, &want, &file);
	if (error != 0) {
		upload_fail_disk(mask->upload, error);
		upload_refuse(mask->upload);
		return;
	}
	supply_uploads_changed(fleet);
	struct fleet_worker *worker = fleet_worker_named(fleet, mask->node_id);
	if (worker != NULL)
		supply_worker_learn(worker->supply, file);
	answer(mask);
}

static void on_result(const struct fetch_result *result, void *arg)
{
	struct upload_mask *mask = arg;
	mask->fetch = NULL;
	if (result->error != 0) {
		fail_worker(mask);
	} else if (result->status != 200) {
		/* Some versions say yes and make nothing when the original is not there. */
		log_warn("mask_not_made", "worker=%s status=%u", LOG_QUOTE(mask->node_id),
			result->status);
		answer(mask);
	} else {
		next_turn_add(&mask->hashing);
	}
}

static void fetch_result_of(struct upload_mask *mask)
{
	struct fleet *fleet = mask->upload->fleet;
	struct fleet_worker *worker = fleet_worker_named(fleet, mask->node_id);
	struct text path;
	if (worker == NULL) {
		fail_worker(mask);
		return;
	}
	mask->result = spool_write_begin(fleet->spool);
	if (mask->result == NULL) {
		upload_fail_disk(mask->upload, -errno);
		upload_refuse(mask->upload);
		return;
	}
	text_init(&path, 256);
	locate_view_target(&path, mask->type, mask->subfolder, mask->name);
	text_put(&path, "", 1);
	struct fetch_ask ask = {
		.path = path.p,
		.fields = "Accept: */*\r\n",
		.sink = spool_write_fd(mask->result),
		.timeout_ms = MERGE_MS,
		.body_most = RESULT_MOST,
		.on_done = on_result,
		.arg = mask,
	};
	mask->fetch = path.is_short ? NULL : fleet_ask(worker, &ask);
	text_finish(&path);
	if (mask->fetch == NULL)
		fail_worker(mask);
}

/* -- merging -- */

static void on_merged(const struct fetch_result *result, void *arg)
{
	struct upload_mask *mask = arg;
	struct exchange *x = mask->upload->x;
	struct json_value json;
	mask->fetch = NULL;
	if (result->error != 0) {
		fail_worker(mask);
		return;
	}
	mask->answer = blob_copy(result->body.p, result->body.n);
	if (mask->answer == NULL) {
		fail(mask, 503, "out_of_memory", "The proxy is out of memory");
		return;
	}
	if (result->status != 200) {
		int status = result->status;
		struct blob *body = blob_ref(mask->answer);
		upload_destroy(mask->upload);
		handler_set_state(x, NULL);
		handler_answer(x, status, "", "", body);
		blob_unref(body);
		return;
	}
	if (!json_read(blob_slice(mask->answer), &json) ||
		!json_copy_text(json, "name", mask->name, sizeof(mask->name)) ||
		!json_copy_text(json, "type", mask->type, sizeof(mask->type)) ||
		!json_copy_text(json, "subfolder", mask->subfolder, sizeof(mask->subfolder)) ||
		!spool_is_name(mask->name))
		fail_worker(mask);
	else
		fetch_result_of(mask);
}

/* The original as the worker knows it, when it was named with a tag. */
static bool write_original_ref(const struct upload_mask *mask, struct text *out)
{
	const struct locate *original = &mask->original;
	text_init(out, 256);
	if (original->was_tagged) {
		text_puts(out, "{");
		text_key_string(out, "filename", original->filename);
		text_key_string(out, "subfolder", original->subfolder);
		text_key_string(out, "type", original->type);
		text_puts(out, "}");
	} else {
		text_puts(out, mask->upload->texts[UPLOAD_ORIGINAL_REF].text);
	}
	text_put(out, "", 1);
	return !out->is_short;
}

/* -errno. */
static int send_mask(struct upload_mask *mask, struct fleet_worker *worker)
{
	struct upload *upload = mask->upload;
	struct upload_body body;
	struct text original;
	bool is_written = write_original_ref(mask, &original) &&
			  upload_body_init(
				  &body, mask->type, mask->subfolder, mask->name, original.p);
	text_finish(&original);
	if (!is_written)
		return -ENOMEM;
	struct fetch_ask ask = {
		.path = "/upload/mask",
		.method = "POST",
		.fields = body.fields,
		.head = {body.head.p, body.head.n},
		.file = spool_write_fd(upload->write),
		.file_bytes = spool_write_bytes(upload->write),
		.tail = {body.tail.p, body.tail.n},
		.timeout_ms = MERGE_MS,
		.body_most = ANSWER_MOST,
		.on_done = on_merged,
		.arg = mask,
	};
	mask->fetch = fleet_ask(worker, &ask);
	int error = mask->fetch == NULL ? -errno : 0;
	upload_body_finish(&body);
	return error;
}

static void on_located(struct locate *original, struct fleet_worker *worker, int error)
{
	struct upload_mask *mask = CONTAINER_OF(original, struct upload_mask, original);
	mask->is_locating = false;
	if (error == -ENOENT) {
		fail(mask, 404, "no_original", "No worker has the picture that the mask is for");
		return;
	}
	if (worker == NULL) {
		fail(mask, 503, "no_worker", "The worker that has the picture is not there");
		return;
	}
	(void)snprintf(mask->node_id, sizeof(mask->node_id), "%s", worker->node_id);
	if (send_mask(mask, worker) != 0)
		fail_worker(mask);
}

/* From the field original_ref. False: it names nothing. */
static bool read_original(struct upload_mask *mask)
{
	struct upload *upload = mask->upload;
	const struct upload_text *text = &upload->texts[UPLOAD_ORIGINAL_REF];
	char type[16], subfolder[LOCATE_TEXT_MOST], filename[LOCATE_TEXT_MOST];
	struct json_value json, value;
	if (!json_read((struct slice){text->text, text->n}, &json) ||
		!json_copy_text(json, "filename", filename, sizeof(filename)))
		return false;
	memcpy(type, "output", sizeof("output"));
	subfolder[0] = '\0';
	if (json_find(json, "type", &value) && !json_copy_text(json, "type", type, sizeof(type)))
		return false;
	if (json_find(json, "subfolder", &value) &&
		!json_copy_text(json, "subfolder", subfolder, sizeof(subfolder)))
		return false;
	return locate_init(&mask->original, upload->fleet, type, subfolder, filename);
}

void upload_mask_begin(struct upload *upload, const struct spool_want *want)
{
	struct handler_request r;
	struct upload_mask *mask = calloc(1, sizeof(*mask));
	if (mask == NULL) {
		upload_fail_disk(upload, -ENOMEM);
		upload_refuse(upload);
		return;
	}
	upload->mask = mask;
	mask->upload = upload;
	next_turn_init(&mask->hashing, on_hashing);
	(void)snprintf(mask->type, sizeof(mask->type), "%s", want->type);
	int error = spool_subfolder(want->subfolder, mask->subfolder) ? 0 : -EINVAL;
	if (error == 0)
		error = spool_free_name(upload->fleet->spool, want, mask->name);
	if (error != 0) {
		upload_fail_disk(upload, error);
		upload_refuse(upload);
		return;
	}
	if (!read_original(mask)) {
		fail(mask, 400, "no_original", "original_ref does not name a picture");
		return;
	}
	handler_request(upload->x, &r);
	mask->original.client = file_client_of(
		r.keys->value[CONF_KEY_COOKIE], slice_of(r.client_ip));
	mask->original.on_found = on_located;
	mask->is_locating = true;
	locate_start(&mask->original);
}
