/* test/unit/test_proxy_tls_clients.c - clients who show certificates, and what is told of a
 * connection. */
#include "test/unit/tls_served.h"

static void show(const char *name)
{
	char file[64];
	SSL_CTX_free(client);
	client = client_context(0);
	if (name == NULL)
		return;
	(void)snprintf(file, sizeof(file), "%s.pem", name);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(client, in_folder(file)), 1);
	(void)snprintf(file, sizeof(file), "%s.key", name);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(client, in_folder(file), SSL_FILETYPE_PEM), 1);
}

static const char *var(enum tls_var which, struct arena *arena)
{
	struct slice value;
	assert_true(tls_var(&peer.sock, which, arena, &value));
	if (value.p == NULL)
		return NULL;
	const char *text = arena_copy(arena, value.p, value.n);
	assert_non_null(text);
	return text;
}

static void each_request_is_judged(void **state)
{
	(void)state;
	static const struct {
		uint32_t verify;
		const char *shown;
		enum tls_admission want;
		const char *verdict, *why;
	} rows[] = {
		{CONF_VERIFY_ON, "me", TLS_ADMITTED, "SUCCESS", ""},
		{CONF_VERIFY_ON, NULL, TLS_NO_CERT, "NONE",
			"client sent no required SSL certificate"},
		{CONF_VERIFY_ON, "you", TLS_CERT_ERROR,
			"FAILED:unable to verify the first certificate",
			"client SSL certificate verify error: (21:unable to verify the first "
			"certificate)"},
		{CONF_VERIFY_ON, "old", TLS_CERT_ERROR, "FAILED:certificate has expired",
			"client SSL certificate verify error: (10:certificate has expired)"},
		{CONF_VERIFY_OPTIONAL, NULL, TLS_ADMITTED, "NONE", ""},
		{CONF_VERIFY_OPTIONAL, "me", TLS_ADMITTED, "SUCCESS", ""},
		{CONF_VERIFY_OPTIONAL, "you", TLS_CERT_ERROR,
			"FAILED:unable to verify the first certificate", NULL},
		{CONF_VERIFY_OPTIONAL_NO_CA, "you", TLS_ADMITTED,
			"FAILED:unable to verify the first certificate", ""},
		{CONF_VERIFY_OPTIONAL_NO_CA, "old", TLS_CERT_ERROR, NULL, NULL},
		{CONF_VERIFY_OPTIONAL_NO_CA, "one", TLS_ADMITTED, "FAILED:self-signed certificate",
			""},
	};
	struct arena arena;
	arena_init(&arena, 4096);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct err why = {{0}};
		server.ssl.verify_client = rows[i].verify;
		server.ssl.client_certificate = file_of("ca.pem");
		serve();
		show(rows[i].shown);
		peer_connect(&peer, site, client, NULL);
		assert_int_equal(tls_admit(&peer.sock, &server.ssl, false, &why), rows[i].want);
		if (rows[i].why != NULL)
			assert_string_equal(why.text, rows[i].why);
		if (rows[i].verdict != NULL)
			assert_string_equal(var(TLS_VAR_CLIENT_VERIFY, &arena), rows[i].verdict);
		peer_close(&peer);
	}
	arena_finish(&arena);
}

static void a_revoked_one_is_not_admitted_by_its_old_session(void **state)
{
	(void)state;
	bool is_resumed;
	struct err why = {{0}};
	server.ssl.verify_client = CONF_VERIFY_ON;
	server.ssl.client_certificate = file_of("ca.pem");
	serve();
	show("me");
	SSL_SESSION *session = visit(NULL, &is_resumed);
	SSL_SESSION *again = visit(session, &is_resumed);
	assert_true(is_resumed);
	/* Another authority, and the ticket's key is still the process's. */
	server.ssl.client_certificate = file_of("ca2.pem");
	serve();
	SSL_SESSION_free(session);
	session = visit(again, &is_resumed);
	assert_false(is_resumed);
	SSL_SESSION_free(session);
	SSL_SESSION_free(again);
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *revoked = X509_REVOKED_new();
	X509 *ca = read_cert("ca.pem"), *me = read_cert("me.pem");
	EVP_PKEY *key = read_key("ca.key");
	ASN1_TIME *now = ASN1_TIME_adj(NULL, time(NULL), -1, 0);
	ASN1_TIME *later = ASN1_TIME_adj(NULL, time(NULL), 1, 0);
	assert_int_equal(X509_CRL_set_version(crl, 1), 1);
	assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)), 1);
	assert_int_equal(X509_CRL_set1_lastUpdate(crl, now), 1);
	assert_int_equal(X509_CRL_set1_nextUpdate(crl, later), 1);
	assert_int_equal(X509_REVOKED_set_serialNumber(revoked, X509_get_serialNumber(me)), 1);
	assert_int_equal(X509_REVOKED_set_revocationDate(revoked, now), 1);
	assert_int_equal(X509_CRL_add0_revoked(crl, revoked), 1);
	assert_true(X509_CRL_sign(crl, key, EVP_sha256()) > 0);
	FILE *f = fopen(in_folder("crl.pem"), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
	assert_int_equal(fclose(f), 0);
	server.ssl.client_certificate = file_of("ca.pem");
	server.ssl.crl = file_of("crl.pem");
	serve();
	peer_connect(&peer, site, client, NULL);
	assert_int_equal(tls_admit(&peer.sock, &server.ssl, false, &why), TLS_CERT_ERROR);
	assert_non_null(strstr(why.text, "certificate revoked"));
	peer_close(&peer);
	ASN1_TIME_free(now);
	ASN1_TIME_free(later);
	EVP_PKEY_free(key);
	X509_CRL_free(crl);
	X509_free(ca);
	X509_free(me);
}

static void another_server_may_be_asked_unless_certificates_matter(void **state)
{
	struct conf_ssl open = {.verify_client = CONF_VERIFY_OFF}, strict = open;
	struct err why = {{0}};
	(void)state;
	strict.verify_client = CONF_VERIFY_ON;
	serve();
	peer_connect(&peer, site, client, "one.test");
	assert_int_equal(tls_admit(&peer.sock, &open, true, &why), TLS_ADMITTED);
	assert_int_equal(tls_admit(&peer.sock, NULL, true, &why), TLS_ADMITTED);
	assert_int_equal(tls_admit(&peer.sock, &strict, false, &why), TLS_NO_CERT);
	assert_int_equal(tls_admit(&peer.sock, &strict, true, &why), TLS_MISDIRECTED);
	peer_close(&peer);
}

/* -- variables -- */

static void what_a_connection_tells(void **state)
{
	struct arena arena;
	struct slice none;
	(void)state;
	arena_init(&arena, 4096);
	server.ssl.verify_client = CONF_VERIFY_OPTIONAL;
	server.ssl.client_certificate = file_of("ca.pem");
	serve();
	show("me");
	peer_open(&peer, site, client, "One.Test.");
	assert_int_equal(
		SSL_set_alpn_protos(peer.ssl, (const unsigned char *)"\x08http/1.1", 9), 0);
	assert_true(tls_var(&peer.sock, TLS_VAR_PROTOCOL, &arena, &none));
	assert_null(none.p);
	assert_int_equal(peer_handshake(&peer, NULL), TLS_DONE);
	assert_string_equal(var(TLS_VAR_PROTOCOL, &arena), "TLSv1.3");
	assert_string_equal(var(TLS_VAR_CIPHER, &arena), SSL_get_cipher_name(peer.ssl));
	assert_non_null(strstr(var(TLS_VAR_CIPHERS, &arena), "TLS_AES_256_GCM_SHA384:"));
	assert_string_equal(var(TLS_VAR_CURVE, &arena), "X25519");
	assert_true(strncmp(var(TLS_VAR_CURVES, &arena), "X25519:prime256v1:X448:", 23) == 0);
	assert_string_equal(var(TLS_VAR_SERVER_NAME, &arena), "one.test");
	assert_string_equal(var(TLS_VAR_SESSION_REUSED, &arena), ".");
	assert_int_equal(strlen(var(TLS_VAR_SESSION_ID, &arena)) % 2, 0);
	assert_null(var(TLS_VAR_EARLY_DATA, &arena));
	assert_string_equal(var(TLS_VAR_ALPN_PROTOCOL, &arena), "http/1.1");
	assert_string_equal(var(TLS_VAR_CLIENT_VERIFY, &arena), "SUCCESS");
	assert_string_equal(var(TLS_VAR_CLIENT_S_DN, &arena), "CN=me.test,O=Test");
	assert_string_equal(var(TLS_VAR_CLIENT_I_DN, &arena), "CN=authority,O=Test");
	assert_string_equal(var(TLS_VAR_CLIENT_S_DN_LEGACY, &arena), "/O=Test/CN=me.test");
	assert_string_equal(var(TLS_VAR_CLIENT_I_DN_LEGACY, &arena), "/O=Test/CN=authority");
	assert_string_equal(var(TLS_VAR_CLIENT_SERIAL, &arena), "65");
	assert_int_equal(strlen(var(TLS_VAR_CLIENT_FINGERPRINT, &arena)), 40);
	assert_string_equal(var(TLS_VAR_CLIENT_V_REMAIN, &arena), "29");
	assert_non_null(strstr(var(TLS_VAR_CLIENT_V_END, &arena), " GMT"));
	const char *raw = var(TLS_VAR_CLIENT_RAW_CERT, &arena);
	assert_true(strncmp(raw, "-----BEGIN CERTIFICATE-----\n", 28) == 0);
	assert_non_null(strstr(raw, "-----END CERTIFICATE-----\n"));
	const char *tabbed = var(TLS_VAR_CLIENT_CERT, &arena);
	assert_non_null(strstr(tabbed, "\n\t-----END CERTIFICATE-----"));
	assert_int_not_equal(tabbed[strlen(tabbed) - 1], '\n');
	assert_non_null(strstr(
		var(TLS_VAR_CLIENT_ESCAPED_CERT, &arena), "-----BEGIN%20CERTIFICATE-----%0A"));
	peer_close(&peer);
	arena_finish(&arena);
}

static void without_a_certificate_nothing_is_told_of_one(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 4096);
	serve();
	peer_connect(&peer, site, client, NULL);
	assert_string_equal(var(TLS_VAR_CLIENT_VERIFY, &arena), "NONE");
	for (int i = TLS_VAR_CLIENT_VERIFY + 1; i < TLS_VARS; i++)
		assert_null(var((enum tls_var)i, &arena));
	assert_null(var(TLS_VAR_SERVER_NAME, &arena));
	for (int i = 0; i < TLS_VARS; i++)
		assert_non_null(tls_var_names[i]);
	peer_close(&peer);
	arena_finish(&arena);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_request_is_judged),
		CASE(a_revoked_one_is_not_admitted_by_its_old_session),
		CASE(another_server_may_be_asked_unless_certificates_matter),
		CASE(what_a_connection_tells),
		CASE(without_a_certificate_nothing_is_told_of_one),
	};
	return cmocka_run_group_tests_name("proxy/tls_admit", tests, start, folder_teardown);
}
