/*
 * proxy/handle.c - HANDLE and SOCKET: what a handler has, and for how long it likes.
 *
 *   HOLD --all of it came--> HANDLE --on_request--> ... --> RELAY    handler_answer, handler_refuse
 *                                                    |----> PICK     handler_forward
 *                                                    '----> SOCKET   handler_take_socket
 *
 * No deadline of ours runs in either. What ends them from outside comes through
 * exchange_tell_gone, once.
 */
#include "proxy/exchange.h"

static const struct handler *the_handler;

void proxy_set_handler(const struct handler *handler)
{
	the_handler = handler;
}

const struct handler *proxy_handler(void)
{
	return the_handler;
}

void exchange_tell_gone(struct exchange *x, enum close_reason reason)
{
	if (x->handler_state == NULL)
		return;
	the_handler->on_gone(x, reason);
	x->handler_state = NULL;
}

/* What it does next, after the handler had its say. */
static enum step after_call(const struct exchange *x, enum exchange_state was)
{
	if (x->state == EX_DONE)
		return STEP_GONE;
	return x->state == was ? STEP_WAIT : STEP_AGAIN;
}

enum step exchange_handle(struct exchange *x)
{
	if (!x->is_asked) {
		x->is_asked = true;
		deadline_clear(&x->deadline);
		the_handler->on_request(x);
	}
	return after_call(x, EX_HANDLE);
}

enum step exchange_socket(struct exchange *x)
{
	the_handler->on_socket(x);
	return after_call(x, EX_SOCKET);
}
