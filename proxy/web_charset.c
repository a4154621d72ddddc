/*
 * proxy/web_charset.c - charset: what a Content-Type says of the signs behind it. Bodies stay as
 * they are: nothing is turned from one charset into another.
 */
#include "proxy/value.h"
#include "proxy/web.h"
#include "proxy/web_gzip.h"
#include "proxy/web_log.h"

/* charset_types, where it is not given; text/html is always among them. */
static struct slice usual[] = {{"text/xml", 8}, {"text/plain", 10}, {"text/vnd.wap.wml", 16},
	{"application/javascript", 22}, {"application/rss+xml", 19}};
static const struct conf_gzip_types usual_types = {usual, COUNT_OF(usual), COUNT_OF(usual)};

/* The configuration names it, too. */
static bool is_known(const struct exchange *x, struct slice name)
{
	const struct conf_web *conf = x->generation->conf->web;
	for (uint32_t i = 0; i < conf->charsets.count; i++)
		if (slice_is_nocase(conf->charsets.items[i], name))
			return true;
	return false;
}

/* The body would have to be turned from one into the other. */
static bool would_recode(struct exchange *x, struct slice to)
{
	struct slice from = x->web->loc->source_charset;
	if (from.n == 0 || slice_is(from, SLICE("off")) || slice_is_nocase(from, to))
		return false;
	web_log(x, LOG_ERROR, 0, NULL,
		"no \"charset_map\" between the charsets \"%.*s\" and \"%.*s\"", (int)from.n,
		from.p, (int)to.n, to.p);
	return true;
}

/* The location's. False: none is to be said. */
static bool may_say(const struct exchange *x, struct slice type)
{
	const struct conf_loc *loc = x->web->loc;
	const struct conf_gzip_types *types = loc->charset_types.count != 0 ? &loc->charset_types
									    : &usual_types;
	if (loc->charset.count == 0)
		return false;
	return x->web->out.charset.n != 0 ? loc->override_charset : web_is_type_listed(types, type);
}

bool web_charset(struct exchange *x)
{
	struct web_out *out = &x->web->out;
	struct slice name = out->accel_charset;
	/* A type that says it already stays as it is. */
	if (out->type.n == 0 || web_bare_type(out->type).n != out->type.n)
		return true;
	if (name.n != 0 ? !is_known(x, name) : !may_say(x, out->type))
		return true;
	if (name.n == 0 && !web_value_kept(x, &x->web->loc->charset, &name))
		return false;
	if (would_recode(x, name))
		return true;
	/* Old browsers took a redirect's for that of the page it leads to. */
	out->charset = out->status == 301 || out->status == 302 ? WEB_SLICE_NONE : name;
	return true;
}
