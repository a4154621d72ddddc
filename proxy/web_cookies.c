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
#define FLAGS_MOST 3 /* that can be added */

struct attribute {
	struct slice key, value; /* "Path" and "/"; value.p NULL: there is no '=' */
	bool is_gone;
};

/* The first one is the cookie itself. */
struct cookie {
	struct attribute item[ATTRIBUTES_MOST + FLAGS_MOST];
	uint32_t count;
	bool is_changed;
};

static struct attribute read_attribute(struct slice text)
{
	const char *equal = text.n == 0 ? NULL : memchr(text.p, '=', text.n);
	if (equal == NULL)
		return (struct attribute){.key = slice_trim(text)};
	size_t n = (size_t)(equal - text.p);
	return (struct attribute){
		.key = slice_trim((struct slice){text.p, n}),
		.value = slice_trim((struct slice){equal + 1, text.n - n - 1}),
	};
}

/* An empty one behind the last ';' counts. */
static void take_apart(struct slice text, struct cookie *cookie)
{
	const char *end = text.p;
	cookie->count = 0;
	while (end != NULL) {
		end = text.n == 0 ? NULL : memchr(text.p, ';', text.n);
		/* The last one takes what does not fit any more. */
		if (cookie->count + 1 == ATTRIBUTES_MOST)
			end = NULL;
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		cookie->item[cookie->count++] = read_attribute((struct slice){text.p, n});
		text.p += n + (end != NULL);
		text.n -= n + (end != NULL);
	}
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

static bool change(struct exchange *x, struct cookie *cookie, struct attribute *item)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct slice to;
	int result = 0;
	if (item->value.p == NULL)
		return true;
	if (slice_is_nocase(item->key, SLICE("domain")))
		result = domain(x, item->value, &to);
	else if (slice_is_nocase(item->key, SLICE("path")))
		result = web_rewrite_by(
			x, proxy->cookie_path.items, proxy->cookie_path.count, item->value, &to);
	if (result <= 0)
		return result == 0;
	cookie->is_changed = true;
	item->value = to;
	return true;
}

/* -- flags -- */

enum {
	SECURE = 1 << 0,
	NO_SECURE = 1 << 1,
	HTTP_ONLY = 1 << 2,
	NO_HTTP_ONLY = 1 << 3,
	STRICT = 1 << 4,
	LAX = 1 << 5,
	NONE = 1 << 6,
	NO_SAME_SITE = 1 << 7,
};

static uint32_t flag_of(struct slice word)
{
	static const struct {
		struct slice word;
		uint32_t flag;
	} known[] = {
		{{"secure", 6}, SECURE},
		{{"nosecure", 8}, NO_SECURE},
		{{"httponly", 8}, HTTP_ONLY},
		{{"nohttponly", 10}, NO_HTTP_ONLY},
		{{"samesite=strict", 15}, STRICT},
		{{"samesite=lax", 12}, LAX},
		{{"samesite=none", 13}, NONE},
		{{"nosamesite", 10}, NO_SAME_SITE},
	};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (slice_is_nocase(word, known[i].word))
			return known[i].flag;
	return 0;
}

/* The strictest of those that are asked for, which counts as done. p NULL: none. */
static struct slice take_same_site(uint32_t *flags)
{
	static const struct {
		uint32_t flag;
		struct slice word;
	} known[] = {{STRICT, {"Strict", 6}}, {LAX, {"Lax", 3}}, {NONE, {"None", 4}}};
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (!(*flags & known[i].flag))
			continue;
		*flags &= ~known[i].flag;
		return known[i].word;
	}
	return WEB_SLICE_NONE;
}

/* What is wanted and there already stays in its place; what is not wanted goes. */
static void judge(struct attribute *item, uint32_t *flags)
{
	uint32_t wanted = 0, unwanted = NO_SAME_SITE;
	if (slice_is_nocase(item->key, SLICE("secure"))) {
		wanted = SECURE;
		unwanted = NO_SECURE;
	} else if (slice_is_nocase(item->key, SLICE("httponly"))) {
		wanted = HTTP_ONLY;
		unwanted = NO_HTTP_ONLY;
	} else if (!slice_is_nocase(item->key, SLICE("samesite"))) {
		return;
	}
	struct slice site = wanted == 0 ? take_same_site(flags) : WEB_SLICE_NONE;
	if (site.p != NULL)
		*item = (struct attribute){.key = SLICE("SameSite"), .value = site};
	else if (*flags & wanted)
		*flags &= ~wanted;
	else if (*flags & unwanted)
		item->is_gone = true;
}

static void add(struct cookie *cookie, struct slice key, struct slice value)
{
	cookie->item[cookie->count++] = (struct attribute){.key = key, .value = value};
}

/* In this order, whatever the order in the directive. */
static void put_flags(struct cookie *cookie, uint32_t flags)
{
	for (uint32_t i = 1; i < cookie->count; i++)
		judge(&cookie->item[i], &flags);
	if (flags & SECURE)
		add(cookie, SLICE("Secure"), WEB_SLICE_NONE);
	if (flags & HTTP_ONLY)
		add(cookie, SLICE("HttpOnly"), WEB_SLICE_NONE);
	struct slice site = take_same_site(&flags);
	if (site.p != NULL)
		add(cookie, SLICE("SameSite"), site);
}

static bool set_flags(struct exchange *x, struct cookie *cookie)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct slice name = cookie->item[0].key, wanted, word;
	for (uint32_t i = 0; i < proxy->cookie_flags.count; i++) {
		const struct conf_cookie_flags *rule = &proxy->cookie_flags.items[i];
		if (rule->flag_count == 0)
			continue;
		if (rule->regex == NULL && !web_value(x, &rule->name, &wanted))
			return false;
		if (rule->regex != NULL ? !web_match(x, rule->regex, name)
					: !slice_is_nocase(name, wanted))
			continue;
		uint32_t flags = 0;
		for (uint32_t k = 0; k < rule->flag_count; k++) {
			if (!web_value(x, &rule->flags[k], &word))
				return false;
			flags |= flag_of(word);
		}
		cookie->is_changed = cookie->is_changed || flags != 0;
		put_flags(cookie, flags);
		break;
	}
	return true;
}

static bool put_together(struct exchange *x, const struct cookie *cookie, struct slice *ret)
{
	struct slice pieces[(ATTRIBUTES_MOST + FLAGS_MOST) * 4];
	uint32_t n = 0;
	for (uint32_t i = 0; i < cookie->count; i++) {
		const struct attribute *item = &cookie->item[i];
		if (item->is_gone)
			continue;
		if (i != 0)
			pieces[n++] = SLICE("; ");
		pieces[n++] = item->key;
		if (item->value.p == NULL)
			continue;
		pieces[n++] = SLICE("=");
		pieces[n++] = item->value;
	}
	return web_join(&x->arena, pieces, n, ret);
}

bool web_take_cookie(struct exchange *x, struct slice name, struct slice value)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct cookie cookie = {.count = 0};
	struct slice whole = value;
	if (proxy->cookie_domain.count + proxy->cookie_path.count + proxy->cookie_flags.count == 0)
		return web_out_add(x, name, value);
	take_apart(value, &cookie);
	/* No cookie for nginx, so it is not touched. */
	if (cookie.item[0].value.p == NULL)
		return web_out_add(x, name, value);
	for (uint32_t i = 1; i < cookie.count; i++)
		if (!change(x, &cookie, &cookie.item[i]))
			return false;
	if (!set_flags(x, &cookie))
		return false;
	if (cookie.is_changed && !put_together(x, &cookie, &whole))
		return false;
	return web_out_add(x, name, whole);
}
