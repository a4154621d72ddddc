/*
 * http/head.h - the head of a request or response, parsed strictly (RFC 9112).
 *
 *   octets arrive:  GET / HTTP/1.1\r\nHost: a\r\n\r\nBODY
 *                   '---- line ----''-- line -'    ^ bytes
 *
 * The parser works line by line over one growing buffer: a field line is looked
 * at once, when its LF has come. In the first line each octet is looked at as it
 * comes, and the first one that cannot stand there decides: what is no HTTP at
 * all (a TLS ClientHello, NULs, a long line of anything) is refused without
 * waiting for a LF. Either way the verdict hangs on the octets up to that place
 * and on nothing behind it, so a head in one piece and a head octet by octet
 * give the same answer, and neither costs more than one pass. Everything is kept
 * as offsets from the start of the head, because the buffer may move.
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
	bool is_odd; /* lenient: the name has other signs than letters, digits and '-'. Whether such
			a field counts is for who reads it to say */
	bool is_dropped; /* not to be forwarded: hop-by-hop, named by Connection and not protected
			    (http/field.h), a name with '_' (requests), or a length where there can
			    be none (1xx, 204) */
};

enum http_kind { HTTP_REQUEST, HTTP_RESPONSE };

struct http_limits {
	uint32_t head_bytes;   /* the whole head, CRLFCRLF and empty lines before it included; 431
				  beyond */
	uint32_t target_bytes; /* 414 beyond; requests only. A request line that cannot fit
				  head_bytes is 414, too */
	uint16_t fields;       /* 431 beyond; at most HTTP_FIELDS_MOST */
	/* As nginx 1.22 reads heads: a line may end in LF alone (RFC 9112 section 2.2 allows it), a
	 * name may have any visible octets, and no value behind it, HT around a value belongs to
	 * it, a target may have octets beyond ASCII, any expectation and a Host beside an absolute
	 * target will do, so will more blanks in the request line, any HTTP/1.x, any scheme, and a
	 * GET without version; a 1.0 request without a length has no body. "*" and CONNECT are 400.
	 * A blank or a control character in a name, NUL and CR are refused all the same. */
	bool is_lenient;
	/* Lenient, where first_bytes is not 0: the buffers that nginx would have. The head begins
	 * in one of first_bytes; a line that does not fit what is left is moved to the beginning of
	 * one of line_bytes, and there are `lines` of those. 414 and 431 beyond. */
	uint32_t first_bytes, line_bytes, lines;
};

enum http_verdict {
	HTTP_MORE, /* read on */
	HTTP_DONE, /* `bytes` octets are the head */
	HTTP_BAD,  /* `status` and `why` say what to answer (a response: always 502) */
};

struct http_head {
	/* The parser's place. */
	enum http_kind kind;
	uint32_t scanned;                          /* octets in which no further LF will be found */
	uint32_t line_start;                       /* where the unfinished line begins */
	uint8_t place;                             /* in the first line, or behind it */
	uint8_t empty_lines;                       /* skipped before the first line */
	uint32_t buffer_at, buffer_bytes, buffers; /* first_bytes: the buffer we are in */
	uint32_t bytes; /* HTTP_DONE: octets of the whole head, empty lines before it included */

	/* HTTP_BAD. */
	uint16_t status;
	const char *why; /* static, a few words for log and body */

	/* The start line. */
	uint8_t minor_version; /* 0 or 1 */
	uint16_t code;         /* response: 100-999... only 100-599 pass */
	struct http_span method, target, reason;
	struct http_span version; /* request, lenient: as it came; else n == 0 */
	bool is_headless; /* request, lenient: HTTP/0.9, a line without version: so is the answer */
	/* Request: of the target. path.n == 0 for "*" and for an absolute-form target without one:
	 * then "/" goes on, or "*" when is_asterisk. query is without '?', n == 0 when there is
	 * none. */
	struct http_span path, query;
	struct http_span authority; /* request: of an absolute-form target; else n == 0 */
	bool is_https_target;       /* absolute-form with the https scheme */
	bool is_asterisk; /* OPTIONS for the whole server: "*", or absolute-form without path
			     and query (RFC 9112 section 3.2.4) */

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
	uint16_t first[HF_COUNT]; /* index + 1 of the first field with that id, 0 for none and for
				     HF_OTHER */
	struct http_field field[HTTP_FIELDS_MOST];
};

/* Before the first feed. Does not touch field[]. */
void http_head_init(struct http_head *head, enum http_kind kind);

/*
 * p[0..n) is everything received since the head began: each call passes the same octets and more,
 * and the same limits. Up to 4 empty lines before a request line are skipped (RFC 9112
 * section 2.2). After HTTP_DONE and HTTP_BAD the same verdict is given again. Octets behind the
 * head are not looked at.
 *
 * Requests are refused with
 * - 400: bad syntax. Anything but CRLF at a line's end; a method with a lower-case letter (methods
 *   are case-sensitive, but some workers fold them and would read another method than we do); a
 *   target octet outside 0x21-0x7e, or '#'; a target that is neither "/...", nor "*" for OPTIONS,
 *   nor an absolute URI of http or https; a path that ".." or "%2e%2e" leads above the root; no
 *   version (HTTP/0.9); a folded line, a name that is no token, a control character in a value.
 * - 400: Host missing on 1.1, twice, empty, invalid, or not the same as the authority of an
 *   absolute-form target.
 * - 400: a Content-Length that is not 1 to 18 digits, or two of them; length and coding together;
 *   Transfer-Encoding twice, empty, with chunked twice, or on 1.0.
 * - 405: CONNECT and TRACE.
 * - 411: POST, PUT or PATCH on 1.0 without a length.
 * - 414: a target longer than target_bytes, or a first line that does not fit head_bytes.
 * - 417: an Expect on 1.1 that is not 100-continue.
 * - 431: more than head_bytes, than `fields`, or than 64 options in Connection.
 * - 501: a coding other than chunked, alone or beside it; a method of more than 32 octets.
 * - 505: a version HTTP/x.y that is neither 1.0 nor 1.1 (anything else in that place: 400).
 * What fields say together is judged when the empty line has come, so bad syntax is said first.
 *
 * Responses: 502 for all of the same that applies, and for a code outside 100-599. A status line
 * without its second blank is accepted ("HTTP/1.1 200\r\n" is seen in the field), empty lines
 * before it are not. On 1xx and 204 Transfer-Encoding is refused, a valid Content-Length is ignored
 * (has_length false, the field dropped). Names with '_' pass.
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

/* The value of the first field with that name (case-insensitive), dropped or not; or p == NULL. */
struct slice http_head_find(const struct http_head *head, const char *p, const char *name);

/* True if `list` (a #token list, RFC 9110 section 5.6.1) has `token`, case-insensitive. */
bool http_list_has(struct slice list, struct slice token);

/* A request's client prefers JSON: Accept names application/json and not text/html, or (without a
 * telling Accept) the request's Content-Type is application/json. */
bool http_wants_json(const struct http_head *head, const char *p);

#endif
