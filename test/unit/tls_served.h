/*
 * test/unit/tls_served.h - one server as nginx's ssl_* describe it, and clients who visit it.
 */
#ifndef TEST_TLS_SERVED_H
#define TEST_TLS_SERVED_H

#include "test/unit/tls_web.h"

static struct web_server server;
static struct tls_context *context;
static struct tls_site *site;
static SSL_CTX *client;
static struct peer peer;

static inline int start(void **state)
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

static inline int setup(void **state)
{
	(void)state;
	web_server_init(&server);
	web_server_pair(&server, "one.pem", "one.key");
	context = NULL;
	client = client_context(0);
	return tls_site_create(&site);
}

static inline int teardown(void **state)
{
	(void)state;
	SSL_CTX_free(client);
	tls_site_destroy(site);
	tls_context_destroy(context);
	assert_int_equal(ERR_peek_error(), 0);
	return 0;
}

static inline void serve(void)
{
	tls_context_destroy(context);
	tls_site_destroy(site);
	assert_int_equal(tls_site_create(&site), 0);
	context = NULL;
	context = web_context(&server);
	assert_int_equal(tls_site_add(site, NULL, context), 0);
}

/* A visit with one answer, so that tickets have come. The client's session, owned. */
static inline SSL_SESSION *visit(SSL_SESSION *session, bool *ret_resumed)
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

#endif
