/*
 * proxy/preamble.h - the header of the PROXY protocol: what a balancer in front of us says of a
 * connection, ahead of the client's own octets. Pure: reads octets, knows no socket.
 *
 *   version 1   PROXY TCP4 192.0.2.1 192.0.2.2 1234 80 CR LF        PROXY UNKNOWN ... CR LF
 *   version 2   12 octets of signature | version, command | family, transport | length
 *               '- addresses and ports, then TLVs: type | length | value, as far as `length` goes
 *
 * Source: HAProxy's proxy-protocol.txt. What it leaves open is read as nginx reads it: a family, a
 * transport or a command that we do not know is a connection of which nothing is said.
 */
#ifndef PROXY_PREAMBLE_H
#define PROXY_PREAMBLE_H

#include "base/base.h"
#include "base/err.h"

#include <netinet/in.h>

#define PREAMBLE_LINE 107  /* octets of version 1, its line end included */
#define PREAMBLE_MOST 4096 /* of version 2, as much as nginx takes */

struct preamble {
	/* As text, terminated; version 1's as it was written. "": it does not say (LOCAL, UNKNOWN);
	 * then the rest says nothing either. */
	char addr[INET6_ADDRSTRLEN], server_addr[INET6_ADDRSTRLEN];
	uint16_t port, server_port;
	struct slice tlvs; /* version 2's, unchecked; in what was parsed, or behind the copy */
};

enum preamble_verdict { PREAMBLE_MORE, PREAMBLE_DONE, PREAMBLE_BAD };

/* `in` begins with a connection's first octet. DONE: *ret is filled, the header has *ret_bytes.
 * MORE: all of `in` is the header's. BAD: `why` has nginx's words; nothing that a later octet could
 * mend. The same for any way to cut the octets into pieces. */
enum preamble_verdict preamble_parse(
	struct slice in, struct preamble *ret, size_t *ret_bytes, struct err *why) MUST_CHECK;

/* A copy with its TLVs, for free(). NULL: no memory. */
struct preamble *preamble_copy(const struct preamble *preamble) MUST_CHECK;

enum preamble_tlv {
	PREAMBLE_TLV_FOUND,
	PREAMBLE_TLV_MISSING,
	PREAMBLE_TLV_BROKEN, /* some length before it leads out of the header */
	PREAMBLE_TLV_UNNAMED /* there is no such name */
};

#define PREAMBLE_DIGITS 11

/* By what follows $proxy_protocol_tlv_, in lower case: "alpn", "authority", "unique_id", "ssl",
 * "netns", "0x1f"; "ssl_verify" as a number, written into `digits`; "ssl_version", "ssl_cn",
 * "ssl_cipher", "ssl_sig_alg", "ssl_key_alg", "ssl_0x21". The first of its type counts. */
enum preamble_tlv preamble_tlv(const struct preamble *preamble, struct slice name,
	char digits[PREAMBLE_DIGITS], struct slice *ret) MUST_CHECK;

#endif
