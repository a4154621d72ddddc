#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/host.h"

static void hosts_come_apart(void **state)
{
	static const struct {
		const char *text, *name;
		int port;
	} rows[] = {
		{"a", "a", -1},
		{"comfy.example.com", "comfy.example.com", -1},
		{"comfy.example.com.", "comfy.example.com", -1},
		{"comfy.example.com.:80", "comfy.example.com", 80},
		{"a:", "a", -1},
		{"a:0", "a", 0},
		{"a:00080", "a", 80},
		{"a:65535", "a", 65535},
		{"192.168.1.101:8188", "192.168.1.101", 8188},
		{"a_b~c!$&'()*+,;=d", "a_b~c!$&'()*+,;=d", -1},
		{"a%2Fb%c3%A9:1", "a%2Fb%c3%A9", 1},
		{"[::1]", "[::1]", -1},
		{"[::1]:8188", "[::1]", 8188},
		{"[::1]:", "[::1]", -1},
		{"[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]", 1},
		{"[v1.x]", "[v1.x]", -1},
		{"[vFe.a:b!$]:80", "[vFe.a:b!$]", 80},
		{"[2001:db8:1111:2222:3333:4444:5555:6666]",
			"[2001:db8:1111:2222:3333:4444:5555:6666]", -1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_host host;
		if (!http_host_parse(&host, slice_of(rows[i].text)))
			fail_msg("%s is refused", rows[i].text);
		if (!slice_is(host.name, slice_of(rows[i].name)) || host.port != rows[i].port)
			fail_msg("%s is %.*s and %d", rows[i].text, (int)host.name.n, host.name.p,
				host.port);
	}
}

static void what_is_no_host_is_refused(void **state)
{
	static const char *const rows[] = {"", ".", ":80", ".:80", "a b", "a/b", "a@b", "u:p@b",
		"a\\b", "a#b", "a?b", "a\x7f", "\xc3\xa9", "a%", "a%2", "a%zz", "a:b", "a:80:80",
		"a:65536", "a:000080", "a:-1", "a:+1", "a: 80", "::1", "[::1", "[::1]x", "[::1]80",
		"[]", "[", "]", "[a]", "[1.2.3.4]", "[::1%25eth0]", "[v1.]", "[v.x]", "[vg.x]",
		"[v1x]", "[v1.x@y]", "[v1.x/y]", "[::1].", "[[::1]]",
		"[2001:0db8:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]", "a\"b", "a<b>",
		"a`b", "a, b"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_host host = {.port = 7};
		if (http_host_parse(&host, slice_of(rows[i])))
			fail_msg("%s is taken", rows[i]);
		assert_int_equal(host.port, 7);
	}
}

static void a_nul_ends_nothing(void **state)
{
	struct http_host host;
	(void)state;
	assert_false(http_host_parse(&host, SLICE("a\0b")));
	assert_false(http_host_parse(&host, SLICE("[::1\0]")));
	assert_false(http_host_parse(&host, SLICE("a:80\0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_come_apart),
		cmocka_unit_test(what_is_no_host_is_refused),
		cmocka_unit_test(a_nul_ends_nothing),
	};
	return cmocka_run_group_tests_name("http/host", tests, NULL, NULL);
}
