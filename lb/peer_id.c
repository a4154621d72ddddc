#include "lb/peer_id.h"

#include <openssl/evp.h>

void lb_peer_id(const char *address, char out[33])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (EVP_Digest(address, strlen(address), digest, &n, EVP_md5(), NULL) != 1 || n != 16)
		n = 0;
	for (unsigned i = 0; i < n; i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[2 * n] = '\0';
}
