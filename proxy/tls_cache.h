/*
 * proxy/tls_cache.h - sessions of clients, kept under a name (ssl_session_cache shared:NAME:SIZE).
 *
 * Servers that say the same name have the same cache, and a reload keeps it. Bounded by its size
 * in octets; the oldest session goes first. OpenSSL itself judges whether a session is too old.
 */
#ifndef PROXY_TLS_CACHE_H
#define PROXY_TLS_CACHE_H

#include "base/base.h"

#include <openssl/ssl.h>

struct tls_cache;

/* The one of that name, made if there is none; its bound becomes `bytes`. NULL: no memory. */
struct tls_cache *tls_cache_ref(const char *name, uint64_t bytes) MUST_CHECK;
/* The last one takes all sessions along. Takes NULL. */
void tls_cache_unref(struct tls_cache *cache);

/* False: no memory, or larger than anything is kept. */
bool tls_cache_put(struct tls_cache *cache, SSL_SESSION *session);
/* Owned by the caller; NULL when there is none. */
SSL_SESSION *tls_cache_get(struct tls_cache *cache, const unsigned char *id, size_t n) MUST_CHECK;
void tls_cache_remove(struct tls_cache *cache, const unsigned char *id, size_t n);
uint32_t tls_cache_count(const struct tls_cache *cache);

#endif
