/*
 * proxy/ws_frame.c - WebSocket frames.
 *
 *   octets --> head --> payload --.--> in the input, if the frame is whole and a message by itself
 *               ^                 |--> whole: fragments, and frames that come in pieces
 *               '-- next frame <--'--> control: at most 125 octets, between any two fragments
 *
 * Each octet of a head is judged when it comes, and in the same order, whether it comes alone or
 * with others: so the verdict hangs on the octets and not on how they were cut.
 */
#include "proxy/ws_frame.h"

#define UTF8_BROKEN UINT32_MAX
#define LENGTH_16 126
#define LENGTH_64 127

void ws_reader_init(struct ws_reader *reader, bool wants_mask, uint64_t most)
{
	*reader = (struct ws_reader){.wants_mask = wants_mask, .most = most};
}

void ws_reader_finish(struct ws_reader *reader)
{
	buf_release(&reader->whole);
}

/* -- UTF-8 -- */

/* state: 0, or what the next octet must be: left | lowest << 8 | highest << 16. */
static uint32_t utf8_begin(uint8_t lead)
{
	if (lead < 0xc2)
		return UTF8_BROKEN;
	if (lead < 0xe0)
		return 1 | 0x80 << 8 | 0xbf << 16;
	/* No overlong forms, no surrogates, nothing above U+10FFFF. */
	if (lead == 0xe0)
		return 2 | 0xa0 << 8 | 0xbf << 16;
	if (lead == 0xed)
		return 2 | 0x80 << 8 | 0x9f << 16;
	if (lead < 0xf0)
		return 2 | 0x80 << 8 | 0xbf << 16;
	if (lead == 0xf0)
		return 3 | 0x90 << 8 | 0xbf << 16;
	if (lead < 0xf4)
		return 3 | 0x80 << 8 | 0xbf << 16;
	if (lead == 0xf4)
		return 3 | 0x80 << 8 | 0x8f << 16;
	return UTF8_BROKEN;
}

static size_t skip_ascii(const char *p, size_t n)
{
	size_t i = 0;
	uint64_t word[4];
	for (; n - i >= sizeof(word); i += sizeof(word)) {
		memcpy(word, p + i, sizeof(word));
		if (((word[0] | word[1] | word[2] | word[3]) & 0x8080808080808080u) != 0)
			break;
	}
	while (i < n && (unsigned char)p[i] < 0x80)
		i++;
	return i;
}

uint32_t ws_utf8(uint32_t state, const char *p, size_t n)
{
	size_t i = 0;
	while (i < n && state != UTF8_BROKEN) {
		if (state == 0) {
			i += skip_ascii(p + i, n - i);
			if (i < n)
				state = utf8_begin((uint8_t)p[i++]);
			continue;
		}
		uint8_t octet = (uint8_t)p[i++];
		uint32_t left = (state & 0xff) - 1;
		if (octet < (state >> 8 & 0xff) || octet > state >> 16)
			return UTF8_BROKEN;
		state = left == 0 ? 0 : left | 0x80 << 8 | 0xbf << 16;
	}
	return state;
}

/* -- writing -- */

size_t ws_write_head(
	char out[WS_HEAD_ROOM], enum ws_opcode opcode, uint64_t n, const uint8_t mask[4])
{
	size_t length_octets = n <= WS_CONTROL_MOST ? 0 : n <= UINT16_MAX ? 2 : 8;
	uint8_t first = length_octets == 0   ? (uint8_t)n
			: length_octets == 2 ? LENGTH_16
					     : LENGTH_64;
	size_t at = 2;
	out[0] = (char)(0x80 | opcode);
	out[1] = (char)(first | (mask != NULL ? 0x80 : 0));
	for (size_t i = length_octets; i-- != 0;)
		out[at++] = (char)(n >> (8 * i));
	if (mask == NULL)
		return at;
	memcpy(out + at, mask, 4);
	return at + 4;
}

void ws_mask(char *p, size_t n, const uint8_t mask[4], uint64_t at)
{
	uint8_t turned[8];
	uint64_t key, word;
	size_t i = 0;
	for (size_t k = 0; k < sizeof(turned); k++)
		turned[k] = mask[(at + k) & 3];
	memcpy(&key, turned, sizeof(key));
	for (; n - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		word ^= key;
		memcpy(p + i, &word, sizeof(word));
	}
	for (; i < n; i++)
		p[i] = (char)(p[i] ^ turned[i & 7]);
}

bool ws_code_is_valid(uint16_t code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

/* -- reading -- */

static enum ws_verdict bad(struct ws_reader *reader, enum ws_code code, const char *why)
{
	reader->code = (uint16_t)code;
	reader->why = why;
	reader->is_bad = true;
	buf_release(&reader->whole);
	return WS_BAD;
}

static bool is_control(const struct ws_reader *reader)
{
	return (reader->frame_opcode & 8) != 0;
}

/* FIN, RSV and opcode. WS_MORE when they may be so. */
static enum ws_verdict judge_first(struct ws_reader *reader, uint8_t octet)
{
	reader->is_final = (octet & 0x80) != 0;
	reader->frame_opcode = octet & 15;
	/* Nothing was negotiated that would give them a meaning. */
	if ((octet & 0x70) != 0)
		return bad(reader, WS_CODE_PROTOCOL, "a reserved bit is set");
	switch (reader->frame_opcode) {
	case WS_CONTINUATION:
		if (reader->message_opcode == WS_CONTINUATION)
			return bad(reader, WS_CODE_PROTOCOL, "a continuation of nothing");
		break;
	case WS_TEXT:
	case WS_BINARY:
		if (reader->message_opcode != WS_CONTINUATION)
			return bad(reader, WS_CODE_PROTOCOL, "a message within a message");
		break;
	case WS_CLOSE:
	case WS_PING:
	case WS_PONG:
		if (!reader->is_final)
			return bad(reader, WS_CODE_PROTOCOL, "a control frame in fragments");
		break;
	default:
		return bad(reader, WS_CODE_PROTOCOL, "an unknown opcode");
	}
	return WS_MORE;
}

/* MASK and the short length: they tell how long the head is. */
static enum ws_verdict judge_second(struct ws_reader *reader, uint8_t octet)
{
	bool is_masked = (octet & 0x80) != 0;
	uint8_t length = octet & 0x7f;
	if (is_masked != reader->wants_mask)
		return bad(reader, WS_CODE_PROTOCOL,
			is_masked ? "a server's frame is masked"
				  : "a client's frame is not masked");
	if (is_control(reader) && length > WS_CONTROL_MOST)
		return bad(reader, WS_CODE_PROTOCOL, "a control frame of more than 125 octets");
	uint8_t length_octets = length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0;
	reader->head_need = (uint8_t)(2 + length_octets + (is_masked ? 4 : 0));
	return WS_MORE;
}

static uint64_t number_at(const uint8_t *p, size_t octets)
{
	uint64_t n = 0;
	for (size_t i = 0; i < octets; i++)
		n = n << 8 | p[i];
	return n;
}

/* The head is whole. */
static enum ws_verdict judge_length(struct ws_reader *reader)
{
	uint64_t n = reader->head[1] & 0x7f;
	if (n == LENGTH_16) {
		n = number_at(reader->head + 2, 2);
		if (n <= WS_CONTROL_MOST)
			return bad(reader, WS_CODE_PROTOCOL, "a length that is not minimal");
	} else if (n == LENGTH_64) {
		n = number_at(reader->head + 2, 8);
		if (n <= UINT16_MAX || n >> 63 != 0)
			return bad(reader, WS_CODE_PROTOCOL, "a length that is not minimal");
	}
	if (!is_control(reader) &&
		(n > reader->most || buf_waiting(&reader->whole) > reader->most - n))
		return bad(reader, WS_CODE_TOO_BIG, "the message is too big");
	if (reader->wants_mask)
		memcpy(reader->mask, reader->head + reader->head_need - 4, 4);
	if (reader->frame_opcode == WS_TEXT)
		reader->utf8 = 0;
	if (!is_control(reader) && reader->frame_opcode != WS_CONTINUATION)
		reader->message_opcode = reader->frame_opcode;
	reader->left = n;
	reader->at = 0;
	reader->head_n = 0;
	reader->is_in_payload = true;
	return WS_MORE;
}

/* Takes what there is of a head. WS_MORE with is_in_payload: it is whole. */
static enum ws_verdict read_head(struct ws_reader *reader, const char *p, size_t n, size_t *at)
{
	if (reader->head_n == 0 && *at < n) {
		reader->head[reader->head_n++] = (uint8_t)p[(*at)++];
		if (judge_first(reader, reader->head[0]) == WS_BAD)
			return WS_BAD;
	}
	if (reader->head_n == 1 && *at < n) {
		reader->head[reader->head_n++] = (uint8_t)p[(*at)++];
		if (judge_second(reader, reader->head[1]) == WS_BAD)
			return WS_BAD;
	}
	if (reader->head_n < 2)
		return WS_MORE;
	size_t here = min_size(reader->head_need - reader->head_n, n - *at);
	if (here != 0)
		memcpy(reader->head + reader->head_n, p + *at, here);
	reader->head_n += (uint8_t)here;
	*at += here;
	return reader->head_n == reader->head_need ? judge_length(reader) : WS_MORE;
}

/* `left` more octets of this frame are announced, n of them are here. What is announced is not
 * believed: room grows with what came. */
static bool keep(struct ws_reader *reader, const char *p, size_t n)
{
	struct buf *whole = &reader->whole;
	if (buf_room(whole) < n) {
		uint64_t doubled = buf_waiting(whole) > n ? buf_waiting(whole) : n;
		if (!buf_reserve(whole, (size_t)min_u64(reader->left, doubled)))
			return false;
	}
	return buf_append(whole, p, n);
}

static enum ws_verdict judge_close(struct ws_reader *reader)
{
	const uint8_t *p = (const uint8_t *)reader->payload.p;
	size_t n = reader->payload.n;
	if (n == 0) {
		reader->code = WS_CODE_NO_STATUS;
		return WS_CONTROL;
	}
	if (n == 1)
		return bad(reader, WS_CODE_PROTOCOL, "half a close code");
	uint16_t code = (uint16_t)number_at(p, 2);
	if (!ws_code_is_valid(code))
		return bad(reader, WS_CODE_PROTOCOL, "a close code that cannot be");
	if (ws_utf8(0, reader->payload.p + 2, n - 2) != 0)
		return bad(reader, WS_CODE_INVALID, "a close reason that is not UTF-8");
	reader->code = code;
	return WS_CONTROL;
}

/* n octets of a control frame's payload are here. */
static enum ws_verdict read_control(struct ws_reader *reader, const char *p, size_t n)
{
	bool is_whole = n == reader->left;
	if (!is_whole || reader->at != 0) {
		if (n != 0)
			memcpy(reader->control + reader->at, p, n);
		p = reader->control;
	}
	reader->at += n;
	reader->left -= n;
	if (!is_whole)
		return WS_MORE;
	reader->is_in_payload = false;
	reader->opcode = (enum ws_opcode)reader->frame_opcode;
	reader->payload = (struct slice){p, (size_t)reader->at};
	return reader->opcode == WS_CLOSE ? judge_close(reader) : WS_CONTROL;
}

/* n octets of a message are here. */
static enum ws_verdict read_data(struct ws_reader *reader, const char *p, size_t n)
{
	bool is_whole = n == reader->left;
	bool is_end = is_whole && reader->is_final;
	if (reader->message_opcode == WS_TEXT) {
		reader->utf8 = ws_utf8(reader->utf8, p, n);
		if (reader->utf8 == UTF8_BROKEN || (is_end && reader->utf8 != 0))
			return bad(reader, WS_CODE_INVALID, "text that is not UTF-8");
	}
	if (is_end && reader->at == 0 && buf_waiting(&reader->whole) == 0) {
		reader->payload = (struct slice){p, n};
	} else if (!keep(reader, p, n)) {
		return bad(reader, WS_CODE_INTERNAL, "out of memory");
	} else {
		reader->payload = buf_slice(&reader->whole);
		reader->is_told = is_end;
	}
	reader->at += n;
	reader->left -= n;
	reader->is_in_payload = !is_whole;
	if (!is_end)
		return WS_MORE;
	reader->opcode = (enum ws_opcode)reader->message_opcode;
	reader->message_opcode = WS_CONTINUATION;
	return WS_MESSAGE;
}

enum ws_verdict ws_read(struct ws_reader *reader, char *p, size_t n, size_t *ret_used)
{
	size_t at = 0;
	enum ws_verdict verdict = reader->is_bad ? WS_BAD : WS_MORE;
	if (reader->is_told)
		buf_release(&reader->whole);
	reader->is_told = false;
	while (verdict == WS_MORE) {
		if (!reader->is_in_payload) {
			verdict = read_head(reader, p, n, &at);
			if (!reader->is_in_payload)
				break;
		}
		size_t here = (size_t)min_u64(reader->left, n - at);
		char *piece = here == 0 ? reader->control : p + at;
		if (here == 0 && reader->left != 0)
			break;
		if (reader->wants_mask)
			ws_mask(piece, here, reader->mask, reader->at);
		at += here;
		verdict = is_control(reader) ? read_control(reader, piece, here)
					     : read_data(reader, piece, here);
	}
	*ret_used = at;
	return verdict;
}
