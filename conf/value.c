/*
 * conf/value.c - the syntax: $name, ${name}, $1.
 */
#include "conf/value.h"

#include "conf/vars.h"

struct compile {
	const char *p; /* what is left */
	struct conf_part *parts;
	uint32_t count;
	struct conf_vars *vars;
	struct arena *arena;
	struct err *err;
	bool is_log;
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool no_memory(struct err *err)
{
	err_set(err, "out of memory");
	return false;
}

static bool put_text(struct compile *c, size_t n)
{
	const char *copy = arena_copy(c->arena, c->p, n);
	if (copy == NULL)
		return no_memory(c->err);
	c->parts[c->count++] = (struct conf_part){.kind = CONF_PART_TEXT, .text = {copy, n}};
	c->p += n;
	return true;
}

/* `from` is its '$'. */
static bool wrong_name(struct compile *c, const char *from)
{
	if (c->is_log)
		err_set(c->err, "invalid parameter \"%s\"", from);
	else
		err_set(c->err, "invalid variable name");
	return false;
}

/* Behind a '$'. */
static bool put_variable(struct compile *c)
{
	const char *from = c->p - 1;
	if (*c->p >= '1' && *c->p <= '9' && !c->is_log) {
		c->parts[c->count++] = (struct conf_part){
			.kind = CONF_PART_CAPTURE, .n = (uint32_t)(*c->p++ - '0')};
		return true;
	}
	bool is_braced = *c->p == '{';
	if (is_braced)
		c->p++;
	struct slice name = {c->p, 0};
	if (is_braced && *c->p == '\0')
		is_braced = false; /* there is no name to tell */
	while (is_name_char(*c->p)) {
		c->p++;
		name.n++;
	}
	if (is_braced && *c->p != '}') {
		err_set(c->err, "the closing bracket in \"%.*s\" variable is missing", (int)name.n,
			name.p);
		return false;
	}
	if (is_braced)
		c->p++;
	if (name.n == 0)
		return wrong_name(c, from);
	return conf_vars_use(c->vars, name, c->arena, &c->parts[c->count++], c->err);
}

/* Before and behind each '$' at most a text. */
static size_t parts_most(const char *text)
{
	size_t most = 1;
	for (; *text != '\0'; text++)
		most += *text == '$' ? 2 : 0;
	return most;
}

static bool put_all(struct compile *c, const char *text)
{
	c->p = text;
	while (*c->p != '\0') {
		size_t plain = strcspn(c->p, "$");
		if (plain != 0 && !put_text(c, plain))
			return false;
		if (*c->p == '\0')
			break;
		c->p++;
		if (!put_variable(c))
			return false;
	}
	return true;
}

bool conf_value_compile(struct conf_value *ret, const char *text, struct conf_vars *vars,
	struct arena *arena, struct err *err)
{
	*ret = (struct conf_value){NULL, 0};
	if (*text == '\0')
		return true;
	struct compile c = {.vars = vars, .arena = arena, .err = err};
	c.parts = arena_zero(arena, parts_most(text) * sizeof(struct conf_part));
	if (c.parts == NULL)
		return no_memory(err);
	if (!put_all(&c, text))
		return false;
	*ret = (struct conf_value){c.parts, c.count};
	return true;
}

bool conf_value_compile_log(struct conf_value *ret, const char *const *texts, uint32_t count,
	struct conf_vars *vars, struct arena *arena, struct err *err)
{
	size_t most = 0;
	for (uint32_t i = 0; i < count; i++)
		most += parts_most(texts[i]);
	*ret = (struct conf_value){NULL, 0};
	struct compile c = {.vars = vars, .arena = arena, .err = err, .is_log = true};
	c.parts = arena_zero(arena, (most + 1) * sizeof(struct conf_part));
	if (c.parts == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < count; i++)
		if (!put_all(&c, texts[i]))
			return false;
	*ret = (struct conf_value){c.parts, c.count};
	return true;
}

bool conf_value_of_text(struct conf_value *ret, struct slice text, struct arena *arena)
{
	*ret = (struct conf_value){NULL, 0};
	if (text.n == 0)
		return true;
	struct conf_part *part = arena_zero(arena, sizeof(*part));
	if (part == NULL)
		return false;
	*part = (struct conf_part){.kind = CONF_PART_TEXT, .text = text};
	*ret = (struct conf_value){part, 1};
	return true;
}

bool conf_value_has_vars(const struct conf_value *value)
{
	return !conf_value_is_literal(value);
}
