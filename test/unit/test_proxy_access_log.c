/* test/unit/test_proxy_access_log.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "proxy/access_line.h"
#include "proxy/proxy.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* 2026-11-21 20:07:14.123456 UTC */
#define WHEN 1795291634123456ull

static const struct access_try tries[] = {{"a", 0, 1500}, {"b", 200, 10000042}};

static struct access_entry usual(void)
{
	return (struct access_entry){
		.wall_us = WHEN,
		.client = SLICE("192.0.2.7"),
		.method = SLICE("GET"),
		.target = SLICE("/view?filename=a%2Fb.png"),
		.version = SLICE("HTTP/1.1"),
		.host = SLICE("comfy.example"),
		.referer = SLICE("http://comfy.example/"),
		.user_agent = SLICE("Mozilla/5.0 (X11; Linux x86_64)"),
		.request_id = SLICE("0123456789abcdef"),
		.status = 200,
		.body_bytes = 88,
		.bytes_in = 321,
		.bytes_out = 4294967296,
		.took_us = 10012345,
		.reason = "done",
		.pool = "gpu",
		.tries = tries,
		.try_count = 2,
		.retries = 1,
		.was_sticky = true,
	};
}

/* Terminated; valid until the next call. */
static const char *line_of(enum conf_log_format format, const struct access_entry *entry)
{
	static char *line;
	free(line);
	size_t most = access_line_most(format, entry);
	line = malloc(most + 1);
	assert_non_null(line);
	size_t n = access_line_put(line, format, entry);
	assert_true(n <= most);
	assert_int_equal(line[n - 1], '\n');
	line[n] = '\0';
	return line;
}

/* -- combined -- */

static void combined_is_what_nginx_writes(void **state)
{
	(void)state;
	struct access_entry entry = usual();
	assert_string_equal(line_of(CONF_LOG_COMBINED, &entry),
		"192.0.2.7 - - [21/Nov/2026:20:07:14 +0000] "
		"\"GET /view?filename=a%2Fb.png HTTP/1.1\" 200 88 \"http://comfy.example/\" "
		"\"Mozilla/5.0 (X11; Linux x86_64)\"\n");
}

static void combined_escapes_as_nginx_does(void **state)
{
	(void)state;
	struct access_entry entry = usual();
	entry.user = SLICE("a b");
	entry.referer = SLICE("\"\\\x01\x1f\x7f\x80\xff caf\xc3\xa9\t.");
	entry.user_agent = SLICE("");
	entry.line = SLICE("GET /\x01 HTTP/1.1");
	entry.status = 400;
	assert_string_equal(line_of(CONF_LOG_COMBINED, &entry),
		"192.0.2.7 - a b [21/Nov/2026:20:07:14 +0000] \"GET /\\x01 HTTP/1.1\" 400 88 "
		"\"\\x22\\x5C\\x01\\x1F\\x7F\\x80\\xFF caf\\xC3\\xA9\\x09.\" \"\"\n");
}

static void combined_has_a_dash_for_what_is_not_there(void **state)
{
	(void)state;
	struct access_entry entry = {.wall_us = WHEN, .client = SLICE("unix:")};
	assert_string_equal(line_of(CONF_LOG_COMBINED, &entry),
		"unix: - - [21/Nov/2026:20:07:14 +0000] \"-\" 000 0 \"-\" \"-\"\n");
}

/* -- JSON -- */

static json_t *parsed(const struct access_entry *entry)
{
	json_error_t error;
	json_t *json = json_loads(
		line_of(CONF_LOG_JSON, entry), JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (json == NULL)
		fail_msg("%s at %d in %s", error.text, error.position,
			line_of(CONF_LOG_JSON, entry));
	return json;
}

static const char *text_in(json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static long long number_in(json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static void json_says_all(void **state)
{
	(void)state;
	struct access_entry entry = usual();
	entry.tls_protocol = "TLSv1.3";
	entry.tls_cipher = "TLS_AES_256_GCM_SHA384";
	json_t *json = parsed(&entry);
	assert_string_equal(text_in(json, "time"), "2026-11-21T20:07:14.123Z");
	assert_string_equal(text_in(json, "request_id"), "0123456789abcdef");
	assert_string_equal(text_in(json, "client"), "192.0.2.7");
	assert_string_equal(text_in(json, "host"), "comfy.example");
	assert_string_equal(text_in(json, "method"), "GET");
	assert_string_equal(text_in(json, "target"), "/view?filename=a%2Fb.png");
	assert_string_equal(text_in(json, "version"), "HTTP/1.1");
	assert_int_equal(number_in(json, "status"), 200);
	assert_string_equal(text_in(json, "reason"), "done");
	assert_true(json_real_value(json_object_get(json, "seconds")) == 10.012345);
	assert_int_equal(number_in(json, "body_bytes"), 88);
	assert_int_equal(number_in(json, "bytes_in"), 321);
	assert_true(number_in(json, "bytes_out") == 4294967296);
	assert_string_equal(text_in(json, "pool"), "gpu");
	assert_string_equal(text_in(json, "worker"), "b");
	assert_int_equal(number_in(json, "upstream_status"), 200);
	assert_true(json_real_value(json_object_get(json, "upstream_seconds")) == 10.000042);
	json_t *tried = json_object_get(json, "tried");
	assert_int_equal(json_array_size(tried), 2);
	assert_string_equal(text_in(json_array_get(tried, 0), "worker"), "a");
	assert_true(json_is_null(json_object_get(json_array_get(tried, 0), "status")));
	assert_string_equal(text_in(json_array_get(tried, 1), "worker"), "b");
	assert_int_equal(number_in(json_array_get(tried, 1), "status"), 200);
	assert_int_equal(number_in(json, "retries"), 1);
	assert_true(json_is_true(json_object_get(json, "sticky")));
	assert_string_equal(text_in(json, "tls"), "TLSv1.3");
	assert_string_equal(text_in(json, "cipher"), "TLS_AES_256_GCM_SHA384");
	assert_true(json_is_null(json_object_get(json, "user")));
	assert_null(json_object_get(json, "line"));
	json_decref(json);
}

static void json_has_no_list_for_one_worker(void **state)
{
	(void)state;
	struct access_entry entry = usual();
	entry.try_count = 1;
	json_t *json = parsed(&entry);
	assert_string_equal(text_in(json, "worker"), "a");
	assert_true(json_is_null(json_object_get(json, "upstream_status")));
	assert_null(json_object_get(json, "tried"));
	json_decref(json);
}

static void json_has_the_line_when_it_was_not_understood(void **state)
{
	(void)state;
	struct access_entry entry = {.wall_us = WHEN,
		.client = SLICE("::1"),
		.line = SLICE("\x16\x03\x01"),
		.status = 400};
	json_t *json = parsed(&entry);
	assert_string_equal(text_in(json, "line"), "\x16\x03\x01");
	assert_true(json_is_null(json_object_get(json, "method")));
	assert_true(json_is_null(json_object_get(json, "worker")));
	assert_true(json_is_null(json_object_get(json, "tls")));
	json_decref(json);
}

static void json_keeps_every_octet_of_ascii(void **state)
{
	(void)state;
	char all[126];
	for (int i = 0; i < 126; i++)
		all[i] = (char)(i + 1);
	struct access_entry entry = usual();
	entry.user_agent = (struct slice){all, sizeof(all)};
	json_t *json = parsed(&entry);
	assert_int_equal(json_string_length(json_object_get(json, "user_agent")), sizeof(all));
	assert_memory_equal(text_in(json, "user_agent"), all, sizeof(all));
	json_decref(json);
}

static void json_keeps_utf8_and_replaces_what_is_none(void **state)
{
	(void)state;
#define BAD "\xef\xbf\xbd"
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"\xc3\xa9", "\xc3\xa9"},
		{"\xe2\x82\xac", "\xe2\x82\xac"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"\x80", BAD},
		{"\xff", BAD},
		{"\xc3", BAD},
		{"\xc3(", BAD "("},
		{"\xc0\xaf", BAD BAD},
		{"\xe0\x80\xaf", BAD BAD BAD},
		{"\xed\xa0\x80", BAD BAD BAD},
		{"\xf4\x90\x80\x80", BAD BAD BAD BAD},
		{"\xf5\x80\x80\x80", BAD BAD BAD BAD},
		{"\xe2\x82", BAD BAD},
		{"1234567\xe2\x82\xac"
		 "89",
			"1234567\xe2\x82\xac"
			"89"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct access_entry entry = usual();
		entry.target = slice_of(cases[i].in);
		json_t *json = parsed(&entry);
		assert_string_equal(text_in(json, "target"), cases[i].out);
		json_decref(json);
	}
}

static void random_octets_make_a_line_of_json_and_ascii_in_combined(void **state)
{
	(void)state;
	char octets[64];
	uint32_t seed = 1;
	for (int round = 0; round < 5000; round++) {
		size_t n = (size_t)round % sizeof(octets);
		for (size_t i = 0; i < n; i++)
			octets[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
		struct access_entry entry = usual();
		entry.target = entry.referer = (struct slice){octets, n};
		json_decref(parsed(&entry));
		const char *line = line_of(CONF_LOG_COMBINED, &entry);
		for (const char *p = line; p[1] != '\0'; p++)
			assert_in_range((unsigned char)*p, 0x20, 0x7e);
	}
}

static void there_is_room_for_the_worst(void **state)
{
	(void)state;
	static char controls[70000];
	memset(controls, 1, sizeof(controls));
	struct slice s = {controls, sizeof(controls)};
	struct access_try many[64];
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = (struct access_try){"\x01\x01", 599, UINT64_MAX};
	struct access_entry entry = {WHEN, s, s, s, s, s, s, s, s, s, s, 599, UINT64_MAX,
		UINT64_MAX, UINT64_MAX, UINT64_MAX, "\x01", "\x01", many, COUNT_OF(many),
		UINT32_MAX, true, "\x01", "\x01"};
	/* line_of asserts. */
	(void)line_of(CONF_LOG_JSON, &entry);
	(void)line_of(CONF_LOG_COMBINED, &entry);
}

/* -- the file -- */

static char folder[] = "/tmp/comfymux-log-XXXXXX";

static const char *in_folder(const char *name)
{
	static char paths[2][64];
	static unsigned turn;
	char *path = paths[turn++ % 2];
	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* Octets in it, -1 when it is not there; the text is valid until the next call. */
static long read_file(const char *name, const char **ret_text)
{
	static char text[1 << 20];
	FILE *f = fopen(in_folder(name), "r");
	if (f == NULL)
		return -1;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	assert_int_equal(fclose(f), 0);
	text[n] = '\0';
	*ret_text = text;
	return (long)n;
}

static int count_in(const char *text, const char *what)
{
	int count = 0;
	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		count++;
	return count;
}

static int setup(void **state)
{
	(void)state;
	struct err err;
	(void)strcpy(folder, "/tmp/comfymux-log-XXXXXX");
	if (mkdtemp(folder) == NULL || loop_start() != 0)
		return -1;
	return log_open(in_folder("error.log"), LOG_INFO, &err);
}

static int teardown(void **state)
{
	(void)state;
	access_log_finish();
	log_close();
	loop_finish();
	(void)unlink(in_folder("error.log"));
	(void)unlink(in_folder("access.log"));
	(void)unlink(in_folder("access.log.1"));
	return rmdir(folder);
}

static void open_log(enum conf_log_format format)
{
	struct err err = {{0}};
	if (proxy_access_log(in_folder("access.log"), format, &err) != 0)
		fail_msg("%s", err.text);
}

static void lines_wait_and_are_written_at_the_end(void **state)
{
	(void)state;
	const char *text;
	struct access_entry entry = usual();
	open_log(CONF_LOG_COMBINED);
	assert_true(access_log_is_on());
	for (int i = 0; i < 10; i++)
		access_log_write(&entry);
	assert_int_equal(read_file("access.log", &text), 0);
	access_log_finish();
	assert_true(read_file("access.log", &text) > 0);
	assert_int_equal(count_in(text, "\n"), 10);
	assert_false(access_log_is_on());
}

static void lines_do_not_wait_longer_than_a_second(void **state)
{
	(void)state;
	const char *text;
	struct access_entry entry = usual();
	open_log(CONF_LOG_JSON);
	access_log_write(&entry);
	uint64_t began_us = clock_tick();
	/* Nothing else is on the loop, so this returns when the timer has come. */
	assert_int_equal(event_base_loop(loop_base(), EVLOOP_ONCE), 0);
	assert_true(clock_tick() - began_us > 500000);
	assert_true(read_file("access.log", &text) > 0);
	/* And it is not armed for nothing. */
	assert_int_equal(event_base_loop(loop_base(), EVLOOP_NONBLOCK), 1);
}

static void a_full_buffer_is_written(void **state)
{
	(void)state;
	const char *text;
	struct access_entry entry = usual();
	open_log(CONF_LOG_COMBINED);
	for (int i = 0; i < 1000; i++)
		access_log_write(&entry);
	assert_true(read_file("access.log", &text) > 50000);
	access_log_finish();
	assert_true(read_file("access.log", &text) > 0);
	assert_int_equal(count_in(text, "\n"), 1000);
	assert_int_equal(count_in(text, "192.0.2.7 - - [21/Nov/2026"), 1000);
}

static void a_line_longer_than_the_buffer_keeps_its_place(void **state)
{
	(void)state;
	const char *text;
	static char big[60000];
	memset(big, 'x', sizeof(big));
	struct access_entry entry = usual(), long_entry = usual();
	long_entry.referer = (struct slice){big, sizeof(big)};
	open_log(CONF_LOG_COMBINED);
	access_log_write(&entry);
	access_log_write(&long_entry);
	access_log_write(&entry);
	access_log_finish();
	assert_true(read_file("access.log", &text) > (long)sizeof(big));
	assert_int_equal(count_in(text, "\n"), 3);
	const char *at = strstr(text, "xxx");
	assert_true(at > strchr(text, '\n') && strchr(at, '\n')[1] != '\0');
}

static void reopening_follows_a_rename(void **state)
{
	(void)state;
	const char *text;
	struct err err;
	struct access_entry entry = usual();
	open_log(CONF_LOG_COMBINED);
	access_log_write(&entry);
	assert_int_equal(rename(in_folder("access.log"), in_folder("access.log.1")), 0);
	assert_int_equal(proxy_access_log_reopen(&err), 0);
	access_log_write(&entry);
	access_log_write(&entry);
	access_log_finish();
	assert_true(read_file("access.log.1", &text) > 0);
	assert_int_equal(count_in(text, "\n"), 1);
	assert_true(read_file("access.log", &text) > 0);
	assert_int_equal(count_in(text, "\n"), 2);
}

static void a_file_that_cannot_be_opened_leaves_the_old_one(void **state)
{
	(void)state;
	const char *text;
	struct err err = {{0}};
	struct access_entry entry = usual();
	open_log(CONF_LOG_COMBINED);
	assert_int_equal(proxy_access_log("/nowhere/access.log", CONF_LOG_JSON, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/access.log"));
	access_log_write(&entry);
	access_log_finish();
	assert_true(read_file("access.log", &text) > 0);
	assert_int_equal(text[0], '1');
}

static void off_writes_nothing(void **state)
{
	(void)state;
	const char *text;
	struct err err;
	struct access_entry entry = usual();
	open_log(CONF_LOG_COMBINED);
	access_log_write(&entry);
	assert_int_equal(proxy_access_log("", CONF_LOG_OFF, &err), 0);
	assert_false(access_log_is_on());
	access_log_write(&entry);
	assert_int_equal(proxy_access_log_reopen(&err), 0);
	assert_true(read_file("access.log", &text) > 0);
	assert_int_equal(count_in(text, "\n"), 1);
}

static void a_full_disk_is_counted_and_said_once_a_minute(void **state)
{
	(void)state;
	const char *text;
	struct err err;
	struct access_entry entry = usual();
	uint64_t before = proxy_access_lines_lost();
	assert_int_equal(proxy_access_log("/dev/full", CONF_LOG_COMBINED, &err), 0);
	for (int i = 0; i < 2000; i++)
		access_log_write(&entry);
	assert_true(proxy_access_lines_lost() > before + 500);
	(void)read_file("error.log", &text);
	assert_int_equal(count_in(text, "event=access_log_failed file=/dev/full lost="), 1);
	assert_int_equal(count_in(text, "No space left on device"), 1);
	clock_now_us += 61000000;
	for (int i = 0; i < 2000; i++)
		access_log_write(&entry);
	access_log_finish();
	(void)read_file("error.log", &text);
	assert_int_equal(count_in(text, "event=access_log_failed"), 2);
	/* The count outlives the file. */
	open_log(CONF_LOG_COMBINED);
	assert_int_equal(proxy_access_lines_lost(), before + 4000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(combined_is_what_nginx_writes),
		cmocka_unit_test(combined_escapes_as_nginx_does),
		cmocka_unit_test(combined_has_a_dash_for_what_is_not_there),
		cmocka_unit_test(json_says_all),
		cmocka_unit_test(json_has_no_list_for_one_worker),
		cmocka_unit_test(json_has_the_line_when_it_was_not_understood),
		cmocka_unit_test(json_keeps_every_octet_of_ascii),
		cmocka_unit_test(json_keeps_utf8_and_replaces_what_is_none),
		cmocka_unit_test(random_octets_make_a_line_of_json_and_ascii_in_combined),
		cmocka_unit_test(there_is_room_for_the_worst),
		CASE(lines_wait_and_are_written_at_the_end),
		CASE(lines_do_not_wait_longer_than_a_second),
		CASE(a_full_buffer_is_written),
		CASE(a_line_longer_than_the_buffer_keeps_its_place),
		CASE(reopening_follows_a_rename),
		CASE(a_file_that_cannot_be_opened_leaves_the_old_one),
		CASE(off_writes_nothing),
		CASE(a_full_disk_is_counted_and_said_once_a_minute),
	};
	(void)setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("proxy/access_log", tests, NULL, NULL);
}
