/* test/unit/test_proxy_tls_io.c - the transport: octets in and out, ends and cuts. */
#include "tls_peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

struct link {
	struct tls_context *context;
	struct tls_site *site;
	SSL_CTX *client;
	struct peer peer;
};

static int setup_version(void **state, int version)
{
	static struct link l;
	l = (struct link){.context = make_context("one", 0), .client = client_context(version)};
	if (tls_site_create(&l.site) != 0 || tls_site_add(l.site, NULL, l.context) != 0)
		return -1;
	sock_short_io = false;
	peer_connect(&l.peer, l.site, l.client, NULL);
	*state = &l;
	return 0;
}

static int setup(void **state)
{
	return setup_version(state, 0);
}

static int setup_1_2(void **state)
{
	return setup_version(state, TLS1_2_VERSION);
}

static int teardown(void **state)
{
	struct link *l = *state;
	sock_short_io = false;
	peer_close(&l->peer);
	SSL_CTX_free(l->client);
	tls_site_destroy(l->site);
	tls_context_destroy(l->context);
	ERR_clear_error();
	return 0;
}

/* Not the same at any two places near each other. */
static char octet_at(size_t i)
{
	return (char)(i * 131 + i / 251 * 17);
}

static char *make_octets(size_t n)
{
	char *p = malloc(n);
	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = octet_at(i);
	return p;
}

/* -- in -- */

static void octets_come_in(void **state)
{
	struct link *l = *state;
	char p[64];
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), -EAGAIN);
	assert_false(l->peer.sock.can_read);
	client_write(&l->peer, "hello");
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 5);
	assert_memory_equal(p, "hello", 5);
	/* The kernel gave less than was asked for, so there is no need to ask again. */
	assert_false(l->peer.sock.can_read);
}

static void a_record_is_read_in_pieces(void **state)
{
	struct link *l = *state;
	char p[4];
	client_write(&l->peer, "abcdefghij");
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 4);
	assert_true(l->peer.sock.can_read);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 4);
	assert_true(l->peer.sock.can_read);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 2);
	assert_memory_equal(p, "ij", 2);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), -EAGAIN);
}

static void many_records_are_read_at_once(void **state)
{
	struct link *l = *state;
	char p[64];
	for (int i = 0; i < 10; i++)
		client_write(&l->peer, "abc");
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 30);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), -EAGAIN);
}

/* Octets of the client's TLS, held back so that the test can deal them out. */
static size_t sealed(struct link *l, const char *text, char *out, size_t room)
{
	client_write(&l->peer, text);
	ssize_t n = recv(l->peer.sock.fd, out, room, 0);
	assert_true(n > 0);
	return (size_t)n;
}

static void a_record_comes_octet_by_octet(void **state)
{
	struct link *l = *state;
	char record[256], p[16];
	size_t n = sealed(l, "hello", record, sizeof(record));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(send(l->peer.fd, record + i, 1, 0), 1);
		ssize_t got = server_read(&l->peer, p, sizeof(p));
		assert_int_equal(got, i + 1 < n ? -EAGAIN : 5);
	}
	assert_memory_equal(p, "hello", 5);
}

static void a_whole_record_and_a_part_of_the_next(void **state)
{
	struct link *l = *state;
	char records[512], p[16];
	size_t first = sealed(l, "one", records, sizeof(records));
	size_t both = first + sealed(l, "two", records + first, sizeof(records) - first);
	assert_int_equal(send(l->peer.fd, records, first + 7, 0), first + 7);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 3);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), -EAGAIN);
	assert_int_equal(
		send(l->peer.fd, records + first + 7, both - first - 7, 0), both - first - 7);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 3);
	assert_memory_equal(p, "two", 3);
}

static void a_big_upload_comes_whole(void **state)
{
	struct link *l = *state;
	const size_t all = 3 << 20;
	static char p[100000];
	char *sent = make_octets(all);
	size_t put = 0, got = 0;
	SSL_set_mode(
		l->peer.ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	while (got < all) {
		int n = put < all ? SSL_write(l->peer.ssl, sent + put, (int)(all - put)) : 0;
		put += n > 0 ? (size_t)n : 0;
		ERR_clear_error();
		report(&l->peer.sock);
		while (l->peer.sock.can_read) {
			ssize_t here = server_read(&l->peer, p, sizeof(p));
			if (here < 0)
				break;
			assert_memory_equal(p, sent + got, here);
			got += (size_t)here;
		}
	}
	free(sent);
}

static void a_damaged_record_is_an_error_for_good(void **state)
{
	struct link *l = *state;
	char record[256], p[16];
	size_t n = sealed(l, "hello", record, sizeof(record));
	record[n - 1] ^= 1;
	assert_int_equal(send(l->peer.fd, record, n, 0), n);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), -EPROTO);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), -EPROTO);
	size_t got;
	/* And the client is told. */
	assert_int_equal(client_read(&l->peer, p, sizeof(p), &got), SSL_ERROR_SSL);
}

static void what_came_before_the_damage_is_read_first(void **state)
{
	struct link *l = *state;
	char records[512], p[16];
	size_t first = sealed(l, "one", records, sizeof(records));
	size_t both = first + sealed(l, "two", records + first, sizeof(records) - first);
	records[both - 1] ^= 1;
	assert_int_equal(send(l->peer.fd, records, both, 0), both);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 3);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), -EPROTO);
}

/* -- ends -- */

static void a_close_notify_ends_the_clients_side(void **state)
{
	struct link *l = *state;
	char p[16];
	size_t n;
	client_write(&l->peer, "bye");
	assert_int_equal(SSL_shutdown(l->peer.ssl), 0);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 3);
	assert_false(l->peer.sock.is_eof);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 0);
	assert_true(l->peer.sock.is_eof);
	/* Ours stays open. */
	assert_int_equal(server_write(&l->peer, "still here", 10), 10);
	(void)client_read(&l->peer, p, sizeof(p), &n);
	assert_int_equal(n, 10);
}

static void a_fin_without_close_notify_does_so_too(void **state)
{
	struct link *l = *state;
	char p[16];
	client_write(&l->peer, "bye");
	assert_int_equal(shutdown(l->peer.fd, SHUT_WR), 0);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 3);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 0);
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 0);
	assert_int_equal(server_write(&l->peer, "still here", 10), 10);
}

static void end_sends_close_notify_and_fin(void **state)
{
	struct link *l = *state;
	char p[16];
	size_t n;
	assert_int_equal(server_write(&l->peer, "hello", 5), 5);
	l->peer.sock.transport->end(&l->peer.sock);
	assert_int_equal(client_read(&l->peer, p, sizeof(p), &n), SSL_ERROR_ZERO_RETURN);
	assert_int_equal(n, 5);
	assert_int_equal(read(l->peer.fd, p, sizeof(p)), 0);
	l->peer.sock.transport->end(&l->peer.sock);
	/* The client may go on. */
	client_write(&l->peer, "more");
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 4);
}

static void a_cut_shows_no_close_notify(void **state)
{
	struct link *l = *state;
	char p[16];
	size_t n;
	assert_int_equal(server_write(&l->peer, "hello", 5), 5);
	l->peer.sock.transport->finish(&l->peer.sock);
	assert_int_equal(shutdown(l->peer.sock.fd, SHUT_RDWR), 0);
	assert_int_equal(client_read(&l->peer, p, sizeof(p), &n), SSL_ERROR_SSL);
	assert_int_equal(n, 5);
}

static void a_peer_that_is_gone_is_an_error(void **state)
{
	struct link *l = *state;
	SSL_free(l->peer.ssl);
	l->peer.ssl = NULL;
	assert_int_equal(close(l->peer.fd), 0);
	l->peer.fd = -1;
	assert_int_equal(server_write(&l->peer, "hello", 5), -EPIPE);
	assert_int_equal(server_write(&l->peer, "hello", 5), -EPIPE);
	l->peer.sock.transport->end(&l->peer.sock);
}

/* -- out -- */

static void pieces_go_out_as_one_record(void **state)
{
	struct link *l = *state;
	char p[64];
	char head[] = "head ", body[] = "body", tail[] = " tail";
	struct iovec iov[] = {{head, 5}, {NULL, 0}, {body, 4}, {tail, 5}};
	report(&l->peer.sock);
	assert_int_equal(sock_write(&l->peer.sock, iov, 4), 14);
	assert_int_equal(SSL_read(l->peer.ssl, p, sizeof(p)), 14);
	assert_memory_equal(p, "head body tail", 14);
}

static size_t drain_client(struct link *l, const char *want, size_t at)
{
	static char p[50000];
	size_t n;
	do {
		(void)client_read(&l->peer, p, sizeof(p), &n);
		assert_memory_equal(p, want + at, n);
		at += n;
	} while (n == sizeof(p));
	return at;
}

/* Offers what was not taken again, in other pieces and from another place, as an owner does whose
 * tail has moved into a stash. */
static void write_all(struct link *l, const char *want, size_t all, bool is_slow)
{
	size_t put = 0, got = 0;
	unsigned refused = 0;
	while (put < all) {
		size_t here = min_size(all - put, 150000);
		char *copy = malloc(here);
		assert_non_null(copy);
		memcpy(copy, want + put, here);
		size_t first = here > 300 ? 300 - put % 200 : here;
		struct iovec iov[] = {{copy, first}, {copy + first, here - first}};
		report(&l->peer.sock);
		ssize_t n = sock_write(&l->peer.sock, iov, 2);
		free(copy);
		if (n == -EAGAIN) {
			assert_false(l->peer.sock.can_write);
			refused++;
			got = drain_client(l, want, got);
			continue;
		}
		assert_true(n > 0 && (size_t)n <= here);
		put += (size_t)n;
		if (!is_slow)
			got = drain_client(l, want, got);
	}
	assert_true(refused > 0 || !is_slow);
	assert_int_equal(drain_client(l, want, got), all);
}

static void a_big_answer_goes_out_whole(void **state)
{
	struct link *l = *state;
	char *want = make_octets(2 << 20);
	write_all(l, want, 2 << 20, false);
	free(want);
}

static void a_slow_reader_gets_everything_in_order(void **state)
{
	struct link *l = *state;
	int room = 4096;
	char *want = make_octets(2 << 20);
	assert_int_equal(
		setsockopt(l->peer.sock.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	write_all(l, want, 2 << 20, true);
	free(want);
}

/* All that the kernel takes and one write more. Returns how many octets were taken. */
static size_t fill(struct link *l, const char *want, size_t all)
{
	size_t put = 0;
	int room = 4096;
	assert_int_equal(
		setsockopt(l->peer.sock.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	for (;;) {
		ssize_t n = server_write(&l->peer, want + put, min_size(all - put, 20000));
		if (n == -EAGAIN)
			return put;
		put += (size_t)n;
		assert_true(put < all);
	}
}

/* One octet more, with a client that reads. */
static size_t put_octet(struct link *l, const char *want, size_t put, size_t got)
{
	for (int i = 0; i < 100; i++) {
		got = drain_client(l, want, got);
		ssize_t n = server_write(&l->peer, want + put, 1);
		if (n == 1)
			return drain_client(l, want, got);
		assert_int_equal(n, -EAGAIN);
	}
	fail_msg("the octet was never taken");
	return 0;
}

static void what_was_refused_may_be_offered_in_smaller_pieces(void **state)
{
	struct link *l = *state;
	char *want = make_octets(1 << 20);
	size_t put = fill(l, want, 1 << 20);
	size_t got = 0;
	for (int i = 0; i < 20; i++)
		got = put_octet(l, want, put++, got);
	assert_int_equal(got, put);
	free(want);
}

static void end_waits_for_room(void **state)
{
	struct link *l = *state;
	char *want = make_octets(1 << 20);
	char p[1];
	size_t n, put = fill(l, want, 1 << 20);
	/* The octet that was held back, and with it everything. */
	assert_int_equal(put_octet(l, want, put, 0), put + 1);
	/* Now full again, but with nothing of ours waiting. */
	static const char junk[65536];
	while (send(l->peer.sock.fd, junk, sizeof(junk), MSG_DONTWAIT) > 0)
		;
	l->peer.sock.transport->end(&l->peer.sock);
	assert_false(is_ready(l->peer.fd, POLLRDHUP));
	while (recv(l->peer.fd, want, 1 << 20, 0) > 0)
		;
	report(&l->peer.sock);
	l->peer.sock.transport->end(&l->peer.sock);
	assert_true(is_ready(l->peer.fd, POLLRDHUP));
	assert_int_equal(client_read(&l->peer, p, sizeof(p), &n), SSL_ERROR_ZERO_RETURN);
	free(want);
}

/* -- switches and hostile clients -- */

static void short_io_changes_nothing_but_the_pace(void **state)
{
	struct link *l = *state;
	char p[64];
	size_t n = 0, got;
	sock_short_io = true;
	client_write(&l->peer, "hello");
	for (;;) {
		ssize_t here = server_read(&l->peer, p + n, sizeof(p) - n);
		if (here == -EAGAIN)
			break;
		assert_int_equal(here, 1);
		n++;
	}
	assert_int_equal(n, 5);
	assert_memory_equal(p, "hello", 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(server_write(&l->peer, &"world"[i], 5 - i), 1);
	(void)client_read(&l->peer, p, sizeof(p), &got);
	assert_int_equal(got, 5);
	assert_memory_equal(p, "world", 5);
	/* A handshake, too. */
	peer_close(&l->peer);
	peer_connect(&l->peer, l->site, l->client, NULL);
}

static void a_key_update_is_answered_in_passing(void **state)
{
	struct link *l = *state;
	char p[16];
	size_t n;
	assert_int_equal(SSL_key_update(l->peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	client_write(&l->peer, "hello");
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), 5);
	assert_int_equal(server_write(&l->peer, "world", 5), 5);
	(void)client_read(&l->peer, p, sizeof(p), &n);
	assert_int_equal(n, 5);
}

static void key_updates_without_end_leave_others_their_turn(void **state)
{
	struct link *l = *state;
	char *octets, p[16];
	BIO *kept = BIO_new(BIO_s_mem());
	assert_non_null(kept);
	SSL_set0_wbio(l->peer.ssl, kept);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(SSL_key_update(l->peer.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(l->peer.ssl), 1);
	}
	client_write(&l->peer, "hello");
	long n = BIO_get_mem_data(kept, &octets);
	assert_true(n > 60000);
	assert_int_equal(send(l->peer.fd, octets, (size_t)n, 0), n);
	ssize_t got = 0;
	int turns = 0;
	for (int i = 0; i < 100; i++) {
		got = server_read(&l->peer, p, sizeof(p));
		if (got != -EAGAIN)
			break;
		/* Others have their turn, and ours comes again. */
		assert_false(list_is_empty(&l->peer.sock.again.node));
		next_turn_cancel(&l->peer.sock.again);
		/* -EAGAIN always comes with can_read off, or who reads until then would not end. */
		assert_false(l->peer.sock.can_read);
		assert_true(l->peer.sock.reads_next_turn);
		l->peer.sock.reads_next_turn = false;
		l->peer.sock.can_read = true;
		turns++;
	}
	assert_int_equal(got, 5);
	assert_true(turns > 0);
}

/* Each update asks for one of ours. When those find no room any more, nothing is read until they
 * do. */
static void who_asks_for_updates_and_does_not_listen_is_not_read(void **state)
{
	struct link *l = *state;
	struct sock *sock = &l->peer.sock;
	char *octets, p[16];
	BIO *kept = BIO_new(BIO_s_mem());
	assert_non_null(kept);
	SSL_set0_wbio(l->peer.ssl, kept);
	for (int i = 0; i < 200000 && !sock->reads_when_writable; i++) {
		assert_int_equal(SSL_key_update(l->peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(l->peer.ssl), 1);
		long n = BIO_get_mem_data(kept, &octets);
		assert_int_equal(send(l->peer.fd, octets, (size_t)n, 0), n);
		assert_int_equal(BIO_reset(kept), 1);
		sock->can_read = true;
		assert_int_equal(sock->transport->read(sock, p, sizeof(p)), -EAGAIN);
		assert_false(sock->can_read);
		sock->reads_next_turn = false;
		next_turn_cancel(&sock->again);
	}
	assert_true(sock->reads_when_writable);
}

static void nobody_renegotiates(void **state)
{
	struct link *l = *state;
	char p[16];
	size_t n;
	assert_int_equal(SSL_renegotiate(l->peer.ssl), 1);
	(void)SSL_do_handshake(l->peer.ssl);
	ERR_clear_error();
	assert_int_equal(server_read(&l->peer, p, sizeof(p)), -EAGAIN);
	/* An alert says no; OpenSSL's client then gives up. */
	assert_int_equal(client_read(&l->peer, p, sizeof(p), &n), SSL_ERROR_SSL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CASE_1_2(name)                                                                             \
	{                                                                                          \
#name "_1_2", name, setup_1_2, teardown, NULL                                      \
	}
#define BOTH(name) CASE(name), CASE_1_2(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(octets_come_in),
		BOTH(a_record_is_read_in_pieces),
		BOTH(many_records_are_read_at_once),
		BOTH(a_record_comes_octet_by_octet),
		BOTH(a_whole_record_and_a_part_of_the_next),
		BOTH(a_big_upload_comes_whole),
		BOTH(a_damaged_record_is_an_error_for_good),
		BOTH(what_came_before_the_damage_is_read_first),
		BOTH(a_close_notify_ends_the_clients_side),
		BOTH(a_fin_without_close_notify_does_so_too),
		BOTH(end_sends_close_notify_and_fin),
		BOTH(a_cut_shows_no_close_notify),
		BOTH(a_peer_that_is_gone_is_an_error),
		BOTH(pieces_go_out_as_one_record),
		BOTH(a_big_answer_goes_out_whole),
		BOTH(a_slow_reader_gets_everything_in_order),
		BOTH(what_was_refused_may_be_offered_in_smaller_pieces),
		BOTH(end_waits_for_room),
		BOTH(short_io_changes_nothing_but_the_pace),
		CASE(a_key_update_is_answered_in_passing),
		CASE(key_updates_without_end_leave_others_their_turn),
		CASE(who_asks_for_updates_and_does_not_listen_is_not_read),
		CASE_1_2(nobody_renegotiates),
	};
	return cmocka_run_group_tests_name("proxy/tls_io", tests, folder_setup, folder_teardown);
}
