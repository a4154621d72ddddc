/*
 * test/fuzz/fuzz_exchange.c - the whole data plane between clients and workers that do anything at
 * any time.
 *
 *   what happens: an octet each, some with octets of their own behind them
 *
 *   clients (here) --TCP--> proxy/ on the real loop --unix--> workers (here)
 *
 * Whatever is done, a worker reads nothing but good requests, a client a good answer first; and
 * when all clients have gone, nothing is left.
 */
#include "test/fuzz/fuzz.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "http/chunked.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/upstream.h"
#include "test/fuzz/scripted_handler.h"
#include "test/unit/loop_help.h"

#include <signal.h>
#include <sys/un.h>

#define PEERS 8 /* of each kind */
#define HEARD_MOST 200000
#define TURNS 8

struct peer {
	int fd; /* -1: none */
	struct buf heard;
};

static struct {
	struct peer clients[PEERS], workers[PEERS];
	struct slice rest; /* of the input */
} c;

static char folder[64];
static struct sockaddr_un worker_addr = {.sun_family = AF_UNIX};
static struct sockaddr_in proxy_addr;
static int worker_listener = -1;
static uint64_t generation_number;

/* -- the proxy -- */

static void load(void)
{
	char text[1024];
	struct generation *generation;
	struct conf_problems problems;
	int n = snprintf(text, sizeof(text),
		"listen = [\"127.0.0.1:0\"];\n"
		"limits = { header_bytes = 4096; header_fields = 20; buffer_body = 1000;\n"
		"  body_bytes = \"1M\"; };\n"
		"nodes = { mode = \"fleet\"; keepalive = 2; health_check = { fall = 100; };\n"
		"  static_nodes = ( { node_id = \"a\"; host = \"unix:%s\"; },\n"
		"    { node_id = \"b\"; host = \"unix:%s\"; } );\n"
		"  load_balancing = { strategy = \"round_robin\";\n"
		"    sticky = { keys = [\"cookie\"]; }; }; };\n",
		worker_addr.sun_path, worker_addr.sun_path);
	ensure(n > 0 && (size_t)n < sizeof(text));
	conf_problems_init(&problems);
	struct conf *conf = conf_read_text(text, (size_t)n, "/fuzz.conf", NULL, &problems);
	ensure(conf != NULL);
	ensure(generation_create(&generation, conf, ++generation_number, &problems) == 0);
	ensure(proxy_listen(generation, &problems) == 0);
	lb_pool_activate(generation->pools[0]);
	proxy_commit(generation);
	generation_unref(generation);
	conf_problems_finish(&problems);
}

/* The only socket here that listens on TCP. */
static void find_listener(void)
{
	for (int fd = 3; fd < 256; fd++) {
		socklen_t n = sizeof(proxy_addr);
		int is_listening = 0;
		socklen_t m = sizeof(is_listening);
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &m) == 0 &&
			is_listening && getsockname(fd, (struct sockaddr *)&proxy_addr, &n) == 0 &&
			proxy_addr.sin_family == AF_INET)
			return;
	}
	abort();
}

static void clean_folder(void)
{
	(void)unlink(worker_addr.sun_path);
	(void)rmdir(folder);
}

static void start(void)
{
	struct err err;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(folder, sizeof(folder), "/tmp/comfymux-fuzz-XXXXXX");
	ensure(mkdtemp(folder) != NULL && atexit(clean_folder) == 0);
	(void)snprintf(worker_addr.sun_path, sizeof(worker_addr.sun_path), "%s/w", folder);
	worker_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ensure(bind(worker_listener, (struct sockaddr *)&worker_addr, sizeof(worker_addr)) == 0);
	ensure(listen(worker_listener, 64) == 0);
	ensure(log_open("/dev/null", LOG_ERROR, &err) == 0);
	ensure(loop_start() == 0 && hash_start() == 0 && proxy_start() == 0);
	proxy_set_handler(&scripted_handler);
	load();
	find_listener();
}

/* -- clients and workers -- */

static void peer_close(struct peer *peer, bool is_reset)
{
	if (peer->fd < 0)
		return;
	if (is_reset)
		close_with_reset(peer->fd);
	else
		(void)close(peer->fd);
	peer->fd = -1;
}

static void peer_say(struct peer *peer, struct slice text)
{
	if (peer->fd >= 0 && text.n != 0)
		(void)!send(peer->fd, text.p, text.n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void peer_hear(struct peer *peer)
{
	char octets[65536];
	ssize_t n;
	if (peer->fd < 0)
		return;
	while ((n = recv(peer->fd, octets, sizeof(octets), MSG_DONTWAIT)) > 0)
		if (buf_waiting(&peer->heard) < HEARD_MOST)
			ensure(buf_append(&peer->heard, octets, (size_t)n));
}

static void client_come(struct peer *client)
{
	if (client->fd >= 0)
		return;
	buf_release(&client->heard);
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ensure(client->fd >= 0);
	ensure(connect(client->fd, (struct sockaddr *)&proxy_addr, sizeof(proxy_addr)) == 0);
}

static void assert_requests(struct peer *worker);

static void workers_accept(void)
{
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *worker = &c.workers[i];
		if (worker->fd >= 0)
			continue;
		worker->fd = accept4(worker_listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (worker->fd < 0)
			return;
		assert_requests(worker);
		buf_release(&worker->heard);
	}
}

static void turn(void)
{
	turn_once();
	workers_accept();
}

/* -- what must hold -- */

/* Octets of the body behind a head, or SIZE_MAX when it is not all there. */
static size_t body_bytes(const struct http_head *head, const char *p, size_t n)
{
	struct chunked chunked;
	size_t used, data;
	if (!head->is_chunked)
		return head->content_length <= n ? (size_t)head->content_length : SIZE_MAX;
	char *copy = malloc(n + 1);
	ensure(copy != NULL);
	memcpy(copy, p, n);
	chunked_init(&chunked);
	enum chunked_verdict verdict = chunked_decode(&chunked, copy, n, &used, &data);
	free(copy);
	ensure(verdict != CHUNKED_BAD);
	return verdict == CHUNKED_DONE ? used : SIZE_MAX;
}

static const struct http_limits wide = {
	.head_bytes = 1 << 20, .target_bytes = 1 << 20, .fields = HTTP_FIELDS_MOST};

/* One after the other, up to the first that may have become a tunnel. */
static void assert_requests(struct peer *worker)
{
	static struct http_head head;
	struct slice text = buf_slice(&worker->heard);
	if (text.n >= HEARD_MOST)
		return;
	while (text.n != 0) {
		http_head_init(&head, HTTP_REQUEST);
		enum http_verdict verdict = http_head_feed(&head, text.p, text.n, &wide);
		ensure(verdict != HTTP_BAD && head.empty_lines == 0);
		if (verdict == HTTP_MORE || head.is_websocket)
			return;
		ensure(head.minor_version == 1 && head.first[HF_X_REAL_IP] != 0);
		size_t body = body_bytes(&head, text.p + head.bytes, text.n - head.bytes);
		if (body == SIZE_MAX)
			return;
		text.p += head.bytes + body;
		text.n -= head.bytes + body;
	}
}

static void assert_answer(struct peer *client)
{
	static struct http_head head;
	struct slice text = buf_slice(&client->heard);
	if (text.n == 0)
		return;
	http_head_init(&head, HTTP_RESPONSE);
	ensure(http_head_feed(&head, text.p, text.n, &wide) != HTTP_BAD);
}

/* -- what may happen -- */

static unsigned take_octet(void)
{
	if (c.rest.n == 0)
		return 0;
	c.rest.n--;
	return (unsigned char)*c.rest.p++;
}

static struct slice take_text(void)
{
	size_t n = min_size(take_octet(), c.rest.n);
	struct slice text = {c.rest.p, n};
	c.rest.p += n;
	c.rest.n -= n;
	return text;
}

static struct slice question(unsigned which)
{
	static const struct slice questions[] = {
		SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		SLICE("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n"),
		SLICE("GET / HTTP/1.0\r\n\r\n"),
		SLICE("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
		SLICE("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
		SLICE("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"),
		SLICE("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
		SLICE("5\r\nhello\r\n"),
		SLICE("0\r\n\r\n"),
		SLICE("PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: "
		      "100-continue\r\n\r\n"),
		SLICE("PUT /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: "
		      "100-continue\r\n\r\n"),
		SLICE("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: "
		      "13\r\n\r\n"),
		SLICE("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
		SLICE("hello"),
		SLICE("GET /hhn- HTTP/1.1\r\nHost: a\r\n\r\n"),
		SLICE("GET /hhw-?x HTTP/1.1\r\nHost: a\r\n\r\n"),
		SLICE("POST /hhf- HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
		SLICE("POST /hhg- HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
		SLICE("POST /hpn- HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nhello"),
		SLICE("PUT /hpwp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
		      "Expect: 100-continue\r\n\r\n"),
		SLICE("POST /hprr HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nhello"),
		SLICE("GET /hhs- HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
		      "Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		      "Sec-WebSocket-Version: 13\r\n\r\n"),
		SLICE("GET /hpg- HTTP/1.0\r\n\r\n"),
	};
	return questions[which % COUNT_OF(questions)];
}

static struct slice answer(unsigned which)
{
	static const struct slice answers[] = {
		SLICE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
		SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
		SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
		SLICE("5\r\nhello\r\n"),
		SLICE("0\r\n\r\n"),
		SLICE("HTTP/1.0 200 OK\r\n\r\nuntil close"),
		SLICE("HTTP/1.1 204 No Content\r\n\r\n"),
		SLICE("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
		SLICE("HTTP/1.1 100 Continue\r\n\r\n"),
		SLICE("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
		SLICE("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
		      "Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
		SLICE("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
		SLICE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more"),
		SLICE("hello"),
	};
	return answers[which % COUNT_OF(answers)];
}

static void act(struct peer *peer, bool is_client, unsigned what)
{
	static const char block[65536];
	switch (what) {
	case 0:
		peer_say(peer, is_client ? question(take_octet()) : answer(take_octet()));
		break;
	case 1:
		peer_say(peer, take_text());
		break;
	case 2:
		for (unsigned i = take_octet() % 20; i != 0; i--)
			peer_say(peer, (struct slice){block, sizeof(block)});
		break;
	case 3:
		if (peer->fd >= 0)
			(void)shutdown(peer->fd, SHUT_WR);
		break;
	case 4:
		peer_close(peer, true);
		break;
	case 5:
		peer_close(peer, false);
		break;
	default:
		peer_hear(peer);
		break;
	}
}

static void disturb(unsigned what)
{
	clock_now_us += 10000000;
	switch (what) {
	case 0:
		load();
		break;
	case 1:
		(void)client_close_oldest_idle(CLOSE_IDLE_CLOSED);
		break;
	case 2:
		list_each (node, lb_backends())
			proxy_close_backend(CONTAINER_OF(node, struct backend, registered),
				CLOSE_DRAIN_TIMEOUT);
		break;
	case 3:
		list_each (node, lb_backends())
			proxy_close_tunnels(CONTAINER_OF(node, struct backend, registered));
		break;
	case 4:
		proxy_close_all(CLOSE_SHUTDOWN);
		break;
	case 5:
		(void)upstreams_close_idle();
		break;
	case 6:
		scripted_later(take_octet());
		break;
	default:
		sock_short_io = !sock_short_io;
		break;
	}
}

/* 3 bits what, 3 bits who, 2 bits which side: client, worker, come or turn, a turn behind it. */
static void happen(unsigned octet)
{
	unsigned who = octet >> 3 & 7;
	switch (octet >> 6) {
	case 0:
		client_come(&c.clients[who]);
		act(&c.clients[who], true, octet & 7);
		break;
	case 1:
		act(&c.workers[who], false, octet & 7);
		break;
	case 2:
		client_come(&c.clients[who]);
		act(&c.clients[who], true, octet & 7);
		turn();
		break;
	default:
		if (who == 7)
			disturb(octet & 7);
		else
			act(&c.workers[who], false, octet & 7);
		turn();
		break;
	}
}

/* -- the end -- */

static void clients_go(void)
{
	for (size_t i = 0; i < PEERS; i++) {
		peer_hear(&c.clients[i]);
		assert_answer(&c.clients[i]);
		buf_release(&c.clients[i].heard);
		peer_close(&c.clients[i], true);
	}
}

static void workers_go(void)
{
	workers_accept();
	for (size_t i = 0; i < PEERS; i++) {
		peer_hear(&c.workers[i]);
		assert_requests(&c.workers[i]);
		buf_release(&c.workers[i].heard);
		peer_close(&c.workers[i], false);
	}
}

/* A client that closed with much unsent says so to nobody while its request waits for a worker, and
 * that is asked from one to the next. */
static bool nobody_is_left(void)
{
	workers_go();
	return proxy_stats.connections == 0;
}

static void all_go(void)
{
	for (int i = 0; i < TURNS; i++)
		turn();
	clients_go();
	for (int i = 0; i < TURNS && proxy_stats.connections != 0; i++)
		turn();
	workers_go();
	/* What a RST left behind octets is found by sock_doubt, which takes its time. */
	TURN_UNTIL(nobody_is_left());
	scripted_assert_none();
	ensure(proxy_stats.exchanges == 0 && proxy_stats.tunnels == 0 && proxy_stats.idle == 0);
	(void)upstreams_close_idle();
	turn();
	ensure(proxy_stats.upstreams == 0);
	workers_go();
	list_each (node, lb_backends()) {
		const struct backend *backend = CONTAINER_OF(node, struct backend, registered);
		ensure(backend->in_flight == 0 && backend->tunnels == 0 && backend->jobs_sent == 0);
		ensure(backend->busy_count == 0 && backend->idle_count == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (worker_listener < 0)
		start();
	if (size > 4096)
		return 0;
	(void)clock_tick();
	sock_short_io = false;
	c.rest = (struct slice){(const char *)data, size};
	for (size_t i = 0; i < PEERS; i++)
		c.clients[i].fd = c.workers[i].fd = -1;
	while (c.rest.n != 0)
		happen(take_octet());
	all_go();
	return 0;
}
