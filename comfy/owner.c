#include "comfy/owner_parts.h"

#include "base/hash.h"
#include "comfy/fleet.h"
#include "comfy/page.h"
#include "comfy/schedule.h"

#include <stdio.h>
#include <stdlib.h>

#define OWNERS_MOST 100000
#define BUCKETS ((size_t)1 << 16) /* a power of two */
#define REST_MS ((uint64_t)600000)

struct owners *owners_create(struct fleet *fleet)
{
	struct owners *owners = calloc(1, sizeof(*owners));
	struct owner **buckets = calloc(BUCKETS, sizeof(struct owner *));
	if (owners == NULL || buckets == NULL) {
		free(owners);
		free(buckets);
		return NULL;
	}
	*owners = (struct owners){.fleet = fleet, .buckets = buckets};
	list_init(&owners->all);
	list_init(&owners->resting);
	list_init(&owners->pages);
	next_turn_init(&owners->tell, owners_tell);
	return owners;
}

static struct owner **bucket_of(const struct owners *owners, struct slice id)
{
	return &owners->buckets[hash_keyed(id.p, id.n) & (BUCKETS - 1)];
}

static struct owner *find(const struct owners *owners, struct slice id, bool is_anonymous)
{
	struct owner *owner = *bucket_of(owners, id);
	while (owner != NULL && !(owner->is_anonymous == is_anonymous &&
					slice_is(id, (struct slice){owner->id, owner->id_n})))
		owner = owner->same_bucket;
	return owner;
}

struct owner *owners_find(const struct owners *owners, struct slice id)
{
	return find(owners, id, false);
}

static bool is_at_rest(const struct owner *owner)
{
	return list_is_empty(&owner->pages) && list_is_empty(&owner->links) &&
	       list_is_empty(&owner->jobs);
}

static void run_gone(struct deferred *self)
{
	free(CONTAINER_OF(self, struct owner, gone));
}

/* Out of the table; its memory goes at the end of the turn. */
static void forget(struct owner *owner)
{
	struct owners *owners = owner->fleet->owners;
	struct owner **at = bucket_of(owners, (struct slice){owner->id, owner->id_n});
	while (*at != owner)
		at = &(*at)->same_bucket;
	*at = owner->same_bucket;
	owners->count--;
	list_remove(&owner->node);
	list_remove(&owner->resting);
	deadline_clear(&owner->idle);
	deadline_clear(&owner->forget);
	blob_unref(owner->flags);
	replay_destroy(owner->replay);
	sched_client_destroy(owner->sched);
	owner->sched = NULL;
	owner->flags = NULL;
	owner->replay = NULL;
	defer(&owner->gone, run_gone);
}

static void on_idle(struct deadline *deadline)
{
	struct owner *owner = CONTAINER_OF(deadline, struct owner, idle);
	if (is_at_rest(owner))
		forget(owner);
	else
		list_remove(&owner->resting);
}

static void on_forget(struct deadline *deadline)
{
	struct owner *owner = CONTAINER_OF(deadline, struct owner, forget);
	if (owner->replay != NULL)
		replay_forget_missed(owner->replay);
}

void owner_rest(struct owner *owner)
{
	if (!is_at_rest(owner))
		return;
	list_remove(&owner->resting);
	list_push_back(&owner->fleet->owners->resting, &owner->resting);
	deadline_set(&owner->idle, REST_MS);
}

/* Who found work since it went to rest is only noticed here, and pays with a step of this loop for
 * each time it did. */
static void make_room(struct owners *owners)
{
	while (owners->count >= OWNERS_MOST && !list_is_empty(&owners->resting)) {
		struct owner *idlest = list_first(&owners->resting, struct owner, resting);
		list_remove(&idlest->resting);
		if (is_at_rest(idlest))
			forget(idlest);
	}
}

static struct owner *make(struct owners *owners, struct slice id, bool is_anonymous)
{
	make_room(owners);
	struct owner *owner = calloc(1, sizeof(*owner));
	if (owner == NULL)
		return NULL;
	owner->sched = sched_client_create(owners->fleet->schedule);
	if (owner->sched == NULL) {
		free(owner);
		return NULL;
	}
	owner->fleet = owners->fleet;
	owner->is_anonymous = is_anonymous;
	owner->id_n = (uint8_t)id.n;
	memcpy(owner->id, id.p, id.n);
	list_init(&owner->pages);
	list_init(&owner->links);
	list_init(&owner->jobs);
	list_init(&owner->resting);
	deadline_init(&owner->forget, on_forget);
	deadline_init(&owner->idle, on_idle);
	struct owner **bucket = bucket_of(owners, id);
	owner->same_bucket = *bucket;
	*bucket = owner;
	list_push_back(&owners->all, &owner->node);
	owners->count++;
	return owner;
}

struct owner *owners_get(
	struct owners *owners, struct slice id, struct slice cookie, const char *ip)
{
	char name[sizeof(((struct owner *)NULL)->cookie) + 1];
	bool is_anonymous = id.n == 0 || id.n > OWNER_ID_MOST;
	if (cookie.n >= sizeof(((struct owner *)NULL)->cookie))
		cookie.n = 0;
	if (is_anonymous) {
		int n = cookie.n != 0
				? snprintf(name, sizeof(name), "c%.*s", (int)cookie.n, cookie.p)
				: snprintf(name, sizeof(name), "i%s", ip);
		id = (struct slice){name, min_size((size_t)n, sizeof(name) - 1)};
	}
	struct owner *owner = find(owners, id, is_anonymous);
	if (owner == NULL)
		owner = make(owners, id, is_anonymous);
	if (owner == NULL)
		return NULL;
	if (cookie.n != 0) {
		memcpy(owner->cookie, cookie.p, cookie.n);
		owner->cookie[cookie.n] = '\0';
	}
	(void)snprintf(owner->ip, sizeof(owner->ip), "%s", ip);
	/* Its work, if there will be any, has not reached its lists yet. */
	owner_rest(owner);
	return owner;
}

bool owner_make_id(char *out)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t secret[OWNER_MADE_ID / 2];
	if (!random_secret(secret, sizeof(secret)))
		return false;
	for (size_t i = 0; i < sizeof(secret); i++) {
		out[2 * i] = hex[secret[i] >> 4];
		out[2 * i + 1] = hex[secret[i] & 15];
	}
	out[OWNER_MADE_ID] = '\0';
	return true;
}

uint32_t owners_count(const struct owners *owners)
{
	return owners->count;
}

/* Everything that points to it, from its own lists. */
static void cut_loose(struct owner *owner)
{
	list_each_safe (node, &owner->pages)
		owner_remove_page(owner, CONTAINER_OF(node, struct page, in_owner));
	links_close_owner(owner);
	list_each_safe (node, &owner->jobs) {
		struct job *job = CONTAINER_OF(node, struct job, in_owner);
		schedule_remove(&job->sched);
		list_remove(&job->in_owner);
		job->owner = NULL;
	}
}

void owners_destroy(struct owners *owners)
{
	if (owners == NULL)
		return;
	next_turn_cancel(&owners->tell);
	list_each_safe (node, &owners->all) {
		struct owner *owner = CONTAINER_OF(node, struct owner, node);
		cut_loose(owner);
		forget(owner);
	}
	free(owners->buckets);
	free(owners);
}
