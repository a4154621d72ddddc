/*
 * comfy/spool.c - names and what they mean, and the bound. Opening and closing: comfy/spool_open.c.
 *
 *   names: (type, subfolder, name) --> entry --ref--> object: digest <-- objects
 */
#include "comfy/spool.h"

#include "base/clock.h"
#include "base/hash.h"
#include "comfy/spool_name.h"
#include "comfy/spool_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DIGEST_CHARS 64
/* How old the time of use on disk may be: it is not worth a write for each job. */
#define USED_STEP_MS ((uint64_t)3600 * 1000)

/* -- names -- */

uint64_t spool_hash_name(const char *type, const char *subfolder, const char *name)
{
	char key[SPOOL_SUBFOLDER_MOST + SPOOL_NAME_MOST + 16];
	int n = snprintf(key, sizeof(key), "%s\n%s\n%s", type, subfolder, name);
	return hash_keyed(key, min_size((size_t)n, sizeof(key) - 1));
}

struct spool_entry *spool_entry_find(
	const struct spool *spool, const char *type, const char *subfolder, const char *name)
{
	uint64_t hash = spool_hash_name(type, subfolder, name);
	struct chain_node *link = chain_first(&spool->names, hash);
	for (; link != NULL; link = link->next) {
		struct spool_entry *entry = CONTAINER_OF(link, struct spool_entry, link);
		if (link->hash == hash && strcmp(entry->file.name, name) == 0 &&
			strcmp(entry->file.subfolder, subfolder) == 0 &&
			strcmp(entry->file.type, type) == 0)
			return entry;
	}
	return NULL;
}

struct spool_entry *spool_entry_create(
	struct spool *spool, const char *type, const char *subfolder, const char *name)
{
	struct spool_entry *entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	list_init(&entry->file.node);
	entry->spool = spool;
	entry->file.type = strdup(type);
	entry->file.subfolder = strdup(subfolder);
	entry->file.name = strdup(name);
	entry->link.hash = spool_hash_name(type, subfolder, name);
	if (entry->file.type == NULL || entry->file.subfolder == NULL || entry->file.name == NULL) {
		spool_entry_destroy(entry);
		return NULL;
	}
	return entry;
}

void spool_entry_add(struct spool_entry *entry)
{
	struct spool *spool = entry->spool;
	chain_put(&spool->names, &entry->link);
	spool->stats.files++;
	list_push_back(&spool->files, &entry->file.node);
	spool_listing_changed(spool, &entry->file);
}

void spool_entry_destroy(struct spool_entry *entry)
{
	struct spool *spool = entry->spool;
	if (!list_is_empty(&entry->file.node)) {
		list_remove(&entry->file.node);
		chain_take(&spool->names, &entry->link);
		spool->stats.files--;
		spool_listing_changed(spool, &entry->file);
	}
	if (entry->object != NULL)
		spool_object_unref(spool, entry->object);
	free(entry->file.type);
	free(entry->file.subfolder);
	free(entry->file.name);
	free(entry);
}

void spool_entry_set(struct spool_entry *entry, struct spool_object *object)
{
	struct spool_object *before = entry->object;
	entry->object = object;
	object->refs++;
	entry->file.bytes = object->bytes;
	entry->file.version = ++entry->spool->last_version;
	memcpy(entry->file.digest, object->digest, sizeof(object->digest));
	if (before != NULL)
		spool_object_unref(entry->spool, before);
}

static int save(struct spool_entry *entry)
{
	const struct spool_file *file = &entry->file;
	struct spool_row row = {file->type, file->subfolder, file->name, file->digest, file->bytes,
		file->used_wall_ms};
	return entry->spool->index == NULL ? 0 : spool_index_put(entry->spool->index, &row);
}

void spool_used(struct spool_entry *entry)
{
	uint64_t now = clock_wall_us() / 1000;
	list_remove(&entry->file.node);
	list_push_back(&entry->spool->files, &entry->file.node);
	if (now < entry->file.used_wall_ms + USED_STEP_MS && now >= entry->file.used_wall_ms)
		return;
	entry->file.used_wall_ms = now;
	/* Without it the name is only dropped earlier than it might. */
	(void)save(entry);
}

static void drop(struct spool_entry *entry)
{
	struct spool *spool = entry->spool;
	/* A row that stays behind is dropped at the next start: its object will be gone. */
	if (spool->index != NULL)
		(void)spool_index_forget(
			spool->index, entry->file.type, entry->file.subfolder, entry->file.name);
	spool_entry_destroy(entry);
	spool->stats.dropped++;
}

void spool_set_most(struct spool *spool, uint64_t most_bytes)
{
	spool->most_bytes = most_bytes;
	(void)!spool_make_room(spool, 0);
}

int spool_make_room(struct spool *spool, uint64_t n)
{
	if (spool->most_bytes == 0)
		return 0;
	if (n > spool->most_bytes)
		return -EFBIG;
	list_each_safe (node, &spool->files) {
		if (spool->stats.bytes + spool->pending_bytes + n <= spool->most_bytes)
			return 0;
		struct spool_entry *entry = CONTAINER_OF(node, struct spool_entry, file.node);
		if (entry->file.holds == 0)
			drop(entry);
	}
	return spool->stats.bytes + spool->pending_bytes + n <= spool->most_bytes ? 0 : -ENOSPC;
}

int spool_make_place(struct spool *spool)
{
	list_each_safe (node, &spool->files) {
		if (spool->stats.files < SPOOL_FILES_MOST)
			return 0;
		struct spool_entry *entry = CONTAINER_OF(node, struct spool_entry, file.node);
		if (entry->file.holds == 0)
			drop(entry);
	}
	return spool->stats.files < SPOOL_FILES_MOST ? 0 : -ENOSPC;
}

struct spool_file *spool_find(
	struct spool *spool, const char *type, const char *subfolder, const char *name)
{
	char clean[SPOOL_SUBFOLDER_MOST + 1];
	if (!spool_is_name(name) || !spool_subfolder(subfolder, clean))
		return NULL;
	struct spool_entry *entry = spool_entry_find(spool, type, clean, name);
	return entry == NULL ? NULL : &entry->file;
}

void spool_hold(struct spool_file *file)
{
	file->holds++;
	spool_used(CONTAINER_OF(file, struct spool_entry, file));
}

void spool_release(struct spool_file *file)
{
	ensure(file->holds != 0);
	file->holds--;
}

int spool_file_open(struct spool *spool, const struct spool_file *file)
{
	char path[SPOOL_OBJECT_PATH];
	spool_object_path(file->digest, path);
	int fd = openat(spool->folder, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

const struct spool_stats *spool_stats(const struct spool *spool)
{
	return &spool->stats;
}

/* -- objects -- */

void spool_object_path(const char *digest, char out[SPOOL_OBJECT_PATH])
{
	(void)snprintf(out, SPOOL_OBJECT_PATH, "objects/%.2s/%.62s", digest, digest + 2);
}

static uint64_t hash_digest(const char *digest)
{
	return hash_keyed(digest, DIGEST_CHARS);
}

struct spool_object *spool_object_find(const struct spool *spool, const char *digest)
{
	uint64_t hash = hash_digest(digest);
	struct chain_node *link = chain_first(&spool->objects, hash);
	for (; link != NULL; link = link->next) {
		struct spool_object *object = CONTAINER_OF(link, struct spool_object, link);
		if (strcmp(object->digest, digest) == 0)
			return object;
	}
	return NULL;
}

struct spool_object *spool_object_create(struct spool *spool, const char *digest, uint64_t bytes)
{
	struct spool_object *object = calloc(1, sizeof(*object));
	if (object == NULL)
		return NULL;
	(void)snprintf(object->digest, sizeof(object->digest), "%s", digest);
	object->link.hash = hash_digest(digest);
	object->bytes = bytes;
	chain_put(&spool->objects, &object->link);
	spool->stats.bytes += bytes;
	return object;
}

void spool_object_unref(struct spool *spool, struct spool_object *object)
{
	char path[SPOOL_OBJECT_PATH];
	if (--object->refs != 0)
		return;
	spool_object_path(object->digest, path);
	(void)unlinkat(spool->folder, path, 0);
	chain_take(&spool->objects, &object->link);
	spool->stats.bytes -= object->bytes;
	free(object);
}
