/*
 * proxy/web_rewrite.c - the rewrite phase: set, if, return, rewrite, break, one after the other.
 */
#include "proxy/web.h"

#include "proxy/value.h"
#include "proxy/web_log.h"
#include "proxy/web_uri.h"

#include <sys/stat.h>
#include <unistd.h>

static void match_failed(
	struct exchange *x, const struct regex *regex, struct slice subject, int rc)
{
	x->web->has_match_failed = true;
	web_log(x, LOG_ALERT, -rc, NULL, "pcre2_match() failed on \"%.*s\" using \"%s\"",
		(int)min_size(subject.n, 256), subject.p, regex_pattern(regex));
}

bool web_match(struct exchange *x, const struct regex *regex, struct slice subject)
{
	struct regex_captures at;
	struct web_captures *captures = &x->web->captures;
	if (subject.p == NULL)
		subject = SLICE("");
	int rc = regex_match(regex, subject, &at);
	if (rc < 0)
		match_failed(x, regex, subject, rc);
	if (rc != 1)
		return false;
	/* What they point into has to stay. */
	if (at.count > 1) {
		subject.p = arena_copy(&x->arena, subject.p, subject.n);
		if (subject.p == NULL) {
			x->web->has_match_failed = true;
			return false;
		}
	}
	captures->count = at.count < WEB_CAPTURES ? at.count : WEB_CAPTURES;
	for (uint32_t i = 0; i < captures->count; i++)
		captures->part[i] = regex_capture(&at, i, subject);
	if (!web_set_groups(x, regex, &at, subject))
		x->web->has_match_failed = true;
	return true;
}

bool web_match_failed(struct exchange *x, enum step *ret_step)
{
	if (!x->web->has_match_failed)
		return false;
	x->web->has_match_failed = false;
	*ret_step = web_answer(x, 500, true);
	return true;
}

static bool is_file(const struct conf_condition *condition, struct slice path)
{
	struct stat about;
	char text[4096];
	if (path.n >= sizeof(text))
		return false;
	memcpy(text, path.p, path.n);
	text[path.n] = '\0';
	if (stat(text, &about) != 0)
		return false;
	switch (condition->test) {
	case CONF_TEST_FILE:
		return S_ISREG(about.st_mode);
	case CONF_TEST_DIRECTORY:
		return S_ISDIR(about.st_mode);
	case CONF_TEST_EXECUTABLE:
		return (about.st_mode & S_IXUSR) != 0;
	default:
		return true;
	}
}

/* False: no memory. */
static bool test(struct exchange *x, const struct conf_condition *condition, bool *ret)
{
	struct slice left, right;
	if (!web_value(x, &condition->left, &left))
		return false;
	switch (condition->test) {
	case CONF_TEST_TRUE:
		*ret = left.n != 0 && !slice_is(left, SLICE("0"));
		break;
	case CONF_TEST_EQUAL:
		if (!web_value(x, &condition->right, &right))
			return false;
		*ret = slice_is(left, right);
		break;
	case CONF_TEST_REGEX:
		*ret = web_match(x, condition->regex, left);
		break;
	case CONF_TEST_FILE:
	case CONF_TEST_DIRECTORY:
	case CONF_TEST_EXISTS:
	case CONF_TEST_EXECUTABLE:
		*ret = is_file(condition, left);
		break;
	}
	*ret = *ret != condition->is_negated;
	return true;
}

/* -- rewrite -- */

#define NO_MARK SIZE_MAX

static bool was_escaped(const struct exchange *x)
{
	struct slice raw = x->web->raw_uri;
	for (size_t i = 0; i < raw.n && raw.p[i] != '?'; i++)
		if (raw.p[i] == '%' || raw.p[i] == '+')
			return true;
	return false;
}

/* A text whose captures come from the decoded URI: in arguments, or everywhere, they are escaped
 * again, if the client's URI had something escaped or a plus. *ret_mark: where the file has its
 * '?'; one that a variable brings along is part of the path. */
static bool with_captures(struct exchange *x, const struct conf_value *value, bool is_everywhere,
	struct slice *ret, size_t *ret_mark)
{
	bool escapes = was_escaped(x);
	struct slice *pieces = arena_take(&x->arena, (value->count + 1) * sizeof(*pieces));
	size_t n = 0;
	*ret_mark = NO_MARK;
	if (pieces == NULL)
		return false;
	for (uint32_t i = 0; i < value->count; i++) {
		const struct conf_part *part = &value->parts[i];
		const struct conf_value one = {part, 1};
		if (!web_value(x, &one, &pieces[i]))
			return false;
		const char *mark = part->kind == CONF_PART_TEXT && pieces[i].n != 0
					   ? memchr(pieces[i].p, '?', pieces[i].n)
					   : NULL;
		if (mark != NULL && *ret_mark == NO_MARK)
			*ret_mark = n + (size_t)(mark - pieces[i].p);
		if (part->kind == CONF_PART_CAPTURE && escapes &&
			(*ret_mark != NO_MARK || is_everywhere) &&
			!web_escape_args(&x->arena, pieces[i], &pieces[i]))
			return false;
		n += pieces[i].n;
	}
	return web_join(&x->arena, pieces, value->count, ret);
}

/* The arguments behind a new URI: its own, then the old ones unless they are dropped. */
static bool join_args(struct exchange *x, const struct conf_op *op, struct slice own, bool has_own,
	struct slice *ret)
{
	struct slice old = x->web->args;
	*ret = own;
	if (op->drops_args || old.n == 0)
		return true;
	if (!has_own) {
		*ret = old;
		return true;
	}
	const struct slice pieces[] = {own, own.n == 0 ? SLICE("") : SLICE("&"), old};
	return web_join(&x->arena, pieces, COUNT_OF(pieces), ret);
}

static enum web_rewritten redirect(struct exchange *x, const struct conf_op *op, struct slice to,
	bool has_args, enum step *ret_step)
{
	if (!web_unescape_redirect(&x->arena, to, &to)) {
		*ret_step = exchange_out_of_memory(x);
		return WEB_ANSWERED;
	}
	struct slice whole = to, old = x->web->args;
	if (!op->drops_args && old.n != 0) {
		const struct slice pieces[] = {to, has_args ? SLICE("&") : SLICE("?"), old};
		if (!web_join(&x->arena, pieces, COUNT_OF(pieces), &whole)) {
			*ret_step = exchange_out_of_memory(x);
			return WEB_ANSWERED;
		}
	}
	*ret_step = web_answer_redirect(x, op->status, whole);
	return WEB_ANSWERED;
}

static enum web_rewritten rewrite(
	struct exchange *x, const struct conf_op *op, bool *ret_changed, enum step *ret_step)
{
	struct web *web = x->web;
	struct slice to;
	size_t mark;
	if (!web_match(x, op->regex, web->uri))
		return WEB_GO_ON;
	if (!with_captures(x, &op->value, op->status != 0, &to, &mark))
		goto no_memory;
	web->escapes_captures = false;
	if (op->status != 0)
		return redirect(x, op, to, mark != NO_MARK, ret_step);
	struct slice own = WEB_SLICE_NONE;
	if (mark != NO_MARK) {
		own = (struct slice){to.p + mark + 1, to.n - mark - 1};
		to.n = mark;
	}
	if (!join_args(x, op, own, mark != NO_MARK, &web->args))
		goto no_memory;
	if (to.n == 0) {
		*ret_step = web_answer(x, 500, true);
		return WEB_ANSWERED;
	}
	web->uri = to;
	web->is_internal = true;
	web->is_raw_valid = false;
	*ret_changed = op->last != CONF_REWRITE_BREAK;
	if (op->last == CONF_REWRITE_BREAK)
		web->is_location_valid = false;
	return op->last == CONF_REWRITE_GO_ON ? WEB_GO_ON : WEB_STOPPED;
no_memory:
	*ret_step = exchange_out_of_memory(x);
	return WEB_ANSWERED;
}

/* -- return -- */

static enum web_rewritten answer(struct exchange *x, const struct conf_op *op, enum step *ret_step)
{
	struct slice text;
	x->web->out.status = op->status; /* $status in the text */
	if (!web_value_kept(x, &op->value, &text)) {
		*ret_step = exchange_out_of_memory(x);
		return WEB_ANSWERED;
	}
	switch (op->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		*ret_step = web_answer_redirect(x, op->status, text);
		break;
	default:
		*ret_step = op->has_text || (op->status >= 200 && op->status < 400)
				    ? web_answer_text(x, op->status, text)
				    : web_answer(x, op->status, false);
		break;
	}
	return WEB_ANSWERED;
}

/* nginx goes on to proxy after an `if` said so, but forgets where to when a later one does not. */
static void enter_inside(struct exchange *x, const struct conf_location *inside)
{
	struct web *web = x->web;
	bool was_proxied = web->has_lost_proxy || web->loc->content == CONF_CONTENT_PROXY;
	web_set_location(x, inside);
	web->has_lost_proxy = was_proxied && inside->loc->content == CONF_CONTENT_STATIC;
}

/* -- set -- */

/* What nginx escapes here it does not after a `rewrite` has changed the URI. */
static bool value_to_set(struct exchange *x, const struct conf_value *value, struct slice *ret)
{
	size_t mark;
	if (!x->web->escapes_captures || !was_escaped(x))
		return web_value_kept(x, value, ret);
	return with_captures(x, value, true, ret, &mark);
}

enum web_rewritten web_rewrite(
	struct exchange *x, const struct conf_ops *ops, bool *ret_changed, enum step *ret_step)
{
	for (uint32_t i = 0; i < ops->count; i++) {
		const struct conf_op *op = &ops->items[i];
		if (web_match_failed(x, ret_step))
			return WEB_ANSWERED;
		enum web_rewritten result = WEB_GO_ON;
		struct slice value;
		bool is_true = false;
		switch (op->kind) {
		case CONF_OP_SET:
			if (!value_to_set(x, &op->value, &value) ||
				!web_set(x, &op->variable, value))
				goto no_memory;
			break;
		case CONF_OP_IF:
			if (!test(x, &op->condition, &is_true))
				goto no_memory;
			if (!is_true)
				break;
			if (op->inside != NULL)
				enter_inside(x, op->inside);
			result = web_rewrite(x, &op->ops, ret_changed, ret_step);
			break;
		case CONF_OP_RETURN:
			result = answer(x, op, ret_step);
			break;
		case CONF_OP_REWRITE:
			result = rewrite(x, op, ret_changed, ret_step);
			break;
		case CONF_OP_BREAK:
			result = WEB_STOPPED;
			break;
		}
		if (result != WEB_GO_ON)
			return result;
	}
	return WEB_GO_ON;
no_memory:
	*ret_step = exchange_out_of_memory(x);
	return WEB_ANSWERED;
}
