/*
 * base/base.h - the words that every file uses.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define BIT(n) (1u << (n))
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))

/* 1 under AddressSanitizer: pools then keep nothing, or a use after release would go unseen. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifndef HAS_ASAN
#define HAS_ASAN 0
#endif

static inline size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Our own invariants, checked in release builds too. Never for what a peer or a file sent. */
NORETURN void ensure_failed(const char *what, const char *file, int line);
#define ensure(cond) ((cond) ? (void)0 : ensure_failed(#cond, __FILE__, __LINE__))

/* A piece of somebody else's bytes. Not terminated; dead when its owner is. */
struct slice {
	const char *p;
	size_t n;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

static inline struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static inline bool slice_is(struct slice s, struct slice t)
{
	return s.n == t.n && (s.n == 0 || memcmp(s.p, t.p, s.n) == 0);
}

/* Of ASCII letters; every other octet stays. */
static inline char ascii_lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	return c;
}

/* ASCII case-insensitive, as field names and most tokens compare. */
static inline bool slice_is_nocase(struct slice s, struct slice t)
{
	return s.n == t.n && (s.n == 0 || strncasecmp(s.p, t.p, s.n) == 0);
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* Without blanks and tabs (OWS) at both ends. */
static inline struct slice slice_trim(struct slice s)
{
	while (s.n != 0 && (*s.p == ' ' || *s.p == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n != 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Terminated. False: it did not fit and was cut. */
static inline bool slice_copy(struct slice s, char *out, size_t room)
{
	size_t n = s.n < room ? s.n : room - 1;
	if (n != 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
	return n == s.n;
}

#endif
