/* test/unit/test_proxy_tls_web.c - a server's TLS as nginx's ssl_* describe it. */
#include "test/unit/tls_served.h"

#include <sys/stat.h>
#include <sys/wait.h>

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
	/* A pipe, too, though nobody may be at its other end. */
	server.ssl.password_file = file_of("pipe");
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	pid_t child = fork();
	if (child == 0) {
		int fd = open(in_folder("pipe"), O_WRONLY | O_CLOEXEC);
		_exit(write(fd, "secret\n", 7) == 7 ? 0 : 1);
	}
	serve();
	assert_int_equal(waitpid(child, NULL, 0), child);
	server.ssl.password_file = file_of("words");
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
	assert_true(
		(SSL_get_verify_mode(((struct tls *)peer.sock.tls)->ssl) & SSL_VERIFY_PEER) != 0);
	assert_int_equal(SSL_get_negotiated_group(peer.ssl), NID_secp384r1);
	peer_close(&peer);
	peer_connect(&peer, site, client, "one.test");
	assert_string_equal(tls_protocol(&peer.sock), "TLSv1.3");
	assert_int_equal(SSL_get_verify_mode(((struct tls *)peer.sock.tls)->ssl), SSL_VERIFY_NONE);
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
		CASE(small_records_where_they_are_asked_for),
	};
	return cmocka_run_group_tests_name("proxy/tls_web", tests, start, folder_teardown);
}
