/*
 * proxy/web_file.c - static files.
 *
 *   /dir/   index: the first one that is there, by internal redirect; else a listing, else 403
 *   /dir    301 to /dir/
 *   /file   the file, with ETag and Last-Modified; conditions and ranges are seen to
 */
#include "proxy/web_file.h"

#include "base/log.h"
#include "proxy/guard.h"
#include "proxy/stats.h"
#include "proxy/value.h"
#include "proxy/web_gzip.h"
#include "proxy/web_log.h"
#include "proxy/web_uri.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool web_path(struct exchange *x, struct slice uri, struct slice *ret)
{
	struct slice root;
	const struct conf_loc *loc = x->web->loc;
	*ret = WEB_SLICE_NONE;
	if (!web_value_kept(x, &loc->root, &root))
		return false;
	if (loc->is_alias) {
		if (!x->web->is_location_valid)
			return true;
		size_t prefix = min_size(loc->alias_bytes, uri.n);
		if (x->web->adds_uri_to_alias)
			prefix = 0;
		uri.p += prefix;
		uri.n -= prefix;
	}
	const struct slice pieces[] = {root, uri};
	return web_join(&x->arena, pieces, COUNT_OF(pieces), ret);
}

/* What nginx answers when a file cannot be opened. */
static enum step cannot_open(struct exchange *x, int error, struct slice path, const char *call)
{
	int status = 500;
	enum log_level level = LOG_CRIT;
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		status = 404;
		level = LOG_ERROR;
		break;
	case EACCES:
	case ELOOP:
		status = 403;
		level = LOG_ERROR;
		break;
	default:
		break;
	}
	if (status != 404 || x->web->loc->log_not_found)
		web_log(x, level, error, NULL, "%s \"%.*s\" failed", call, (int)path.n, path.p);
	return web_answer(x, status, false);
}

/* -- /dir/ -- */

static enum step to_index(struct exchange *x, struct slice uri)
{
	return web_redirect(x, uri, x->web->args);
}

/* STEP_AGAIN with the state as it was: none is there. */
static enum step find_index(struct exchange *x)
{
	const struct conf_loc *loc = x->web->loc;
	for (uint32_t i = 0; i < loc->index.count; i++) {
		struct slice name, uri, path;
		struct stat about;
		if (!web_value_kept(x, &loc->index.items[i], &name))
			return exchange_out_of_memory(x);
		if (name.n == 0)
			continue;
		if (name.p[0] == '/')
			return to_index(x, name);
		const struct slice pieces[] = {x->web->uri, name};
		if (!web_join(&x->arena, pieces, COUNT_OF(pieces), &uri) ||
			!web_path(x, uri, &path))
			return exchange_out_of_memory(x);
		if (path.p == NULL)
			return web_answer(x, 500, false);
		if (stat(path.p, &about) == 0)
			return to_index(x, uri);
		if (errno != ENOENT)
			return cannot_open(x, errno, path, "open()");
	}
	return STEP_AGAIN;
}

static enum step folder(struct exchange *x)
{
	struct slice path;
	struct stat about;
	enum step step = find_index(x);
	if (step != STEP_AGAIN || x->state != EX_GUARD)
		return step;
	if (!web_path(x, x->web->uri, &path))
		return exchange_out_of_memory(x);
	if (path.p == NULL)
		return web_answer(x, 500, false);
	if (stat(path.p, &about) != 0)
		return cannot_open(x, errno, path, x->web->loc->autoindex ? "opendir()" : "open()");
	if (x->web->loc->autoindex && !slice_is(x->web->method, SLICE("POST")))
		return web_autoindex(x, path);
	web_log(x, LOG_ERROR, 0, NULL, "directory index of \"%.*s\" is forbidden", (int)path.n,
		path.p);
	return web_answer(x, 403, false);
}

/* -- /file -- */

static enum step add_slash(struct exchange *x)
{
	struct slice to;
	const struct slice pieces[] = {x->web->uri, SLICE("/")};
	if (!web_join(&x->arena, pieces, COUNT_OF(pieces), &to) ||
		!web_escape_uri(&x->arena, to, x->web->args, &to))
		return exchange_out_of_memory(x);
	return web_answer_redirect(x, 301, to);
}

static bool put_etag(struct exchange *x, const struct web_file *file)
{
	char *etag = arena_take(&x->arena, 48);
	if (etag == NULL)
		return false;
	int n = snprintf(etag, 48, "\"%llx-%llx\"", (unsigned long long)file->modified,
		(unsigned long long)file->size);
	return web_out_add(x, SLICE("ETag"), (struct slice){etag, (size_t)n});
}

/* The head is in the stash, what follows it comes from the file. */
static bool aim_at_file(struct exchange *x, struct web_file *file, enum flow_framing framing)
{
	struct buf stash = x->down.stash;
	uint64_t sent = x->down.sent;
	bool has_body = !x->web->out.has_no_body && file->part_count != 0;
	/* Trailers may follow an empty file. */
	flow_init(&x->down, NULL, &x->client->sock, has_body ? FLOW_LENGTH : FLOW_EMPTY,
		has_body || framing == FLOW_CHUNKED ? framing : FLOW_EMPTY);
	x->down.stash = stash;
	x->down.sent = sent;
	file->body = (struct file_body){file->parts, file->part_count};
	return (!has_body || flow_set_file(&x->down, &file->body)) && web_dress(x);
}

static enum step send_file(struct exchange *x, struct web_file *file)
{
	enum flow_framing framing;
	enum step step;
	if (!web_drop_body(x, &step))
		return step;
	exchange_swallow_body(x);
	if (x->has_unread_body)
		x->keeps_client = false;
	x->is_own_answer = true;
	if (!web_put_head(x, &framing) || !aim_at_file(x, file, framing))
		return exchange_out_of_memory(x);
	proxy_stats.own_answers[x->status / 100 % 6]++;
	deadline_clear(&x->deadline);
	exchange_move(x, EX_RELAY);
	return STEP_AGAIN;
}

/* Everything about the answer but its octets. */
static enum step describe(struct exchange *x, struct web_file *file)
{
	web_out_begin(x, 200);
	struct web_out *out = &x->web->out;
	out->type = web_type_of(x, x->web->uri);
	out->length = (int64_t)file->size;
	out->modified = file->modified;
	out->may_range = !file->is_packed;
	out->has_vary = file->varies && x->web->loc->gzip.vary;
	if (x->web->loc->etag && !put_etag(x, file))
		return exchange_out_of_memory(x);
	if (file->is_packed && !web_out_add(x, SLICE("Content-Encoding"), SLICE("gzip")))
		return exchange_out_of_memory(x);
	if (x->web->error_status == 0 && web_condition(x) == 412)
		return web_answer(x, 412, false);
	enum step step;
	if (web_refuses_range(x, &step))
		return step;
	return STEP_AGAIN;
}

/* gzip_static: PATH.gz, if it is there and wanted. */
struct packed {
	int fd;        /* -1: the file itself is to be sent */
	bool is_it;    /* the descriptor is PATH.gz */
	bool is_there; /* whether others get it depends on them */
};

/* False: no memory. */
static bool open_packed(
	struct exchange *x, struct slice path, struct stat *about, struct packed *ret)
{
	struct slice name;
	const struct conf_loc *loc = x->web->loc;
	const struct slice pieces[] = {path, SLICE(".gz")};
	bool is_asked = loc->gzip_static == CONF_ON;
	bool is_post = slice_is(x->web->method, SLICE("POST"));
	*ret = (struct packed){.fd = -1};
	if (loc->gzip_static == CONF_OFF || is_post || guard_is_asking(x))
		return true;
	bool is_wanted = !is_asked || web_gzip_ok(x);
	if (!is_wanted && !loc->gzip.vary)
		return true;
	if (!web_join(&x->arena, pieces, COUNT_OF(pieces), &name))
		return false;
	int fd = open(name.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return true;
	ret->is_there = is_asked;
	if (is_wanted && fstat(fd, about) == 0 && S_ISREG(about->st_mode)) {
		ret->fd = fd;
		ret->is_it = true;
		return true;
	}
	(void)close(fd);
	return true;
}

/* Who forgets to close it: exchange.c does. */
static enum step keep(
	struct exchange *x, int fd, const struct stat *about, const struct packed *packed)
{
	struct web_file *file = arena_zero(&x->arena, sizeof(*file));
	if (file != NULL)
		file->parts = arena_zero(&x->arena, sizeof(*file->parts));
	if (file == NULL || file->parts == NULL) {
		(void)close(fd);
		return exchange_out_of_memory(x);
	}
	web_file_close(x->web);
	file->fd = fd;
	file->is_packed = packed->is_it;
	file->varies = packed->is_there;
	file->size = (uint64_t)about->st_size;
	file->modified = (int64_t)about->st_mtime;
	file->parts[0] = (struct file_part){.fd = fd, .n = file->size};
	file->part_count = file->size != 0;
	x->web->file = file;
	enum step step = describe(x, file);
	if (step != STEP_AGAIN || x->state != EX_GUARD)
		return step;
	return send_file(x, file);
}

static enum step one_file(struct exchange *x)
{
	struct slice path;
	struct stat about;
	struct packed packed;
	if (!web_path(x, x->web->uri, &path))
		return exchange_out_of_memory(x);
	if (path.p == NULL)
		return web_answer(x, 500, false);
	if (!open_packed(x, path, &about, &packed))
		return exchange_out_of_memory(x);
	if (packed.is_it)
		return keep(x, packed.fd, &about, &packed);
	/* Nothing that makes us wait: a pipe has no writer, a device is none of ours. */
	int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return cannot_open(x, errno, path, "open()");
	if (fstat(fd, &about) != 0) {
		int error = errno;
		(void)close(fd);
		return cannot_open(x, error, path, "fstat()");
	}
	if (!S_ISREG(about.st_mode)) {
		(void)close(fd);
		if (S_ISDIR(about.st_mode))
			return add_slash(x);
		web_log(x, LOG_CRIT, 0, NULL, "\"%.*s\" is not a regular file", (int)path.n,
			path.p);
		return web_answer(x, 404, false);
	}
	if (slice_is(x->web->method, SLICE("POST"))) {
		(void)close(fd);
		return web_answer(x, 405, false);
	}
	/* Who asks about a client (auth_request) has no use for more than that. */
	if (guard_is_asking(x)) {
		(void)close(fd);
		return guard_take_status(x, x->web->error_status != 0 ? x->web->error_status : 200);
	}
	return keep(x, fd, &about, &packed);
}

/* location /a { alias /b/; } makes /b/../c of "/a../c" (nginx serves that). */
static bool leaves_alias(const struct exchange *x)
{
	const struct conf_loc *loc = x->web->loc;
	struct slice uri = x->web->uri;
	if (!loc->is_alias || uri.n < (size_t)loc->alias_bytes + 2)
		return false;
	uri.p += loc->alias_bytes;
	uri.n -= loc->alias_bytes;
	return slice_starts(uri, SLICE("..")) && (uri.n == 2 || uri.p[2] == '/');
}

enum step web_file(struct exchange *x)
{
	struct slice method = x->web->method, uri = x->web->uri;
	if (!slice_is(method, SLICE("GET")) && !slice_is(method, SLICE("HEAD")) &&
		!slice_is(method, SLICE("POST")))
		return web_answer(x, 405, false);
	if (memchr(uri.p, '\0', uri.n) != NULL || leaves_alias(x))
		return web_answer(x, 404, false);
	return uri.p[uri.n - 1] == '/' ? folder(x) : one_file(x);
}

void web_file_close(struct web *web)
{
	struct web_file *file = web->file;
	if (file != NULL)
		(void)close(file->fd);
	web->file = NULL;
}
