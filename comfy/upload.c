/*
 * comfy/upload.c - POST /upload/image and POST /upload/mask: from multipart into the spool.
 *
 * The file goes to disk as it comes, under no name; the fields beside it may come before or behind.
 * A part that is there twice counts the first time, as in ComfyUI.
 */
#include "base/log.h"
#include "comfy/files.h"
#include "comfy/upload_parts.h"

#include <errno.h>
#include <stdlib.h>

void upload_fail(struct upload *upload, int status, const char *type, const char *why)
{
	if (upload->status != 0)
		return;
	upload->status = status;
	upload->type = type;
	upload->why = why;
}

void upload_fail_disk(struct upload *upload, int error)
{
	switch (-error) {
	case EINVAL:
	case ENAMETOOLONG:
	case EEXIST:
		upload_fail(upload, 400, "invalid_name", "The file cannot have that name");
		return;
	case EFBIG:
		upload_fail(upload, 413, "file_too_large", "The file is larger than can be kept");
		return;
	case ENOMEM:
		upload_fail(upload, 503, "out_of_memory", "The proxy is out of memory");
		return;
	default:
		log_error("spool_write_failed", "why=%s", LOG_QUOTE(strerrordesc_np(-error)));
		upload_fail(upload, 507, "disk_full",
			error == -ENOSPC || error == -EDQUOT
				? "There is no room for uploaded files"
				: "The uploaded file could not be written");
		return;
	}
}

void upload_destroy(struct upload *upload)
{
	multipart_destroy(upload->multipart);
	spool_write_cancel(upload->write);
	upload_mask_destroy(upload->mask);
	free(upload->texts);
	free(upload);
}

void upload_refuse(struct upload *upload)
{
	struct exchange *x = upload->x;
	int status = upload->status;
	const char *type = upload->type;
	const char *why = upload->why;
	upload_destroy(upload);
	route_refuse(x, status, type, why);
}

void upload_answer(struct upload *upload, struct blob *json)
{
	struct exchange *x = upload->x;
	upload_destroy(upload);
	route_answer(x, 200, json);
}

/* -- reading -- */

static bool begin_image(struct upload *upload, const struct multipart_part *part)
{
	upload->field = UPLOAD_NONE;
	if (upload->has_image || part->filename[0] == '\0')
		return true;
	upload->has_image = true;
	memcpy(upload->filename, part->filename, sizeof(part->filename));
	if (upload->fleet->spool == NULL) {
		upload_fail(upload, 503, "no_spool", "The proxy has no place for uploaded files");
		return false;
	}
	upload->write = spool_write_begin(upload->fleet->spool);
	if (upload->write == NULL) {
		upload_fail_disk(upload, -errno);
		return false;
	}
	upload->field = UPLOAD_IMAGE;
	return true;
}

static bool on_part(void *arg, const struct multipart_part *part)
{
	static const char *const names[] = {
		[UPLOAD_TYPE] = "type",
		[UPLOAD_SUBFOLDER] = "subfolder",
		[UPLOAD_OVERWRITE] = "overwrite",
		[UPLOAD_ORIGINAL_REF] = "original_ref",
	};
	struct upload *upload = arg;
	if (strcmp(part->name, "image") == 0)
		return begin_image(upload, part);
	upload->field = UPLOAD_NONE;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(part->name, names[i]) == 0 && !upload->texts[i].is_there) {
			upload->texts[i].is_there = true;
			upload->field = (enum upload_field)i;
		}
	}
	return true;
}

/* The smallest limit that a worker told (GET /features): none of them is to refuse a copy. */
static uint64_t most_bytes(const struct fleet *fleet)
{
	uint64_t most = UINT64_MAX;
	list_each (node, &fleet->workers) {
		const struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		struct json_value features, value;
		int64_t bytes;
		if (worker->features != NULL && !worker->is_leaving &&
			json_read(blob_slice(worker->features), &features) &&
			json_find(features, "max_upload_size", &value) &&
			json_int64(value, &bytes) && bytes > 0)
			most = min_u64(most, (uint64_t)bytes);
	}
	return most;
}

static bool on_octets(void *arg, struct slice octets)
{
	struct upload *upload = arg;
	if (upload->field == UPLOAD_IMAGE) {
		if (octets.n > upload->most_bytes - spool_write_bytes(upload->write)) {
			upload_fail(upload, 413, "file_too_large",
				"The file is larger than the workers take");
			return false;
		}
		int error = spool_write_octets(upload->write, octets);
		if (error != 0)
			upload_fail_disk(upload, error);
		return error == 0;
	}
	if (upload->field == UPLOAD_NONE)
		return true;
	struct upload_text *text = &upload->texts[upload->field];
	if (octets.n > UPLOAD_FIELD_MOST - text->n || memchr(octets.p, '\0', octets.n) != NULL) {
		upload_fail(upload, 400, "invalid_form", "A field of the form is too long");
		return false;
	}
	memcpy(text->text + text->n, octets.p, octets.n);
	text->n += octets.n;
	return true;
}

static bool on_part_end(void *arg)
{
	((struct upload *)arg)->field = UPLOAD_NONE;
	return true;
}

static const struct multipart_events events = {on_part, on_octets, on_part_end};

static bool on_piece(struct exchange *x, struct route_state *state, struct slice piece)
{
	struct upload *upload = CONTAINER_OF(state, struct upload, state);
	(void)x;
	int error = 0;
	if (upload->multipart != NULL)
		error = multipart_feed(upload->multipart, piece);
	if (error == -E2BIG)
		upload_fail(upload, 400, "invalid_form", "The form has too much in it");
	else if (error != 0)
		upload_fail(upload, 400, "invalid_form", "The body is no valid form");
	if (upload->status == 0)
		return true;
	upload_refuse(upload);
	return false;
}

static void on_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	(void)x;
	(void)reason;
	upload_destroy(CONTAINER_OF(state, struct upload, state));
}

/* Without memory for a state of its own, a request has this one. */
static bool on_piece_unwanted(struct exchange *x, struct route_state *state, struct slice piece)
{
	(void)state;
	(void)piece;
	handler_set_state(x, NULL);
	handler_refuse(x, 503, "out of memory");
	return false;
}

static void on_gone_unwanted(
	struct exchange *x, struct route_state *state, enum close_reason reason)
{
	(void)x;
	(void)state;
	(void)reason;
}

static struct route_state no_memory = {.on_gone = on_gone_unwanted, .on_piece = on_piece_unwanted};

static struct upload *upload_create(struct fleet *fleet, struct exchange *x, bool is_mask)
{
	struct handler_request r;
	struct upload *upload = calloc(1, sizeof(*upload));
	if (upload == NULL)
		return NULL;
	upload->state.on_gone = on_gone;
	upload->state.on_piece = on_piece;
	upload->fleet = fleet;
	upload->most_bytes = most_bytes(fleet);
	upload->x = x;
	upload->is_mask = is_mask;
	upload->field = UPLOAD_NONE;
	upload->texts = calloc(UPLOAD_FIELDS, sizeof(struct upload_text));
	handler_request(x, &r);
	if (upload->texts != NULL)
		upload->multipart = multipart_create(
			http_head_value(r.head, r.p, HF_CONTENT_TYPE), &events, upload);
	if (upload->multipart != NULL)
		return upload;
	if (upload->texts != NULL && errno == EINVAL) {
		upload_fail(upload, 400, "invalid_form", "The body must be multipart/form-data");
		return upload;
	}
	upload_destroy(upload);
	return NULL;
}

static void begin(struct fleet *fleet, struct exchange *x, bool is_mask)
{
	struct upload *upload = upload_create(fleet, x, is_mask);
	handler_set_state(x, upload == NULL ? &no_memory : &upload->state);
}

void route_upload_begin_image(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	(void)rest;
	begin(fleet, x, false);
}

void route_upload_begin_mask(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	(void)rest;
	begin(fleet, x, true);
}

/* -- naming -- */

/* A name that some worker has and the spool does not know. */
static bool is_taken(void *arg, const char *subfolder, const char *name)
{
	struct upload *upload = arg;
	const char *type = upload->texts[UPLOAD_TYPE].text;
	if (strcmp(type, "input") != 0) {
		struct file_name file = {slice_of(type), slice_of(subfolder), slice_of(name)};
		struct file_client nobody = {0};
		bool is_made;
		return files_find(upload->fleet->files, &file, &nobody, &is_made) != NULL;
	}
	const struct defs_class *load = defs_find(upload->fleet->defs, SLICE("LoadImage"));
	struct text quoted;
	/* Listings have what lies at the top only. */
	if (load == NULL || subfolder[0] != '\0')
		return false;
	text_init(&quoted, 64);
	text_json(&quoted, name);
	struct json_value value = {JSON_KIND_STRING, {quoted.p, quoted.n}};
	bool has = !quoted.is_short &&
		   defs_class_has_value(upload->fleet->defs, load, SLICE("image"), value);
	text_finish(&quoted);
	return has;
}

/* "a/b.png" is b.png in the folder a; slashes at the beginning say nothing. False: too long. */
static bool split_filename(struct upload *upload, const char **ret_name)
{
	struct upload_text *subfolder = &upload->texts[UPLOAD_SUBFOLDER];
	char *name = upload->filename + strspn(upload->filename, "/\\");
	char *slash = strrchr(name, '/');
	*ret_name = name;
	if (slash == NULL)
		return true;
	size_t n = (size_t)(slash - name);
	bool needs_slash = subfolder->n != 0 && subfolder->text[subfolder->n - 1] != '/';
	if (n + needs_slash > UPLOAD_FIELD_MOST - subfolder->n)
		return false;
	if (needs_slash)
		subfolder->text[subfolder->n++] = '/';
	memcpy(subfolder->text + subfolder->n, name, n);
	subfolder->n += n;
	subfolder->text[subfolder->n] = '\0';
	*ret_name = slash + 1;
	return true;
}

bool upload_want(struct upload *upload, struct spool_want *ret_want)
{
	struct upload_text *type = &upload->texts[UPLOAD_TYPE];
	const struct upload_text *overwrite = &upload->texts[UPLOAD_OVERWRITE];
	const char *name;
	if (!type->is_there)
		memcpy(type->text, "input", sizeof("input"));
	if (!spool_is_type(type->text) || !split_filename(upload, &name)) {
		upload_fail_disk(upload, -EINVAL);
		return false;
	}
	*ret_want = (struct spool_want){
		.type = type->text,
		.subfolder = upload->texts[UPLOAD_SUBFOLDER].text,
		.name = name,
		.overwrite = strcmp(overwrite->text, "true") == 0 ||
			     strcmp(overwrite->text, "1") == 0,
		.is_taken = is_taken,
		.arg = upload,
	};
	return true;
}

/* -- the end -- */

static struct blob *describe(const struct upload *upload, const struct spool_file *file)
{
	struct text text;
	text_init(&text, 256);
	text_puts(&text, "{");
	text_key_string(&text, "name", file->name);
	text_key_string(&text, "subfolder", upload->texts[UPLOAD_SUBFOLDER].text);
	text_key_string(&text, "type", file->type);
	text_puts(&text, "}");
	return blob_of_text(&text);
}

static void end_image(struct upload *upload, const struct spool_want *want)
{
	struct spool_file *file;
	struct spool_write *write = upload->write;
	upload->write = NULL;
	int error = spool_write_end(write, want, &file);
	if (error != 0) {
		upload_fail_disk(upload, error);
		upload_refuse(upload);
		return;
	}
	supply_uploads_changed(upload->fleet);
	upload_answer(upload, describe(upload, file));
}

void route_upload_end(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct route_state *state = handler_state(x);
	struct spool_want want;
	(void)fleet;
	(void)rest;
	if (state == &no_memory) {
		handler_set_state(x, NULL);
		handler_refuse(x, 503, "out of memory");
		return;
	}
	struct upload *upload = CONTAINER_OF(state, struct upload, state);
	if (upload->multipart != NULL && !multipart_is_done(upload->multipart))
		upload_fail(upload, 400, "invalid_form", "The form is cut off");
	if (!upload->has_image)
		upload_fail(upload, 400, "no_image", "The form has no file named image");
	if (upload->status == 0 && upload_want(upload, &want)) {
		if (upload->is_mask)
			upload_mask_begin(upload, &want);
		else
			end_image(upload, &want);
		return;
	}
	upload_refuse(upload);
}
