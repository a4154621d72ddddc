/* test/unit/test_proxy_heads.c - the heads that leave: octet for octet, for requests and answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/heads.h"
#include "test/unit/exchange_help.h"

#define FORWARDED                                                                                  \
	"X-Real-IP: 192.0.2.7\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
#define TAIL(host) FORWARDED "X-Forwarded-Host: " host "\r\n"

static struct exchange_help help;
static struct buf out;

static int setup(void **state)
{
	(void)state;
	exchange_help_init(&help);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&out);
	buf_pool_trim();
	return 0;
}

static void ask(const char *text)
{
	assert_int_equal(exchange_help_ask(&help, slice_of(text)), HTTP_DONE);
}

static void check_out(const char *want)
{
	assert_true(buf_append(&out, "", 1));
	assert_string_equal(out.p, want);
	buf_release(&out);
}

static void sends(const char *want)
{
	assert_true(write_request_head(&help.x, &out));
	check_out(want);
}

static void becomes(const char *text, const char *want)
{
	ask(text);
	sends(want);
}

/* -- requests -- */

static void a_plain_request_gets_host_first_and_who_asked(void **state)
{
	(void)state;
	becomes("GET /view?a=b HTTP/1.1\r\nHost: comfy.example\r\nAccept: */*\r\n\r\n",
		"GET /view?a=b HTTP/1.1\r\nHost: comfy.example\r\nAccept: */*\r\n" TAIL(
			"comfy.example") "\r\n");
}

static void the_target_goes_on_octet_by_octet(void **state)
{
	(void)state;
	becomes("GET /api/userdata/workflows%2Fx.json?a=%20&b=//..|\"{} HTTP/1.1\r\nHost: "
		"a\r\n\r\n",
		"GET /api/userdata/workflows%2Fx.json?a=%20&b=//..|\"{} HTTP/1.1\r\nHost: "
		"a\r\n" TAIL("a") "\r\n");
	becomes("GET //queue? HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET //queue? HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
	becomes("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
}

static void absolute_form_becomes_origin_form(void **state)
{
	(void)state;
	becomes("GET http://a:80/x?y=z HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /x?y=z HTTP/1.1\r\nHost: a:80\r\n" TAIL("a:80") "\r\n");
	becomes("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
	becomes("GET http://a/x? HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /x? HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
	becomes("GET http://a?y HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /?y HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
}

/* RFC 9112 section 3.2.4. */
static void options_for_the_whole_server_stays_so(void **state)
{
	(void)state;
	becomes("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
	becomes("OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
}

static void hop_by_hop_fields_stay_behind(void **state)
{
	(void)state;
	becomes("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Secret, Range\r\n"
		"Keep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: trailers\r\nTrailer: X\r\n"
		"Upgrade: h2c\r\nX-Secret: 1\r\nRange: bytes=0-1\r\nx-secret: 2\r\nX-Kept: "
		"3\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX-Kept: 3\r\n" TAIL("a") "\r\n");
}

static void a_connection_field_takes_away_nothing_that_decides(void **state)
{
	(void)state;
	becomes("GET / HTTP/1.1\r\nHost: a\r\nConnection: Host, Cookie, Authorization, Origin, "
		"X-Real-IP, X-Forwarded-For\r\nCookie: c=d\r\nAuthorization: Basic x\r\n"
		"Origin: http://a\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nCookie: c=d\r\nAuthorization: Basic x\r\nOrigin: "
		"http://a\r\nX-Real-IP: 192.0.2.7\r\nX-Forwarded-For: 198.51.100.1, "
		"192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n\r\n");
}

static void what_a_client_says_of_itself_is_replaced_or_appended_to(void **state)
{
	(void)state;
	becomes("GET / HTTP/1.1\r\nHost: a\r\nX-Real-IP: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n"
		"X-Forwarded-Proto: https\r\nX-Forwarded-Host: bank.example\r\n"
		"x-forwarded-for: 3.3.3.3, 4.4.4.4\r\nX-Forwarded-For:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX-Real-IP: 192.0.2.7\r\nX-Forwarded-For: 2.2.2.2, "
		"3.3.3.3, 4.4.4.4, 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
		"X-Forwarded-Host: a\r\n\r\n");
}

static void over_tls_the_worker_hears_https(void **state)
{
	(void)state;
	help.client.is_tls = true;
	becomes("GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX-Real-IP: 192.0.2.7\r\nX-Forwarded-For: "
		"192.0.2.7\r\n"
		"X-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\n\r\n");
}

static void without_a_host_the_workers_own_address_stands_there(void **state)
{
	(void)state;
	becomes("GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: 10.0.0.1:8188\r\n" TAIL("10.0.0.1:8188") "\r\n");
}

static void a_path_is_no_host(void **state)
{
	(void)state;
	help.backend.addr.u.any.sa_family = AF_UNIX;
	(void)snprintf(help.backend.addr_text, ADDR_TEXT, "unix:/run/worker");
	becomes("GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\n" TAIL("localhost") "\r\n");
}

static void names_with_an_underscore_stay_behind(void **state)
{
	(void)state;
	becomes("GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1.1.1.1\r\nContent_Length: "
		"5\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
}

static void padding_and_empty_values_are_written_plainly(void **state)
{
	(void)state;
	becomes("GET / HTTP/1.1\r\nHost: a\r\nA:  b \r\nB:c\r\nC:\r\nD: \t\r\nE: f\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nB: c\r\nC: \r\nD: \r\nE: f\r\n" TAIL(
			"a") "\r\n");
}

static void a_body_has_one_framing(void **state)
{
	(void)state;
	help.x.up.out = FLOW_LENGTH;
	help.x.up.left = 5;
	becomes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "Content-Length: 5\r\n\r\n");
	/* Held and decoded: its length is known by now. */
	becomes("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "Content-Length: 5\r\n\r\n");
	help.x.up.left = 99999999999999;
	becomes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\n" TAIL(
			"a") "Content-Length: 99999999999999\r\n\r\n");
	help.x.up.out = FLOW_CHUNKED;
	becomes("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "Transfer-Encoding: chunked\r\n\r\n");
}

static void an_empty_body_that_was_announced_has_a_length_of_none(void **state)
{
	(void)state;
	help.x.up.out = FLOW_EMPTY;
	becomes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "Content-Length: 0\r\n\r\n");
	becomes("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "Content-Length: 0\r\n\r\n");
	becomes("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n",
		"DELETE / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
}

static void an_expectation_goes_on_only_when_its_answer_comes_back(void **state)
{
	(void)state;
	static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
				   "Content-Length: 5\r\n\r\n";
	help.x.up.out = FLOW_LENGTH;
	help.x.up.left = 5;
	becomes(text, "POST / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "Content-Length: 5\r\n\r\n");
	help.x.sends_continue = true;
	becomes(text, "POST / HTTP/1.1\r\nHost: a\r\n" TAIL(
			      "a") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
}

static void a_websocket_opening_goes_on_whole(void **state)
{
	(void)state;
	becomes("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, "
		"Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: x, y\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
		"GET /ws HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: x, y\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate\r\n" TAIL(
			"a") "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
}

static void an_upgrade_that_is_none_is_an_ordinary_request(void **state)
{
	(void)state;
	becomes("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Version: 13\r\n\r\n",
		"GET /ws HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Version: 13\r\n" TAIL("a") "\r\n");
	becomes("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, "
		"HTTP2-Settings\r\nHTTP2-Settings: AAA\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
}

static void a_pool_that_keeps_nothing_says_so(void **state)
{
	(void)state;
	help.conf.keepalive = 0;
	becomes("GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "Connection: close\r\n\r\n");
}

static void a_second_head_to_another_worker_is_the_same(void **state)
{
	(void)state;
	ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	for (int i = 0; i < 2; i++)
		sends("GET / HTTP/1.1\r\nHost: a\r\n" TAIL("a") "\r\n");
}

/* -- answers -- */

static void answers(const char *text, enum flow_framing framing, const char *want)
{
	assert_int_equal(exchange_help_say(&help, slice_of(text)), HTTP_DONE);
	assert_true(write_response_head(&help.x, text, framing, &out));
	check_out(want);
}

static int setup_asked(void **state)
{
	(void)setup(state);
	ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	return 0;
}

static void an_answer_keeps_its_fields_and_gets_our_framing(void **state)
{
	(void)state;
	answers("HTTP/1.1 200 OK\r\nServer: w\r\nContent-Length: 007\r\nETag: \"x\"\r\n"
		"Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n",
		FLOW_LENGTH,
		"HTTP/1.1 200 OK\r\nServer: w\r\nETag: \"x\"\r\nSet-Cookie: a=b\r\nSet-Cookie: "
		"c=d\r\nContent-Length: 7\r\n\r\n");
	answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FLOW_CHUNKED,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	answers("HTTP/1.0 200 OK\r\n\r\n", FLOW_CHUNKED,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void the_last_hops_own_fields_stay_behind(void **state)
{
	(void)state;
	answers("HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Internal\r\nKeep-Alive: timeout=5\r\n"
		"Proxy-Connection: x\r\nUpgrade: h2c\r\nTrailer: T\r\nTE: x\r\nX-Internal: 1\r\n"
		"X_Odd: 2\r\nContent-Length: 0\r\n\r\n",
		FLOW_EMPTY, "HTTP/1.1 200 OK\r\nX_Odd: 2\r\nContent-Length: 0\r\n\r\n");
}

static void a_worker_cannot_take_back_the_length_or_a_cookie(void **state)
{
	(void)state;
	answers("HTTP/1.1 200 OK\r\nConnection: Content-Length, Set-Cookie, Content-Type\r\n"
		"Content-Length: 3\r\nSet-Cookie: a=b\r\nContent-Type: text/html\r\n\r\n",
		FLOW_LENGTH,
		"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Type: text/html\r\nContent-Length: "
		"3\r\n\r\n");
}

static void an_answer_without_a_body_may_tell_its_length(void **state)
{
	(void)state;
	answers("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", FLOW_EMPTY,
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
	answers("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", FLOW_EMPTY,
		"HTTP/1.1 204 No Content\r\n\r\n");
	/* To a HEAD. */
	answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FLOW_EMPTY,
		"HTTP/1.1 200 OK\r\n\r\n");
}

static void the_end_of_the_connection_is_announced(void **state)
{
	(void)state;
	help.x.keeps_client = false;
	answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", FLOW_EMPTY,
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FLOW_TO_CLOSE,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

static void a_1_0_client_hears_that_it_may_go_on(void **state)
{
	(void)state;
	ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", FLOW_EMPTY,
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

static void a_reason_is_passed_on_and_may_be_missing(void **state)
{
	(void)state;
	answers("HTTP/1.1 599 \xc3\xa4\tx\r\nContent-Length: 0\r\n\r\n", FLOW_EMPTY,
		"HTTP/1.1 599 \xc3\xa4\tx\r\nContent-Length: 0\r\n\r\n");
	answers("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", FLOW_EMPTY,
		"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
}

static void our_cookie_stands_beside_the_workers(void **state)
{
	(void)state;
	memcpy(help.x.new_cookie, "0123456789abcdef0123456789abcdef", 33);
	answers("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n", FLOW_EMPTY,
		"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\nSet-Cookie: "
		"comfymux=0123456789abcdef0123456789abcdef; Path=/; HttpOnly; "
		"SameSite=Lax\r\n\r\n");
}

static void a_tunnels_answer_upgrades_and_has_no_length(void **state)
{
	(void)state;
	help.x.is_tunnel = true;
	help.x.keeps_client = false;
	answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
		"Content-Type: x\r\nContent-Length: 0\r\nSec-WebSocket-Accept: s3pPLM\r\n"
		"Sec-WebSocket-Protocol: x\r\n\r\n",
		FLOW_TO_CLOSE,
		"HTTP/1.1 101 Switching Protocols\r\nContent-Type: x\r\nSec-WebSocket-Accept: "
		"s3pPLM\r\nSec-WebSocket-Protocol: x\r\nUpgrade: websocket\r\nConnection: "
		"Upgrade\r\n\r\n");
}

static void an_interim_answer_is_cleaned_likewise(void **state)
{
	(void)state;
	static const char text[] = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Y\r\n"
				   "X-Y: z\r\nContent-Length: 3\r\n\r\n";
	memcpy(help.x.new_cookie, "0123456789abcdef0123456789abcdef", 33);
	help.x.keeps_client = false;
	assert_int_equal(exchange_help_say(&help, SLICE(text)), HTTP_DONE);
	assert_true(write_interim_head(&help.x, text, &out));
	check_out("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

#define ASKS(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define ANSWERS(name) cmocka_unit_test_setup_teardown(name, setup_asked, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ASKS(a_plain_request_gets_host_first_and_who_asked),
		ASKS(the_target_goes_on_octet_by_octet),
		ASKS(absolute_form_becomes_origin_form),
		ASKS(options_for_the_whole_server_stays_so),
		ASKS(hop_by_hop_fields_stay_behind),
		ASKS(a_connection_field_takes_away_nothing_that_decides),
		ASKS(what_a_client_says_of_itself_is_replaced_or_appended_to),
		ASKS(over_tls_the_worker_hears_https),
		ASKS(without_a_host_the_workers_own_address_stands_there),
		ASKS(a_path_is_no_host),
		ASKS(names_with_an_underscore_stay_behind),
		ASKS(padding_and_empty_values_are_written_plainly),
		ASKS(a_body_has_one_framing),
		ASKS(an_empty_body_that_was_announced_has_a_length_of_none),
		ASKS(an_expectation_goes_on_only_when_its_answer_comes_back),
		ASKS(a_websocket_opening_goes_on_whole),
		ASKS(an_upgrade_that_is_none_is_an_ordinary_request),
		ASKS(a_pool_that_keeps_nothing_says_so),
		ASKS(a_second_head_to_another_worker_is_the_same),
		ANSWERS(an_answer_keeps_its_fields_and_gets_our_framing),
		ANSWERS(the_last_hops_own_fields_stay_behind),
		ANSWERS(a_worker_cannot_take_back_the_length_or_a_cookie),
		ANSWERS(an_answer_without_a_body_may_tell_its_length),
		ANSWERS(the_end_of_the_connection_is_announced),
		ANSWERS(a_1_0_client_hears_that_it_may_go_on),
		ANSWERS(a_reason_is_passed_on_and_may_be_missing),
		ANSWERS(our_cookie_stands_beside_the_workers),
		ANSWERS(a_tunnels_answer_upgrades_and_has_no_length),
		ANSWERS(an_interim_answer_is_cleaned_likewise),
	};
	return cmocka_run_group_tests_name("proxy/heads", tests, NULL, NULL);
}
