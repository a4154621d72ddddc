#include "admin/http.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "http/head.h"
#include "http/status.h"

#include <errno.h>
#include <event2/listener.h>
#include <evhtp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENTS_MOST 64
#define HEAD_MS 5000  /* from accept to a whole head */
#define SEND_MS 60000 /* from there to the last octet of the answer */
#define PAUSE_MS 100  /* when accept says that descriptors are out */
#define PATH_MOST 128 /* no page has a longer one */
/* Pages of big fleets have megabytes: while so many octets wait for their readers, no further page
 * is made. */
#define WAITING_MOST (16u << 20)

static const struct http_limits limits = {.head_bytes = 8192, .target_bytes = 2048, .fields = 64};

struct admin_http {
	evhtp_t *htp; /* owned */
	void (*answer)(struct page *page, struct slice path);
	struct list clients; /* oldest first */
	unsigned client_count;
	struct list ready; /* those with a whole head: one is served in each turn */
	struct next_turn turn;
	size_t waiting_bytes; /* in pages being sent */
	struct deadline pause;
};

struct client {
	struct list node, ready;
	struct admin_http *http;  /* borrowed: ends every client before itself */
	evhtp_connection_t *conn; /* borrowed: frees us by its fini hook */
	struct deadline deadline;
	/* libevhtp's own callbacks, put aside until there is a request for them. */
	bufferevent_data_cb on_data;
	bufferevent_data_cb on_sent;
	bufferevent_event_cb on_event;
	struct http_head head;
	bool has_head, is_head; /* a head has come; the method is HEAD */
	size_t page_bytes;
	int refused; /* a status, when the head was valid and is all the same not answered */
	char path[PATH_MOST];
};

/* Sets the page to {"error": ...} in the shape that all our errors have. */
static void fill_error(struct page *page, int status, const char *why)
{
	page->status = status;
	page->type = "application/json";
	page->body.n = 0;
	text_puts(&page->body, "{\"error\":{\"type\":");
	text_json(&page->body, http_status_reason(status));
	text_puts(&page->body, ",\"message\":");
	text_json(&page->body, why);
	text_puts(&page->body, ",\"details\":\"\",\"extra_info\":{}},\"node_errors\":{}}\n");
}

/* -- before libevhtp's turn -- */

static void on_refusal_sent(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;
	(void)bev;
	(void)clock_tick();
	evhtp_connection_free(client->conn); /* and with it the client */
}

static void on_guarded_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *client = arg;
	(void)clock_tick();
	client->on_event(bev, what, client->conn);
}

/* An answer to what is no request; libevhtp never hears of it. */
static void refuse(struct client *client, int status, const char *why)
{
	struct bufferevent *bev = client->conn->bev;
	struct page page = {0};
	fill_error(&page, status, why);
	client->has_head = true;
	deadline_set(&client->deadline, HEAD_MS);
	(void)bufferevent_disable(bev, EV_READ);
	bufferevent_setcb(bev, NULL, on_refusal_sent, on_guarded_event, client);
	bool is_sent =
		!page.body.is_short &&
		evbuffer_add_printf(bufferevent_get_output(bev),
			"HTTP/1.1 %d %s\r\nServer: comfymux\r\nDate: %s\r\n"
			"Content-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
			status, http_status_reason(status), clock_http_date(), page.type,
			page.body.n) > 0 &&
		bufferevent_write(bev, page.body.p, page.body.n) == 0;
	text_finish(&page.body);
	if (!is_sent)
		evhtp_connection_free(client->conn);
}

/* Gives libevhtp a request of our own making. May free the client. */
static void hand_over(struct client *client)
{
	struct bufferevent *bev = client->conn->bev;
	struct evbuffer *input = bufferevent_get_input(bev);
	char request[64];
	int n = snprintf(request, sizeof(request), "%s / HTTP/1.%u\r\nConnection: close\r\n\r\n",
		client->is_head ? "HEAD" : "GET", client->head.minor_version);

	bufferevent_setcb(bev, client->on_data, client->on_sent, client->on_event, client->conn);
	if (evbuffer_drain(input, evbuffer_get_length(input)) != 0 ||
		evbuffer_prepend(input, request, (size_t)n) != 0) {
		evhtp_connection_free(client->conn);
		return;
	}
	client->on_data(bev, client->conn);
}

static void on_turn(struct next_turn *turn)
{
	struct admin_http *http = CONTAINER_OF(turn, struct admin_http, turn);
	if (list_is_empty(&http->ready) || http->waiting_bytes > WAITING_MOST)
		return;
	struct client *client = list_first(&http->ready, struct client, ready);
	list_remove(&client->ready);
	if (!list_is_empty(&http->ready))
		next_turn_add(&http->turn);
	hand_over(client);
}

static void take_head(struct client *client, const char *p)
{
	const struct http_head *head = &client->head;
	struct slice method = http_span_in(p, head->method);
	struct slice path = http_span_in(p, head->path);

	client->has_head = true;
	client->is_head = slice_is(method, SLICE("HEAD"));
	if (!client->is_head && !slice_is(method, SLICE("GET")))
		client->refused = 405;
	else if (head->is_chunked || (head->has_length && head->content_length != 0))
		client->refused = 413;
	if (path.n == 0)
		path = SLICE("/");
	if (path.n < sizeof(client->path))
		memcpy(client->path, path.p, path.n);
	else if (client->refused == 0)
		client->refused = 404;
	deadline_set(&client->deadline, SEND_MS);
	/* What comes behind the head would be parsed beside the answer. */
	(void)bufferevent_disable(client->conn->bev, EV_READ);
	list_push_back(&client->http->ready, &client->ready);
	next_turn_add(&client->http->turn);
}

static void on_octets(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;
	struct evbuffer *input = bufferevent_get_input(bev);
	size_t n = evbuffer_get_length(input);
	const char *p = (const char *)evbuffer_pullup(input, -1);
	(void)clock_tick();
	if (n == 0)
		return;
	if (p == NULL) {
		evhtp_connection_free(client->conn);
		return;
	}
	switch (http_head_feed(&client->head, p, n, &limits)) {
	case HTTP_MORE:
		break;
	case HTTP_BAD:
		refuse(client, client->head.status, client->head.why);
		break;
	case HTTP_DONE:
		take_head(client, p);
		break;
	}
}

static void on_due(struct deadline *deadline)
{
	struct client *client = CONTAINER_OF(deadline, struct client, deadline);
	if (client->has_head)
		evhtp_connection_free(client->conn);
	else
		refuse(client, 408, "no whole request came in time");
}

/* -- libevhtp's callbacks -- */

static evhtp_res on_gone(evhtp_connection_t *conn, void *arg)
{
	struct client *client = arg;
	struct admin_http *http = client->http;
	(void)conn;
	list_remove(&client->node);
	list_remove(&client->ready);
	http->client_count--;
	http->waiting_bytes -= client->page_bytes;
	if (!list_is_empty(&http->ready))
		next_turn_add(&http->turn);
	deadline_clear(&client->deadline);
	free(client);
	return EVHTP_RES_OK;
}

static evhtp_res on_accept(evhtp_connection_t *conn, void *arg)
{
	struct admin_http *http = arg;
	void *same;
	(void)clock_tick();
	struct client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return EVHTP_RES_ERROR;
	/* libevhtp forgets it, and the next program would inherit the connection. */
	(void)fcntl(conn->sock, F_SETFD, FD_CLOEXEC);
	client->http = http;
	client->conn = conn;
	list_init(&client->node);
	list_init(&client->ready);
	deadline_init(&client->deadline, on_due);
	http_head_init(&client->head, HTTP_REQUEST);
	if (evhtp_connection_set_hook(
		    conn, evhtp_hook_on_connection_fini, (evhtp_hook)on_gone, client) != 0) {
		free(client);
		return EVHTP_RES_ERROR;
	}
	list_push_back(&http->clients, &client->node);
	http->client_count++;
	bufferevent_getcb(conn->bev, &client->on_data, &client->on_sent, &client->on_event, &same);
	bufferevent_setcb(conn->bev, on_octets, NULL, on_guarded_event, client);
	deadline_set(&client->deadline, HEAD_MS);
	if (http->client_count > CLIENTS_MOST)
		evhtp_connection_free(list_first(&http->clients, struct client, node)->conn);
	return EVHTP_RES_OK;
}

static void free_page(const void *p, size_t n, void *arg)
{
	(void)n;
	(void)arg;
	free((void *)p);
}

static void make_page(struct client *client, struct page *page)
{
	switch (client->refused) {
	case 0:
		client->http->answer(page, slice_of(client->path));
		break;
	case 405:
		fill_error(page, 405, "this side is read-only: GET and HEAD");
		break;
	case 413:
		fill_error(page, 413, "no request here has a body");
		break;
	default:
		fill_error(page, client->refused, "there is no such page");
	}
	if (page->status == 404 && page->body.n == 0)
		fill_error(page, 404, "there is no such page");
	if (page->body.is_short) {
		text_finish(&page->body);
		fill_error(page, 503, "out of memory");
	}
}

static void add_header(evhtp_request_t *request, const char *name, const char *value)
{
	evhtp_headers_add_header(request->headers_out, evhtp_header_new(name, value, 1, 1));
}

static void on_request(evhtp_request_t *request, void *arg)
{
	struct client *client = evhtp_connection_get_hooks(request->conn)->on_connection_fini_arg;
	struct page page = {.status = 200, .type = "application/json"};
	char length[24];
	(void)arg;

	make_page(client, &page);
	(void)snprintf(length, sizeof(length), "%zu", page.body.n);
	add_header(request, "Server", "comfymux");
	add_header(request, "Date", clock_http_date());
	add_header(request, "Content-Type", page.type);
	add_header(request, "Content-Length", length);
	add_header(request, "Cache-Control", "no-store");
	if (page.status == 405)
		add_header(request, "Allow", "GET, HEAD");
	client->page_bytes = page.body.n;
	client->http->waiting_bytes += page.body.n;
	/* libevhtp would send a body after HEAD, too. */
	if (client->is_head || page.body.n == 0 ||
		evbuffer_add_reference(
			request->buffer_out, page.body.p, page.body.n, free_page, NULL) != 0)
		text_finish(&page.body);
	evhtp_send_reply(request, (evhtp_res)page.status);
}

/* -- the listener -- */

static void on_pause_over(struct deadline *deadline)
{
	struct admin_http *http = CONTAINER_OF(deadline, struct admin_http, pause);
	(void)evconnlistener_enable(http->htp->server);
}

/* Descriptors are out: the listener would wake us again and again for the same one. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	evhtp_t *htp = arg; /* libevent gives both callbacks the one argument */
	struct admin_http *http = htp->arg;
	int error = errno;
	(void)clock_tick();
	log_warn("admin_accept_failed", "error=%s", LOG_QUOTE(strerrordesc_np(error)));
	(void)evconnlistener_disable(listener);
	deadline_set(&http->pause, PAUSE_MS);
}

int admin_http_start(
	struct admin_http **ret_http, int fd, void (*answer)(struct page *page, struct slice path))
{
	struct admin_http *http = calloc(1, sizeof(*http));
	if (http != NULL) {
		http->answer = answer;
		list_init(&http->clients);
		list_init(&http->ready);
		next_turn_init(&http->turn, on_turn);
		deadline_init(&http->pause, on_pause_over);
		http->htp = evhtp_new(loop_base(), http);
	}
	if (http == NULL || http->htp == NULL || evhtp_accept_socket(http->htp, fd, 128) != 0) {
		(void)close(fd);
		admin_http_stop(http);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(http->htp->server, on_accept_error);
	evhtp_disable_flag(http->htp, EVHTP_FLAG_ENABLE_100_CONT);
	evhtp_set_max_body_size(http->htp, 1);
	evhtp_set_gencb(http->htp, on_request, NULL);
	evhtp_set_post_accept_cb(http->htp, on_accept, http);
	*ret_http = http;
	return 0;
}

void admin_http_stop(struct admin_http *http)
{
	if (http == NULL)
		return;
	while (!list_is_empty(&http->clients))
		evhtp_connection_free(list_first(&http->clients, struct client, node)->conn);
	next_turn_cancel(&http->turn);
	deadline_clear(&http->pause);
	if (http->htp != NULL) {
		evhtp_unbind_socket(http->htp);
		evhtp_free(http->htp);
	}
	free(http);
}
