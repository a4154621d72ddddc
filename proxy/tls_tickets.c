/*
 * proxy/tls_tickets.c - the keys that seal session tickets.
 *
 *   keys[0] seals and opens | keys[1] still opens | older: unknown, a full handshake
 *
 * They belong to the process and not to a context, so a ticket of one
 * generation, or of one name, is good in the next. They are never written
 * anywhere. Rotation happens on use and needs no timer: a key that seals
 * nothing does no harm by its age.
 */
#include "proxy/tls_parts.h"

#include "base/clock.h"
#include "base/hash.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define ROTATE_US ((uint64_t)TLS_TICKET_HOURS * 3600 * 1000000)

struct ticket_key {
	uint8_t name[16]; /* travels in the ticket, in clear */
	uint8_t aes[32];
	uint8_t hmac[32];
};

static struct ticket_key keys[2];
static bool has_key[2];
static uint64_t rotated_us;
/* Looked up once: OpenSSL 3 searches its providers on each use of EVP_aes_256_cbc(). */
static EVP_CIPHER *cipher;

bool tls_tickets_rotate(void)
{
	struct ticket_key fresh;
	if (!random_secret(&fresh, sizeof(fresh)))
		return false;
	keys[1] = keys[0];
	has_key[1] = has_key[0];
	keys[0] = fresh;
	has_key[0] = true;
	rotated_us = clock_now_us;
	OPENSSL_cleanse(&fresh, sizeof(fresh));
	return true;
}

int tls_tickets_start(void)
{
	if (cipher == NULL)
		cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (cipher == NULL)
		return -ENOMEM;
	return has_key[0] || tls_tickets_rotate() ? 0 : -EIO;
}

void tls_tickets_finish(void)
{
	OPENSSL_cleanse(keys, sizeof(keys));
	has_key[0] = has_key[1] = false;
	EVP_CIPHER_free(cipher);
	cipher = NULL;
}

static void rotate_when_due(void)
{
	uint64_t age_us = clock_now_us - rotated_us;
	if (age_us < ROTATE_US || !tls_tickets_rotate())
		return;
	/* Nothing was sealed for a long time: the key before has outlived its turn, too. */
	if (age_us >= 2 * ROTATE_US) {
		OPENSSL_cleanse(&keys[1], sizeof(keys[1]));
		has_key[1] = false;
	}
}

static bool set_mac_key(EVP_MAC_CTX *mac, struct ticket_key *key)
{
	static char sha256[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->hmac, sizeof(key->hmac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* OpenSSL's answers: -1 error, 0 unknown key (a full handshake follows), 1 good, 2 good but send a
 * new ticket. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *ctx,
	EVP_MAC_CTX *mac, int is_sealing)
{
	(void)ssl;
	rotate_when_due();
	if (is_sealing) {
		memcpy(name, keys[0].name, sizeof(keys[0].name));
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(cipher)) != 1 ||
			EVP_EncryptInit_ex(ctx, cipher, NULL, keys[0].aes, iv) != 1 ||
			!set_mac_key(mac, &keys[0]))
			return -1;
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		if (!has_key[i] || CRYPTO_memcmp(name, keys[i].name, sizeof(keys[i].name)) != 0)
			continue;
		if (EVP_DecryptInit_ex(ctx, cipher, NULL, keys[i].aes, iv) != 1 ||
			!set_mac_key(mac, &keys[i]))
			return -1;
		return i == 0 ? 1 : 2;
	}
	return 0;
}

bool tls_tickets_attach(SSL_CTX *ctx)
{
	return SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) == 1;
}
