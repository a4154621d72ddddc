#include "test/fuzz/fuzz_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct http_head *head = fuzz_parse(HTTP_RESPONSE, data, size);
	if (head == NULL)
		return 0;
	const char *p = (const char *)data;
	ensure(head->code >= 100 && head->code <= 599);
	ensure(!head->is_chunked || !head->has_length);
	ensure(head->code >= 200 || !(head->is_chunked || head->has_length));

	struct buf line = {0};
	char code[4] = {(char)('0' + head->code / 100), (char)('0' + head->code / 10 % 10),
		(char)('0' + head->code % 10), ' '};
	fuzz_put(&line, head->minor_version == 1 ? SLICE("HTTP/1.1 ") : SLICE("HTTP/1.0 "));
	fuzz_put(&line, (struct slice){code, sizeof(code)});
	fuzz_put(&line, http_span_in(p, head->reason));
	fuzz_put(&line, SLICE("\r\n"));
	fuzz_assert_round_trip(head, p, buf_slice(&line));
	buf_release(&line);
	return 0;
}
