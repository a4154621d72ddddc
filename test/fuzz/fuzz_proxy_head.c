/*
 * test/fuzz/fuzz_proxy_head.c - a head that is accepted, written anew, and read again.
 *
 *   1 octet of switches | head     of a request or, with switch 1, of an answer
 *
 * What we write must be good, mean what came in, and hold nothing that was for us alone.
 */
#include "test/fuzz/fuzz_head.h"

#include "proxy/heads.h"
#include "test/unit/exchange_help.h"

enum {
	IS_ANSWER = 1,
	IS_TLS = 2,
	IS_ODD = 4,     /* request: to a pool that keeps nothing; answer: to HTTP/1.0 */
	IS_HELD = 8,    /* request: its body is here; answer: to a HEAD */
	IS_UPGRADE = 16 /* answer: to a WebSocket opening */
};

#define HELD_BYTES 77
#define COOKIE "0123456789abcdef0123456789abcdef"

static struct exchange_help help;
static struct http_head again;

static struct slice value_of(const struct http_head *head, const char *p, enum http_field_id id)
{
	ensure(head->first[id] != 0);
	return http_head_value(head, p, id);
}

static unsigned count_of(const struct http_head *head, enum http_field_id id)
{
	unsigned count = 0;
	for (unsigned i = 0; i < head->count; i++)
		count += head->field[i].id == id;
	return count;
}

static bool is_one_of(int id, const enum http_field_id *ids)
{
	for (; *ids != HF_COUNT; ids++)
		if (id == (int)*ids)
			return true;
	return false;
}

static void read_again(const struct buf *out, enum http_kind kind)
{
	static const struct http_limits wide = {
		.head_bytes = 1 << 16, .target_bytes = 1 << 16, .fields = HTTP_FIELDS_MOST};
	struct slice text = buf_slice(out);
	http_head_init(&again, kind);
	ensure(http_head_feed(&again, text.p, text.n, &wide) == HTTP_DONE);
	ensure(again.bytes == text.n && again.minor_version == 1);
	/* Each line as short as it can be. */
	for (unsigned i = 0; i < again.count; i++) {
		const struct http_field *field = &again.field[i];
		ensure(field->value.at <= field->name.at + field->name.n + 2 ||
			field->value.n == 0);
	}
}

/* What may go on has gone on, in order, and nothing else beside what is ours. */
static void assert_fields(
	const struct http_head *head, const char *p, const char *q, const enum http_field_id *ours)
{
	unsigned at = 0;
	for (unsigned i = 0; i < head->count; i++) {
		const struct http_field *field = &head->field[i];
		if (field->is_dropped || is_one_of(field->id, ours))
			continue;
		while (at < again.count && is_one_of(again.field[at].id, ours))
			at++;
		ensure(at < again.count);
		ensure(slice_is(
			http_span_in(p, field->name), http_span_in(q, again.field[at].name)));
		ensure(slice_is(
			http_span_in(p, field->value), http_span_in(q, again.field[at].value)));
		at++;
	}
	for (; at < again.count; at++)
		ensure(is_one_of(again.field[at].id, ours) || again.field[at].id == HF_SET_COOKIE);
	ensure(count_of(&again, HF_KEEP_ALIVE) == 0 && count_of(&again, HF_PROXY_CONNECTION) == 0);
	ensure(count_of(&again, HF_TE) == 0 && count_of(&again, HF_TRAILER) == 0);
	ensure(count_of(&again, HF_TRANSFER_ENCODING) == again.is_chunked);
	ensure(count_of(&again, HF_CONTENT_LENGTH) == again.has_length);
}

/* -- requests -- */

/* Found without the parser's spans. */
static void assert_target(const struct http_head *head, const char *p, const char *q)
{
	struct slice was = http_span_in(p, head->target), is = http_span_in(q, again.target);
	if (was.p[0] == '/' || was.p[0] == '*') {
		ensure(slice_is(was, is));
		return;
	}
	const char *end = was.p + was.n;
	const char *at = strstr(was.p, "://") + 3;
	while (at < end && *at != '/' && *at != '?')
		at++;
	if (at == end && slice_is(http_span_in(p, head->method), SLICE("OPTIONS"))) {
		ensure(slice_is(is, SLICE("*")));
		return;
	}
	if (at == end || *at != '/') {
		ensure(is.p[0] == '/');
		is.p++;
		is.n--;
	}
	ensure(slice_is(is, (struct slice){at, (size_t)(end - at)}));
}

/* As send.c does it. */
static void set_framing(const struct http_head *head, unsigned switches)
{
	bool has_body = head->is_chunked || head->content_length != 0;
	struct flow *up = &help.x.up;
	help.x.sends_continue = head->expects_continue && (switches & IS_HELD) == 0 && has_body;
	up->out = !has_body ? FLOW_EMPTY : head->is_chunked ? FLOW_CHUNKED : FLOW_LENGTH;
	up->left = head->content_length;
	if (head->is_chunked && (switches & IS_HELD) != 0) {
		up->out = FLOW_LENGTH;
		up->left = HELD_BYTES;
	}
}

static void assert_forwarded(const struct http_head *head, const char *p, const char *q)
{
	struct slice ip = {help.client.ip, help.client.ip_n};
	struct slice host = head->host.n != 0 ? http_span_in(p, head->host)
					      : slice_of(help.backend.addr_text);
	struct slice chain = value_of(&again, q, HF_X_FORWARDED_FOR);
	ensure(slice_is(http_span_in(q, again.host), host));
	ensure(slice_is(value_of(&again, q, HF_X_REAL_IP), ip));
	ensure(slice_is(value_of(&again, q, HF_X_FORWARDED_HOST), host));
	ensure(slice_is(value_of(&again, q, HF_X_FORWARDED_PROTO),
		help.client.is_tls ? SLICE("https") : SLICE("http")));
	ensure(chain.n >= ip.n && memcmp(chain.p + chain.n - ip.n, ip.p, ip.n) == 0);
	ensure(count_of(&again, HF_HOST) == 1 && count_of(&again, HF_X_REAL_IP) == 1);
	ensure(count_of(&again, HF_X_FORWARDED_FOR) == 1);
	ensure(count_of(&again, HF_X_FORWARDED_PROTO) == 1);
	ensure(count_of(&again, HF_X_FORWARDED_HOST) == 1);
}

static void check_request(struct slice text, unsigned switches)
{
	static const enum http_field_id ours[] = {HF_HOST, HF_CONTENT_LENGTH, HF_EXPECT,
		HF_X_REAL_IP, HF_X_FORWARDED_FOR, HF_X_FORWARDED_PROTO, HF_X_FORWARDED_HOST,
		HF_TRANSFER_ENCODING, HF_CONNECTION, HF_UPGRADE, HF_COUNT};
	const struct http_head *head = &help.head;
	struct buf out = {0};
	if (exchange_help_ask(&help, text) != HTTP_DONE)
		return;
	help.conf.keepalive = (switches & IS_ODD) != 0 ? 0 : 64;
	set_framing(head, switches);
	ensure(write_request_head(&help.x, &out));
	read_again(&out, HTTP_REQUEST);
	const char *p = text.p, *q = buf_slice(&out).p;
	ensure(slice_is(http_span_in(p, head->method), http_span_in(q, again.method)));
	assert_target(head, p, q);
	assert_forwarded(head, p, q);
	assert_fields(head, p, q, ours);
	ensure(again.is_chunked == (help.x.up.out == FLOW_CHUNKED));
	ensure(again.content_length == (again.is_chunked ? 0 : help.x.up.left));
	ensure(again.has_length == (!again.is_chunked && (head->has_length || head->is_chunked)));
	ensure(again.is_websocket == head->is_websocket);
	ensure(again.has_upgrade_token == head->is_websocket);
	ensure(again.wants_close == (help.conf.keepalive == 0 && !head->is_websocket));
	ensure(count_of(&again, HF_UPGRADE) == head->is_websocket);
	ensure(again.expects_continue == help.x.sends_continue);
	buf_release(&out);
}

/* -- answers -- */

static enum flow_framing framing_of(const struct http_head *answer, unsigned switches)
{
	if ((switches & IS_HELD) != 0 || answer->code == 204 || answer->code == 304)
		return FLOW_EMPTY;
	if (!answer->is_chunked && answer->has_length)
		return answer->content_length == 0 ? FLOW_EMPTY : FLOW_LENGTH;
	return (switches & IS_ODD) != 0 ? FLOW_TO_CLOSE : FLOW_CHUNKED;
}

static void ask_first(unsigned switches)
{
	static const struct slice questions[] = {
		SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		SLICE("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
		SLICE("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
		SLICE("HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
	};
	unsigned which = ((switches & IS_HELD) != 0) + 2u * ((switches & IS_ODD) != 0);
	ensure(exchange_help_ask(&help, questions[which]) == HTTP_DONE);
}

static void assert_answer(const char *p, const char *q, enum flow_framing framing)
{
	static const enum http_field_id ours[] = {
		HF_CONTENT_LENGTH, HF_TRANSFER_ENCODING, HF_CONNECTION, HF_UPGRADE, HF_COUNT};
	const struct http_head *answer = &help.answer;
	bool is_upgrade = help.x.is_tunnel, is_interim = answer->code < 200 && !is_upgrade;
	ensure(again.code == answer->code);
	ensure(slice_is(http_span_in(p, answer->reason), http_span_in(q, again.reason)));
	assert_fields(answer, p, q, ours);
	ensure(again.is_chunked == (!is_interim && framing == FLOW_CHUNKED));
	ensure(again.has_length == (answer->has_length && !again.is_chunked));
	ensure(again.content_length == (again.has_length ? answer->content_length : 0));
	ensure(count_of(&again, HF_UPGRADE) == is_upgrade);
	ensure(again.is_websocket == is_upgrade && again.has_upgrade_token == is_upgrade);
	if (!is_upgrade && !is_interim)
		ensure(again.wants_close == !help.x.keeps_client);
	unsigned kept = 0;
	for (unsigned i = 0; i < answer->count; i++)
		kept += answer->field[i].id == HF_SET_COOKIE && !answer->field[i].is_dropped;
	ensure(count_of(&again, HF_SET_COOKIE) == kept + !is_interim);
}

static void check_answer(struct slice text, unsigned switches)
{
	struct buf out = {0};
	ask_first(switches);
	if (exchange_help_say(&help, text) != HTTP_DONE)
		return;
	const struct http_head *answer = &help.answer;
	enum flow_framing framing = framing_of(answer, switches);
	help.x.is_tunnel = (switches & IS_UPGRADE) != 0 && answer->is_websocket;
	if (help.x.is_tunnel)
		framing = FLOW_TO_CLOSE;
	else if (answer->code == 101)
		return;
	help.x.keeps_client = framing != FLOW_TO_CLOSE;
	memcpy(help.x.new_cookie, COOKIE, sizeof(COOKIE));
	if (answer->code < 200 && !help.x.is_tunnel)
		ensure(write_interim_head(&help.x, text.p, &out));
	else
		ensure(write_response_head(&help.x, text.p, framing, &out));
	read_again(&out, HTTP_RESPONSE);
	assert_answer(text.p, buf_slice(&out).p, framing);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	/* Of its own size, so that a read behind it is seen. */
	char *copy = malloc(size);
	ensure(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	copy[size - 1] = '\0';
	struct slice text = {copy, size - 1};
	unsigned switches = data[0];
	exchange_help_init(&help);
	help.client.is_tls = (switches & IS_TLS) != 0;
	if ((switches & IS_ANSWER) != 0)
		check_answer(text, switches);
	else
		check_request(text, switches);
	free(copy);
	return 0;
}
