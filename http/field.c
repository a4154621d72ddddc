#include "http/field.h"

#define NAME_MOST 21

#define HOP BIT(0)
#define PROTECTED BIT(1)

#define KNOWN(text, flags)                                                                         \
	{                                                                                          \
		text, sizeof(text) - 1, flags                                                      \
	}

static const struct {
	char name[NAME_MOST + 1];
	uint8_t n;
	uint8_t flags;
} known[HF_COUNT] = {
	[HF_OTHER] = KNOWN("", 0),
	[HF_ACCEPT] = KNOWN("Accept", 0),
	[HF_AUTHORIZATION] = KNOWN("Authorization", PROTECTED),
	[HF_CONNECTION] = KNOWN("Connection", HOP),
	[HF_CONTENT_LENGTH] = KNOWN("Content-Length", PROTECTED),
	[HF_CONTENT_TYPE] = KNOWN("Content-Type", PROTECTED),
	[HF_COOKIE] = KNOWN("Cookie", PROTECTED),
	[HF_DATE] = KNOWN("Date", 0),
	[HF_EXPECT] = KNOWN("Expect", PROTECTED),
	[HF_FORWARDED] = KNOWN("Forwarded", PROTECTED),
	[HF_HOST] = KNOWN("Host", PROTECTED),
	[HF_KEEP_ALIVE] = KNOWN("Keep-Alive", HOP),
	[HF_LOCATION] = KNOWN("Location", 0),
	[HF_ORIGIN] = KNOWN("Origin", PROTECTED),
	[HF_PROXY_AUTHENTICATE] = KNOWN("Proxy-Authenticate", 0),
	[HF_PROXY_AUTHORIZATION] = KNOWN("Proxy-Authorization", 0),
	[HF_PROXY_CONNECTION] = KNOWN("Proxy-Connection", HOP),
	[HF_REFERER] = KNOWN("Referer", 0),
	[HF_SEC_WEBSOCKET_ACCEPT] = KNOWN("Sec-WebSocket-Accept", PROTECTED),
	[HF_SEC_WEBSOCKET_KEY] = KNOWN("Sec-WebSocket-Key", PROTECTED),
	[HF_SEC_WEBSOCKET_VERSION] = KNOWN("Sec-WebSocket-Version", PROTECTED),
	[HF_SERVER] = KNOWN("Server", 0),
	[HF_SET_COOKIE] = KNOWN("Set-Cookie", PROTECTED),
	[HF_TE] = KNOWN("TE", HOP),
	[HF_TRAILER] = KNOWN("Trailer", HOP),
	[HF_TRANSFER_ENCODING] = KNOWN("Transfer-Encoding", HOP | PROTECTED),
	[HF_UPGRADE] = KNOWN("Upgrade", HOP),
	[HF_USER_AGENT] = KNOWN("User-Agent", 0),
	[HF_X_FORWARDED_FOR] = KNOWN("X-Forwarded-For", PROTECTED),
	[HF_X_FORWARDED_HOST] = KNOWN("X-Forwarded-Host", PROTECTED),
	[HF_X_FORWARDED_PROTO] = KNOWN("X-Forwarded-Proto", PROTECTED),
	[HF_X_REAL_IP] = KNOWN("X-Real-IP", PROTECTED),
};

/* No two known names have the same length and the same first letter, so these two leave one to
 * compare with. The unit test finds a line that is missing or wrong here. */
#define LETTER(c) ((c)&31)
static const uint8_t candidate[NAME_MOST + 1][32] = {
	[2] = {[LETTER('t')] = HF_TE},
	[4] = {[LETTER('d')] = HF_DATE, [LETTER('h')] = HF_HOST},
	[6] = {[LETTER('a')] = HF_ACCEPT,
		[LETTER('c')] = HF_COOKIE,
		[LETTER('e')] = HF_EXPECT,
		[LETTER('o')] = HF_ORIGIN,
		[LETTER('s')] = HF_SERVER},
	[7] = {[LETTER('r')] = HF_REFERER, [LETTER('t')] = HF_TRAILER, [LETTER('u')] = HF_UPGRADE},
	[8] = {[LETTER('l')] = HF_LOCATION},
	[9] = {[LETTER('f')] = HF_FORWARDED, [LETTER('x')] = HF_X_REAL_IP},
	[10] = {[LETTER('c')] = HF_CONNECTION,
		[LETTER('k')] = HF_KEEP_ALIVE,
		[LETTER('s')] = HF_SET_COOKIE,
		[LETTER('u')] = HF_USER_AGENT},
	[12] = {[LETTER('c')] = HF_CONTENT_TYPE},
	[13] = {[LETTER('a')] = HF_AUTHORIZATION},
	[14] = {[LETTER('c')] = HF_CONTENT_LENGTH},
	[15] = {[LETTER('x')] = HF_X_FORWARDED_FOR},
	[16] = {[LETTER('p')] = HF_PROXY_CONNECTION, [LETTER('x')] = HF_X_FORWARDED_HOST},
	[17] = {[LETTER('s')] = HF_SEC_WEBSOCKET_KEY,
		[LETTER('t')] = HF_TRANSFER_ENCODING,
		[LETTER('x')] = HF_X_FORWARDED_PROTO},
	[18] = {[LETTER('p')] = HF_PROXY_AUTHENTICATE},
	[19] = {[LETTER('p')] = HF_PROXY_AUTHORIZATION},
	[20] = {[LETTER('s')] = HF_SEC_WEBSOCKET_ACCEPT},
	[21] = {[LETTER('s')] = HF_SEC_WEBSOCKET_VERSION},
};

/* Known names are letters and '-'. Only letters have bit 0x40, and moved one place down it is the
 * bit that makes lower case: so '-' is compared exactly and letters without regard to case. */
static inline bool is_same_word(uint64_t a, uint64_t b)
{
	uint64_t lower = (b & 0x4040404040404040u) >> 1;
	return (a | lower) == (b | lower);
}

static inline uint64_t load8(const char *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint32_t load4(const char *p)
{
	uint32_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

/* Words that overlap at the end, so that no octet behind the names is read. */
static inline bool is_same_name(const char *a, const char *b, size_t n)
{
	if (n >= 8) {
		for (size_t i = 0; i < n - 8; i += 8)
			if (!is_same_word(load8(a + i), load8(b + i)))
				return false;
		return is_same_word(load8(a + n - 8), load8(b + n - 8));
	}
	if (n >= 4)
		return is_same_word(load4(a), load4(b)) &&
		       is_same_word(load4(a + n - 4), load4(b + n - 4));
	for (size_t i = 0; i < n; i++)
		if (!is_same_word((unsigned char)a[i], (unsigned char)b[i]))
			return false;
	return true;
}

enum http_field_id http_field_find(const char *name, size_t n)
{
	if (n == 0 || n > NAME_MOST)
		return HF_OTHER;
	enum http_field_id id = candidate[n][LETTER(name[0])];
	if (id == HF_OTHER || !is_same_name(name, known[id].name, n))
		return HF_OTHER;
	return id;
}

struct slice http_field_name(enum http_field_id id)
{
	ensure(id < HF_COUNT);
	return (struct slice){known[id].name, known[id].n};
}

bool http_field_is_hop_by_hop(enum http_field_id id)
{
	ensure(id < HF_COUNT);
	return (known[id].flags & HOP) != 0;
}

bool http_field_is_protected(enum http_field_id id)
{
	ensure(id < HF_COUNT);
	return (known[id].flags & PROTECTED) != 0;
}
