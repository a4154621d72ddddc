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

/* Behind a '$'. */
static bool put_variable(struct compile *c)
{
	if (*c->p >= '1' && *c->p <= '9') {
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
	if (name.n == 0) {
		err_set(c->err, "invalid variable name");
		return false;
	}
	return conf_vars_use(c->vars, name, c->arena, &c->parts[c->count++], c->err);
}

bool conf_value_compile(struct conf_value *ret, const char *text, struct conf_vars *vars,
	struct arena *arena, struct err *err)
{
	*ret = (struct conf_value){NULL, 0};
	if (*text == '\0')
		return true;
	/* Before and behind each '$' at most a text. */
	size_t most = 1;
	for (const char *p = text; *p != '\0'; p++)
		most += *p == '$' ? 2 : 0;
	struct compile c = {
		.p = text,
		.parts = arena_zero(arena, most * sizeof(struct conf_part)),
		.vars = vars,
		.arena = arena,
		.err = err,
	};
	if (c.parts == NULL)
		return no_memory(err);
	while (*c.p != '\0') {
		size_t plain = strcspn(c.p, "$");
		if (plain != 0 && !put_text(&c, plain))
			return false;
		if (*c.p == '\0')
			break;
		c.p++;
		if (!put_variable(&c))
			return false;
	}
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
