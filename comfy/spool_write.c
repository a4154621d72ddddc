/*
 * comfy/spool_write.c - from octets to a file with a name.
 *
 *   tmp-0123... --digest known--> objects/ab/cdef... --> the index --> a name that is found
 *
 * What fails on the way leaves nothing behind but, after a crash, what the next start sweeps away.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "comfy/spool_name.h"
#include "comfy/spool_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_BYTES ((size_t)1 << 20)
#define NUMBERS_MOST 100000

struct spool_write {
	struct list node;
	struct spool *spool; /* borrowed: owns us */
	int fd, error;
	char name[24]; /* "tmp-...", "" once it is renamed */
	EVP_MD_CTX *digest;
	uint64_t hashed;  /* octets that went into the digest */
	uint64_t pending; /* octets counted in the spool's bound */
};

static void destroy(struct spool_write *write)
{
	list_remove(&write->node);
	write->spool->pending_bytes -= write->pending;
	if (write->name[0] != '\0')
		(void)unlinkat(write->spool->folder, write->name, 0);
	if (write->fd >= 0)
		(void)close(write->fd);
	EVP_MD_CTX_free(write->digest);
	free(write);
}

struct spool_write *spool_write_begin(struct spool *spool)
{
	uint64_t word;
	struct spool_write *write = calloc(1, sizeof(*write));
	if (write == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	list_init(&write->node);
	list_push_back(&spool->writes, &write->node);
	write->spool = spool;
	write->fd = -1;
	write->digest = EVP_MD_CTX_new();
	int error = 0;
	if (write->digest == NULL || EVP_DigestInit_ex(write->digest, EVP_sha256(), NULL) != 1) {
		error = ENOMEM;
	} else if (!random_secret(&word, sizeof(word))) {
		error = EAGAIN;
	} else {
		char name[sizeof(write->name)];
		(void)snprintf(name, sizeof(name), "tmp-%016llx", (unsigned long long)word);
		write->fd = openat(
			spool->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (write->fd < 0)
			error = errno;
		else
			memcpy(write->name, name, sizeof(name));
	}
	if (error == 0)
		return write;
	destroy(write);
	errno = error;
	return NULL;
}

struct spool_write *spool_write_first(struct spool *spool)
{
	return list_first(&spool->writes, struct spool_write, node);
}

/* Counts octets before they are written. */
static int reserve(struct spool_write *write, uint64_t n)
{
	int error = spool_make_room(write->spool, n);
	if (error != 0)
		return error;
	write->pending += n;
	write->spool->pending_bytes += n;
	return 0;
}

static int put(struct spool_write *write, struct slice octets)
{
	int error = reserve(write, octets.n);
	if (error != 0)
		return error;
	if (EVP_DigestUpdate(write->digest, octets.p, octets.n) != 1)
		return -ENOMEM;
	write->hashed += octets.n;
	while (octets.n != 0) {
		ssize_t n = pwrite(
			write->fd, octets.p, octets.n, (off_t)(write->hashed - octets.n));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? -EIO : -errno;
		octets.p += n;
		octets.n -= (size_t)n;
	}
	return 0;
}

int spool_write_octets(struct spool_write *write, struct slice octets)
{
	if (write->error == 0 && octets.n != 0)
		write->error = put(write, octets);
	return write->error;
}

int spool_write_fd(struct spool_write *write)
{
	return write->fd;
}

uint64_t spool_write_bytes(const struct spool_write *write)
{
	return write->hashed;
}

void spool_write_cancel(struct spool_write *write)
{
	if (write != NULL)
		destroy(write);
}

/* Reads on behind what is in the digest. 1: there is more, 0: that was all. */
static int step(struct spool_write *write)
{
	static unsigned char room[STEP_BYTES];
	ssize_t n = pread(write->fd, room, sizeof(room), (off_t)write->hashed);
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	if (n == 0)
		return 0;
	int error = reserve(write, (uint64_t)n);
	if (error != 0)
		return error;
	if (EVP_DigestUpdate(write->digest, room, (size_t)n) != 1)
		return -ENOMEM;
	write->hashed += (uint64_t)n;
	return 1;
}

int spool_write_step(struct spool_write *write)
{
	int result = write->error != 0 ? write->error : step(write);
	if (result < 0)
		write->error = result;
	return result;
}

static int finish_digest(struct spool_write *write, char out[65])
{
	unsigned char octets[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	int more;
	do {
		more = spool_write_step(write);
	} while (more > 0);
	if (more < 0)
		return more;
	if (EVP_DigestFinal_ex(write->digest, octets, &n) != 1 || n != 32)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		(void)snprintf(out + (size_t)2 * i, 3, "%02x", octets[i]);
	return 0;
}

/* The name that these octets get. *ret_entry: what has it now, NULL for nobody. */
static int choose_name(struct spool *spool, const struct spool_want *want, const char *digest,
	char out[SPOOL_NAME_MOST + 1], struct spool_entry **ret_entry)
{
	(void)snprintf(out, SPOOL_NAME_MOST + 1, "%s", want->name);
	for (uint32_t number = 1; number <= NUMBERS_MOST; number++) {
		struct spool_entry *entry = spool_entry_find(
			spool, want->type, want->subfolder, out);
		*ret_entry = entry;
		if (want->overwrite || (entry != NULL && digest != NULL &&
					       strcmp(entry->file.digest, digest) == 0))
			return 0;
		if (entry == NULL && (want->is_taken == NULL ||
					     !want->is_taken(want->arg, want->subfolder, out)))
			return 0;
		if (!spool_numbered(want->name, number, out))
			return -ENAMETOOLONG;
	}
	return -EEXIST;
}

/* The object's file is there as it should be. */
static bool is_there(const struct spool *spool, const char *path, uint64_t bytes)
{
	struct stat status;
	return fstatat(spool->folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status.st_mode) && (uint64_t)status.st_size == bytes;
}

/* Moves the octets to their place; those that are there already stay. */
static int place_object(
	struct spool_write *write, const char *digest, struct spool_object **ret_object)
{
	struct spool *spool = write->spool;
	char path[SPOOL_OBJECT_PATH];
	struct spool_object *object = spool_object_find(spool, digest);
	spool_object_path(digest, path);
	*ret_object = object;
	if (object != NULL && is_there(spool, path, write->hashed)) {
		spool->stats.deduplicated++;
		return 0;
	}
	path[10] = '\0'; /* "objects/ab" */
	if (mkdirat(spool->folder, path, 0700) != 0 && errno != EEXIST)
		return -errno;
	path[10] = '/';
	if (object == NULL) {
		object = spool_object_create(spool, digest, write->hashed);
		if (object == NULL)
			return -ENOMEM;
		object->refs = 1; /* ours, until the name has it */
	}
	if (renameat(spool->folder, write->name, spool->folder, path) != 0) {
		int error = -errno;
		if (*ret_object == NULL)
			spool_object_unref(spool, object);
		return error;
	}
	write->name[0] = '\0';
	if (*ret_object != NULL)
		return 0;
	*ret_object = object;
	spool->stats.stored++;
	return 1;
}

/* Lets the name mean the object. */
static int set_meaning(struct spool *spool, const struct spool_want *want, const char *name,
	struct spool_entry *entry, struct spool_object *object, struct spool_file **ret_file)
{
	struct spool_entry *fresh = NULL;
	uint64_t now = clock_wall_us() / 1000;
	if (entry == NULL) {
		fresh = entry = spool_entry_create(spool, want->type, want->subfolder, name);
		if (fresh == NULL)
			return -ENOMEM;
	}
	struct spool_row row = {
		want->type, want->subfolder, name, object->digest, object->bytes, now};
	int error = spool->index == NULL ? 0 : spool_index_put(spool->index, &row);
	if (error != 0) {
		if (fresh != NULL)
			spool_entry_destroy(fresh);
		return error;
	}
	if (fresh != NULL)
		spool_entry_add(fresh);
	if (entry->object != object)
		spool_entry_set(entry, object);
	entry->file.used_wall_ms = now;
	spool_used(entry);
	*ret_file = &entry->file;
	return 0;
}

static int end(
	struct spool_write *write, const struct spool_want *want, struct spool_file **ret_file)
{
	char name[SPOOL_NAME_MOST + 1];
	char digest[65];
	struct spool_entry *entry;
	struct spool_object *object;
	int error = finish_digest(write, digest);
	if (error == 0)
		error = spool_make_place(write->spool);
	if (error == 0)
		error = choose_name(write->spool, want, digest, name, &entry);
	if (error != 0)
		return error;
	int made = place_object(write, digest, &object);
	if (made < 0)
		return made;
	error = set_meaning(write->spool, want, name, entry, object, ret_file);
	if (made == 1)
		spool_object_unref(write->spool, object);
	return error;
}

static int check_want(struct spool_want *want, char clean[SPOOL_SUBFOLDER_MOST + 1])
{
	if (!spool_is_type(want->type) || !spool_is_name(want->name) ||
		!spool_subfolder(want->subfolder, clean))
		return -EINVAL;
	want->subfolder = clean;
	return 0;
}

int spool_write_end(
	struct spool_write *write, const struct spool_want *want, struct spool_file **ret_file)
{
	char clean[SPOOL_SUBFOLDER_MOST + 1];
	struct spool_want checked = *want;
	int error = write->error != 0 ? write->error : check_want(&checked, clean);
	*ret_file = NULL;
	if (error == 0)
		error = end(write, &checked, ret_file);
	destroy(write);
	return error;
}

int spool_free_name(
	struct spool *spool, const struct spool_want *want, char out[SPOOL_NAME_MOST + 1])
{
	char clean[SPOOL_SUBFOLDER_MOST + 1];
	struct spool_want checked = *want;
	struct spool_entry *entry;
	int error = check_want(&checked, clean);
	return error != 0 ? error : choose_name(spool, &checked, NULL, out, &entry);
}
