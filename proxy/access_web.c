#include "proxy/access_web.h"

#include "base/text.h"
#include "proxy/access_files.h"
#include "proxy/generation.h"
#include "proxy/vars.h"

static struct text line; /* the one that is being made; its room is kept */

/* -- escapes -- */

static const char upper_hex[] = "0123456789ABCDEF";

/* By octet: what is written as it is. */
static const bool plain[256] = {[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};
static const bool plain_json[256] = {
	[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... 0xff] = true};

static void put_octet(unsigned char c)
{
	const char escaped[] = {'\\', 'x', upper_hex[c >> 4], upper_hex[c & 15]};
	text_put(&line, escaped, sizeof(escaped));
}

static void put_octet_json(unsigned char c)
{
	static const char names[] = "btn\0fr"; /* for \b to \r */
	if (c >= ' ' || (c >= '\b' && c <= '\r' && names[c - '\b'] != '\0')) {
		const char escaped[] = {'\\', (char)(c >= ' ' ? c : names[c - '\b'])};
		text_put(&line, escaped, sizeof(escaped));
		return;
	}
	const char escaped[] = {'\\', 'u', '0', '0', upper_hex[c >> 4], upper_hex[c & 15]};
	text_put(&line, escaped, sizeof(escaped));
}

/* What needs no escape goes in one piece. */
static void put_escaped(struct slice value, const bool *is_plain, void (*put_bad)(unsigned char c))
{
	size_t start = 0;
	for (size_t i = 0; i < value.n; i++) {
		if (is_plain[(unsigned char)value.p[i]])
			continue;
		text_put(&line, value.p + start, i - start);
		put_bad((unsigned char)value.p[i]);
		start = i + 1;
	}
	text_put(&line, value.p + start, value.n - start);
}

static void put_value(enum conf_log_escape escape, struct slice value)
{
	switch (escape) {
	case CONF_ESCAPE_DEFAULT:
		put_escaped(value, plain, put_octet);
		break;
	case CONF_ESCAPE_JSON:
		put_escaped(value, plain_json, put_octet_json);
		break;
	case CONF_ESCAPE_NONE:
		text_put(&line, value.p, value.n);
		break;
	}
}

/* -- what a tunnel keeps -- */

struct kept_part {
	struct slice value;
	bool is_found;
};

/* One access_log's. */
struct kept_line {
	bool is_wanted; /* what if= said */
	struct slice path;
	struct kept_part *parts; /* those that are not told at the end */
};

struct web_kept_log {
	const struct conf_loc_logs *logs;
	struct kept_line *lines; /* [logs->count] */
};

/* It changes until the tunnel ends, and needs no head. */
static bool is_told_at_end(const struct conf_part *part)
{
	if (part->kind != CONF_PART_VAR)
		return part->kind == CONF_PART_TEXT;
	switch ((enum conf_var)part->n) {
	case CONF_VAR_BODY_BYTES_SENT:
	case CONF_VAR_BYTES_SENT:
	case CONF_VAR_CONNECTION_TIME:
	case CONF_VAR_CONNECTIONS_ACTIVE:
	case CONF_VAR_CONNECTIONS_READING:
	case CONF_VAR_CONNECTIONS_WAITING:
	case CONF_VAR_CONNECTIONS_WRITING:
	case CONF_VAR_MSEC:
	case CONF_VAR_REQUEST_COMPLETION:
	case CONF_VAR_REQUEST_TIME:
	case CONF_VAR_TIME_ISO8601:
	case CONF_VAR_TIME_LOCAL:
	case CONF_VAR_UPSTREAM_BYTES_RECEIVED:
	case CONF_VAR_UPSTREAM_BYTES_SENT:
	case CONF_VAR_UPSTREAM_RESPONSE_LENGTH:
	case CONF_VAR_UPSTREAM_RESPONSE_TIME:
		return true;
	default:
		return false;
	}
}

/* `if=`: neither empty nor "0". */
static bool is_wanted(struct exchange *x, const struct conf_web_log *log)
{
	struct slice value;
	if (!log->has_condition)
		return true;
	return web_value(x, &log->condition, &value) && value.n != 0 &&
	       !slice_is(value, SLICE("0"));
}

static bool keep_line(struct exchange *x, const struct conf_web_log *log, struct kept_line *kept)
{
	const struct conf_value *value = &log->format->line;
	kept->is_wanted = is_wanted(x, log);
	if (!kept->is_wanted)
		return true;
	if (log->file == NULL && !web_value_kept(x, &log->path, &kept->path))
		return false;
	kept->parts = arena_zero(&x->arena, (value->count + 1) * sizeof(*kept->parts));
	if (kept->parts == NULL)
		return false;
	for (uint32_t i = 0; i < value->count; i++) {
		struct kept_part *part = &kept->parts[i];
		if (is_told_at_end(&value->parts[i]))
			continue;
		enum web_found found = web_part(x, &value->parts[i], &part->value);
		part->is_found = found == WEB_FOUND;
		if (found == WEB_NO_MEMORY)
			return false;
		part->value.p = arena_copy(&x->arena, part->value.p, part->value.n);
		if (part->value.p == NULL)
			return false;
	}
	return true;
}

bool access_web_keep(struct exchange *x)
{
	const struct conf_loc_logs *logs = x->web->loc->logs;
	struct web_more *more = web_more(x);
	if (logs == NULL || logs->is_off)
		return more != NULL;
	struct web_kept_log *kept = arena_zero(&x->arena, sizeof(*kept));
	if (more == NULL || kept == NULL)
		return false;
	kept->logs = logs;
	kept->lines = arena_zero(&x->arena, logs->count * sizeof(*kept->lines));
	if (kept->lines == NULL)
		return false;
	for (uint32_t i = 0; i < logs->count; i++)
		if (!keep_line(x, &logs->items[i], &kept->lines[i]))
			return false;
	more->kept_log = kept;
	return true;
}

/* -- the line -- */

static bool put_part(struct exchange *x, const struct conf_web_format *format, uint32_t i,
	const struct kept_line *kept)
{
	const struct conf_part *part = &format->line.parts[i];
	struct slice value;
	bool is_found;
	if (part->kind == CONF_PART_TEXT) {
		text_put(&line, part->text.p, part->text.n);
		return true;
	}
	if (kept != NULL && !is_told_at_end(part)) {
		value = kept->parts[i].value;
		is_found = kept->parts[i].is_found;
	} else {
		enum web_found found = web_part(x, part, &value);
		if (found == WEB_NO_MEMORY)
			return false;
		is_found = found == WEB_FOUND;
	}
	if (is_found)
		put_value(format->escape, value);
	else if (format->escape == CONF_ESCAPE_DEFAULT)
		text_puts(&line, "-");
	return true;
}

static void write_line(
	struct exchange *x, const struct conf_web_log *log, const struct kept_line *kept)
{
	struct slice path = {NULL, 0};
	if (kept != NULL ? !kept->is_wanted : !is_wanted(x, log))
		return;
	line.n = 0;
	line.is_short = false;
	for (uint32_t i = 0; i < log->format->line.count; i++)
		if (!put_part(x, log->format, i, kept))
			return;
	text_puts(&line, "\n");
	if (line.is_short)
		return;
	struct slice whole = {line.p, line.n};
	if (log->file != NULL) {
		access_files_put(x->generation->conf, log->file, whole);
		return;
	}
	if (kept != NULL)
		path = kept->path;
	else if (!web_value(x, &log->path, &path))
		return;
	char *copy = arena_copy(&x->arena, path.p, path.n);
	if (copy != NULL)
		access_files_put_path(copy, whole);
}

/* Ended before it was known what was asked: the default server's. False: there is nothing to tell,
 * or no memory. */
static bool has_web(struct exchange *x)
{
	if (x->web != NULL)
		return true;
	if (buf_waiting(&x->in) == 0)
		return false;
	x->web = arena_zero(&x->arena, sizeof(*x->web));
	if (x->web == NULL)
		return false;
	x->web->srv = x->client->listener->site->default_server->srv;
	x->web->loc = x->web->srv->root->loc;
	x->web->out.modified = x->web->out.length = -1;
	return true;
}

/* What nginx writes down for a request that got no answer. */
static uint16_t status_without_answer(const struct exchange *x, enum close_reason reason)
{
	switch (reason) {
	case CLOSE_REFUSED:
		return 444;
	case CLOSE_HEADER_TIMEOUT:
	case CLOSE_BODY_TIMEOUT:
		return 408;
	default:
		return x->has_head ? 499 : 400;
	}
}

static void write_lines(struct exchange *x)
{
	const struct web_more *more = x->web->log;
	const struct web_kept_log *kept = more != NULL ? more->kept_log : NULL;
	const struct conf_loc_logs *logs = kept != NULL ? kept->logs : x->web->loc->logs;
	if (logs == NULL || logs->is_off)
		return;
	for (uint32_t i = 0; i < logs->count; i++)
		write_line(x, &logs->items[i], kept != NULL ? &kept->lines[i] : NULL);
}

void access_web_write(struct exchange *x, enum close_reason reason)
{
	if (!has_web(x) || x->web->loc == NULL)
		return;
	if (x->status == 0)
		x->status = status_without_answer(x, reason);
	write_lines(x);
}

void access_web_write_aside(struct exchange *x, int status)
{
	uint16_t own = x->status;
	if (!x->web->loc->log_subrequest)
		return;
	x->status = (uint16_t)status;
	write_lines(x);
	x->status = own;
}

void access_web_finish(void)
{
	text_finish(&line);
	line = (struct text){0};
}
