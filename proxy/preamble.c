/*
 * proxy/preamble.c - reading the PROXY protocol's header.
 */
#include "proxy/preamble.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define V2_HEAD 16       /* octets up to the addresses */
#define V2_INET 12       /* two addresses, two ports */
#define V2_INET6 36      /* likewise */
#define TLV_HEAD 3       /* type and length */
#define SSL_HEAD 5       /* of the TLV `ssl`: flags and what verifying gave; then TLVs of its own */
#define SHOWN_OCTETS 100 /* of what is no header; each takes up to four letters */

#define TLV_SSL 0x20
#define NO_TYPE UINT32_MAX

static const struct slice line_start = {"PROXY ", 6};
static const struct slice signature = {"\r\n\r\n\0\r\nQUIT\n", 12};

static enum preamble_verdict broken(struct slice in, struct err *why)
{
	char shown[SHOWN_OCTETS * 4 + 1];
	size_t n = 0;
	for (size_t i = 0; i < in.n && i < SHOWN_OCTETS; i++) {
		unsigned char c = (unsigned char)in.p[i];
		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
			shown[n++] = (char)c;
		else
			n += (size_t)snprintf(shown + n, sizeof(shown) - n, "\\x%02X", c);
	}
	shown[n] = '\0';
	err_set(why, "broken header: \"%s\"", shown);
	return PREAMBLE_BAD;
}

/* -- version 1 -- */

/* The word in front of `end`, which is taken off, too. */
static bool take_word(struct slice *line, char end, struct slice *ret)
{
	const char *stop = memchr(line->p, end, line->n);
	if (stop == NULL)
		return false;
	*ret = (struct slice){line->p, (size_t)(stop - line->p)};
	line->p += ret->n + 1;
	line->n -= ret->n + 1;
	return true;
}

static bool take_addr(struct slice *line, int family, char ret[INET6_ADDRSTRLEN])
{
	struct in6_addr unused;
	struct slice word;
	if (!take_word(line, ' ', &word) || word.n >= INET6_ADDRSTRLEN ||
		memchr(word.p, '\0', word.n) != NULL)
		return false;
	memcpy(ret, word.p, word.n);
	ret[word.n] = '\0';
	return inet_pton(family, ret, &unused) == 1;
}

static bool take_port(struct slice *line, char end, uint16_t *ret)
{
	struct slice word;
	uint32_t port = 0;
	if (!take_word(line, end, &word) || word.n == 0 || word.n > 5)
		return false;
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] < '0' || word.p[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(word.p[i] - '0');
	}
	*ret = (uint16_t)port;
	return port <= UINT16_MAX;
}

/* What follows "PROXY ", with its line end. */
static bool read_line(struct slice line, struct preamble *ret)
{
	if (slice_starts(line, SLICE("UNKNOWN")))
		return true;
	bool is_v4 = slice_starts(line, SLICE("TCP4 "));
	int family = is_v4 ? AF_INET : AF_INET6;
	if (!is_v4 && !slice_starts(line, SLICE("TCP6 ")))
		return false;
	line.p += 5;
	line.n -= 5;
	return take_addr(&line, family, ret->addr) && take_addr(&line, family, ret->server_addr) &&
	       take_port(&line, ' ', &ret->port) && take_port(&line, '\r', &ret->server_port) &&
	       line.n == 1;
}

static enum preamble_verdict parse_line(
	struct slice in, struct preamble *ret, size_t *ret_bytes, struct err *why)
{
	const char *end = memchr(in.p, '\n', min_size(in.n, PREAMBLE_LINE));
	if (end == NULL)
		return in.n < PREAMBLE_LINE ? PREAMBLE_MORE : broken(in, why);
	size_t n = (size_t)(end - in.p) + 1;
	struct slice line = {in.p + line_start.n, n - line_start.n};
	if (end[-1] != '\r' || !read_line(line, ret))
		return broken(in, why);
	*ret_bytes = n;
	return PREAMBLE_DONE;
}

/* -- version 2 -- */

static uint16_t number_at(const char *p)
{
	return (uint16_t)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

static bool read_addrs(struct slice *rest, int family, size_t octets, struct preamble *ret)
{
	size_t all = octets * 2 + 4;
	if (rest->n < all || inet_ntop(family, rest->p, ret->addr, sizeof(ret->addr)) == NULL ||
		inet_ntop(family, rest->p + octets, ret->server_addr, sizeof(ret->server_addr)) ==
			NULL)
		return false;
	ret->port = number_at(rest->p + octets * 2);
	ret->server_port = number_at(rest->p + octets * 2 + 2);
	ret->tlvs = (struct slice){rest->p + all, rest->n - all};
	return true;
}

static enum preamble_verdict parse_octets(
	struct slice in, struct preamble *ret, size_t *ret_bytes, struct err *why)
{
	if (in.n < V2_HEAD)
		return PREAMBLE_MORE;
	unsigned version = (unsigned char)in.p[12] >> 4, command = in.p[12] & 15;
	unsigned family = (unsigned char)in.p[13] >> 4, transport = in.p[13] & 15;
	struct slice rest = {in.p + V2_HEAD, number_at(in.p + 14)};
	if (version != 2) {
		err_set(why, "unknown PROXY protocol version: %u", version);
		return PREAMBLE_BAD;
	}
	if (rest.n > PREAMBLE_MOST - V2_HEAD) {
		err_set(why, "header is too large");
		return PREAMBLE_BAD;
	}
	if (in.n - V2_HEAD < rest.n)
		return PREAMBLE_MORE;
	bool is_told = command == 1 && transport == 1; /* PROXY, STREAM */
	if (is_told && family == 1 && !read_addrs(&rest, AF_INET, 4, ret))
		return broken(in, why);
	if (is_told && family == 2 && !read_addrs(&rest, AF_INET6, 16, ret))
		return broken(in, why);
	*ret_bytes = V2_HEAD + rest.n;
	return PREAMBLE_DONE;
}

static bool may_begin_with(struct slice in, struct slice start)
{
	return memcmp(in.p, start.p, min_size(in.n, start.n)) == 0;
}

enum preamble_verdict preamble_parse(
	struct slice in, struct preamble *ret, size_t *ret_bytes, struct err *why)
{
	*ret = (struct preamble){.port = 0};
	if (in.n == 0)
		return PREAMBLE_MORE;
	if (may_begin_with(in, signature))
		return parse_octets(in, ret, ret_bytes, why);
	if (may_begin_with(in, line_start))
		return in.n < line_start.n ? PREAMBLE_MORE : parse_line(in, ret, ret_bytes, why);
	return broken(in, why);
}

struct preamble *preamble_copy(const struct preamble *preamble)
{
	struct preamble *copy = malloc(sizeof(*copy) + preamble->tlvs.n);
	if (copy == NULL)
		return NULL;
	*copy = *preamble;
	copy->tlvs.p = (const char *)(copy + 1);
	if (preamble->tlvs.n != 0)
		memcpy(copy + 1, preamble->tlvs.p, preamble->tlvs.n);
	return copy;
}

/* -- TLVs -- */

struct tlv_name {
	const char *name;
	uint32_t type;
};

static const struct tlv_name names[] = {{"alpn", 0x01}, {"authority", 0x02}, {"unique_id", 0x05},
	{"ssl", TLV_SSL}, {"netns", 0x30}};
static const struct tlv_name ssl_names[] = {
	{"version", 0x21}, {"cn", 0x22}, {"cipher", 0x23}, {"sig_alg", 0x24}, {"key_alg", 0x25}};

/* "0x1f"; NO_TYPE: it is none. What no octet holds is a type that nobody has. */
static uint32_t type_of_hex(struct slice digits)
{
	uint32_t type = 0;
	if (digits.n == 0)
		return NO_TYPE;
	for (size_t i = 0; i < digits.n; i++) {
		char c = ascii_lower(digits.p[i]);
		bool is_digit = c >= '0' && c <= '9';
		if (!is_digit && (c < 'a' || c > 'f'))
			return NO_TYPE;
		type = type << 4 | (uint32_t)(is_digit ? c - '0' : c - 'a' + 10);
		if (type > UINT8_MAX)
			type = UINT8_MAX + 1;
	}
	return type;
}

static uint32_t type_of(const struct tlv_name *table, size_t count, struct slice name)
{
	if (slice_starts(name, SLICE("0x")))
		return type_of_hex((struct slice){name.p + 2, name.n - 2});
	for (size_t i = 0; i < count; i++)
		if (slice_is(name, slice_of(table[i].name)))
			return table[i].type;
	return NO_TYPE;
}

static enum preamble_tlv find(struct slice tlvs, uint32_t type, struct slice *ret)
{
	while (tlvs.n != 0) {
		if (tlvs.n < TLV_HEAD || tlvs.n - TLV_HEAD < number_at(tlvs.p + 1))
			return PREAMBLE_TLV_BROKEN;
		size_t n = number_at(tlvs.p + 1);
		if ((unsigned char)tlvs.p[0] == type) {
			*ret = (struct slice){tlvs.p + TLV_HEAD, n};
			return PREAMBLE_TLV_FOUND;
		}
		tlvs.p += TLV_HEAD + n;
		tlvs.n -= TLV_HEAD + n;
	}
	return PREAMBLE_TLV_MISSING;
}

/* What stands in the TLV `ssl`. */
static enum preamble_tlv find_ssl(
	struct slice ssl, struct slice name, char digits[PREAMBLE_DIGITS], struct slice *ret)
{
	uint32_t type = type_of(ssl_names, COUNT_OF(ssl_names), name);
	if (ssl.n < SSL_HEAD)
		return PREAMBLE_TLV_BROKEN;
	if (slice_is(name, SLICE("verify"))) {
		uint32_t verify = (uint32_t)number_at(ssl.p + 1) << 16 | number_at(ssl.p + 3);
		int n = snprintf(digits, PREAMBLE_DIGITS, "%u", verify);
		*ret = (struct slice){digits, (size_t)n};
		return PREAMBLE_TLV_FOUND;
	}
	if (type == NO_TYPE)
		return PREAMBLE_TLV_UNNAMED;
	return find((struct slice){ssl.p + SSL_HEAD, ssl.n - SSL_HEAD}, type, ret);
}

enum preamble_tlv preamble_tlv(const struct preamble *preamble, struct slice name,
	char digits[PREAMBLE_DIGITS], struct slice *ret)
{
	if (slice_starts(name, SLICE("ssl_"))) {
		struct slice inner = {name.p + 4, name.n - 4}, ssl;
		enum preamble_tlv found = find(preamble->tlvs, TLV_SSL, &ssl);
		return found == PREAMBLE_TLV_FOUND ? find_ssl(ssl, inner, digits, ret) : found;
	}
	uint32_t type = type_of(names, COUNT_OF(names), name);
	return type == NO_TYPE ? PREAMBLE_TLV_UNNAMED : find(preamble->tlvs, type, ret);
}
