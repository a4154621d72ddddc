/* test/unit/test_proxy_memory.c - memory that runs out anywhere in proxy/: one client is lost, and
 * nothing is left over. */
#include "test/unit/handler_help.h"
#include "test/unit/memory_help.h"
#include "test/unit/tls_peer.h"

/* -- generations -- */

static const char *generation_text(void)
{
	static char text[2048];
	(void)snprintf(text, sizeof(text),
		"pools = ( { name = \"one\"; static_nodes = ( { node_id = \"a\"; host = "
		"\"10.0.0.1\"; } );"
		" }, { name = \"two\"; static_nodes = ( { node_id = \"b\"; host = \"10.0.0.2\"; } "
		"); } );\n"
		"servers = ( { listen = [\"127.0.0.1:0\"]; names = [\"a\", \"b\"];\n"
		"  tls = { certificate = \"%s\"; key = \"%s\"; };\n"
		"  locations = ( { path = \"/\"; pool = \"one\"; } ); },\n"
		"{ listen = [\"127.0.0.2:0\"]; locations = ( { path = \"/\"; pool = \"two\"; } ); "
		"} );\n",
		in_folder("one.pem"), in_folder("one.key"));
	return text;
}

static void a_generation_is_made_whole_or_not_at_all(void **state)
{
	(void)state;
	struct generation *generation = NULL;
	struct conf_problems problems;
	for (long nth = 0;; nth++) {
		struct conf *conf = conf_help_read(generation_text());
		conf_problems_init(&problems);
		fail_at(nth);
		int rc = generation_create(&generation, conf, 1, &problems);
		left = -1;
		conf_problems_finish(&problems);
		if (!has_failed) {
			assert_int_equal(rc, 0);
			assert_true(nth > 15);
			break;
		}
		assert_int_not_equal(rc, 0);
		assert_null(generation);
		assert_true(list_is_empty(lb_backends()));
	}
	generation_unref(generation);
}

static void listeners_are_opened_all_or_none(void **state)
{
	(void)state;
	struct generation *generation;
	struct conf_problems problems;
	assert_int_equal(loop_start(), 0);
	conf_problems_init(&problems);
	assert_int_equal(
		generation_create(&generation, conf_help_read(generation_text()), 1, &problems), 0);
	conf_problems_finish(&problems);
	int lowest = dup(0);
	(void)close(lowest);
	for (long nth = 0;; nth++) {
		conf_problems_init(&problems);
		fail_at(nth);
		int rc = proxy_listen(generation, &problems);
		left = -1;
		conf_problems_finish(&problems);
		if (!has_failed) {
			assert_int_equal(rc, 0);
			break;
		}
		int now = dup(0);
		(void)close(now);
		assert_int_equal(now, lowest);
		assert_int_equal(rc, -ENOMEM);
	}
	proxy_unlisten_new();
	generation_unref(generation);
	loop_finish();
}

/* -- exchanges -- */

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define TEXT                                                                                       \
	"listen = [\"127.0.0.1:0\"];\nnodes = { static_nodes = ( { node_id = \"a\"; host = "       \
	"\"127.0.0.1\"; port = %u; } );\n  load_balancing = { strategy = \"round_robin\"; sticky " \
	"= "                                                                                       \
	"{ keys = [\"cookie\", \"ip\"]; }; };\n  health_check = { fall = 100; }; };\n"             \
	"limits = { buffer_body = \"2k\"; };\n"

/* A talk with one client, and what its worker says to it. */
static struct {
	const char *answer; /* of the worker, once it has a head */
	const char *end;    /* where the client is content */
	int client, worker; /* -1: none */
	char heard[8192], asked[65536];
	size_t heard_n, asked_n;
	bool is_answered, is_over;
} talk;

static void hear_worker(void)
{
	if (talk.worker < 0)
		talk.worker = accept4(proxy_help.worker, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (talk.worker < 0)
		return;
	ssize_t n = recv(talk.worker, talk.asked + talk.asked_n,
		sizeof(talk.asked) - 1 - talk.asked_n, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		(void)close(talk.worker);
		talk.worker = -1;
		talk.asked_n = 0;
		talk.is_answered = false;
		return;
	}
	talk.asked_n += n > 0 ? (size_t)n : 0;
	talk.asked[talk.asked_n] = '\0';
	if (talk.is_answered || strstr(talk.asked, "\r\n\r\n") == NULL)
		return;
	talk.is_answered = true;
	(void)!send(talk.worker, talk.answer, strlen(talk.answer), MSG_NOSIGNAL);
}

static bool talk_is_over(void)
{
	hear_worker();
	ssize_t n = recv(talk.client, talk.heard + talk.heard_n,
		sizeof(talk.heard) - 1 - talk.heard_n, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		return true;
	talk.heard_n += n > 0 ? (size_t)n : 0;
	talk.heard[talk.heard_n] = '\0';
	return strstr(talk.heard, talk.end) != NULL || strstr(talk.heard, "</html>") != NULL ||
	       strstr(talk.heard, "\"node_errors\": {}}") != NULL;
}

static void say_all(const char *question)
{
	size_t n = strlen(question);
	for (size_t at = 0; at < n;) {
		ssize_t sent = send(
			talk.client, question + at, min_size(n - at, 3000), MSG_NOSIGNAL);
		if (sent < 0)
			return;
		at += (size_t)sent;
		turn_once();
		hear_worker();
	}
}

static void hold_talk(const char *question, const char *answer, const char *end)
{
	memset(&talk, 0, sizeof(talk));
	talk.answer = answer;
	talk.end = end;
	talk.worker = -1;
	talk.client = client_connect(proxy_help_port());
	say_all(question);
	TURN_UNTIL(talk_is_over());
	(void)close(talk.client);
	if (talk.worker >= 0)
		(void)close(talk.worker);
	TURN_UNTIL(proxy_stats.connections == 0 && proxy_stats.upstreams == 0);
}

/* An end of the connection, our own words for it, or the answer; never half of it as if it were
 * all. */
static void check_heard(const char *end)
{
	if (talk.heard_n == 0 || strstr(talk.heard, end) != NULL)
		return;
	if (strstr(talk.heard, "HTTP/1.1 50") == talk.heard)
		return;
	assert_null(strstr(talk.heard, "\r\n0\r\n\r\n"));
}

static void check_exchange(const char *question, const char *answer, const char *end)
{
	long nth = 0;
	for (;; nth++) {
		uint64_t lost = proxy_stats.out_of_memory;
		fail_at(nth);
		hold_talk(question, answer, end);
		left = -1;
		check_heard(end);
		assert_int_equal(proxy_stats.exchanges, 0);
		assert_int_equal(proxy_stats.tunnels, 0);
		assert_true(proxy_stats.out_of_memory <= lost + 1);
		if (!has_failed)
			break;
	}
	assert_non_null(strstr(talk.heard, end));
	assert_true(nth > 0);
}

static int setup(void **state)
{
	(void)state;
	proxy_help_start(TEXT);
	return 0;
}

static int setup_proxied(void **state)
{
	(void)state;
	proxy_help_start("proxy_protocol = [\"127.0.0.1\"];\n" TEXT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	left = -1;
	proxy_help_end();
	return 0;
}

static void a_question_and_its_answer(void **state)
{
	(void)state;
	check_exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", OK, "\r\n\r\nok");
}

static void a_question_behind_the_proxy_protocol(void **state)
{
	(void)state;
	check_exchange("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		OK, "\r\n\r\nok");
}

static void an_answer_in_chunks(void **state)
{
	(void)state;
	check_exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"ok\r\n0\r\n\r\n");
}

static void a_body_that_is_held(void **state)
{
	(void)state;
	check_exchange(
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", OK, "\r\n\r\nok");
	check_exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "5\r\nhello\r\n0\r\n\r\n",
		OK, "\r\n\r\nok");
}

static void a_body_that_streams(void **state)
{
	(void)state;
	static char question[20000];
	size_t n = (size_t)snprintf(question, sizeof(question),
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18000\r\n\r\n");
	memset(question + n, 'x', 18000);
	check_exchange(question, OK, "\r\n\r\nok");
	n = (size_t)snprintf(question, sizeof(question),
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 10; i++) {
		n += (size_t)snprintf(question + n, sizeof(question) - n, "3e8\r\n");
		memset(question + n, 'x', 1000);
		n += 1000;
		n += (size_t)snprintf(question + n, sizeof(question) - n, "\r\n");
	}
	(void)snprintf(question + n, sizeof(question) - n, "0\r\n\r\n");
	check_exchange(question, OK, "\r\n\r\nok");
}

static void a_tunnel(void **state)
{
	(void)state;
	check_exchange(
		"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nframe",
		"frame");
}

static void an_answer_of_our_own(void **state)
{
	(void)state;
	check_exchange("nonsense\r\n\r\n", OK, "HTTP/1.1 400 ");
}

static void a_long_head_in_pieces(void **state)
{
	(void)state;
	static char question[20000];
	size_t n = (size_t)snprintf(question, sizeof(question), "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	memset(question + n, 'x', 15000);
	(void)snprintf(question + n + 15000, sizeof(question) - n - 15000, "\r\n\r\n");
	check_exchange(question, OK, "\r\n\r\nok");
}

/* -- a handler -- */

static unsigned let_go; /* exchanges that the handler ended itself */

static void answer_or_refuse(struct exchange *x)
{
	struct blob *blob = blob_copy("from a blob", 11);
	let_go++;
	if (blob == NULL)
		handler_refuse(x, 503, "no memory");
	else
		handler_answer(x, 200, "text/plain", "X-A: b\r\n", blob);
	blob_unref(blob);
}

static void forward(struct exchange *x)
{
	let_go++;
	handler_forward(x, handler_backend("a"), SLICE("/other"), true);
}

static void take_and_speak(struct exchange *x)
{
	static char word[] = "frame";
	struct buf early, unsent;
	let_go++;
	struct sock *sock = handler_take_socket(x, &early, &unsent);
	if (sock == NULL)
		return;
	(void)sock_write(sock, &(struct iovec){.iov_base = word, .iov_len = 5}, 1);
	buf_release(&early);
	buf_release(&unsent);
	handler_close_socket(x, CLOSE_DONE, 5, 0);
}

/* Of each exchange that the handler heard of, it heard or made the end, once. */
static void check_handled(const char *question, enum handler_wish wish,
	void (*on_request)(struct exchange *x), const char *end)
{
	script_reset(wish);
	script.on_request = on_request;
	script.most = 1 << 20;
	let_go = 0;
	proxy_set_handler(&script_handler);
	check_exchange(question, OK, end);
	proxy_set_handler(NULL);
	assert_int_equal(script.heads, script.gones + let_go);
	assert_true(let_go != 0);
}

static void an_answer_of_a_handler(void **state)
{
	(void)state;
	check_handled(
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n", HANDLER_HOLD, answer_or_refuse, "a blob");
	check_handled("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "5\r\nhello\r\n0\r\n\r\n",
		HANDLER_HOLD, answer_or_refuse, "a blob");
	check_handled("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: "
		      "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET",
		HANDLER_PIECES, answer_or_refuse, "a blob");
}

static void what_a_handler_sends_on(void **state)
{
	(void)state;
	check_handled("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", HANDLER_HOLD,
		forward, "\r\n\r\nok");
}

static void a_socket_that_a_handler_takes(void **state)
{
	(void)state;
	check_handled("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: "
		      "13\r\n\r\nearly",
		HANDLER_HOLD, take_and_speak, "frame");
}

#define TALK(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_generation_is_made_whole_or_not_at_all),
		cmocka_unit_test(listeners_are_opened_all_or_none),
		TALK(a_question_and_its_answer),
		cmocka_unit_test_setup_teardown(
			a_question_behind_the_proxy_protocol, setup_proxied, teardown),
		TALK(an_answer_in_chunks),
		TALK(a_body_that_is_held),
		TALK(a_body_that_streams),
		TALK(a_tunnel),
		TALK(an_answer_of_our_own),
		TALK(a_long_head_in_pieces),
		TALK(an_answer_of_a_handler),
		TALK(what_a_handler_sends_on),
		TALK(a_socket_that_a_handler_takes),
	};
	return cmocka_run_group_tests_name(
		"proxy without memory", tests, folder_setup, folder_teardown);
}
