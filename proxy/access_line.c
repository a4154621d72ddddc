/*
 * proxy/access_line.c - a line of the access log, made by hand.
 *
 * Before a line is made its writer has room for the longest that its parts can
 * become, so nothing is checked on the way.
 */
#include "proxy/access_line.h"

#include "base/clock.h"
#include "base/utf8.h"

#define ESCAPE_MOST 6  /* octets that one can become: \u00xx */
#define LINE_MOST 1024 /* of keys, numbers and short words in a line */
#define TRY_MOST 64    /* of keys and numbers per worker asked */

/* -- appending: each returns the new end -- */

static inline char *put_raw(char *out, const char *p, size_t n)
{
	memcpy(out, p, n);
	return out + n;
}

#define PUT(out, literal) put_raw((out), (literal), sizeof(literal) - 1)

static char *put_number(char *out, uint64_t number)
{
	char digits[20];
	size_t n = sizeof(digits);
	do {
		digits[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	return put_raw(out, digits + n, sizeof(digits) - n);
}

/* With leading zeros. */
static char *put_digits(char *out, uint64_t number, unsigned count)
{
	for (unsigned i = count; i > 0; i--) {
		out[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
	return out + count;
}

static char *put_seconds(char *out, uint64_t us)
{
	out = put_number(out, us / 1000000);
	*out++ = '.';
	return put_digits(out, us % 1000000, 6);
}

#define EACH(octet) (0x0101010101010101ull * (octet))
/* Nonzero when an octet of `word` is `octet`. */
#define HAS(word, octet) ((((word) ^ EACH(octet)) - EACH(1)) & ~((word) ^ EACH(octet)) & EACH(0x80))

/* Copies octets that neither format escapes, most of them eight at a time. */
static inline const char *put_plain(char **out, const char *p, const char *end)
{
	while (end - p >= 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		uint64_t below_blank = (word - EACH(0x20)) & ~word & EACH(0x80);
		if ((below_blank | (word & EACH(0x80)) | HAS(word, '"') | HAS(word, '\\') |
			    HAS(word, 0x7f)) != 0)
			break;
		memcpy(*out, &word, 8);
		*out += 8;
		p += 8;
	}
	while (p < end) {
		unsigned char c = (unsigned char)*p;
		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			break;
		*(*out)++ = *p++;
	}
	return p;
}

/* As nginx's log_format escape=default: \xHH for controls, quotes, backslash, and all beyond
 * ASCII. */
static char *put_combined(char *out, struct slice text)
{
	static const char hex[] = "0123456789ABCDEF";
	if (text.p == NULL)
		return PUT(out, "-");
	const char *p = text.p, *end = text.p + text.n;
	while ((p = put_plain(&out, p, end)) < end) {
		unsigned char c = (unsigned char)*p++;
		out = PUT(out, "\\x");
		*out++ = hex[c >> 4];
		*out++ = hex[c & 15];
	}
	return out;
}

/* The inside of a JSON string. What is no UTF-8 becomes U+FFFD. */
static char *put_escaped(char *out, struct slice text)
{
	static const char hex[] = "0123456789abcdef";
	const char *p = text.p, *end = text.p + text.n;
	while ((p = put_plain(&out, p, end)) < end) {
		unsigned char c = (unsigned char)*p;
		size_t n = 1;
		if (c >= 0x80 && (n = utf8_length(p, (size_t)(end - p))) != 0) {
			out = put_raw(out, p, n);
		} else if (c >= 0x80) {
			out = PUT(out, "\\ufffd");
			n = 1;
		} else if (c == '"' || c == '\\') {
			*out++ = '\\';
			*out++ = (char)c;
		} else {
			out = PUT(out, "\\u00");
			*out++ = hex[c >> 4];
			*out++ = hex[c & 15];
		}
		p += n;
	}
	return out;
}

static char *put_json(char *out, struct slice text)
{
	if (text.p == NULL)
		return PUT(out, "null");
	*out++ = '"';
	out = put_escaped(out, text);
	*out++ = '"';
	return out;
}

static char *put_word(char *out, const char *word)
{
	return put_json(out, word == NULL ? (struct slice){0} : slice_of(word));
}

/* -- the formats -- */

static char *put_combined_line(char *out, const struct access_entry *e)
{
	out = put_combined(out, e->client);
	out = PUT(out, " - ");
	out = put_combined(out, e->user);
	out = PUT(out, " [");
	const char *when = clock_combined(e->wall_us);
	out = put_raw(out, when, strlen(when));
	out = PUT(out, "] \"");
	if (e->line.p == NULL && e->method.p != NULL) {
		out = put_combined(out, e->method);
		*out++ = ' ';
		out = put_combined(out, e->target);
		*out++ = ' ';
		out = put_combined(out, e->version);
	} else {
		out = put_combined(out, e->line);
	}
	out = PUT(out, "\" ");
	out = put_digits(out, e->status, 3);
	*out++ = ' ';
	out = put_number(out, e->body_bytes);
	out = PUT(out, " \"");
	out = put_combined(out, e->referer);
	out = PUT(out, "\" \"");
	out = put_combined(out, e->user_agent);
	return PUT(out, "\"\n");
}

/* "2026-11-21T20:07:14.123Z"; all but the milliseconds is kept from line to line. */
static char *put_when(char *out, uint64_t wall_us)
{
	static char kept[25];
	static uint64_t kept_second = UINT64_MAX;
	uint64_t second = wall_us / 1000000;
	if (second != kept_second) {
		clock_iso(wall_us, kept);
		kept_second = second;
	}
	out = put_raw(out, kept, 20);
	out = put_digits(out, wall_us / 1000 % 1000, 3);
	*out++ = 'Z';
	return out;
}

static char *put_status(char *out, uint16_t status)
{
	return status == 0 ? PUT(out, "null") : put_number(out, status);
}

/* The worker that was asked last; all of them, in order, when it was not the first. */
static char *put_tries(char *out, const struct access_entry *e)
{
	if (e->try_count == 0)
		return PUT(out, ",\"worker\":null,\"upstream_status\":null,"
				"\"upstream_seconds\":null");
	const struct access_try *last = &e->tries[e->try_count - 1];
	out = put_word(PUT(out, ",\"worker\":"), last->worker);
	out = put_status(PUT(out, ",\"upstream_status\":"), last->status);
	out = put_seconds(PUT(out, ",\"upstream_seconds\":"), last->took_us);
	if (e->try_count == 1)
		return out;
	out = PUT(out, ",\"tried\":[");
	for (uint32_t i = 0; i < e->try_count; i++) {
		if (i != 0)
			*out++ = ',';
		out = put_word(PUT(out, "{\"worker\":"), e->tries[i].worker);
		out = put_status(PUT(out, ",\"status\":"), e->tries[i].status);
		out = put_seconds(PUT(out, ",\"seconds\":"), e->tries[i].took_us);
		*out++ = '}';
	}
	return PUT(out, "]");
}

static char *put_json_line(char *out, const struct access_entry *e)
{
	out = PUT(out, "{\"time\":\"");
	out = put_when(out, e->wall_us);
	out = put_json(PUT(out, "\",\"request_id\":"), e->request_id);
	out = put_json(PUT(out, ",\"client\":"), e->client);
	out = put_json(PUT(out, ",\"user\":"), e->user);
	out = put_json(PUT(out, ",\"host\":"), e->host);
	out = put_json(PUT(out, ",\"method\":"), e->method);
	out = put_json(PUT(out, ",\"target\":"), e->target);
	out = put_json(PUT(out, ",\"version\":"), e->version);
	if (e->method.p == NULL)
		out = put_json(PUT(out, ",\"line\":"), e->line);
	out = put_number(PUT(out, ",\"status\":"), e->status);
	out = put_word(PUT(out, ",\"reason\":"), e->reason);
	out = put_seconds(PUT(out, ",\"seconds\":"), e->took_us);
	out = put_number(PUT(out, ",\"body_bytes\":"), e->body_bytes);
	out = put_number(PUT(out, ",\"bytes_in\":"), e->bytes_in);
	out = put_number(PUT(out, ",\"bytes_out\":"), e->bytes_out);
	out = put_json(PUT(out, ",\"referer\":"), e->referer);
	out = put_json(PUT(out, ",\"user_agent\":"), e->user_agent);
	out = put_word(PUT(out, ",\"pool\":"), e->pool);
	out = put_tries(out, e);
	out = put_number(PUT(out, ",\"retries\":"), e->retries);
	out = e->was_sticky ? PUT(out, ",\"sticky\":true") : PUT(out, ",\"sticky\":false");
	out = put_word(PUT(out, ",\"tls\":"), e->tls_protocol);
	out = put_word(PUT(out, ",\"cipher\":"), e->tls_cipher);
	return PUT(out, "}\n");
}

/* -- the whole -- */

static size_t word_octets(const char *word)
{
	return word == NULL ? 0 : strlen(word);
}

size_t access_line_most(enum conf_log_format format, const struct access_entry *e)
{
	size_t n = e->client.n + e->user.n + e->line.n + e->method.n + e->target.n + e->version.n +
		   e->host.n + e->referer.n + e->user_agent.n + e->request_id.n;
	if (format == CONF_LOG_JSON) {
		n += word_octets(e->reason) + word_octets(e->pool) + word_octets(e->tls_protocol) +
		     word_octets(e->tls_cipher);
		for (uint32_t i = 0; i < e->try_count; i++)
			n += 2 * word_octets(e->tries[i].worker) + TRY_MOST;
	}
	return LINE_MOST + ESCAPE_MOST * n;
}

size_t access_line_put(char *out, enum conf_log_format format, const struct access_entry *entry)
{
	char *end = format == CONF_LOG_JSON ? put_json_line(out, entry)
					    : put_combined_line(out, entry);
	return (size_t)(end - out);
}
