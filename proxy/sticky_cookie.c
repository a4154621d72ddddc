#include "proxy/sticky_cookie.h"

#include "base/hash.h"
#include "proxy/exchange.h"

#include <stdio.h>

#define VALUE_CHARS 32

static bool is_ours(struct slice value)
{
	if (value.n != VALUE_CHARS)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (!((value.p[i] >= '0' && value.p[i] <= '9') ||
			    (value.p[i] >= 'a' && value.p[i] <= 'f')))
			return false;
	return true;
}

/* One cookie of a Cookie field (RFC 6265 section 4.2.1). */
static struct slice find_in(struct slice field, struct slice name)
{
	while (field.n != 0) {
		const char *semicolon = memchr(field.p, ';', field.n);
		size_t n = semicolon == NULL ? field.n : (size_t)(semicolon - field.p);
		struct slice pair = slice_trim((struct slice){field.p, n});
		if (slice_starts(pair, name) && pair.n > name.n && pair.p[name.n] == '=')
			return (struct slice){pair.p + name.n + 1, pair.n - name.n - 1};
		n += semicolon != NULL;
		field = (struct slice){field.p + n, field.n - n};
	}
	return (struct slice){NULL, 0};
}

static struct slice find_cookie(const struct exchange *x, struct slice name)
{
	uint16_t first = x->head->first[HF_COOKIE];
	for (uint16_t i = first == 0 ? x->head->count : (uint16_t)(first - 1); i < x->head->count;
		i++) {
		if (x->head->field[i].id != HF_COOKIE)
			continue;
		struct slice value = find_in(http_span_in(x->p, x->head->field[i].value), name);
		if (value.p != NULL && is_ours(value))
			return value;
	}
	return (struct slice){NULL, 0};
}

/* Randomness is taken from the system by the page, not by the cookie. */
static bool draw(char out[VALUE_CHARS + 1])
{
	static const char hex[] = "0123456789abcdef";
	static unsigned char page[4096];
	static size_t left;
	if (left < VALUE_CHARS / 2) {
		if (!random_secret(page, sizeof(page)))
			return false;
		left = sizeof(page);
	}
	left -= VALUE_CHARS / 2;
	for (size_t i = 0; i < VALUE_CHARS / 2; i++) {
		out[2 * i] = hex[page[left + i] >> 4];
		out[2 * i + 1] = hex[page[left + i] & 15];
		page[left + i] = 0;
	}
	out[VALUE_CHARS] = '\0';
	return true;
}

static bool is_wanted(const struct conf_sticky *conf)
{
	for (uint32_t i = 0; i < conf->key_count; i++)
		if (conf->keys[i] == CONF_KEY_COOKIE)
			return true;
	return false;
}

void sticky_cookie_read(struct exchange *x)
{
	const struct conf_sticky *conf = &x->pool->conf->balancing.sticky;
	if (!is_wanted(conf))
		return;
	struct slice value = find_cookie(x, slice_of(conf->cookie));
	if (value.p == NULL && draw(x->new_cookie))
		value = (struct slice){x->new_cookie, VALUE_CHARS};
	x->keys.value[CONF_KEY_COOKIE] = value;
}

size_t sticky_cookie_line(const struct exchange *x, char out[STICKY_COOKIE_ROOM])
{
	if (x->new_cookie[0] == '\0')
		return 0;
	int n = snprintf(out, STICKY_COOKIE_ROOM,
		"Set-Cookie: %s=%s; Path=/; HttpOnly; SameSite=Lax%s\r\n",
		x->pool->conf->balancing.sticky.cookie, x->new_cookie,
		x->client->is_tls ? "; Secure" : "");
	return n > 0 && n < STICKY_COOKIE_ROOM ? (size_t)n : 0;
}
