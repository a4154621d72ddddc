/*
 * proxy/exchange_state.h - the life of one request with its answer.
 */
#ifndef PROXY_EXCHANGE_STATE_H
#define PROXY_EXCHANGE_STATE_H

#include "base/base.h"

enum exchange_state {
	EX_READ_HEAD, /* the request head is coming in */
	EX_ROUTE,     /* whose is it: server, location, handler */
	EX_GUARD,     /* limits, and who may pass (proxy/web.h); it may have to wait */
	EX_HOLD,      /* the part of the body that is held is coming in */
	EX_HANDLE,    /* the handler has it, for as long as it wants */
	EX_PICK,      /* which worker */
	EX_CONNECT,   /* to it */
	EX_SEND,      /* the request goes out; its answer may begin */
	EX_RELAY,     /* the client has seen a status line */
	EX_TUNNEL,    /* upgraded: octets both ways */
	EX_SOCKET,    /* upgraded: the client's socket is the handler's */
	EX_DONE,
	EX_STATE_COUNT
};

const char *exchange_state_name(enum exchange_state state);
bool exchange_may_move(enum exchange_state from, enum exchange_state to) MUST_CHECK;

#endif
