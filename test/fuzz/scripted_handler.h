/*
 * test/fuzz/scripted_handler.h - a handler that goes by the path: "/h", then what it does with the
 * body, with the request, and with each piece.
 *
 *   /h h|p|x   held, in pieces, passed on
 *      n|r|f|g|s|w   answers, refuses, forwards, forwards to one worker, takes the socket, waits
 *      p|r|-   pauses at each piece, refuses it, takes it
 *
 * It hears the end of every exchange that it has, or makes it, once.
 */
#ifndef TEST_SCRIPTED_HANDLER_H
#define TEST_SCRIPTED_HANDLER_H

#include "proxy/exchange.h"

#define SCRIPTED_MOST 64

static struct scripted {
	struct exchange *x; /* NULL: unused */
	struct buf early, unsent;
	bool is_asked, is_socket;
	char does, at_piece;
} scripted[SCRIPTED_MOST];

static inline struct scripted *scripted_of(struct exchange *x)
{
	struct scripted *s = handler_state(x);
	ensure(s != NULL && s->x == x);
	return s;
}

static inline void scripted_forget(struct scripted *s)
{
	ensure(s->x != NULL);
	buf_release(&s->early);
	buf_release(&s->unsent);
	s->x = NULL;
}

static inline enum handler_wish scripted_head(struct exchange *x, uint64_t *ret_most)
{
	struct handler_request r;
	handler_request(x, &r);
	if (r.path.n < 5 || memcmp(r.path.p, "/h", 2) != 0 || r.path.p[2] == 'x')
		return HANDLER_PASS;
	for (size_t i = 0; i < SCRIPTED_MOST; i++) {
		if (scripted[i].x != NULL)
			continue;
		scripted[i] = (struct scripted){
			.x = x, .does = r.path.p[3], .at_piece = r.path.p[4]};
		handler_set_state(x, &scripted[i]);
		*ret_most = 4000;
		return r.path.p[2] == 'p' ? HANDLER_PIECES : HANDLER_HOLD;
	}
	return HANDLER_PASS;
}

static inline void scripted_take(struct scripted *s)
{
	struct exchange *x = s->x;
	struct sock *sock = handler_take_socket(x, &s->early, &s->unsent);
	s->is_socket = sock != NULL;
	if (sock == NULL)
		scripted_forget(s);
}

/* The end of it, in the way that `does` says; false: it waits on. */
static inline bool scripted_end(struct scripted *s, char does)
{
	static const char octets[100000];
	struct exchange *x = s->x;
	struct handler_request r;
	handler_request(x, &r);
	/* A body that came in pieces is gone. */
	bool may_forward = x->wish == HANDLER_HOLD || x->up.payload == 0;
	if (does == 's' && s->is_asked) {
		scripted_take(s);
		return true;
	}
	if (!strchr(s->is_asked && may_forward ? "nrfg" : "nr", does))
		return false;
	scripted_forget(s);
	if (does == 'n') {
		struct blob *blob = blob_copy(octets, r.query.n != 0 ? sizeof(octets) : 5);
		ensure(blob != NULL);
		handler_answer(x, 200, "text/plain", "X-A: b\r\n", blob);
		blob_unref(blob);
	} else if (does == 'r') {
		handler_refuse(x, 429, "not now");
	} else {
		handler_forward(x, does == 'g' ? r.pool->seats[0].backend : NULL, SLICE(""), true);
	}
	return true;
}

static inline bool scripted_piece(struct exchange *x, struct slice piece)
{
	struct scripted *s = scripted_of(x);
	ensure(piece.n != 0 && !s->is_asked);
	if (s->at_piece == 'r')
		return !scripted_end(s, 'r');
	if (s->at_piece == 'p')
		handler_pause(x);
	return true;
}

static inline void scripted_request(struct exchange *x)
{
	struct scripted *s = scripted_of(x);
	ensure(!s->is_asked);
	s->is_asked = true;
	(void)scripted_end(s, s->does);
}

static inline void scripted_gone(struct exchange *x, enum close_reason reason)
{
	(void)reason;
	scripted_forget(scripted_of(x));
}

/* Says back what it hears, as far as that goes. */
static inline void scripted_socket(struct exchange *x)
{
	struct scripted *s = scripted_of(x);
	struct sock *sock = &x->client->sock;
	char octets[4096];
	while (sock->can_read) {
		ssize_t n = sock_read(sock, octets, sizeof(octets));
		if (n == -EAGAIN)
			break;
		if (n <= 0) {
			scripted_forget(s);
			handler_close_socket(
				x, n == 0 ? CLOSE_TUNNEL_CLOSED : CLOSE_CLIENT_ERROR, 0, 0);
			return;
		}
		struct iovec iov = {.iov_base = octets, .iov_len = (size_t)n};
		if (sock->can_write && buf_waiting(&s->unsent) == 0)
			(void)sock_write(sock, &iov, 1);
	}
}

/* From the loop, at any time. */
static inline void scripted_later(unsigned octet)
{
	static const char does[] = "nrfgs";
	for (size_t i = 0; i < SCRIPTED_MOST; i++) {
		struct scripted *s = &scripted[i];
		if (s->x == NULL || (octet & 7) == 7)
			continue;
		if (s->is_socket) {
			struct exchange *x = s->x;
			scripted_forget(s);
			handler_close_socket(x, CLOSE_DONE, 1, 1);
		} else if ((octet & 7) == 6) {
			handler_resume(s->x);
		} else {
			(void)scripted_end(s, does[octet % 5]);
		}
	}
}

static inline void scripted_assert_none(void)
{
	for (size_t i = 0; i < SCRIPTED_MOST; i++)
		ensure(scripted[i].x == NULL);
}

static const struct handler scripted_handler = {
	.on_head = scripted_head,
	.on_piece = scripted_piece,
	.on_request = scripted_request,
	.on_gone = scripted_gone,
	.on_socket = scripted_socket,
};

#endif
