/*
 * proxy/web_error.c - answers of our own: pages, redirects, texts, and what error_page puts in
 * their place.
 */
#include "proxy/web.h"

#include "proxy/stats.h"
#include "proxy/value.h"
#include "proxy/web_uri.h"

#include <stdio.h>

/* What stands in a page; some differ from the status line's words. */
static const char *title_of(int status)
{
	switch (status) {
	case 302:
		return "302 Found";
	case 401:
		return "401 Authorization Required";
	case 494:
		return "400 Request Header Or Cookie Too Large";
	case 495:
		return "400 The SSL certificate error";
	case 496:
		return "400 No required SSL certificate was sent";
	case 497:
		return "400 The plain HTTP request was sent to HTTPS port";
	default:
		return NULL;
	}
}

/* Those say more below the headline. */
static const char *more_of(int status)
{
	switch (status) {
	case 494:
		return "<center>Request Header Or Cookie Too Large</center>\r\n";
	case 495:
		return "<center>The SSL certificate error</center>\r\n";
	case 496:
		return "<center>No required SSL certificate was sent</center>\r\n";
	case 497:
		return "<center>The plain HTTP request was sent to HTTPS port</center>\r\n";
	default:
		return "";
	}
}

static size_t page(const struct exchange *x, int status, char *out, size_t room)
{
	char title[64];
	const char *special = title_of(status);
	const char *tokens = x->web->loc->server_tokens != CONF_OFF ? "comfymux/" COMFYMUX_VERSION
								    : "comfymux";
	if (special == NULL && web_reason(status)[0] == '\0')
		return 0;
	(void)snprintf(title, sizeof(title), "%d %s", status, web_reason(status));
	bool is_400 = status >= 494 && status <= 497;
	int n = snprintf(out, room,
		"<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></"
		"center>\r\n"
		"%s<hr><center>%s</center>\r\n</body>\r\n</html>\r\n",
		special != NULL ? special : title,
		is_400            ? "400 Bad Request"
		: special != NULL ? special
				  : title,
		more_of(status), tokens);
	return n > 0 ? min_size((size_t)n, room - 1) : 0;
}

static enum step send_page(struct exchange *x, int status, struct slice location)
{
	char text[1024];
	size_t n = page(x, status, text, sizeof(text));
	int shown = status >= 494 && status <= 497 ? 400 : status;
	web_out_begin(x, shown);
	/* The code of an error page that failed itself is its own. */
	x->web->error_status = 0;
	if (location.n != 0)
		x->web->kept_location = WEB_SLICE_NONE;
	/* One that is made absolute has a place of its own in the head. */
	if (location.n != 0 && location.p[0] == '/' && x->web->loc->absolute_redirect)
		x->web->out.location = location;
	else if (location.n != 0 && !web_out_add(x, SLICE("Location"), location))
		return exchange_out_of_memory(x);
	x->web->out.length = (int64_t)n;
	if (n != 0)
		x->web->out.type = SLICE("text/html");
	return web_send(x, (struct slice){text, n});
}

static enum step to_page(struct exchange *x, const struct conf_error_page *error_page, int status)
{
	struct web *web = x->web;
	struct slice to, uri, args;
	web->error_status = (uint16_t)(error_page->answer >= 0 ? error_page->answer : status);
	if (web->error_status >= 494 && web->error_status <= 497)
		web->error_status = 400;
	if (!web_value_kept(x, &error_page->page, &to))
		return exchange_out_of_memory(x);
	if (to.n != 0 && to.p[0] == '@')
		return web_redirect_named(x, to);
	if (to.n != 0 && to.p[0] == '/') {
		if (!web_split_uri(x, to, &uri, &args))
			return exchange_out_of_memory(x);
		if (!slice_is(web->method, SLICE("HEAD")))
			web->method = SLICE("GET");
		return web_redirect(x, uri.p == NULL ? to : uri, args);
	}
	switch (web->error_status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		break;
	default:
		web->error_status = 302;
		break;
	}
	return send_page(x, web->error_status, to);
}

/* nginx ends the connection behind these. */
static bool closes_always(int status)
{
	switch (status) {
	case 400:
	case 413:
	case 414:
	case 494:
	case 495:
	case 496:
	case 497:
	case 500:
	case 501:
		return true;
	default:
		return false;
	}
}

const struct conf_error_page *web_find_error_page(const struct exchange *x, int status)
{
	const struct conf_loc *loc = x->web->loc;
	for (uint32_t i = 0; i < loc->error_page.count; i++) {
		const struct conf_error_page *error_page = &loc->error_page.items[i];
		for (uint32_t k = 0; k < error_page->code_count; k++)
			if (error_page->codes[k] == status)
				return error_page;
	}
	return NULL;
}

bool web_error_page(struct exchange *x, int status, enum step *ret_step)
{
	struct web *web = x->web;
	if (web == NULL || web->is_error_page || web->redirects > WEB_REDIRECTS_MOST)
		return false;
	const struct conf_error_page *error_page = web_find_error_page(x, status);
	if (error_page == NULL)
		return false;
	web->is_error_page = !web->loc->recursive_error_pages;
	if (closes_always(status))
		x->keeps_client = false;
	*ret_step = to_page(x, error_page, status);
	return true;
}

enum step web_answer(struct exchange *x, int status, bool closes)
{
	enum step step;
	if (!web_make_early(x))
		return exchange_out_of_memory(x);
	if (x->reason == CLOSE_DONE)
		x->reason = CLOSE_REFUSED;
	if (status == 444)
		return exchange_cut(x, CLOSE_REFUSED);
	if (status == 431)
		status = 494;
	if (closes || closes_always(status))
		x->keeps_client = false;
	if ((x->has_head || web_may_show_page(x)) && web_error_page(x, status, &step))
		return step;
	return send_page(x, status, WEB_SLICE_NONE);
}

enum step web_answer_redirect(struct exchange *x, int status, struct slice location)
{
	enum step step;
	x->reason = CLOSE_DONE;
	/* A page in its place says where to, all the same. */
	x->web->kept_location = location;
	if (web_error_page(x, status, &step))
		return step;
	return send_page(x, status, location);
}

enum step web_answer_typed(struct exchange *x, int status, struct slice type, struct slice text)
{
	enum step step;
	x->reason = CLOSE_DONE;
	if (status == 444)
		return exchange_cut(x, CLOSE_REFUSED);
	if (!web_drop_body(x, &step))
		return step;
	web_out_begin(x, status);
	x->web->out.type = type;
	x->web->out.length = (int64_t)text.n;
	return web_send(x, text);
}

enum step web_answer_streamed(
	struct exchange *x, int status, struct slice type, struct slice charset, struct slice text)
{
	enum step step;
	x->reason = CLOSE_DONE;
	if (!web_drop_body(x, &step))
		return step;
	web_out_begin(x, status);
	x->web->out.type = type;
	x->web->out.charset = charset;
	x->web->out.length = -1;
	return web_send(x, text);
}

enum step web_answer_text(struct exchange *x, int status, struct slice text)
{
	return web_answer_typed(x, status, web_type_of(x, x->web->uri), text);
}
