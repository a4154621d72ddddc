/*
 * proxy/guard_basic.c - auth_basic: a name and a password out of an htpasswd file.
 *
 * The file is looked at for each request, so that an edit counts at once; it is read again only
 * when it is another one than last time. What base/password.h says about cost goes for the first
 * request of each page; further ones are answered by the cache.
 */
#include "proxy/guard_parts.h"

#include "base/password.h"
#include "http/basic.h"
#include "proxy/value.h"
#include "proxy/web_log.h"

#include <errno.h>

#define CACHE_SLOTS 256

/* Terminated, in the arena. */
struct entry {
	const char *text;
	bool is_found;
};

static struct password_cache *cache; /* owned; NULL until it is needed, or without memory */

/* What follows "user:" in the first line that begins so. False: no memory. */
static bool find_entry(struct exchange *x, const char *text, struct slice user, struct entry *ret)
{
	*ret = (struct entry){0};
	for (const char *line = text; *line != '\0';) {
		size_t n = strcspn(line, "\n");
		bool is_comment = line[0] == '#' || line[0] == '\r';
		if (!is_comment && n > user.n && memcmp(line, user.p, user.n) == 0 &&
			line[user.n] == ':') {
			const char *entry = line + user.n + 1;
			ret->text = arena_copy(&x->arena, entry, strcspn(entry, "\n\r:"));
			ret->is_found = true;
			return ret->text != NULL;
		}
		line += n;
		line += *line == '\n';
	}
	return true;
}

static int challenge(struct exchange *x, struct guard *guard, struct slice realm)
{
	static const char front[] = "Basic realm=\"";
	size_t n = sizeof(front) - 1;
	char *text = arena_take(&x->arena, n + realm.n + 1);
	if (text == NULL)
		return GUARD_NO_MEMORY;
	memcpy(text, front, n);
	memcpy(text + n, realm.p, realm.n);
	text[n + realm.n] = '"';
	guard->challenge = (struct slice){text, n + realm.n + 1};
	return 401;
}

static bool is_right(const char *entry, struct slice password)
{
	if (cache == NULL)
		cache = password_cache_create(CACHE_SLOTS);
	return cache == NULL ? password_is_right(entry, password)
			     : password_cache_check(cache, entry, password);
}

void guard_trim(void)
{
	password_cache_destroy(cache);
	cache = NULL;
	password_file_trim();
}

/* The name and the password that the client gave; false: none that can be understood. */
static bool read_credentials(struct exchange *x, struct http_basic *ret, bool *ret_no_memory)
{
	struct slice field = http_head_value(x->head, x->p, HF_AUTHORIZATION);
	*ret_no_memory = false;
	if (field.p == NULL)
		return false;
	char *room = arena_take(&x->arena, HTTP_BASIC_ROOM(field.n));
	*ret_no_memory = room == NULL;
	return room != NULL && http_basic_parse(field, room, ret);
}

static int check(struct exchange *x, struct guard *guard, const struct http_basic *given,
	struct slice realm, const char *path)
{
	struct entry entry;
	const char *text = password_file(path);
	if (text == NULL) {
		int error = errno;
		if (error == ENOMEM)
			return GUARD_NO_MEMORY;
		web_log(x, error == ENOENT ? LOG_ERROR : LOG_CRIT, error, NULL,
			"open() \"%s\" failed", path);
		return error == ENOENT ? 403 : 500;
	}
	if (!find_entry(x, text, given->user, &entry))
		return GUARD_NO_MEMORY;
	if (entry.is_found && is_right(entry.text, given->password))
		return GUARD_OK;
	int n = (int)min_size(given->user.n, 256);
	if (entry.is_found && password_is_too_costly(entry.text))
		web_log(x, LOG_ERROR, 0, NULL,
			"user \"%.*s\": the hash in \"%s\" takes too long to check", n,
			given->user.p, path);
	else if (entry.is_found)
		web_log(x, LOG_ERROR, 0, NULL, "user \"%.*s\": password mismatch", n,
			given->user.p);
	else
		web_log(x, LOG_ERROR, 0, NULL, "user \"%.*s\" was not found in \"%s\"", n,
			given->user.p, path);
	return challenge(x, guard, realm);
}

/* Terminated, in the arena; behind the main file's folder when it is relative. */
static const char *whole_path(struct exchange *x, struct slice path)
{
	const char *folder = x->generation->conf->web->conf_prefix;
	size_t n = path.n != 0 && path.p[0] == '/' ? 0 : strlen(folder);
	char *whole = arena_take(&x->arena, n + path.n + 1);
	if (whole == NULL)
		return NULL;
	memcpy(whole, folder, n);
	memcpy(whole + n, path.p, path.n);
	whole[n + path.n] = '\0';
	return whole;
}

int guard_basic(struct exchange *x, struct guard *guard)
{
	const struct conf_auth *auth = x->web->loc->auth;
	struct http_basic given;
	struct slice realm, file;
	bool no_memory;
	if (auth == NULL || !auth->has_realm || !auth->has_file)
		return GUARD_DECLINED;
	if (!web_value_kept(x, &auth->realm, &realm))
		return GUARD_NO_MEMORY;
	if (slice_is(realm, SLICE("off")))
		return GUARD_DECLINED;
	if (!read_credentials(x, &given, &no_memory)) {
		if (no_memory)
			return GUARD_NO_MEMORY;
		web_log(x, LOG_INFO, 0, NULL,
			"no user/password was provided for basic authentication");
		return challenge(x, guard, realm);
	}
	if (!web_value(x, &auth->file, &file))
		return GUARD_NO_MEMORY;
	const char *path = whole_path(x, file);
	return path == NULL ? GUARD_NO_MEMORY : check(x, guard, &given, realm, path);
}
