/*
 * comfy/supply_names.c - which of a graph's texts are names of uploaded files.
 *
 * Not only LoadImage takes them, and nodes do not always say which of their texts is a file. So
 * every text is looked up; what is no file's name costs a hash.
 */
#include "comfy/supply_names.h"

#include "comfy/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A text taken apart: "sub/cat.png [temp]". */
struct parts {
	const char *type, *subfolder, *name;
	char path[SPOOL_SUBFOLDER_MOST + SPOOL_NAME_MOST + 2];
};

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

/* False: no file's name. */
static bool take_apart(struct slice text, struct parts *ret_parts)
{
	ret_parts->type = take_type(&text);
	if (text.n == 0 || text.n >= sizeof(ret_parts->path) ||
		memchr(text.p, '\0', text.n) != NULL)
		return false;
	memcpy(ret_parts->path, text.p, text.n);
	ret_parts->path[text.n] = '\0';
	char *slash = strrchr(ret_parts->path, '/');
	ret_parts->subfolder = slash == NULL ? "" : ret_parts->path;
	ret_parts->name = slash == NULL ? ret_parts->path : slash + 1;
	if (slash != NULL)
		*slash = '\0';
	return true;
}

bool supply_is_uploaded(void *fleet, struct slice text)
{
	struct spool *spool = ((struct fleet *)fleet)->spool;
	struct parts parts;
	return spool != NULL && take_apart(text, &parts) &&
	       spool_find(spool, parts.type, parts.subfolder, parts.name) != NULL;
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

static bool is_same(const struct supply_name *name, const struct parts *parts)
{
	const struct supply_result *result = name->result;
	return result != NULL && strcmp(result->type, parts->type) == 0 &&
	       strcmp(result->subfolder, parts->subfolder) == 0 &&
	       strcmp(result->filename, parts->name) == 0;
}

/* Room for one more, at its end. NULL: no memory. */
static struct supply_names *grow(struct supply_names *names)
{
	uint32_t count = names == NULL ? 0 : names->count;
	if (names != NULL && (count & (count - 1)) != 0)
		return names;
	/* In steps of powers of two. */
	size_t room = count == 0 ? 1 : (size_t)count * 2;
	struct supply_names *more = realloc(names, sizeof(*names) + room * sizeof(names->names[0]));
	if (more != NULL && names == NULL)
		*more = (struct supply_names){0};
	return more;
}

static int add_file(struct supply_names **names, struct spool_file *file)
{
	for (uint32_t i = 0; *names != NULL && i < (*names)->count; i++)
		if ((*names)->names[i].file == file)
			return 0;
	struct supply_names *more = grow(*names);
	if (more == NULL)
		return -ENOMEM;
	*names = more;
	spool_hold(file);
	more->names[more->count++] = (struct supply_name){.file = file};
	return 0;
}

/* A worker's result, with its tag. */
static int add_result(struct supply_names **names, const struct parts *parts, const char *node_id)
{
	for (uint32_t i = 0; *names != NULL && i < (*names)->count; i++)
		if (is_same(&(*names)->names[i], parts))
			return 0;
	struct supply_names *more = grow(*names);
	struct supply_result *result = more == NULL ? NULL : calloc(1, sizeof(*result));
	if (more != NULL)
		*names = more;
	if (result == NULL)
		return -ENOMEM;
	(void)snprintf(result->type, sizeof(result->type), "%s", parts->type);
	(void)snprintf(result->subfolder, sizeof(result->subfolder), "%s", parts->subfolder);
	(void)snprintf(result->filename, sizeof(result->filename), "%s", parts->name);
	(void)snprintf(result->node_id, sizeof(result->node_id), "%s", node_id);
	more->names[more->count++] = (struct supply_name){.result = result};
	return 0;
}

/* A result without a tag: every worker may have one of that name, so the job goes to its maker. */
static int note_maker(struct supply_names **names, struct fleet *fleet, const struct parts *parts)
{
	struct file_name name = {
		slice_of(parts->type), slice_of(parts->subfolder), slice_of(parts->name)};
	struct file_client nobody = {0};
	bool is_made;
	const char *node_id = files_find(fleet->files, &name, &nobody, &is_made);
	if (node_id == NULL || !is_made)
		return 0;
	struct supply_names *more = *names == NULL ? grow(NULL) : *names;
	if (more == NULL)
		return -ENOMEM;
	*names = more;
	if (more->only[0] == '\0')
		(void)snprintf(more->only, sizeof(more->only), "%s", node_id);
	return 0;
}

static int add(struct supply_names **names, struct fleet *fleet, struct slice text)
{
	struct parts parts;
	struct slice rest;
	if (text.n == 0 || (*names != NULL && (*names)->count == SUPPLY_NAMES_MOST) ||
		!take_apart(text, &parts))
		return 0;
	struct spool_file *file = spool_find(fleet->spool, parts.type, parts.subfolder, parts.name);
	if (file != NULL)
		return add_file(names, file);
	if (strcmp(parts.type, "input") == 0 || !spool_is_name(parts.name))
		return 0;
	const struct fleet_worker *maker = files_tagged_worker(
		fleet, slice_of(parts.subfolder), &rest);
	return maker != NULL ? add_result(names, &parts, maker->node_id)
			     : note_maker(names, fleet, &parts);
}

int supply_names(
	struct fleet *fleet, const struct prompt_body *body, struct supply_names **ret_names)
{
	struct supply_names *names = NULL;
	int error = 0;
	*ret_names = NULL;
	for (uint32_t i = 0; fleet->spool != NULL && i < body->node_count; i++) {
		const struct graph_node *node = &body->nodes[i];
		for (uint32_t k = 0; k < node->input_count && error == 0; k++)
			error = add(&names, fleet, node->inputs[k].text);
	}
	if (error != 0)
		supply_names_release(names);
	else
		*ret_names = names;
	return error;
}

void supply_names_release(struct supply_names *names)
{
	if (names == NULL)
		return;
	for (uint32_t i = 0; i < names->count; i++) {
		if (names->names[i].file != NULL)
			spool_release(names->names[i].file);
		free(names->names[i].result);
	}
	free(names);
}

bool supply_allows(const struct supply_names *names, const struct fleet_worker *worker)
{
	if (names == NULL || names->only[0] == '\0' || strcmp(names->only, worker->node_id) == 0)
		return true;
	/* If it is not there, another one may say that it does not know the file. */
	struct fleet_worker *maker = fleet_worker_named(worker->fleet, names->only);
	return maker == NULL || !fleet_worker_is_up(maker) || maker->is_leaving ||
	       maker->backend->is_draining;
}
