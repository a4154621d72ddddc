#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cidr.h"
#include "base/hash.h"

#include <errno.h>
#include <stdio.h>

static struct cidr parsed(const char *text)
{
	struct cidr cidr;
	assert_int_equal(cidr_parse(&cidr, slice_of(text), NULL), 0);
	return cidr;
}

static struct addr peer(const char *ip)
{
	struct addr addr;
	if (strcmp(ip, "unix:") == 0) {
		assert_int_equal(addr_parse(&addr, "unix:/tmp/x", NULL), 0);
		return addr;
	}
	assert_int_equal(addr_from_ip(&addr, ip, 80), 0);
	return addr;
}

static bool has(const char *network, const char *ip)
{
	struct cidr cidr = parsed(network);
	struct addr addr = peer(ip);
	return cidr_has(&cidr, &addr);
}

static void an_address_is_in_a_network_or_not(void **state)
{
	(void)state;
	assert_true(has("10.0.0.0/8", "10.255.1.2"));
	assert_false(has("10.0.0.0/8", "11.0.0.0"));
	assert_true(has("192.168.4.0/22", "192.168.7.255"));
	assert_false(has("192.168.4.0/22", "192.168.8.0"));
	assert_true(has("127.0.0.1", "127.0.0.1"));
	assert_false(has("127.0.0.1", "127.0.0.2"));
	assert_true(has("0.0.0.0/0", "1.2.3.4"));
	assert_false(has("0.0.0.0/0", "::1"));
	assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(has("::1", "::1"));
	assert_false(has("::/0", "1.2.3.4"));
	assert_true(has("10.0.0.0/8", "::ffff:10.1.1.1"));
	assert_false(has("::/0", "::ffff:10.1.1.1"));
	assert_true(has("all", "1.2.3.4"));
	assert_true(has("all", "::1"));
	assert_true(has("all", "unix:"));
	assert_true(has("unix:", "unix:"));
	assert_false(has("unix:", "1.2.3.4"));
	assert_false(has("0.0.0.0/0", "unix:"));
}

static void what_is_no_network_is_refused(void **state)
{
	static const char *const wrong[] = {"", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/8x", "10.0.0.0/8/8", "10.0.0.256", "::/129", "[::1]", "host", "unix",
		"ALL", "10.0.0.0/99999999999999999999",
		"0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0/1"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct cidr cidr;
		assert_int_equal(cidr_parse(&cidr, slice_of(wrong[i]), NULL), -EINVAL);
	}
}

static void bits_beyond_the_prefix_are_told_and_cleared(void **state)
{
	(void)state;
	struct err warning = {""};
	struct cidr cidr, want = parsed("1.0.0.0/8");
	assert_int_equal(cidr_parse(&cidr, SLICE("1.2.3.4/8"), &warning), 1);
	assert_string_equal(warning.text, "low address bits of 1.2.3.4/8 are meaningless");
	assert_memory_equal(&cidr, &want, sizeof(cidr));
	want = parsed("2001:db8::/31");
	assert_int_equal(cidr_parse(&cidr, SLICE("2001:db9::1/31"), NULL), 1);
	assert_memory_equal(&cidr, &want, sizeof(cidr));
}

static uint32_t find(const struct cidr_table *table, const char *ip)
{
	struct addr addr = peer(ip);
	return cidr_table_find(table, &addr);
}

static void put(struct cidr_table *table, const char *network, uint32_t value, uint32_t want_old)
{
	struct cidr cidr = parsed(network);
	uint32_t old = 0;
	assert_int_equal(cidr_table_put(table, &cidr, value, &old), 0);
	assert_int_equal(old, want_old);
}

static void the_longest_network_counts(void **state)
{
	(void)state;
	struct cidr_table *table = cidr_table_create();
	assert_non_null(table);
	assert_int_equal(find(table, "10.0.0.1"), CIDR_NONE);
	put(table, "10.129.0.0/16", 3, CIDR_NONE);
	put(table, "10.200.0.0/16", 4, CIDR_NONE);
	put(table, "10.1.0.0/16", 2, CIDR_NONE);
	put(table, "10.0.0.0/8", 1, CIDR_NONE);
	put(table, "10.1.2.3", 5, CIDR_NONE);
	put(table, "2001:db8::/32", 6, CIDR_NONE);
	put(table, "10.0.0.0/8", 9, 1);
	assert_int_equal(find(table, "10.0.0.1"), 9);
	assert_int_equal(find(table, "10.1.2.4"), 2);
	assert_int_equal(find(table, "10.1.2.3"), 5);
	assert_int_equal(find(table, "10.129.1.1"), 3);
	assert_int_equal(find(table, "10.128.1.1"), 9);
	assert_int_equal(find(table, "10.200.1.1"), 4);
	assert_int_equal(find(table, "11.0.0.0"), CIDR_NONE);
	assert_int_equal(find(table, "::ffff:10.1.2.3"), 5);
	assert_int_equal(find(table, "2001:db8::1"), 6);
	assert_int_equal(find(table, "2001:db9::1"), CIDR_NONE);
	put(table, "all", 7, CIDR_NONE);
	assert_int_equal(find(table, "11.0.0.0"), 7);
	assert_int_equal(find(table, "2001:db9::1"), 7);
	assert_int_equal(find(table, "unix:"), CIDR_NONE);

	struct cidr cidr = parsed("10.1.0.0/16");
	assert_true(cidr_table_drop(table, &cidr));
	assert_false(cidr_table_drop(table, &cidr));
	assert_int_equal(find(table, "10.1.2.4"), 9);
	assert_int_equal(find(table, "10.1.2.3"), 5);
	cidr = parsed("10.128.0.0/9");
	assert_false(cidr_table_drop(table, &cidr));
	cidr = parsed("unix:");
	assert_int_equal(cidr_table_put(table, &cidr, 1, NULL), -EINVAL);
	cidr_table_destroy(table);
}

/* Against the plain way: look at each. The networks crowd into few bits, so that many nest. */
static void many_networks_answer_as_one_by_one(void **state)
{
	enum { MANY = 600 };
	static struct cidr nets[MANY];
	(void)state;
	struct cidr_table *table = cidr_table_create();
	assert_non_null(table);
	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t word = random_word();
		struct cidr net = {.kind = i % 3 == 0 ? CIDR_V6 : CIDR_V4};
		uint32_t most = i % 3 == 0 ? 128 : 32;
		char text[64];
		net.octets[0] = (uint8_t)(word & 3);
		net.octets[1] = (uint8_t)(word >> 8 & 0x81);
		net.octets[2] = (uint8_t)(word >> 16 & 0xc0);
		(void)snprintf(text, sizeof(text), i % 3 == 0 ? "%x:%x::/%u" : "%u.%u.0.0/%u",
			i % 3 == 0 ? net.octets[0] << 8 | net.octets[1] : net.octets[0],
			i % 3 == 0 ? net.octets[2] << 8 : net.octets[1],
			(unsigned)(word >> 32) % (most + 1));
		assert_true(cidr_parse(&nets[i], slice_of(text), NULL) >= 0);
		assert_int_equal(cidr_table_put(table, &nets[i], i, NULL), 0);
	}
	for (uint32_t round = 0; round < 3000; round++) {
		uint64_t word = random_word();
		uint8_t octets[16] = {
			word & 3, word >> 8 & 0x81, word >> 16 & 0xc0, word >> 24 & 1};
		struct slice addr = {(const char *)octets, round % 2 == 0 ? 4 : 16};
		uint32_t want = CIDR_NONE;
		for (uint32_t i = 0; i < MANY; i++) {
			/* Of equal ones the last was put last. */
			if (cidr_has_octets(&nets[i], addr) &&
				(want == CIDR_NONE || nets[i].bits >= nets[want].bits))
				want = i;
		}
		assert_int_equal(cidr_table_find_octets(table, addr), want);
	}
	cidr_table_destroy(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_in_a_network_or_not),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(bits_beyond_the_prefix_are_told_and_cleared),
		cmocka_unit_test(the_longest_network_counts),
		cmocka_unit_test(many_networks_answer_as_one_by_one),
	};
	return cmocka_run_group_tests_name("base/cidr", tests, NULL, NULL);
}
