#include "http/ws_accept.h"

#include <openssl/evp.h>

#define DIGEST_BYTES 20

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

void ws_key_for(const uint8_t nonce[WS_NONCE_BYTES], char out[WS_KEY_CHARS])
{
	unsigned char text[WS_KEY_CHARS + 1];
	ensure(EVP_EncodeBlock(text, nonce, WS_NONCE_BYTES) == WS_KEY_CHARS);
	memcpy(out, text, WS_KEY_CHARS);
}

bool ws_accept_for(struct slice key, char out[WS_ACCEPT_CHARS])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool is_done = md != NULL && EVP_DigestInit_ex(md, EVP_sha1(), NULL) == 1 &&
		       EVP_DigestUpdate(md, key.p, key.n) == 1 &&
		       EVP_DigestUpdate(md, guid, sizeof(guid) - 1) == 1 &&
		       EVP_DigestFinal_ex(md, digest, &n) == 1 && n == DIGEST_BYTES;
	EVP_MD_CTX_free(md);
	if (!is_done)
		return false;
	unsigned char text[WS_ACCEPT_CHARS + 1];
	if (EVP_EncodeBlock(text, digest, DIGEST_BYTES) != WS_ACCEPT_CHARS)
		return false;
	memcpy(out, text, WS_ACCEPT_CHARS);
	return true;
}
