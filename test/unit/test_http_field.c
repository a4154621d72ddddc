#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/field.h"

static void every_known_name_is_found_in_any_case(void **state)
{
	(void)state;
	for (int id = HF_OTHER + 1; id < HF_COUNT; id++) {
		struct slice name = http_field_name((enum http_field_id)id);
		char other[32];
		assert_in_range(name.n, 2, sizeof(other) - 1);
		assert_int_equal(http_field_find(name.p, name.n), id);
		for (size_t i = 0; i < name.n; i++)
			other[i] = (char)(name.p[i] >= 'a' ? name.p[i] - 32 : name.p[i]);
		assert_int_equal(http_field_find(other, name.n), id);
		for (size_t i = 0; i < name.n; i++)
			other[i] = (char)(name.p[i] == '-' ? '-' : name.p[i] | 32);
		assert_int_equal(http_field_find(other, name.n), id);
	}
}

/* Every other octet at that place. */
static void assert_no_name_without(struct slice name, size_t at)
{
	char other[32];
	memcpy(other, name.p, name.n);
	for (int c = 0; c < 256; c++) {
		bool is_same = c == name.p[at] || (name.p[at] != '-' && (c ^ 32) == name.p[at]);
		other[at] = (char)c;
		if (!is_same && http_field_find(other, name.n) != HF_OTHER)
			fail_msg("%.*s at %zu: 0x%02x", (int)name.n, name.p, at, c);
	}
}

static void one_octet_off_is_another_name(void **state)
{
	(void)state;
	for (int id = HF_OTHER + 1; id < HF_COUNT; id++) {
		struct slice name = http_field_name((enum http_field_id)id);
		char other[32];
		memcpy(other, name.p, name.n);
		other[name.n] = 'x';
		assert_int_equal(http_field_find(other, name.n + 1), HF_OTHER);
		assert_int_not_equal(http_field_find(other, name.n - 1), id);
		for (size_t i = 0; i < name.n; i++)
			assert_no_name_without(name, i);
	}
}

static void unknown_names_are_other(void **state)
{
	static const char *const names[] = {"", "x", "Hos", "Hosts", "Accept-Language",
		"Content_Length", "Transfer-Encodinx",
		"a-name-that-is-longer-than-any-that-we-know"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_int_equal(http_field_find(names[i], strlen(names[i])), HF_OTHER);
	assert_int_equal(http_field_name(HF_OTHER).n, 0);
}

static void names_are_written_as_usual(void **state)
{
	(void)state;
	assert_string_equal(http_field_name(HF_CONTENT_LENGTH).p, "Content-Length");
	assert_string_equal(http_field_name(HF_TE).p, "TE");
	assert_string_equal(http_field_name(HF_X_REAL_IP).p, "X-Real-IP");
	assert_string_equal(http_field_name(HF_SEC_WEBSOCKET_KEY).p, "Sec-WebSocket-Key");
}

static void hop_by_hop_are_those_of_the_standard(void **state)
{
	static const bool is_hop[HF_COUNT] = {
		[HF_CONNECTION] = true,
		[HF_KEEP_ALIVE] = true,
		[HF_PROXY_CONNECTION] = true,
		[HF_TE] = true,
		[HF_TRAILER] = true,
		[HF_TRANSFER_ENCODING] = true,
		[HF_UPGRADE] = true,
	};
	(void)state;
	for (int id = 0; id < HF_COUNT; id++)
		assert_int_equal(http_field_is_hop_by_hop((enum http_field_id)id), is_hop[id]);
}

static void connection_cannot_take_away_what_others_rely_on(void **state)
{
	static const enum http_field_id kept[] = {HF_HOST, HF_CONTENT_LENGTH, HF_CONTENT_TYPE,
		HF_TRANSFER_ENCODING, HF_X_FORWARDED_FOR, HF_X_FORWARDED_HOST, HF_X_FORWARDED_PROTO,
		HF_X_REAL_IP, HF_FORWARDED, HF_AUTHORIZATION, HF_COOKIE, HF_SET_COOKIE, HF_ORIGIN,
		HF_EXPECT, HF_SEC_WEBSOCKET_KEY, HF_SEC_WEBSOCKET_VERSION, HF_SEC_WEBSOCKET_ACCEPT};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kept); i++)
		assert_true(http_field_is_protected(kept[i]));
	assert_false(http_field_is_protected(HF_OTHER));
	assert_false(http_field_is_protected(HF_USER_AGENT));
	assert_false(http_field_is_protected(HF_KEEP_ALIVE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_known_name_is_found_in_any_case),
		cmocka_unit_test(one_octet_off_is_another_name),
		cmocka_unit_test(unknown_names_are_other),
		cmocka_unit_test(names_are_written_as_usual),
		cmocka_unit_test(hop_by_hop_are_those_of_the_standard),
		cmocka_unit_test(connection_cannot_take_away_what_others_rely_on),
	};
	return cmocka_run_group_tests_name("http/field", tests, NULL, NULL);
}
