/* test/unit/test_proxy_dns_answer.c: what name servers say, and what they had better not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/dns_answer.h"

/* A packet that is written piece by piece. */
static uint8_t packet[65536];
static size_t size;
static struct dns_answer answer;

enum { A = DNS_A, CNAME = 5, AAAA = DNS_AAAA, SRV = DNS_SRV, QUESTION_AT = 12 };

static void put(const void *octets, size_t n)
{
	memcpy(packet + size, octets, n);
	size += n;
}

static void put_u16(unsigned value)
{
	const uint8_t octets[] = {(uint8_t)(value >> 8), (uint8_t)value};
	put(octets, 2);
}

static void put_name(const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");
		packet[size++] = (uint8_t)n;
		put(name, n);
		name += n + (name[n] == '.');
	}
	packet[size++] = 0;
}

static void begin(unsigned flags, unsigned records, const char *name, unsigned type)
{
	size = 0;
	put_u16(0x1234);
	put_u16(flags);
	put_u16(1);
	put_u16(records);
	put_u16(0);
	put_u16(0);
	put_name(name);
	put_u16(type);
	put_u16(1);
}

/* Returns where its octets begin. */
static size_t begin_record(const char *name, unsigned type, uint32_t ttl_s)
{
	if (name != NULL)
		put_name(name);
	else
		put_u16(0xc000 | QUESTION_AT);
	put_u16(type);
	put_u16(1);
	put_u16(ttl_s >> 16);
	put_u16(ttl_s & 0xffff);
	put_u16(0);
	return size;
}

static void end_record(size_t at)
{
	packet[at - 2] = (uint8_t)((size - at) >> 8);
	packet[at - 1] = (uint8_t)(size - at);
}

static void put_a(const char *name, uint32_t ttl_s, uint8_t last)
{
	const uint8_t octets[] = {127, 0, 0, last};
	size_t at = begin_record(name, A, ttl_s);
	put(octets, sizeof(octets));
	end_record(at);
}

static void put_cname(const char *name, uint32_t ttl_s, const char *alias)
{
	size_t at = begin_record(name, CNAME, ttl_s);
	put_name(alias);
	end_record(at);
}

static void put_srv(unsigned priority, unsigned weight, unsigned port, const char *target)
{
	size_t at = begin_record(NULL, SRV, 60);
	put_u16(priority);
	put_u16(weight);
	put_u16(port);
	put_name(target);
	end_record(at);
}

/* From memory of that very size, so that a read behind it is seen. */
static bool is_read(enum dns_type type, size_t n)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);
	assert_non_null(copy);
	memcpy(copy, packet, n);
	bool is_ok = dns_answer_read(&answer, type, copy, n);
	free(copy);
	return is_ok;
}

static void check_addr(uint32_t i, const char *want)
{
	char text[ADDR_TEXT];
	addr_format(&answer.addrs[i], text);
	assert_string_equal(text, want);
}

static void addresses(void **state)
{
	(void)state;
	begin(0x8180, 3, "w.test", A);
	put_a(NULL, 300, 1);
	put_a("W.Test", 20, 2);
	put_a("other.test", 1, 3);
	assert_true(is_read(DNS_A, size));
	assert_int_equal(answer.code, DNS_OK);
	assert_int_equal(answer.count, 2);
	assert_int_equal(answer.ttl_s, 20);
	check_addr(0, "127.0.0.1:0");
	check_addr(1, "127.0.0.2:0");
	begin(0x8180, 1, "w.test", AAAA);
	size_t at = begin_record(NULL, AAAA, 5);
	put("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	end_record(at);
	assert_true(is_read(DNS_AAAA, size));
	assert_int_equal(answer.count, 1);
	check_addr(0, "[::1]:0");
}

static void nothing(void **state)
{
	(void)state;
	begin(0x8180, 0, "w.test", A);
	assert_true(is_read(DNS_A, size));
	assert_int_equal(answer.code, DNS_OK);
	assert_int_equal(answer.count, 0);
	assert_string_equal(answer.alias, "");
	begin(0x8183, 0, "w.test", A);
	assert_true(is_read(DNS_A, size));
	assert_int_equal(answer.code, DNS_NO_SUCH_NAME);
	/* What comes with an error does not count. */
	begin(0x8182, 1, "w.test", A);
	put_a(NULL, 300, 1);
	assert_true(is_read(DNS_A, size));
	assert_int_equal(answer.code, DNS_SERVER_FAILURE);
	assert_int_equal(answer.count, 0);
}

static void aliases_with_and_without_an_address(void **state)
{
	(void)state;
	begin(0x8180, 3, "w.test", A);
	put_a("c.test", 300, 9); /* in front of what leads to it */
	put_cname(NULL, 200, "b.test");
	put_cname("b.test", 7, "c.test");
	assert_true(is_read(DNS_A, size));
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.ttl_s, 7);
	check_addr(0, "127.0.0.9:0");
	begin(0x8180, 2, "w.test", A);
	put_cname(NULL, 200, "b.test");
	put_cname("b.test", 7, "c.test");
	assert_true(is_read(DNS_A, size));
	assert_int_equal(answer.count, 0);
	assert_string_equal(answer.alias, "c.test");
	assert_int_equal(answer.ttl_s, 7);
}

static void an_alias_of_itself(void **state)
{
	(void)state;
	begin(0x8180, 2, "w.test", A);
	put_cname(NULL, 200, "b.test");
	put_cname("b.test", 7, "w.test");
	assert_true(is_read(DNS_A, size));
	assert_int_equal(answer.count, 0);
	assert_string_not_equal(answer.alias, "");
}

static void services(void **state)
{
	(void)state;
	begin(0x8180, 2, "_http._tcp.w.test", SRV);
	put_srv(2, 6, 8188, "a.test");
	put_srv(1, 0, 65535, "b.test");
	assert_true(is_read(DNS_SRV, size));
	assert_int_equal(answer.count, 2);
	assert_int_equal(answer.services[0].priority, 2);
	assert_int_equal(answer.services[0].weight, 6);
	assert_int_equal(answer.services[0].port, 8188);
	assert_string_equal(answer.services[0].name, "a.test");
	assert_int_equal(answer.services[1].port, 65535);
}

static void lifetimes(void **state)
{
	(void)state;
	static const uint32_t given[] = {0, 1, INT32_MAX, UINT32_C(0x80000000), UINT32_MAX};
	static const uint32_t wanted[] = {0, 1, INT32_MAX, 0, 0};
	for (size_t i = 0; i < COUNT_OF(given); i++) {
		begin(0x8180, 1, "w.test", A);
		put_a(NULL, given[i], 1);
		assert_true(is_read(DNS_A, size));
		assert_int_equal(answer.ttl_s, wanted[i]);
	}
}

static void more_than_there_is_room_for(void **state)
{
	(void)state;
	begin(0x8180, 1000, "w.test", A);
	for (unsigned i = 0; i < 1000; i++)
		put_a(NULL, 300, (uint8_t)i);
	assert_true(is_read(DNS_A, size));
	assert_int_equal(answer.count, DNS_ADDRS_MOST);
	begin(0x8180, 200, "w.test", SRV);
	for (unsigned i = 0; i < 200; i++)
		put_srv(1, 1, i, "a.test");
	assert_true(is_read(DNS_SRV, size));
	assert_int_equal(answer.count, DNS_SERVICES_MOST);
}

static void what_is_cut_is_no_answer(void **state)
{
	(void)state;
	begin(0x8180, 3, "w.test", A);
	put_cname(NULL, 200, "b.test");
	put_a("b.test", 300, 1);
	put_a("b.test", 300, 2);
	for (size_t n = 0; n < size; n++)
		assert_false(is_read(DNS_A, n));
	assert_true(is_read(DNS_A, size));
}

static void names_that_point_in_a_circle(void **state)
{
	(void)state;
	begin(0x8180, 1, "w.test", A);
	size_t here = size;
	put_u16(0xc000 | (unsigned)here);
	size_t at = begin_record("", A, 300);
	put("\1\2\3\4", 4);
	end_record(at);
	assert_false(is_read(DNS_A, size));
	begin(0x8180, 1, "w.test", A);
	at = begin_record(NULL, CNAME, 300);
	put_u16(0xc000 | (unsigned)at);
	end_record(at);
	assert_false(is_read(DNS_A, size));
	begin(0x8180, 1, "w.test", A);
	at = begin_record(NULL, CNAME, 300);
	put_u16(0xffff);
	end_record(at);
	assert_false(is_read(DNS_A, size));
}

static void a_name_that_is_longer_than_its_record(void **state)
{
	(void)state;
	begin(0x8180, 1, "w.test", A);
	size_t at = begin_record(NULL, CNAME, 300);
	end_record(at);
	put_name("b.test");
	assert_false(is_read(DNS_A, size));
}

static void addresses_of_a_wrong_size(void **state)
{
	(void)state;
	for (size_t n = 0; n < 20; n++) {
		begin(0x8180, 1, "w.test", A);
		size_t at = begin_record(NULL, A, 300);
		size += n;
		end_record(at);
		assert_int_equal(is_read(DNS_A, size), n == 4);
	}
}

static void what_answers_something_else(void **state)
{
	(void)state;
	begin(0x0180, 1, "w.test", A); /* a question */
	put_a(NULL, 300, 1);
	assert_false(is_read(DNS_A, size));
	begin(0xa980, 1, "w.test", A); /* another opcode */
	put_a(NULL, 300, 1);
	assert_false(is_read(DNS_A, size));
	begin(0x8180, 1, "w.test", AAAA); /* another type */
	put_a(NULL, 300, 1);
	assert_false(is_read(DNS_A, size));
	begin(0x8180, 1, "w.test", A);
	put_a(NULL, 300, 1);
	packet[5] = 2; /* two questions */
	assert_false(is_read(DNS_A, size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(nothing),
		cmocka_unit_test(aliases_with_and_without_an_address),
		cmocka_unit_test(an_alias_of_itself),
		cmocka_unit_test(services),
		cmocka_unit_test(lifetimes),
		cmocka_unit_test(more_than_there_is_room_for),
		cmocka_unit_test(what_is_cut_is_no_answer),
		cmocka_unit_test(names_that_point_in_a_circle),
		cmocka_unit_test(a_name_that_is_longer_than_its_record),
		cmocka_unit_test(addresses_of_a_wrong_size),
		cmocka_unit_test(what_answers_something_else),
	};
	return cmocka_run_group_tests_name("proxy/dns_answer", tests, NULL, NULL);
}
