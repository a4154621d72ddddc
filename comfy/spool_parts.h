/*
 * comfy/spool_parts.h - what comfy/spool.c and comfy/spool_write.c share.
 */
#ifndef COMFY_SPOOL_PARTS_H
#define COMFY_SPOOL_PARTS_H

#include "comfy/chain_table.h"
#include "comfy/spool.h"
#include "comfy/spool_index.h"

#define SPOOL_FILES_MOST 200000
#define SPOOL_KINDS 4
#define SPOOL_OBJECT_PATH 80 /* "objects/ab/cdef..." and its terminator */

/* Octets on disk, shared by all names that mean them. */
struct spool_object {
	struct chain_node link;
	char digest[65];
	uint32_t refs; /* names */
	uint64_t bytes;
};

struct spool_entry {
	struct spool_file file;
	struct chain_node link;
	struct spool *spool;         /* borrowed: owns us */
	struct spool_object *object; /* ref */
};

struct spool {
	int folder; /* descriptor */
	char *path; /* owned */
	bool is_temporary;
	struct spool_index *index; /* owned; NULL for a temporary one */
	struct chain_table names, objects;
	struct list files;                  /* longest unused first */
	struct list writes;                 /* under way */
	struct blob *listings[SPOOL_KINDS]; /* owned; NULL until asked for */
	uint64_t names_tag;
	uint64_t most_bytes, pending_bytes, last_version;
	struct spool_stats stats;
};

uint64_t spool_hash_name(const char *type, const char *subfolder, const char *name);
struct spool_entry *spool_entry_find(
	const struct spool *spool, const char *type, const char *subfolder, const char *name);
struct spool_object *spool_object_find(const struct spool *spool, const char *digest);
/* In no list and no table yet. NULL: no memory. */
struct spool_entry *spool_entry_create(
	struct spool *spool, const char *type, const char *subfolder, const char *name) MUST_CHECK;
void spool_entry_destroy(struct spool_entry *entry);
/* Takes a reference to the object: the name means it from now on. */
void spool_entry_set(struct spool_entry *entry, struct spool_object *object);
void spool_entry_add(struct spool_entry *entry);
void spool_object_path(const char *digest, char out[SPOOL_OBJECT_PATH]);
struct spool_object *spool_object_create(
	struct spool *spool, const char *digest, uint64_t bytes) MUST_CHECK;
/* The last one deletes the octets. */
void spool_object_unref(struct spool *spool, struct spool_object *object);
void spool_used(struct spool_entry *entry);
/* The name comes or goes. */
void spool_listing_changed(struct spool *spool, const struct spool_file *file);
struct spool_write *spool_write_first(struct spool *spool); /* there is one */
/* Drops names until there is place for one more. -ENOSPC. */
int spool_make_place(struct spool *spool) MUST_CHECK;
/* Drops names until n more octets fit. -ENOSPC: those that are left are held. */
int spool_make_room(struct spool *spool, uint64_t n) MUST_CHECK;

#endif
