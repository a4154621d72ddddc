/*
 * proxy/web_location.c - the location of a URI.
 *
 *   1. "= /x" that is the URI           the end
 *   2. the longest prefix, and in it     (1 to 3 for its inner ones)
 *   3. unless that prefix said ^~: the first regular expression that matches, and in it
 *
 * The arrays are sorted so that the first of each kind that fits is the right one (conf/tree.h).
 */
#include "proxy/web.h"

struct search {
	struct exchange *x;
	struct slice uri;
	bool is_exact; /* nothing more is looked for further out */
	bool needs_slash;
};

static struct slice path_of(const struct conf_location *location)
{
	return (struct slice){location->path, location->path_bytes};
}

static const struct conf_location *find_exact(
	const struct search *s, const struct conf_location *outer)
{
	for (uint32_t i = 0; i < outer->inner_count; i++) {
		const struct conf_location *location = outer->inner[i];
		if (location->match != CONF_MATCH_EXACT)
			break;
		if (slice_is(path_of(location), s->uri))
			return location;
	}
	return NULL;
}

/* *ret_slash: the one that fits but for its last '/', and proxies. */
static const struct conf_location *find_prefix(const struct search *s,
	const struct conf_location *outer, const struct conf_location **ret_slash)
{
	*ret_slash = NULL;
	for (uint32_t i = 0; i < outer->inner_count; i++) {
		const struct conf_location *location = outer->inner[i];
		struct slice path = path_of(location);
		if (location->match != CONF_MATCH_PREFIX)
			continue;
		if (location->has_auto_slash && path.n == s->uri.n + 1 &&
			slice_starts(path, s->uri))
			*ret_slash = location;
		if (slice_starts(s->uri, path))
			return location;
	}
	return NULL;
}

static const struct conf_location *search_in(struct search *s, const struct conf_location *outer)
{
	const struct conf_location *slash, *found = find_exact(s, outer);
	if (found != NULL) {
		s->is_exact = true;
		return found;
	}
	const struct conf_location *prefix = find_prefix(s, outer, &slash);
	/* "/x" itself goes before "/x/". */
	if (slash != NULL && (prefix == NULL || prefix->path_bytes < s->uri.n)) {
		s->is_exact = s->needs_slash = true;
		return slash;
	}
	found = outer;
	bool stops = false;
	if (prefix != NULL) {
		found = prefix->inner_count == 0 ? prefix : search_in(s, prefix);
		if (s->is_exact)
			return found;
		/* ^~ is about those beside it, not about those inside. */
		stops = prefix->stops_regex;
	}
	for (uint32_t i = 0; i < outer->inner_count && !stops; i++) {
		const struct conf_location *location = outer->inner[i];
		if (location->match != CONF_MATCH_REGEX ||
			!web_match(s->x, location->regex, s->uri))
			continue;
		s->is_exact = true;
		return location->inner_count == 0 ? location : search_in(s, location);
	}
	return found;
}

const struct conf_location *web_find_location(struct exchange *x, bool *ret_slash)
{
	struct search s = {.x = x, .uri = x->web->uri};
	const struct conf_location *found = search_in(&s, x->web->srv->root);
	*ret_slash = s.needs_slash;
	return found;
}
