/*
 * test/fuzz/fuzz_json_scan.c - one text, read by our scanner and by jansson.
 *
 * What jansson takes, ours takes, with the same members, texts and numbers. What ours takes and
 * jansson refuses has something in it that only ours takes. Descending and skipping agree.
 */
#include "comfy/json_scan.h"
#include "test/fuzz/fuzz.h"

#include <jansson.h>
#include <stdlib.h>

static void check_value(struct json_value value, const json_t *wanted);

static char *decode(struct slice quoted, size_t *ret_n)
{
	char *text = malloc(quoted.n);
	ensure(text != NULL);
	ptrdiff_t n = json_decode(quoted, text, quoted.n);
	ensure(n >= 0 && (size_t)n <= quoted.n);
	ensure(json_is_text(quoted, (struct slice){text, (size_t)n}));
	ensure(n == 0 || json_decode(quoted, text, (size_t)n - 1) == -1);
	ensure(json_decode(quoted, text, (size_t)n) == n);
	*ret_n = (size_t)n;
	return text;
}

static void check_text(struct slice quoted, const json_t *wanted)
{
	size_t n;
	char *text = decode(quoted, &n);
	ensure(n == json_string_length(wanted));
	ensure(memcmp(text, json_string_value(wanted), n) == 0);
	free(text);
}

static void check_number(struct json_value value, const json_t *wanted)
{
	int64_t integer;
	if (json_is_integer(wanted)) {
		ensure(json_int64(value, &integer));
		ensure(integer == json_integer_value(wanted));
	} else {
		ensure(!json_int64(value, &integer));
	}
	ensure(json_number(value) == json_number_value(wanted));
}

static void check_object(struct json_value value, const json_t *wanted)
{
	struct json_scan scan;
	struct slice name;
	struct json_value member;
	size_t distinct = 0;
	json_walk(&scan, value);
	while (json_member(&scan, &name, &member)) {
		struct json_value last;
		size_t n;
		char *key = decode(name, &n);
		char *terminated = realloc(key, n + 1);
		ensure(terminated != NULL);
		terminated[n] = '\0';
		ensure(json_find(value, terminated, &last));
		if (last.raw.p == member.raw.p) {
			const json_t *other = json_object_get(wanted, terminated);
			ensure(other != NULL);
			check_value(member, other);
			distinct++;
		}
		free(terminated);
	}
	ensure(!scan.is_bad && distinct == json_object_size(wanted));
}

static void check_array(struct json_value value, const json_t *wanted)
{
	struct json_scan scan;
	struct json_value item;
	size_t count = 0;
	json_walk(&scan, value);
	while (json_item(&scan, &item)) {
		const json_t *other = json_array_get(wanted, count++);
		ensure(other != NULL);
		check_value(item, other);
	}
	ensure(!scan.is_bad && count == json_array_size(wanted));
}

static void check_value(struct json_value value, const json_t *wanted)
{
	static const enum json_kind kinds[] = {
		[JSON_OBJECT] = JSON_KIND_OBJECT,
		[JSON_ARRAY] = JSON_KIND_ARRAY,
		[JSON_STRING] = JSON_KIND_STRING,
		[JSON_INTEGER] = JSON_KIND_NUMBER,
		[JSON_REAL] = JSON_KIND_NUMBER,
		[JSON_TRUE] = JSON_KIND_TRUE,
		[JSON_FALSE] = JSON_KIND_FALSE,
		[JSON_NULL] = JSON_KIND_NULL,
	};
	ensure(value.kind == kinds[json_typeof(wanted)]);
	if (json_is_object(wanted))
		check_object(value, wanted);
	else if (json_is_array(wanted))
		check_array(value, wanted);
	else if (json_is_string(wanted))
		check_text(value.raw, wanted);
	else if (json_is_number(wanted))
		check_number(value, wanted);
}

/* Whether there is anything in the text that jansson refuses though it is JSON: extras, NUL and
 * halves of pairs behind \u, numbers too great for it. */
static bool may_differ(struct slice text)
{
	size_t digits = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		digits = (c >= '0' && c <= '9') || c == 'e' || c == 'E' ? digits + 1 : 0;
		if (digits > 3 || c == 'N' || c == 'I' || c == '\\')
			return true;
	}
	return false;
}

/* The same text once more, entering whatever can be entered. */
static void descend(struct json_scan *scan)
{
	struct slice name;
	struct json_value value;
	if (json_enter(scan, JSON_KIND_OBJECT)) {
		while (json_name(scan, &name))
			descend(scan);
	} else if (json_enter(scan, JSON_KIND_ARRAY)) {
		while (json_more(scan))
			descend(scan);
	} else if (!scan->is_bad) {
		bool is_taken = json_take(scan, &value);
		ensure(is_taken != scan->is_bad);
		ensure(!is_taken ||
			(value.kind != JSON_KIND_OBJECT && value.kind != JSON_KIND_ARRAY));
	}
}

/* Values that nobody has read: nothing is known of them, but a walk stays inside. */
static void walk_unread(struct slice text)
{
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	if (text.n == 0)
		return;
	json_walk(&scan, (struct json_value){JSON_KIND_OBJECT, text});
	while (json_member(&scan, &name, &value))
		ensure(value.raw.p + value.raw.n <= text.p + text.n);
	json_walk(&scan, (struct json_value){JSON_KIND_ARRAY, text});
	while (json_item(&scan, &value))
		ensure(value.raw.p + value.raw.n <= text.p + text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct json_value value;
	struct json_scan scan;
	bool is_read = json_read(text, &value);
	json_t *wanted = json_loadb(text.p, text.n, JSON_DECODE_ANY, NULL);
	if (wanted != NULL && is_read)
		check_value(value, wanted);
	else /* jansson takes NUL between values for the end of the text */
		ensure(wanted == NULL || size > JSON_DEPTH_MOST ||
			memchr(data, '\0', size) != NULL);
	ensure(!is_read || wanted != NULL || may_differ(text));
	json_decref(wanted);
	json_scan_start(&scan, text);
	descend(&scan);
	ensure(json_is_whole(&scan) == is_read);
	walk_unread(text);
	return 0;
}
