/*
 * test/unit/tls_web.h - what nginx's ssl_* and proxy_ssl_* would have said, and certificates that
 * somebody has signed.
 */
#ifndef TEST_TLS_WEB_H
#define TEST_TLS_WEB_H

#include "test/unit/tls_peer.h"

#include "conf/tls_tree.h"
#include "proxy/tls_admit.h"
#include "proxy/tls_load.h"
#include "proxy/tls_var.h"

/* A file of the folder, which is kept until the end of the program. */
static inline struct conf_tls_file file_of(const char *name)
{
	static char paths[64][128];
	static unsigned count;
	char *path = paths[count++ % COUNT_OF(paths)];
	(void)snprintf(path, sizeof(paths[0]), "%s", in_folder(name));
	return (struct conf_tls_file){name, path};
}

static inline EVP_PKEY *read_key(const char *name)
{
	FILE *f = fopen(in_folder(name), "r");
	assert_non_null(f);
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	(void)fclose(f);
	assert_non_null(key);
	return key;
}

static inline X509 *read_cert(const char *name)
{
	FILE *f = fopen(in_folder(name), "r");
	assert_non_null(f);
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
	(void)fclose(f);
	assert_non_null(cert);
	return cert;
}

static inline void add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* NAME.pem and NAME.key for the host HOST, signed by CA.pem, which is made if CA is NAME. Valid for
 * `days` from yesterday on; less than 1: until yesterday. */
static inline void make_signed(const char *name, const char *host, const char *ca, int days)
{
	static long serial = 100;
	char file[64], alt[80];
	bool is_ca = strcmp(name, ca) == 0;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	assert_non_null(key);
	assert_non_null(cert);
	(void)snprintf(file, sizeof(file), "%s.key", ca);
	EVP_PKEY *by = is_ca ? key : read_key(file);
	(void)snprintf(file, sizeof(file), "%s.pem", ca);
	X509 *issuer = is_ca ? cert : read_cert(file);
	assert_int_equal(X509_set_version(cert, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -86400L * 2));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * (days - 1) + 60));
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	X509_NAME *subject = X509_get_subject_name(cert);
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
				 (const unsigned char *)"Test", -1, -1, 0),
		1);
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				 (const unsigned char *)host, -1, -1, 0),
		1);
	assert_int_equal(X509_set_issuer_name(cert, X509_get_subject_name(issuer)), 1);
	add_extension(cert, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	(void)snprintf(alt, sizeof(alt), "DNS:%s", host);
	if (!is_ca)
		add_extension(cert, NID_subject_alt_name, alt);
	assert_true(X509_sign(cert, by, EVP_sha256()) > 0);
	(void)snprintf(file, sizeof(file), "%s.pem", name);
	FILE *f = fopen(in_folder(file), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, cert), 1);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(file, sizeof(file), "%s.key", name);
	f = fopen(in_folder(file), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	if (!is_ca) {
		EVP_PKEY_free(by);
		X509_free(issuer);
	}
	EVP_PKEY_free(key);
	X509_free(cert);
}

static inline struct conf_upstream_tls upstream_tls(void)
{
	return (struct conf_upstream_tls){.protocols = CONF_TLS_1_2 | CONF_TLS_1_3,
		.ciphers = CONF_TLS_CIPHERS_UPSTREAM,
		.verify_depth = 1,
		.session_reuse = true};
}

/* A server's settings, whose pair of files may grow to four. */
struct web_server {
	struct conf_tls_file certificates[4], keys[4], tickets[4];
	struct conf_tls_command commands[4];
	struct conf_ssl ssl;
	struct conf_tls tls;
};

static inline void web_server_init(struct web_server *server)
{
	memset(server, 0, sizeof(*server));
	server->ssl = (struct conf_ssl){.protocols = CONF_TLS_1_2 | CONF_TLS_1_3,
		.ciphers = CONF_TLS_CIPHERS_SERVER,
		.ecdh_curve = "auto",
		.session_timeout_s = 300,
		.session_tickets = true,
		.verify_depth = 1,
		.buffer_size = 16384};
	server->ssl.certificate.items = server->certificates;
	server->ssl.certificate_key.items = server->keys;
	server->ssl.session_ticket_key.items = server->tickets;
	server->ssl.conf_command.items = server->commands;
	server->tls = (struct conf_tls){.certificate = "", .key = "", .ciphers = ""};
	server->tls.web = &server->ssl;
}

static inline void web_server_pair(struct web_server *server, const char *pem, const char *key)
{
	server->certificates[server->ssl.certificate.count++] = file_of(pem);
	server->keys[server->ssl.certificate_key.count++] = file_of(key);
}

static inline struct tls_context *web_context(const struct web_server *server)
{
	struct tls_context *context;
	struct err err = {{0}};
	if (tls_context_create(&context, &server->tls, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(ERR_peek_error(), 0);
	return context;
}

/* The folder's name is replaced by "D"; static. */
static inline const char *without_folder(const char *text)
{
	static char out[512];
	size_t n = 0, folder_n = strlen(folder);
	while (*text != '\0' && n + 2 < sizeof(out)) {
		if (strncmp(text, folder, folder_n) == 0) {
			out[n++] = 'D';
			text += folder_n;
		} else {
			out[n++] = *text++;
		}
	}
	out[n] = '\0';
	return out;
}

static inline const char *web_refusal(const struct web_server *server)
{
	struct tls_context *context;
	struct err err = {{0}};
	assert_int_equal(tls_context_create(&context, &server->tls, &err), -EINVAL);
	assert_int_equal(ERR_peek_error(), 0);
	return without_folder(err.text);
}

#endif
