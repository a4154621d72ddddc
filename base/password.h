/*
 * base/password.h - is this the password that an htpasswd entry stands for?
 *
 * Entries: what crypt(3) of libcrypt knows ($1$, $5$, $6$, $2y$, $y$, traditional DES), $apr1$,
 * {SHA}, {SSHA}, {PLAIN}. They mean what nginx's auth_basic_user_file means by them.
 *
 * What a check costs is chosen by who wrote the entry, and whoever sends a password can make us pay
 * it; nothing else runs meanwhile. Measured on a core of 2020: $1$ and $apr1$ under 1 ms, $5$ and
 * $6$ 4 ms, $y$ 50 ms, bcrypt 5 ms at cost 5 (htpasswd -B), 150 ms at cost 10 and 600 ms at cost
 * 12, doubling with each more. An entry that would take longer than about 2 s admits nobody. An
 * answer is kept in a password_cache, so that a page with a hundred requests costs one check.
 */
#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H

#include "base/base.h"

#define PASSWORD_MOST 512 /* octets of a password; longer ones are wrong */

/* What takes about 2 s. */
#define PASSWORD_BCRYPT_MOST 14
#define PASSWORD_SHA_MOST 2000000     /* $5$, $6$: rounds */
#define PASSWORD_SHA1_MOST 1000000    /* $sha1$ */
#define PASSWORD_SUN_MD5_MOST 300000  /* $md5 */
#define PASSWORD_DES_MOST 2000000     /* _ */
#define PASSWORD_BLOCKS_MOST 0x200000 /* $y$, $gy$, $7$: number of blocks times their size */

/* Its work is beyond the limits, so it is no password's. */
bool password_is_too_costly(const char *entry);
/* `entry` is what follows "user:" in the file. */
bool password_is_right(const char *entry, struct slice password);

/*
 * Remembers the last `slots` answers for entries that are costly, right and wrong ones, under a
 * keyed digest of entry and password: neither can be read from it, and a changed entry is another
 * question.
 */
struct password_cache;

struct password_cache *password_cache_create(uint32_t slots) MUST_CHECK; /* NULL: no memory */
void password_cache_destroy(struct password_cache *cache);
/* As password_is_right. */
bool password_cache_check(struct password_cache *cache, const char *entry, struct slice password);
/* Answers that took a check so far. */
uint64_t password_cache_checks(const struct password_cache *cache);

/* Equal, in a time that depends on the lengths alone. */
bool password_is_same(struct slice a, struct slice b);

#endif
