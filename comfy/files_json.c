/*
 * comfy/files_json.c - names of files in what workers say, found and tagged.
 *
 * Outputs have no fixed shape: {"images": [...]} mostly, but custom nodes add their own. So every
 * object that has a filename and a type counts, wherever it stands.
 */
#include "comfy/files_parts.h"

#include "base/text.h"

#include <errno.h>

struct visit {
	struct files *files;
	const char *node_id;
	const struct file_client *client; /* learning; NULL: renaming */
	struct text out;
	const char *copied; /* renaming: up to here the text is in `out` */
};

struct named {
	struct json_value filename, subfolder, type;
	bool has_filename, has_subfolder, has_type;
};

/* The three as they are written; of a name that is there twice the last, as in Python. */
static struct named read_names(struct json_value object)
{
	struct named named = {0};
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	json_walk(&scan, object);
	while (json_member(&scan, &name, &value)) {
		bool is_string = value.kind == JSON_KIND_STRING;
		if (slice_is(name, SLICE("\"filename\""))) {
			named.filename = value;
			named.has_filename = is_string;
		} else if (slice_is(name, SLICE("\"subfolder\""))) {
			named.subfolder = value;
			named.has_subfolder = is_string;
		} else if (slice_is(name, SLICE("\"type\""))) {
			named.type = value;
			named.has_type = is_string;
		}
	}
	return named;
}

/* Decoded into `room`, one after the other. False: it is no file. */
static bool decode_name(
	const struct named *named, char room[FILES_NAME_MOST], struct file_name *ret_name)
{
	const struct json_value values[] = {named->type, named->subfolder, named->filename};
	const bool is_there[] = {named->has_type, named->has_subfolder, named->has_filename};
	struct slice *outs[] = {&ret_name->type, &ret_name->subfolder, &ret_name->filename};
	size_t at = 0;
	if (!named->has_filename || !named->has_type)
		return false;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		ptrdiff_t n = 0;
		if (is_there[i])
			n = json_decode(values[i].raw, room + at, FILES_NAME_MOST - at);
		if (n < 0)
			return false;
		*outs[i] = (struct slice){room + at, (size_t)n};
		at += (size_t)n;
	}
	return true;
}

static void copy_to(struct visit *visit, const char *end)
{
	text_put(&visit->out, visit->copied, (size_t)(end - visit->copied));
	visit->copied = end;
}

/* "@node" or "@node/sub", the latter as it was written. */
static void put_tagged(struct visit *visit, const struct named *named)
{
	text_puts(&visit->out, "\"@");
	/* The id in quotes, without them. */
	struct text id;
	text_init(&id, 64);
	text_json(&id, visit->node_id);
	if (id.is_short)
		visit->out.is_short = true;
	else
		text_put(&visit->out, id.p + 1, id.n - 2);
	text_finish(&id);
	if (named->has_subfolder && named->subfolder.raw.n > 2) {
		text_puts(&visit->out, "/");
		text_put(&visit->out, named->subfolder.raw.p + 1, named->subfolder.raw.n - 2);
	}
	text_puts(&visit->out, "\"");
}

static void visit_value(struct visit *visit, struct json_value value);

static void visit_object(struct visit *visit, struct json_value object)
{
	char room[FILES_NAME_MOST];
	struct named named = read_names(object);
	struct file_name file;
	bool is_tagged = false;
	if (decode_name(&named, room, &file)) {
		if (visit->client != NULL)
			files_add(visit->files, &file, visit->node_id, visit->client);
		else
			is_tagged = files_is_tagged(visit->files, &file, visit->node_id);
	}
	if (is_tagged && !named.has_subfolder) {
		copy_to(visit, object.raw.p + 1);
		text_puts(&visit->out, "\"subfolder\": ");
		put_tagged(visit, &named);
		text_puts(&visit->out, ", ");
	}
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	json_walk(&scan, object);
	while (json_member(&scan, &name, &value)) {
		if (is_tagged && named.has_subfolder && value.raw.p == named.subfolder.raw.p) {
			copy_to(visit, value.raw.p);
			put_tagged(visit, &named);
			visit->copied += value.raw.n;
		} else {
			visit_value(visit, value);
		}
	}
}

static void visit_value(struct visit *visit, struct json_value value)
{
	struct json_scan scan;
	struct json_value item;
	if (value.kind == JSON_KIND_OBJECT) {
		visit_object(visit, value);
	} else if (value.kind == JSON_KIND_ARRAY) {
		json_walk(&scan, value);
		while (json_item(&scan, &item))
			visit_value(visit, item);
	}
}

/* Most of what workers say names no file: that is seen without reading it. */
static bool may_have_files(struct slice json, struct json_value *ret_value)
{
	static const char key[] = "\"filename\"";
	return json.n != 0 && memmem(json.p, json.n, key, sizeof(key) - 1) != NULL &&
	       json_read(json, ret_value);
}

void files_learn_from(struct files *files, const char *node_id, const struct file_client *client,
	struct slice outputs)
{
	struct visit visit = {.files = files, .node_id = node_id, .client = client};
	struct json_value value;
	if (may_have_files(outputs, &value))
		visit_value(&visit, value);
}

struct blob *files_rename(struct files *files, const char *node_id, struct slice json)
{
	struct visit visit = {.files = files, .node_id = node_id, .copied = json.p};
	struct json_value value;
	errno = 0;
	if (!may_have_files(json, &value))
		return NULL;
	text_init(&visit.out, 0);
	visit_value(&visit, value);
	if (visit.copied == json.p) {
		text_finish(&visit.out);
		return NULL;
	}
	copy_to(&visit, json.p + json.n);
	struct blob *blob = blob_of_text(&visit.out);
	if (blob == NULL)
		errno = ENOMEM;
	return blob;
}
