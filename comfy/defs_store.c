/*
 * comfy/defs_store.c - classes, their texts, and lists of them: each kept once, as long as somebody
 * has it.
 *
 * A class has an index while it lives, and a list finds its text of that class there. An index that
 * became free is given out again: no list can have anything at it.
 */
#include "comfy/defs_parts.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS_LEAST 1024
#define DRAFT_LEAST 256

/* -- classes -- */

static struct defs_class *find_hashed(const struct defs *defs, uint64_t hash, struct slice name)
{
	if (defs->bucket_count == 0)
		return NULL;
	struct defs_class *class_ = defs->buckets[hash & (defs->bucket_count - 1)];
	while (class_ != NULL && !(class_->hash == hash && slice_is(class_->name, name)))
		class_ = class_->same_bucket;
	return class_;
}

struct defs_class *store_find(const struct defs *defs, struct slice name)
{
	return find_hashed(defs, hash_keyed(name.p, name.n), name);
}

/* Longer chains are no harm, so without memory it stays as it is; only the first table must be. */
static bool grow_buckets(struct defs *defs)
{
	uint32_t count = defs->bucket_count == 0 ? BUCKETS_LEAST : 2 * defs->bucket_count;
	struct defs_class **buckets = calloc(count, sizeof(void *));
	if (buckets == NULL)
		return defs->bucket_count != 0;
	for (uint32_t i = 0; i < defs->bucket_count; i++) {
		struct defs_class *class_ = defs->buckets[i];
		while (class_ != NULL) {
			struct defs_class *next = class_->same_bucket;
			struct defs_class **bucket = &buckets[class_->hash & (count - 1)];
			class_->same_bucket = *bucket;
			*bucket = class_;
			class_ = next;
		}
	}
	free(defs->buckets);
	defs->buckets = buckets;
	defs->bucket_count = count;
	return true;
}

/* Room to give back every index there is, so that giving back cannot fail. */
static bool take_index(struct defs *defs, uint32_t *ret_index)
{
	if (defs->free_count != 0) {
		*ret_index = defs->free_indices[--defs->free_count];
		return true;
	}
	if (defs->index_count == defs->index_room) {
		uint32_t room = defs->index_room == 0 ? BUCKETS_LEAST : 2 * defs->index_room;
		uint32_t *wider = realloc(defs->free_indices, room * sizeof(wider[0]));
		if (wider == NULL)
			return false;
		defs->free_indices = wider;
		defs->index_room = room;
	}
	*ret_index = defs->index_count++;
	return true;
}

static struct defs_class *class_create(
	struct defs *defs, uint64_t hash, struct slice quoted, struct slice name)
{
	if (defs->class_count >= defs->bucket_count && !grow_buckets(defs))
		return NULL;
	struct defs_class *class_ = malloc(sizeof(*class_) + quoted.n + name.n);
	if (class_ == NULL)
		return NULL;
	*class_ = (struct defs_class){.hash = hash};
	if (!take_index(defs, &class_->index)) {
		free(class_);
		return NULL;
	}
	char *text = (char *)(class_ + 1);
	memcpy(text, quoted.p, quoted.n);
	class_->quoted = (struct slice){text, quoted.n};
	if (name.n != 0)
		memcpy(text + quoted.n, name.p, name.n);
	class_->name = (struct slice){text + quoted.n, name.n};
	class_->variants_end = &class_->variants;
	struct defs_class **bucket = &defs->buckets[hash & (defs->bucket_count - 1)];
	class_->same_bucket = *bucket;
	*bucket = class_;
	defs->class_count++;
	return class_;
}

static void class_destroy(struct defs *defs, struct defs_class *class_)
{
	struct defs_class **link = &defs->buckets[class_->hash & (defs->bucket_count - 1)];
	while (*link != class_)
		link = &(*link)->same_bucket;
	*link = class_->same_bucket;
	defs->free_indices[defs->free_count++] = class_->index;
	defs->class_count--;
	free(class_);
}

static struct defs_class *class_get(struct defs *defs, struct slice quoted)
{
	struct slice name = json_inside(quoted);
	char *out = NULL;
	if (json_has_escape(quoted)) {
		out = malloc(quoted.n);
		if (out == NULL)
			return NULL;
		ptrdiff_t n = json_decode(quoted, out, quoted.n);
		name = (struct slice){out, n > 0 ? (size_t)n : 0};
	}
	uint64_t hash = hash_keyed(name.p, name.n);
	struct defs_class *class_ = find_hashed(defs, hash, name);
	if (class_ == NULL)
		class_ = class_create(defs, hash, quoted, name);
	free(out);
	return class_;
}

/* -- their texts -- */

static void variant_unref(struct defs *defs, struct defs_variant *variant)
{
	if (--variant->refs != 0)
		return;
	struct defs_class *class_ = variant->class_;
	struct defs_variant **link = &class_->variants;
	while (*link != variant)
		link = &(*link)->next;
	*link = variant->next;
	if (variant->next == NULL)
		class_->variants_end = link;
	variant_finish(variant);
	free(variant);
	if (class_->variants == NULL)
		class_destroy(defs, class_);
}

static struct defs_variant *variant_create(
	struct defs_class *class_, uint64_t hash, struct json_value raw)
{
	struct defs_variant *variant = malloc(sizeof(*variant) + raw.raw.n);
	if (variant == NULL)
		return NULL;
	*variant = (struct defs_variant){.class_ = class_, .refs = 1, .hash = hash};
	memcpy(variant + 1, raw.raw.p, raw.raw.n);
	variant->raw = (struct json_value){raw.kind, {(const char *)(variant + 1), raw.raw.n}};
	if (!variant_read(variant)) {
		free(variant);
		return NULL;
	}
	*class_->variants_end = variant;
	class_->variants_end = &variant->next;
	return variant;
}

/* With a reference. */
static struct defs_variant *variant_get(struct defs_class *class_, struct json_value raw)
{
	uint64_t hash = hash_stable(raw.raw.p, raw.raw.n) ^
			hash_stable(class_->name.p, class_->name.n) * 31;
	struct defs_variant *variant = class_->variants;
	while (variant != NULL && !(variant->hash == hash && slice_is(variant->raw.raw, raw.raw)))
		variant = variant->next;
	if (variant == NULL)
		return variant_create(class_, hash, raw);
	variant->refs++;
	return variant;
}

/* -- drafts -- */

static bool draft_has_room(struct defs_draft *draft)
{
	if (draft->count < draft->room)
		return true;
	uint32_t room = draft->room == 0 ? DRAFT_LEAST : 2 * draft->room;
	struct defs_variant **wider = realloc(draft->variants, room * sizeof(void *));
	if (wider == NULL)
		return false;
	draft->variants = wider;
	draft->room = room;
	return true;
}

int store_add(
	struct defs *defs, struct defs_draft *draft, struct slice quoted, struct json_value raw)
{
	if (!draft_has_room(draft))
		return -ENOMEM;
	struct defs_class *class_ = class_get(defs, quoted);
	if (class_ == NULL)
		return -ENOMEM;
	struct defs_variant *variant = variant_get(class_, raw);
	if (variant == NULL) {
		if (class_->variants == NULL)
			class_destroy(defs, class_);
		return -ENOMEM;
	}
	if (class_->draft == draft->number) {
		/* The same name again: the last counts, as in Python, at the place of the first. */
		struct defs_variant *old = draft->variants[class_->draft_at];
		draft->variants[class_->draft_at] = variant;
		variant_unref(defs, old);
		return 0;
	}
	class_->draft = draft->number;
	class_->draft_at = draft->count;
	draft->variants[draft->count++] = variant;
	return 0;
}

void store_drop_draft(struct defs *defs, struct defs_draft *draft)
{
	for (uint32_t i = 0; i < draft->count; i++)
		variant_unref(defs, draft->variants[i]);
	free(draft->variants);
	*draft = (struct defs_draft){0};
}

/* -- lists -- */

static uint64_t hash_of(const struct defs_draft *draft, uint64_t *ret_kind)
{
	uint64_t hash = draft->count;
	*ret_kind = draft->count;
	for (uint32_t i = 0; i < draft->count; i++) {
		hash = (hash ^ draft->variants[i]->hash) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
		/* Of the same classes in whatever order: a sum. */
		*ret_kind += draft->variants[i]->kind * UINT64_C(0x9e3779b97f4a7c15);
	}
	return hash;
}

static struct defs_list *find_list(
	const struct defs *defs, const struct defs_draft *draft, uint64_t hash)
{
	list_each (node, &defs->lists) {
		struct defs_list *list = CONTAINER_OF(node, struct defs_list, node);
		if (list->hash == hash && list->count == draft->count &&
			(draft->count == 0 || memcmp(list->variants, draft->variants,
						      draft->count * sizeof(void *)) == 0))
			return list;
	}
	return NULL;
}

static struct defs_list *list_create(
	struct defs *defs, const struct defs_draft *draft, uint64_t hash, uint64_t kind)
{
	size_t pointers = (size_t)draft->count + defs->index_count;
	struct defs_list *list = malloc(sizeof(*list) + pointers * sizeof(void *));
	if (list == NULL)
		return NULL;
	*list = (struct defs_list){
		.refs = 1,
		.hash = hash,
		.kind = kind == 0 ? 1 : kind,
		.count = draft->count,
		.index_count = defs->index_count,
		.variants = (struct defs_variant **)(list + 1),
	};
	list->by_index = list->variants + list->count;
	memset(list->by_index, 0, list->index_count * sizeof(void *));
	for (uint32_t i = 0; i < list->count; i++) {
		struct defs_variant *variant = draft->variants[i];
		list->variants[i] = variant;
		list->by_index[variant->class_->index] = variant;
	}
	list_push_back(&defs->lists, &list->node);
	return list;
}

struct defs_list *store_list(struct defs *defs, struct defs_draft *draft)
{
	uint64_t kind;
	uint64_t hash = hash_of(draft, &kind);
	struct defs_list *list = find_list(defs, draft, hash);
	if (list != NULL) {
		list->refs++;
		store_drop_draft(defs, draft);
		return list;
	}
	list = list_create(defs, draft, hash, kind);
	if (list == NULL)
		return NULL;
	/* The draft's references are the list's now. */
	free(draft->variants);
	*draft = (struct defs_draft){0};
	return list;
}

void store_unref_list(struct defs *defs, struct defs_list *list)
{
	if (list == NULL || --list->refs != 0)
		return;
	list_remove(&list->node);
	for (uint32_t i = 0; i < list->count; i++)
		variant_unref(defs, list->variants[i]);
	free(list);
}

void store_list_live(struct defs_list *list, bool is_more)
{
	if (is_more ? list->workers++ != 0 : --list->workers != 0)
		return;
	for (uint32_t i = 0; i < list->count; i++) {
		struct defs_variant *variant = list->variants[i];
		variant->live += is_more ? 1 : -1u;
		variant->class_->live += is_more ? 1 : -1u;
	}
}

struct defs_variant *list_variant(const struct defs_list *list, const struct defs_class *class_)
{
	return class_->index < list->index_count ? list->by_index[class_->index] : NULL;
}
