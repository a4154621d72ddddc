/* test/unit/test_proxy_tls_memory.c - no memory for records that the kernel did not take: they are
 * lost, so the connection is over, for its reader as well. */
#include "test/unit/tls_peer.h"

#include "test/unit/memory_help.h"

struct link {
	struct tls_context *context;
	struct tls_site *site;
	SSL_CTX *client;
	struct peer peer;
};

static int setup(void **state)
{
	static struct link l;
	int room = 4096;
	l = (struct link){.context = make_context("one", 0), .client = client_context(0)};
	if (tls_site_create(&l.site) != 0 || tls_site_add(l.site, NULL, l.context) != 0)
		return -1;
	peer_connect(&l.peer, l.site, l.client, NULL);
	*state = &l;
	return setsockopt(l.peer.sock.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

static int teardown(void **state)
{
	struct link *l = *state;
	fail_at(-1);
	peer_close(&l->peer);
	SSL_CTX_free(l->client);
	tls_site_destroy(l->site);
	tls_context_destroy(l->context);
	ERR_clear_error();
	return 0;
}

static const char octets[20000];

/* Writes until records have nowhere to go. */
static void lose_records(struct link *l)
{
	ssize_t n;
	fail_at(0);
	do
		n = server_write(&l->peer, octets, sizeof(octets));
	while (n > 0);
	assert_int_equal(n, -ENOMEM);
	assert_true(has_failed);
}

static void lost_records_end_the_connection(void **state)
{
	struct link *l = *state;
	char p[8];
	l->peer.sock.can_read = l->peer.sock.peer_closed = false;
	lose_records(l);
	/* Nobody at the other end would ever do anything: the reader must not wait. */
	assert_int_equal(sock_read(&l->peer.sock, p, sizeof(p)), -ENOMEM);
	assert_int_equal(server_write(&l->peer, octets, 1), -ENOMEM);
	/* And is told by an edge if it waits already. */
	assert_true(is_ready(l->peer.sock.fd, POLLHUP));
	l->peer.sock.transport->end(&l->peer.sock);
}

/* A peer that asks for new keys is answered, but cannot be. */
static void an_answer_of_tls_that_is_lost_ends_it_too(void **state)
{
	struct link *l = *state;
	static const char junk[65536];
	char p[8];
	for (int i = 0; i < 3; i++) {
		assert_int_equal(SSL_key_update(l->peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(l->peer.ssl), 1);
	}
	client_write(&l->peer, "hello");
	while (send(l->peer.sock.fd, junk, sizeof(junk), MSG_DONTWAIT) > 0)
		;
	fail_at(0);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 5);
	assert_true(has_failed);
	assert_true(l->peer.sock.can_read);
	assert_int_equal(sock_read(&l->peer.sock, p, sizeof(p)), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lost_records_end_the_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_of_tls_that_is_lost_ends_it_too, setup, teardown),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
