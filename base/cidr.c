#include "base/cidr.h"

#include <arpa/inet.h>
#include <errno.h>

static uint32_t most_bits(uint8_t kind)
{
	return kind == CIDR_V4 ? 32 : 128;
}

/* Clears what lies beyond the prefix; true when something did. */
static bool cut_low_bits(struct cidr *cidr)
{
	bool had_bits = false;
	for (uint32_t i = 0; i < most_bits(cidr->kind) / 8; i++) {
		uint32_t kept = cidr->bits <= i * 8 ? 0 : cidr->bits - i * 8;
		uint8_t mask = kept >= 8 ? 0xff : (uint8_t)(0xff00u >> kept);
		had_bits = had_bits || (cidr->octets[i] & (uint8_t)~mask) != 0;
		cidr->octets[i] &= mask;
	}
	return had_bits;
}

static int parse_bits(uint8_t *ret_bits, const char *text, uint32_t most)
{
	uint32_t bits = 0;
	if (*text == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		bits = bits * 10 + (uint32_t)(*text - '0');
		if (bits > most)
			return -EINVAL;
	}
	*ret_bits = (uint8_t)bits;
	return 0;
}

int cidr_parse(struct cidr *ret_cidr, struct slice text, struct err *warning)
{
	char copy[INET6_ADDRSTRLEN + 8];
	struct cidr cidr = {0};
	if (slice_is(text, SLICE("all")) || slice_is(text, SLICE("unix:"))) {
		cidr.kind = text.p[0] == 'a' ? CIDR_ALL : CIDR_UNIX;
		*ret_cidr = cidr;
		return 0;
	}
	if (text.n >= sizeof(copy) || memchr(text.p, '\0', text.n) != NULL)
		return -EINVAL;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	char *slash = strchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	if (inet_pton(AF_INET, copy, cidr.octets) == 1)
		cidr.kind = CIDR_V4;
	else if (inet_pton(AF_INET6, copy, cidr.octets) == 1)
		cidr.kind = CIDR_V6;
	else
		return -EINVAL;
	cidr.bits = (uint8_t)most_bits(cidr.kind);
	if (slash != NULL && parse_bits(&cidr.bits, slash + 1, cidr.bits) != 0)
		return -EINVAL;
	bool had_bits = cut_low_bits(&cidr);
	*ret_cidr = cidr;
	if (had_bits)
		err_set(warning, "low address bits of %.*s are meaningless", (int)text.n, text.p);
	return had_bits ? 1 : 0;
}

static bool has_prefix(const uint8_t *octets, const uint8_t *prefix, uint32_t bits)
{
	if (memcmp(octets, prefix, bits / 8) != 0)
		return false;
	uint32_t left = bits % 8;
	return left == 0 || ((octets[bits / 8] ^ prefix[bits / 8]) >> (8 - left)) == 0;
}

bool cidr_has_octets(const struct cidr *cidr, struct slice octets)
{
	switch (cidr->kind) {
	case CIDR_ALL:
		return true;
	case CIDR_UNIX:
		return octets.n == 0;
	case CIDR_V4:
	case CIDR_V6:
		return octets.n == most_bits(cidr->kind) / 8 &&
		       has_prefix((const uint8_t *)octets.p, cidr->octets, cidr->bits);
	default:
		return false;
	}
}

bool cidr_has(const struct cidr *cidr, const struct addr *addr)
{
	return cidr_has_octets(cidr, addr_ip_octets(addr));
}
