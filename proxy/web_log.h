/*
 * proxy/web_log.h - what an exchange has to tell, in nginx's words, with what nginx tells beside.
 *
 *   [error] 7#7: *12 connect() failed (111: Connection refused) while connecting to upstream,
 *   client: 10.0.0.9, server: a.example, request: "GET /x HTTP/1.1",
 *   upstream: "http://10.0.0.1:8188/x", host: "a.example"                     (all on one line)
 *
 * It goes to the error_log of the exchange's location. Where nginx's language is not in use
 * nothing is written: those call sites have their log_*() beside it.
 */
#ifndef PROXY_WEB_LOG_H
#define PROXY_WEB_LOG_H

#include "base/log.h"
#include "proxy/exchange.h"

/* `error`: a positive errno that is told behind the text as "(111: Connection refused)", or 0.
 * `action`: "while connecting to upstream" or NULL. At any time of the exchange's life. */
void web_log(struct exchange *x, enum log_level level, int error, const char *action,
	const char *format, ...) PRINTF_LIKE(5, 6);

/* A tunnel begins, whose head will be gone: what is told beside is kept, if anybody writes lines of
 * level info. False: no memory. */
bool web_log_keep(struct exchange *x) MUST_CHECK;

/* A client that sent nothing in its time. */
void web_log_late(const struct client *client);

/* Whether a line of that level would be written: for what is costly to say. */
bool web_logs(const struct exchange *x, enum log_level level);

#endif
