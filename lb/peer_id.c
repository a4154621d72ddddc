#include "lb/peer_id.h"

#include <openssl/evp.h>

void lb_peer_id(const char *address, char out[33])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned octets = 0;
	size_t n = 16;
	if (EVP_Digest(address, strlen(address), digest, &octets, EVP_md5(), NULL) != 1 ||
		octets != n)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[2 * n] = '\0';
}
