/*
 * test/fuzz/fuzz_defs.c - bodies of two workers, with an octet 0xff between them.
 *
 * What is read is JSON with objects in an object. The union is JSON, the same however the slices
 * fall; each worker's classes are in it, and each value of a worker's combos is. What a worker
 * lists it allows. The other merges give JSON as well.
 */
#include "base/hash.h"
#include "comfy/defs_parts.h"
#include "comfy/info_merge.h"
#include "test/fuzz/fuzz.h"

struct asked {
	struct defs_wait wait;
	struct blob *json;
};

static void on_ready(struct defs_wait *wait, struct blob *json)
{
	ensure(json != NULL);
	CONTAINER_OF(wait, struct asked, wait)->json = blob_ref(json);
}

static void read_body(struct defs_worker *worker, struct slice body)
{
	struct blob *blob = blob_copy(body.p, body.n);
	struct json_value value;
	ensure(blob != NULL);
	int rc = defs_worker_set(worker, blob);
	while (rc == 0 && reading_step(worker->defs))
		continue;
	bool is_object = json_read(body, &value) && value.kind == JSON_KIND_OBJECT;
	ensure(is_object || !defs_worker_is_known(worker));
	ensure(!is_object || rc == 0);
	blob_unref(blob);
}

static struct blob *make_union(struct defs *defs)
{
	struct asked asked = {.wait = {.on_ready = on_ready}};
	defs_union(defs, &asked.wait);
	while (union_step(defs))
		continue;
	ensure(asked.json != NULL);
	return asked.json;
}

/* An item of a combo's list is allowed, and known to the union. */
static void check_items(const struct defs_worker *worker, const struct defs_variant *variant,
	const struct defs_input *input)
{
	struct json_scan scan;
	struct json_value item;
	struct graph_input plain = {.name = input->name};
	struct graph_node node = {.is_object = true,
		.class_type = variant->class_->name,
		.inputs = &plain,
		.input_count = 1};
	struct prompt_body body = {.nodes = &node, .node_count = 1};
	json_walk(&scan, input->options);
	while (json_item(&scan, &item)) {
		/* An object may be a wrapping, an array a selection: they mean something else. */
		if (item.kind == JSON_KIND_OBJECT || item.kind == JSON_KIND_ARRAY)
			continue;
		plain.value = item;
		ensure(defs_worker_allows(worker, &body));
		ensure(defs_class_has_value(worker->defs, variant->class_, input->name, item));
	}
}

static void check_worker(const struct defs_worker *worker)
{
	if (!defs_worker_is_known(worker))
		return;
	for (uint32_t i = 0; i < worker->list->count; i++) {
		const struct defs_variant *variant = worker->list->variants[i];
		ensure(defs_find(worker->defs, variant->class_->name) == variant->class_);
		for (uint32_t k = 0; k < variant->input_count; k++) {
			const struct defs_input *input = &variant->inputs[k];
			/* Of two with one name the first counts. */
			if (input->is_combo && variant_input(variant, input->name) == input)
				check_items(worker, variant, input);
		}
	}
}

static void check_union(struct defs *defs)
{
	struct json_value value;
	struct blob *json[2];
	for (size_t i = 0; i < 2; i++) {
		defs->made.units = i == 0 ? SIZE_MAX : 1;
		json[i] = make_union(defs);
		defs->epoch++; /* made anew the next time */
	}
	ensure(slice_is(blob_slice(json[0]), blob_slice(json[1])));
	ensure(json_read(blob_slice(json[0]), &value) && value.kind == JSON_KIND_OBJECT);
	/* Who has just the union has the same union. */
	struct defs *again = defs_create();
	struct defs_worker *worker = defs_worker_create(again);
	ensure(again != NULL && worker != NULL);
	read_body(worker, blob_slice(json[0]));
	ensure(defs_worker_is_known(worker));
	struct blob *same = make_union(again);
	ensure(same->n <= json[0]->n);
	blob_unref(same);
	defs_worker_destroy(worker);
	defs_destroy(again);
	blob_unref(json[0]);
	blob_unref(json[1]);
}

static void check_merges(const struct slice *bodies)
{
	struct json_value value;
	struct list_merge lists;
	struct stats_merge stats;
	struct features_merge features;
	bool has_stats = false;
	list_merge_init(&lists);
	stats_merge_init(&stats);
	features_merge_init(&features);
	for (size_t i = 0; i < 2; i++) {
		(void)list_merge_add(&lists, bodies[i]);
		has_stats = stats_merge_add(&stats, "w \"1\"", bodies[i]) || has_stats;
		features_merge_add(&features, bodies[i]);
	}
	struct blob *made[] = {
		list_merge_end(&lists), stats_merge_end(&stats), features_merge_end(&features)};
	ensure((made[1] != NULL) == has_stats);
	for (size_t i = 0; i < COUNT_OF(made); i++) {
		ensure(i == 1 || made[i] != NULL);
		ensure(made[i] == NULL || json_read(blob_slice(made[i]), &value));
		blob_unref(made[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool has_hash;
	if (!has_hash)
		ensure(hash_start() == 0);
	has_hash = true;
	const uint8_t *cut = n == 0 ? NULL : memchr(p, 0xff, n);
	size_t first = cut == NULL ? n : (size_t)(cut - p);
	struct slice bodies[] = {{(const char *)p, first},
		{(const char *)p + first + (cut != NULL), n - first - (cut != NULL)}};
	struct defs *defs = defs_create();
	struct defs_worker *workers[2];
	ensure(defs != NULL);
	defs->reading.slice = 1 + n % 7;
	for (size_t i = 0; i < 2; i++) {
		workers[i] = defs_worker_create(defs);
		ensure(workers[i] != NULL);
		read_body(workers[i], bodies[i]);
	}
	check_union(defs);
	check_worker(workers[0]);
	check_worker(workers[1]);
	defs_worker_destroy(workers[0]);
	defs_worker_destroy(workers[1]);
	ensure(defs->class_count == 0);
	defs_destroy(defs);
	check_merges(bodies);
	return 0;
}
