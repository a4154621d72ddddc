/* test/unit/test_comfy_object_info.c: the union as a client gets it. */
#include "test/unit/info_help.h"

#include <zlib.h>

static const char text[] = "{\"A\": {\"input\": {}}, \"B b\": {}}";
static const struct slice none = {"", 0};
static struct exchange x;

static int setup(void **state)
{
	int rc = info_setup(state);
	for (size_t i = 0; i < WORKERS && rc == 0; i++) {
		workers[i].defs = defs_worker_create(fleet.defs);
		rc = workers[i].defs == NULL ? -1 : 0;
	}
	return rc;
}

static int teardown(void **state)
{
	client_finish(&x);
	return info_teardown(state);
}

static void know(const char *body)
{
	struct blob *blob = blob_copy(body, strlen(body));
	uint64_t epoch = defs_epoch(fleet.defs);
	assert_int_equal(defs_worker_set(workers[1].defs, blob), 0);
	blob_unref(blob);
	TURN_UNTIL(defs_epoch(fleet.defs) != epoch);
}

static void ask(const char *fields)
{
	client_finish(&x);
	client_init(&x, "/object_info", fields);
	route_object_info(&fleet, &x, none);
	TURN_UNTIL(x.answers != 0);
}

static bool has(const char *field)
{
	return strstr(x.fields, field) != NULL;
}

static void test_while_nothing_is_known_some_worker_is_asked(void **state)
{
	(void)state;
	ask("");
	assert_true(x.is_forwarded);
	client_finish(&x);
	client_init(&x, "/object_info/A", "");
	route_object_info_class(&fleet, &x, SLICE("A"));
	assert_true(x.is_forwarded);
}

static void test_it_is_plain_or_deflated_as_the_client_likes(void **state)
{
	(void)state;
	static const char *const gzip[] = {
		"gzip", "deflate, GZIP , br", "gzip;q=0.5", "br;q=0, gzip"};
	static const char *const plain[] = {
		"", "br", "gzip;q=0", "gzip; q=0.000", "xgzip", "identity,"};
	char line[64];
	know(text);
	for (size_t i = 0; i < COUNT_OF(gzip); i++) {
		char out[sizeof(text)] = "";
		(void)snprintf(line, sizeof(line), "Accept-Encoding: %s\r\n", gzip[i]);
		ask(line);
		assert_int_equal(x.status, 200);
		assert_true(has("Content-Encoding: gzip\r\n"));
		assert_true(has("Vary: Accept-Encoding\r\n"));
		z_stream stream = {.next_in = (Bytef *)x.json->p,
			.avail_in = (uInt)x.json->n,
			.next_out = (Bytef *)out,
			.avail_out = sizeof(out)};
		assert_int_equal(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
		assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
		assert_int_equal(inflateEnd(&stream), Z_OK);
		assert_string_equal(out, text);
	}
	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		(void)snprintf(line, sizeof(line), "Accept-Encoding: %s\r\n", plain[i]);
		ask(i == 0 ? "" : line);
		assert_answer(&x, 200, text);
		assert_false(has("Content-Encoding"));
		assert_true(has("Vary: Accept-Encoding\r\n"));
	}
}

static void test_who_has_it_is_told_so_until_it_changes(void **state)
{
	(void)state;
	char line[128];
	char tag[64];
	know(text);
	ask("");
	const char *begin = strstr(x.fields, "ETag: ");
	assert_non_null(begin);
	assert_int_equal(sscanf(begin, "ETag: %63[^\r]", tag), 1);
	ask("If-None-Match: *\r\n");
	assert_answer(&x, 304, NULL);
	(void)snprintf(line, sizeof(line), "If-None-Match: \"x\", %s\r\n", tag);
	ask(line);
	assert_answer(&x, 304, NULL);
	assert_true(has(tag));
	(void)snprintf(line, sizeof(line), "If-None-Match: %s\r\n", tag);
	know("{\"C\": {}}");
	ask(line);
	assert_answer(&x, 200, "{\"C\": {}}");
	/* The same again is the same again, whoever has it. */
	know(text);
	ask(line);
	assert_answer(&x, 304, NULL);
	ask("If-None-Match: \"\"\r\n");
	assert_answer(&x, 200, text);
}

static void test_a_client_may_leave(void **state)
{
	(void)state;
	know(text);
	client_init(&x, "/object_info", "Accept-Encoding: gzip\r\n");
	route_object_info(&fleet, &x, none);
	assert_int_equal(x.answers, 0);
	client_leave(&x);
	turn_once();
	turn_once();
	assert_int_equal(x.answers, 0);
}

static void ask_class(const char *rest)
{
	client_finish(&x);
	client_init(&x, "/object_info/x", "");
	route_object_info_class(&fleet, &x, slice_of(rest));
}

static void test_one_class_alone(void **state)
{
	(void)state;
	know(text);
	ask_class("A");
	assert_answer(&x, 200, "{\"A\": {\"input\": {}}}");
	ask_class("B%20b");
	assert_answer(&x, 200, "{\"B b\": {}}");
	ask_class("C");
	assert_answer(&x, 200, "{}");
	ask_class("%zz");
	assert_answer(&x, 200, "{}");
	ask_class("");
	assert_answer(&x, 200, "{}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_while_nothing_is_known_some_worker_is_asked),
		TEST(test_it_is_plain_or_deflated_as_the_client_likes),
		TEST(test_who_has_it_is_told_so_until_it_changes),
		TEST(test_a_client_may_leave),
		TEST(test_one_class_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
