/*
 * conf/nginx/set_rewrite.c - set, if, return, rewrite, break: operations in the order of the file.
 */
#include "conf/nginx/areas.h"
#include "conf/nginx/http.h"

/* Inside an `if` of a location they are the inner location's, as in nginx. */
static struct conf_ops *ops_of(struct ngx_build *b)
{
	if (b->scope->where == NGX_SERVER)
		return &b->scope->srv->ops;
	if (b->scope->where == NGX_SERVER_IF)
		return b->scope->own;
	return &b->scope->loc->ops;
}

static struct conf_op *add_op(struct ngx_build *b, enum conf_op_kind kind)
{
	struct conf_op *op = ngx_push(b, ops_of(b));
	if (op != NULL)
		op->kind = kind;
	return op;
}

static bool set_set(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct err err = {""};
	(void)d;
	if (node->args[0][0] != '$')
		return ngx_fail(b, node, "invalid variable name \"%s\"", node->args[0]);
	struct conf_op *op = add_op(b, CONF_OP_SET);
	if (op == NULL)
		return false;
	if (!conf_vars_define(
		    b->vars, node->args[0], CONF_USER_SET, NULL, b->arena, &op->variable, &err))
		return ngx_fail(b, node, "%s", err.text);
	return ngx_compile(b, node, node->args[1], &op->value);
}

static bool set_break(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)node;
	(void)d;
	return add_op(b, CONF_OP_BREAK) != NULL;
}

static bool is_url(const char *text)
{
	return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0 ||
	       text[0] == '$';
}

static bool set_return(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t code;
	const char *text = node->args[0];
	(void)d;
	struct conf_op *op = add_op(b, CONF_OP_RETURN);
	if (op == NULL)
		return false;
	if (!ngx_parse_number(text, INT32_MAX, &code)) {
		if (node->arg_count == 2 || !is_url(text))
			return ngx_fail(b, node, "invalid return code \"%s\"", text);
		op->status = 302;
	} else {
		if (code > 999)
			return ngx_fail(b, node, "invalid return code \"%s\"", text);
		op->status = (uint16_t)code;
		if (node->arg_count == 1)
			return true;
		text = node->args[1];
	}
	op->has_text = true;
	return ngx_compile(b, node, text, &op->value);
}

static bool set_rewrite(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const char *to = node->args[1];
	(void)d;
	struct conf_op *op = add_op(b, CONF_OP_REWRITE);
	if (op == NULL)
		return false;
	op->regex = ngx_regex(b, node, node->args[0], false);
	if (op->regex == NULL)
		return false;
	if (to[0] == '\0')
		return ngx_fail(b, node, "empty replacement");
	if (strncmp(to, "http://", 7) == 0 || strncmp(to, "https://", 8) == 0 ||
		strncmp(to, "$scheme", 7) == 0)
		op->status = 302;
	if (op->status != 0)
		op->last = CONF_REWRITE_LAST;
	if (node->arg_count == 3) {
		const char *flag = node->args[2];
		if (strcmp(flag, "last") == 0)
			op->last = CONF_REWRITE_LAST;
		else if (strcmp(flag, "break") == 0)
			op->last = CONF_REWRITE_BREAK;
		else if (strcmp(flag, "redirect") == 0)
			op->last = CONF_REWRITE_LAST, op->status = 302;
		else if (strcmp(flag, "permanent") == 0)
			op->last = CONF_REWRITE_LAST, op->status = 301;
		else
			return ngx_fail(b, node, "invalid parameter \"%s\"", flag);
	}
	size_t n = strlen(to);
	if (to[n - 1] == '?') {
		op->drops_args = true;
		to = arena_copy(b->arena, to, n - 1);
		if (to == NULL)
			return ngx_no_memory(b);
	}
	return ngx_compile(b, node, to, &op->value);
}

/* -- if -- */

/* Words in one text, as `if` takes them: ( $x = y ) may be glued in any way. */
struct words {
	const char *word[8];
	uint32_t count;
};

/* Without the brackets around all of it. False: told. */
static bool strip_brackets(struct ngx_build *b, const struct ngx_node *node, struct words *words)
{
	const char *first = node->args[0];
	const char *last = node->args[node->arg_count - 1];
	size_t n = strlen(last);
	if (first[0] != '(')
		return ngx_fail(b, node, "invalid condition \"%s\"", first);
	if (n == 0 || last[n - 1] != ')')
		return ngx_fail(b, node, "invalid condition \"%s\"", last);
	for (uint32_t i = 0; i < node->arg_count && words->count < COUNT_OF(words->word); i++) {
		const char *word = node->args[i];
		size_t end = strlen(word);
		if (i == 0)
			word++, end--;
		if (i + 1 == node->arg_count && end > 0)
			end--;
		/* A bracket that stands alone is no word. */
		if (end == 0 && (i == 0 || i + 1 == node->arg_count))
			continue;
		const char *copy = arena_copy(b->arena, word, end);
		if (copy == NULL)
			return ngx_no_memory(b);
		words->word[words->count++] = copy;
	}
	if (words->count == 0)
		return ngx_fail(b, node, "invalid condition \")\"");
	return true;
}

static bool read_regex_test(struct ngx_build *b, const struct ngx_node *node,
	const struct words *words, struct conf_condition *condition)
{
	const char *op = words->word[1];
	bool is_caseless = op[strlen(op) - 1] == '*';
	condition->test = CONF_TEST_REGEX;
	condition->is_negated = op[0] == '!';
	condition->regex = ngx_regex(b, node, words->word[2], is_caseless);
	return condition->regex != NULL;
}

static bool read_variable_test(struct ngx_build *b, const struct ngx_node *node,
	const struct words *words, struct conf_condition *condition)
{
	if (!ngx_compile(b, node, words->word[0], &condition->left))
		return false;
	if (words->count == 1) {
		condition->test = CONF_TEST_TRUE;
		return true;
	}
	const char *op = words->word[1];
	if (words->count == 3 && (strcmp(op, "=") == 0 || strcmp(op, "!=") == 0)) {
		condition->test = CONF_TEST_EQUAL;
		condition->is_negated = op[0] == '!';
		return ngx_compile(b, node, words->word[2], &condition->right);
	}
	if (words->count == 3 && (strcmp(op, "~") == 0 || strcmp(op, "~*") == 0 ||
					 strcmp(op, "!~") == 0 || strcmp(op, "!~*") == 0))
		return read_regex_test(b, node, words, condition);
	if (words->count == 2)
		return ngx_fail(b, node, "invalid condition \"%s\"", words->word[1]);
	return ngx_fail(b, node, "unexpected \"%s\" in condition", op);
}

static bool read_file_test(struct ngx_build *b, const struct ngx_node *node,
	const struct words *words, struct conf_condition *condition)
{
	static const struct {
		char letter;
		enum conf_test test;
	} tests[] = {{'f', CONF_TEST_FILE}, {'d', CONF_TEST_DIRECTORY}, {'e', CONF_TEST_EXISTS},
		{'x', CONF_TEST_EXECUTABLE}};
	const char *op = words->word[0];
	condition->is_negated = op[0] == '!';
	op += condition->is_negated;
	for (size_t i = 0; i < COUNT_OF(tests); i++) {
		if (op[0] != '-' || op[1] != tests[i].letter || op[2] != '\0' || words->count != 2)
			continue;
		condition->test = tests[i].test;
		return ngx_compile(b, node, words->word[1], &condition->left);
	}
	return ngx_fail(b, node, "invalid condition \"%s\"", words->word[0]);
}

static bool read_condition(
	struct ngx_build *b, const struct ngx_node *node, struct conf_condition *condition)
{
	struct words words = {.count = 0};
	if (!strip_brackets(b, node, &words) || words.word[0] == NULL)
		return false;
	if (words.word[0][0] == '$' && words.word[0][1] != '\0')
		return read_variable_test(b, node, &words, condition);
	return read_file_test(b, node, &words, condition);
}

static bool set_if(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_scope *outer = b->scope;
	bool is_server = outer->where & (NGX_SERVER | NGX_SERVER_IF);
	(void)d;
	struct conf_op *op = add_op(b, CONF_OP_IF);
	struct conf_ops *ops = arena_zero(b->arena, sizeof(*ops));
	struct conf_location *location = arena_zero(b->arena, sizeof(*location));
	if (op == NULL)
		return false;
	if (ops == NULL || location == NULL)
		return ngx_no_memory(b);
	uint32_t at = (uint32_t)(op - ops_of(b)->items);
	if (!read_condition(b, node, &op->condition))
		return false;
	struct ngx_scope *scope = ngx_enter(b, is_server ? NGX_SERVER_IF : NGX_LOCATION_IF, node);
	if (scope == NULL)
		return false;
	scope->own = ops;
	if (!is_server) {
		*location = *outer->location;
		location->place = node->place;
		location->loc = scope->loc;
		scope->location = location;
	}
	if (!ngx_block(b, node))
		return false;
	ngx_leave(b);
	op = &ops_of(b)->items[at];
	op->inside = is_server ? NULL : location;
	op->ops = is_server ? *ops : scope->loc->ops;
	return true;
}

#define LEVELS (NGX_SERVER | NGX_SERVER_IF | NGX_LOCATION | NGX_LOCATION_IF)

static const struct ngx_directive directives[] = {
	{"set", LEVELS, BIT(2), set_set},
	{"if", NGX_SERVER | NGX_LOCATION, NGX_BLOCK | NGX_1MORE, set_if},
	{"return", LEVELS, BIT(1) | BIT(2), set_return},
	{"rewrite", LEVELS, BIT(2) | BIT(3), set_rewrite},
	{"break", LEVELS, BIT(0), set_break},
	{"rewrite_log", NGX_HTTP_LEVELS_IF | NGX_SERVER_IF, NGX_FLAG, ngx_accept,
		.note = "rewrites are told at the level debug"},
	{"uninitialized_variable_warn", NGX_HTTP_LEVELS_IF | NGX_SERVER_IF, NGX_FLAG, ngx_set_flag,
		NGX_LOC(uninitialized_variable_warn)},
};

const struct ngx_area ngx_area_rewrite = {
	.directives = directives,
	.count = COUNT_OF(directives),
};
