/*
 * comfy/spool.h - the files that clients upload, kept once each under spool_dir.
 *
 *   spool_dir/
 *     objects/ab/cdef...      the octets, named by their SHA-256
 *     index.sqlite            (type, subfolder, name) -> object, size, when
 *     tmp-...                 what is being written; removed at start
 *
 * A name means the same file on every worker. Where a worker has which file is the fleet's to know
 * (comfy/supply.h). Bounded by bytes: the least recently used names go first, and not while a job
 * that waits or runs names them (spool_hold).
 */
#ifndef COMFY_SPOOL_H
#define COMFY_SPOOL_H

#include "base/err.h"
#include "base/list.h"
#include "comfy/spool_name.h"

struct blob;
struct spool;

struct spool_file {
	struct list node;
	char *type, *subfolder, *name; /* "input", "", "cat.png" */
	char digest[65];               /* SHA-256 in hexadecimal */
	uint64_t bytes;
	uint64_t version; /* grows when the name means other octets */
	uint32_t holds;
	uint64_t used_wall_ms;
};

/* dir "": a folder of its own under TMPDIR, removed with the spool. most_bytes 0: no bound. NULL
 * with *err. */
struct spool *spool_open(const char *dir, uint64_t most_bytes, struct err *err) MUST_CHECK;
void spool_close(struct spool *spool); /* takes NULL */
/* Another bound: what is over it goes at once, but for what is held. */
void spool_set_most(struct spool *spool, uint64_t most_bytes);

/* A file being written. */
struct spool_write;
struct spool_write *spool_write_begin(struct spool *spool) MUST_CHECK; /* NULL: errno */
int spool_write_octets(
	struct spool_write *write, struct slice octets) MUST_CHECK; /* -errno: ENOSPC ... */
/* For fetch's sink, in place of spool_write_octets. What was so written is then looked at with
 * spool_write_step, a MiB in each call: 1 there is more, 0 that was all, -errno. */
int spool_write_fd(struct spool_write *write);
int spool_write_step(struct spool_write *write) MUST_CHECK;
/* Octets taken so far: by spool_write_octets, or looked at. */
uint64_t spool_write_bytes(const struct spool_write *write);
void spool_write_cancel(struct spool_write *write); /* takes NULL */

/* The name that a file shall have. */
struct spool_want {
	const char *type, *subfolder, *name;
	bool overwrite;
	/* Tells of names that are taken elsewhere: a worker's own files. NULL: none are. */
	bool (*is_taken)(void *arg, const char *subfolder, const char *name);
	void *arg;
};

/*
 * Gives what was written a name, as ComfyUI does: without `overwrite` a name that already means
 * other octets becomes "name (1).ext", "name (2).ext" ... Octets that are there already are not
 * stored twice. -EINVAL: no such type or no such name (comfy/spool_name.h), -ENOSPC, -EFBIG: the
 * bound or the disk, -errno. Ends the write, and an error leaves nothing behind.
 */
int spool_write_end(struct spool_write *write, const struct spool_want *want,
	struct spool_file **ret_file) MUST_CHECK;
/* The name it would get now if its octets were new. -EINVAL and the like. */
int spool_free_name(struct spool *spool, const struct spool_want *want,
	char out[SPOOL_NAME_MOST + 1]) MUST_CHECK;

/* NULL: not known. Borrowed until it is dropped or the spool closes; hold it to keep it. */
struct spool_file *spool_find(
	struct spool *spool, const char *type, const char *subfolder, const char *name);
void spool_hold(struct spool_file *file);
void spool_release(struct spool_file *file);
/* A descriptor to read its octets; -errno. */
int spool_file_open(struct spool *spool, const struct spool_file *file) MUST_CHECK;

/* The names of input files at the top, as a combo with that setting lists them: "image_upload",
 * "video_upload", "audio_upload", or another: all that is none of these. A sorted JSON array,
 * borrowed until a name comes or goes; NULL: no memory. At most SPOOL_LISTED_MOST, those that were
 * used last. */
#define SPOOL_LISTED_MOST 20000
struct blob *spool_listing(struct spool *spool, struct slice setting);
/* Of all names: equal sets have equal tags, also those of another process. */
uint64_t spool_names_tag(const struct spool *spool);

struct spool_stats {
	uint64_t files, bytes, stored, deduplicated, dropped;
};
const struct spool_stats *spool_stats(const struct spool *spool);

#endif
