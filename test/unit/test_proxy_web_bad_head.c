#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/web_bad_head.h"

#define MOST 4096
#define LINE "HTTP/1.1 200 OK\r\n"

static void assert_text(struct slice head, size_t most, bool has_line, const char *want)
{
	char text[WEB_BAD_HEAD_ROOM];
	web_bad_head_text(head, most, has_line, text);
	assert_string_equal(text, want);
}

#define assert_says(head, want) assert_text(SLICE(head), MOST, true, (want))

static void the_octet_that_stops_a_line_is_told(void **state)
{
	(void)state;
	assert_says(LINE "no colon\r\n", "upstream sent invalid header: \"no\\x20...\"");
	assert_says(LINE "fine: 1\r\n folded\r\n", "upstream sent invalid header: \"\\x20...\"");
	assert_says(LINE "a: b\0c\r\n", "upstream sent invalid header: \"a: b\\x00...\"");
	assert_says(LINE "a: b\rc\r\n", "upstream sent invalid header: \"a: b\\x0d\\x63...\"");
	assert_says(LINE "a\x7f: b\r\n", "upstream sent invalid header: \"a\\x7f...\"");
}

static void a_line_on_its_way_is_not_judged(void **state)
{
	(void)state;
	assert_says(LINE "no colon", "upstream sent invalid header");
	assert_says(LINE, "upstream sent invalid header");
}

static void fields_that_say_the_length_twice_are_told(void **state)
{
	(void)state;
	assert_says(LINE "Content-Length: 3\r\ncontent-length:4\r\n",
		"upstream sent duplicate header line: \"content-length: 4\", "
		"previous value: \"content-length: 3\"");
	assert_says(LINE "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
		"upstream sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same "
		"time");
	assert_says(LINE "Content-Length: 3x\n",
		"upstream sent invalid \"Content-Length\" header: \"Content-Length: 3x\"");
	assert_says(LINE "Content-Length:\r\n",
		"upstream sent invalid \"Content-Length\" header: \"Content-Length: \"");
	assert_says(LINE "Transfer-Encoding: gzip\r\n",
		"upstream sent unknown \"Transfer-Encoding\": \"gzip\"");
	assert_says(
		LINE "Content-Length: 3\r\nContent-Lengths: 4\r\n", "upstream sent invalid header");
}

static void without_a_status_line_it_is_no_http(void **state)
{
	(void)state;
	assert_text(SLICE("what is this\r\n\r\n"), MOST, false,
		"upstream sent no valid HTTP/1.0 header");
}

static void what_is_too_long_is_told_behind_what_is_wrong(void **state)
{
	(void)state;
	assert_text(SLICE(LINE "a: 1\r\n"), 20, true, "upstream sent too big header");
	assert_text(SLICE("HTTP/1.1 200 and so on"), 20, false, "upstream sent too big header");
	assert_text(SLICE(LINE "a\r\nb c\r\n"), 25, true,
		"upstream sent invalid header: \"b\\x20...\"");
}

static void a_long_line_is_cut_and_octets_are_escaped(void **state)
{
	(void)state;
	char head[1000] = LINE "a:", text[WEB_BAD_HEAD_ROOM];
	size_t n = sizeof(LINE "a:") - 1;
	memset(head + n, '\x1b', 600);
	head[n + 600] = '\0';
	head[n + 601] = '\n';
	web_bad_head_text((struct slice){head, n + 602}, MOST, true, text);
	for (size_t i = 0; text[i] != '\0'; i++)
		assert_in_range(text[i], ' ', '~');
	assert_in_range(strlen(text), 200, WEB_BAD_HEAD_ROOM - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_octet_that_stops_a_line_is_told),
		cmocka_unit_test(a_line_on_its_way_is_not_judged),
		cmocka_unit_test(fields_that_say_the_length_twice_are_told),
		cmocka_unit_test(without_a_status_line_it_is_no_http),
		cmocka_unit_test(what_is_too_long_is_told_behind_what_is_wrong),
		cmocka_unit_test(a_long_line_is_cut_and_octets_are_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
