/*
 * test/unit/test_proxy_preamble.c - the PROXY protocol's header: what is one, in any pieces, and
 * what it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/preamble.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\0\x02\x01\xc0\0\x02\x02\0\x7b\x16\x2e"
#define V6                                                                                         \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"     \
	"\0\x7b\x16\x2e"

struct row {
	struct slice in;
	enum preamble_verdict verdict;
	const char *said; /* "addr port server_addr port", "" for nothing; of what is bad, why */
};

static const struct row rows[] = {
	{{"PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\n", 41}, PREAMBLE_DONE,
		"192.0.2.1 123 192.0.2.2 5678"},
	{{"PROXY TCP6 2001:Db8::1 2001:Db8::2 0 65535\r\n", 44}, PREAMBLE_DONE,
		"2001:Db8::1 0 2001:Db8::2 65535"},
	{{"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
		 104},
		PREAMBLE_DONE,
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"},
	{{"PROXY UNKNOWN\r\n", 15}, PREAMBLE_DONE, ""},
	{{"PROXY UNKNOWN 1 2 3 4 5 6\r\n", 27}, PREAMBLE_DONE, ""},
	{{SIGNATURE "\x21\x11\0\x0c" V4, 28}, PREAMBLE_DONE, "192.0.2.1 123 192.0.2.2 5678"},
	{{SIGNATURE "\x21\x21\0\x24" V6, 52}, PREAMBLE_DONE, "2001:db8::1 123 2001:db8::2 5678"},
	{{SIGNATURE "\x21\x11\0\x15" V4 "\x04\0\x06padded", 37}, PREAMBLE_DONE,
		"192.0.2.1 123 192.0.2.2 5678"},
	{{SIGNATURE "\x20\0\0\0", 16}, PREAMBLE_DONE, ""},        /* LOCAL */
	{{SIGNATURE "\x20\x11\0\x0c" V4, 28}, PREAMBLE_DONE, ""}, /* LOCAL all the same */
	{{SIGNATURE "\x21\0\0\x03"
		    "abc",
		 19},
		PREAMBLE_DONE, ""},                               /* UNSPEC */
	{{SIGNATURE "\x21\x12\0\x0c" V4, 28}, PREAMBLE_DONE, ""}, /* datagrams */
	{{SIGNATURE "\x21\x31\0\x01/", 17}, PREAMBLE_DONE, ""},   /* unix */
	{{SIGNATURE "\x21\x41\0\x04"
		    "\1\2\3\4",
		 20},
		PREAMBLE_DONE, ""},                               /* no such family */
	{{SIGNATURE "\x2f\x11\0\x0c" V4, 28}, PREAMBLE_DONE, ""}, /* no such command */

	{{"GET / HTTP/1.1\r\n", 16}, PREAMBLE_BAD, "broken header: \"GET / HTTP/1.1\\x0D\\x0A\""},
	{{"\x16\x03\x01\"\\", 5}, PREAMBLE_BAD, "broken header: \"\\x16\\x03\\x01\\x22\\x5C\""},
	{{"PROXY\r\n", 7}, PREAMBLE_BAD, "broken header: \"PROXY\\x0D\\x0A\""},
	{{"proxy UNKNOWN\r\n", 15}, PREAMBLE_BAD, "broken header: \"proxy UNKNOWN\\x0D\\x0A\""},
	{{"PROXY UNKNOWN\n", 14}, PREAMBLE_BAD, "broken header: \"PROXY UNKNOWN\\x0A\""},
	{{"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n", 32}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4\r\n", 12}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 x y 1 2\r\n", 20}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 ::1 ::1 1 2\r\n", 24}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", 32}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n", 33}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", 30}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", 33}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", 36}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n", 33}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 1.2.3.4 1.2.3.4  2\r\n", 31}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", 31}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r \n", 33}, PREAMBLE_BAD, NULL},
	{{"PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n", 33}, PREAMBLE_BAD, NULL},
	{{SIGNATURE "\x11\x11\0\x0c" V4, 28}, PREAMBLE_BAD, "unknown PROXY protocol version: 1"},
	{{SIGNATURE "\xf1\x11\0\x0c" V4, 28}, PREAMBLE_BAD, "unknown PROXY protocol version: 15"},
	{{SIGNATURE "\x21\x11\xff\xff", 16}, PREAMBLE_BAD, "header is too large"},
	{{SIGNATURE "\x21\x11\x0f\xf1", 16}, PREAMBLE_BAD, "header is too large"},
	{{SIGNATURE "\x21\x11\0\x0b" V4, 28}, PREAMBLE_BAD, NULL}, /* shorter than its addresses */
	{{SIGNATURE "\x21\x11\0\0", 16}, PREAMBLE_BAD, NULL},
	{{SIGNATURE "\x21\x21\0\x23" V6, 52}, PREAMBLE_BAD, NULL},
	{{"\r\n\r\n\0\r\nQUIT\r\n", 13}, PREAMBLE_BAD, NULL},
};

/* In a block of its own size, so that a read behind it is seen. */
static enum preamble_verdict parse(
	struct slice in, struct preamble *ret, size_t *ret_bytes, struct err *why)
{
	char *block = malloc(in.n != 0 ? in.n : 1);
	assert_non_null(block);
	memcpy(block, in.p, in.n);
	enum preamble_verdict verdict = preamble_parse(
		(struct slice){block, in.n}, ret, ret_bytes, why);
	ret->tlvs.p = NULL;
	free(block);
	return verdict;
}

static void put(char *to, struct slice octets)
{
	memcpy(to, octets.p, octets.n);
}

static void assert_said(const struct preamble *preamble, const char *want)
{
	char said[256] = "";
	if (preamble->addr[0] != '\0')
		(void)snprintf(said, sizeof(said), "%s %u %s %u", preamble->addr, preamble->port,
			preamble->server_addr, preamble->server_port);
	assert_string_equal(said, want);
}

static void a_header_is_told_from_what_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		struct preamble preamble;
		struct err why = {""};
		size_t bytes = 0;
		assert_int_equal(parse(row->in, &preamble, &bytes, &why), row->verdict);
		if (row->verdict == PREAMBLE_BAD && row->said == NULL)
			assert_memory_equal(why.text, "broken header: \"", 16);
		else if (row->verdict == PREAMBLE_BAD)
			assert_string_equal(why.text, row->said);
		else
			assert_said(&preamble, row->said);
		if (row->verdict == PREAMBLE_DONE)
			assert_int_equal(bytes, row->in.n);
	}
}

/* With each octet that comes: more, more ... and the verdict of the whole, which is the same from
 * then on. */
static void it_is_the_same_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		enum preamble_verdict before = PREAMBLE_MORE;
		for (size_t n = 0; n <= row->in.n; n++) {
			struct preamble preamble;
			struct err why = {""};
			size_t bytes = 0;
			enum preamble_verdict verdict = parse(
				(struct slice){row->in.p, n}, &preamble, &bytes, &why);
			if (before != PREAMBLE_MORE)
				assert_int_equal(verdict, before);
			if (row->verdict == PREAMBLE_DONE)
				assert_int_equal(
					verdict, n < row->in.n ? PREAMBLE_MORE : PREAMBLE_DONE);
			before = verdict;
		}
		assert_int_equal(before, row->verdict);
	}
}

static void what_follows_is_not_the_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char octets[512];
		struct preamble preamble;
		struct err why;
		size_t bytes = 0, n = rows[i].in.n;
		if (rows[i].verdict != PREAMBLE_DONE)
			continue;
		memcpy(octets, rows[i].in.p, n);
		put(octets + n, SLICE("GET / HTTP/1.1\r\n\r\n"));
		assert_int_equal(parse((struct slice){octets, n + 18}, &preamble, &bytes, &why),
			PREAMBLE_DONE);
		assert_int_equal(bytes, n);
		assert_said(&preamble, rows[i].said);
	}
}

static void a_line_without_an_end_is_given_up(void **state)
{
	(void)state;
	char line[PREAMBLE_LINE + 1];
	struct preamble preamble;
	struct err why;
	size_t bytes;
	memset(line, 'x', sizeof(line));
	put(line, SLICE("PROXY UNKNOWN "));
	assert_int_equal(parse((struct slice){line, PREAMBLE_LINE - 1}, &preamble, &bytes, &why),
		PREAMBLE_MORE);
	assert_int_equal(
		parse((struct slice){line, PREAMBLE_LINE}, &preamble, &bytes, &why), PREAMBLE_BAD);
	put(line + PREAMBLE_LINE - 1, SLICE("\r\n"));
	assert_int_equal(
		parse((struct slice){line, sizeof(line)}, &preamble, &bytes, &why), PREAMBLE_BAD);
	put(line + PREAMBLE_LINE - 2, SLICE("\r\n"));
	assert_int_equal(
		parse((struct slice){line, PREAMBLE_LINE}, &preamble, &bytes, &why), PREAMBLE_DONE);
}

static void the_longest_header_is_taken(void **state)
{
	(void)state;
	char *octets = calloc(1, PREAMBLE_MOST);
	struct preamble preamble;
	struct err why;
	size_t bytes;
	assert_non_null(octets);
	put(octets, SLICE(SIGNATURE "\x21\x11\x0f\xf0" V4));
	assert_int_equal(parse((struct slice){octets, PREAMBLE_MOST - 1}, &preamble, &bytes, &why),
		PREAMBLE_MORE);
	assert_int_equal(parse((struct slice){octets, PREAMBLE_MOST}, &preamble, &bytes, &why),
		PREAMBLE_DONE);
	assert_int_equal(bytes, PREAMBLE_MOST);
	assert_int_equal(preamble.tlvs.n, PREAMBLE_MOST - 28);
	free(octets);
}

/* -- TLVs -- */

static const char ssl_tlv[] = "\x20\0\x19\x01\xff\0\0\x2a" /* verify: 4278190122 */
			      "\x21\0\x07TLSv1.3\x22\0\x01"
			      "a"              /* version, cn */
			      "\x25\0\x03RSA"; /* key_alg */

static const struct {
	const char *name;
	enum preamble_tlv found;
	const char *value;
} tlv_rows[] = {
	{"alpn", PREAMBLE_TLV_FOUND, "h2"},
	{"0x1", PREAMBLE_TLV_FOUND, "h2"},
	{"0x0001", PREAMBLE_TLV_FOUND, "h2"},
	{"authority", PREAMBLE_TLV_FOUND, "a.example"},
	{"unique_id", PREAMBLE_TLV_FOUND, ""},
	{"netns", PREAMBLE_TLV_MISSING, ""},
	{"0xea", PREAMBLE_TLV_FOUND, "vpce"},
	{"0xEA", PREAMBLE_TLV_FOUND, "vpce"},
	{"0x1ea", PREAMBLE_TLV_MISSING, ""},
	{"0xffffffffffffffffffea", PREAMBLE_TLV_MISSING, ""},
	{"ssl_verify", PREAMBLE_TLV_FOUND, "4278190122"},
	{"ssl_version", PREAMBLE_TLV_FOUND, "TLSv1.3"},
	{"ssl_0x21", PREAMBLE_TLV_FOUND, "TLSv1.3"},
	{"ssl_cn", PREAMBLE_TLV_FOUND, "a"},
	{"ssl_key_alg", PREAMBLE_TLV_FOUND, "RSA"},
	{"ssl_cipher", PREAMBLE_TLV_MISSING, ""},
	{"ssl_sig_alg", PREAMBLE_TLV_MISSING, ""},
	{"ssl_nonsense", PREAMBLE_TLV_UNNAMED, ""},
	{"ssl_", PREAMBLE_TLV_UNNAMED, ""},
	{"nonsense", PREAMBLE_TLV_UNNAMED, ""},
	{"", PREAMBLE_TLV_UNNAMED, ""},
	{"0x", PREAMBLE_TLV_UNNAMED, ""},
	{"0xg", PREAMBLE_TLV_UNNAMED, ""},
};

static struct preamble *with_tlvs(const void *p, size_t n)
{
	struct preamble preamble = {.addr = "192.0.2.1", .tlvs = {p, n}};
	struct preamble *copy = preamble_copy(&preamble);
	assert_non_null(copy);
	return copy;
}

static void a_tlv_is_found_by_its_name_and_by_its_number(void **state)
{
	(void)state;
	char octets[128];
	size_t n = 0;
#define ADD(text)                                                                                  \
	memcpy(octets + n, text, sizeof(text) - 1);                                                \
	n += sizeof(text) - 1
	ADD("\x01\0\x02h2");
	ADD("\x02\0\x09"
	    "a.example");
	ADD("\x05\0\0");
	ADD(ssl_tlv);
	ADD("\xea\0\x04vpce");
	ADD("\xea\0\x05later");
#undef ADD
	struct preamble *preamble = with_tlvs(octets, n);
	for (size_t i = 0; i < COUNT_OF(tlv_rows); i++) {
		char digits[PREAMBLE_DIGITS];
		struct slice value = {"", 0};
		assert_int_equal(preamble_tlv(preamble, slice_of(tlv_rows[i].name), digits, &value),
			tlv_rows[i].found);
		assert_true(slice_is(value, slice_of(tlv_rows[i].value)));
	}
	free(preamble);
}

static void a_length_that_leads_out_is_noticed_and_what_stands_before_it_is_found(void **state)
{
	(void)state;
	static const struct slice broken[] = {{"\x01\0\x01h\x02\0\x05"
					       "abcd",
						      11},
		{"\x01\0\x01h\x02\xff\xff", 7}, {"\x01\0\x01h\x02\0", 6}, {"\x01\0\x01h\x02", 5},
		{"\x01\0\x01h\x20\0\x04"
		 "abcd",
			11},
		{"\x01\0\x01h\x20\0\x08\0\0\0\0\0\x02\0\x01", 15}};
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		char digits[PREAMBLE_DIGITS];
		struct slice value;
		struct preamble *preamble = with_tlvs(broken[i].p, broken[i].n);
		assert_int_equal(
			preamble_tlv(preamble, SLICE("alpn"), digits, &value), PREAMBLE_TLV_FOUND);
		assert_true(slice_is(value, SLICE("h")));
		assert_int_equal(
			preamble_tlv(preamble, i < 4 ? SLICE("authority") : SLICE("ssl_cn"), digits,
				&value),
			PREAMBLE_TLV_BROKEN);
		free(preamble);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_told_from_what_is_none),
		cmocka_unit_test(it_is_the_same_however_it_is_cut),
		cmocka_unit_test(what_follows_is_not_the_headers),
		cmocka_unit_test(a_line_without_an_end_is_given_up),
		cmocka_unit_test(the_longest_header_is_taken),
		cmocka_unit_test(a_tlv_is_found_by_its_name_and_by_its_number),
		cmocka_unit_test(
			a_length_that_leads_out_is_noticed_and_what_stands_before_it_is_found),
	};
	return cmocka_run_group_tests_name("proxy/preamble", tests, NULL, NULL);
}
