/*
 * proxy/tls_cache.c - a hash table of encoded sessions, in order of their age.
 */
#include "proxy/tls_cache.h"

#include "base/hash.h"
#include "base/list.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

#define SESSION_MOST 16384
#define BYTES_PER_BUCKET 512 /* a session takes about half of that, and more with a certificate */
#define BUCKETS_MOST 65536

struct entry {
	struct list age;     /* newest first */
	struct entry *chain; /* the next one in its bucket */
	uint32_t bytes;      /* of the encoded session */
	uint8_t id_n;
	unsigned char id[SSL_MAX_SSL_SESSION_ID_LENGTH];
	unsigned char session[];
};

struct tls_cache {
	struct list node; /* in caches */
	uint32_t refs;
	char *name; /* owned */
	uint64_t most, used;
	struct list entries;
	struct entry **buckets; /* owned */
	uint32_t bucket_mask, count;
};

static struct list caches = {&caches, &caches};

static uint64_t cost(const struct entry *entry)
{
	return sizeof(*entry) + entry->bytes;
}

static struct entry **bucket_of(struct tls_cache *cache, const unsigned char *id, size_t n)
{
	return &cache->buckets[hash_keyed(id, n) & cache->bucket_mask];
}

static struct entry **find(struct tls_cache *cache, const unsigned char *id, size_t n)
{
	struct entry **at = bucket_of(cache, id, n);
	while (*at != NULL && ((*at)->id_n != n || memcmp((*at)->id, id, n) != 0))
		at = &(*at)->chain;
	return at;
}

static void drop(struct tls_cache *cache, struct entry **at)
{
	struct entry *entry = *at;
	*at = entry->chain;
	list_remove(&entry->age);
	cache->used -= cost(entry);
	cache->count--;
	OPENSSL_cleanse(entry->session, entry->bytes);
	free(entry);
}

static void make_room(struct tls_cache *cache, uint64_t bytes)
{
	while (!list_is_empty(&cache->entries) && cache->used + bytes > cache->most) {
		struct entry *oldest = CONTAINER_OF(cache->entries.prev, struct entry, age);
		drop(cache, find(cache, oldest->id, oldest->id_n));
	}
}

static struct tls_cache *create(const char *name, uint64_t bytes)
{
	struct tls_cache *cache = calloc(1, sizeof(*cache));
	if (cache == NULL)
		return NULL;
	uint32_t buckets = 64;
	while (buckets < BUCKETS_MOST && buckets < bytes / BYTES_PER_BUCKET)
		buckets *= 2;
	cache->name = strdup(name);
	cache->buckets = calloc(buckets, sizeof(struct entry *));
	if (cache->name == NULL || cache->buckets == NULL) {
		free(cache->name);
		free(cache->buckets);
		free(cache);
		return NULL;
	}
	cache->bucket_mask = buckets - 1;
	list_init(&cache->entries);
	list_push_back(&caches, &cache->node);
	return cache;
}

struct tls_cache *tls_cache_ref(const char *name, uint64_t bytes)
{
	struct tls_cache *cache = NULL;
	list_each (node, &caches) {
		struct tls_cache *each = CONTAINER_OF(node, struct tls_cache, node);
		if (strcmp(each->name, name) == 0)
			cache = each;
	}
	if (cache == NULL)
		cache = create(name, bytes);
	if (cache == NULL)
		return NULL;
	cache->refs++;
	cache->most = bytes;
	make_room(cache, 0);
	return cache;
}

void tls_cache_unref(struct tls_cache *cache)
{
	if (cache == NULL || --cache->refs != 0)
		return;
	cache->most = 0;
	make_room(cache, 0);
	list_remove(&cache->node);
	free(cache->buckets);
	free(cache->name);
	free(cache);
}

bool tls_cache_put(struct tls_cache *cache, SSL_SESSION *session)
{
	unsigned id_n;
	const unsigned char *id = SSL_SESSION_get_id(session, &id_n);
	int n = i2d_SSL_SESSION(session, NULL);
	if (n <= 0 || n > SESSION_MOST || id_n == 0 || id_n > SSL_MAX_SSL_SESSION_ID_LENGTH)
		return false;
	tls_cache_remove(cache, id, id_n);
	struct entry *entry = malloc(sizeof(*entry) + (size_t)n);
	if (entry == NULL)
		return false;
	unsigned char *p = entry->session;
	entry->bytes = (uint32_t)i2d_SSL_SESSION(session, &p);
	entry->id_n = (uint8_t)id_n;
	memcpy(entry->id, id, id_n);
	if (cost(entry) > cache->most) {
		free(entry);
		return false;
	}
	make_room(cache, cost(entry));
	struct entry **at = bucket_of(cache, id, id_n);
	entry->chain = *at;
	*at = entry;
	list_push_front(&cache->entries, &entry->age);
	cache->used += cost(entry);
	cache->count++;
	return true;
}

SSL_SESSION *tls_cache_get(struct tls_cache *cache, const unsigned char *id, size_t n)
{
	struct entry *entry = *find(cache, id, n);
	if (entry == NULL)
		return NULL;
	const unsigned char *p = entry->session;
	SSL_SESSION *session = d2i_SSL_SESSION(NULL, &p, (long)entry->bytes);
	if (session == NULL)
		ERR_clear_error();
	return session;
}

void tls_cache_remove(struct tls_cache *cache, const unsigned char *id, size_t n)
{
	struct entry **at = find(cache, id, n);
	if (*at != NULL)
		drop(cache, at);
}

uint32_t tls_cache_count(const struct tls_cache *cache)
{
	return cache->count;
}
