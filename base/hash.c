#include "base/hash.h"

#include <errno.h>
#include <sys/random.h>

static uint64_t sip_key[2];
static uint64_t xoshiro[4] = {1, 2, 3, 4};

bool random_secret(void *out, size_t n)
{
	char *at = out;
	while (n != 0) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

int hash_start(void)
{
	if (!random_secret(sip_key, sizeof(sip_key)) || !random_secret(xoshiro, sizeof(xoshiro)))
		return -EIO;
	return 0;
}

static inline uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

struct sip {
	uint64_t a, b, c, d;
};

static inline void sip_round(struct sip *s)
{
	s->a += s->b;
	s->b = rotl(s->b, 13) ^ s->a;
	s->a = rotl(s->a, 32);
	s->c += s->d;
	s->d = rotl(s->d, 16) ^ s->c;
	s->a += s->d;
	s->d = rotl(s->d, 21) ^ s->a;
	s->c += s->b;
	s->b = rotl(s->b, 17) ^ s->c;
	s->c = rotl(s->c, 32);
}

static uint64_t siphash13(const void *p, size_t n, uint64_t k0, uint64_t k1)
{
	const unsigned char *at = p;
	struct sip s = {
		0x736f6d6570736575u ^ k0,
		0x646f72616e646f6du ^ k1,
		0x6c7967656e657261u ^ k0,
		0x7465646279746573u ^ k1,
	};
	size_t left = n;
	for (; left >= 8; left -= 8, at += 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		s.d ^= word;
		sip_round(&s);
		s.a ^= word;
	}
	uint64_t last = (uint64_t)n << 56;
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)at[i] << (8 * i);
	s.d ^= last;
	sip_round(&s);
	s.a ^= last;
	s.c ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

uint64_t hash_keyed(const void *p, size_t n)
{
	return siphash13(p, n, sip_key[0], sip_key[1]);
}

uint64_t hash_stable(const void *p, size_t n)
{
	return siphash13(p, n, 0, 0);
}

uint32_t hash_crc32(uint32_t crc, const void *p, size_t n)
{
	static uint32_t table[256];
	if (table[1] == 0) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;
			for (int k = 0; k < 8; k++)
				c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
			table[i] = c;
		}
	}
	const unsigned char *at = p;
	crc = ~crc;
	for (size_t i = 0; i < n; i++)
		crc = table[(crc ^ at[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}

uint64_t random_word(void)
{
	uint64_t *s = xoshiro;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}
