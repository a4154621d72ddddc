/*
 * proxy/web_content.c - behind the guard: try_files, then what the location does.
 */
#include "proxy/web.h"

#include "proxy/value.h"
#include "proxy/web_uri.h"

#include <sys/stat.h>

/* Whether root + path is what the item asks for. False in *ret_ok: no memory. */
static bool is_there(
	struct exchange *x, const struct conf_try_file *item, struct slice path, bool *ret_ok)
{
	struct slice root, whole;
	struct stat about;
	const struct conf_loc *loc = x->web->loc;
	*ret_ok = web_value(x, &loc->root, &root);
	if (!*ret_ok)
		return false;
	/* alias stands for the location's prefix. */
	size_t prefix = loc->is_alias && loc->alias_bytes != UINT32_MAX ? loc->alias_bytes : 0;
	if (prefix != 0 && slice_starts(path, (struct slice){x->web->uri.p,
						      min_size(prefix, x->web->uri.n)})) {
		prefix = min_size(prefix, path.n);
		path.p += prefix;
		path.n -= prefix;
	}
	const struct slice pieces[] = {root, path};
	*ret_ok = web_join(&x->arena, pieces, COUNT_OF(pieces), &whole);
	if (!*ret_ok || stat(whole.p, &about) != 0)
		return false;
	return item->is_directory ? S_ISDIR(about.st_mode) : S_ISREG(about.st_mode);
}

static const struct conf_loc *loc_of(const struct exchange *x)
{
	return x->web->loc;
}

static enum step fall_back(struct exchange *x, const struct conf_try_files *files)
{
	struct slice to, uri, args;
	if (files->fallback_status != 0)
		return web_answer(x, files->fallback_status, false);
	if (!web_value_kept(x, &files->items[files->count - 1].path, &to))
		return exchange_out_of_memory(x);
	if (to.n != 0 && to.p[0] == '@')
		return web_redirect_named(x, to);
	const char *mark = to.n == 0 ? NULL : memchr(to.p, '?', to.n);
	uri = to;
	args = mark == NULL ? x->web->args : WEB_SLICE_NONE;
	if (mark != NULL) {
		uri.n = (size_t)(mark - to.p);
		args = (struct slice){mark + 1, to.n - uri.n - 1};
	}
	return web_redirect(x, uri, args);
}

/* STEP_AGAIN with the state as it was: on with web->uri. */
static enum step try_files(struct exchange *x, const struct conf_try_files *files)
{
	uint32_t tried = files->fallback_status != 0 ? files->count : files->count - 1;
	for (uint32_t i = 0; i < tried; i++) {
		struct slice path;
		bool is_ok;
		const struct conf_try_file *item = &files->items[i];
		if (!web_value_kept(x, &item->path, &path))
			return exchange_out_of_memory(x);
		bool is_found = is_there(x, item, path, &is_ok);
		if (!is_ok)
			return exchange_out_of_memory(x);
		if (!is_found)
			continue;
		x->web->is_raw_valid = x->web->is_raw_valid && slice_is(path, x->web->uri);
		x->web->adds_uri_to_alias = loc_of(x)->is_alias &&
					    loc_of(x)->alias_bytes == UINT32_MAX &&
					    !item->is_directory;
		x->web->uri = path;
		return STEP_AGAIN;
	}
	return fall_back(x, files);
}

enum step web_content(struct exchange *x)
{
	const struct conf_loc *loc = x->web->loc;
	if (loc->try_files.items != NULL) {
		enum step step = try_files(x, &loc->try_files);
		if (step != STEP_AGAIN || x->state != EX_GUARD)
			return step;
	}
	if (x->web->has_lost_proxy)
		return web_answer(x, 500, false);
	switch (loc->content) {
	case CONF_CONTENT_PROXY:
		return web_proxy(x);
	case CONF_CONTENT_STUB_STATUS:
		return web_status(x);
	case CONF_CONTENT_STATIC:
		break;
	}
	return web_file(x);
}
