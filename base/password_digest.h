/*
 * base/password_digest.h - the entries that libcrypt does not know, and the digest the cache needs.
 */
#ifndef BASE_PASSWORD_DIGEST_H
#define BASE_PASSWORD_DIGEST_H

#include "base/base.h"

#define PASSWORD_TEXT 384 /* room for any entry that is made here, terminated */
#define PASSWORD_DIGEST 32

/* What the entry would be if it stood for `password`, with the entry's own salt. False: it is none
 * of these, or memory is out. */
bool password_apr1(const char *entry, struct slice password, char out[PASSWORD_TEXT]) MUST_CHECK;
bool password_sha(struct slice password, char out[PASSWORD_TEXT]) MUST_CHECK;
bool password_ssha(const char *entry, struct slice password, char out[PASSWORD_TEXT]) MUST_CHECK;

/* SHA-256 of `key`, `a`, its end, and `b`. */
bool password_digest(struct slice key, struct slice a, struct slice b,
	unsigned char out[PASSWORD_DIGEST]) MUST_CHECK;

#endif
