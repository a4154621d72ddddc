#include "http/head.h"

#include "http/chars.h"
#include "http/head_parts.h"

/* Each option costs a look at every field. */
#define CONNECTION_OPTIONS_MOST 64

#define LENGTH_DIGITS_MOST 18

void http_head_init(struct http_head *head, enum http_kind kind)
{
	memset(head, 0, offsetof(struct http_head, field));
	head->kind = kind;
}

bool http_list_next(struct slice *list, struct slice *ret_element)
{
	while (list->n != 0) {
		const char *comma = memchr(list->p, ',', list->n);
		size_t n = comma == NULL ? list->n : (size_t)(comma - list->p);
		*ret_element = slice_trim((struct slice){list->p, n});
		n += comma != NULL;
		list->p += n;
		list->n -= n;
		if (ret_element->n != 0)
			return true;
	}
	return false;
}

bool http_list_has(struct slice list, struct slice token)
{
	struct slice element;
	while (http_list_next(&list, &element))
		if (slice_is_nocase(element, token))
			return true;
	return false;
}

struct slice http_head_find(const struct http_head *head, const char *p, const char *name)
{
	struct slice wanted = slice_of(name);
	for (unsigned i = 0; i < head->count; i++)
		if (slice_is_nocase(http_span_in(p, head->field[i].name), wanted))
			return http_span_in(p, head->field[i].value);
	return (struct slice){NULL, 0};
}

unsigned http_head_count(const struct http_head *head, enum http_field_id id)
{
	unsigned count = 0;
	if (head->first[id] == 0)
		return 0;
	for (unsigned i = head->first[id] - 1u; i < head->count; i++)
		count += head->field[i].id == id;
	return count;
}

bool http_head_is_to_websocket(const struct http_head *head, const char *p)
{
	return head->has_upgrade_token && http_head_count(head, HF_UPGRADE) == 1 &&
	       slice_is_nocase(http_head_value(head, p, HF_UPGRADE), SLICE("websocket"));
}

static enum http_verdict read_length(struct http_head *head, struct slice digits)
{
	uint64_t length = 0;
	if (head->has_length)
		return http_head_bad(head, 400, "two Content-Length fields");
	if (head->is_chunked)
		return http_head_bad(head, 400, "length and transfer coding together");
	if (digits.n == 0 || digits.n > LENGTH_DIGITS_MOST)
		return http_head_bad(head, 400, "invalid Content-Length");
	for (size_t i = 0; i < digits.n; i++) {
		if (!http_char_is_digit(digits.p[i]))
			return http_head_bad(head, 400, "invalid Content-Length");
		length = length * 10 + (uint64_t)(digits.p[i] - '0');
	}
	head->content_length = length;
	head->has_length = true;
	return HTTP_MORE;
}

static enum http_verdict read_coding(struct http_head *head)
{
	if (head->is_chunked)
		return http_head_bad(head, 400, "two Transfer-Encoding fields");
	if (head->minor_version == 0)
		return http_head_bad(head, 400, "transfer coding in HTTP/1.0");
	if (head->has_length)
		return http_head_bad(head, 400, "length and transfer coding together");
	head->is_chunked = true;
	return HTTP_MORE;
}

/* Not before the empty line: the field may turn out to be folded, and bad syntax is said first. */
static enum http_verdict check_coding(struct http_head *head, struct slice codings)
{
	struct slice coding;
	if (slice_is_nocase(codings, SLICE("chunked")))
		return HTTP_MORE;
	while (http_list_next(&codings, &coding))
		if (!slice_is_nocase(coding, SLICE("chunked")))
			return http_head_bad(head, 501, "transfer coding other than chunked");
	return http_head_bad(head, 400, "invalid Transfer-Encoding");
}

static enum http_verdict read_known_field(
	struct http_head *head, const char *p, struct http_field *field)
{
	enum http_field_id id = field->id;
	if (head->first[id] == 0)
		head->first[id] = head->count;
	if (id == HF_CONTENT_LENGTH)
		return read_length(head, http_span_in(p, field->value));
	if (id == HF_TRANSFER_ENCODING) {
		field->is_dropped = true;
		return read_coding(head);
	}
	if (http_field_is_hop_by_hop(id))
		field->is_dropped = true;
	return head->kind == HTTP_REQUEST ? http_request_field(head, p, field) : HTTP_MORE;
}

/* Octets that somebody behind us could take for the end of a line, or of everything; nginx refuses
 * them, too. */
static bool ends_lines(const char *p, size_t n)
{
	return memchr(p, '\0', n) != NULL || memchr(p, '\r', n) != NULL;
}

/* Where the name ends: at its colon. NULL: it is none. */
static const char *read_name(struct http_head *head, const char *name, struct http_field *field)
{
	/* The CR is no token character. */
	const char *colon = http_skip(name, CHAR_NAME);
	bool has_underscore = *colon == '_';
	if (has_underscore)
		colon = http_skip(colon, CHAR_TOKEN);
	field->is_odd = false;
	field->is_dropped = has_underscore && head->kind == HTTP_REQUEST;
	return *colon == ':' && colon != name ? colon : NULL;
}

/* The same for nginx, to whom a line without a colon is a name alone. */
static const char *read_any_name(const char *name, const char *end, struct http_field *field)
{
	const char *p = http_skip(name, CHAR_PLAIN);
	field->is_dropped = field->is_odd = false;
	for (; p < end && *p != ':'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return NULL;
		field->is_odd = true;
	}
	return p == name ? NULL : p;
}

/* nginx takes blanks alone from around a value. */
static struct slice trim_blanks(struct slice text)
{
	for (; text.n != 0 && text.p[0] == ' '; text.p++)
		text.n--;
	while (text.n != 0 && text.p[text.n - 1] == ' ')
		text.n--;
	return text;
}

/* One line from `at` to its CR at `end`, which is no empty line. */
static enum http_verdict read_field(struct http_head *head, const char *p, uint32_t at,
	uint32_t end, const struct http_limits *limits)
{
	if (head->count >= limits->fields)
		return http_head_bad(head, 431, "too many fields");
	const char *name = p + at;
	struct http_field *field = &head->field[head->count];
	const char *colon = limits->is_lenient ? read_any_name(name, p + end, field)
					       : read_name(head, name, field);
	if (colon == NULL) {
		if (*name == ' ' || *name == '\t')
			return http_head_bad(head, 400, "folded line");
		return http_head_bad(head, 400, "invalid field name");
	}
	size_t name_n = (size_t)(colon - name);
	/* With the name, which is known to be fine: longer is faster. */
	if (!http_is_value(name, (size_t)(p + end - name)) &&
		(!limits->is_lenient || ends_lines(name, (size_t)(p + end - name))))
		return http_head_bad(head, 400, "control character in a field value");

	bool has_value = colon < p + end;
	struct slice value = {colon + has_value, (size_t)(p + end - colon) - has_value};
	head->count++;
	field->id = (uint8_t)http_field_find(name, name_n);
	value = limits->is_lenient && field->id == HF_OTHER ? trim_blanks(value)
							    : slice_trim(value);
	field->name = (struct http_span){at, (uint32_t)name_n};
	field->value = http_span_of(p, value);
	return field->id == HF_OTHER ? HTTP_MORE : read_known_field(head, p, field);
}

/* RFC 9110 section 7.6.1: the sender says that this field is for the next hop only. */
static void drop_named(struct http_head *head, const char *p, struct slice name)
{
	enum http_field_id id = http_field_find(name.p, name.n);
	if (http_field_is_protected(id))
		return;
	for (unsigned i = 0; i < head->count; i++) {
		struct http_field *field = &head->field[i];
		if (field->id == id &&
			(id != HF_OTHER || slice_is_nocase(http_span_in(p, field->name), name)))
			field->is_dropped = true;
	}
}

static enum http_verdict read_connection(struct http_head *head, const char *p)
{
	bool is_close = false;
	bool is_keep_alive = false;
	unsigned options = 0;
	for (unsigned i = head->first[HF_CONNECTION]; i != 0 && i <= head->count; i++) {
		struct slice list = http_span_in(p, head->field[i - 1].value);
		struct slice option;
		if (head->field[i - 1].id != HF_CONNECTION)
			continue;
		while (http_list_next(&list, &option)) {
			if (++options > CONNECTION_OPTIONS_MOST)
				return http_head_bad(head, 431, "too many connection options");
			if (slice_is_nocase(option, SLICE("close")))
				is_close = true;
			else if (slice_is_nocase(option, SLICE("keep-alive")))
				is_keep_alive = true;
			else if (slice_is_nocase(option, SLICE("upgrade")))
				head->has_upgrade_token = true;
			else
				drop_named(head, p, option);
		}
	}
	head->wants_close = is_close || (head->minor_version == 0 && !is_keep_alive);
	return HTTP_MORE;
}

static enum http_verdict finish(
	struct http_head *head, const char *p, const struct http_limits *limits)
{
	if (read_connection(head, p) == HTTP_BAD)
		return HTTP_BAD;
	if (head->is_chunked &&
		check_coding(head, http_head_value(head, p, HF_TRANSFER_ENCODING)) == HTTP_BAD)
		return HTTP_BAD;
	enum http_verdict verdict = head->kind == HTTP_REQUEST
					    ? http_request_finish(head, p, limits->is_lenient)
					    : http_response_finish(head, p);
	if (verdict == HTTP_BAD)
		return HTTP_BAD;
	head->bytes = head->line_start;
	return HTTP_DONE;
}

/* nginx's buffers, played through up to octet `end` of the line that begins at `at`. False: there
 * is none left, and what nginx would have seen ends at head->scanned. */
static bool has_room(
	struct http_head *head, uint32_t at, uint32_t end, const struct http_limits *limits)
{
	if (limits->first_bytes == 0)
		return true;
	if (head->buffer_bytes == 0)
		head->buffer_bytes = limits->first_bytes;
	while (end > head->buffer_at + head->buffer_bytes) {
		uint32_t full = head->buffer_at + head->buffer_bytes;
		uint32_t moved = full - at;
		if (head->buffers == limits->lines || (moved != 0 && moved >= limits->line_bytes)) {
			head->scanned = full;
			return false;
		}
		head->buffers++;
		head->buffer_at = at;
		head->buffer_bytes = limits->line_bytes;
	}
	return true;
}

/* Where the first line has to have ended. */
static uint32_t room_of_first_line(const struct http_head *head, const struct http_limits *limits)
{
	uint32_t first = limits->first_bytes;
	if (first == 0)
		return UINT32_MAX;
	bool is_moved = limits->lines != 0 &&
			(first <= head->line_start ||
				first - head->line_start < limits->line_bytes);
	return is_moved ? head->line_start + limits->line_bytes : first;
}

static enum http_verdict read_fields(
	struct http_head *head, const char *p, uint32_t end, const struct http_limits *limits)
{
	while (head->scanned < end) {
		const char *lf = memchr(p + head->scanned, '\n', end - head->scanned);
		if (lf == NULL) {
			head->scanned = end;
			break;
		}
		uint32_t at = head->line_start;
		uint32_t line_end = (uint32_t)(lf - p);
		uint32_t text_end = line_end - 1;
		if (!has_room(head, at, line_end + 1, limits))
			return http_head_bad(head, 431, "head too large");
		if (line_end == at || p[text_end] != '\r') {
			if (!limits->is_lenient)
				return http_head_bad(head, 400, "bare LF");
			text_end = line_end;
		}
		head->line_start = head->scanned = line_end + 1;
		if (text_end == at)
			return finish(head, p, limits);
		/* nginx takes more than one CR for the end of a line. */
		while (limits->is_lenient && text_end > at && p[text_end - 1] == '\r')
			text_end--;
		if (read_field(head, p, at, text_end, limits) == HTTP_BAD)
			return HTTP_BAD;
	}
	if (!has_room(head, head->line_start, end + 1, limits))
		return http_head_bad(head, 431, "head too large");
	return HTTP_MORE;
}

static enum http_verdict read_request_line(
	struct http_head *head, const char *p, uint32_t end, const struct http_limits *limits)
{
	enum http_verdict verdict;
	uint32_t room, line_start;
	do {
		line_start = head->line_start;
		room = room_of_first_line(head, limits);
		verdict = http_request_line(head, p, (uint32_t)min_size(end, room), limits);
		/* Behind an empty line there is as much room again. */
	} while (verdict == HTTP_MORE && head->line_start != line_start);
	if (verdict == HTTP_DONE && !head->is_headless)
		(void)has_room(head, line_start, head->line_start, limits);
	if (verdict != HTTP_MORE || end < room)
		return verdict;
	head->scanned = room;
	return http_head_bad(head, 414, "request line too long");
}

enum http_verdict http_head_feed(
	struct http_head *head, const char *p, size_t n, const struct http_limits *limits)
{
	ensure(limits->fields <= HTTP_FIELDS_MOST);
	if (head->status != 0)
		return HTTP_BAD;
	if (head->bytes != 0)
		return HTTP_DONE;
	/* What lies beyond the limit must not count, or the answer would depend on the splits. */
	uint32_t end = (uint32_t)min_size(n, limits->head_bytes);
	enum http_verdict verdict = HTTP_DONE;
	if (head->place != PLACE_FIELDS)
		verdict = head->kind == HTTP_REQUEST
				  ? read_request_line(head, p, end, limits)
				  : http_status_line(head, p, end, limits->is_lenient);
	if (verdict == HTTP_DONE && !head->is_headless)
		verdict = read_fields(head, p, end, limits);
	if (verdict == HTTP_MORE && n >= limits->head_bytes) {
		if (head->place != PLACE_FIELDS)
			return http_head_bad(head, 414, "request line too long");
		return http_head_bad(head, 431, "head too large");
	}
	return verdict;
}
