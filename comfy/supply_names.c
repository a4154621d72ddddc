/*
 * comfy/supply_names.c - which of a graph's texts are names of uploaded files.
 *
 * Not only LoadImage takes them, and nodes do not always say which of their texts is a file. So
 * every text is looked up; what is no file's name costs a hash.
 */
#include "comfy/supply_names.h"

#include "comfy/fleet.h"

#include <errno.h>
#include <stdlib.h>

/* Takes " [type]" off the end. */
static const char *take_type(struct slice *text)
{
	static const char *const types[] = {"input", "output", "temp"};
	if (text->n < 4 || text->p[text->n - 1] != ']')
		return "input";
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		size_t n = strlen(types[i]) + 3;
		const char *at = text->p + text->n - n;
		if (text->n <= n || memcmp(at, " [", 2) != 0 ||
			memcmp(at + 2, types[i], n - 3) != 0)
			continue;
		text->n -= n;
		return types[i];
	}
	return "input";
}

struct spool_file *supply_named(struct spool *spool, struct slice text)
{
	char path[SPOOL_SUBFOLDER_MOST + SPOOL_NAME_MOST + 2];
	const char *type = take_type(&text);
	if (text.n == 0 || text.n >= sizeof(path) || memchr(text.p, '\0', text.n) != NULL)
		return NULL;
	memcpy(path, text.p, text.n);
	path[text.n] = '\0';
	char *slash = strrchr(path, '/');
	if (slash == NULL)
		return spool_find(spool, type, "", path);
	*slash = '\0';
	return spool_find(spool, type, path, slash + 1);
}

bool supply_is_uploaded(void *fleet, struct slice text)
{
	struct spool *spool = ((struct fleet *)fleet)->spool;
	return spool != NULL && supply_named(spool, text) != NULL;
}

struct blob *supply_listing(void *fleet, struct slice setting)
{
	struct spool *spool = ((struct fleet *)fleet)->spool;
	return spool == NULL ? NULL : spool_listing(spool, setting);
}

void supply_begin(struct fleet *fleet)
{
	defs_set_uploads(fleet->defs, supply_is_uploaded, fleet);
	defs_set_listing(fleet->defs, supply_listing, fleet);
	supply_uploads_changed(fleet);
}

void supply_uploads_changed(struct fleet *fleet)
{
	if (fleet->spool != NULL)
		defs_uploads_changed(fleet->defs, spool_names_tag(fleet->spool));
}

/* False: no memory. */
static bool add(struct supply_names **names, struct spool_file *file)
{
	struct supply_names *list = *names;
	uint32_t count = list == NULL ? 0 : list->count;
	for (uint32_t i = 0; i < count; i++)
		if (list->files[i] == file)
			return true;
	if (count == SUPPLY_NAMES_MOST)
		return true;
	/* In steps of powers of two. */
	if ((count & (count - 1)) == 0) {
		size_t room = count == 0 ? 1 : (size_t)count * 2;
		list = realloc(list, sizeof(*list) + room * sizeof(struct spool_file *));
		if (list == NULL)
			return false;
		*names = list;
	}
	spool_hold(file);
	list->files[count] = file;
	list->count = count + 1;
	return true;
}

int supply_names(
	struct fleet *fleet, const struct prompt_body *body, struct supply_names **ret_names)
{
	struct supply_names *names = NULL;
	*ret_names = NULL;
	if (fleet->spool == NULL || spool_stats(fleet->spool)->files == 0)
		return 0;
	for (uint32_t i = 0; i < body->node_count; i++) {
		const struct graph_node *node = &body->nodes[i];
		for (uint32_t k = 0; k < node->input_count; k++) {
			struct slice text = node->inputs[k].text;
			struct spool_file *file = text.n == 0 ? NULL
							      : supply_named(fleet->spool, text);
			if (file != NULL && !add(&names, file)) {
				supply_names_release(names);
				return -ENOMEM;
			}
		}
	}
	*ret_names = names;
	return 0;
}

void supply_names_release(struct supply_names *names)
{
	if (names == NULL)
		return;
	for (uint32_t i = 0; i < names->count; i++)
		spool_release(names->files[i]);
	free(names);
}

uint32_t supply_missing(const struct supply_names *names, const struct fleet_worker *worker)
{
	uint32_t missing = 0;
	for (uint32_t i = 0; names != NULL && i < names->count; i++)
		missing += !supply_worker_has(worker->supply, names->files[i]);
	return missing;
}
