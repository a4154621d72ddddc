/*
 * proxy/web_cookies.c - proxy_cookie_domain, proxy_cookie_path, proxy_cookie_flags: a worker's
 * cookies as a browser in front of us should see them.
 *
 *   name=value; Domain=a; Path=/b; Secure   ->   taken apart at ';', changed, put together with ";
 * "
 */
#include "proxy/web_proxy.h"

#include "proxy/value.h"
#include "proxy/web_uri.h"

#define ATTRIBUTES_MOST 32

struct cookie {
	struct slice part[ATTRIBUTES_MOST]; /* "name=value", "Path=/", "Secure" */
	uint32_t count;
	bool is_changed;
};

static void take_apart(struct slice text, struct cookie *cookie)
{
	cookie->count = 0;
	while (text.n != 0 && cookie->count < ATTRIBUTES_MOST) {
		const char *end = memchr(text.p, ';', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		/* The last one takes what does not fit any more. */
		if (cookie->count + 1 == ATTRIBUTES_MOST)
			n = text.n;
		cookie->part[cookie->count++] = slice_trim((struct slice){text.p, n});
		n += n < text.n;
		text.p += n;
		text.n -= n;
	}
}

static struct slice key_of(struct slice part)
{
	const char *equal = part.n == 0 ? NULL : memchr(part.p, '=', part.n);
	if (equal != NULL)
		part.n = (size_t)(equal - part.p);
	return slice_trim(part);
}

static struct slice value_of(struct slice part)
{
	const char *equal = part.n == 0 ? NULL : memchr(part.p, '=', part.n);
	if (equal == NULL)
		return WEB_SLICE_NONE;
	return slice_trim((struct slice){equal + 1, part.n - (size_t)(equal - part.p) - 1});
}

/* Domains are the same with a dot in front, and in capitals. 1, 0, -1 as web_rewrite_by. */
static int domain(struct exchange *x, struct slice text, struct slice *ret)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	for (uint32_t i = 0; i < proxy->cookie_domain.count; i++) {
		const struct conf_replace *rule = &proxy->cookie_domain.items[i];
		struct slice from, to, plain = text;
		if (rule->kind != CONF_REDIRECT_TEXT) {
			int result = web_rewrite_by(x, rule, 1, text, ret);
			if (result != 0)
				return result;
			continue;
		}
		if (!web_value(x, &rule->from, &from))
			return -1;
		bool has_dot = plain.n != 0 && plain.p[0] == '.';
		plain.p += has_dot;
		plain.n -= has_dot;
		if (!slice_is_nocase(plain, from))
			continue;
		/* The dot stays, or stays away. */
		if (!web_value(x, &rule->to, &to))
			return -1;
		const struct slice pieces[] = {has_dot ? SLICE(".") : SLICE(""), to};
		return web_join(&x->arena, pieces, COUNT_OF(pieces), ret) ? 1 : -1;
	}
	return 0;
}

static bool change(struct exchange *x, struct cookie *cookie, uint32_t i)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct slice key = key_of(cookie->part[i]), value = value_of(cookie->part[i]), to;
	int result = 0;
	if (value.p == NULL)
		return true;
	if (slice_is_nocase(key, SLICE("domain")))
		result = domain(x, value, &to);
	else if (slice_is_nocase(key, SLICE("path")))
		result = web_rewrite_by(
			x, proxy->cookie_path.items, proxy->cookie_path.count, value, &to);
	if (result <= 0)
		return result == 0;
	cookie->is_changed = true;
	const struct slice pieces[] = {key, SLICE("="), to};
	return web_join(&x->arena, pieces, COUNT_OF(pieces), &cookie->part[i]);
}

/* -- flags -- */

static void drop(struct cookie *cookie, struct slice key)
{
	uint32_t kept = 1;
	for (uint32_t i = 1; i < cookie->count; i++)
		if (!slice_is_nocase(key_of(cookie->part[i]), key))
			cookie->part[kept++] = cookie->part[i];
	cookie->is_changed = cookie->is_changed || kept != cookie->count;
	cookie->count = kept;
}

static bool has(const struct cookie *cookie, struct slice key)
{
	for (uint32_t i = 1; i < cookie->count; i++)
		if (slice_is_nocase(key_of(cookie->part[i]), key))
			return true;
	return false;
}

static void put(struct cookie *cookie, struct slice part)
{
	struct slice key = key_of(part);
	for (uint32_t i = 1; i < cookie->count; i++) {
		if (!slice_is_nocase(key_of(cookie->part[i]), key))
			continue;
		cookie->is_changed = true;
		cookie->part[i] = part;
		return;
	}
	if (cookie->count == ATTRIBUTES_MOST)
		return;
	cookie->is_changed = true;
	cookie->part[cookie->count++] = part;
}

static void set_flag(struct cookie *cookie, struct slice flag)
{
	if (slice_is_nocase(flag, SLICE("secure"))) {
		if (!has(cookie, flag))
			put(cookie, SLICE("Secure"));
	} else if (slice_is_nocase(flag, SLICE("httponly"))) {
		if (!has(cookie, flag))
			put(cookie, SLICE("HttpOnly"));
	} else if (slice_is_nocase(flag, SLICE("nosecure"))) {
		drop(cookie, SLICE("secure"));
	} else if (slice_is_nocase(flag, SLICE("nohttponly"))) {
		drop(cookie, SLICE("httponly"));
	} else if (slice_is_nocase(flag, SLICE("nosamesite"))) {
		drop(cookie, SLICE("samesite"));
	} else if (slice_is_nocase(flag, SLICE("samesite=strict"))) {
		put(cookie, SLICE("SameSite=Strict"));
	} else if (slice_is_nocase(flag, SLICE("samesite=lax"))) {
		put(cookie, SLICE("SameSite=Lax"));
	} else if (slice_is_nocase(flag, SLICE("samesite=none"))) {
		put(cookie, SLICE("SameSite=None"));
	}
}

static bool set_flags(struct exchange *x, struct cookie *cookie)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct slice name = key_of(cookie->part[0]), wanted, flag;
	for (uint32_t i = 0; i < proxy->cookie_flags.count; i++) {
		const struct conf_cookie_flags *rule = &proxy->cookie_flags.items[i];
		if (rule->flag_count == 0)
			continue;
		if (rule->regex == NULL && !web_value(x, &rule->name, &wanted))
			return false;
		if (rule->regex != NULL ? !web_match(x, rule->regex, name)
					: !slice_is_nocase(name, wanted))
			continue;
		for (uint32_t k = 0; k < rule->flag_count; k++) {
			if (!web_value_kept(x, &rule->flags[k], &flag))
				return false;
			set_flag(cookie, flag);
		}
		break;
	}
	return true;
}

bool web_take_cookie(struct exchange *x, struct slice name, struct slice value)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct cookie cookie = {.count = 0};
	struct slice pieces[ATTRIBUTES_MOST * 2], whole = value;
	if (proxy->cookie_domain.count + proxy->cookie_path.count + proxy->cookie_flags.count == 0)
		return web_out_add(x, name, value);
	take_apart(value, &cookie);
	for (uint32_t i = 1; i < cookie.count; i++)
		if (!change(x, &cookie, i))
			return false;
	if (cookie.count != 0 && !set_flags(x, &cookie))
		return false;
	uint32_t n = 0;
	for (uint32_t i = 0; i < cookie.count; i++) {
		if (i != 0)
			pieces[n++] = SLICE("; ");
		pieces[n++] = cookie.part[i];
	}
	if (cookie.is_changed && !web_join(&x->arena, pieces, n, &whole))
		return false;
	return web_out_add(x, name, whole);
}
