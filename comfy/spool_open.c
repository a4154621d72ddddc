/*
 * comfy/spool_open.c - what a spool reads when it is opened, and what it leaves when it is closed.
 *
 * The index says which names there are; what the disk does not have as the index says is left out,
 * and what no name means is swept away.
 */
#include "base/blob.h"
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
	struct dirent **entries;
	int count = scandirat(spool->folder, folder, &entries, NULL, NULL);
	for (int i = 0; i < count; i++) {
		each(spool, folder, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free((void *)entries);
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
	const char *parent = secure_getenv("TMPDIR");
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
	/* It may be lower than last time. */
	spool_set_most(spool, most_bytes);
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
