/* test/unit/test_proxy_tls.c - contexts, names, handshakes and tickets. */
#include "tls_peer.h"

/* -- certificates and keys -- */

static const char *refusal(const char *certificate, const char *key, const char *ciphers)
{
	static struct err err;
	struct tls_context *context;
	struct conf_tls conf = {.certificate = in_folder(certificate),
		.key = in_folder(key),
		.min_version = TLS1_2_VERSION,
		.ciphers = ciphers};
	err.text[0] = '\0';
	assert_int_equal(tls_context_create(&context, &conf, &err), -EINVAL);
	assert_int_equal(ERR_peek_error(), 0);
	return err.text;
}

static void a_key_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	const char *text = refusal("one.pem", "two.key", "");
	assert_non_null(strstr(text, "one.pem"));
	assert_non_null(strstr(text, "two.key"));
	assert_non_null(strstr(text, "does not belong to"));
}

static void a_key_of_another_kind_is_refused(void **state)
{
	(void)state;
	make_pair("rsa", EVP_RSA_gen(2048));
	const char *text = refusal("one.pem", "rsa.key", "");
	assert_non_null(strstr(text, "does not belong to"));
	assert_non_null(strstr(text, "rsa.key"));
	text = refusal("rsa.pem", "one.key", "");
	assert_non_null(strstr(text, "does not belong to"));
}

static void a_missing_file_is_named(void **state)
{
	(void)state;
	assert_non_null(strstr(refusal("none.pem", "one.key", ""), "none.pem: No such file"));
	assert_non_null(strstr(refusal("one.pem", "none.key", ""), "none.key: No such file"));
}

static void a_file_without_certificate_is_named(void **state)
{
	(void)state;
	write_text("text.pem", "hello\n");
	assert_non_null(strstr(refusal("text.pem", "one.key", ""), "text.pem"));
	assert_non_null(strstr(refusal("one.pem", "text.pem", ""), "text.pem"));
}

static void an_encrypted_key_is_refused_without_asking(void **state)
{
	(void)state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *f = fopen(in_folder("locked.key"), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(),
				 (const unsigned char *)"secret", 6, NULL, NULL),
		1);
	assert_int_equal(fclose(f), 0);
	EVP_PKEY_free(key);
	assert_non_null(strstr(refusal("one.pem", "locked.key", ""), "locked.key"));
}

static void unknown_ciphers_are_refused(void **state)
{
	(void)state;
	assert_non_null(strstr(refusal("one.pem", "one.key", "NONSENSE"), "NONSENSE"));
}

/* -- names -- */

struct site {
	struct tls_context *one, *two;
	struct tls_site *site;
	SSL_CTX *client;
	struct peer peer;
};

static int setup(void **state)
{
	static struct site s;
	s = (struct site){.one = make_context("one", 0), .two = make_context("two", 0)};
	s.client = client_context(0);
	if (tls_site_create(&s.site) != 0 || tls_site_add(s.site, "one.example", s.one) != 0 ||
		tls_site_add(s.site, "two.example", s.two) != 0 ||
		tls_site_add(s.site, "*.wild.example", s.two) != 0 ||
		tls_site_add(s.site, "one.wild.example", s.one) != 0 ||
		tls_site_add(s.site, "one.example", s.two) != 0)
		return -1;
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	struct site *s = *state;
	SSL_CTX_free(s->client);
	tls_site_destroy(s->site);
	tls_context_destroy(s->one);
	tls_context_destroy(s->two);
	assert_int_equal(ERR_peek_error(), 0);
	return 0;
}

static void the_name_picks_the_certificate(void **state)
{
	struct site *s = *state;
	static const struct {
		const char *sent, *certificate, *name;
	} cases[] = {
		{"one.example", "one", "one.example"},
		{"two.example", "two", "two.example"},
		{"TWO.Example", "two", "two.example"},
		{"a.wild.example", "two", "a.wild.example"},
		{"a.b.wild.example", "two", "a.b.wild.example"},
		{"one.wild.example", "one", "one.wild.example"},
		{"wild.example", "one", "wild.example"},
		{"nobody.example", "one", "nobody.example"},
		{NULL, "one", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char common_name[64] = "";
		peer_connect(&s->peer, s->site, s->client, cases[i].sent);
		X509 *got = SSL_get1_peer_certificate(s->peer.ssl);
		assert_non_null(got);
		(void)X509_NAME_get_text_by_NID(
			X509_get_subject_name(got), NID_commonName, common_name, 64);
		X509_free(got);
		assert_string_equal(common_name, cases[i].certificate);
		if (cases[i].name == NULL)
			assert_null(tls_name(&s->peer.sock));
		else
			assert_string_equal(tls_name(&s->peer.sock), cases[i].name);
		assert_ptr_equal(tls_chosen(&s->peer.sock),
			cases[i].certificate[0] == 't' ? s->two : s->one);
		peer_close(&s->peer);
	}
}

static void each_name_has_its_own_least_version(void **state)
{
	struct site *s = *state;
	struct tls_context *strict = make_context("two", TLS1_3_VERSION);
	struct err why;
	assert_int_equal(tls_site_add(s->site, "strict.example", strict), 0);
	SSL_CTX *old = client_context(TLS1_2_VERSION);
	peer_open(&s->peer, s->site, old, "strict.example");
	assert_int_equal(peer_handshake(&s->peer, &why), TLS_FAILED);
	assert_non_null(strstr(why.text, "unsupported protocol"));
	peer_close(&s->peer);
	peer_connect(&s->peer, s->site, old, "one.example");
	assert_string_equal(tls_protocol(&s->peer.sock), "TLSv1.2");
	peer_close(&s->peer);
	SSL_CTX_free(old);
	tls_context_destroy(strict);
}

/* -- the handshake -- */

static void a_handshake_is_counted_and_described(void **state)
{
	struct site *s = *state;
	uint64_t before = proxy_stats.tls_handshakes;
	assert_null(tls_protocol(&s->peer.sock));
	peer_connect(&s->peer, s->site, s->client, NULL);
	assert_int_equal(proxy_stats.tls_handshakes, before + 1);
	assert_string_equal(tls_protocol(&s->peer.sock), "TLSv1.3");
	assert_non_null(strstr(tls_cipher(&s->peer.sock), "TLS_"));
	assert_false(tls_was_resumed(&s->peer.sock));
	assert_int_equal(tls_handshake(&s->peer.sock, NULL), TLS_DONE);
	peer_close(&s->peer);
	assert_ptr_equal(s->peer.sock.transport, &plain_transport);
}

static void http_1_1_is_agreed_on_when_offered(void **state)
{
	struct site *s = *state;
	static const struct {
		const char *offer, *want;
	} cases[] = {{"\x02h2\x08http/1.1", "http/1.1"}, {"\x02h2", ""},
		{"\x08http/1.0\x08http/1.1", "http/1.1"}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const unsigned char *got = NULL;
		unsigned n = 0;
		peer_open(&s->peer, s->site, s->client, NULL);
		assert_int_equal(
			SSL_set_alpn_protos(s->peer.ssl, (const unsigned char *)cases[i].offer,
				(unsigned)strlen(cases[i].offer)),
			0);
		assert_int_equal(peer_handshake(&s->peer, NULL), TLS_DONE);
		SSL_get0_alpn_selected(s->peer.ssl, &got, &n);
		assert_int_equal(n, strlen(cases[i].want));
		assert_true(n == 0 || memcmp(got, cases[i].want, n) == 0);
		peer_close(&s->peer);
	}
}

static void plain_http_is_noticed_and_not_touched(void **state)
{
	struct site *s = *state;
	static const char request[] = "GET / HTTP/1.1\r\n\r\n";
	char got[64];
	uint64_t failed = proxy_stats.tls_failed;
	peer_open(&s->peer, s->site, NULL, NULL);
	report(&s->peer.sock);
	assert_int_equal(tls_handshake(&s->peer.sock, NULL), TLS_WAIT);
	assert_int_equal(write(s->peer.fd, request, sizeof(request) - 1), sizeof(request) - 1);
	assert_int_equal(peer_handshake(&s->peer, NULL), TLS_PLAIN_HTTP);
	assert_null(s->peer.sock.tls);
	assert_ptr_equal(s->peer.sock.transport, &plain_transport);
	assert_int_equal(read(s->peer.sock.fd, got, sizeof(got)), sizeof(request) - 1);
	assert_memory_equal(got, request, sizeof(request) - 1);
	assert_int_equal(proxy_stats.tls_failed, failed + 1);
	peer_close(&s->peer);
}

static void what_is_no_tls_fails_in_words(void **state)
{
	struct site *s = *state;
	struct err why = {{0}};
	uint64_t failed = proxy_stats.tls_failed;
	peer_open(&s->peer, s->site, NULL, NULL);
	/* A record of the right look with a message that is no hello. */
	assert_int_equal(write(s->peer.fd, "\x16\x03\x01\x00\x04\x99\x00\x00\x00", 9), 9);
	assert_int_equal(peer_handshake(&s->peer, &why), TLS_FAILED);
	assert_true(strncmp(why.text, "TLS: ", 5) == 0);
	assert_true(is_ready(s->peer.fd, POLLIN)); /* an alert */
	peer_close(&s->peer);
	assert_int_equal(proxy_stats.tls_failed, failed + 1);
}

static void an_alert_of_the_client_is_named(void **state)
{
	struct site *s = *state;
	struct err why = {{0}};
	SSL_CTX_set_verify(s->client, SSL_VERIFY_PEER, NULL);
	peer_open(&s->peer, s->site, s->client, NULL);
	assert_int_equal(peer_handshake(&s->peer, &why), TLS_FAILED);
	assert_true(strncmp(why.text, "TLS alert: ", 11) == 0);
	peer_close(&s->peer);
}

static void who_leaves_in_the_handshake_is_said_to_have_left(void **state)
{
	struct site *s = *state;
	struct err why = {{0}};
	for (int has_begun = 0; has_begun < 2; has_begun++) {
		peer_open(&s->peer, s->site, s->client, NULL);
		if (has_begun)
			assert_int_equal(SSL_do_handshake(s->peer.ssl), -1);
		assert_int_equal(shutdown(s->peer.fd, SHUT_WR), 0);
		SSL_free(s->peer.ssl);
		s->peer.ssl = NULL;
		assert_int_equal(peer_handshake(&s->peer, &why), TLS_FAILED);
		assert_non_null(strstr(why.text, "the client closed"));
		peer_close(&s->peer);
	}
}

static void an_error_of_somebody_else_is_not_ours(void **state)
{
	struct site *s = *state;
	char p[16];
	peer_connect(&s->peer, s->site, s->client, NULL);
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
	report(&s->peer.sock);
	assert_int_equal(sock_read(&s->peer.sock, p, sizeof(p)), -EAGAIN);
	peer_close(&s->peer);
}

/* -- tickets -- */

/* A connection with one answer, so that a 1.3 client has its ticket. */
static SSL_SESSION *connect_to(
	struct site *s, const char *name, SSL_SESSION *session, bool *ret_resumed)
{
	char p[64];
	size_t n;
	struct err why = {{0}};
	peer_open(&s->peer, s->site, s->client, name);
	if (session != NULL)
		assert_int_equal(SSL_set_session(s->peer.ssl, session), 1);
	if (peer_handshake(&s->peer, &why) != TLS_DONE)
		fail_msg("%s", why.text);
	assert_int_equal(server_write(&s->peer, "hello", 5), 5);
	(void)client_read(&s->peer, p, sizeof(p), &n);
	assert_int_equal(n, 5);
	*ret_resumed = tls_was_resumed(&s->peer.sock);
	assert_int_equal(*ret_resumed, SSL_session_reused(s->peer.ssl));
	SSL_SESSION *got = SSL_get1_session(s->peer.ssl);
	/* Without it OpenSSL's client takes the session for a broken one. */
	SSL_set_shutdown(s->peer.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	peer_close(&s->peer);
	return got;
}

static SSL_SESSION *connect_once(struct site *s, SSL_SESSION *session, bool *ret_resumed)
{
	return connect_to(s, "one.example", session, ret_resumed);
}

/* How often the ticket's key is rotated before it comes back, in a new generation's contexts. */
static bool resumes_after(struct site *s, int version, int rotations)
{
	bool is_resumed;
	SSL_CTX_free(s->client);
	s->client = client_context(version);
	SSL_SESSION *first = connect_once(s, NULL, &is_resumed);
	assert_false(is_resumed);
	for (int i = 0; i < rotations; i++)
		assert_true(tls_tickets_rotate());
	tls_site_destroy(s->site);
	tls_context_destroy(s->one);
	s->one = make_context("one", 0);
	assert_int_equal(tls_site_create(&s->site), 0);
	assert_int_equal(tls_site_add(s->site, "one.example", s->one), 0);
	uint64_t before = proxy_stats.tls_resumed;
	SSL_SESSION *second = connect_once(s, first, &is_resumed);
	assert_int_equal(proxy_stats.tls_resumed - before, is_resumed);
	SSL_SESSION_free(first);
	SSL_SESSION_free(second);
	return is_resumed;
}

static void a_ticket_outlives_a_rotation_and_a_reload(void **state)
{
	struct site *s = *state;
	assert_true(resumes_after(s, TLS1_2_VERSION, 0));
	assert_true(resumes_after(s, TLS1_3_VERSION, 0));
	assert_true(resumes_after(s, TLS1_2_VERSION, 1));
	assert_true(resumes_after(s, TLS1_3_VERSION, 1));
}

static void a_ticket_does_not_outlive_two_rotations(void **state)
{
	struct site *s = *state;
	assert_false(resumes_after(s, TLS1_2_VERSION, 2));
	assert_false(resumes_after(s, TLS1_3_VERSION, 2));
}

static void a_ticket_is_not_good_for_another_certificate(void **state)
{
	struct site *s = *state;
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		bool is_resumed;
		SSL_CTX_free(s->client);
		s->client = client_context(versions[i]);
		SSL_SESSION *first = connect_once(s, NULL, &is_resumed);
		SSL_SESSION *second = connect_to(s, "two.example", first, &is_resumed);
		assert_false(is_resumed);
		SSL_SESSION *third = connect_to(s, "two.example", second, &is_resumed);
		assert_true(is_resumed);
		SSL_SESSION_free(first);
		SSL_SESSION_free(second);
		SSL_SESSION_free(third);
	}
}

static void keys_rotate_by_the_clock(void **state)
{
	struct site *s = *state;
	bool is_resumed;
	const uint64_t turn_us = (uint64_t)TLS_TICKET_HOURS * 3600 * 1000000;
	SSL_SESSION *first = connect_once(s, NULL, &is_resumed);
	clock_now_us += turn_us + 1;
	SSL_SESSION *second = connect_once(s, first, &is_resumed);
	assert_true(is_resumed);
	SSL_SESSION_free(second);
	clock_now_us += turn_us + 1;
	second = connect_once(s, first, &is_resumed);
	assert_false(is_resumed);
	SSL_SESSION_free(first);
	SSL_SESSION_free(second);
	(void)clock_tick();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_does_not_fit_is_refused),
		cmocka_unit_test(a_key_of_another_kind_is_refused),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(a_file_without_certificate_is_named),
		cmocka_unit_test(an_encrypted_key_is_refused_without_asking),
		cmocka_unit_test(unknown_ciphers_are_refused),
		CASE(the_name_picks_the_certificate),
		CASE(each_name_has_its_own_least_version),
		CASE(a_handshake_is_counted_and_described),
		CASE(http_1_1_is_agreed_on_when_offered),
		CASE(plain_http_is_noticed_and_not_touched),
		CASE(what_is_no_tls_fails_in_words),
		CASE(an_alert_of_the_client_is_named),
		CASE(who_leaves_in_the_handshake_is_said_to_have_left),
		CASE(an_error_of_somebody_else_is_not_ours),
		CASE(a_ticket_outlives_a_rotation_and_a_reload),
		CASE(a_ticket_does_not_outlive_two_rotations),
		CASE(a_ticket_is_not_good_for_another_certificate),
		CASE(keys_rotate_by_the_clock),
	};
	return cmocka_run_group_tests_name("proxy/tls", tests, folder_setup, folder_teardown);
}
