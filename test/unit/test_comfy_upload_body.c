#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "comfy/multipart.h"
#include "comfy/upload_body.h"

#include <stdio.h>

static struct text told;

static bool on_part(void *arg, const struct multipart_part *part)
{
	(void)arg;
	text_puts(&told, "[");
	text_puts(&told, part->name);
	text_puts(&told, "|");
	text_puts(&told, part->filename);
	text_puts(&told, ":");
	return true;
}

static bool on_octets(void *arg, struct slice octets)
{
	(void)arg;
	text_put(&told, octets.p, octets.n);
	return true;
}

static bool on_part_end(void *arg)
{
	(void)arg;
	text_puts(&told, "]");
	return true;
}

static const struct multipart_events events = {on_part, on_octets, on_part_end};

/* What our own reader makes of it. */
static void assert_reads(struct upload_body *body, struct slice file, const char *expected)
{
	static const char name[] = "Content-Type: ";
	struct slice type = slice_of(body->fields);
	assert_true(slice_starts(type, SLICE(name)));
	assert_memory_equal(type.p + type.n - 2, "\r\n", 2);
	type.p += sizeof(name) - 1;
	type.n -= sizeof(name) + 1;
	struct multipart *multipart = multipart_create(type, &events, NULL);
	assert_non_null(multipart);
	text_init(&told, 64);
	struct slice pieces[] = {{body->head.p, body->head.n}, file, {body->tail.p, body->tail.n}};
	for (size_t i = 0; i < COUNT_OF(pieces); i++)
		assert_int_equal(multipart_feed(multipart, pieces[i]), 0);
	assert_true(multipart_is_done(multipart));
	multipart_destroy(multipart);
	text_put(&told, "", 1);
	assert_string_equal(told.p, expected);
	text_finish(&told);
}

static void an_image_goes_out_under_its_name(void **state)
{
	(void)state;
	struct upload_body body;
	assert_true(upload_body_init(&body, "input", "a b", "cat (1).png", NULL));
	assert_non_null(strstr(body.head.p, "filename=\"cat (1).png\"\r\n"));
	assert_reads(&body, SLICE("\r\n--"),
		"[overwrite|:true][type|:input][subfolder|:a b][image|cat (1).png:\r\n--]");
	upload_body_finish(&body);
}

static void unusual_names_are_extended(void **state)
{
	(void)state;
	static const char *const names[] = {"\xc3\xbc.png", "a\"b.png", "a\\b.png", "a;b;c.png",
		"50%.png", "it's.png", "%41.png"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct upload_body body;
		char expected[200];
		(void)snprintf(expected, sizeof(expected),
			"[overwrite|:true][type|:temp][subfolder|:][original_ref|:{}][image|%s:]",
			names[i]);
		assert_true(upload_body_init(&body, "temp", "", names[i], "{}"));
		assert_non_null(strstr(body.head.p, "filename*=UTF-8''"));
		assert_reads(&body, SLICE(""), expected);
		upload_body_finish(&body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_goes_out_under_its_name),
		cmocka_unit_test(unusual_names_are_extended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
