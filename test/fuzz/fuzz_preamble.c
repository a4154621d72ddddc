/*
 * The input begins a connection: its header is the same in one piece and with every octet that
 * comes, and no TLV lies outside of it.
 */
#include "proxy/preamble.h"
#include "test/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <stdlib.h>

static const char *const names[] = {"alpn", "authority", "unique_id", "ssl", "netns", "ssl_verify",
	"ssl_version", "ssl_cn", "ssl_cipher", "0x0", "0xff", "ssl_0x21"};

static bool is_address(const char *text)
{
	struct in6_addr unused;
	return inet_pton(AF_INET, text, &unused) == 1 || inet_pton(AF_INET6, text, &unused) == 1;
}

static void assert_good(const struct preamble *preamble, struct slice header)
{
	if (preamble->addr[0] == '\0') {
		ensure(preamble->server_addr[0] == '\0' && preamble->tlvs.n == 0);
		return;
	}
	ensure(is_address(preamble->addr) && is_address(preamble->server_addr));
	ensure(preamble->tlvs.n == 0 || preamble->tlvs.p + preamble->tlvs.n == header.p + header.n);
	struct preamble *copy = preamble_copy(preamble);
	ensure(copy != NULL);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char digits[PREAMBLE_DIGITS];
		struct slice value;
		if (preamble_tlv(copy, slice_of(names[i]), digits, &value) != PREAMBLE_TLV_FOUND ||
			value.p == digits)
			continue;
		ensure(value.p >= copy->tlvs.p && value.p + value.n <= copy->tlvs.p + copy->tlvs.n);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = {(const char *)data, size};
	struct preamble whole, part;
	struct err why;
	size_t bytes = 0, part_bytes = 0;
	enum preamble_verdict verdict = preamble_parse(in, &whole, &bytes, &why);
	if (verdict == PREAMBLE_MORE)
		ensure(size < PREAMBLE_MOST);
	if (verdict == PREAMBLE_DONE) {
		ensure(bytes <= size && bytes <= PREAMBLE_MOST);
		assert_good(&whole, (struct slice){in.p, bytes});
	}
	size_t most = min_size(size, PREAMBLE_MOST);
	for (size_t n = 0; n <= most; n++) {
		enum preamble_verdict early = preamble_parse(
			(struct slice){in.p, n}, &part, &part_bytes, &why);
		ensure(early == PREAMBLE_MORE || early == verdict);
		if (early == PREAMBLE_DONE)
			ensure(part_bytes == bytes && n >= bytes);
		if (early != PREAMBLE_MORE)
			break;
	}
	return 0;
}
