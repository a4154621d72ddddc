/*
 * proxy/tls.c - certificates, and which name gets which.
 */
#include "proxy/tls_parts.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

/* 128 bits of AES are enough, and cheaper; a phone that asks for ChaCha first gets it. */
#define CIPHERS_DEFAULT "ECDHE+AES128+AESGCM:ECDHE+AESGCM:ECDHE+CHACHA20"
#define SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS "X25519:P-256:P-384"
#define TICKET_LIFE_S 7200

struct site_entry {
	char *name;                  /* owned; "*.example.com" is kept as ".example.com" */
	struct tls_context *context; /* borrowed: the generation owns it and the site */
};

struct tls_site {
	struct tls_context *first; /* borrowed likewise */
	/* NULL: by the entries */
	struct tls_context *(*find)(const void *arg, struct slice name);
	const void *find_arg;       /* borrowed: outlives the site */
	struct site_entry *entries; /* owned, sorted by name */
	size_t count, room;
};

int tls_start(void)
{
	int rc = tls_tickets_start();
	if (rc != 0)
		return rc;
	rc = tls_web_start();
	if (rc == 0)
		rc = tls_io_start();
	if (rc != 0)
		tls_tickets_finish();
	return rc;
}

void tls_finish(void)
{
	tls_io_finish();
	tls_tickets_finish();
}

const char *tls_error_text(void)
{
	static char text[200];
	unsigned long error = ERR_get_error();
	const char *reason = NULL;
	const char *what = "TLS";

	if (error != 0 && ERR_SYSTEM_ERROR(error)) {
		reason = strerrordesc_np(ERR_GET_REASON(error));
		what = "system";
	} else if (error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL &&
		   ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET) {
		reason = SSL_alert_desc_string_long(ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET);
		what = "TLS alert";
	} else if (error != 0) {
		reason = ERR_reason_error_string(error);
	}
	ERR_clear_error();
	if (reason == NULL)
		reason = "unknown error";
	size_t n = strlen(what), more = min_size(strlen(reason), sizeof(text) - 32);
	memcpy(text, what, n);
	memcpy(text + n, ": ", 2);
	memcpy(text + n + 2, reason, more);
	text[n + 2 + more] = '\0';
	return text;
}

/* -- contexts -- */

/* The key's passphrase would be asked for on the terminal. */
static int no_passphrase(char *out, int room, int is_writing, void *arg)
{
	(void)out;
	(void)room;
	(void)is_writing;
	(void)arg;
	return -1;
}

/* A client that offers no http/1.1 is served without an answer to its offer. */
static int on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_n,
	const unsigned char *offer, unsigned n, void *arg)
{
	static const char want[] = "http/1.1";
	(void)ssl;
	(void)arg;
	for (unsigned i = 0; i < n && i + 1 + offer[i] <= n; i += 1u + offer[i]) {
		if (offer[i] == sizeof(want) - 1 && memcmp(offer + i + 1, want, offer[i]) == 0) {
			*ret = offer + i + 1;
			*ret_n = offer[i];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* nginx knows three, and sends away who offers none of them (RFC 7301 section 3.2). */
static int on_web_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_n,
	const unsigned char *offer, unsigned n, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1\x08http/1.0\x08http/0.9";
	unsigned char *chosen;
	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, ret_n, ours, sizeof(ours) - 1, offer, n) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* What every context has. */
static void set_common(SSL_CTX *ctx, bool is_web)
{
	/* A FIN without close_notify ends the client's side in order: requests say their length, so
	 * a cut one is seen by whoever counts, and many clients just close. */
	SSL_CTX_set_options(ctx,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	/* One read instead of two per record. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_alpn_select_cb(ctx, is_web ? on_web_alpn : on_alpn, NULL);
	SSL_CTX_set_client_hello_cb(ctx, tls_on_hello, NULL);
}

static bool set_up(SSL_CTX *ctx, const struct conf_tls *conf)
{
	const char *ciphers = conf->ciphers != NULL && conf->ciphers[0] != '\0' ? conf->ciphers
										: CIPHERS_DEFAULT;
	uint16_t min_version = conf->min_version != 0 ? conf->min_version : TLS1_2_VERSION;

	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, TICKET_LIFE_S);
	return SSL_CTX_set_min_proto_version(ctx, min_version) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, ciphers) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, SUITES) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, GROUPS) == 1 && SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
	       tls_tickets_attach(ctx);
}

static int load_pair(SSL_CTX *ctx, const struct conf_tls *conf, struct err *err)
{
	/* OpenSSL reports a missing file in three ways; ours is the one people know. */
	if (access(conf->certificate, R_OK) != 0) {
		err_set(err, "cannot read certificate %s: %s", conf->certificate,
			strerrordesc_np(errno));
		return -EINVAL;
	}
	if (access(conf->key, R_OK) != 0) {
		err_set(err, "cannot read key %s: %s", conf->key, strerrordesc_np(errno));
		return -EINVAL;
	}
	if (SSL_CTX_use_certificate_chain_file(ctx, conf->certificate) != 1) {
		err_set(err, "cannot use certificate %s: %s", conf->certificate, tls_error_text());
		return -EINVAL;
	}
	if (SSL_CTX_use_PrivateKey_file(ctx, conf->key, SSL_FILETYPE_PEM) != 1) {
		bool is_mismatch = ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509;
		const char *why = tls_error_text();
		if (is_mismatch)
			err_set(err, "key %s does not belong to certificate %s", conf->key,
				conf->certificate);
		else
			err_set(err, "cannot use key %s: %s", conf->key, why);
		return -EINVAL;
	}
	/* Catches a key of another kind than the certificate's, too. */
	if (SSL_CTX_check_private_key(ctx) != 1) {
		ERR_clear_error();
		err_set(err, "key %s does not belong to certificate %s", conf->key,
			conf->certificate);
		return -EINVAL;
	}
	return 0;
}

/* A ticket is good where the same certificate answers: not for another name with another one, but
 * for the same one in the next generation. */
static bool bind_tickets(SSL_CTX *ctx)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	return X509_digest(SSL_CTX_get0_certificate(ctx), EVP_sha256(), digest, &n) == 1 &&
	       SSL_CTX_set_session_id_context(ctx, digest, n) == 1;
}

static int set_up_native(struct tls_context *context, const struct conf_tls *conf, struct err *err)
{
	context->curves = strdup(GROUPS);
	if (context->curves == NULL) {
		err_set(err, "out of memory");
		return -ENOMEM;
	}
	if (!set_up(context->ctx, conf)) {
		err_set(err, "certificate %s: cannot set up TLS with ciphers \"%s\": %s",
			conf->certificate, conf->ciphers != NULL ? conf->ciphers : "",
			tls_error_text());
		return -EINVAL;
	}
	int rc = load_pair(context->ctx, conf, err);
	if (rc == 0 && !bind_tickets(context->ctx)) {
		err_set(err, "certificate %s: %s", conf->certificate, tls_error_text());
		rc = -EINVAL;
	}
	return rc;
}

int tls_context_create(
	struct tls_context **ret_context, const struct conf_tls *conf, struct err *err)
{
	ERR_clear_error();
	struct tls_context *context = calloc(1, sizeof(*context));
	if (context == NULL) {
		err_set(err, "out of memory");
		return -ENOMEM;
	}
	context->record_most = SSL3_RT_MAX_PLAIN_LENGTH;
	context->ctx = SSL_CTX_new(TLS_server_method());
	if (context->ctx == NULL) {
		ERR_clear_error();
		err_set(err, "out of memory");
		free(context);
		return -ENOMEM;
	}
	set_common(context->ctx, conf->web != NULL);
	int rc = conf->web != NULL ? tls_web_set_up(context, conf->web, err)
				   : set_up_native(context, conf, err);
	if (rc != 0) {
		ERR_clear_error();
		tls_context_destroy(context);
		return rc;
	}
	*ret_context = context;
	return 0;
}

void tls_context_destroy(struct tls_context *context)
{
	if (context == NULL)
		return;
	SSL_CTX_free(context->ctx);
	free(context->curves);
	free(context);
}

/* -- sites -- */

int tls_site_create(struct tls_site **ret_site)
{
	*ret_site = calloc(1, sizeof(**ret_site));
	return *ret_site == NULL ? -ENOMEM : 0;
}

void tls_site_destroy(struct tls_site *site)
{
	if (site == NULL)
		return;
	for (size_t i = 0; i < site->count; i++)
		free(site->entries[i].name);
	free(site->entries);
	free(site);
}

static int compare(const char *name, struct slice other)
{
	int order = strncmp(name, other.p, other.n);
	return order != 0 ? order : name[other.n] != '\0';
}

/* The first entry that is not before `name`. */
static size_t position(const struct tls_site *site, struct slice name)
{
	size_t low = 0, high = site->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(site->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct tls_context *find_exactly(const struct tls_site *site, struct slice name)
{
	size_t i = position(site, name);
	if (i < site->count && compare(site->entries[i].name, name) == 0)
		return site->entries[i].context;
	return NULL;
}

int tls_site_add(struct tls_site *site, const char *name, struct tls_context *context)
{
	if (name != NULL) {
		struct slice key = slice_of(name[0] == '*' ? name + 1 : name);
		/* Two servers with one name on one address: the first has it, as with Host. */
		if (find_exactly(site, key) != NULL)
			return 0;
		if (site->count == site->room) {
			size_t room = site->room != 0 ? 2 * site->room : 8;
			struct site_entry *more = reallocarray(site->entries, room, sizeof(*more));
			if (more == NULL)
				return -ENOMEM;
			site->entries = more;
			site->room = room;
		}
		char *copy = strdup(key.p);
		if (copy == NULL)
			return -ENOMEM;
		size_t at = position(site, key);
		memmove(site->entries + at + 1, site->entries + at,
			(site->count - at) * sizeof(*site->entries));
		site->entries[at] = (struct site_entry){copy, context};
		site->count++;
	}
	if (site->first == NULL)
		site->first = context;
	return 0;
}

void tls_site_set_default(struct tls_site *site, struct tls_context *context)
{
	if (context != NULL)
		site->first = context;
}

void tls_site_set_finder(struct tls_site *site,
	struct tls_context *(*find)(const void *arg, struct slice name), const void *arg)
{
	site->find = find;
	site->find_arg = arg;
}

struct tls_context *tls_site_default(const struct tls_site *site)
{
	return site->first;
}

struct tls_context *tls_site_find(const struct tls_site *site, struct slice name)
{
	if (site->find != NULL)
		return site->find(site->find_arg, name);
	struct tls_context *found = find_exactly(site, name);
	while (found == NULL && name.n > 1) {
		/* Past the leading dot, or the suffix would be found for ever. */
		const char *dot = memchr(name.p + 1, '.', name.n - 1);
		if (dot == NULL)
			break;
		name.n -= (size_t)(dot - name.p);
		name.p = dot;
		found = find_exactly(site, name);
	}
	return found;
}
