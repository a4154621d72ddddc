#include "proxy/tls_load.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORD_FILE_MOST 65536
#define PIPE_MS 1000 /* for the passwords that somebody writes into a pipe */

static void add_text(struct err *err, size_t *used, const char *text)
{
	size_t n = min_size(strlen(text), sizeof(err->text) - 1 - *used);
	memcpy(err->text + *used, text, n);
	*used += n;
	err->text[*used] = '\0';
}

int tls_refuse(struct err *err, const char *format, ...)
{
	unsigned long error;
	const char *data;
	int flags;
	if (err == NULL) {
		ERR_clear_error();
		return -EINVAL;
	}
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	size_t used = strlen(err->text);
	add_text(err, &used, " (SSL:");
	while ((error = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
		char text[256];
		ERR_error_string_n(error, text, sizeof(text));
		add_text(err, &used, " ");
		add_text(err, &used, text);
		if ((flags & ERR_TXT_STRING) != 0 && *data != '\0') {
			add_text(err, &used, ":");
			add_text(err, &used, data);
		}
	}
	add_text(err, &used, ")");
	return -EINVAL;
}

/* -- passwords -- */

static int cannot_open(struct err *err, const char *path)
{
	int error = errno;
	err_set(err, "open() \"%s\" failed (%d: %s)", path, error, strerrordesc_np(error));
	return -EINVAL;
}

/* A pipe may have nobody at its other end: that must not stop us. */
static void wait_for_pipe(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	struct stat status;
	if (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode))
		(void)poll(&one, 1, PIPE_MS);
}

static int read_text(char **ret, size_t *ret_n, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return cannot_open(err, path);
	char *text = malloc(PASSWORD_FILE_MOST + 1);
	size_t used = 0;
	ssize_t got = text == NULL ? 0 : 1;
	while (got > 0 && used < PASSWORD_FILE_MOST) {
		wait_for_pipe(fd);
		got = read(fd, text + used, PASSWORD_FILE_MOST - used);
		used += got > 0 ? (size_t)got : 0;
		if (got < 0 && errno == EAGAIN)
			got = 0;
	}
	int error = errno;
	(void)close(fd);
	if (text == NULL) {
		err_set(err, "out of memory");
		return -ENOMEM;
	}
	if (got < 0) {
		err_set(err, "read() \"%s\" failed (%d: %s)", path, error, strerrordesc_np(error));
		OPENSSL_cleanse(text, used);
		free(text);
		return -EINVAL;
	}
	text[used] = '\0';
	*ret = text;
	*ret_n = used;
	return 0;
}

int tls_load_passwords(struct tls_passwords *ret, const struct conf_tls_file *file, struct err *err)
{
	size_t n;
	memset(ret, 0, sizeof(*ret));
	if (file->path == NULL)
		return 0;
	int rc = read_text(&ret->text, &n, file->path, err);
	if (rc != 0)
		return rc;
	for (char *p = ret->text; *p != '\0' && ret->count < TLS_PASSWORDS_MOST;) {
		char *end = strchrnul(p, '\n');
		bool is_last = *end == '\0';
		*end = '\0';
		if (end > p && end[-1] == '\r')
			end[-1] = '\0';
		if (*p != '\0')
			ret->line[ret->count++] = p;
		p = is_last ? end : end + 1;
	}
	if (ret->count == 0)
		ret->line[ret->count++] = "";
	return 0;
}

void tls_passwords_finish(struct tls_passwords *passwords)
{
	if (passwords->text != NULL)
		OPENSSL_cleanse(passwords->text, PASSWORD_FILE_MOST);
	free(passwords->text);
	OPENSSL_cleanse(passwords, sizeof(*passwords));
}

/* -- certificates and keys -- */

/* What messages call it. A key in the configuration is not repeated. */
static const char *name_of(const struct conf_tls_file *file, bool is_key)
{
	if (file->path != NULL)
		return file->path;
	return is_key ? "data:" : file->text;
}

static BIO *open_pem(const struct conf_tls_file *file)
{
	if (file->path != NULL)
		return BIO_new_file(file->path, "r");
	return BIO_new_mem_buf(file->text + strlen("data:"), -1);
}

/* Behind the certificate: what leads from it to an authority. */
static int read_chain(SSL_CTX *ctx, BIO *bio, const char *name, struct err *err)
{
	(void)SSL_CTX_clear_chain_certs(ctx);
	for (;;) {
		X509 *more = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (more == NULL) {
			unsigned long error = ERR_peek_last_error();
			if (ERR_GET_LIB(error) == ERR_LIB_PEM &&
				ERR_GET_REASON(error) == PEM_R_NO_START_LINE) {
				ERR_clear_error();
				return 0;
			}
			return tls_refuse(err,
				"cannot load certificate \"%s\": PEM_read_bio_X509() failed", name);
		}
		if (SSL_CTX_add0_chain_cert(ctx, more) != 1) {
			X509_free(more);
			return tls_refuse(err, "SSL_CTX_add0_chain_cert(\"%s\") failed", name);
		}
	}
}

static int load_certificate(SSL_CTX *ctx, const struct conf_tls_file *file, struct err *err)
{
	const char *name = name_of(file, false);
	BIO *bio = open_pem(file);
	if (bio == NULL)
		return tls_refuse(
			err, "cannot load certificate \"%s\": BIO_new_file() failed", name);
	X509 *leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	int rc;
	if (leaf == NULL)
		rc = tls_refuse(err,
			"cannot load certificate \"%s\": PEM_read_bio_X509_AUX() failed", name);
	else if (SSL_CTX_use_certificate(ctx, leaf) != 1)
		rc = tls_refuse(err, "SSL_CTX_use_certificate(\"%s\") failed", name);
	else
		rc = read_chain(ctx, bio, name, err);
	X509_free(leaf);
	(void)BIO_free(bio);
	return rc;
}

/* NULL in `arg`: nobody is asked on a terminal. */
static int on_password(char *out, int room, int is_writing, void *arg)
{
	const char *password = arg;
	if (is_writing || password == NULL)
		return -1;
	size_t n = strnlen(password, (size_t)room);
	memcpy(out, password, n);
	return (int)n;
}

static EVP_PKEY *read_key(BIO *bio, const struct tls_passwords *passwords)
{
	EVP_PKEY *key = NULL;
	uint32_t tries = passwords->count != 0 ? passwords->count : 1;
	for (uint32_t i = 0; i < tries && key == NULL; i++) {
		/* A secret, but OpenSSL's callbacks take no const. */
		void *password = passwords->count != 0 ? (void *)(uintptr_t)passwords->line[i]
						       : NULL;
		ERR_clear_error();
		(void)BIO_reset(bio);
		key = PEM_read_bio_PrivateKey(bio, NULL, on_password, password);
	}
	return key;
}

static int load_key(SSL_CTX *ctx, const struct conf_tls_file *file,
	const struct tls_passwords *passwords, struct err *err)
{
	const char *name = name_of(file, true);
	if (strncmp(file->text, "engine:", strlen("engine:")) == 0) {
		err_set(err, "cannot load certificate key \"%s\": engines are not supported",
			file->text);
		return -EINVAL;
	}
	BIO *bio = open_pem(file);
	if (bio == NULL)
		return tls_refuse(
			err, "cannot load certificate key \"%s\": BIO_new_file() failed", name);
	EVP_PKEY *key = read_key(bio, passwords);
	(void)BIO_free(bio);
	int rc = 0;
	if (key == NULL)
		rc = tls_refuse(err,
			"cannot load certificate key \"%s\": PEM_read_bio_PrivateKey() failed",
			name);
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
		rc = tls_refuse(err, "SSL_CTX_use_PrivateKey(\"%s\") failed", name);
	EVP_PKEY_free(key);
	return rc;
}

int tls_load_pair(SSL_CTX *ctx, const struct conf_tls_file *certificate,
	const struct conf_tls_file *key, const struct tls_passwords *passwords, struct err *err)
{
	int rc = load_certificate(ctx, certificate, err);
	return rc != 0 ? rc : load_key(ctx, key, passwords, err);
}

/* -- whom to believe -- */

int tls_load_trusted(SSL_CTX *ctx, const struct conf_tls_file *file, struct err *err)
{
	if (file->path == NULL)
		return 0;
	if (SSL_CTX_load_verify_locations(ctx, file->path, NULL) != 1)
		return tls_refuse(err, "SSL_CTX_load_verify_locations(\"%s\") failed", file->path);
	/* A file with something else between the certificates leaves its mark. */
	ERR_clear_error();
	return 0;
}

int tls_load_client_ca(SSL_CTX *ctx, const struct conf_tls_file *file, struct err *err)
{
	int rc = tls_load_trusted(ctx, file, err);
	if (rc != 0 || file->path == NULL)
		return rc;
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file->path);
	if (names == NULL)
		return tls_refuse(err, "SSL_load_client_CA_file(\"%s\") failed", file->path);
	ERR_clear_error();
	SSL_CTX_set_client_CA_list(ctx, names);
	return 0;
}

int tls_load_crl(SSL_CTX *ctx, const struct conf_tls_file *file, struct err *err)
{
	if (file->path == NULL)
		return 0;
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (lookup == NULL)
		return tls_refuse(err, "X509_STORE_add_lookup() failed");
	if (X509_LOOKUP_load_file(lookup, file->path, X509_FILETYPE_PEM) != 1)
		return tls_refuse(err, "X509_LOOKUP_load_file(\"%s\") failed", file->path);
	(void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return 0;
}

/* -- parameters -- */

int tls_load_dhparam(SSL_CTX *ctx, const struct conf_tls_file *file, struct err *err)
{
	unsigned char *der = NULL;
	const unsigned char *p;
	char *kind = NULL;
	long n;
	if (file->path == NULL)
		return 0;
	BIO *bio = BIO_new_file(file->path, "r");
	if (bio == NULL)
		return tls_refuse(err, "BIO_new_file(\"%s\") failed", file->path);
	int rc = PEM_bytes_read_bio(&der, &n, &kind, PEM_STRING_DHPARAMS, bio, NULL, NULL);
	(void)BIO_free(bio);
	if (rc != 1)
		return tls_refuse(err, "PEM_read_bio_DHparams(\"%s\") failed", file->path);
	p = der;
	bool is_x942 = strcmp(kind, PEM_STRING_DHXPARAMS) == 0;
	EVP_PKEY *parameters = d2i_KeyParams(is_x942 ? EVP_PKEY_DHX : EVP_PKEY_DH, NULL, &p, n);
	OPENSSL_free(der);
	OPENSSL_free(kind);
	if (parameters == NULL)
		return tls_refuse(err, "PEM_read_bio_DHparams(\"%s\") failed", file->path);
	if (SSL_CTX_set0_tmp_dh_pkey(ctx, parameters) != 1) {
		EVP_PKEY_free(parameters);
		return tls_refuse(err, "SSL_CTX_set0_tmp_dh_pkey(\"%s\") failed", file->path);
	}
	return 0;
}

int tls_set_ciphers(SSL_CTX *ctx, const char *ciphers, struct err *err)
{
	if (SSL_CTX_set_cipher_list(ctx, ciphers) != 1)
		return tls_refuse(err, "SSL_CTX_set_cipher_list(\"%s\") failed", ciphers);
	return 0;
}

int tls_set_curves(SSL_CTX *ctx, const char *curves, struct err *err)
{
	if (curves == NULL || strcmp(curves, "auto") == 0)
		return 0;
	if (SSL_CTX_set1_curves_list(ctx, curves) != 1)
		return tls_refuse(err, "SSL_CTX_set1_curves_list(\"%s\") failed", curves);
	return 0;
}

int tls_run_commands(SSL_CTX *ctx, const struct conf_tls_commands *commands, struct err *err)
{
	if (commands->count == 0)
		return 0;
	SSL_CONF_CTX *run = SSL_CONF_CTX_new();
	if (run == NULL)
		return tls_refuse(err, "SSL_CONF_CTX_new() failed");
	(void)SSL_CONF_CTX_set_flags(run, SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_SERVER |
						  SSL_CONF_FLAG_CLIENT | SSL_CONF_FLAG_CERTIFICATE |
						  SSL_CONF_FLAG_SHOW_ERRORS);
	SSL_CONF_CTX_set_ssl_ctx(run, ctx);
	int rc = 0;
	for (uint32_t i = 0; i < commands->count && rc == 0; i++) {
		const struct conf_tls_command *command = &commands->items[i];
		int type = SSL_CONF_cmd_value_type(run, command->name);
		const char *value = type == SSL_CONF_TYPE_FILE || type == SSL_CONF_TYPE_DIR
					    ? command->value.path
					    : command->value.text;
		if (SSL_CONF_cmd(run, command->name, value) <= 0)
			rc = tls_refuse(
				err, "SSL_CONF_cmd(\"%s\", \"%s\") failed", command->name, value);
	}
	if (rc == 0 && SSL_CONF_CTX_finish(run) != 1)
		rc = tls_refuse(err, "SSL_CONF_finish() failed");
	SSL_CONF_CTX_free(run);
	return rc;
}

void tls_set_protocols(SSL_CTX *ctx, uint32_t protocols)
{
	static const struct {
		uint32_t bit;
		uint64_t refuses;
	} each[] = {
		{CONF_TLS_1_0, SSL_OP_NO_TLSv1},
		{CONF_TLS_1_1, SSL_OP_NO_TLSv1_1},
		{CONF_TLS_1_2, SSL_OP_NO_TLSv1_2},
		{CONF_TLS_1_3, SSL_OP_NO_TLSv1_3},
	};
	(void)SSL_CTX_set_min_proto_version(ctx, 0);
	(void)SSL_CTX_set_max_proto_version(ctx, 0);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_SSLv3);
	for (size_t i = 0; i < COUNT_OF(each); i++) {
		if ((protocols & each[i].bit) != 0)
			(void)SSL_CTX_clear_options(ctx, each[i].refuses);
		else
			(void)SSL_CTX_set_options(ctx, each[i].refuses);
	}
}
