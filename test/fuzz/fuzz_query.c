/*
 * The first line of the input is a name, the rest a query. Whatever comes out is terminated,
 * without NUL and no longer than what went in; written with every octet escaped it is found again.
 */
#include "base/buf.h"
#include "http/host.h"
#include "http/query.h"
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

static void assert_text(int n, const char *out, size_t room, size_t most)
{
	ensure(n == -1 || (n > 0 && (size_t)n < room && (size_t)n <= most));
	ensure(room == 0 || strlen(out) == (n < 0 ? 0 : (size_t)n));
}

static void assert_found_again(const char *name, struct slice value, char *out, size_t room)
{
	static const char hex[] = "0123456789ABCDEF";
	struct buf query = {0};
	ensure(buf_append(&query, "a=b&", 4));
	for (const char *c = name; *c != '\0'; c++) {
		unsigned char octet = (unsigned char)*c;
		char escape[3] = {'%', hex[octet >> 4], hex[octet & 15]};
		ensure(buf_append(&query, escape, 3));
	}
	ensure(buf_append(&query, "=", 1));
	for (size_t i = 0; i < value.n; i++) {
		unsigned char octet = (unsigned char)value.p[i];
		char escape[3] = {'%', hex[octet >> 4], hex[octet & 15]};
		ensure(buf_append(&query, escape, 3));
	}
	ensure(query_find(buf_slice(&query), name, out, room) == (int)value.n);
	ensure(memcmp(out, value.p, value.n) == 0);
	buf_release(&query);
}

static void check(const char *name, struct slice query, size_t room)
{
	char *out = malloc(room != 0 ? room : 1);
	char *again = malloc(room != 0 ? room : 1);
	ensure(out != NULL && again != NULL);
	int n = percent_decode(query, out, room);
	assert_text(n, out, room, query.n);
	n = query_find(query, name, out, room);
	assert_text(n, out, room, query.n);
	if (n > 0 && strcmp(name, "a") != 0)
		assert_found_again(name, (struct slice){out, (size_t)n}, again, room);
	free(again);
	free(out);
}

static void check_host(struct slice text)
{
	struct http_host host, again;
	if (!http_host_parse(&host, text))
		return;
	ensure(host.name.n != 0 && host.name.p == text.p && host.name.n <= text.n);
	ensure(host.port >= -1 && host.port <= 65535);
	ensure(memchr(host.name.p, '\0', host.name.n) == NULL);
	/* A name with two dots at its end loses only one. */
	if (host.name.p[host.name.n - 1] != '.')
		ensure(http_host_parse(&again, host.name) && slice_is(again.name, host.name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	const char *end = size == 0 ? NULL : memchr(data, '\n', size);
	size_t n = end == NULL ? 0 : (size_t)(end - text.p);
	char *name = strndup(text.p == NULL ? "" : text.p, n);
	ensure(name != NULL);
	struct slice query = {text.p + n + (end != NULL), size - n - (end != NULL)};
	if (size == 0)
		query = text;
	static const size_t rooms[] = {0, 1, 2, 16, 4096};
	for (size_t i = 0; i < COUNT_OF(rooms); i++)
		check(name, query, rooms[i]);
	check_host(query);
	free(name);
	return 0;
}
