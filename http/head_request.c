/*
 * http/head_request.c - the request line, and what the fields of a request say together.
 *
 *   POST /prompt?a=b HTTP/1.1
 *   '--' '---------' '------'
 *   START   TARGET    VERSION      the place where the next octet belongs
 *
 * The first octet that cannot stand in its place decides, whether the line is
 * complete or not: what is no HTTP is answered at once and not when the time for
 * the head is over.
 */
#include "http/chars.h"
#include "http/head_parts.h"
#include "http/host.h"

#define EMPTY_LINES_MOST 4
#define METHOD_MOST 32
/* "HTTP/255.255", CR and LF. */
#define VERSION_MOST 14

#define WS_KEY_CHARS 24

static enum http_verdict read_method(
	struct http_head *head, const char *p, uint32_t end, bool is_lenient)
{
	for (;;) {
		uint32_t at = head->line_start;
		uint32_t i = head->scanned;
		while (i < end && http_char_is(p[i], CHAR_METHOD))
			i++;
		head->scanned = i;
		if (i - at > METHOD_MOST)
			return http_head_bad(head, 501, "method too long");
		if (i == end)
			return HTTP_MORE;
		if (p[i] == ' ' && i != at) {
			head->method = (struct http_span){at, i - at};
			head->target.at = head->scanned = i + 1;
			head->place = PLACE_TARGET;
			return HTTP_DONE;
		}
		if (p[i] == '\n' && is_lenient && i == at) {
			if (++head->empty_lines > EMPTY_LINES_MOST)
				return http_head_bad(head, 400, "empty lines instead of a request");
			head->line_start = head->scanned = i + 1;
			continue;
		}
		if (p[i] == '\n')
			return http_head_bad(head, 400, "bare LF");
		if (p[i] != '\r' || i != at)
			return http_head_bad(head, 400, "invalid method");
		/* Perhaps an empty line before the request, RFC 9112 section 2.2. */
		if (i + 1 == end)
			return HTTP_MORE;
		if (p[i + 1] != '\n')
			return http_head_bad(head, 400, "bare CR");
		if (++head->empty_lines > EMPTY_LINES_MOST)
			return http_head_bad(head, 400, "empty lines instead of a request");
		head->line_start = head->scanned = i + 2;
	}
}

/* How many dots the segment consists of, 0 when of anything else. To most who resolve paths "%2e"
 * is a dot, so it is one here. */
static unsigned dots_in(const char *p, size_t n)
{
	unsigned dots = 0;
	size_t i = 0;
	while (i < n) {
		if (p[i] == '.')
			i++;
		else if (n - i >= 3 && p[i] == '%' && p[i + 1] == '2' && (p[i + 2] | 0x20) == 'e')
			i += 3;
		else
			return 0;
		dots++;
	}
	return dots;
}

/* In a name with its port, or the dot at its end (nginx). */
static bool has_empty_label(struct slice name)
{
	return memmem(name.p, name.n + (name.p[name.n] == '.'), "..", 2) != NULL;
}

/* True when ".." leads above "/". */
static bool climbs(const char *p, struct http_span path)
{
	const char *end = p + path.at + path.n;
	int depth = 0;
	for (const char *at = p + path.at + 1; at < end;) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t n = (size_t)((slash == NULL ? end : slash) - at);
		unsigned dots = dots_in(at, n);
		if (dots == 2 && --depth < 0)
			return true;
		depth += dots > 2 || (dots == 0 && n != 0);
		at += n + 1;
	}
	return false;
}

static enum http_verdict read_path(struct http_head *head, const char *p, uint32_t at)
{
	uint32_t end = head->target.at + head->target.n;
	const char *mark = memchr(p + at, '?', end - at);
	uint32_t path_end = mark == NULL ? end : (uint32_t)(mark - p);
	head->path = (struct http_span){at, path_end - at};
	if (mark != NULL)
		head->query = (struct http_span){path_end + 1, end - path_end - 1};
	if (head->path.n != 0 && climbs(p, head->path))
		return http_head_bad(head, 400, "path leads above the root");
	return HTTP_MORE;
}

/* The octets of "scheme://"; 0: of none. nginx does not look which one it is. */
static size_t scheme_of(struct slice target, bool is_lenient)
{
	size_t i = 0;
	while (i < target.n &&
		(http_char_is(target.p[i], CHAR_PLAIN) || target.p[i] == '+' || target.p[i] == '.'))
		i++;
	struct slice scheme = {target.p, i};
	if (target.n < i + 3 || memcmp(target.p + i, "://", 3) != 0)
		return 0;
	if (is_lenient ? !http_char_is(ascii_lower(target.p[0]), CHAR_PLAIN) ||
				 http_char_is_digit(target.p[0]) || target.p[0] == '-'
		       : !slice_is_nocase(scheme, SLICE("http")) &&
				 !slice_is_nocase(scheme, SLICE("https")))
		return 0;
	return i + 3;
}

/* RFC 9112 section 3.2.2, "http://host:port/path?query". */
static enum http_verdict read_absolute(struct http_head *head, const char *p, bool is_lenient)
{
	struct slice target = http_span_in(p, head->target);
	struct http_host host;
	size_t i = scheme_of(target, is_lenient);
	if (i == 0 || i == target.n)
		return http_head_bad(head, 400, "invalid target");
	head->is_https_target = slice_is_nocase((struct slice){target.p, i - 3}, SLICE("https"));
	size_t end = i;
	while (end < target.n && target.p[end] != '/' && target.p[end] != '?')
		end++;
	if (!http_host_parse(&host, (struct slice){target.p + i, end - i}) ||
		(is_lenient && has_empty_label(host.name)))
		return http_head_bad(head, 400, "invalid authority in the target");
	head->authority = (struct http_span){head->target.at + (uint32_t)i, (uint32_t)(end - i)};
	/* RFC 9112 section 3.2.4: OPTIONS for the whole server goes on as "*". */
	head->is_asterisk = end == target.n &&
			    slice_is(http_span_in(p, head->method), SLICE("OPTIONS"));
	return read_path(head, p, head->target.at + (uint32_t)end);
}

static enum http_verdict read_target(struct http_head *head, const char *p, bool is_lenient)
{
	struct slice method = http_span_in(p, head->method);
	struct slice target = http_span_in(p, head->target);
	bool is_connect = slice_is(method, SLICE("CONNECT"));
	if (is_connect || slice_is(method, SLICE("TRACE")))
		return http_head_bad(
			head, is_connect && is_lenient ? 400 : 405, "method not allowed");
	if (target.p[0] == '/')
		return read_path(head, p, head->target.at);
	if (!slice_is(target, SLICE("*")))
		return read_absolute(head, p, is_lenient);
	if (!slice_is(method, SLICE("OPTIONS")) || is_lenient)
		return http_head_bad(head, 400, "invalid target");
	head->is_asterisk = true;
	return HTTP_MORE;
}

/* A CR that has to be followed by LF, or a LF, at `at`. HTTP_DONE: *ret_next is behind it. */
static enum http_verdict read_line_end(
	struct http_head *head, const char *p, uint32_t at, uint32_t end, uint32_t *ret_next)
{
	at += p[at] == '\r';
	if (at == end)
		return HTTP_MORE;
	if (p[at] != '\n')
		return http_head_bad(head, 400, "bare CR");
	*ret_next = at + 1;
	return HTTP_DONE;
}

/* HTTP/0.9: a GET without version is all of the head. */
static enum http_verdict end_bare_line(
	struct http_head *head, const char *p, uint32_t at, uint32_t end)
{
	uint32_t next;
	enum http_verdict verdict = read_line_end(head, p, at, end, &next);
	if (verdict != HTTP_DONE)
		return verdict;
	if (head->place == PLACE_TARGET && read_target(head, p, true) == HTTP_BAD)
		return HTTP_BAD;
	head->is_headless = head->wants_close = true;
	if (!slice_is(http_span_in(p, head->method), SLICE("GET")))
		return http_head_bad(head, 400, "no version in the request line");
	head->place = PLACE_FIELDS;
	head->line_start = head->scanned = head->bytes = next;
	return HTTP_DONE;
}

static enum http_verdict find_target(
	struct http_head *head, const char *p, uint32_t end, const struct http_limits *limits)
{
	if (limits->is_lenient)
		while (head->scanned == head->target.at && head->scanned < end &&
			p[head->scanned] == ' ')
			head->target.at = ++head->scanned;
	uint32_t at = head->target.at;
	uint32_t i = (uint32_t)(http_skip_target(p + head->scanned, p + end) - p);
	while (limits->is_lenient && i < end && ((unsigned char)p[i] >= 0x80 || p[i] == '#'))
		i = (uint32_t)(http_skip_target(p + i + 1, p + end) - p);
	head->scanned = i;
	if (i - at > limits->target_bytes)
		return http_head_bad(head, 414, "target too long");
	if (i == end)
		return HTTP_MORE;
	if (p[i] == '\r' || p[i] == '\n') {
		if (!limits->is_lenient || i == at)
			return http_head_bad(head, 400, "no version in the request line");
		head->target.n = i - at;
		return end_bare_line(head, p, i, end);
	}
	if (p[i] != ' ' || i == at)
		return http_head_bad(head, 400, "invalid octet in the target");
	head->target.n = i - at;
	head->scanned = i + 1;
	head->place = PLACE_VERSION;
	return read_target(head, p, limits->is_lenient) == HTTP_BAD ? HTTP_BAD : HTTP_DONE;
}

/* Digits from *at on, which moves behind them; 1 to 3. */
static bool skip_digits(const char *p, uint32_t *at, uint32_t end)
{
	uint32_t n = 0;
	for (; *at < end && http_char_is_digit(p[*at]); ++*at)
		n++;
	return n >= 1 && n <= 3;
}

/* An HTTP version that is not ours, p[at..end). */
static bool is_other_version(const char *p, uint32_t at, uint32_t end)
{
	if (end - at < 5 || memcmp(p + at, "HTTP/", 5) != 0)
		return false;
	at += 5;
	return skip_digits(p, &at, end) && at < end && p[at++] == '.' && skip_digits(p, &at, end) &&
	       at == end;
}

static enum http_verdict read_version(struct http_head *head, const char *p, uint32_t end)
{
	uint32_t at = head->target.at + head->target.n + 1;
	uint32_t most = end - at > VERSION_MOST ? at + VERSION_MOST : end;
	const char *lf = most == at ? NULL : memchr(p + at, '\n', most - at);
	if (lf == NULL) {
		head->scanned = most;
		if (most - at == VERSION_MOST)
			return http_head_bad(head, 400, "invalid version");
		return HTTP_MORE;
	}
	uint32_t line_end = (uint32_t)(lf - p);
	if (line_end == at || p[line_end - 1] != '\r')
		return http_head_bad(head, 400, "bare LF");
	struct slice version = {p + at, line_end - 1 - at};
	if (slice_is(version, SLICE("HTTP/1.1")))
		head->minor_version = 1;
	else if (!slice_is(version, SLICE("HTTP/1.0"))) {
		if (is_other_version(p, at, line_end - 1))
			return http_head_bad(head, 505, "version neither 1.0 nor 1.1");
		return http_head_bad(head, 400, "invalid version");
	}
	head->line_start = head->scanned = line_end + 1;
	head->place = PLACE_FIELDS;
	return HTTP_DONE;
}

/* Digits from *at on, as a number; *at moves behind them. */
static unsigned read_digits(const char *p, uint32_t *at, uint32_t end, unsigned most)
{
	unsigned n = 0;
	for (; *at < end && http_char_is_digit(p[*at]) && n <= most; ++*at)
		n = n * 10 + (unsigned)(p[*at] - '0');
	return n;
}

/* As nginx reads it: blanks on both sides, and any HTTP/1.x is one that we speak. */
static enum http_verdict read_any_version(struct http_head *head, const char *p, uint32_t end)
{
	static const char word[] = "HTTP/";
	uint32_t at = head->target.at + head->target.n;
	uint32_t next;
	head->scanned = end;
	while (at < end && p[at] == ' ')
		at++;
	if (at == end)
		return HTTP_MORE;
	if (p[at] == '\r' || p[at] == '\n')
		return end_bare_line(head, p, at, end);
	uint32_t start = at;
	for (; at < end && at - start < sizeof(word) - 1; at++)
		if (p[at] != word[at - start])
			return http_head_bad(head, 400, "invalid version");
	if (at == end)
		return HTTP_MORE;
	if (p[at] == '0' || !http_char_is_digit(p[at]))
		return http_head_bad(head, 400, "invalid version");
	if (read_digits(p, &at, end, 1) > 1)
		return http_head_bad(head, 505, "version neither 1.0 nor 1.1");
	if (at == end)
		return HTTP_MORE;
	if (p[at++] != '.' || (at < end && !http_char_is_digit(p[at])))
		return http_head_bad(head, 400, "invalid version");
	unsigned minor = read_digits(p, &at, end, 99);
	struct http_span version = {start, at - start};
	while (at < end && p[at] == ' ')
		at++;
	if (minor > 99)
		return http_head_bad(head, 400, "invalid version");
	if (at == end)
		return HTTP_MORE;
	if (p[at] != '\r' && p[at] != '\n')
		return http_head_bad(head, 400, "invalid version");
	enum http_verdict verdict = read_line_end(head, p, at, end, &next);
	if (verdict != HTTP_DONE)
		return verdict;
	head->version = version;
	head->minor_version = minor != 0;
	head->line_start = head->scanned = next;
	head->place = PLACE_FIELDS;
	return HTTP_DONE;
}

enum http_verdict http_request_line(
	struct http_head *head, const char *p, uint32_t end, const struct http_limits *limits)
{
	enum http_verdict verdict = HTTP_DONE;
	if (head->place == PLACE_START)
		verdict = read_method(head, p, end, limits->is_lenient);
	if (verdict == HTTP_DONE && head->place == PLACE_TARGET)
		verdict = find_target(head, p, end, limits);
	if (verdict != HTTP_DONE || head->place != PLACE_VERSION)
		return verdict;
	return limits->is_lenient ? read_any_version(head, p, end) : read_version(head, p, end);
}

enum http_verdict http_request_field(
	struct http_head *head, const char *p, const struct http_field *field)
{
	struct http_host ignored;
	struct slice value = http_span_in(p, field->value);
	if (field->id == HF_HOST) {
		if (head->first[HF_HOST] != head->count)
			return http_head_bad(head, 400, "two Host fields");
		if (!http_host_parse(&ignored, value))
			return http_head_bad(head, 400, "invalid Host");
		head->host = field->value;
	}
	return HTTP_MORE;
}

static enum http_verdict read_expectations(struct http_head *head, const char *p)
{
	for (unsigned i = head->first[HF_EXPECT]; i != 0 && i <= head->count; i++) {
		if (head->field[i - 1].id != HF_EXPECT)
			continue;
		if (!slice_is_nocase(
			    http_span_in(p, head->field[i - 1].value), SLICE("100-continue")))
			return http_head_bad(head, 417, "unknown expectation");
		head->expects_continue = true;
	}
	return HTTP_MORE;
}

static bool is_same_host(struct slice a, struct slice b, int default_port)
{
	struct http_host x, y;
	if (!http_host_parse(&x, a) || !http_host_parse(&y, b))
		return false;
	return slice_is_nocase(x.name, y.name) &&
	       (x.port < 0 ? default_port : x.port) == (y.port < 0 ? default_port : y.port);
}

static bool is_ws_key(struct slice key)
{
	if (key.n != WS_KEY_CHARS || memcmp(key.p + WS_KEY_CHARS - 2, "==", 2) != 0)
		return false;
	for (size_t i = 0; i < WS_KEY_CHARS - 2; i++)
		if (!http_char_is(key.p[i], CHAR_BASE64))
			return false;
	return true;
}

/* RFC 6455 section 4.2.1. */
static bool is_ws_opening(const struct http_head *head, const char *p)
{
	return http_head_is_to_websocket(head, p) && head->minor_version == 1 &&
	       slice_is(http_span_in(p, head->method), SLICE("GET")) && !head->is_chunked &&
	       head->content_length == 0 && http_head_count(head, HF_SEC_WEBSOCKET_KEY) == 1 &&
	       is_ws_key(http_head_value(head, p, HF_SEC_WEBSOCKET_KEY)) &&
	       http_head_count(head, HF_SEC_WEBSOCKET_VERSION) == 1 &&
	       slice_is(http_head_value(head, p, HF_SEC_WEBSOCKET_VERSION), SLICE("13"));
}

enum http_verdict http_request_finish(struct http_head *head, const char *p, bool is_lenient)
{
	if (head->host.n == 0 && head->minor_version == 1)
		return http_head_bad(head, 400, "no Host");
	if (head->authority.n != 0) {
		if (head->host.n != 0 && !is_lenient &&
			!is_same_host(http_span_in(p, head->host), http_span_in(p, head->authority),
				head->is_https_target ? 443 : 80))
			return http_head_bad(head, 400, "Host differs from the target's authority");
		head->host = head->authority;
	}
	if (head->minor_version == 0 && !head->has_length && !is_lenient) {
		struct slice method = http_span_in(p, head->method);
		if (slice_is(method, SLICE("POST")) || slice_is(method, SLICE("PUT")) ||
			slice_is(method, SLICE("PATCH")))
			return http_head_bad(head, 411, "no length");
	}
	if (head->minor_version == 1 && !is_lenient && read_expectations(head, p) == HTTP_BAD)
		return HTTP_BAD;
	if (is_lenient && head->minor_version == 1)
		head->expects_continue = slice_is_nocase(
			http_head_value(head, p, HF_EXPECT), SLICE("100-continue"));
	head->is_websocket = is_ws_opening(head, p);
	return HTTP_MORE;
}

/* Without its parameters. */
static struct slice media_type(struct slice value)
{
	const char *semicolon = value.n == 0 ? NULL : memchr(value.p, ';', value.n);
	if (semicolon != NULL)
		value.n = (size_t)(semicolon - value.p);
	return slice_trim(value);
}

bool http_wants_json(const struct http_head *head, const char *p)
{
	bool is_json = false;
	for (unsigned i = head->first[HF_ACCEPT]; i != 0 && i <= head->count; i++) {
		struct slice list = http_span_in(p, head->field[i - 1].value);
		struct slice range;
		if (head->field[i - 1].id != HF_ACCEPT)
			continue;
		while (http_list_next(&list, &range)) {
			struct slice type = media_type(range);
			if (slice_is_nocase(type, SLICE("text/html")))
				return false;
			is_json |= slice_is_nocase(type, SLICE("application/json"));
		}
	}
	return is_json || slice_is_nocase(media_type(http_head_value(head, p, HF_CONTENT_TYPE)),
				  SLICE("application/json"));
}
