/*
 * comfy/defs_parts.h - what the files of comfy/defs.h share.
 *
 *   defs_worker --> defs_list --> defs_variant --> defs_class
 *     one each      one for all     one for each     one for each name
 *                   that have the   text of a class
 *                   same classes
 *
 *   defs.c        life of the store and its workers        defs_ask.c    questions
 *   defs_read.c   a body, class by class                   defs_merge.c  one class of the union
 *   defs_store.c  classes, variants, lists: each once      defs_union.c  all of them, and gzip
 *   defs_variant.c, defs_values.c   what a class's text says    defs_one.c   GET
 * /object_info/{class}
 */
#ifndef COMFY_DEFS_PARTS_H
#define COMFY_DEFS_PARTS_H

#include "base/loop.h"
#include "base/text.h"
#include "comfy/defs.h"
#include "comfy/defs_values.h"

/* What is done in one turn of the loop: half a millisecond or so. */
#define DEFS_READ_OCTETS ((size_t)64 * 1024)
#define DEFS_MERGE_UNITS ((size_t)8 * 1024) /* values looked at, lists looked into, 64 octets */
#define DEFS_DEFLATE_OCTETS ((size_t)32 * 1024)

/* -- one text of a class (defs_variant.c) -- */

struct defs_input {
	struct slice section, name; /* decoded; in the variant's memory */
	struct json_value definition;
	bool is_combo;             /* a value has to be in `options` */
	bool is_upload;            /* the list is of uploaded files */
	struct slice upload;       /* the setting that says so, without quotes; in raw */
	bool is_multi;             /* a list of values may stand for one */
	struct json_value options; /* the array; kind JSON_KIND_NULL for none */
	struct value_set set;      /* of options, once it was asked for; empty until then */
};

struct defs_variant {
	struct defs_variant *next; /* of the class */
	struct defs_class *class_; /* borrowed: lives as long as it has variants */
	uint32_t refs;             /* lists and drafts that have it */
	uint32_t live;             /* lists of workers that have it */
	uint64_t hash;             /* of name and raw; the same in every process */
	uint64_t kind;             /* lists of uploads left out */
	uint64_t stamp;            /* merges: seen already */
	struct json_value raw;     /* {"input": ...} */
	struct json_value outputs; /* in raw */
	bool is_output;
	uint32_t input_count;
	struct defs_input *inputs; /* owned, with the names that had to be decoded behind it */
};

/* Reads raw (an object that is known to be good JSON) into the rest. False: no memory. */
bool variant_read(struct defs_variant *variant) MUST_CHECK;
void variant_finish(struct defs_variant *variant);
struct defs_input *variant_input(const struct defs_variant *variant, struct slice name);
/* Whether the combo's list has it. Builds the set if the list is long. */
bool input_has_value(struct defs_input *input, uint64_t key);

/* -- what is kept once (defs_store.c) -- */

struct defs_class {
	struct defs_class *same_bucket;
	struct defs_variant *variants, **variants_end; /* oldest first */
	uint64_t hash;
	uint32_t index;      /* its place in every list's by_index */
	uint32_t live;       /* sum of its variants' */
	uint64_t draft;      /* number of the reading that met it last */
	uint32_t draft_at;   /* its place there */
	uint64_t made;       /* number of the union that has it */
	struct slice quoted; /* the name as the first worker wrote it; in our memory, likewise: */
	struct slice name;   /* decoded */
};

struct defs_list {
	struct list node; /* in defs->lists */
	uint32_t refs;    /* workers, and the union that is being made */
	uint32_t workers;
	uint64_t hash, kind;
	uint32_t count, index_count;
	struct defs_variant **variants; /* owned, with a reference each: in the body's order */
	struct defs_variant **by_index; /* owned: by class index; NULL where it has none */
};

/* A body's classes so far. */
struct defs_draft {
	struct defs_variant **variants; /* owned, with a reference each */
	uint32_t count, room;
	uint64_t number;
};

struct defs_class *store_find(const struct defs *defs, struct slice name);
/* Takes one more class into the draft. -ENOMEM. */
int store_add(struct defs *defs, struct defs_draft *draft, struct slice quoted,
	struct json_value raw) MUST_CHECK;
void store_drop_draft(struct defs *defs, struct defs_draft *draft);
/* The list of that draft, with a reference; the draft is empty then. NULL: no memory, and the draft
 * is as it was. */
struct defs_list *store_list(struct defs *defs, struct defs_draft *draft) MUST_CHECK;
void store_unref_list(struct defs *defs, struct defs_list *list); /* takes NULL */
/* One more worker has it, or one less. */
void store_list_live(struct defs_list *list, bool is_more);
struct defs_variant *list_variant(const struct defs_list *list, const struct defs_class *class_);

/* -- readings (defs_read.c) -- */

struct defs_reading {
	struct next_turn turn;
	struct list waiting;        /* workers with a body that was not begun */
	struct defs_worker *worker; /* borrowed: whose body is being read; NULL none */
	struct blob *body;          /* owned */
	struct json_scan scan;
	struct defs_draft draft;
	size_t slice; /* octets a turn */
};

void reading_init(struct defs *defs);
void reading_finish(struct defs *defs);
/* Whatever is under way for that worker is forgotten. */
void reading_cancel(struct defs_worker *worker);
void reading_add(struct defs_worker *worker, struct blob *body);
/* One turn's worth. True while there is more. */
bool reading_step(struct defs *defs);

/* -- the union (defs_merge.c, defs_union.c, defs_gzip.c, defs_one.c) -- */

struct defs_merge {
	struct defs *defs;
	struct defs_list *const *lists; /* borrowed */
	size_t list_count;
	struct text *out; /* borrowed */
	const struct defs_class *class_;
	struct defs_variant *base; /* the first list's: what is no combo is its */
	const char *done;          /* so far it was written */
	uint32_t input;
	bool is_in_input, is_in_list;
	bool is_listed;       /* the uploads were added, or there are none */
	struct blob *listing; /* owned: those being added; NULL none */
	size_t list;          /* whose values are being added */
	uint64_t stamp;
	struct json_scan items;
	struct value_set set; /* of the values written */
	bool has_values;
};

/* `first`: the first of the lists that has the class. */
void merge_begin(struct defs_merge *merge, struct defs *defs, struct defs_list *const *lists,
	size_t list_count, size_t first, const struct defs_class *class_, struct text *out);
/* 1: done, 0: *units is used up, -ENOMEM. After 1 and -ENOMEM nothing is to be freed. */
int merge_step(struct defs_merge *merge, size_t *units) MUST_CHECK;
void merge_cancel(struct defs_merge *merge);

enum making { MAKING_NOTHING, MAKING_JSON, MAKING_GZIP };

struct defs_union {
	struct next_turn turn;
	struct list waits;
	struct blob *json, *gzip; /* owned; NULL until made */
	uint64_t epoch;           /* of both, or of what is being made */
	uint64_t tag;

	enum making making;
	struct defs_list **lists; /* owned, with a reference each: as it was at the epoch */
	size_t list_count, list;
	uint32_t at; /* in lists[list] */
	uint64_t number;
	bool is_in_class;
	struct defs_merge merge;
	struct text out;
	struct gzip *deflate; /* owned */
	size_t units, octets; /* a turn */
};

/* The workers' lists as they are now, each once, with a reference each. False: no memory. */
bool union_take_lists(
	struct defs *defs, struct defs_list ***ret_lists, size_t *ret_count) MUST_CHECK;
void union_give_lists(struct defs *defs, struct defs_list **lists, size_t count);

void union_init(struct defs *defs);
void union_finish(struct defs *defs);
/* One turn's worth. True while there is more. */
bool union_step(struct defs *defs);

struct gzip; /* one that is being written */
struct gzip *gzip_create(struct text *out) MUST_CHECK;
void gzip_destroy(struct gzip *gzip); /* takes NULL */
/* False: no memory. */
bool gzip_add(struct gzip *gzip, struct slice piece, bool is_last) MUST_CHECK;

/* -- the store -- */

struct defs_worker {
	struct list node; /* in defs->workers */
	struct defs *defs;
	struct defs_list *list; /* ref; NULL while nothing is known */
	struct list queued;     /* in reading.waiting */
	struct blob *body;      /* owned: while it waits there */
	void (*on_read)(void *arg, int error);
	void *arg;
};

struct defs {
	struct list workers, lists;
	struct defs_class **buckets; /* owned */
	uint32_t bucket_count, class_count;
	uint32_t *free_indices; /* owned, room for every index handed out */
	uint32_t free_count, index_count, index_room;
	uint32_t known; /* workers with a list */
	uint64_t epoch, allows_epoch, numbers;
	bool (*is_uploaded)(void *arg, struct slice file);
	void *is_uploaded_arg;
	struct blob *(*listing)(void *arg, struct slice setting);
	void *listing_arg;
	uint64_t uploads_tag;
	struct defs_reading reading;
	struct defs_union made;
};

/* A worker's list is another one now (NULL: none). */
void defs_worker_take(struct defs_worker *worker, struct defs_list *list);

#endif
