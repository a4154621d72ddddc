/*
 * proxy/web_gzip.c - whether an answer is packed or unpacked on its way (gzip, gunzip), and what
 * else is set for its octets: how fast they go, and where they wait for a slow client.
 */
#include "proxy/web_gzip.h"

#include "base/clock.h"
#include "base/regex.h"
#include "http/date.h"
#include "proxy/gzip.h"
#include "proxy/value.h"
#include "proxy/vars.h"
#include "proxy/web_uri.h"

/* A client that only takes a moment costs no file. */
#define PATIENCE_MS 10

static struct slice request_field(const struct exchange *x, const char *name)
{
	return http_head_find(x->head, x->p, name);
}

/* -- Accept-Encoding -- */

/* What follows "q=", up to a comma or blank: thousandths, 0 for what is no quality. */
static unsigned quality(struct slice s)
{
	unsigned q = 0, scale = 1000, digits = 0;
	for (size_t i = 0; i < s.n && s.p[i] != ',' && s.p[i] != ' '; i++) {
		char c = s.p[i];
		bool is_digit = c >= '0' && c <= (i == 0 ? '1' : '9');
		if (i == 1 ? c != '.' : !is_digit)
			return 0;
		if (i == 1)
			continue;
		q += (unsigned)(c - '0') * scale;
		scale /= 10;
		digits++;
	}
	return digits > 4 || q > 1000 ? 0 : q;
}

/* What follows the word "gzip". */
static bool is_wanted(struct slice s)
{
	size_t i = 0;
	while (i < s.n && s.p[i] == ' ')
		i++;
	if (i == s.n || s.p[i] == ',')
		return true;
	if (s.p[i] != ';')
		return false;
	for (i++; i < s.n && s.p[i] == ' '; i++)
		continue;
	if (i == s.n)
		return true;
	if (i + 1 >= s.n || ascii_lower(s.p[i]) != 'q' || s.p[i + 1] != '=')
		return false;
	return quality((struct slice){s.p + i + 2, s.n - i - 2}) != 0;
}

bool web_accepts_gzip(struct slice accept)
{
	for (size_t i = 0; i + 4 <= accept.n; i++) {
		if (!slice_is_nocase((struct slice){accept.p + i, 4}, SLICE("gzip")))
			continue;
		if (i == 0 || accept.p[i - 1] == ',' || accept.p[i - 1] == ' ')
			return is_wanted((struct slice){accept.p + i + 4, accept.n - i - 4});
	}
	return false;
}

/* -- gzip_proxied -- */

static bool has_directive(const struct exchange *x, struct slice name)
{
	const struct web_out *out = &x->web->out;
	for (uint32_t i = 0; i < out->fields.count; i++) {
		const struct web_field *field = &out->fields.items[i];
		if (field->is_gone || !slice_is_nocase(field->name, SLICE("Cache-Control")))
			continue;
		for (size_t k = 0; k + name.n <= field->value.n; k++)
			if (slice_is_nocase((struct slice){field->value.p + k, name.n}, name))
				return true;
	}
	return false;
}

static bool is_expired(struct slice expires)
{
	int64_t when = http_date_parse(expires);
	return when >= 0 && when < (int64_t)(clock_wall_us() / 1000000);
}

static bool may_pack_proxied(const struct exchange *x, uint32_t rules)
{
	if (request_field(x, "Via").p == NULL)
		return true;
	if (rules & CONF_GZIP_PROXIED_OFF)
		return false;
	if (rules & CONF_GZIP_ANY)
		return true;
	if ((rules & CONF_GZIP_AUTH) && request_field(x, "Authorization").p != NULL)
		return true;
	struct slice expires = web_out_find(x, SLICE("Expires"));
	if (expires.p != NULL)
		return (rules & CONF_GZIP_EXPIRED) && is_expired(expires);
	if (web_out_find(x, SLICE("Cache-Control")).p != NULL)
		return ((rules & CONF_GZIP_NO_CACHE) && has_directive(x, SLICE("no-cache"))) ||
		       ((rules & CONF_GZIP_NO_STORE) && has_directive(x, SLICE("no-store"))) ||
		       ((rules & CONF_GZIP_PRIVATE) && has_directive(x, SLICE("private")));
	bool is_dated = x->web->out.modified >= 0 ||
			web_out_find(x, SLICE("Last-Modified")).p != NULL;
	if ((rules & CONF_GZIP_NO_LAST_MODIFIED) && is_dated)
		return false;
	return !((rules & CONF_GZIP_NO_ETAG) && web_out_find(x, SLICE("ETag")).p != NULL);
}

bool web_gzip_ok(const struct exchange *x)
{
	const struct conf_gzip *gzip = &x->web->loc->gzip;
	struct slice agent = request_field(x, "User-Agent");
	if (!web_accepts_gzip(request_field(x, "Accept-Encoding")))
		return false;
	if ((uint32_t)x->head->minor_version + 10 < gzip->http_version)
		return false;
	if (!may_pack_proxied(x, gzip->proxied))
		return false;
	for (uint32_t i = 0; agent.p != NULL && i < gzip->disable.count; i++)
		if (regex_match(gzip->disable.items[i].regex, agent, NULL) == 1)
			return false;
	return true;
}

/* -- what is packed -- */

struct slice web_bare_type(struct slice type)
{
	for (size_t i = 0; i < type.n; i++) {
		if (type.p[i] != ';')
			continue;
		size_t next = i + 1;
		while (next < type.n && type.p[next] == ' ')
			next++;
		if (next + 8 <= type.n &&
			slice_is_nocase((struct slice){type.p + next, 8}, SLICE("charset=")))
			return (struct slice){type.p, i};
	}
	return type;
}

bool web_is_type_listed(const struct conf_gzip_types *types, struct slice type)
{
	type = web_bare_type(type);
	if (slice_is_nocase(type, SLICE("text/html")))
		return true;
	for (uint32_t i = 0; i < types->count; i++)
		if (slice_is(types->items[i], SLICE("*")) || slice_is_nocase(types->items[i], type))
			return true;
	return false;
}

static bool is_to_pack(const struct exchange *x)
{
	const struct conf_gzip *gzip = &x->web->loc->gzip;
	const struct web_out *out = &x->web->out;
	if (!gzip->is_on)
		return false;
	if (out->status != 200 && out->status != 403 && out->status != 404)
		return false;
	if (web_out_find(x, SLICE("Content-Encoding")).n != 0)
		return false;
	if (out->length >= 0 && (uint64_t)out->length < gzip->min_length)
		return false;
	return web_is_type_listed(&gzip->types, out->type);
}

bool web_packs(const struct exchange *x)
{
	return is_to_pack(x) && web_gzip_ok(x);
}

static bool is_to_unpack(const struct exchange *x)
{
	return x->web->loc->gzip.gunzip &&
	       slice_is_nocase(web_out_find(x, SLICE("Content-Encoding")), SLICE("gzip"));
}

/* The octets are others, the meaning is the same (RFC 9110 section 8.8.1). */
static bool weaken_etag(struct exchange *x)
{
	struct web_out *out = &x->web->out;
	for (uint32_t i = 0; i < out->fields.count; i++) {
		struct web_field *field = &out->fields.items[i];
		struct slice etag = field->value;
		if (field->is_gone || !slice_is_nocase(field->name, SLICE("ETag")))
			continue;
		if (etag.n > 2 && etag.p[0] == 'W' && etag.p[1] == '/')
			continue;
		field->is_gone = etag.n == 0 || etag.p[0] != '"';
		const struct slice pieces[] = {SLICE("W/"), etag};
		if (!web_join(&x->arena, pieces, COUNT_OF(pieces), &field->value))
			return false;
	}
	return true;
}

static bool begin(struct exchange *x, bool packs)
{
	struct web_out *out = &x->web->out;
	struct web_filter *filter = arena_zero(&x->arena, sizeof(*filter));
	if (filter == NULL || !weaken_etag(x))
		return false;
	*filter = (struct web_filter){.packs = packs, .length = out->length};
	x->web->filter = filter;
	if (packs && !web_out_add(x, SLICE("Content-Encoding"), SLICE("gzip")))
		return false;
	if (!packs)
		web_out_remove(x, SLICE("Content-Encoding"));
	web_out_remove(x, SLICE("Accept-Ranges"));
	out->length = -1;
	out->may_range = false;
	return true;
}

bool web_gzip(struct exchange *x)
{
	const struct conf_gzip *gzip = &x->web->loc->gzip;
	bool packs = is_to_pack(x);
	x->web->filter = NULL;
	if (!packs && !is_to_unpack(x))
		return true;
	x->web->out.has_vary = x->web->out.has_vary || gzip->vary;
	/* Packed for who can read it, unpacked for who cannot. */
	return web_gzip_ok(x) == packs ? begin(x, packs) : true;
}

/* -- the octets -- */

void web_take_accel(struct exchange *x, const char *p)
{
	struct web *web = x->web;
	const struct conf_proxy *proxy = &web->loc->proxy;
	struct slice value = http_head_find(x->answer, p, "X-Accel-Buffering");
	web->is_buffering = proxy->buffering;
	if (!(proxy->ignore_headers & CONF_IGNORE_ACCEL_BUFFERING)) {
		if (slice_is_nocase(value, SLICE("no")))
			web->is_buffering = false;
		else if (slice_is_nocase(value, SLICE("yes")))
			web->is_buffering = true;
	}
	value = http_head_find(x->answer, p, "X-Accel-Limit-Rate");
	if (value.n == 0 || (proxy->ignore_headers & CONF_IGNORE_ACCEL_LIMIT_RATE))
		return;
	uint64_t rate = 0;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9' || rate > INT64_MAX / 20)
			return;
		rate = rate * 10 + (uint64_t)(value.p[i] - '0');
	}
	web->accel_rate = rate;
	web->has_accel_rate = true;
}

static bool size_of(struct exchange *x, const struct conf_value *value, uint64_t *ret)
{
	struct slice text;
	*ret = 0;
	if (value->count == 0)
		return true;
	if (!web_value(x, value, &text))
		return false;
	if (!web_parse_size(text, ret))
		*ret = 0;
	return true;
}

static bool set_rate(struct exchange *x)
{
	const struct web *web = x->web;
	const struct web_more *more = web->log;
	struct rate rate = {.start_us = x->began_us};
	if (web->has_accel_rate)
		rate.octets_s = web->accel_rate;
	else if (more != NULL && more->has_limit_rate)
		rate.octets_s = more->limit_rate;
	else if (!size_of(x, &web->loc->limit_rate, &rate.octets_s))
		return false;
	if (rate.octets_s == 0)
		return true;
	return size_of(x, &web->loc->limit_rate_after, &rate.after) &&
	       flow_set_rate(&x->down, &rate);
}

static bool set_buffering(struct exchange *x)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct spill_limits *limits = arena_zero(&x->arena, sizeof(*limits));
	struct rate rate = {.octets_s = proxy->limit_rate, .start_us = x->began_us};
	if (limits == NULL)
		return false;
	*limits = (struct spill_limits){
		.memory = proxy->buffer_size + proxy->buffers_count * proxy->buffers_size,
		.file_most = proxy->max_temp_file_size,
		.write_most = proxy->temp_file_write_size,
		.patience_ms = PATIENCE_MS,
		.folder = {.path = proxy->temp_path.path},
	};
	flow_set_spill(&x->down, limits);
	return flow_set_read_rate(&x->down, &rate);
}

static bool set_filter(struct exchange *x, struct web_filter *filter)
{
	const struct conf_gzip *gzip = &x->web->loc->gzip;
	struct gzip_settings settings = {
		.level = gzip->level,
		.window = gzip->window,
		.hash = gzip->hash,
		.length = filter->length,
		.flushes_idle = x->upstream != NULL && !x->web->is_buffering,
	};
	filter->filter = filter->packs ? gzip_filter_create(&settings) : gunzip_filter_create();
	if (filter->filter == NULL)
		return false;
	if (flow_set_filter(&x->down, filter->filter))
		return true;
	filter->filter = NULL;
	return false;
}

bool web_dress(struct exchange *x)
{
	struct web_filter *filter = x->web->filter;
	web_set_trailers(x);
	if (x->down.in == FLOW_EMPTY)
		return true;
	if (x->upstream != NULL && x->web->is_buffering && !set_buffering(x))
		return false;
	return (filter == NULL || set_filter(x, filter)) && web_set_part(x) && set_rate(x);
}

bool web_gzip_ratio(const struct exchange *x, uint64_t *ret_in, uint64_t *ret_out)
{
	const struct web_filter *filter = x->web->filter;
	if (filter == NULL || !filter->packs || filter->filter == NULL)
		return false;
	gzip_figures(filter->filter, ret_in, ret_out);
	return *ret_out != 0;
}
