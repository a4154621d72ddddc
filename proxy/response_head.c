#include "proxy/heads.h"

#include "proxy/head_writer.h"
#include "proxy/sticky_cookie.h"

static void put_status_line(const struct http_head *answer, const char *p, struct head_writer *w)
{
	head_put_text(w, "HTTP/1.1 ");
	head_put_number(w, answer->code);
	head_put_text(w, " ");
	head_put_slice(w, http_span_in(p, answer->reason));
	head_put_text(w, "\r\n");
}

static void put_fields(const struct http_head *answer, const char *p, struct head_writer *w)
{
	for (uint16_t i = 0; i < answer->count; i++) {
		const struct http_field *field = &answer->field[i];
		if (field->is_dropped || field->id == HF_CONTENT_LENGTH)
			continue;
		if (field->value.at == field->name.at + field->name.n + 2 && field->value.n != 0) {
			head_put(w, p + field->name.at, field->name.n + 2 + field->value.n);
			head_put_text(w, "\r\n");
		} else {
			head_put_field(
				w, http_span_in(p, field->name), http_span_in(p, field->value));
		}
	}
}

static void put_connection(const struct exchange *x, struct head_writer *w)
{
	if (x->is_tunnel)
		head_put_text(w, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	else if (!x->keeps_client)
		head_put_text(w, "Connection: close\r\n");
	else if (x->head->minor_version == 0)
		head_put_text(w, "Connection: keep-alive\r\n");
}

bool write_response_head(
	struct exchange *x, const char *p, enum flow_framing out_framing, struct buf *out)
{
	char cookie[STICKY_COOKIE_ROOM];
	const struct http_head *answer = x->answer;
	struct head_writer w = {.buf = out};
	put_status_line(answer, p, &w);
	put_fields(answer, p, &w);
	if (out_framing == FLOW_CHUNKED) {
		head_put_text(&w, "Transfer-Encoding: chunked\r\n");
	} else if (answer->has_length && answer->code != 204 && !x->is_tunnel) {
		/* Also where no body follows: what HEAD and 304 tell is the length there would be.
		 */
		head_put_text(&w, "Content-Length: ");
		head_put_number(&w, answer->content_length);
		head_put_text(&w, "\r\n");
	}
	head_put(&w, cookie, sticky_cookie_line(x, cookie));
	put_connection(x, &w);
	head_put_text(&w, "\r\n");
	return !w.is_bad;
}

bool write_interim_head(struct exchange *x, const char *p, struct buf *out)
{
	struct head_writer w = {.buf = out};
	put_status_line(x->answer, p, &w);
	put_fields(x->answer, p, &w);
	head_put_text(&w, "\r\n");
	return !w.is_bad;
}
