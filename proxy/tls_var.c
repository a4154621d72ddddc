#include "proxy/tls_var.h"

#include "proxy/sock.h"
#include "proxy/tls_parts.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>

const char *const tls_var_names[TLS_VARS] = {
	[TLS_VAR_PROTOCOL] = "protocol",
	[TLS_VAR_CIPHER] = "cipher",
	[TLS_VAR_CIPHERS] = "ciphers",
	[TLS_VAR_CURVE] = "curve",
	[TLS_VAR_CURVES] = "curves",
	[TLS_VAR_SERVER_NAME] = "server_name",
	[TLS_VAR_SESSION_ID] = "session_id",
	[TLS_VAR_SESSION_REUSED] = "session_reused",
	[TLS_VAR_EARLY_DATA] = "early_data",
	[TLS_VAR_ALPN_PROTOCOL] = "alpn_protocol",
	[TLS_VAR_CLIENT_VERIFY] = "client_verify",
	[TLS_VAR_CLIENT_S_DN] = "client_s_dn",
	[TLS_VAR_CLIENT_I_DN] = "client_i_dn",
	[TLS_VAR_CLIENT_S_DN_LEGACY] = "client_s_dn_legacy",
	[TLS_VAR_CLIENT_I_DN_LEGACY] = "client_i_dn_legacy",
	[TLS_VAR_CLIENT_SERIAL] = "client_serial",
	[TLS_VAR_CLIENT_FINGERPRINT] = "client_fingerprint",
	[TLS_VAR_CLIENT_V_START] = "client_v_start",
	[TLS_VAR_CLIENT_V_END] = "client_v_end",
	[TLS_VAR_CLIENT_V_REMAIN] = "client_v_remain",
	[TLS_VAR_CLIENT_CERT] = "client_cert",
	[TLS_VAR_CLIENT_RAW_CERT] = "client_raw_cert",
	[TLS_VAR_CLIENT_ESCAPED_CERT] = "client_escaped_cert",
};

static const char hex[] = "0123456789abcdef";

static bool put_text(const char *text, struct slice *ret)
{
	*ret = text == NULL ? (struct slice){0} : slice_of(text);
	return true;
}

static bool put_copy(struct arena *arena, const char *p, size_t n, struct slice *ret)
{
	char *copy = arena_copy(arena, p, n);
	*ret = (struct slice){copy, n};
	return copy != NULL;
}

static bool put_hex(struct arena *arena, const unsigned char *p, size_t n, struct slice *ret)
{
	char *text = arena_take(arena, 2 * n + 1);
	if (text == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = hex[p[i] >> 4];
		text[2 * i + 1] = hex[p[i] & 15];
	}
	*ret = (struct slice){text, 2 * n};
	return true;
}

/* Takes the BIO, NULL for no memory. */
static bool put_bio(struct arena *arena, BIO *bio, struct slice *ret)
{
	char *p;
	if (bio == NULL)
		return false;
	long n = BIO_get_mem_data(bio, &p);
	bool is_there = n <= 0 || put_copy(arena, p, (size_t)n, ret);
	(void)BIO_free(bio);
	return is_there;
}

/* -- the connection -- */

/* Names joined by ':'. */
struct names {
	char *p;
	size_t n, room;
};

static void add_name(struct names *names, const char *name)
{
	size_t n = strlen(name);
	if (names->room - names->n < n + 1)
		return;
	if (names->n != 0)
		names->p[names->n++] = ':';
	memcpy(names->p + names->n, name, n);
	names->n += n;
}

#define NAME_ROOM 48 /* a cipher's or a curve's name with its ':' */

static bool put_ciphers(SSL *ssl, struct arena *arena, struct slice *ret)
{
	const unsigned char *raw;
	size_t each = SSL_get0_raw_cipherlist(ssl, NULL);
	size_t n = SSL_get0_raw_cipherlist(ssl, &raw);
	if (n == 0 || each != 2)
		return true;
	struct names names = {arena_take(arena, n / each * NAME_ROOM), 0, n / each * NAME_ROOM};
	if (names.p == NULL)
		return false;
	for (size_t i = 0; i + each <= n; i += each) {
		const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, raw + i);
		char unknown[8];
		(void)snprintf(unknown, sizeof(unknown), "0x%02x%02x", raw[i], raw[i + 1]);
		add_name(&names, cipher != NULL ? SSL_CIPHER_get_name(cipher) : unknown);
	}
	*ret = (struct slice){names.p, names.n};
	return true;
}

static const char *curve_name(int nid, char unknown[8])
{
	if ((nid & TLSEXT_nid_unknown) == 0)
		return OBJ_nid2sn(nid);
	(void)snprintf(unknown, 8, "0x%04x", (unsigned)nid & 0xffff);
	return unknown;
}

static bool put_curve(SSL *ssl, struct arena *arena, struct slice *ret)
{
	char unknown[8];
	int nid = (int)SSL_get_negotiated_group(ssl);
	if (nid == NID_undef)
		return true;
	const char *name = curve_name(nid, unknown);
	return put_copy(arena, name, strlen(name), ret);
}

static bool put_curves(SSL *ssl, struct arena *arena, struct slice *ret)
{
	int n = (int)SSL_get1_groups(ssl, NULL);
	if (n <= 0)
		return true;
	size_t room = (size_t)n * NAME_ROOM;
	int *nids = arena_take(arena, (size_t)n * sizeof(*nids));
	struct names names = {arena_take(arena, room), 0, room};
	if (nids == NULL || names.p == NULL)
		return false;
	n = (int)SSL_get1_groups(ssl, nids);
	for (int i = 0; i < n; i++) {
		char unknown[8];
		add_name(&names, curve_name(nids[i], unknown));
	}
	*ret = (struct slice){names.p, names.n};
	return true;
}

static bool put_session_id(SSL *ssl, struct arena *arena, struct slice *ret)
{
	unsigned n;
	const SSL_SESSION *session = SSL_get0_session(ssl);
	if (session == NULL)
		return true;
	const unsigned char *id = SSL_SESSION_get_id(session, &n);
	return put_hex(arena, id, n, ret);
}

static bool put_alpn(SSL *ssl, struct slice *ret)
{
	const unsigned char *p;
	unsigned n;
	SSL_get0_alpn_selected(ssl, &p, &n);
	if (n != 0)
		*ret = (struct slice){(const char *)p, n};
	return true;
}

static bool put_connection(
	const struct tls *tls, enum tls_var which, struct arena *arena, struct slice *ret)
{
	SSL *ssl = tls->ssl;
	switch (which) {
	case TLS_VAR_PROTOCOL:
		return put_text(SSL_get_version(ssl), ret);
	case TLS_VAR_CIPHER:
		return put_text(SSL_get_cipher_name(ssl), ret);
	case TLS_VAR_CIPHERS:
		return put_ciphers(ssl, arena, ret);
	case TLS_VAR_CURVE:
		return put_curve(ssl, arena, ret);
	case TLS_VAR_CURVES:
		return put_curves(ssl, arena, ret);
	case TLS_VAR_SERVER_NAME:
		return put_text(tls->name, ret);
	case TLS_VAR_SESSION_ID:
		return put_session_id(ssl, arena, ret);
	case TLS_VAR_SESSION_REUSED:
		return put_text(SSL_session_reused(ssl) != 0 ? "r" : ".", ret);
	case TLS_VAR_ALPN_PROTOCOL:
		return put_alpn(ssl, ret);
	default: /* early data is never taken */
		return true;
	}
}

/* -- the client's certificate -- */

static bool put_name(const X509_NAME *name, struct arena *arena, struct slice *ret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0) {
		(void)BIO_free(bio);
		return true;
	}
	return put_bio(arena, bio, ret);
}

static bool put_legacy_name(const X509_NAME *name, struct arena *arena, struct slice *ret)
{
	char *line = X509_NAME_oneline(name, NULL, 0);
	if (line == NULL)
		return false;
	bool is_there = put_copy(arena, line, strlen(line), ret);
	OPENSSL_free(line);
	return is_there;
}

static bool put_serial(const X509 *cert, struct arena *arena, struct slice *ret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	if (bio != NULL)
		(void)i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(cert));
	return put_bio(arena, bio, ret);
}

static bool put_fingerprint(const X509 *cert, struct arena *arena, struct slice *ret)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n;
	if (X509_digest(cert, EVP_sha1(), digest, &n) != 1)
		return true;
	return put_hex(arena, digest, n, ret);
}

static bool put_time(const ASN1_TIME *when, struct arena *arena, struct slice *ret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	if (bio != NULL)
		(void)ASN1_TIME_print(bio, when);
	return put_bio(arena, bio, ret);
}

static bool put_remain(const X509 *cert, struct arena *arena, struct slice *ret)
{
	int days, seconds;
	char text[16];
	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) != 1)
		return true;
	int n = snprintf(text, sizeof(text), "%d", days > 0 ? days : 0);
	return put_copy(arena, text, (size_t)n, ret);
}

/* Without its last line break. */
static bool put_raw(X509 *cert, struct arena *arena, struct slice *ret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	if (bio != NULL)
		(void)PEM_write_bio_X509(bio, cert);
	return put_bio(arena, bio, ret);
}

static bool put_tabbed(X509 *cert, struct arena *arena, struct slice *ret)
{
	struct slice raw = {0};
	if (!put_raw(cert, arena, &raw))
		return false;
	if (raw.n == 0)
		return true;
	/* Each line has at least its end: twice the room is enough. */
	char *text = arena_take(arena, 2 * raw.n);
	size_t n = 0;
	if (text == NULL)
		return false;
	for (size_t i = 0; i + 1 < raw.n; i++) {
		text[n++] = raw.p[i];
		if (raw.p[i] == '\n')
			text[n++] = '\t';
	}
	*ret = (struct slice){text, n};
	return true;
}

/* As a part of a URI (RFC 3986: unreserved characters stay). */
static bool put_escaped(X509 *cert, struct arena *arena, struct slice *ret)
{
	struct slice raw = {0};
	if (!put_raw(cert, arena, &raw))
		return false;
	if (raw.n == 0)
		return true;
	char *text = arena_take(arena, 3 * raw.n);
	size_t n = 0;
	if (text == NULL)
		return false;
	for (size_t i = 0; i < raw.n; i++) {
		unsigned char c = (unsigned char)raw.p[i];
		bool stays = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z') || c == '-';
		if (stays) {
			text[n++] = (char)c;
			continue;
		}
		text[n++] = '%';
		text[n++] = "0123456789ABCDEF"[c >> 4];
		text[n++] = "0123456789ABCDEF"[c & 15];
	}
	*ret = (struct slice){text, n};
	return true;
}

static bool put_verdict(const struct tls *tls, struct arena *arena, struct slice *ret)
{
	if (SSL_get0_peer_certificate(tls->ssl) == NULL)
		return put_text("NONE", ret);
	long verdict = SSL_get_verify_result(tls->ssl);
	if (verdict == X509_V_OK)
		return put_text("SUCCESS", ret);
	char text[160];
	int n = snprintf(text, sizeof(text), "FAILED:%s", X509_verify_cert_error_string(verdict));
	return put_copy(arena, text, min_size((size_t)n, sizeof(text) - 1), ret);
}

static bool put_certificate(X509 *cert, enum tls_var which, struct arena *arena, struct slice *ret)
{
	switch (which) {
	case TLS_VAR_CLIENT_S_DN:
		return put_name(X509_get_subject_name(cert), arena, ret);
	case TLS_VAR_CLIENT_I_DN:
		return put_name(X509_get_issuer_name(cert), arena, ret);
	case TLS_VAR_CLIENT_S_DN_LEGACY:
		return put_legacy_name(X509_get_subject_name(cert), arena, ret);
	case TLS_VAR_CLIENT_I_DN_LEGACY:
		return put_legacy_name(X509_get_issuer_name(cert), arena, ret);
	case TLS_VAR_CLIENT_SERIAL:
		return put_serial(cert, arena, ret);
	case TLS_VAR_CLIENT_FINGERPRINT:
		return put_fingerprint(cert, arena, ret);
	case TLS_VAR_CLIENT_V_START:
		return put_time(X509_get0_notBefore(cert), arena, ret);
	case TLS_VAR_CLIENT_V_END:
		return put_time(X509_get0_notAfter(cert), arena, ret);
	case TLS_VAR_CLIENT_V_REMAIN:
		return put_remain(cert, arena, ret);
	case TLS_VAR_CLIENT_CERT:
		return put_tabbed(cert, arena, ret);
	case TLS_VAR_CLIENT_RAW_CERT:
		return put_raw(cert, arena, ret);
	case TLS_VAR_CLIENT_ESCAPED_CERT:
		return put_escaped(cert, arena, ret);
	default:
		return true;
	}
}

bool tls_var(const struct sock *sock, enum tls_var which, struct arena *arena, struct slice *ret)
{
	const struct tls *tls = sock->tls;
	*ret = (struct slice){0};
	if (tls == NULL || !tls->is_done)
		return true;
	bool is_there;
	if (which == TLS_VAR_CLIENT_VERIFY) {
		is_there = put_verdict(tls, arena, ret);
	} else if (which < TLS_VAR_CLIENT_VERIFY) {
		is_there = put_connection(tls, which, arena, ret);
	} else {
		X509 *cert = SSL_get0_peer_certificate(tls->ssl);
		is_there = cert == NULL || put_certificate(cert, which, arena, ret);
	}
	/* What OpenSSL has to say is of no interest, and must not be taken for the transport's. */
	ERR_clear_error();
	return is_there;
}
