/*
 * proxy/web_autoindex.c - a folder as a page, as XML or as JSON, in nginx's forms.
 */
#include "base/text.h"
#include "proxy/stats.h"
#include "proxy/web_file.h"
#include "proxy/web_log.h"
#include "proxy/web_uri.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define NAME_SHOWN 50       /* characters of a name in the page */
#define ENTRIES_MOST 100000 /* of a folder; what is beyond is not listed */

struct entry {
	struct slice name; /* terminated, in the arena */
	bool is_folder, is_file;
	uint64_t size;
	int64_t modified;
};

struct listing {
	struct entry *entries; /* owned */
	uint32_t count, room;
};

static bool add(
	struct exchange *x, struct listing *listing, const char *name, const struct stat *about)
{
	if (listing->count == listing->room) {
		uint32_t room = listing->room == 0 ? 64 : listing->room * 2;
		struct entry *grown = realloc(listing->entries, room * sizeof(*grown));
		if (grown == NULL)
			return false;
		listing->entries = grown;
		listing->room = room;
	}
	size_t n = strlen(name);
	const char *copy = arena_copy(&x->arena, name, n);
	if (copy == NULL)
		return false;
	listing->entries[listing->count++] = (struct entry){.name = {copy, n},
		.is_folder = S_ISDIR(about->st_mode),
		.is_file = S_ISREG(about->st_mode),
		.size = (uint64_t)about->st_size,
		.modified = (int64_t)about->st_mtime};
	return true;
}

/* Folders first, then by name. */
static int by_name(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;
	if (one->is_folder != other->is_folder)
		return one->is_folder ? -1 : 1;
	return strcmp(one->name.p, other->name.p);
}

/* False: no memory. */
static bool read_folder(struct exchange *x, DIR *dir, struct listing *listing)
{
	struct dirent *item;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread. */
	while ((item = readdir(dir)) != NULL && listing->count < ENTRIES_MOST) {
		struct stat about;
		if (item->d_name[0] == '.')
			continue;
		/* A link that leads nowhere is shown as a link. */
		if (fstatat(dirfd(dir), item->d_name, &about, 0) != 0 &&
			fstatat(dirfd(dir), item->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (!add(x, listing, item->d_name, &about))
			return false;
	}
	if (listing->count > 1)
		qsort(listing->entries, listing->count, sizeof(struct entry), by_name);
	return true;
}

/* -- what stands in a page -- */

static void put_html(struct buf *out, struct slice text, bool *ok)
{
	for (size_t i = 0; i < text.n && *ok; i++) {
		const char *word = NULL;
		switch (text.p[i]) {
		case '<':
			word = "&lt;";
			break;
		case '>':
			word = "&gt;";
			break;
		case '&':
			word = "&amp;";
			break;
		case '"':
			word = "&quot;";
			break;
		default:
			break;
		}
		*ok = word != NULL ? buf_append(out, word, strlen(word))
				   : buf_append(out, text.p + i, 1);
	}
}

/* In a link: letters, digits and four signs stay as they are. */
static void put_link(struct buf *out, struct slice name, bool *ok)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < name.n && *ok; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if ((c >= '0' && c <= '9') ||
			(ascii_lower((char)c) >= 'a' && ascii_lower((char)c) <= 'z') ||
			(c != 0 && strchr("-._~", c) != NULL)) {
			*ok = buf_append(out, name.p + i, 1);
			continue;
		}
		const char code[] = {'%', hex[c >> 4], hex[c & 15]};
		*ok = buf_append(out, code, 3);
	}
}

static void put(struct buf *out, bool *ok, const char *text)
{
	*ok = *ok && buf_append(out, text, strlen(text));
}

/* Characters of UTF-8 are counted, octets otherwise. */
static size_t shown_length(struct slice name)
{
	size_t n = 0;
	for (size_t i = 0; i < name.n; i++)
		n += ((unsigned char)name.p[i] & 0xc0) != 0x80;
	return n;
}

static size_t octets_of(struct slice name, size_t characters)
{
	size_t at = 0;
	while (at < name.n && characters > 0) {
		at++;
		while (at < name.n && ((unsigned char)name.p[at] & 0xc0) == 0x80)
			at++;
		characters--;
	}
	return at;
}

static void put_size(const struct exchange *x, const struct entry *entry, struct buf *out, bool *ok)
{
	char text[40];
	unsigned long long n = entry->size;
	char scale = ' ';
	if (x->web->loc->autoindex_exact_size) {
		if (entry->is_folder)
			put(out, ok, "                  -");
		else
			(void)snprintf(text, sizeof(text), "%19llu", n), put(out, ok, text);
		return;
	}
	if (entry->is_folder) {
		put(out, ok, "      -");
		return;
	}
	if (n > (1u << 30) - 1) {
		n = (n >> 30) + ((n & ((1u << 30) - 1)) > (1u << 29) - 1);
		scale = 'G';
	} else if (n > (1u << 20) - 1) {
		n = (n >> 20) + ((n & ((1u << 20) - 1)) > (1u << 19) - 1);
		scale = 'M';
	} else if (n > 9999) {
		n = (n >> 10) + ((n & 1023) > 511);
		scale = 'K';
	}
	if (scale == ' ')
		(void)snprintf(text, sizeof(text), " %6llu", n);
	else
		(void)snprintf(text, sizeof(text), "%6llu%c", n, scale);
	put(out, ok, text);
}

static void put_row(const struct exchange *x, const struct entry *entry, struct buf *out, bool *ok)
{
	char text[64];
	struct tm tm = {0};
	time_t when = (time_t)entry->modified;
	size_t shown = shown_length(entry->name);
	put(out, ok, "<a href=\"");
	put_link(out, entry->name, ok);
	put(out, ok, entry->is_folder ? "/\">" : "\">");
	if (shown > NAME_SHOWN) {
		struct slice cut = {entry->name.p, octets_of(entry->name, NAME_SHOWN - 3)};
		put_html(out, cut, ok);
		put(out, ok, "..&gt;</a>");
		shown = NAME_SHOWN;
	} else {
		put_html(out, entry->name, ok);
		if (entry->is_folder && shown < NAME_SHOWN) {
			put(out, ok, "/");
			shown++;
		}
		put(out, ok, "</a>");
	}
	for (; shown < NAME_SHOWN; shown++)
		put(out, ok, " ");
	if (x->web->loc->autoindex_localtime)
		(void)localtime_r(&when, &tm);
	else
		(void)gmtime_r(&when, &tm);
	(void)strftime(text, sizeof(text), " %d-%b-%Y %H:%M ", &tm);
	put(out, ok, text);
	put_size(x, entry, out, ok);
	put(out, ok, "\r\n");
}

static void put_page(
	const struct exchange *x, const struct listing *listing, struct buf *out, bool *ok)
{
	put(out, ok, "<html>\r\n<head><title>Index of ");
	put_html(out, x->web->uri, ok);
	put(out, ok, "</title></head>\r\n<body>\r\n<h1>Index of ");
	put_html(out, x->web->uri, ok);
	put(out, ok, "</h1><hr><pre><a href=\"../\">../</a>\r\n");
	for (uint32_t i = 0; i < listing->count; i++)
		put_row(x, &listing->entries[i], out, ok);
	put(out, ok, "</pre><hr></body>\r\n</html>\r\n");
}

/* -- XML and JSON -- */

static const char *kind_of(const struct entry *entry)
{
	return entry->is_folder ? "directory" : entry->is_file ? "file" : "other";
}

static void put_xml(const struct listing *listing, struct buf *out, bool *ok)
{
	char text[96];
	put(out, ok, "<?xml version=\"1.0\"?>\r\n<list>\r\n");
	for (uint32_t i = 0; i < listing->count; i++) {
		const struct entry *entry = &listing->entries[i];
		struct tm tm = {0};
		time_t when = (time_t)entry->modified;
		(void)gmtime_r(&when, &tm);
		(void)snprintf(text, sizeof(text), "<%s", kind_of(entry));
		put(out, ok, text);
		(void)strftime(text, sizeof(text), " mtime=\"%Y-%m-%dT%H:%M:%SZ\"", &tm);
		put(out, ok, text);
		if (entry->is_file) {
			(void)snprintf(text, sizeof(text), " size=\"%llu\"",
				(unsigned long long)entry->size);
			put(out, ok, text);
		}
		put(out, ok, ">");
		put_html(out, entry->name, ok);
		(void)snprintf(text, sizeof(text), "</%s>\r\n", kind_of(entry));
		put(out, ok, text);
	}
	put(out, ok, "</list>\r\n");
}

static void put_json_text(struct slice text, struct buf *out, bool *ok)
{
	for (size_t i = 0; i < text.n && *ok; i++) {
		unsigned char c = (unsigned char)text.p[i];
		char code[8];
		if (c >= 0x20 && c != '"' && c != '\\') {
			*ok = buf_append(out, text.p + i, 1);
			continue;
		}
		if (c < 0x20)
			(void)snprintf(code, sizeof(code), "\\u%04X", c);
		else
			(void)snprintf(code, sizeof(code), "\\%c", c);
		put(out, ok, code);
	}
}

static void put_json(const struct listing *listing, struct buf *out, bool *ok)
{
	static const char date[] = ", %d %b %Y %H:%M:%S GMT";
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	char text[96];
	put(out, ok, "[");
	for (uint32_t i = 0; i < listing->count; i++) {
		const struct entry *entry = &listing->entries[i];
		struct tm tm = {0};
		time_t when = (time_t)entry->modified;
		(void)gmtime_r(&when, &tm);
		put(out, ok, i == 0 ? "\r\n{ \"name\":\"" : ",\r\n{ \"name\":\"");
		put_json_text(entry->name, out, ok);
		put(out, ok, "\", \"type\":\"");
		put(out, ok, kind_of(entry));
		put(out, ok, "\", \"mtime\":\"");
		put(out, ok, days[tm.tm_wday % 7]);
		(void)strftime(text, sizeof(text), date, &tm);
		put(out, ok, text);
		put(out, ok, "\"");
		if (entry->is_file) {
			(void)snprintf(text, sizeof(text), ", \"size\":%llu",
				(unsigned long long)entry->size);
			put(out, ok, text);
		}
		put(out, ok, " }");
	}
	put(out, ok, "\r\n]");
}

static enum step answer(struct exchange *x, const struct listing *listing)
{
	struct buf out = {0};
	bool ok = true;
	struct slice type = SLICE("text/html"), charset = WEB_SLICE_NONE;
	switch (x->web->loc->autoindex_format) {
	case CONF_AUTOINDEX_HTML:
		put_page(x, listing, &out, &ok);
		break;
	case CONF_AUTOINDEX_XML:
		type = SLICE("text/xml");
		charset = SLICE("utf-8");
		put_xml(listing, &out, &ok);
		break;
	case CONF_AUTOINDEX_JSON:
		type = SLICE("application/json");
		put_json(listing, &out, &ok);
		break;
	}
	enum step step = ok ? web_answer_streamed(x, 200, type, charset, buf_slice(&out))
			    : exchange_out_of_memory(x);
	buf_release(&out);
	return step;
}

enum step web_autoindex(struct exchange *x, struct slice path)
{
	struct listing listing = {0};
	DIR *dir = opendir(path.p);
	if (dir == NULL) {
		int error = errno;
		web_log(x, LOG_ERROR, error, NULL, "opendir() \"%.*s\" failed", (int)path.n,
			path.p);
		return web_answer(x, error == EACCES ? 403 : 404, false);
	}
	bool ok = read_folder(x, dir, &listing);
	(void)closedir(dir);
	enum step step = ok ? answer(x, &listing) : exchange_out_of_memory(x);
	free(listing.entries);
	return step;
}
