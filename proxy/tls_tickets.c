/*
 * proxy/tls_tickets.c - the keys that seal session tickets.
 *
 *   keys[0] seals and opens | keys[1] still opens | older: unknown, a full handshake
 *
 * They belong to the process and not to a context, so a ticket of one
 * generation, or of one name, is good in the next. They are never written
 * anywhere. Rotation happens on use and needs no timer: a key that seals
 * nothing does no harm by its age.
 *
 * A server with ssl_session_ticket_key has those of its files in their place.
 */
#include "proxy/tls_parts.h"

#include "base/clock.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <unistd.h>

#define ROTATE_US ((uint64_t)TLS_TICKET_HOURS * 3600 * 1000000)

static struct tls_ticket_key keys[2];
static bool has_key[2];
static uint64_t rotated_us;
/* Looked up once: OpenSSL 3 searches its providers on each use of EVP_aes_256_cbc(). */
static EVP_CIPHER *cipher, *short_cipher;

bool tls_tickets_rotate(void)
{
	struct tls_ticket_key fresh = {.is_short = false};
	if (!random_secret(fresh.name, sizeof(fresh.name)) ||
		!random_secret(fresh.aes, sizeof(fresh.aes)) ||
		!random_secret(fresh.hmac, sizeof(fresh.hmac)))
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
	if (short_cipher == NULL)
		short_cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	if (cipher == NULL || short_cipher == NULL)
		return -ENOMEM;
	return has_key[0] || tls_tickets_rotate() ? 0 : -EIO;
}

void tls_tickets_finish(void)
{
	OPENSSL_cleanse(keys, sizeof(keys));
	has_key[0] = has_key[1] = false;
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_free(short_cipher);
	cipher = short_cipher = NULL;
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

static bool set_mac_key(EVP_MAC_CTX *mac, struct tls_ticket_key *key)
{
	static char sha256[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_KEY, key->hmac, key->is_short ? 16 : sizeof(key->hmac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static const EVP_CIPHER *cipher_of(const struct tls_ticket_key *key)
{
	return key->is_short ? short_cipher : cipher;
}

/* OpenSSL's answers: -1 error, 0 unknown key (a full handshake follows), 1 good, 2 good but send a
 * new ticket. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *ctx,
	EVP_MAC_CTX *mac, int is_sealing)
{
	const struct tls_extras *extras = tls_extras(SSL_get_SSL_CTX(ssl));
	bool is_own = extras == NULL || extras->keys == NULL;
	struct tls_ticket_key *all = is_own ? keys : extras->keys;
	if (is_own)
		rotate_when_due();
	uint32_t count = is_own ? 1 + (uint32_t)has_key[1] : extras->key_count;
	if (is_sealing) {
		memcpy(name, all->name, sizeof(all->name));
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(cipher_of(all))) != 1 ||
			EVP_EncryptInit_ex(ctx, cipher_of(all), NULL, all->aes, iv) != 1 ||
			!set_mac_key(mac, all))
			return -1;
		return 1;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (CRYPTO_memcmp(name, all[i].name, sizeof(all[i].name)) != 0)
			continue;
		if (EVP_DecryptInit_ex(ctx, cipher_of(&all[i]), NULL, all[i].aes, iv) != 1 ||
			!set_mac_key(mac, &all[i]))
			return -1;
		return i == 0 ? 1 : 2;
	}
	return 0;
}

static int load_key(struct tls_ticket_key *key, const char *path, struct err *err)
{
	uint8_t octets[81];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		int error = errno;
		err_set(err, "open() \"%s\" failed (%d: %s)", path, error, strerrordesc_np(error));
		return -EINVAL;
	}
	ssize_t n = read(fd, octets, sizeof(octets));
	(void)close(fd);
	if (n != 48 && n != 80) {
		err_set(err, "\"%s\" must be 48 or 80 bytes", path);
		OPENSSL_cleanse(octets, sizeof(octets));
		return -EINVAL;
	}
	memcpy(key->name, octets, 16);
	key->is_short = n == 48;
	if (key->is_short) {
		memcpy(key->aes, octets + 16, 16);
		memcpy(key->hmac, octets + 32, 16);
	} else {
		memcpy(key->hmac, octets + 16, 32);
		memcpy(key->aes, octets + 48, 32);
	}
	OPENSSL_cleanse(octets, sizeof(octets));
	return 0;
}

int tls_tickets_load(struct tls_ticket_key **ret, uint32_t *ret_count,
	const struct conf_tls_files *files, struct err *err)
{
	int rc = 0;
	*ret = NULL;
	*ret_count = 0;
	if (files->count == 0)
		return 0;
	*ret = OPENSSL_zalloc(files->count * sizeof(**ret));
	if (*ret == NULL) {
		err_set(err, "out of memory");
		return -ENOMEM;
	}
	*ret_count = files->count;
	for (uint32_t i = 0; rc == 0 && i < files->count; i++)
		rc = load_key(*ret + i, files->items[i].path, err);
	return rc;
}

bool tls_tickets_attach(SSL_CTX *ctx)
{
	return SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) == 1;
}
