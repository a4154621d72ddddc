/*
 * proxy/close_reason.h - why something ended. One word for log, metric and test.
 */
#ifndef PROXY_CLOSE_REASON_H
#define PROXY_CLOSE_REASON_H

enum close_reason {
	CLOSE_DONE,              /* all went well */
	CLOSE_CLIENT_LEFT,       /* the client closed before it had its answer */
	CLOSE_CLIENT_ERROR,      /* reset, or an error on its socket */
	CLOSE_HEADER_TIMEOUT,    /* timeouts.header */
	CLOSE_BODY_TIMEOUT,      /* timeouts.body */
	CLOSE_SEND_TIMEOUT,      /* timeouts.send: the client takes nothing */
	CLOSE_KEEPALIVE_TIMEOUT, /* timeouts.keepalive */
	CLOSE_TLS_ERROR,         /* handshake or record */
	CLOSE_TLS_TIMEOUT,       /* handshake took too long */
	CLOSE_BAD_REQUEST,       /* the parser refused it */
	CLOSE_BAD_PREAMBLE,      /* no PROXY protocol where it has to be */
	CLOSE_REFUSED,           /* we answered 4xx or 5xx on our own */
	CLOSE_CONNECT_FAILED,    /* no worker could be connected to */
	CLOSE_CONNECT_TIMEOUT,   /* timeouts.connect */
	CLOSE_UPSTREAM_TLS,      /* no TLS with the worker, or it is not who it should be */
	CLOSE_UPSTREAM_LEFT,     /* worker closed before a whole head */
	CLOSE_UPSTREAM_ERROR,    /* worker reset the connection */
	CLOSE_READ_TIMEOUT,      /* timeouts.read */
	CLOSE_BAD_RESPONSE,      /* worker broke the protocol */
	CLOSE_RESPONSE_CUT,      /* worker's answer ended too early */
	CLOSE_NO_WORKER,         /* none eligible */
	CLOSE_TUNNEL_TIMEOUT,    /* timeouts.tunnel */
	CLOSE_TUNNEL_CLOSED,     /* both sides of a tunnel ended */
	CLOSE_WORKER_DOWN, /* a tunnel whose worker is out: its client is to come back elsewhere */
	CLOSE_DRAIN_TIMEOUT, /* timeouts.drain */
	CLOSE_IDLE_CLOSED,   /* an idle client made room for another */
	CLOSE_OUT_OF_MEMORY,
	CLOSE_SHUTDOWN,
	CLOSE_REASONS
};

/* "header_timeout". */
const char *close_reason_name(enum close_reason reason);

#endif
