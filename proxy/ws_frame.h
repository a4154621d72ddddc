/*
 * proxy/ws_frame.h - WebSocket frames (RFC 6455 section 5): reading octets, writing heads. Pure.
 *
 *    0                   1
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 *   |F|R R R|opcode |M| length 7    | length 16 or 64 | mask 32 | payload ...
 *
 * The same answer for a stream in one piece and octet by octet (fuzzed).
 */
#ifndef PROXY_WS_FRAME_H
#define PROXY_WS_FRAME_H

#include "base/buf.h"

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

/* Close codes (RFC 6455 section 7.4.1, and the registry for 1012 and later). */
enum ws_code {
	WS_CODE_NORMAL = 1000,
	WS_CODE_GOING_AWAY = 1001,
	WS_CODE_PROTOCOL = 1002,
	WS_CODE_NO_STATUS = 1005, /* never on the wire */
	WS_CODE_ABNORMAL = 1006,  /* never on the wire */
	WS_CODE_INVALID = 1007,   /* text that is not UTF-8 */
	WS_CODE_TOO_BIG = 1009,
	WS_CODE_INTERNAL = 1011,
	WS_CODE_RESTART = 1012,
	WS_CODE_TRY_LATER = 1013,
};

enum ws_verdict {
	WS_MORE,    /* all octets were taken, none completes a message */
	WS_MESSAGE, /* a whole text or binary message */
	WS_CONTROL, /* a whole close, ping or pong */
	WS_BAD,     /* reader->code and reader->why say what is wrong */
};

#define WS_HEAD_ROOM 14
#define WS_CONTROL_MOST 125 /* octets of payload (section 5.5) */

struct ws_reader {
	bool wants_mask; /* the peer is a client: its frames must be masked, else they must not */
	uint64_t most;   /* octets of a message; beyond it 1009 */
	/* What ws_read found. */
	enum ws_opcode opcode;
	struct slice payload; /* unmasked; borrowed until the next call, and lies in memory that its
			       * reader may change: in the input, or in `whole` or `control` */
	uint16_t code;        /* WS_CLOSE: the peer's code, WS_CODE_NO_STATUS without one */
	const char *why;      /* static */
	/* The rest is ws_frame.c's. */
	struct buf whole;  /* owned: what of a message came so far, where it did not come in one
			    * piece */
	uint64_t left, at; /* of this frame's payload: still to come, taken */
	uint32_t utf8;     /* state of the UTF-8 check of a text message */
	uint8_t head[WS_HEAD_ROOM], head_n, head_need;
	uint8_t mask[4];
	uint8_t frame_opcode;
	uint8_t message_opcode; /* WS_CONTINUATION while no message is open */
	bool is_final, is_in_payload;
	bool is_told; /* `whole` was shown, and is given back by the next call */
	bool is_bad;
	char control[WS_CONTROL_MOST]; /* of one that comes in pieces, amid a message perhaps */
};

void ws_reader_init(struct ws_reader *reader, bool wants_mask, uint64_t most);
void ws_reader_finish(struct ws_reader *reader);

/*
 * Reads from p; *ret_used tells how many of the n octets were taken. Call again with the rest after
 * WS_MESSAGE and WS_CONTROL, until WS_MORE: only then the reader keeps no memory but that of a
 * message that has not come whole. Masked payload is unmasked in place, in p. A whole message that
 * lies in p in one frame is not copied. WS_BAD is for good; memory that is out is WS_BAD with 1011.
 */
enum ws_verdict ws_read(struct ws_reader *reader, char *p, size_t n, size_t *ret_used) MUST_CHECK;

/* The head of a whole, unfragmented frame. mask NULL: not masked. Returns its octets. */
size_t ws_write_head(
	char out[WS_HEAD_ROOM], enum ws_opcode opcode, uint64_t n, const uint8_t mask[4]);
/* In place; `at` is the offset of p[0] in the payload. */
void ws_mask(char *p, size_t n, const uint8_t mask[4], uint64_t at);

/* A code that may stand in a close frame. */
bool ws_code_is_valid(uint16_t code);
/* Incremental UTF-8 (RFC 3629). state begins with 0, which is also where a whole text ends;
 * UINT32_MAX: it is broken for good. */
uint32_t ws_utf8(uint32_t state, const char *p, size_t n);

#endif
