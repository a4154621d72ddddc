#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "comfy/multipart.h"

#include <errno.h>

/* What was told, as text: "[name|filename|type:octets]". */
struct told {
	struct text text;
	uint32_t parts_open;
	int stop_at; /* event number that answers false; 0: none */
	int events;
};

static bool go_on(struct told *told)
{
	return ++told->events != told->stop_at;
}

static bool on_part(void *arg, const struct multipart_part *part)
{
	struct told *told = arg;
	assert_int_equal(told->parts_open, 0);
	told->parts_open = 1;
	text_puts(&told->text, "[");
	text_puts(&told->text, part->name);
	text_puts(&told->text, "|");
	text_puts(&told->text, part->has_filename ? part->filename : "-");
	text_puts(&told->text, "|");
	text_puts(&told->text, part->type);
	text_puts(&told->text, ":");
	return go_on(told);
}

static bool on_octets(void *arg, struct slice octets)
{
	struct told *told = arg;
	assert_int_equal(told->parts_open, 1);
	assert_int_not_equal(octets.n, 0);
	text_put(&told->text, octets.p, octets.n);
	return told->stop_at == 0 || go_on(told);
}

static bool on_part_end(void *arg)
{
	struct told *told = arg;
	assert_int_equal(told->parts_open, 1);
	told->parts_open = 0;
	text_puts(&told->text, "]");
	return go_on(told);
}

static const struct multipart_events events = {on_part, on_octets, on_part_end};

/* In pieces of n octets, each in a block of its own. */
static int read_in(struct slice body, size_t n, struct told *told, bool *ret_is_done)
{
	struct multipart *multipart = multipart_create(
		SLICE("multipart/form-data; boundary=B"), &events, told);
	assert_non_null(multipart);
	text_init(&told->text, 64);
	int error = 0;
	for (size_t at = 0; at < body.n && error == 0; at += n) {
		size_t m = min_size(n, body.n - at);
		char *piece = malloc(m);
		assert_non_null(piece);
		memcpy(piece, body.p + at, m);
		error = multipart_feed(multipart, (struct slice){piece, m});
		free(piece);
	}
	*ret_is_done = multipart_is_done(multipart);
	multipart_destroy(multipart);
	return error;
}

static void assert_reads(struct slice body, const char *expected, int expected_error)
{
	for (size_t n = 1; n <= body.n; n++) {
		struct told told = {0};
		bool is_done;
		assert_int_equal(read_in(body, n, &told, &is_done), expected_error);
		assert_false(told.text.is_short);
		text_put(&told.text, "", 1);
		if (expected_error == 0)
			assert_string_equal(told.text.p, expected);
		assert_int_equal(is_done, expected_error == 0);
		text_finish(&told.text);
	}
}

#define READS(body, expected) assert_reads(SLICE(body), expected, 0)
#define REFUSES(body, error) assert_reads(SLICE(body), "", error)
#define PART(disposition)                                                                          \
	"--B\r\nContent-Disposition: form-data; " disposition "\r\n\r\nx\r\n--B--\r\n"

static void parts_come_in_order_with_their_octets(void **state)
{
	(void)state;
	READS("--B\r\nContent-Disposition: form-data; name=\"image\"; filename=\"cat.png\"\r\n"
	      "Content-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--\r\n\r\n--B\r\n"
	      "content-disposition: FORM-DATA; name=overwrite\r\n\r\ntrue\r\n--B--\r\n",
		"[image|cat.png|image/png:\x89PNG\r\n\r\n--\r\n][overwrite|-|:true]");
}

static void what_looks_like_a_boundary_is_data(void **state)
{
	(void)state;
	READS("--B\r\nContent-Disposition: form-data; "
	      "name=a\r\n\r\n\r\r\n-\r\n--\r\n\r\n-B--B\r\n--B--",
		"[a|-|:\r\r\n-\r\n--\r\n\r\n-B--B]");
}

static void parts_may_be_empty(void **state)
{
	(void)state;
	READS("--B\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--B\r\n"
	      "Content-Disposition: form-data; name=b\r\n\r\n--B\r\n"
	      "Content-Disposition: form-data; name=c\r\n\r\n--\r\n--B--",
		"[a|-|:][b|-|:][c|-|:--]");
}

static void preamble_padding_and_epilogue_are_left_out(void **state)
{
	(void)state;
	READS("hello\r\n--\r\n--B \t\r\nContent-Disposition: form-data; "
	      "name=a\r\n\r\n1\r\n--B--\r\nbye\r\n--B\r\n",
		"[a|-|:1]");
}

static void names_are_unquoted_as_the_workers_do(void **state)
{
	(void)state;
	READS(PART("name=\"i\"; filename=\"a\\\"b\\\\c.png\""), "[i|a\"b\\c.png|:x]");
	READS(PART("name=\"i\"; filename=\"a%22b.png\""), "[i|a%22b.png|:x]");
	READS(PART("name=\"i\"; filename=\"a;b;c.png\";"), "[i|a;b;c.png|:x]");
	READS(PART("name=\"i\"; filename=\"\xc3\xbc.png\""), "[i|\xc3\xbc.png|:x]");
	READS(PART("name=\"i\"; filename=\"\""), "[i||:x]");
	READS(PART("name=i; filename=a b.png"), "[i|a b.png|:x]");
}

static void extended_names_win(void **state)
{
	(void)state;
	READS(PART("filename=\"x\"; name=\"i\"; filename*=UTF-8''%c3%bc%3b%22.png"),
		"[i|\xc3\xbc;\".png|:x]");
	READS(PART("name=\"i\"; filename*=utf-8'en'a.png; filename=\"x\""), "[i|a.png|:x]");
	READS(PART("name=\"i\"; filename*=iso-8859-1''%fc.png"), "[i|\xc3\xbc.png|:x]");
	REFUSES(PART("name=\"i\"; filename*=koi8-r''%fc.png"), -EINVAL);
	REFUSES(PART("name=\"i\"; filename*=utf-8''%f"), -EINVAL);
	REFUSES(PART("name=\"i\"; filename*=utf-8''a%00b"), -EINVAL);
	REFUSES(PART("name=\"i\"; filename*=utf-8"), -EINVAL);
}

static void broken_parts_are_refused(void **state)
{
	(void)state;
	REFUSES("--B\r\n\r\nx\r\n--B--", -EINVAL);
	REFUSES("--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--", -EINVAL);
	REFUSES(PART("filename=\"x\""), -EINVAL);
	REFUSES(PART("name=\"x"), -EINVAL);
	REFUSES(PART("name=\"x\" filename=y"), -EINVAL);
	REFUSES(PART("name=a; name=b"), -EINVAL);
	REFUSES("--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--", -EINVAL);
	REFUSES("--B\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--B--", -EINVAL);
	REFUSES("--B\r\nContent-Disposition: form-data; name=a\n\r\n\r\nx\r\n--B--", -EINVAL);
	REFUSES("--B\r\nContent-Disposition: form-data; name=a\r\n b\r\n\r\nx\r\n--B--", -EINVAL);
	REFUSES("--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64"
		"\r\n\r\nx\r\n--B--",
		-EINVAL);
	REFUSES("--Bx\r\n", -EINVAL);
	REFUSES("--B-x", -EINVAL);
}

static void everything_has_a_bound(void **state)
{
	(void)state;
	struct text text;
	struct told told = {0};
	bool is_done;
	text_init(&text, 64);
	for (int i = 0; i <= MULTIPART_PARTS_MOST; i++)
		text_puts(&text, "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n");
	assert_int_equal(read_in((struct slice){text.p, text.n}, 1000, &told, &is_done), -E2BIG);
	text_finish(&told.text);
	text.n = 0;
	text_puts(&text, "--B\r\nX: ");
	for (int i = 0; i < MULTIPART_HEAD_MOST; i++)
		text_puts(&text, "x");
	assert_int_equal(read_in((struct slice){text.p, text.n}, 1000, &told, &is_done), -E2BIG);
	text_finish(&told.text);
	text.n = 0;
	text_puts(&text, "--B\r\nContent-Disposition: form-data; name=\"");
	for (int i = 0; i <= MULTIPART_NAME_MOST; i++)
		text_puts(&text, "x");
	text_puts(&text, "\"\r\n\r\n");
	assert_int_equal(read_in((struct slice){text.p, text.n}, 1000, &told, &is_done), -E2BIG);
	text_finish(&told.text);
	text_finish(&text);
}

static void a_body_that_ends_early_is_not_done(void **state)
{
	(void)state;
	static const char whole[] = PART("name=a");
	for (size_t n = 0; n + 2 < sizeof(whole) - 1; n++) {
		struct told told = {0};
		bool is_done;
		assert_int_equal(read_in((struct slice){whole, n}, 7, &told, &is_done), 0);
		assert_false(is_done);
		text_finish(&told.text);
	}
}

static void a_listener_can_end_it(void **state)
{
	(void)state;
	for (int stop = 1; stop <= 3; stop++) {
		struct told told = {.stop_at = stop};
		bool is_done;
		assert_int_equal(read_in(SLICE(PART("name=a")), 1000, &told, &is_done), -ECANCELED);
		assert_int_equal(told.events, stop);
		assert_false(is_done);
		text_finish(&told.text);
	}
}

static bool has_boundary(const char *content_type)
{
	struct multipart *multipart = multipart_create(slice_of(content_type), &events, NULL);
	if (multipart == NULL)
		assert_int_equal(errno, EINVAL);
	multipart_destroy(multipart);
	return multipart != NULL;
}

static void the_type_says_the_boundary(void **state)
{
	(void)state;
	assert_true(has_boundary("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk"));
	assert_true(has_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b:c\""));
	assert_true(has_boundary("multipart/form-data;boundary=a/b=c"));
	assert_false(has_boundary(""));
	assert_false(has_boundary("multipart/form-data"));
	assert_false(has_boundary("multipart/form-data; boundary="));
	assert_false(has_boundary("multipart/form-data; boundary=\"a \""));
	assert_false(has_boundary("multipart/form-data; boundary=a; boundary=b"));
	assert_false(has_boundary("multipart/form-data; boundary=a\xc3\xbc"));
	assert_false(has_boundary("multipart/form-datax; boundary=a"));
	assert_false(has_boundary("multipart/mixed; boundary=a"));
	assert_false(has_boundary(
		"multipart/form-data; boundary="
		"12345678901234567890123456789012345678901234567890123456789012345678901"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_come_in_order_with_their_octets),
		cmocka_unit_test(what_looks_like_a_boundary_is_data),
		cmocka_unit_test(parts_may_be_empty),
		cmocka_unit_test(preamble_padding_and_epilogue_are_left_out),
		cmocka_unit_test(names_are_unquoted_as_the_workers_do),
		cmocka_unit_test(extended_names_win),
		cmocka_unit_test(broken_parts_are_refused),
		cmocka_unit_test(everything_has_a_bound),
		cmocka_unit_test(a_body_that_ends_early_is_not_done),
		cmocka_unit_test(a_listener_can_end_it),
		cmocka_unit_test(the_type_says_the_boundary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
