/*
 * http/head_response.c - the status line, and what the fields of a response say together.
 *
 *   HTTP/1.1 200 OK
 *   0      7 9  12
 */
#include "http/chars.h"
#include "http/head_parts.h"

/* Up to the octet behind the code. */
#define PREFIX_CHARS 13

static bool fits(uint32_t i, char c)
{
	static const char want[] = "HTTP/1.";
	if (i < 7)
		return c == want[i];
	switch (i) {
	case 7:
		return c == '0' || c == '1';
	case 8:
		return c == ' ';
	case 9:
		return c >= '1' && c <= '5';
	case 12:
		return c == ' ' || c == '\r' || c == '\n';
	default:
		return http_char_is_digit(c);
	}
}

enum http_verdict http_status_line(
	struct http_head *head, const char *p, uint32_t end, bool is_lenient)
{
	/* What is no HTTP is refused at once: it may come without any LF. */
	for (uint32_t i = 0; i < end && i < PREFIX_CHARS; i++)
		if (!fits(i, p[i]))
			return http_head_bad(head, 502, "invalid status line");
	const char *lf = NULL;
	if (head->scanned < end)
		lf = memchr(p + head->scanned, '\n', end - head->scanned);
	if (lf == NULL) {
		head->scanned = end;
		return HTTP_MORE;
	}
	uint32_t line_end = (uint32_t)(lf - p);
	bool has_cr = p[line_end - 1] == '\r';
	if (!has_cr && !is_lenient)
		return http_head_bad(head, 502, "bare LF");
	uint32_t text_end = line_end - has_cr;
	/* The CR behind a code without reason is not the line's. */
	if (text_end > PREFIX_CHARS - 1 && p[PREFIX_CHARS - 1] == '\r')
		return http_head_bad(head, 502, "invalid status line");
	if (text_end > PREFIX_CHARS)
		head->reason = (struct http_span){PREFIX_CHARS, text_end - PREFIX_CHARS};
	if (!http_is_value(p + head->reason.at, head->reason.n))
		return http_head_bad(head, 502, "control character in the reason");
	head->minor_version = (uint8_t)(p[7] - '0');
	head->code = (uint16_t)((p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0'));
	head->line_start = head->scanned = line_end + 1;
	head->place = PLACE_FIELDS;
	return HTTP_DONE;
}

/* RFC 9110 section 8.6: no length stands in these, so it says nothing and is not passed on. */
static void forget_length(struct http_head *head)
{
	head->has_length = false;
	head->content_length = 0;
	head->field[head->first[HF_CONTENT_LENGTH] - 1].is_dropped = true;
}

enum http_verdict http_response_finish(struct http_head *head, const char *p)
{
	if (head->code < 200 || head->code == 204) {
		if (head->is_chunked)
			return http_head_bad(head, 502, "transfer coding without a body");
		if (head->has_length)
			forget_length(head);
	}
	head->is_websocket = head->code == 101 && http_head_is_to_websocket(head, p) &&
			     http_head_count(head, HF_SEC_WEBSOCKET_ACCEPT) == 1;
	return HTTP_MORE;
}
