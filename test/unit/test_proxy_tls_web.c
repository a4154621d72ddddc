/* test/unit/test_proxy_tls_web.c - a server's TLS as nginx's ssl_* describe it. */
#include "test/unit/tls_web.h"

static struct web_server server;
static struct tls_context *context;
static struct tls_site *site;
static SSL_CTX *client;
static struct peer peer;

static int start(void **state)
{
	if (folder_setup(state) != 0 || hash_start() != 0)
		return -1;
	make_pair("rsa", EVP_RSA_gen(2048));
	make_signed("ca", "authority", "ca", 30);
	make_signed("me", "me.test", "ca", 30);
	make_signed("old", "old.test", "ca", 0);
	make_signed("ca2", "stranger", "ca2", 30);
	make_signed("you", "you.test", "ca2", 30);
	write_text("text.pem", "hello\n");
	write_text("empty", "");
	return 0;
}

static int setup(void **state)
{
	(void)state;
	web_server_init(&server);
	web_server_pair(&server, "one.pem", "one.key");
	context = NULL;
	client = client_context(0);
	return tls_site_create(&site);
}

static int teardown(void **state)
{
	(void)state;
	SSL_CTX_free(client);
	tls_site_destroy(site);
	tls_context_destroy(context);
	assert_int_equal(ERR_peek_error(), 0);
	return 0;
}

static void serve(void)
{
	tls_context_destroy(context);
	tls_site_destroy(site);
	assert_int_equal(tls_site_create(&site), 0);
	context = web_context(&server);
	assert_int_equal(tls_site_add(site, NULL, context), 0);
}

/* -- what is wrong -- */

static void certificate_words(void **state)
{
	(void)state;
	static const struct {
		const char *pem, *key, *want;
	} rows[] = {
		{"none.pem", "one.key",
			"cannot load certificate \"D/none.pem\": BIO_new_file() failed (SSL: "
			"error:80000002:system library::No such file or directory:calling "
			"fopen(D/none.pem, r) error:10000080:BIO routines::no such file)"},
		{"one.pem", "none.key",
			"cannot load certificate key \"D/none.key\": BIO_new_file() failed (SSL: "
			"error:80000002:system library::No such file or directory:calling "
			"fopen(D/none.key, r) error:10000080:BIO routines::no such file)"},
		{"text.pem", "one.key",
			"cannot load certificate \"D/text.pem\": PEM_read_bio_X509_AUX() failed "
			"(SSL: error:0480006C:PEM routines::no start line:Expecting: TRUSTED "
			"CERTIFICATE)"},
		{"one.pem", "empty",
			"cannot load certificate key \"D/empty\": PEM_read_bio_PrivateKey() failed "
			"(SSL: error:1E08010C:DECODER routines::unsupported:No supported data to "
			"decode. Input type: PEM)"},
		{"one.pem", "two.key",
			"SSL_CTX_use_PrivateKey(\"D/two.key\") failed (SSL: error:05800074:x509 "
			"certificate routines::key values mismatch)"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		web_server_init(&server);
		web_server_pair(&server, rows[i].pem, rows[i].key);
		assert_string_equal(web_refusal(&server), rows[i].want);
	}
}

static void words_for_the_rest(void **state)
{
	(void)state;
	server.ssl.ciphers = "NONSENSE";
	assert_string_equal(web_refusal(&server),
		"SSL_CTX_set_cipher_list(\"NONSENSE\") failed (SSL: error:0A0000B9:SSL "
		"routines::no cipher match)");
	server.ssl.ciphers = "HIGH";
	server.ssl.ecdh_curve = "nonsense";
	assert_string_equal(web_refusal(&server),
		"SSL_CTX_set1_curves_list(\"nonsense\") failed (SSL: error:0A080106:SSL "
		"routines::passed invalid argument:group 'nonsense' cannot be set)");
	server.ssl.ecdh_curve = "auto";
	server.ssl.dhparam = file_of("text.pem");
	assert_string_equal(web_refusal(&server),
		"PEM_read_bio_DHparams(\"D/text.pem\") failed (SSL: error:0480006C:PEM "
		"routines::no start line:Expecting: DH PARAMETERS)");
	server.ssl.dhparam = (struct conf_tls_file){0};
	server.ssl.trusted_certificate = file_of("text.pem");
	assert_string_equal(web_refusal(&server),
		"SSL_CTX_load_verify_locations(\"D/text.pem\") failed (SSL: error:05800088:x509 "
		"certificate routines::no certificate or crl found)");
	server.ssl.trusted_certificate = (struct conf_tls_file){0};
	server.ssl.crl = file_of("text.pem");
	assert_string_equal(web_refusal(&server),
		"X509_LOOKUP_load_file(\"D/text.pem\") failed (SSL: error:05800088:x509 "
		"certificate routines::no certificate or crl found)");
	server.ssl.crl = (struct conf_tls_file){0};
	server.ssl.verify_client = CONF_VERIFY_OPTIONAL;
	assert_string_equal(
		web_refusal(&server), "no ssl_client_certificate for ssl_verify_client");
	server.ssl.verify_client = CONF_VERIFY_OFF;
	server.commands[0] = (struct conf_tls_command){"Foo", {"Bar", "/Bar"}};
	server.ssl.conf_command.count = 1;
	assert_string_equal(web_refusal(&server),
		"SSL_CONF_cmd(\"Foo\", \"Bar\") failed (SSL: error:0A000182:SSL routines::unknown "
		"cmd name:cmd=Foo)");
	server.ssl.conf_command.count = 0;
	server.tickets[0] = file_of("text.pem");
	server.ssl.session_ticket_key.count = 1;
	assert_string_equal(web_refusal(&server), "\"D/text.pem\" must be 48 or 80 bytes");
}

static void a_key_of_another_kind_is_let_pass_as_nginx_does(void **state)
{
	(void)state;
	web_server_init(&server);
	web_server_pair(&server, "rsa.pem", "one.key");
	serve();
	peer_open(&peer, site, client, NULL);
	assert_int_equal(peer_handshake(&peer, NULL), TLS_FAILED);
	peer_close(&peer);
}

static void locked_keys_are_opened_with_the_right_line(void **state)
{
	(void)state;
	EVP_PKEY *key = read_key("one.key");
	FILE *f = fopen(in_folder("locked.key"), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(),
				 (const unsigned char *)"secret", 6, NULL, NULL),
		1);
	assert_int_equal(fclose(f), 0);
	EVP_PKEY_free(key);
	web_server_init(&server);
	web_server_pair(&server, "one.pem", "locked.key");
	assert_non_null(strstr(web_refusal(&server), "PEM_read_bio_PrivateKey() failed"));
	write_text("words", "wrong\n\nsecret");
	server.ssl.password_file = file_of("words");
	serve();
	write_text("words", "wrong\nwrong too\n");
	assert_non_null(strstr(web_refusal(&server), "PEM_read_bio_PrivateKey() failed"));
	write_text("words", "");
	assert_non_null(strstr(web_refusal(&server), "PEM_read_bio_PrivateKey() failed"));
}

static void pem_in_the_configuration_is_not_repeated_in_messages(void **state)
{
	static char pem[8192], key[8192];
	(void)state;
	FILE *f = fopen(in_folder("one.pem"), "r");
	assert_non_null(f);
	memcpy(pem, "data:", 5);
	pem[5 + fread(pem + 5, 1, sizeof(pem) - 6, f)] = '\0';
	assert_int_equal(fclose(f), 0);
	f = fopen(in_folder("one.key"), "r");
	assert_non_null(f);
	memcpy(key, "data:", 5);
	key[5 + fread(key + 5, 1, sizeof(key) - 6, f)] = '\0';
	assert_int_equal(fclose(f), 0);
	server.certificates[0] = (struct conf_tls_file){pem, NULL};
	server.keys[0] = (struct conf_tls_file){key, NULL};
	serve();
	peer_connect(&peer, site, client, NULL);
	peer_close(&peer);
	server.keys[0].text = "data:secret";
	assert_null(strstr(web_refusal(&server), "secret"));
}

/* -- protocols, curves, ciphers -- */

static const char *spoken(int version)
{
	SSL_CTX *ctx = client_context(version);
	SSL_CTX_set_security_level(ctx, 0);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0"), 1);
	peer_open(&peer, site, ctx, NULL);
	bool is_good = peer_handshake(&peer, NULL) == TLS_DONE;
	const char *text = is_good ? SSL_get_version(peer.ssl) : "none";
	peer_close(&peer);
	SSL_CTX_free(ctx);
	return text;
}

static void any_set_of_protocols(void **state)
{
	(void)state;
	server.ssl.protocols = CONF_TLS_1_3;
	serve();
	assert_string_equal(spoken(TLS1_2_VERSION), "none");
	assert_string_equal(spoken(TLS1_3_VERSION), "TLSv1.3");
	server.ssl.protocols = CONF_TLS_PROTOCOLS_DEFAULT;
	serve();
	assert_string_equal(spoken(TLS1_3_VERSION), "none");
	assert_string_equal(spoken(0), "TLSv1.2");
	server.ssl.protocols = CONF_TLS_1_0 | CONF_TLS_1_2;
	server.ssl.ciphers = "ALL:@SECLEVEL=0";
	serve();
	assert_string_equal(spoken(TLS1_VERSION), "TLSv1");
	assert_string_equal(spoken(TLS1_1_VERSION), "none");
	assert_string_equal(spoken(TLS1_2_VERSION), "TLSv1.2");
}

static void the_clients_order_of_ciphers_counts_unless_it_is_told_not_to(void **state)
{
	(void)state;
	server.ssl.protocols = CONF_TLS_1_2;
	server.ssl.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";
	assert_int_equal(SSL_CTX_set_cipher_list(client,
				 "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"),
		1);
	for (int prefers = 0; prefers < 2; prefers++) {
		server.ssl.prefer_server_ciphers = prefers != 0;
		serve();
		peer_connect(&peer, site, client, NULL);
		assert_string_equal(
			tls_cipher(&peer.sock), prefers ? "ECDHE-ECDSA-AES256-GCM-SHA384"
							: "ECDHE-ECDSA-AES128-GCM-SHA256");
		peer_close(&peer);
	}
}

static void two_kinds_of_keys_in_one_server(void **state)
{
	(void)state;
	web_server_pair(&server, "rsa.pem", "rsa.key");
	server.ssl.protocols = CONF_TLS_1_2;
	serve();
	static const char *const ciphers[] = {
		"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"};
	for (size_t i = 0; i < COUNT_OF(ciphers); i++) {
		assert_int_equal(SSL_CTX_set_cipher_list(client, ciphers[i]), 1);
		peer_connect(&peer, site, client, NULL);
		assert_string_equal(tls_cipher(&peer.sock), ciphers[i]);
		peer_close(&peer);
	}
}

/* -- names -- */

static struct tls_context *found;

static struct tls_context *find(const void *arg, struct slice name)
{
	assert_ptr_equal(arg, &found);
	return slice_is(name, SLICE("two.test")) ? found : NULL;
}

static void whoever_knows_names_picks_all_that_is_the_servers(void **state)
{
	struct web_server other;
	(void)state;
	serve();
	web_server_init(&other);
	web_server_pair(&other, "two.pem", "two.key");
	other.ssl.protocols = CONF_TLS_1_2;
	other.ssl.ecdh_curve = "secp384r1";
	other.ssl.verify_client = CONF_VERIFY_OPTIONAL_NO_CA;
	struct tls_context *two = web_context(&other);
	found = two;
	tls_site_set_finder(site, find, &found);
	peer_connect(&peer, site, client, "TWO.test");
	assert_string_equal(tls_protocol(&peer.sock), "TLSv1.2");
	assert_ptr_equal(tls_chosen(&peer.sock), two);
	assert_true(tls_asks_certificate(&peer.sock));
	assert_int_equal(SSL_get_negotiated_group(peer.ssl), NID_secp384r1);
	peer_close(&peer);
	peer_connect(&peer, site, client, "one.test");
	assert_string_equal(tls_protocol(&peer.sock), "TLSv1.3");
	assert_false(tls_asks_certificate(&peer.sock));
	peer_close(&peer);
	/* And the other way round: what the default has does not stay. */
	tls_site_set_default(site, two);
	found = context;
	peer_connect(&peer, site, client, "two.test");
	assert_string_equal(tls_protocol(&peer.sock), "TLSv1.3");
	assert_int_equal(SSL_get_negotiated_group(peer.ssl), NID_X25519);
	peer_close(&peer);
	tls_context_destroy(two);
}

static void a_name_may_be_rejected(void **state)
{
	struct web_server nobody;
	struct err why = {{0}};
	(void)state;
	web_server_init(&nobody);
	nobody.ssl.reject_handshake = true;
	serve();
	struct tls_context *rejects = web_context(&nobody);
	assert_int_equal(tls_site_add(site, "one.test", context), 0);
	tls_site_set_default(site, rejects);
	peer_connect(&peer, site, client, "one.test");
	peer_close(&peer);
	static const char *const names[] = {"other.test", NULL};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		peer_open(&peer, site, client, names[i]);
		assert_int_equal(peer_handshake(&peer, &why), TLS_FAILED);
		assert_int_equal(SSL_do_handshake(peer.ssl), -1);
		ERR_clear_error();
		peer_close(&peer);
	}
	tls_context_destroy(rejects);
}

/* -- sessions -- */

static SSL_SESSION *visit(SSL_SESSION *session, bool *ret_resumed)
{
	char p[64];
	size_t n;
	struct err why = {{0}};
	peer_open(&peer, site, client, NULL);
	if (session != NULL)
		assert_int_equal(SSL_set_session(peer.ssl, session), 1);
	if (peer_handshake(&peer, &why) != TLS_DONE)
		fail_msg("%s", why.text);
	assert_int_equal(server_write(&peer, "hello", 5), 5);
	(void)client_read(&peer, p, sizeof(p), &n);
	*ret_resumed = tls_was_resumed(&peer.sock);
	SSL_SESSION *got = SSL_get1_session(peer.ssl);
	SSL_set_shutdown(peer.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	peer_close(&peer);
	return got;
}

static bool resumes(int version, bool is_made_anew)
{
	bool is_resumed;
	SSL_CTX_free(client);
	client = client_context(version);
	serve();
	SSL_SESSION *first = visit(NULL, &is_resumed);
	assert_false(is_resumed);
	if (is_made_anew) {
		struct tls_context *old = context;
		context = NULL;
		serve();
		tls_context_destroy(old);
	}
	SSL_SESSION *second = visit(first, &is_resumed);
	SSL_SESSION_free(first);
	SSL_SESSION_free(second);
	return is_resumed;
}

static void sessions_without_tickets_need_a_cache(void **state)
{
	(void)state;
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		server.ssl.session_tickets = false;
		server.ssl.session_cache = (struct conf_tls_cache){.kind = CONF_TLS_CACHE_NONE};
		assert_false(resumes(versions[i], false));
		server.ssl.session_cache.kind = CONF_TLS_CACHE_OFF;
		assert_false(resumes(versions[i], false));
		server.ssl.session_cache = (struct conf_tls_cache){
			.kind = CONF_TLS_CACHE_ON, .has_builtin = true, .builtin = 10};
		assert_true(resumes(versions[i], false));
		assert_false(resumes(versions[i], true));
		server.ssl.session_cache = (struct conf_tls_cache){
			.kind = CONF_TLS_CACHE_ON, .shared = "a", .shared_bytes = 65536};
		assert_true(resumes(versions[i], false));
		/* A reload keeps it. */
		assert_true(resumes(versions[i], true));
	}
}

static void tickets_need_none(void **state)
{
	(void)state;
	assert_true(resumes(TLS1_2_VERSION, false));
	assert_true(resumes(TLS1_2_VERSION, true));
	assert_true(resumes(TLS1_3_VERSION, true));
}

static void ticket_keys_from_files(void **state)
{
	char text[97];
	bool is_resumed;
	(void)state;
	memset(text, 'a', sizeof(text));
	text[48] = '\0';
	write_text("t48", text);
	memset(text, 'b', sizeof(text));
	text[80] = '\0';
	write_text("t80", text);
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		server.tickets[0] = file_of("t48");
		server.tickets[1] = file_of("t80");
		server.ssl.session_ticket_key.count = 2;
		assert_true(resumes(versions[i], true));
		SSL_SESSION *first = visit(NULL, &is_resumed);
		/* The second key still opens. */
		server.tickets[0] = file_of("t80");
		server.tickets[1] = file_of("t48");
		serve();
		SSL_SESSION *second = visit(first, &is_resumed);
		assert_true(is_resumed);
		SSL_SESSION_free(first);
		server.ssl.session_ticket_key.count = 1;
		serve();
		first = visit(second, &is_resumed);
		assert_true(is_resumed);
		server.tickets[0] = file_of("t48");
		serve();
		SSL_SESSION_free(second);
		second = visit(first, &is_resumed);
		assert_false(is_resumed);
		SSL_SESSION_free(first);
		SSL_SESSION_free(second);
	}
}

/* -- clients' certificates -- */

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
		assert_int_equal(
			tls_admit(&peer.sock, &server.ssl, &server.ssl, &why), rows[i].want);
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
	assert_int_equal(tls_admit(&peer.sock, &server.ssl, &server.ssl, &why), TLS_CERT_ERROR);
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
	assert_int_equal(tls_admit(&peer.sock, &open, &server.ssl, &why), TLS_ADMITTED);
	assert_int_equal(tls_admit(&peer.sock, &strict, &open, &why), TLS_NO_CERT);
	assert_int_equal(tls_admit(&peer.sock, &open, &strict, &why), TLS_MISDIRECTED);
	assert_int_equal(tls_admit(&peer.sock, &strict, &strict, &why), TLS_NO_CERT);
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

static void small_records_where_they_are_asked_for(void **state)
{
	static char data[40000], got[40000];
	size_t done = 0, n;
	(void)state;
	server.ssl.buffer_size = 1000;
	serve();
	peer_connect(&peer, site, client, NULL);
	memset(data, 'x', sizeof(data));
	while (done < sizeof(data)) {
		ssize_t put = server_write(&peer, data + done, sizeof(data) - done);
		assert_true(put > 0 || put == -EAGAIN);
		done += put > 0 ? (size_t)put : 0;
		int first = SSL_read(peer.ssl, got, sizeof(got));
		assert_in_range(first, 1, 1000);
		(void)client_read(&peer, got, sizeof(got), &n);
	}
	peer_close(&peer);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(certificate_words),
		CASE(words_for_the_rest),
		CASE(a_key_of_another_kind_is_let_pass_as_nginx_does),
		CASE(locked_keys_are_opened_with_the_right_line),
		CASE(pem_in_the_configuration_is_not_repeated_in_messages),
		CASE(any_set_of_protocols),
		CASE(the_clients_order_of_ciphers_counts_unless_it_is_told_not_to),
		CASE(two_kinds_of_keys_in_one_server),
		CASE(whoever_knows_names_picks_all_that_is_the_servers),
		CASE(a_name_may_be_rejected),
		CASE(sessions_without_tickets_need_a_cache),
		CASE(tickets_need_none),
		CASE(ticket_keys_from_files),
		CASE(each_request_is_judged),
		CASE(a_revoked_one_is_not_admitted_by_its_old_session),
		CASE(another_server_may_be_asked_unless_certificates_matter),
		CASE(what_a_connection_tells),
		CASE(without_a_certificate_nothing_is_told_of_one),
		CASE(small_records_where_they_are_asked_for),
	};
	return cmocka_run_group_tests_name("proxy/tls_web", tests, start, folder_teardown);
}
