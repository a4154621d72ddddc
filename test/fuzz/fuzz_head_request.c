#include "test/fuzz/fuzz_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct http_head *head = fuzz_parse(HTTP_REQUEST, data, size);
	if (head == NULL)
		return 0;
	const char *p = (const char *)data;
	ensure(head->method.n != 0 && head->target.n != 0);
	ensure(head->path.n != 0 || head->is_asterisk || head->authority.n != 0);
	ensure(head->minor_version == 0 || head->host.n != 0);
	ensure(!head->is_chunked || !head->has_length);
	(void)http_wants_json(head, p);

	struct buf line = {0};
	fuzz_put(&line, http_span_in(p, head->method));
	fuzz_put(&line, SLICE(" "));
	fuzz_put(&line, http_span_in(p, head->target));
	fuzz_put(&line, head->minor_version == 1 ? SLICE(" HTTP/1.1\r\n") : SLICE(" HTTP/1.0\r\n"));
	fuzz_assert_round_trip(head, p, buf_slice(&line));
	buf_release(&line);
	return 0;
}
