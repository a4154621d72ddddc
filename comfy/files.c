/*
 * comfy/files.c - the table of files and their makers.
 *
 * One entry for a name on a worker. Of the entries of one name at most one has no tag; it keeps the
 * name until it is forgotten, and an entry with a tag has it for good, because clients know it so.
 */
#include "comfy/files.h"

#include "base/hash.h"
#include "base/list.h"
#include "comfy/chain_table.h"
#include "comfy/files_parts.h"
#include "comfy/fleet.h"

#include <stdlib.h>

struct file_entry {
	struct chain_node link;
	struct list node; /* in files->used */
	struct file_client client;
	bool is_made; /* else its place was found by asking */
	bool is_tagged;
	uint16_t type_n, subfolder_n, filename_n;
	uint16_t id_at; /* of the node_id in text, terminated */
	char text[];    /* type, subfolder, filename, node_id */
};

struct files {
	struct chain_table names;
	struct list used; /* longest unused first */
};

struct files *files_create(void)
{
	struct files *files = calloc(1, sizeof(*files));
	if (files == NULL)
		return NULL;
	list_init(&files->used);
	if (chain_init(&files->names))
		return files;
	free(files);
	return NULL;
}

static void forget(struct files *files, struct file_entry *entry)
{
	chain_take(&files->names, &entry->link);
	list_remove(&entry->node);
	free(entry);
}

void files_destroy(struct files *files)
{
	if (files == NULL)
		return;
	list_each_safe (node, &files->used)
		forget(files, CONTAINER_OF(node, struct file_entry, node));
	chain_finish(&files->names);
	free(files);
}

uint32_t files_count(const struct files *files)
{
	return (uint32_t)files->names.count;
}

struct file_client file_client_of(struct slice cookie, struct slice ip)
{
	return (struct file_client){
		.cookie = cookie.n == 0 ? 0 : hash_keyed(cookie.p, cookie.n),
		.ip = ip.n == 0 ? 0 : hash_keyed(ip.p, ip.n),
	};
}

static bool is_sane(const struct file_name *name)
{
	return name->filename.n != 0 && name->type.n <= FILES_NAME_MOST &&
	       name->subfolder.n <= FILES_NAME_MOST && name->filename.n <= FILES_NAME_MOST &&
	       name->type.n + name->subfolder.n + name->filename.n <= FILES_NAME_MOST;
}

/* Copies the three one after the other; they fit (is_sane). */
static size_t join(const struct file_name *name, char *out)
{
	const struct slice parts[] = {name->type, name->subfolder, name->filename};
	size_t n = 0;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (parts[i].n != 0)
			memcpy(out + n, parts[i].p, parts[i].n);
		n += parts[i].n;
	}
	return n;
}

static uint64_t hash_name(const struct file_name *name)
{
	char text[FILES_NAME_MOST];
	return hash_keyed(text, join(name, text));
}

static bool is_named(const struct file_entry *entry, const struct file_name *name)
{
	const char *p = entry->text;
	return slice_is((struct slice){p, entry->type_n}, name->type) &&
	       slice_is((struct slice){p + entry->type_n, entry->subfolder_n}, name->subfolder) &&
	       slice_is((struct slice){p + entry->type_n + entry->subfolder_n, entry->filename_n},
		       name->filename);
}

static const char *id_of(const struct file_entry *entry)
{
	return entry->text + entry->id_at;
}

/* The first entry of the name from `node` on. */
static struct file_entry *next_entry(
	struct chain_node *node, uint64_t hash, const struct file_name *name)
{
	for (; node != NULL; node = node->next) {
		struct file_entry *entry = CONTAINER_OF(node, struct file_entry, link);
		if (node->hash == hash && is_named(entry, name))
			return entry;
	}
	return NULL;
}

/* The worker's own entry, and whether another one has the name without a tag. */
static struct file_entry *look(const struct files *files, const struct file_name *name,
	uint64_t hash, const char *node_id, bool *ret_is_others)
{
	struct file_entry *own = NULL;
	struct file_entry *entry = next_entry(chain_first(&files->names, hash), hash, name);
	*ret_is_others = false;
	for (; entry != NULL; entry = next_entry(entry->link.next, hash, name)) {
		if (strcmp(id_of(entry), node_id) == 0)
			own = entry;
		else if (!entry->is_tagged)
			*ret_is_others = true;
	}
	return own;
}

static struct file_entry *add(
	struct files *files, const struct file_name *name, uint64_t hash, const char *node_id)
{
	size_t id_n = strlen(node_id) + 1;
	size_t n = name->type.n + name->subfolder.n + name->filename.n;
	struct file_entry *entry = calloc(1, sizeof(*entry) + n + id_n);
	if (entry == NULL)
		return NULL;
	(void)join(name, entry->text);
	memcpy(entry->text + n, node_id, id_n);
	entry->type_n = (uint16_t)name->type.n;
	entry->subfolder_n = (uint16_t)name->subfolder.n;
	entry->filename_n = (uint16_t)name->filename.n;
	entry->id_at = (uint16_t)n;
	entry->link.hash = hash;
	list_init(&entry->node);
	if (files->names.count >= FILES_MOST)
		forget(files, list_first(&files->used, struct file_entry, node));
	chain_put(&files->names, &entry->link);
	return entry;
}

void files_add(struct files *files, const struct file_name *name, const char *node_id,
	const struct file_client *client)
{
	bool is_others;
	if (!is_sane(name))
		return;
	uint64_t hash = hash_name(name);
	struct file_entry *entry = look(files, name, hash, node_id, &is_others);
	if (entry == NULL) {
		entry = add(files, name, hash, node_id);
		if (entry == NULL)
			return;
		entry->is_tagged = is_others;
	}
	if (client != NULL) {
		entry->is_made = true;
		entry->client = *client;
	}
	list_remove(&entry->node);
	list_push_back(&files->used, &entry->node);
}

/* Cookies tell people behind one address apart; where one side has none, the address decides. */
static bool is_of(const struct file_entry *entry, const struct file_client *client)
{
	if (!entry->is_made)
		return false;
	if (entry->client.cookie != 0 && client->cookie != 0)
		return entry->client.cookie == client->cookie;
	return entry->client.ip != 0 && entry->client.ip == client->ip;
}

/* How well an entry without its tag answers for the name. */
static int rank(const struct file_entry *entry, const struct file_client *client)
{
	bool is_own = is_of(entry, client);
	if (is_own)
		return entry->is_tagged ? 3 : 4;
	return entry->is_tagged ? 1 : 2;
}

const char *files_find(struct files *files, const struct file_name *name,
	const struct file_client *client, bool *ret_is_made)
{
	if (!is_sane(name))
		return NULL;
	uint64_t hash = hash_name(name);
	struct file_entry *best = NULL;
	struct file_entry *entry = next_entry(chain_first(&files->names, hash), hash, name);
	/* A chain has the newest first, but for those that moved when the table grew: that decides
	 * between equals only. */
	for (; entry != NULL; entry = next_entry(entry->link.next, hash, name))
		if (best == NULL || rank(entry, client) > rank(best, client))
			best = entry;
	if (best == NULL)
		return NULL;
	list_remove(&best->node);
	list_push_back(&files->used, &best->node);
	*ret_is_made = best->is_made;
	return id_of(best);
}

void files_remove(struct files *files, const struct file_name *name, const char *node_id)
{
	bool is_others;
	if (!is_sane(name))
		return;
	struct file_entry *entry = look(files, name, hash_name(name), node_id, &is_others);
	if (entry != NULL)
		forget(files, entry);
}

bool files_is_tagged(const struct files *files, const struct file_name *name, const char *node_id)
{
	bool is_others = false;
	/* A folder that really begins like a tag must not be taken for one. */
	if (name->subfolder.n != 0 && name->subfolder.p[0] == '@')
		return true;
	if (!is_sane(name))
		return false;
	struct file_entry *entry = look(files, name, hash_name(name), node_id, &is_others);
	return entry != NULL ? entry->is_tagged : is_others;
}

void files_learn(struct fleet *fleet, const struct job *job, struct slice outputs)
{
	struct file_client client = {0};
	if (job->owner != NULL)
		client = file_client_of(slice_of(job->owner->cookie), slice_of(job->owner->ip));
	const char *node_id = job->worker != NULL ? job->worker->node_id : job->worker_node;
	if (node_id[0] != '\0')
		files_learn_from(fleet->files, node_id, &client, outputs);
}

struct blob *files_rename_outputs(
	struct fleet *fleet, const struct fleet_worker *worker, struct slice json)
{
	return files_rename(fleet->files, worker->node_id, json);
}

struct fleet_worker *files_tagged_worker(
	struct fleet *fleet, struct slice subfolder, struct slice *ret_rest)
{
	if (subfolder.n < 2 || subfolder.p[0] != '@')
		return NULL;
	struct fleet_worker *best = NULL;
	size_t best_n = 0;
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		struct slice id = slice_of(worker->node_id);
		struct slice rest = {subfolder.p + 1, subfolder.n - 1};
		/* A node_id may have a slash in it, so the longest one counts. */
		if (id.n <= best_n || !slice_starts(rest, id))
			continue;
		if (rest.n != id.n && rest.p[id.n] != '/')
			continue;
		best = worker;
		best_n = id.n;
	}
	if (best == NULL)
		return NULL;
	size_t skip = min_size(subfolder.n, best_n + 2);
	*ret_rest = (struct slice){subfolder.p + skip, subfolder.n - skip};
	return best;
}
