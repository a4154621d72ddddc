/*
 * test_conf_map.c - map, geo and split_clients. The answers are those of nginx 1.22.1.
 */
#include "conf/geo.h"
#include "conf/map.h"
#include "conf/split.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>

static bool put(
	struct conf_map *map, struct arena *arena, const char *key, const char *to, struct err *err)
{
	struct conf_value value;
	assert_true(conf_value_of_text(&value, slice_of(to), arena));
	return conf_map_put(map, slice_of(key), &value, arena, err);
}

static const char *found(const struct conf_map *map, const char *text)
{
	const struct conf_value *value = conf_map_find(map, slice_of(text));
	return value == NULL ? "(default)" : conf_value_literal(value).p;
}

static void a_map_finds_texts_and_wildcards(void **state)
{
	(void)state;
	struct arena arena;
	struct err err;
	struct conf_map map = {.has_hostnames = true};
	arena_init(&arena, 1024);
	static const char *const entries[][2] = {{"*.example.com", "head"},
		{".deep.example.com", "dot"}, {"www.example.*", "tail"},
		{"www.example.org", "exact"}, {"default", "esc"}, {"", "empty"},
		{"UPPER", "lower"}};
	for (size_t i = 0; i < COUNT_OF(entries); i++)
		assert_true(put(&map, &arena, entries[i][0], entries[i][1], &err));
	static const char *const cases[][2] = {{"", "empty"}, {"a", "(default)"},
		{"foo.example.com", "head"}, {"example.com", "(default)"},
		{"deep.example.com", "dot"}, {"a.deep.example.com", "dot"},
		{"WWW.EXAMPLE.ORG", "exact"}, {"www.example.org.", "exact"},
		{"www.example.co.uk", "tail"}, {"www.example", "(default)"},
		{"www.example.", "(default)"}, {"default", "esc"}, {"upper", "lower"},
		{"x.", "(default)"}};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(found(&map, cases[i][0]), cases[i][1]);
	arena_finish(&arena);
}

static void a_map_of_many_finds_each(void **state)
{
	(void)state;
	struct arena arena;
	struct err err;
	struct conf_map map = {.has_hostnames = false};
	arena_init(&arena, 4096);
	for (int i = 0; i < 1000; i++) {
		char key[16];
		(void)snprintf(key, sizeof(key), "*.k%d", i);
		char *copy = arena_copy(&arena, key, strlen(key));
		assert_true(put(&map, &arena, key, copy, &err));
	}
	for (int i = 0; i < 1000; i++) {
		char key[16];
		(void)snprintf(key, sizeof(key), "*.K%d", i);
		assert_int_equal(strcasecmp(found(&map, key), key), 0);
	}
	/* Without `hostnames` nothing is a wildcard. */
	assert_string_equal(found(&map, "a.k1"), "(default)");
	arena_finish(&arena);
}

static void a_map_says_what_nginx_says(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{"a", "A", "conflicting parameter \"a\""},
		{".foo", "foo", "conflicting parameter \"foo\""},
		{".foo", "*.foo", "conflicting parameter \"*.foo\""},
		{"foo.*", "foo.*", "conflicting parameter \"foo.*\""},
		{"x", "*.foo.*", "invalid hostname or wildcard \"*.foo.*\""},
		{"x", "a..b", "invalid hostname or wildcard \"a..b\""},
		{"x", "a*", "invalid hostname or wildcard \"a*\""},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct arena arena;
		struct err err;
		struct conf_map map = {.has_hostnames = true};
		arena_init(&arena, 1024);
		assert_true(put(&map, &arena, cases[i][0], "", &err));
		assert_false(put(&map, &arena, cases[i][1], "", &err));
		assert_string_equal(err.text, cases[i][2]);
		arena_finish(&arena);
	}
}

static void percents_are_read_as_nginx_reads_them(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t want; /* 0: refused */
	} cases[] = {{"10", 1000}, {"0.5", 50}, {"33.33", 3333}, {"100", 10000}, {"1.", 100},
		{".5", 50}, {"0", 0}, {"0.001", 0}, {"1.555", 0}, {"", 0}, {"x", 0}, {"1.2.3", 0},
		{"0.00", 0}, {"99999999999", 0}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t n = 0;
		bool is_good = conf_split_percent(slice_of(cases[i].text), &n);
		assert_int_equal(is_good ? n : 0, cases[i].want);
	}
}

static void split_clients_shares_as_nginx_does(void **state)
{
	(void)state;
	struct conf_split_part parts[4];
	struct conf_split split = {.parts = parts};
	assert_true(conf_split_put(&split, 50, SLICE("a")));
	assert_true(conf_split_put(&split, 200, SLICE("b")));
	assert_true(conf_split_put(&split, 3333, SLICE("c")));
	assert_true(conf_split_put(&split, 0, SLICE("d")));
	conf_split_finish(&split);
	static const char *const cases[][2] = {{"", "a"}, {"a", "d"}, {"ab", "c"}, {"abc", "c"},
		{"abcd", "c"}, {"abcde", "d"}, {"127.0.0.1", "d"}, {"hello-world", "c"},
		{"k42", "b"}, {"k85", "a"}, {"default", "c"}, {"9999999999", "c"}, {"x.", "d"}};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(conf_split_find(&split, slice_of(cases[i][0])).p, cases[i][1]);

	/* Without "*" the rest is empty. */
	split = (struct conf_split){.parts = parts};
	assert_true(conf_split_put(&split, 1000, SLICE("a")));
	assert_true(conf_split_put(&split, 2000, SLICE("b")));
	conf_split_finish(&split);
	assert_string_equal(conf_split_find(&split, SLICE("abc")).p, "a");
	assert_string_equal(conf_split_find(&split, SLICE("ab")).p, "b");
	assert_string_equal(conf_split_find(&split, SLICE("a")).p, "");
}

static void more_than_all_cannot_be_shared(void **state)
{
	(void)state;
	struct conf_split_part parts[4];
	struct conf_split split = {.parts = parts};
	assert_true(conf_split_put(&split, 1000, SLICE("")));
	assert_false(conf_split_put(&split, 9001, SLICE("")));
	assert_true(conf_split_put(&split, 9000, SLICE("")));
	assert_true(conf_split_put(&split, 0, SLICE("")));
	split = (struct conf_split){.parts = parts};
	assert_true(conf_split_put(&split, 0, SLICE("")));
	assert_false(conf_split_put(&split, 1, SLICE("")));
}

struct ranges {
	struct arena arena;
	struct conf_geo geo;
	struct conf_geo_span other;
	uint32_t duplicates;
};

static void on_duplicate(void *arg, uint32_t old)
{
	(void)old;
	((struct ranges *)arg)->duplicates++;
}

static enum conf_geo_result put_range(struct ranges *r, const char *text, const char *value)
{
	struct conf_geo_span span;
	assert_true(conf_geo_parse_range(slice_of(text), &span));
	uint32_t index = conf_geo_value(&r->geo, slice_of(value), &r->arena);
	return conf_geo_put_range(&r->geo, &span, index, &r->other, on_duplicate, r, &r->arena);
}

static const char *at(const struct ranges *r, uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t octets[4] = {a, b, c, d};
	return conf_geo_find(&r->geo, (struct slice){(const char *)octets, 4}).p;
}

static void begin_ranges(struct ranges *r)
{
	*r = (struct ranges){.geo.has_ranges = true};
	arena_init(&r->arena, 1024);
	assert_true(conf_geo_init(&r->geo, &r->arena));
	r->geo.default_range = conf_geo_value(&r->geo, SLICE("d"), &r->arena);
}

static void a_range_inside_another_takes_its_place(void **state)
{
	(void)state;
	struct ranges r;
	begin_ranges(&r);
	assert_int_equal(put_range(&r, "10.0.0.0-10.255.255.255", "ten"), CONF_GEO_OK);
	assert_int_equal(put_range(&r, "10.1.0.5-10.1.0.9", "in"), CONF_GEO_OK);
	assert_int_equal(put_range(&r, "10.1.0.0-10.1.0.3", "low"), CONF_GEO_OK);
	assert_string_equal(at(&r, 10, 2, 3, 4), "ten");
	assert_string_equal(at(&r, 10, 1, 0, 7), "in");
	assert_string_equal(at(&r, 10, 1, 0, 9), "in");
	assert_string_equal(at(&r, 10, 1, 0, 10), "ten");
	assert_string_equal(at(&r, 10, 1, 0, 3), "low");
	assert_string_equal(at(&r, 11, 0, 0, 0), "d");
	assert_string_equal(conf_geo_find(&r.geo, SLICE("0123456789abcdef")).p, "d");
	assert_string_equal(conf_geo_find(&r.geo, SLICE("")).p, "d");
	assert_int_equal(r.duplicates, 0);
	arena_finish(&r.arena);
}

static void ranges_that_overlap_are_told(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"1.2.3.0-1.2.3.10", "1.2.3.5-1.2.3.20"},
		{"1.2.3.10-1.2.3.20", "1.2.3.5-1.2.3.15"},
		{"1.2.3.10-1.2.3.20", "1.2.3.5-1.2.3.25"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ranges r;
		begin_ranges(&r);
		assert_int_equal(put_range(&r, cases[i][0], "a"), CONF_GEO_OK);
		assert_int_equal(put_range(&r, cases[i][1], "b"), CONF_GEO_OVERLAPS);
		struct conf_geo_span first;
		assert_true(conf_geo_parse_range(slice_of(cases[i][0]), &first));
		assert_int_equal(r.other.start, first.start);
		assert_int_equal(r.other.end, first.end);
		arena_finish(&r.arena);
	}
}

static void the_same_range_again_is_told_for_each_block(void **state)
{
	(void)state;
	struct ranges r;
	struct conf_geo_span span;
	begin_ranges(&r);
	assert_int_equal(put_range(&r, "1.2.0.0-1.5.3.20", "a"), CONF_GEO_OK);
	assert_int_equal(put_range(&r, "1.2.0.0-1.4.3.25", "b"), CONF_GEO_OK);
	assert_int_equal(r.duplicates, 2);
	assert_string_equal(at(&r, 1, 4, 3, 25), "b");
	assert_string_equal(at(&r, 1, 4, 3, 26), "a");
	assert_true(conf_geo_parse_range(SLICE("1.2.0.0-1.3.255.255"), &span));
	assert_true(conf_geo_drop_range(&r.geo, &span));
	assert_string_equal(at(&r, 1, 3, 0, 0), "d");
	assert_false(conf_geo_drop_range(&r.geo, &span));
	arena_finish(&r.arena);
}

static void what_is_no_range_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {"1.2.3.4", "9.9.9.9-9.9.9.1", "1.2.3-1.2.4",
		"1.2.3.4-255.255.255.255", "1.2.3.4-", "-1.2.3.4", "1.2.3.256-1.2.4.0",
		"1.2.3.4-1.2.3.4.5", "1.2..4-1.2.3.4", "a-b"};
	struct conf_geo_span span;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_false(conf_geo_parse_range(slice_of(cases[i]), &span));
	assert_true(conf_geo_parse_range(SLICE("01.2.4.1-1.2.4.2"), &span));
}

static void networks_lead_to_texts(void **state)
{
	(void)state;
	struct arena arena;
	struct conf_geo geo = {.networks = cidr_table_create()};
	arena_init(&arena, 1024);
	assert_non_null(geo.networks);
	assert_true(conf_geo_init(&geo, &arena));
	static const char *const entries[][2] = {
		{"0.0.0.0/0", "d"}, {"10.0.0.0/8", "ten"}, {"255.255.255.255", "none"}};
	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		struct cidr cidr;
		assert_int_equal(cidr_parse(&cidr, slice_of(entries[i][0]), NULL), 0);
		uint32_t value = conf_geo_value(&geo, slice_of(entries[i][1]), &arena);
		assert_int_equal(cidr_table_put(geo.networks, &cidr, value, NULL), 0);
	}
	assert_string_equal(conf_geo_find(&geo, SLICE("\x0a\x01\x02\x03")).p, "ten");
	assert_string_equal(conf_geo_find(&geo, SLICE("\x0b\x01\x02\x03")).p, "d");
	assert_string_equal(conf_geo_find(&geo, SLICE("0123456789abcdef")).p, "");
	assert_string_equal(conf_geo_find(&geo, SLICE("")).p, "none");
	cidr_table_destroy(geo.networks);
	arena_finish(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_finds_texts_and_wildcards),
		cmocka_unit_test(a_map_of_many_finds_each),
		cmocka_unit_test(a_map_says_what_nginx_says),
		cmocka_unit_test(percents_are_read_as_nginx_reads_them),
		cmocka_unit_test(split_clients_shares_as_nginx_does),
		cmocka_unit_test(more_than_all_cannot_be_shared),
		cmocka_unit_test(a_range_inside_another_takes_its_place),
		cmocka_unit_test(ranges_that_overlap_are_told),
		cmocka_unit_test(the_same_range_again_is_told_for_each_block),
		cmocka_unit_test(what_is_no_range_is_refused),
		cmocka_unit_test(networks_lead_to_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
