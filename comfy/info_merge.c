#include "comfy/info_merge.h"

#include "base/hash.h"

#define DEPTH_MOST 8
#define NAME_MOST 200

/* -- lists -- */

void list_merge_init(struct list_merge *merge)
{
	*merge = (struct list_merge){0};
	text_init(&merge->out, 0);
	text_put(&merge->out, "[", 1);
}

void list_merge_finish(struct list_merge *merge)
{
	text_finish(&merge->out);
	value_set_finish(&merge->seen);
}

static uint64_t key_of_item(struct json_value item)
{
	struct json_value name;
	struct json_value place;
	if (!json_find(item, "name", &name))
		return value_key(item);
	uint64_t key = value_key(name);
	if (json_find(item, "pathIndex", &place))
		key = key * 31 + value_key(place);
	return key == 0 ? 1 : key;
}

bool list_merge_add(struct list_merge *merge, struct slice body)
{
	struct json_value list;
	struct json_value item;
	struct json_scan scan;
	uint64_t key = hash_keyed(body.p, body.n);
	/* Most workers of a fleet have the same. */
	if (merge->lists != 0 && merge->last == key) {
		merge->lists++;
		return true;
	}
	if (!json_read(body, &list) || list.kind != JSON_KIND_ARRAY)
		return false;
	merge->lists++;
	merge->last = key;
	json_walk(&scan, list);
	while (json_item(&scan, &item)) {
		int is_new = value_set_add(&merge->seen, key_of_item(item));
		if (is_new < 0)
			merge->out.is_short = true;
		if (is_new <= 0)
			continue;
		if (merge->out.n > 1)
			text_put(&merge->out, ", ", 2);
		text_put(&merge->out, item.raw.p, item.raw.n);
	}
	return true;
}

struct blob *list_merge_end(struct list_merge *merge)
{
	text_put(&merge->out, "]", 1);
	struct blob *json = blob_of_text(&merge->out);
	list_merge_finish(merge);
	return json;
}

/* -- devices -- */

void stats_merge_init(struct stats_merge *merge)
{
	*merge = (struct stats_merge){0};
}

void stats_merge_finish(struct stats_merge *merge)
{
	text_finish(&merge->first);
	text_finish(&merge->devices);
}

/* The name as it is written, and the worker behind it. */
static void put_name(struct text *out, struct slice quoted, const char *node_id)
{
	text_put(out, quoted.p, quoted.n - 1);
	text_puts(out, " (");
	size_t quote = out->n;
	text_json(out, node_id);
	if (out->is_short)
		return;
	/* Without its own quotes. */
	memmove(out->p + quote, out->p + quote + 1, out->n - quote - 2);
	out->n -= 2;
	text_puts(out, ")\"");
}

static void put_device(struct stats_merge *merge, struct json_value device, const char *node_id)
{
	struct text *out = &merge->devices;
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	bool is_first = true;
	text_puts(out, merge->count == 0 ? "{" : ", {");
	json_walk(&scan, device);
	while (json_member(&scan, &name, &value)) {
		text_puts(out, is_first ? "" : ", ");
		is_first = false;
		text_put(out, name.p, name.n);
		text_puts(out, ": ");
		if (json_is_text(name, SLICE("index")))
			text_u64(out, merge->count);
		else if (json_is_text(name, SLICE("name")) && value.kind == JSON_KIND_STRING)
			put_name(out, value.raw, node_id);
		else
			text_put(out, value.raw.p, value.raw.n);
	}
	text_puts(out, "}");
	merge->count++;
}

bool stats_merge_add(struct stats_merge *merge, const char *node_id, struct slice body)
{
	struct json_value root;
	struct json_value devices;
	struct json_value device;
	struct json_scan scan;
	if (!json_read(body, &root) || !json_find(root, "devices", &devices) ||
		devices.kind != JSON_KIND_ARRAY)
		return false;
	if (merge->first.p == NULL) {
		text_init(&merge->first, body.n);
		text_put(&merge->first, root.raw.p, root.raw.n);
	}
	json_walk(&scan, devices);
	while (json_item(&scan, &device)) {
		if (device.kind == JSON_KIND_OBJECT)
			put_device(merge, device, node_id);
	}
	return true;
}

struct blob *stats_merge_end(struct stats_merge *merge)
{
	struct text out;
	struct json_value root;
	struct json_value devices;
	struct blob *json = NULL;
	bool is_whole = merge->first.n != 0 && !merge->first.is_short && !merge->devices.is_short;
	/* It was read before: this finds the place in our copy. */
	if (is_whole && json_read((struct slice){merge->first.p, merge->first.n}, &root) &&
		json_find(root, "devices", &devices)) {
		const char *end = root.raw.p + root.raw.n;
		const char *behind = devices.raw.p + devices.raw.n;
		text_init(&out, merge->first.n + merge->devices.n + 2);
		text_put(&out, root.raw.p, (size_t)(devices.raw.p - root.raw.p));
		text_put(&out, "[", 1);
		text_put(&out, merge->devices.p, merge->devices.n);
		text_put(&out, "]", 1);
		text_put(&out, behind, (size_t)(end - behind));
		json = blob_of_text(&out);
	}
	stats_merge_finish(merge);
	return json;
}

/* -- features -- */

void features_merge_init(struct features_merge *merge)
{
	*merge = (struct features_merge){0};
}

static bool find_same_name(
	struct json_value object, struct slice quoted, struct json_value *ret_value)
{
	char name[NAME_MOST + 1];
	ptrdiff_t n = json_decode(quoted, name, NAME_MOST);
	if (n < 0 || memchr(name, '\0', (size_t)n) != NULL)
		return false;
	name[n] = '\0';
	return json_find(object, name, ret_value);
}

static struct json_value lesser(struct json_value a, struct json_value b)
{
	return json_number(b) < json_number(a) ? b : a;
}

static bool are_same(struct json_value a, struct json_value b)
{
	if (a.kind == JSON_KIND_STRING && b.kind == JSON_KIND_STRING)
		return value_key(a) == value_key(b);
	return slice_is(a.raw, b.raw);
}

/* Objects within objects: so deep at most, and beyond it they are compared as they are written. */
static void put_common(struct text *out, struct json_value a, struct json_value b, unsigned depth)
{
	struct json_scan scan;
	struct slice name;
	struct json_value ours;
	struct json_value theirs;
	bool is_first = true;
	text_puts(out, "{");
	json_walk(&scan, a);
	while (json_member(&scan, &name, &ours)) {
		if (!find_same_name(b, name, &theirs))
			continue;
		bool are_numbers = ours.kind == JSON_KIND_NUMBER && theirs.kind == JSON_KIND_NUMBER;
		bool are_objects = ours.kind == JSON_KIND_OBJECT && theirs.kind == JSON_KIND_OBJECT;
		bool is_size = are_numbers && json_is_text(name, SLICE("max_upload_size"));
		bool is_inner = are_objects && depth < DEPTH_MOST;
		if (!is_size && !is_inner && !are_same(ours, theirs))
			continue;
		text_puts(out, is_first ? "" : ", ");
		is_first = false;
		text_put(out, name.p, name.n);
		text_puts(out, ": ");
		if (is_size)
			ours = lesser(ours, theirs);
		if (is_inner)
			put_common(out, ours, theirs, depth + 1);
		else
			text_put(out, ours.raw.p, ours.raw.n);
	}
	text_puts(out, "}");
}

void features_merge_add(struct features_merge *merge, struct slice body)
{
	struct text common;
	struct json_value ours;
	struct json_value theirs;
	struct slice before = {merge->common.p, merge->common.n};
	if (!json_read(body, &theirs) || theirs.kind != JSON_KIND_OBJECT)
		theirs = (struct json_value){JSON_KIND_OBJECT, SLICE("{}")};
	if (before.n != 0 && slice_is(before, theirs.raw))
		return;
	if (before.n == 0 || merge->common.is_short || !json_read(before, &ours)) {
		text_put(&merge->common, theirs.raw.p, theirs.raw.n);
		return;
	}
	text_init(&common, before.n);
	put_common(&common, ours, theirs, 0);
	text_finish(&merge->common);
	merge->common = common;
}

struct blob *features_merge_end(struct features_merge *merge)
{
	if (merge->common.n == 0)
		text_puts(&merge->common, "{}");
	return blob_of_text(&merge->common);
}
