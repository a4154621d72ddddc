#include "base/password.h"

#include "base/hash.h"
#include "base/password_digest.h"

#include <crypt.h>
#include <limits.h>
#include <stdlib.h>

struct cache_slot {
	unsigned char digest[PASSWORD_DIGEST];
	uint64_t used; /* 0: empty */
	bool is_right;
};

struct password_cache {
	unsigned char key[PASSWORD_DIGEST];
	uint64_t turn, checks;
	uint32_t count;
	struct cache_slot slots[];
};

bool password_is_same(struct slice a, struct slice b)
{
	unsigned char differs = a.n == b.n ? 0 : 1;
	for (size_t i = 0; i < a.n; i++)
		differs |= (unsigned char)(a.p[i] ^ b.p[b.n == 0 ? 0 : i % b.n]);
	return differs == 0;
}

static bool is_mark(const char *entry, const char *mark)
{
	return strncmp(entry, mark, strlen(mark)) == 0;
}

/* The number behind the first `mark` of the entry; `otherwise` without one. */
static unsigned long number_behind(const char *entry, const char *mark, unsigned long otherwise)
{
	const char *found = strstr(entry + 1, mark);
	return found == NULL ? otherwise : strtoul(found + strlen(mark), NULL, 10);
}

/* A digit of crypt's own numbers, "./0-9A-Za-z"; -1: none. */
static int digit(char c)
{
	static const char digits[] =
		"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *at = c == '\0' ? NULL : strchr(digits, c);
	return at == NULL ? -1 : (int)(at - digits);
}

/* The lowest digit comes first. -1: it is none. */
static long number_of(const char *p, int count)
{
	long number = 0;
	for (int i = 0; i < count; i++) {
		int here = digit(p[i]);
		if (here < 0)
			return -1;
		number |= (long)here << 6 * i;
	}
	return number;
}

/* 2 to the power of `n`, times the two factors, is beyond the limit, or something is no number. */
static bool is_beyond(long n, long factor, long other)
{
	return n < 0 || n > 21 || factor < 0 || factor > PASSWORD_BLOCKS_MOST || other < 0 ||
	       other > PASSWORD_BLOCKS_MOST || (factor * other) > PASSWORD_BLOCKS_MOST >> n;
}

/* "$y$j9T$": flags, how many blocks, how large. Digits beyond 47 begin a number of several digits,
 * and more parameters mean more work: nobody's tools make such entries. */
static bool yescrypt_is_too_costly(const char *parameters)
{
	long n = digit(parameters[0]) < 0 ? -1 : digit(parameters[1]);
	long size = n < 0 ? -1 : digit(parameters[2]);
	return digit(parameters[0]) > 47 || size < 0 || size > 47 || parameters[3] != '$' ||
	       is_beyond(n + 1, size + 1, 1);
}

bool password_is_too_costly(const char *entry)
{
	if (is_mark(entry, "$2")) /* "$2y$12$": the work is 2 to that power */
		return number_behind(entry, "$", ULONG_MAX) > PASSWORD_BCRYPT_MOST;
	if (is_mark(entry, "$5$") || is_mark(entry, "$6$"))
		return number_behind(entry, "$rounds=", 0) > PASSWORD_SHA_MOST;
	if (is_mark(entry, "$sha1$"))
		return number_behind(entry, "$", ULONG_MAX) > PASSWORD_SHA1_MOST;
	if (is_mark(entry, "$md5"))
		return number_behind(entry, "rounds=", 0) > PASSWORD_SUN_MD5_MOST;
	if (is_mark(entry, "_")) /* extended DES */
		return number_of(entry + 1, 4) > PASSWORD_DES_MOST;
	if (is_mark(entry, "$y$"))
		return yescrypt_is_too_costly(entry + 3);
	if (is_mark(entry, "$gy$"))
		return yescrypt_is_too_costly(entry + 4);
	if (is_mark(entry, "$7$")) { /* scrypt: log2 of the blocks, their size, how often */
		long n = digit(entry[3]);
		long size = n < 0 ? -1 : number_of(entry + 4, 5);
		return is_beyond(n, size, size < 0 ? -1 : number_of(entry + 9, 5));
	}
	return false;
}

static bool crypt_is_right(const char *entry, struct slice password)
{
	static struct crypt_data room; /* 32 KiB, and there is one thread */
	char text[PASSWORD_MOST + 1];
	if (password_is_too_costly(entry))
		return false;
	memcpy(text, password.p, password.n);
	text[password.n] = '\0';
	const char *made = crypt_rn(text, entry, &room, (int)sizeof(room));
	/* What begins with '*' is no entry but a word for "failed". */
	bool is_right = made != NULL && made[0] != '*' &&
			password_is_same(slice_of(made), slice_of(entry));
	explicit_bzero(text, sizeof(text));
	explicit_bzero(&room, sizeof(room));
	return is_right;
}

bool password_is_right(const char *entry, struct slice password)
{
	char made[PASSWORD_TEXT];
	if (password.n == 0)
		password.p = "";
	if (password.n > PASSWORD_MOST || memchr(password.p, '\0', password.n) != NULL)
		return false;
	if (is_mark(entry, "{PLAIN}"))
		return password_is_same(slice_of(entry + strlen("{PLAIN}")), password);
	bool is_made;
	if (is_mark(entry, "$apr1$"))
		is_made = password_apr1(entry, password, made);
	else if (is_mark(entry, "{SHA}"))
		is_made = password_sha(password, made);
	else if (is_mark(entry, "{SSHA}"))
		is_made = password_ssha(entry, password, made);
	else
		return crypt_is_right(entry, password);
	return is_made && password_is_same(slice_of(made), slice_of(entry));
}

struct password_cache *password_cache_create(uint32_t slots)
{
	struct password_cache *cache = calloc(1, sizeof(*cache) + slots * sizeof(*cache->slots));
	if (cache == NULL)
		return NULL;
	cache->count = slots;
	if (!random_secret(cache->key, sizeof(cache->key))) {
		free(cache);
		return NULL;
	}
	return cache;
}

void password_cache_destroy(struct password_cache *cache)
{
	if (cache == NULL)
		return;
	explicit_bzero(cache->key, sizeof(cache->key));
	free(cache);
}

/* The one with that digest, or else the one that was not used for longest. */
static struct cache_slot *find_slot(struct password_cache *cache, const unsigned char *digest)
{
	struct cache_slot *oldest = &cache->slots[0];
	for (uint32_t i = 0; i < cache->count; i++) {
		struct cache_slot *slot = &cache->slots[i];
		if (slot->used != 0 && memcmp(slot->digest, digest, PASSWORD_DIGEST) == 0)
			return slot;
		if (slot->used < oldest->used)
			oldest = slot;
	}
	oldest->used = 0;
	return oldest;
}

bool password_cache_check(struct password_cache *cache, const char *entry, struct slice password)
{
	unsigned char digest[PASSWORD_DIGEST];
	struct slice key = {(const char *)cache->key, sizeof(cache->key)};
	/* Those with a brace in front cost no more than the digest. */
	if (entry[0] == '{' || password.n > PASSWORD_MOST || cache->count == 0 ||
		!password_digest(key, slice_of(entry), password, digest)) {
		cache->checks++;
		return password_is_right(entry, password);
	}
	struct cache_slot *slot = find_slot(cache, digest);
	if (slot->used == 0) {
		cache->checks++;
		memcpy(slot->digest, digest, sizeof(digest));
		slot->is_right = password_is_right(entry, password);
	}
	slot->used = ++cache->turn;
	return slot->is_right;
}

uint64_t password_cache_checks(const struct password_cache *cache)
{
	return cache->checks;
}
