/*
 * comfy/spool.c - opening and closing, names and what they mean, and the bound.
 *
 *   names: (type, subfolder, name) --> entry --ref--> object: digest <-- objects
 */
#include "comfy/spool.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "comfy/spool_name.h"
#include "comfy/spool_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST_CHARS 64
/* How old the time of use on disk may be: it is not worth a write for each job. */
#define USED_STEP_MS (3600u * 1000)

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

/* -- start and end -- */

static bool is_hex(const char *text, size_t n)
{
	return strlen(text) == n && strspn(text, "0123456789abcdef") == n;
}

/* A name from the index. What the disk does not have as the index says is left out. */
static bool on_row(void *arg, const struct spool_row *row)
{
	struct spool *spool = arg;
	char path[SPOOL_OBJECT_PATH];
	char clean[SPOOL_SUBFOLDER_MOST + 1];
	struct stat status;
	if (!is_hex(row->digest, DIGEST_CHARS) || !spool_is_type(row->type) ||
		!spool_is_name(row->name) || !spool_subfolder(row->subfolder, clean) ||
		strcmp(clean, row->subfolder) != 0 || spool->stats.files == SPOOL_FILES_MOST)
		return true;
	spool_object_path(row->digest, path);
	if (fstatat(spool->folder, path, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
		!S_ISREG(status.st_mode) || (uint64_t)status.st_size != row->bytes)
		return true;
	struct spool_entry *entry = spool_entry_create(spool, row->type, row->subfolder, row->name);
	if (entry == NULL)
		return false;
	spool_entry_add(entry);
	struct spool_object *object = spool_object_find(spool, row->digest);
	if (object == NULL)
		object = spool_object_create(spool, row->digest, row->bytes);
	if (object == NULL) {
		spool_entry_destroy(entry);
		return false;
	}
	spool_entry_set(entry, object);
	entry->file.used_wall_ms = row->used_wall_ms;
	return true;
}

/* Calls `each` for the names in a folder below the spool's; none when it cannot be read. */
static void each_name(struct spool *spool, const char *folder,
	void (*each)(struct spool *spool, const char *folder, const char *name))
{
	int fd = openat(spool->folder, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
		each(spool, folder, entry->d_name);
	(void)closedir(dir);
}

/* An object that no name means: left from before a crash. */
static void sweep_object(struct spool *spool, const char *folder, const char *name)
{
	char digest[DIGEST_CHARS + 1];
	char path[SPOOL_OBJECT_PATH];
	if (!is_hex(name, DIGEST_CHARS - 2))
		return;
	(void)snprintf(digest, sizeof(digest), "%.2s%.62s", folder + sizeof("objects"), name);
	spool_object_path(digest, path);
	if (spool_object_find(spool, digest) == NULL)
		(void)unlinkat(spool->folder, path, 0);
}

static void sweep_folder(struct spool *spool, const char *folder, const char *name)
{
	char path[SPOOL_OBJECT_PATH];
	if (!is_hex(name, 2))
		return;
	(void)snprintf(path, sizeof(path), "%.7s/%.2s", folder, name);
	each_name(spool, path, sweep_object);
	/* Only if it is empty. */
	(void)unlinkat(spool->folder, path, AT_REMOVEDIR);
}

static void sweep_unfinished(struct spool *spool, const char *folder, const char *name)
{
	(void)folder;
	if (strncmp(name, "tmp-", 4) == 0 && is_hex(name + 4, 16))
		(void)unlinkat(spool->folder, name, 0);
}

static void sweep(struct spool *spool)
{
	each_name(spool, ".", sweep_unfinished);
	each_name(spool, "objects", sweep_folder);
}

/* The folder and its path. */
static bool open_folder(struct spool *spool, const char *dir, struct err *err)
{
	struct text path;
	const char *parent = getenv("TMPDIR");
	text_init(&path, 64);
	if (dir[0] != '\0') {
		text_puts(&path, dir);
	} else {
		text_puts(&path, parent == NULL || parent[0] == '\0' ? "/tmp" : parent);
		text_puts(&path, "/comfymux-spool-XXXXXX");
	}
	text_put(&path, "", 1);
	if (path.is_short) {
		text_finish(&path);
		err_set(err, "out of memory");
		return false;
	}
	spool->path = path.p;
	bool is_made = dir[0] == '\0' ? mkdtemp(spool->path) != NULL
				      : mkdir(spool->path, 0700) == 0 || errno == EEXIST;
	spool->is_temporary = dir[0] == '\0' && is_made;
	if (is_made)
		spool->folder = open(spool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->folder < 0 ||
		(mkdirat(spool->folder, "objects", 0700) != 0 && errno != EEXIST)) {
		err_set(err, "%s: %s", spool->path, strerrordesc_np(errno));
		return false;
	}
	if (faccessat(spool->folder, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return true;
	err_set(err, "%s: %s", spool->path, strerrordesc_np(errno));
	return false;
}

static void forget_all(struct spool *spool)
{
	list_each_safe (node, &spool->files) {
		struct spool_entry *entry = CONTAINER_OF(node, struct spool_entry, file.node);
		/* The octets stay. */
		if (!spool->is_temporary && entry->object->refs == 1) {
			chain_take(&spool->objects, &entry->object->link);
			spool->stats.bytes -= entry->object->bytes;
			free(entry->object);
			entry->object = NULL;
		} else {
			entry->file.holds = 0;
		}
		spool_entry_destroy(entry);
	}
}

static bool open_index(struct spool *spool, struct err *err)
{
	struct text path, damaged;
	text_init(&path, 64);
	text_init(&damaged, 64);
	text_puts(&path, spool->path);
	text_puts(&path, "/index.sqlite");
	text_put(&damaged, path.p, path.n);
	text_puts(&damaged, ".damaged");
	text_put(&damaged, "", 1);
	text_put(&path, "", 1);
	int error = path.is_short || damaged.is_short ? -ENOMEM : 0;
	if (error == 0)
		error = spool_index_open(&spool->index, path.p, on_row, spool, err);
	else
		err_set(err, "out of memory");
	if (error == -EUCLEAN) {
		/* Names without an index cannot be told again; files can be uploaded again. */
		log_warn("spool_index_damaged", "why=%s kept=%s", LOG_QUOTE(err->text),
			LOG_QUOTE(damaged.p));
		forget_all(spool);
		if (rename(path.p, damaged.p) != 0) {
			err_set(err, "%s: %s", damaged.p, strerrordesc_np(errno));
			error = -EIO;
		} else {
			(void)unlinkat(spool->folder, "index.sqlite-wal", 0);
			error = spool_index_open(&spool->index, path.p, on_row, spool, err);
		}
	}
	text_finish(&path);
	text_finish(&damaged);
	return error == 0;
}

struct spool *spool_open(const char *dir, uint64_t most_bytes, struct err *err)
{
	struct err unwanted;
	struct spool *spool = calloc(1, sizeof(*spool));
	if (err == NULL)
		err = &unwanted;
	if (spool == NULL) {
		err_set(err, "out of memory");
		return NULL;
	}
	spool->folder = -1;
	list_init(&spool->files);
	list_init(&spool->writes);
	if (!chain_init(&spool->names) || !chain_init(&spool->objects)) {
		err_set(err, "out of memory");
		spool_close(spool);
		return NULL;
	}
	if (!open_folder(spool, dir, err) || (!spool->is_temporary && !open_index(spool, err))) {
		spool_close(spool);
		return NULL;
	}
	if (!spool->is_temporary)
		sweep(spool);
	spool->most_bytes = most_bytes;
	/* The bound may be lower than last time; nobody holds a file yet. */
	ensure(spool_make_room(spool, 0) == 0);
	return spool;
}

void spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	while (!list_is_empty(&spool->writes))
		spool_write_cancel(spool_write_first(spool));
	if (spool->names.buckets != NULL)
		forget_all(spool);
	for (size_t i = 0; i < COUNT_OF(spool->listings); i++)
		blob_unref(spool->listings[i]);
	spool_index_close(spool->index);
	if (spool->is_temporary && spool->folder >= 0) {
		sweep(spool);
		(void)unlinkat(spool->folder, "objects", AT_REMOVEDIR);
		(void)rmdir(spool->path);
	}
	if (spool->folder >= 0)
		(void)close(spool->folder);
	chain_finish(&spool->names);
	chain_finish(&spool->objects);
	free(spool->path);
	free(spool);
}
