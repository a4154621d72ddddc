/* test/unit/test_proxy_tls_peer.c - TLS as the client of a worker. The two ends of a socketpair are
 * ours: `sock` towards the worker, and the worker's SSL. */
#include "test/unit/tls_web.h"

#include "proxy/tls_peer.h"

static struct conf_upstream_tls conf;
static struct tls_peer *way;
static SSL_CTX *worker;
static struct peer ends; /* sock: our client; ssl: the worker */

static int start(void **state)
{
	if (folder_setup(state) != 0 || hash_start() != 0)
		return -1;
	make_signed("ca", "authority", "ca", 30);
	make_signed("ca2", "stranger", "ca2", 30);
	make_signed("worker", "worker.test", "ca", 30);
	make_signed("wild", "*.wild.test", "ca", 30);
	make_signed("old", "worker.test", "ca", 0);
	make_signed("me", "me.test", "ca", 30);
	write_text("text.pem", "hello\n");
	return 0;
}

static void be_worker(const char *name, int version)
{
	char file[64];
	SSL_CTX_free(worker);
	worker = SSL_CTX_new(TLS_server_method());
	assert_non_null(worker);
	(void)snprintf(file, sizeof(file), "%s.pem", name);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(worker, in_folder(file)), 1);
	(void)snprintf(file, sizeof(file), "%s.key", name);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(worker, in_folder(file), SSL_FILETYPE_PEM), 1);
	assert_int_equal(SSL_CTX_set_session_id_context(worker, (const unsigned char *)"w", 1), 1);
	if (version != 0) {
		assert_int_equal(SSL_CTX_set_min_proto_version(worker, version), 1);
		assert_int_equal(SSL_CTX_set_max_proto_version(worker, version), 1);
	}
}

static void be_client(void)
{
	struct err err = {{0}};
	tls_peer_unref(way);
	way = NULL;
	if (tls_peer_create(&way, &conf, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(ERR_peek_error(), 0);
}

static int setup(void **state)
{
	(void)state;
	conf = upstream_tls();
	way = NULL;
	worker = NULL;
	be_worker("worker", 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tls_peer_unref(way);
	SSL_CTX_free(worker);
	assert_int_equal(ERR_peek_error(), 0);
	return 0;
}

static void dial(const char *name, const char *where)
{
	const struct tls_route route = {way, slice_of(name)};
	peer_sockets(&ends, SOCK_STREAM);
	assert_int_equal(tls_connect(&ends.sock, &route, slice_of(where)), 0);
	assert_true(tls_is_route(&ends.sock, &route));
	ends.ssl = SSL_new(worker);
	assert_non_null(ends.ssl);
	assert_int_equal(SSL_set_fd(ends.ssl, ends.fd), 1);
	SSL_set_accept_state(ends.ssl);
}

static enum tls_verdict greet(struct err *why)
{
	return peer_handshake(&ends, why);
}

/* Dials, greets, and hears an answer, so that tickets have come. True: resumed. */
static bool visit(const char *name, const char *where)
{
	struct err why = {{0}};
	char p[64];
	dial(name, where);
	if (greet(&why) != TLS_DONE)
		fail_msg("%s", why.text);
	assert_int_equal(server_write(&ends, "question", 8), 8);
	assert_int_equal(SSL_read(ends.ssl, p, sizeof(p)), 8);
	client_write(&ends, "answer");
	assert_int_equal(server_read(&ends, p, sizeof(p)), 6);
	bool is_resumed = tls_was_resumed(&ends.sock);
	SSL_set_shutdown(ends.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	peer_close(&ends);
	return is_resumed;
}

static void octets_pass_both_ways(void **state)
{
	(void)state;
	be_client();
	assert_false(visit("worker.test", "a"));
	sock_short_io = true;
	dial("worker.test", "b");
	/* Octet by octet it takes longer than peer_handshake waits. */
	struct err why = {{0}};
	enum tls_verdict verdict = TLS_WAIT;
	for (int i = 0; i < 20000 && verdict == TLS_WAIT; i++) {
		(void)SSL_do_handshake(ends.ssl);
		ERR_clear_error();
		report(&ends.sock);
		verdict = tls_handshake(&ends.sock, &why);
	}
	sock_short_io = false;
	assert_int_equal(verdict, TLS_DONE);
	peer_close(&ends);
}

static void a_worker_is_believed_by_default(void **state)
{
	struct err why = {{0}};
	(void)state;
	be_worker("old", 0);
	be_client();
	dial("whoever", "a");
	assert_int_equal(greet(&why), TLS_DONE);
	peer_close(&ends);
}

static void who_it_is_can_be_asked(void **state)
{
	(void)state;
	static const struct {
		const char *worker, *name, *trusted, *want;
	} rows[] = {
		{"worker", "worker.test", "ca.pem", ""},
		{"worker", "worker.test:8443", "ca.pem", ""},
		{"wild", "a.wild.test", "ca.pem", ""},
		{"worker", "other.test", "ca.pem",
			"upstream SSL certificate does not match \"other.test\""},
		{"worker", "127.0.0.1:443", "ca.pem",
			"upstream SSL certificate does not match \"127.0.0.1\""},
		{"worker", "[::1]:443", "ca.pem",
			"upstream SSL certificate does not match \"[::1]\""},
		{"worker", "worker.test", "ca2.pem",
			"upstream SSL certificate verify error: (21:unable to verify the first "
			"certificate)"},
		{"old", "worker.test", "ca.pem",
			"upstream SSL certificate verify error: (10:certificate has expired)"},
	};
	conf.verify = true;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct err why = {{0}};
		conf.trusted_certificate = file_of(rows[i].trusted);
		be_worker(rows[i].worker, 0);
		be_client();
		dial(rows[i].name, "a");
		assert_int_equal(greet(&why), rows[i].want[0] == '\0' ? TLS_DONE : TLS_FAILED);
		assert_string_equal(why.text, rows[i].want);
		peer_close(&ends);
	}
}

/* -- names -- */

static void the_name_is_sent_if_it_is_one_and_wanted(void **state)
{
	(void)state;
	static const struct {
		bool sends;
		const char *name, *want;
	} rows[] = {
		{false, "worker.test", NULL},
		{true, "worker.test", "worker.test"},
		{true, "worker.test:443", "worker.test"},
		{true, "127.0.0.1", NULL},
		{true, "127.0.0.1:443", NULL},
		{true, "[::1]:443", NULL},
		{true, "", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct err why = {{0}};
		conf.server_name = rows[i].sends;
		be_client();
		dial(rows[i].name, "a");
		assert_int_equal(greet(&why), TLS_DONE);
		const char *got = SSL_get_servername(ends.ssl, TLSEXT_NAMETYPE_host_name);
		assert_int_equal(got == NULL, rows[i].want == NULL);
		if (got != NULL)
			assert_string_equal(got, rows[i].want);
		peer_close(&ends);
	}
}

static void a_kept_connection_is_for_the_same_peer_and_name(void **state)
{
	struct sock plain = {.tls = NULL};
	struct tls_peer *other;
	(void)state;
	be_client();
	assert_int_equal(tls_peer_create(&other, &conf, NULL), 0);
	dial("worker.test:443", "a");
	assert_true(
		tls_is_route(&ends.sock, &(struct tls_route){way, slice_of("worker.test:8443")}));
	assert_false(tls_is_route(&ends.sock, &(struct tls_route){way, slice_of("other.test")}));
	assert_false(tls_is_route(&ends.sock, &(struct tls_route){other, slice_of("worker.test")}));
	assert_false(tls_is_route(&ends.sock, &(struct tls_route){NULL, slice_of("")}));
	assert_true(tls_is_route(&plain, &(struct tls_route){NULL, slice_of("")}));
	assert_false(tls_is_route(&plain, &(struct tls_route){way, slice_of("worker.test")}));
	peer_close(&ends);
	tls_peer_unref(other);
}

/* -- sessions -- */

static void sessions_are_resumed_per_address_and_name(void **state)
{
	(void)state;
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		be_worker("worker", versions[i]);
		be_client();
		uint64_t before = proxy_stats.upstream_tls_resumed;
		assert_false(visit("worker.test", "a"));
		assert_true(visit("worker.test", "a"));
		assert_true(visit("worker.test", "a"));
		assert_false(visit("worker.test", "b"));
		assert_false(visit("other.test", "a"));
		assert_true(visit("worker.test", "b"));
		assert_int_equal(proxy_stats.upstream_tls_resumed, before + 3);
		be_client();
		assert_false(visit("worker.test", "a"));
	}
	conf.session_reuse = false;
	be_client();
	assert_false(visit("worker.test", "a"));
	assert_false(visit("worker.test", "a"));
}

static void a_session_of_who_was_not_believed_is_not_kept(void **state)
{
	struct err why = {{0}};
	(void)state;
	conf.verify = true;
	conf.trusted_certificate = file_of("ca.pem");
	be_worker("old", TLS1_2_VERSION);
	be_client();
	dial("worker.test", "a");
	assert_int_equal(greet(&why), TLS_FAILED);
	peer_close(&ends);
	be_worker("worker", TLS1_2_VERSION);
	assert_false(visit("worker.test", "a"));
	assert_true(visit("worker.test", "a"));
}

/* -- what a kept connection says while nobody asks -- */

static void tickets_are_no_news(void **state)
{
	struct err why = {{0}};
	(void)state;
	be_client();
	dial("worker.test", "a");
	assert_int_equal(greet(&why), TLS_DONE);
	/* The worker's tickets of TLS 1.3 lie there to be read. */
	report(&ends.sock);
	assert_true(ends.sock.can_read);
	assert_true(is_ready(ends.sock.fd, POLLIN));
	assert_false(sock_is_stale(&ends.sock));
	assert_false(is_ready(ends.sock.fd, POLLIN));
	assert_false(sock_is_stale(&ends.sock));
	client_write(&ends, "x");
	assert_true(sock_is_stale(&ends.sock));
	peer_close(&ends);
	for (int says_goodbye = 0; says_goodbye < 2; says_goodbye++) {
		dial("worker.test", "a");
		assert_int_equal(greet(&why), TLS_DONE);
		if (says_goodbye)
			(void)SSL_shutdown(ends.ssl);
		else
			assert_int_equal(shutdown(ends.fd, SHUT_WR), 0);
		assert_true(sock_is_stale(&ends.sock));
		peer_close(&ends);
		ERR_clear_error();
	}
}

/* -- what is wrong -- */

static const char *refusal(void)
{
	static struct err err;
	struct tls_peer *none;
	err.text[0] = '\0';
	assert_int_equal(tls_peer_create(&none, &conf, &err), -EINVAL);
	assert_int_equal(ERR_peek_error(), 0);
	return without_folder(err.text);
}

static void wrong_settings_are_told_in_the_words_of_nginx(void **state)
{
	(void)state;
	conf.verify = true;
	assert_string_equal(refusal(), "no proxy_ssl_trusted_certificate for proxy_ssl_verify");
	conf.trusted_certificate = file_of("text.pem");
	assert_string_equal(refusal(),
		"SSL_CTX_load_verify_locations(\"D/text.pem\") failed (SSL: error:05800088:x509 "
		"certificate routines::no certificate or crl found)");
	conf.verify = false;
	conf.certificate = file_of("me.pem");
	assert_string_equal(refusal(),
		"no \"proxy_ssl_certificate_key\" is defined for certificate \"me.pem\"");
	conf.certificate_key = file_of("worker.key");
	assert_string_equal(refusal(),
		"SSL_CTX_use_PrivateKey(\"D/worker.key\") failed (SSL: error:05800074:x509 "
		"certificate routines::key values mismatch)");
	conf.certificate_key = file_of("me.key");
	conf.ciphers = "NONSENSE";
	assert_string_equal(refusal(),
		"SSL_CTX_set_cipher_list(\"NONSENSE\") failed (SSL: error:0A0000B9:SSL "
		"routines::no cipher match)");
}

static void failed_handshakes_are_told(void **state)
{
	struct err why = {{0}};
	(void)state;
	conf.protocols = CONF_TLS_1_2;
	be_worker("worker", TLS1_3_VERSION);
	be_client();
	dial("worker.test", "a");
	assert_int_equal(greet(&why), TLS_FAILED);
	assert_true(strncmp(why.text, "SSL_do_handshake() failed (SSL: error:0A00042E:", 47) == 0);
	peer_close(&ends);
	dial("worker.test", "a");
	assert_int_equal(write(ends.fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28), 28);
	SSL_free(ends.ssl);
	ends.ssl = NULL;
	assert_int_equal(greet(&why), TLS_FAILED);
	assert_non_null(strstr(why.text, "wrong version number"));
	peer_close(&ends);
	dial("worker.test", "a");
	assert_int_equal(shutdown(ends.fd, SHUT_WR), 0);
	SSL_free(ends.ssl);
	ends.ssl = NULL;
	assert_int_equal(greet(&why), TLS_FAILED);
	assert_string_equal(why.text, "peer closed connection in SSL handshake");
	peer_close(&ends);
}

static void our_own_certificate_is_shown(void **state)
{
	struct err why = {{0}};
	(void)state;
	conf.certificate = file_of("me.pem");
	conf.certificate_key = file_of("me.key");
	be_worker("worker", TLS1_2_VERSION);
	SSL_CTX_set_verify(worker, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	assert_int_equal(SSL_CTX_load_verify_locations(worker, in_folder("ca.pem"), NULL), 1);
	be_client();
	dial("worker.test", "a");
	assert_int_equal(greet(&why), TLS_DONE);
	peer_close(&ends);
	conf.certificate.text = NULL;
	be_client();
	dial("worker.test", "a");
	assert_int_equal(greet(&why), TLS_FAILED);
	peer_close(&ends);
}

static void equal_settings_share_a_peer(void **state)
{
	struct conf_upstream_tls same = upstream_tls(), other = upstream_tls(), broken = other;
	struct tls_peers *peers;
	struct err err = {{0}};
	(void)state;
	same.ciphers = "DEFAULT";
	other.server_name = true;
	broken.ciphers = "NONSENSE";
	assert_int_equal(tls_peers_create(&peers), 0);
	assert_int_equal(tls_peers_add(peers, &conf, &err), 0);
	assert_int_equal(tls_peers_add(peers, &same, &err), 0);
	assert_int_equal(tls_peers_add(peers, &other, &err), 0);
	assert_int_equal(tls_peers_add(peers, &other, &err), 0);
	assert_int_equal(tls_peers_add(peers, &broken, &err), -EINVAL);
	assert_non_null(tls_peers_find(peers, &conf));
	assert_ptr_equal(tls_peers_find(peers, &conf), tls_peers_find(peers, &same));
	assert_ptr_not_equal(tls_peers_find(peers, &conf), tls_peers_find(peers, &other));
	assert_null(tls_peers_find(peers, &broken));
	tls_peers_destroy(peers);
	tls_peers_destroy(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(octets_pass_both_ways),
		CASE(a_worker_is_believed_by_default),
		CASE(who_it_is_can_be_asked),
		CASE(the_name_is_sent_if_it_is_one_and_wanted),
		CASE(a_kept_connection_is_for_the_same_peer_and_name),
		CASE(sessions_are_resumed_per_address_and_name),
		CASE(a_session_of_who_was_not_believed_is_not_kept),
		CASE(tickets_are_no_news),
		CASE(wrong_settings_are_told_in_the_words_of_nginx),
		CASE(failed_handshakes_are_told),
		CASE(our_own_certificate_is_shown),
		CASE(equal_settings_share_a_peer),
	};
	return cmocka_run_group_tests_name("proxy/tls_peer", tests, start, folder_teardown);
}
