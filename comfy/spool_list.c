/*
 * comfy/spool_list.c - the spool's names as combos list them.
 *
 * ComfyUI goes by the type that it guesses from the name's ending, and so do we.
 */
#include "base/blob.h"
#include "base/hash.h"
#include "base/text.h"
#include "comfy/spool_parts.h"

#include <stdlib.h>

enum kind { IMAGES, VIDEOS, SOUNDS, OTHERS };

static bool is_one_of(const char *ending, const char *const *endings)
{
	for (; *endings != NULL; endings++)
		if (strcasecmp(ending, *endings) == 0)
			return true;
	return false;
}

static enum kind kind_of(const char *name)
{
	static const char *const images[] = {"png", "jpg", "jpeg", "jpe", "webp", "gif", "bmp",
		"tif", "tiff", "avif", "heic", "heif", "ico", "svg", "jxl", "ppm", "pgm", NULL};
	static const char *const videos[] = {"mp4", "webm", "mov", "mkv", "avi", "m4v", "mpeg",
		"mpg", "mpe", "qt", "ogv", "3gp", "flv", "wmv", NULL};
	static const char *const sounds[] = {"mp3", "wav", "flac", "ogg", "oga", "opus", "m4a",
		"aac", "aif", "aiff", "wma", NULL};
	const char *dot = strrchr(name, '.');
	if (dot == NULL)
		return OTHERS;
	if (is_one_of(dot + 1, images))
		return IMAGES;
	if (is_one_of(dot + 1, videos))
		return VIDEOS;
	return is_one_of(dot + 1, sounds) ? SOUNDS : OTHERS;
}

/* Nodes that load sounds take them out of videos, too. */
static bool is_listed(enum kind wanted, const struct spool_file *file)
{
	if (strcmp(file->type, "input") != 0 || file->subfolder[0] != '\0')
		return false;
	enum kind kind = kind_of(file->name);
	return kind == wanted || (wanted == SOUNDS && kind == VIDEOS);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct blob *make(const struct spool *spool, enum kind wanted)
{
	size_t room = min_size((size_t)spool->stats.files, SPOOL_LISTED_MOST);
	const char **names = malloc((room + 1) * sizeof(*names));
	struct text text;
	size_t count = 0;
	if (names == NULL)
		return NULL;
	for (const struct list *node = spool->files.prev; node != &spool->files && count < room;
		node = node->prev) {
		const struct spool_file *file = CONTAINER_OF(node, struct spool_file, node);
		if (is_listed(wanted, file))
			names[count++] = file->name;
	}
	qsort(names, count, sizeof(*names), compare);
	text_init(&text, 64 + count * 32);
	text_puts(&text, "[");
	for (size_t i = 0; i < count; i++) {
		text_item(&text);
		text_json(&text, names[i]);
	}
	text_puts(&text, "]");
	free(names);
	return blob_of_text(&text);
}

struct blob *spool_listing(struct spool *spool, struct slice setting)
{
	enum kind kind = OTHERS;
	if (slice_is(setting, SLICE("image_upload")) ||
		slice_is(setting, SLICE("animated_image_upload")))
		kind = IMAGES;
	else if (slice_is(setting, SLICE("video_upload")))
		kind = VIDEOS;
	else if (slice_is(setting, SLICE("audio_upload")))
		kind = SOUNDS;
	if (spool->listings[kind] == NULL)
		spool->listings[kind] = make(spool, kind);
	return spool->listings[kind];
}

void spool_listing_changed(struct spool *spool, const struct spool_file *file)
{
	struct text key;
	for (size_t i = 0; i < COUNT_OF(spool->listings); i++) {
		blob_unref(spool->listings[i]);
		spool->listings[i] = NULL;
	}
	text_init(&key, 128);
	text_puts(&key, file->type);
	text_puts(&key, "\n");
	text_puts(&key, file->subfolder);
	text_puts(&key, "\n");
	text_puts(&key, file->name);
	if (!key.is_short)
		spool->names_tag ^= hash_stable(key.p, key.n);
	text_finish(&key);
}

uint64_t spool_names_tag(const struct spool *spool)
{
	return spool->names_tag;
}
