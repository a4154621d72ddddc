/*
 * proxy/web_headers.c - expires and add_header: fields that a location adds to an answer.
 */
#include "proxy/web.h"

#include "base/clock.h"
#include "http/date.h"
#include "proxy/value.h"

bool web_is_success(int status)
{
	switch (status) {
	case 200:
	case 201:
	case 204:
	case 206:
	case 301:
	case 302:
	case 303:
	case 304:
	case 307:
	case 308:
		return true;
	default:
		return false;
	}
}

static bool put(struct exchange *x, struct slice name, struct slice value)
{
	bool is_modified = slice_is_nocase(name, SLICE("Last-Modified"));
	if (is_modified)
		x->web->out.modified = value.n == 0 ? -1 : http_date_parse(value);
	/* There is one of these only. */
	if (!is_modified && !slice_is_nocase(name, SLICE("ETag")))
		return value.n == 0 || web_out_add(x, name, value);
	if (value.n == 0)
		web_out_remove(x, name);
	return value.n == 0 || web_out_set(x, name, value);
}

bool web_add_headers(struct exchange *x)
{
	const struct conf_loc *loc = x->web->loc;
	bool is_plain = web_is_success(x->web->out.status);
	if (is_plain && !web_expires(x, &loc->expires))
		return false;
	if (x->web->out.status == 416 && x->web->content_range.p != NULL &&
		!web_out_add(x, SLICE("Content-Range"), x->web->content_range))
		return false;
	for (uint32_t i = 0; i < loc->add_header.count; i++) {
		const struct conf_add_header *header = &loc->add_header.items[i];
		struct slice value;
		if (!is_plain && !header->is_always)
			continue;
		if (!web_value_kept(x, &header->value, &value))
			return false;
		if (!put(x, header->name, value))
			return false;
	}
	return true;
}
