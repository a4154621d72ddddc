/* test/unit/test_proxy_ws_pieces.c - what frames are made of: masks, heads, UTF-8, codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/ws_frame.h"

static void utf8_is_what_the_standard_says(void **state)
{
	(void)state;
	/* Every code point in its one form, and each octet of it changed. */
	for (uint32_t c = 0; c < 0x120000; c += c < 0x3000 ? 1 : 97) {
		char p[4];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
		for (size_t i = n; i-- > 1;)
			p[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
		p[0] = n == 1 ? (char)c : (char)(leads[n] | c >> (6 * (n - 1)));
		bool may = !(c >= 0xd800 && c < 0xe000) && c < 0x110000;
		assert_int_equal(ws_utf8(0, p, n) == 0, may);
		if (may && n > 1) {
			assert_true(ws_utf8(0, p, n - 1) != 0);
			assert_int_equal(ws_utf8(0, p + 1, n - 1), UINT32_MAX);
		}
	}
	static const char *const overlong[] = {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
		"\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf8\x88\x80\x80\x80"};
	for (size_t i = 0; i < COUNT_OF(overlong); i++)
		assert_int_equal(ws_utf8(0, overlong[i], strlen(overlong[i])), UINT32_MAX);
	/* At every place of the words that are looked at together. */
	for (size_t at = 0; at < 70; at++) {
		char p[70];
		memset(p, 'a', sizeof(p));
		p[at] = (char)0x80;
		assert_int_equal(ws_utf8(0, p, sizeof(p)), UINT32_MAX);
	}
	assert_int_equal(ws_utf8(UINT32_MAX, "a", 1), UINT32_MAX);
}

static void masking_goes_on_at_any_offset(void **state)
{
	(void)state;
	static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
	char p[100], q[100];
	for (size_t first = 0; first < sizeof(p); first++) {
		memset(p, 0, sizeof(p));
		ws_mask(p, first, mask, 0);
		ws_mask(p + first, sizeof(p) - first, mask, first);
		for (size_t i = 0; i < sizeof(q); i++)
			q[i] = (char)mask[i % 4];
		assert_memory_equal(p, q, sizeof(p));
	}
	memset(p, 0, sizeof(p));
	ws_mask(p, 5, mask, ((uint64_t)1 << 40) + 3);
	assert_memory_equal(p, "\x78\x12\x34\x56\x78\0", 6);
}

static void heads_are_written_as_they_are_read(void **state)
{
	(void)state;
	static const uint64_t lengths[] = {0, 1, 125, 126, 65535, 65536, (uint64_t)1 << 40};
	static const size_t octets[] = {2, 2, 2, 4, 4, 10, 10};
	static const uint8_t mask[4] = {1, 2, 3, 4};
	char head[WS_HEAD_ROOM];
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		for (int is_masked = 0; is_masked < 2; is_masked++) {
			struct ws_reader reader;
			size_t used, n = ws_write_head(
					     head, WS_BINARY, lengths[i], is_masked ? mask : NULL);
			assert_int_equal(n, octets[i] + (is_masked ? 4 : 0));
			ws_reader_init(&reader, is_masked, UINT64_MAX);
			assert_int_equal(ws_read(&reader, head, n, &used),
				lengths[i] == 0 ? WS_MESSAGE : WS_MORE);
			assert_int_equal(used, n);
			assert_int_equal(reader.left, lengths[i]);
			if (is_masked)
				assert_memory_equal(reader.mask, mask, 4);
			ws_reader_finish(&reader);
		}
	}
	assert_int_equal(ws_write_head(head, WS_TEXT, 3, NULL), 2);
	assert_memory_equal(head, "\x81\x03", 2);
}

static void close_codes_that_may_be_sent(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 70000; code++) {
		uint16_t n = (uint16_t)code;
		bool may = (n >= 1000 && n < 1004) || (n >= 1007 && n < 1015) ||
			   (n >= 3000 && n < 5000);
		assert_int_equal(ws_code_is_valid(n), may);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_what_the_standard_says),
		cmocka_unit_test(masking_goes_on_at_any_offset),
		cmocka_unit_test(heads_are_written_as_they_are_read),
		cmocka_unit_test(close_codes_that_may_be_sent),
	};
	return cmocka_run_group_tests_name("proxy/ws_frame, pieces", tests, NULL, NULL);
}
