/*
 * http/head.h - the head of a request or response, parsed strictly (RFC 9112).
 *
 *   octets arrive:  GET / HTTP/1.1\r\nHost: a\r\n\r\nBODY
 *                   '---- line ----''-- line -'    ^ bytes
 *
 * The parser works line by line over one growing buffer: a line is looked at
 * once, when its LF has come. So a head in one piece and a head octet by octet
 * give the same answer, and neither costs more than one pass. Everything is
 * kept as offsets from the start of the head, because the buffer may move.
 *
 * It accepts CRLF only; no obs-fold, no blank before the colon, no control
 * characters, one framing, one Host. What it refuses it refuses with a status.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "base/base.h"
#include "http/field.h"

#define HTTP_FIELDS_MOST 256 /* what limits.header_fields may be set to */

struct http_span {
	uint32_t at, n; /* offset from the start of the head, octets */
};

struct http_field {
	struct http_span name, value; /* value without OWS at its ends */
	uint8_t id;                   /* enum http_field_id */
	bool is_dropped; /* not to be forwarded: hop-by-hop, named by Connection, or a name with '_'
			    (requests) */
};

enum http_kind { HTTP_REQUEST, HTTP_RESPONSE };

struct http_limits {
	uint32_t head_bytes;   /* the whole head, CRLFCRLF included; 431 beyond */
	uint32_t target_bytes; /* 414 beyond; requests only. A request line that cannot fit
				  head_bytes is 414, too */
	uint16_t fields;       /* 431 beyond; at most HTTP_FIELDS_MOST */
};

enum http_verdict {
	HTTP_MORE, /* read on */
	HTTP_DONE, /* `bytes` octets are the head */
	HTTP_BAD,  /* `status` and `why` say what to answer (a response: always 502) */
};

struct http_head {
	/* The parser's place. */
	enum http_kind kind;
	uint32_t scanned;    /* octets in which no further LF will be found */
	uint32_t line_start; /* where the unfinished line begins */
	uint32_t bytes; /* HTTP_DONE: octets of the whole head, empty lines before it included */

	/* HTTP_BAD. */
	uint16_t status;
	const char *why; /* static, a few words for log and body */

	/* The start line. */
	uint8_t minor_version; /* 0 or 1 */
	uint16_t code;         /* response: 100-999... only 100-599 pass */
	struct http_span method, target, reason;
	struct http_span path,
		query; /* request: of the target; query without '?', n == 0 when there is none */
	struct http_span authority; /* request: of an absolute-form target; else n == 0 */
	bool is_https_target;       /* absolute-form with the https scheme */
	bool is_asterisk;           /* OPTIONS * */

	/* What the fields say together. Valid after HTTP_DONE. */
	uint64_t content_length;
	bool has_length, is_chunked;
	bool wants_close;       /* Connection: close, or 1.0 without keep-alive */
	bool has_upgrade_token; /* Connection lists "upgrade" */
	bool expects_continue; /* request, 1.1: Expect: 100-continue. On 1.0 it is ignored (RFC 9110
				  section 10.1.1) */
	bool is_websocket; /* request: a whole RFC 6455 opening handshake: GET, 1.1, one Upgrade:
			    * websocket (any case), Connection: upgrade, one valid key (24 chars of
			    * base64), version 13, no body. response: 101 with Upgrade: websocket,
			    * Connection: upgrade and one Sec-WebSocket-Accept */
	struct http_span host; /* request: the effective host[:port]: authority of the target if
				  there is one, else Host */

	uint16_t count;
	uint16_t first[HF_COUNT]; /* index + 1 of the first field with that id, 0 for none */
	struct http_field field[HTTP_FIELDS_MOST];
};

/* Before the first feed. Does not touch field[]. */
void http_head_init(struct http_head *head, enum http_kind kind);

/*
 * p[0..n) is everything received since the head began: each call passes the same octets and more.
 * Up to 4 empty lines before a request line are skipped (RFC 9112 section 2.2).
 *
 * Requests: 400 bad syntax, missing/duplicate/invalid Host on 1.1, an absolute-form authority that
 * differs from Host, length and coding together, two of either, Transfer-Encoding on 1.0; 405
 * CONNECT and TRACE; 411 POST, PUT or PATCH on 1.0 without a length; 414; 417 an Expect that is not
 * 100-continue; 431; 501 a coding other than chunked; 505 a version HTTP/x.y that is neither 1.0
 * nor 1.1 (anything else in that place: 400). Responses: HTTP_BAD for all of the same that applies,
 * a code outside 100-599, a status line without its second blank is accepted ("HTTP/1.1 200\r\n" is
 * seen in the field). Framing fields on 1xx and 204 are a HTTP_BAD 502 when Transfer-Encoding,
 * ignored when Content-Length. Names with '_' pass in responses.
 */
enum http_verdict http_head_feed(struct http_head *head, const char *p, size_t n,
	const struct http_limits *limits) MUST_CHECK;

static inline struct slice http_span_in(const char *p, struct http_span span)
{
	return (struct slice){p + span.at, span.n};
}

/* The value of the first field with that id, or an empty slice with p == NULL. */
static inline struct slice http_head_value(
	const struct http_head *head, const char *p, enum http_field_id id)
{
	uint16_t i = head->first[id];
	return i == 0 ? (struct slice){NULL, 0} : http_span_in(p, head->field[i - 1].value);
}

/* The value of the first field with that name (case-insensitive), or p == NULL. */
struct slice http_head_find(const struct http_head *head, const char *p, const char *name);

/* True if `list` (a #token list, RFC 9110 section 5.6.1) has `token`, case-insensitive. */
bool http_list_has(struct slice list, struct slice token);

/* The client prefers JSON: Accept names application/json and not text/html, or (without a telling
 * Accept) the request's Content-Type is application/json. */
bool http_wants_json(const struct http_head *head, const char *p);

#endif
