/*
 * conf/vars.c - who defines which name, and where it is used.
 */
#include "conf/vars.h"

#include "base/regex.h"

/* Parts that wait for the end of the http block, in the order in which they were met. */
struct conf_use {
	struct slice name; /* in lower case */
	struct conf_part *part;
};

struct conf_vars {
	struct conf_user *users;
	uint32_t user_count, user_room;
	struct conf_named *named;
	uint32_t named_count, named_room;
	struct conf_use *uses;
	uint32_t use_count, use_room;
};

static bool no_memory(struct err *err)
{
	err_set(err, "out of memory");
	return false;
}

/* One more at the end. What the array had before stays in the arena: configurations are small. */
static void *grow(struct arena *arena, void *items, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return items;
	uint32_t more = *room == 0 ? 16 : *room * 2;
	void *bigger = arena_zero(arena, more * size);
	if (bigger == NULL)
		return NULL;
	if (count != 0)
		memcpy(bigger, items, count * size);
	*room = more;
	return bigger;
}

/* Terminated. p NULL: no memory. */
static struct slice lower(struct arena *arena, struct slice name)
{
	char *copy = arena_copy(arena, name.p, name.n);
	for (size_t i = 0; copy != NULL && i < name.n; i++)
		copy[i] = ascii_lower(copy[i]);
	return (struct slice){copy, name.n};
}

struct conf_vars *conf_vars_create(struct arena *arena)
{
	return arena_zero(arena, sizeof(struct conf_vars));
}

/* Its index, or user_count. */
static uint32_t find_user(const struct conf_vars *vars, struct slice name)
{
	uint32_t i = 0;
	while (i < vars->user_count && !slice_is(name, slice_of(vars->users[i].name)))
		i++;
	return i;
}

/* `name` is terminated, in lower case and in the arena. UINT32_MAX: no memory. */
static uint32_t user_named(struct conf_vars *vars, struct slice name, struct arena *arena)
{
	uint32_t user = find_user(vars, name);
	if (user < vars->user_count)
		return user;
	struct conf_user *users = grow(
		arena, vars->users, vars->user_count, &vars->user_room, sizeof(*vars->users));
	if (users == NULL)
		return UINT32_MAX;
	vars->users = users;
	vars->users[vars->user_count] = (struct conf_user){.name = name.p};
	return vars->user_count++;
}

static bool is_rule(enum conf_user_kind kind)
{
	return kind != CONF_USER_SET && kind != CONF_USER_FOUND;
}

static bool define(struct conf_vars *vars, struct slice written, enum conf_user_kind kind,
	const void *rule, struct arena *arena, struct conf_part *ret, struct err *err)
{
	struct slice name = lower(arena, written);
	if (name.p == NULL)
		return no_memory(err);
	if (conf_var_is_fixed(name)) {
		enum conf_var var = conf_var_named(name);
		if (var == CONF_VAR_COUNT || !conf_var_may_set(var)) {
			err_set(err, "the duplicate \"%.*s\" variable", (int)written.n, written.p);
			return false;
		}
		*ret = (struct conf_part){.kind = CONF_PART_VAR, .n = var};
		return true;
	}
	uint32_t i = user_named(vars, name, arena);
	if (i == UINT32_MAX)
		return no_memory(err);
	struct conf_user *user = &vars->users[i];
	struct slice rest;
	enum conf_var family = conf_var_family(name, &rest);
	if (kind == CONF_USER_SET && family != CONF_VAR_COUNT && !user->is_known) {
		user->has_family = true;
		user->family = (struct conf_part){.kind = CONF_PART_VAR, .n = family, .text = rest};
	}
	if (is_rule(kind) || (!user->is_known && kind != CONF_USER_SET)) {
		user->kind = kind;
		user->rule = rule;
		user->has_family = false;
	}
	user->is_known = true;
	*ret = (struct conf_part){.kind = CONF_PART_USER, .n = i};
	return true;
}

bool conf_vars_define(struct conf_vars *vars, const char *name, enum conf_user_kind kind,
	const void *rule, struct arena *arena, struct conf_part *ret, struct err *err)
{
	struct conf_part unused;
	if (name[0] != '$' || name[1] == '\0') {
		err_set(err, "invalid variable name \"%s\"", name);
		return false;
	}
	return define(
		vars, slice_of(name + 1), kind, rule, arena, ret != NULL ? ret : &unused, err);
}

void conf_vars_set_volatile(struct conf_vars *vars, uint32_t user)
{
	vars->users[user].is_volatile = true;
}

bool conf_vars_define_groups(
	struct conf_vars *vars, const struct regex *regex, struct arena *arena, struct err *err)
{
	for (uint32_t i = 0; i < regex_name_count(regex); i++) {
		struct conf_named named = {.regex = regex};
		struct conf_part part;
		struct slice name = regex_name(regex, i, &named.group);
		if (!define(vars, name, CONF_USER_FOUND, NULL, arena, &part, err))
			return false;
		/* One of nginx's own: it keeps its value (nginx forgets the group's, too). */
		if (part.kind != CONF_PART_USER)
			continue;
		named.user = part.n;
		struct conf_named *all = grow(
			arena, vars->named, vars->named_count, &vars->named_room, sizeof(*all));
		if (all == NULL)
			return no_memory(err);
		vars->named = all;
		vars->named[vars->named_count++] = named;
	}
	return true;
}

bool conf_vars_use(struct conf_vars *vars, struct slice written, struct arena *arena,
	struct conf_part *ret, struct err *err)
{
	struct slice name = lower(arena, written);
	struct conf_use *uses = grow(
		arena, vars->uses, vars->use_count, &vars->use_room, sizeof(*uses));
	if (uses == NULL || name.p == NULL)
		return no_memory(err);
	vars->uses = uses;
	vars->uses[vars->use_count++] = (struct conf_use){name, ret};
	*ret = (struct conf_part){.kind = CONF_PART_VAR, .n = CONF_VAR_COUNT};
	return true;
}

static bool make_good(const struct conf_vars *vars, struct conf_part *part, struct slice name)
{
	enum conf_var var = conf_var_named(name);
	if (var != CONF_VAR_COUNT) {
		*part = (struct conf_part){.kind = CONF_PART_VAR, .n = var};
		return true;
	}
	uint32_t user = find_user(vars, name);
	if (user < vars->user_count) {
		*part = (struct conf_part){.kind = CONF_PART_USER, .n = user};
		return true;
	}
	struct slice rest;
	var = conf_var_family(name, &rest);
	*part = (struct conf_part){.kind = CONF_PART_VAR, .n = var, .text = rest};
	return var != CONF_VAR_COUNT;
}

static void note_family(struct conf_users *users, const struct conf_part *part)
{
	if (part->kind != CONF_PART_VAR)
		return;
	if (part->n == CONF_VAR_SENT_HTTP_X || part->n == CONF_VAR_SENT_TRAILER_X)
		users->uses_sent_head = true;
	if (part->n == CONF_VAR_UPSTREAM_HTTP_X || part->n == CONF_VAR_UPSTREAM_COOKIE_X)
		users->uses_upstream_head = true;
}

bool conf_vars_check(struct conf_vars *vars, struct conf_users *ret, struct err *err)
{
	*ret = (struct conf_users){
		.users = vars->users,
		.count = vars->user_count,
		.named = vars->named,
		.named_count = vars->named_count,
	};
	for (uint32_t i = 0; i < vars->use_count; i++) {
		const struct conf_use *use = &vars->uses[i];
		if (!make_good(vars, use->part, use->name)) {
			err_set(err, "unknown \"%.*s\" variable", (int)use->name.n, use->name.p);
			return false;
		}
		note_family(ret, use->part);
	}
	/* `set $sent_http_x` is worth what was sent until it is set. */
	for (uint32_t i = 0; i < vars->user_count; i++)
		if (vars->users[i].has_family)
			note_family(ret, &vars->users[i].family);
	return true;
}
