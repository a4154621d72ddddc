/*
 * proxy/web_conditions.c - If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since
 * (RFC 9110 section 13), judged in nginx's order.
 */
#include "http/date.h"
#include "proxy/web_file.h"

static struct slice asked(const struct exchange *x, const char *name)
{
	return http_head_find(x->head, x->p, name);
}

int64_t web_modified_at(const struct exchange *x)
{
	if (x->web->out.modified >= 0)
		return x->web->out.modified;
	struct slice text = web_out_find(x, SLICE("Last-Modified"));
	return text.p == NULL ? -1 : http_date_parse(text);
}

static struct slice without_weak(struct slice tag)
{
	if (tag.n > 2 && tag.p[0] == 'W' && tag.p[1] == '/') {
		tag.p += 2;
		tag.n -= 2;
	}
	return tag;
}

/* Is our tag in the list? Weakly: W/ makes no difference. */
static bool is_tag_listed(const struct exchange *x, struct slice list, bool is_weak)
{
	struct slice tag = web_out_find(x, SLICE("ETag"));
	if (slice_is(list, SLICE("*")))
		return true;
	if (tag.p == NULL)
		return false;
	if (is_weak)
		tag = without_weak(tag);
	else if (tag.n > 0 && tag.p[0] == 'W')
		return false;
	while (list.n != 0) {
		const char *comma = memchr(list.p, ',', list.n);
		size_t n = comma == NULL ? list.n : (size_t)(comma - list.p);
		struct slice one = slice_trim((struct slice){list.p, n});
		if (slice_is(is_weak ? without_weak(one) : one, tag))
			return true;
		n += comma != NULL;
		list.p += n;
		list.n -= n;
	}
	return false;
}

static bool is_modified_since(const struct exchange *x, struct slice since)
{
	int64_t modified = web_modified_at(x), asked_s = http_date_parse(since);
	enum conf_if_modified how = x->web->loc->if_modified_since;
	if (modified < 0 || how == CONF_IMS_OFF)
		return true;
	if (asked_s == modified)
		return false;
	return how == CONF_IMS_EXACT || asked_s < modified;
}

int web_condition(const struct exchange *x)
{
	struct slice unmodified = asked(x, "If-Unmodified-Since"), match = asked(x, "If-Match");
	struct slice since = asked(x, "If-Modified-Since"), none = asked(x, "If-None-Match");
	if (x->web->out.status != 200)
		return 0;
	if (unmodified.p != NULL && web_modified_at(x) >= 0 &&
		http_date_parse(unmodified) < web_modified_at(x))
		return 412;
	if (match.p != NULL && !is_tag_listed(x, match, false))
		return 412;
	if (since.p == NULL && none.p == NULL)
		return 0;
	if (since.p != NULL && is_modified_since(x, since))
		return 0;
	if (none.p != NULL && !is_tag_listed(x, none, true))
		return 0;
	return 304;
}

bool web_not_modified(struct exchange *x)
{
	struct web_out *out = &x->web->out;
	/* What a worker sends is the worker's to judge. */
	if (out->status != 200 || out->is_proxied || out->modified < 0 || web_condition(x) != 304)
		return true;
	out->status = 304;
	out->reason = WEB_SLICE_NONE;
	out->type = WEB_SLICE_NONE;
	out->length = -1;
	out->may_range = false;
	return true;
}
