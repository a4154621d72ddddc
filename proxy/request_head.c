#include "proxy/heads.h"

#include "proxy/head_writer.h"
#include "proxy/web_proxy.h"

void head_put_number(struct head_writer *writer, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	head_put(writer, digits + at, sizeof(digits) - at);
}

void head_put_field(struct head_writer *writer, struct slice name, struct slice value)
{
	head_put_slice(writer, name);
	head_put_text(writer, ": ");
	head_put_slice(writer, value);
	head_put_text(writer, "\r\n");
}

/* Whether one of them is below 0x20, eight at a time: the high bit of an octet is set in `v - 0x20`
 * when it borrows, and in `~v` when it was not set before. */
static bool has_control(const char *p, size_t n)
{
	const uint64_t ones = 0x0101010101010101U;
	uint64_t v, found = 0;
	for (; n >= sizeof(v); p += sizeof(v), n -= sizeof(v)) {
		memcpy(&v, p, sizeof(v));
		found |= (v - ones * 0x20) & ~v & (ones * 0x80);
	}
	for (; n != 0; p++, n--)
		found |= (unsigned char)*p < 0x20;
	return found != 0;
}

void head_put_line(struct head_writer *writer, struct slice text)
{
	head_put_slice(writer, text);
	if (writer->is_bad)
		return;
	char *p = writer->buf->p + writer->buf->end - text.n;
	for (size_t i = has_control(p, text.n) ? 0 : text.n; i < text.n; i++)
		if (p[i] == '\r' || p[i] == '\n' || p[i] == '\0')
			p[i] = ' ';
}

void head_put_safe_field(struct head_writer *writer, struct slice name, struct slice value)
{
	head_put_slice(writer, name);
	head_put_text(writer, ": ");
	head_put_line(writer, value);
	head_put_text(writer, "\r\n");
}

/* Absolute-form goes on as origin-form; the authority is in Host (RFC 9112 section 3.2.2). */
static void put_target(struct exchange *x, struct head_writer *w)
{
	const struct http_head *head = x->head;
	uint32_t end = head->target.at + head->target.n;
	if (x->target.n != 0) {
		head_put_slice(w, x->target);
		return;
	}
	if (head->authority.n == 0) {
		head_put_slice(w, http_span_in(x->p, head->target));
		return;
	}
	if (head->is_asterisk)
		head_put_text(w, "*");
	else if (head->path.n == 0)
		head_put_text(w, "/");
	head_put(w, x->p + head->path.at, end - head->path.at);
}

static void put_start_line(struct exchange *x, struct head_writer *w)
{
	head_put_slice(w, http_span_in(x->p, x->head->method));
	head_put_text(w, " ");
	put_target(x, w);
	head_put_text(w, " HTTP/1.1\r\n");
}

/* Fields of which we write our own. */
static bool is_ours(enum http_field_id id)
{
	switch (id) {
	case HF_HOST:
	case HF_CONTENT_LENGTH:
	case HF_EXPECT:
	case HF_X_REAL_IP:
	case HF_X_FORWARDED_FOR:
	case HF_X_FORWARDED_PROTO:
	case HF_X_FORWARDED_HOST:
		return true;
	default:
		return false;
	}
}

static void put_fields(struct exchange *x, struct head_writer *w)
{
	const struct http_head *head = x->head;
	for (uint16_t i = 0; i < head->count; i++) {
		const struct http_field *field = &head->field[i];
		if (field->is_dropped || is_ours((enum http_field_id)field->id))
			continue;
		/* Name, colon, value and CRLF lie together unless the value was padded. */
		if (field->value.at == field->name.at + field->name.n + 2 && field->value.n != 0) {
			head_put(w, x->p + field->name.at, field->name.n + 2 + field->value.n);
			head_put_text(w, "\r\n");
		} else {
			head_put_field(w, http_span_in(x->p, field->name),
				http_span_in(x->p, field->value));
		}
	}
}

/* Who asked: the address of the last hop is ours to say, earlier ones are passed on. */
static void put_forwarded(struct exchange *x, struct head_writer *w, struct slice host)
{
	const struct http_head *head = x->head;
	struct slice ip = {x->client->ip, x->client->ip_n};
	head_put_field(w, SLICE("X-Real-IP"), ip);
	head_put_text(w, "X-Forwarded-For: ");
	for (uint16_t i = 0; head->first[HF_X_FORWARDED_FOR] != 0 && i < head->count; i++) {
		if (head->field[i].id != HF_X_FORWARDED_FOR || head->field[i].value.n == 0)
			continue;
		head_put_slice(w, http_span_in(x->p, head->field[i].value));
		head_put_text(w, ", ");
	}
	head_put_slice(w, ip);
	if (x->client->is_tls)
		head_put_text(w, "\r\nX-Forwarded-Proto: https\r\n");
	else
		head_put_text(w, "\r\nX-Forwarded-Proto: http\r\n");
	head_put_field(w, SLICE("X-Forwarded-Host"), host);
}

static void put_framing(struct exchange *x, struct head_writer *w)
{
	if (x->up.out == FLOW_CHUNKED) {
		head_put_text(w, "Transfer-Encoding: chunked\r\n");
	} else if (x->up.out == FLOW_LENGTH || x->head->has_length || x->head->is_chunked) {
		head_put_text(w, "Content-Length: ");
		head_put_number(w, x->up.out == FLOW_LENGTH ? x->up.left : 0);
		head_put_text(w, "\r\n");
	}
	if (x->sends_continue)
		head_put_text(w, "Expect: 100-continue\r\n");
}

/* 1.0 may come without one; 1.1 may not go without one. */
static struct slice host_of(const struct exchange *x)
{
	const struct backend *backend = x->seat->backend;
	if (x->head->host.n != 0)
		return http_span_in(x->p, x->head->host);
	if (backend->addr.u.any.sa_family == AF_UNIX)
		return SLICE("localhost");
	return slice_of(backend->addr_text);
}

bool write_request_head(struct exchange *x, struct buf *out)
{
	if (x->web != NULL)
		return web_write_request(x, out);
	struct head_writer w = {.buf = out};
	struct slice host = host_of(x);
	put_start_line(x, &w);
	head_put_field(&w, SLICE("Host"), host);
	put_fields(x, &w);
	put_forwarded(x, &w, host);
	put_framing(x, &w);
	if (x->head->is_websocket)
		head_put_text(&w, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	else if (x->pool->conf->keepalive == 0)
		head_put_text(&w, "Connection: close\r\n");
	head_put_text(&w, "\r\n");
	return !w.is_bad;
}
