/*
 * test/unit/handler_help.h - a handler that does what a test tells it, and keeps what it saw.
 */
#ifndef TEST_HANDLER_HELP_H
#define TEST_HANDLER_HELP_H

#include "test/unit/proxy_help.h"

#include "proxy/client.h"
#include "proxy/exchange.h"

#define HANDLER_LISTEN "listen = [\"127.0.0.1:0\"];\n"
#define HANDLER_LIMITS "limits = { buffer_body = 1000; body_bytes = \"16M\"; };\n"
#define HANDLER_NODES                                                                              \
	"nodes = { mode = \"fleet\"; health_check = { fall = 100; };\n"                            \
	"  static_nodes = ( { node_id = \"a\"; host = \"127.0.0.1\"; port = %u; },\n"              \
	"    { node_id = \"b\"; host = \"127.0.0.1\"; port = 1; } );\n"                            \
	"  load_balancing = { strategy = \"round_robin\"; sticky = { keys = [\"cookie\"]; }; }; "  \
	"};\n"

static struct {
	/* What it does. */
	enum handler_wish wish;
	uint64_t most; /* 0: as preset */
	void *state;
	void (*on_request)(struct exchange *x); /* NULL: it waits */
	bool (*on_piece)(struct exchange *x);   /* NULL: it takes it */
	void (*on_socket)(struct exchange *x);
	void (*on_gone)(struct exchange *x);
	/* What it saw. */
	unsigned heads, pieces, requests, gones, sockets;
	enum close_reason reason;
	struct exchange *x; /* of the newest call */
	char body[1 << 20];
	size_t body_bytes;
	bool is_patterned; /* each octet so far was PATTERN(its place) */
} script;

#define PATTERN(i) ((char)('a' + (i) % 23))

static inline enum handler_wish script_head(struct exchange *x, uint64_t *ret_most)
{
	script.heads++;
	script.x = x;
	if (script.most != 0)
		*ret_most = script.most;
	handler_set_state(x, script.state);
	assert_ptr_equal(handler_state(x), script.state);
	return script.wish;
}

static inline bool script_piece(struct exchange *x, struct slice piece)
{
	script.pieces++;
	assert_ptr_equal(x, script.x);
	assert_false(x->is_asked);
	assert_true(piece.n != 0 && piece.n <= 65536);
	for (size_t i = 0; i < piece.n; i++) {
		size_t at = script.body_bytes + i;
		script.is_patterned = script.is_patterned && piece.p[i] == PATTERN(at);
		if (at < sizeof(script.body))
			script.body[at] = piece.p[i];
	}
	script.body_bytes += piece.n;
	return script.on_piece == NULL || script.on_piece(x);
}

static inline void script_request(struct exchange *x)
{
	script.requests++;
	script.x = x;
	if (script.on_request != NULL)
		script.on_request(x);
}

static inline void script_gone(struct exchange *x, enum close_reason reason)
{
	script.gones++;
	script.reason = reason;
	assert_non_null(script.state);
	assert_ptr_equal(handler_state(x), script.state);
	if (script.on_gone != NULL)
		script.on_gone(x);
}

static inline void script_socket(struct exchange *x)
{
	script.sockets++;
	if (script.on_socket != NULL)
		script.on_socket(x);
}

static const struct handler script_handler = {
	.on_head = script_head,
	.on_piece = script_piece,
	.on_request = script_request,
	.on_gone = script_gone,
	.on_socket = script_socket,
};

static inline void script_reset(enum handler_wish wish)
{
	memset(&script, 0, sizeof(script));
	script.wish = wish;
	script.state = &script;
	script.is_patterned = true;
}

static int client; /* -1: none */

static inline int handler_setup_with(const char *format)
{
	client = -1;
	script_reset(HANDLER_HOLD);
	proxy_help_start(format);
	proxy_set_handler(&script_handler);
	return 0;
}

static inline int handler_setup(void **state)
{
	(void)state;
	return handler_setup_with(HANDLER_LISTEN HANDLER_LIMITS HANDLER_NODES);
}

static inline int handler_teardown(void **state)
{
	(void)state;
	sock_short_io = false;
	if (client >= 0)
		(void)close(client);
	proxy_help_end();
	proxy_set_handler(NULL);
	return 0;
}

/* The pool of the generation in force, and its worker of that id. */
static inline struct lb_pool *handler_pool(void)
{
	return proxy_generation()->pools[0];
}

static inline struct backend *handler_backend(const char *id)
{
	for (uint32_t i = 0; i < handler_pool()->count; i++)
		if (strcmp(handler_pool()->seats[i].backend->id, id) == 0)
			return handler_pool()->seats[i].backend;
	fail_msg("no worker %s", id);
	return NULL;
}

/* A client that has said that. */
static inline void client_says(const char *text)
{
	if (client < 0)
		client = client_connect(proxy_help_port());
	peer_say(client, text);
}

/* The handler has the whole request. */
static inline struct exchange *handler_has(unsigned nth)
{
	TURN_UNTIL(script.requests == nth);
	return script.x;
}

static inline struct slice handler_body(void)
{
	struct handler_request request;
	handler_request(script.x, &request);
	return request.body;
}

/* n patterned octets, taken as fast as they are; turns the loop meanwhile. */
static inline void client_sends_pattern(size_t from, size_t n)
{
	static char block[65536];
	while (n != 0) {
		size_t some = min_size(n, sizeof(block));
		for (size_t i = 0; i < some; i++)
			block[i] = PATTERN(from + i);
		ssize_t put = send(client, block, some, MSG_NOSIGNAL);
		if (put < 0 && errno == EAGAIN) {
			turn_once();
			continue;
		}
		assert_true(put > 0);
		from += (size_t)put;
		n -= (size_t)put;
	}
}

#endif
