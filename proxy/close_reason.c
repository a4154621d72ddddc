#include "proxy/close_reason.h"

#include "base/base.h"

static const char *const names[CLOSE_REASONS] = {
	[CLOSE_DONE] = "done",
	[CLOSE_CLIENT_LEFT] = "client_left",
	[CLOSE_CLIENT_ERROR] = "client_error",
	[CLOSE_HEADER_TIMEOUT] = "header_timeout",
	[CLOSE_BODY_TIMEOUT] = "body_timeout",
	[CLOSE_SEND_TIMEOUT] = "send_timeout",
	[CLOSE_KEEPALIVE_TIMEOUT] = "keepalive_timeout",
	[CLOSE_TLS_ERROR] = "tls_error",
	[CLOSE_TLS_TIMEOUT] = "tls_timeout",
	[CLOSE_BAD_REQUEST] = "bad_request",
	[CLOSE_BAD_PREAMBLE] = "bad_proxy_header",
	[CLOSE_REFUSED] = "refused",
	[CLOSE_CONNECT_FAILED] = "connect_failed",
	[CLOSE_CONNECT_TIMEOUT] = "connect_timeout",
	[CLOSE_UPSTREAM_TLS] = "upstream_tls",
	[CLOSE_UPSTREAM_LEFT] = "upstream_left",
	[CLOSE_UPSTREAM_ERROR] = "upstream_error",
	[CLOSE_READ_TIMEOUT] = "read_timeout",
	[CLOSE_BAD_RESPONSE] = "bad_response",
	[CLOSE_RESPONSE_CUT] = "response_cut",
	[CLOSE_NO_WORKER] = "no_worker",
	[CLOSE_TUNNEL_TIMEOUT] = "tunnel_timeout",
	[CLOSE_TUNNEL_CLOSED] = "tunnel_closed",
	[CLOSE_WORKER_DOWN] = "worker_down",
	[CLOSE_DRAIN_TIMEOUT] = "drain_timeout",
	[CLOSE_IDLE_CLOSED] = "idle_closed",
	[CLOSE_OUT_OF_MEMORY] = "out_of_memory",
	[CLOSE_SHUTDOWN] = "shutdown",
};

const char *close_reason_name(enum close_reason reason)
{
	ensure(reason < CLOSE_REASONS);
	return names[reason];
}
