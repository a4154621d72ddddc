/*
 * base/hash.h - hashes, each for one purpose.
 *
 * hash_keyed is SipHash-1-3 under a key drawn at start: for tables whose keys
 * clients choose. crc32 is the one that nginx's `hash` uses. Neither is a digest.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/base.h"

/* Draws the key of hash_keyed. Once, before the first use; -errno when the system has no
 * randomness. */
int hash_start(void) MUST_CHECK;

uint64_t hash_keyed(const void *p, size_t n);

/* The same for the same octets in every process: for placing on a ring. */
uint64_t hash_stable(const void *p, size_t n);

/* CRC-32 as in zlib. Start with 0; feed the result back for the next piece. */
uint32_t hash_crc32(uint32_t crc, const void *p, size_t n);

/* xoshiro256**: fast, for picks and jitter, never for secrets. */
uint64_t random_word(void);

/* Fills `out` with n octets from the system; false when it has none to give. */
bool random_secret(void *out, size_t n) MUST_CHECK;

#endif
