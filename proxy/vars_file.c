/*
 * proxy/vars_file.c - the file that a URI would be.
 */
#include "proxy/vars.h"

#include "proxy/generation.h"

#include <stdlib.h>

/* Behind the prefix, if it is relative. */
static enum web_found whole_path(struct exchange *x, struct slice path, struct slice *ret)
{
	const char *prefix = x->generation->conf->web->prefix;
	size_t n = path.n != 0 && path.p[0] == '/' ? 0 : strlen(prefix);
	char *out = arena_take(&x->arena, n + path.n + 1);
	if (out == NULL)
		return WEB_NO_MEMORY;
	memcpy(out, prefix, n);
	memcpy(out + n, path.p, path.n);
	out[n + path.n] = '\0';
	*ret = (struct slice){out, n + path.n};
	return WEB_FOUND;
}

/* Terminated. */
static enum web_found document_root(struct exchange *x, struct slice *ret)
{
	struct slice root;
	if (x->web->loc == NULL)
		return WEB_MISSING;
	if (!web_value(x, &x->web->loc->root, &root))
		return WEB_NO_MEMORY;
	return whole_path(x, root, ret);
}

static enum web_found realpath_root(struct exchange *x, struct slice *ret)
{
	enum web_found found = document_root(x, ret);
	if (found != WEB_FOUND)
		return found;
	char *path = realpath(ret->p, NULL);
	if (path == NULL)
		return WEB_MISSING;
	found = web_copy(x, path, strlen(path), ret);
	free(path);
	return found;
}

static enum web_found request_filename(struct exchange *x, struct slice *ret)
{
	const struct web *web = x->web;
	struct slice uri = web->uri, root;
	enum web_found found = document_root(x, &root);
	if (found != WEB_FOUND)
		return found;
	if (web->loc->is_alias && !web->adds_uri_to_alias) {
		size_t known = min_size(uri.n, web->loc->alias_bytes);
		uri = (struct slice){uri.p + known, uri.n - known};
	}
	char *out = arena_take(&x->arena, root.n + uri.n + 1);
	if (out == NULL)
		return WEB_NO_MEMORY;
	memcpy(out, root.p, root.n);
	if (uri.n != 0)
		memcpy(out + root.n, uri.p, uri.n);
	out[root.n + uri.n] = '\0';
	*ret = (struct slice){out, root.n + uri.n};
	return WEB_FOUND;
}

enum web_found web_vars_file(struct exchange *x, const struct conf_part *part, struct slice *ret)
{
	switch ((enum conf_var)part->n) {
	case CONF_VAR_DOCUMENT_ROOT:
		return document_root(x, ret);
	case CONF_VAR_REALPATH_ROOT:
		return realpath_root(x, ret);
	default:
		return request_filename(x, ret);
	}
}
