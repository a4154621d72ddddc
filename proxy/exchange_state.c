/*
 * proxy/exchange_state.c - which state may follow which.
 *
 *   READ_HEAD -> ROUTE -> HOLD --------> PICK -> CONNECT -> SEND -> RELAY -> DONE
 *                           |             ^ ^         |         |       |
 *                           '-> HANDLE ---' '---------+---------'       '-> TUNNEL -> DONE
 *                                  |          another worker
 *                                  '-> SOCKET -> DONE
 *
 * PICK goes back to ROUTE when a reload took away every worker before one was
 * asked: the request then belongs to the new generation. So does HANDLE, when
 * what it forwards waited through a reload.
 *
 * Where the configuration is nginx's, GUARD stands between ROUTE and HOLD, and an error that has a
 * page of its own (error_page) goes back to ROUTE from wherever it happened.
 *
 * An answer of our own goes to RELAY from wherever it became clear that there
 * will be no other. A table and not code in the handlers, so that a new edge
 * is a visible decision. The edge RELAY -> PICK is missing for good: the client
 * has seen a status line and cannot be given a second one.
 */
#include "proxy/exchange_state.h"

static const struct {
	const char *name;
	unsigned next;
} states[EX_STATE_COUNT] = {
	[EX_READ_HEAD] = {"read_head", BIT(EX_ROUTE) | BIT(EX_RELAY) | BIT(EX_DONE)},
	[EX_ROUTE] = {"route", BIT(EX_GUARD) | BIT(EX_HOLD) | BIT(EX_RELAY) | BIT(EX_DONE)},
	[EX_GUARD] = {"guard", BIT(EX_ROUTE) | BIT(EX_HOLD) | BIT(EX_RELAY) | BIT(EX_DONE)},
	[EX_HOLD] = {"hold",
		BIT(EX_ROUTE) | BIT(EX_HANDLE) | BIT(EX_PICK) | BIT(EX_RELAY) | BIT(EX_DONE)},
	[EX_HANDLE] = {"handle",
		BIT(EX_ROUTE) | BIT(EX_PICK) | BIT(EX_RELAY) | BIT(EX_SOCKET) | BIT(EX_DONE)},
	[EX_PICK] = {"pick",
		BIT(EX_ROUTE) | BIT(EX_CONNECT) | BIT(EX_SEND) | BIT(EX_RELAY) | BIT(EX_DONE)},
	[EX_CONNECT] = {"connect",
		BIT(EX_ROUTE) | BIT(EX_SEND) | BIT(EX_PICK) | BIT(EX_RELAY) | BIT(EX_DONE)},
	[EX_SEND] = {"send", BIT(EX_ROUTE) | BIT(EX_RELAY) | BIT(EX_PICK) | BIT(EX_DONE)},
	[EX_RELAY] = {"relay", BIT(EX_TUNNEL) | BIT(EX_DONE)},
	[EX_TUNNEL] = {"tunnel", BIT(EX_DONE)},
	[EX_SOCKET] = {"socket", BIT(EX_DONE)},
	[EX_DONE] = {"done", 0},
};

const char *exchange_state_name(enum exchange_state state)
{
	ensure(state < EX_STATE_COUNT);
	return states[state].name;
}

bool exchange_may_move(enum exchange_state from, enum exchange_state to)
{
	ensure(from < EX_STATE_COUNT && to < EX_STATE_COUNT);
	return (states[from].next & BIT(to)) != 0;
}
