#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"

#include <errno.h>

static struct addr parsed(const char *text)
{
	struct addr addr;
	struct err err = {""};
	if (addr_parse(&addr, text, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return addr;
}

static void what_is_read_is_written_the_same(void **state)
{
	static const struct {
		const char *text, *ip;
		int family, port;
	} rows[] = {
		{"1.2.3.4:80", "1.2.3.4", AF_INET, 80},
		{"0.0.0.0:0", "0.0.0.0", AF_INET, 0},
		{"[::]:443", "::", AF_INET6, 443},
		{"[2001:db8::1]:65535", "2001:db8::1", AF_INET6, 65535},
		{"[::ffff:1.2.3.4]:80", "1.2.3.4", AF_INET6, 80},
		{"[fe80:1111:2222:3333:4444:5555:6666:7777]:1",
			"fe80:1111:2222:3333:4444:5555:6666:7777", AF_INET6, 1},
		{"unix:/run/comfymux/admin.sock", "unix:", AF_UNIX, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct addr addr = parsed(rows[i].text);
		char text[ADDR_TEXT];
		addr_format(&addr, text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(addr_format_ip(&addr, text), strlen(rows[i].ip));
		assert_string_equal(text, rows[i].ip);
		assert_int_equal(addr.u.any.sa_family, rows[i].family);
		assert_int_equal(addr_port(&addr), rows[i].port);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const rows[] = {"", ":80", "80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536",
		"1.2.3.4:x", "1.2.3.4:80x", "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3.4: 80", "1.2.3:80",
		"256.1.1.1:80", "::1:80", "[::1]", "[::1:80", "[]:80", "localhost:80", "*:80",
		"[::1%lo]:80",
		"unix:", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:80"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct addr addr;
		struct err err = {""};
		if (addr_parse(&addr, rows[i], &err) != -EINVAL || err.text[0] == '\0')
			fail_msg("%s is taken", rows[i]);
		assert_int_equal(addr_parse(&addr, rows[i], NULL), -EINVAL);
	}
}

static void a_unix_path_has_an_end(void **state)
{
	struct addr addr;
	char text[ADDR_TEXT + 8] = "unix:";
	(void)state;
	memset(text + 5, 'a', sizeof(addr.u.un.sun_path) - 1);
	assert_int_equal(addr_parse(&addr, text, NULL), 0);
	char again[ADDR_TEXT];
	addr_format(&addr, again);
	assert_string_equal(again, text);
	text[5 + sizeof(addr.u.un.sun_path) - 1] = 'a';
	assert_int_equal(addr_parse(&addr, text, NULL), -EINVAL);
}

static void an_ip_literal_may_have_brackets(void **state)
{
	struct addr addr;
	(void)state;
	assert_int_equal(addr_from_ip(&addr, "::1", 1), 0);
	assert_int_equal(addr_from_ip(&addr, "[::1]", 1), 0);
	assert_true(addr_is_loopback(&addr));
	assert_int_equal(addr_from_ip(&addr, "10.0.0.1", 8188), 0);
	assert_int_equal(addr_port(&addr), 8188);
	assert_int_equal(addr_from_ip(&addr, "localhost", 1), -EINVAL);
	assert_int_equal(addr_from_ip(&addr, "", 1), -EINVAL);
	assert_int_equal(addr_from_ip(&addr, "[]", 1), -EINVAL);
}

static void who_is_the_same(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} rows[] = {
		{"1.2.3.4:80", "1.2.3.4:80", true},
		{"1.2.3.4:80", "1.2.3.4:81", false},
		{"1.2.3.4:80", "1.2.3.5:80", false},
		{"[::1]:80", "[0:0::1]:80", true},
		{"[::1]:80", "1.2.3.4:80", false},
		{"unix:/a", "unix:/a", true},
		{"unix:/a", "unix:/b", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct addr a = parsed(rows[i].a);
		struct addr b = parsed(rows[i].b);
		assert_int_equal(addr_is_same(&a, &b), rows[i].is_same);
		assert_int_equal(addr_is_same(&b, &a), rows[i].is_same);
	}
	struct addr none = {0};
	struct addr some = parsed("1.2.3.4:80");
	assert_true(addr_is_same(&none, &none));
	assert_false(addr_is_same(&none, &some));
}

static void who_is_loopback(void **state)
{
	static const struct {
		const char *text;
		bool is_loopback;
	} rows[] = {
		{"127.0.0.1:1", true},
		{"127.255.0.1:1", true},
		{"128.0.0.1:1", false},
		{"0.0.0.0:1", false},
		{"[::1]:1", true},
		{"[::2]:1", false},
		{"[::]:1", false},
		{"[::ffff:127.0.0.1]:1", true},
		{"[::ffff:10.0.0.1]:1", false},
		{"unix:/a", true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct addr addr = parsed(rows[i].text);
		if (addr_is_loopback(&addr) != rows[i].is_loopback)
			fail_msg("%s", rows[i].text);
	}
	assert_false(addr_is_loopback(&(struct addr){0}));
}

static void a_mapped_peer_is_an_ipv4_peer(void **state)
{
	(void)state;
	struct addr v4 = parsed("1.2.3.4:80");
	struct addr mapped = parsed("[::ffff:1.2.3.4]:80");
	struct addr v6 = parsed("[2001:db8::1]:80");
	struct addr path = parsed("unix:/a");
	assert_int_equal(addr_ip_octets(&v4).n, 4);
	assert_memory_equal(addr_ip_octets(&v4).p, "\1\2\3\4", 4);
	assert_true(slice_is(addr_ip_octets(&v4), addr_ip_octets(&mapped)));
	assert_int_equal(addr_ip_octets(&v6).n, 16);
	assert_int_equal(addr_ip_octets(&path).n, 0);
}

static void a_mapped_peer_is_an_ipv6_peer_for_nginx(void **state)
{
	(void)state;
	struct addr v4 = parsed("1.2.3.4:80");
	struct addr mapped = parsed("[::ffff:1.2.3.4]:80");
	struct addr path = parsed("unix:/a");
	assert_true(slice_is(addr_raw_octets(&v4), SLICE("\1\2\3\4")));
	assert_int_equal(addr_raw_octets(&mapped).n, 16);
	assert_memory_equal(addr_raw_octets(&mapped).p, "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16);
	assert_int_equal(addr_raw_octets(&path).n, 0);
}

static void the_port_can_be_set(void **state)
{
	(void)state;
	struct addr addr = parsed("[::1]:80");
	addr_set_port(&addr, 8188);
	assert_int_equal(addr_port(&addr), 8188);
	addr = parsed("unix:/a");
	addr_set_port(&addr, 8188);
	assert_int_equal(addr_port(&addr), 0);
}

static void no_address_has_a_text_too(void **state)
{
	char text[ADDR_TEXT];
	struct addr nameless = {
		.u.un.sun_family = AF_UNIX, .len = offsetof(struct sockaddr_un, sun_path)};
	(void)state;
	addr_format(&(struct addr){0}, text);
	assert_string_equal(text, "-");
	addr_format(&nameless, text);
	assert_string_equal(text, "unix:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_written_the_same),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_unix_path_has_an_end),
		cmocka_unit_test(an_ip_literal_may_have_brackets),
		cmocka_unit_test(who_is_the_same),
		cmocka_unit_test(who_is_loopback),
		cmocka_unit_test(a_mapped_peer_is_an_ipv4_peer),
		cmocka_unit_test(a_mapped_peer_is_an_ipv6_peer_for_nginx),
		cmocka_unit_test(the_port_can_be_set),
		cmocka_unit_test(no_address_has_a_text_too),
	};
	return cmocka_run_group_tests_name("base/addr", tests, NULL, NULL);
}
