/*
 * conf/nginx/scope.c - blocks around blocks, and what an inner one takes over from the outer.
 */
#include "conf/nginx/table.h"

#include "conf/web_defaults.h"

#include <stdarg.h>
#include <stdio.h>

struct ngx_scope *ngx_enter(struct ngx_build *b, uint32_t where, const struct ngx_node *node)
{
	struct ngx_scope *scope = arena_zero(b->arena, sizeof(*scope));
	bool has_loc = (where & ~(NGX_MAIN | NGX_EVENTS | NGX_UPSTREAM)) != 0;
	bool has_srv = (where & (NGX_HTTP | NGX_SERVER)) != 0;
	if (scope == NULL)
		goto no_memory;
	*scope = (struct ngx_scope){.where = where, .node = node, .outer = b->scope};
	if (has_loc) {
		scope->loc = arena_zero(b->arena, sizeof(*scope->loc));
		scope->loc_set = arena_zero(b->arena, sizeof(*scope->loc) / 8 + 1);
		if (scope->loc == NULL || scope->loc_set == NULL)
			goto no_memory;
	}
	if (has_srv) {
		scope->srv = arena_zero(b->arena, sizeof(*scope->srv));
		scope->srv_set = arena_zero(b->arena, sizeof(*scope->srv) / 8 + 1);
		if (scope->srv == NULL || scope->srv_set == NULL)
			goto no_memory;
	}
	if (b->scope != NULL) {
		if (b->scope->last != NULL)
			b->scope->last->next = scope;
		else
			b->scope->first = scope;
		b->scope->last = scope;
	}
	b->scope = scope;
	return scope;
no_memory:
	(void)ngx_no_memory(b);
	return NULL;
}

void ngx_leave(struct ngx_build *b)
{
	b->scope = b->scope->outer;
}

static bool has_bit(const uint8_t *set, size_t at)
{
	return set != NULL && (set[at / 8] >> (at % 8) & 1);
}

static void mark(uint8_t *set, size_t at, size_t size)
{
	for (size_t i = at; i < at + size; i++)
		set[i / 8] |= (uint8_t)(1 << (i % 8));
}

bool ngx_loc_is_set(const struct ngx_scope *scope, size_t at)
{
	return has_bit(scope->loc_set, at);
}

void ngx_mark_loc(struct ngx_scope *scope, size_t at, size_t size)
{
	mark(scope->loc_set, at, size);
}

bool ngx_srv_is_set(const struct ngx_scope *scope, size_t at)
{
	return has_bit(scope->srv_set, at);
}

void ngx_mark_srv(struct ngx_scope *scope, size_t at, size_t size)
{
	mark(scope->srv_set, at, size);
}

static uint8_t *set_of(const struct ngx_build *b, const struct ngx_directive *d)
{
	return d->into == NGX_INTO_SRV ? b->scope->srv_set : b->scope->loc_set;
}

void *ngx_field(struct ngx_build *b, const struct ngx_directive *d)
{
	char *whole = d->into == NGX_INTO_SRV ? (char *)b->scope->srv : (char *)b->scope->loc;
	mark(set_of(b, d), d->at, d->size);
	return whole + d->at;
}

bool ngx_is_set(const struct ngx_build *b, const struct ngx_directive *d)
{
	return has_bit(set_of(b, d), d->at);
}

bool ngx_once(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return !ngx_is_set(b, d) || ngx_wrong(b, node, "is duplicate");
}

/* What a row names and the scope did not say. */
static void take_over(
	struct ngx_scope *scope, const struct conf_loc *loc, const struct conf_srv *srv)
{
	for (uint32_t i = 0; i < ngx_area_count; i++) {
		for (uint32_t k = 0; k < ngx_areas[i]->count; k++) {
			const struct ngx_directive *d = &ngx_areas[i]->directives[k];
			if (d->is_own || d->size == 0)
				continue;
			if (d->into == NGX_INTO_LOC && scope->loc != NULL &&
				!has_bit(scope->loc_set, d->at))
				memcpy((char *)scope->loc + d->at, (const char *)loc + d->at,
					d->size);
			if (d->into == NGX_INTO_SRV && scope->srv != NULL &&
				!has_bit(scope->srv_set, d->at))
				memcpy((char *)scope->srv + d->at, (const char *)srv + d->at,
					d->size);
		}
	}
}

static bool merge(struct ngx_build *b, struct ngx_scope *scope, const struct conf_loc *loc,
	const struct conf_srv *srv)
{
	take_over(scope, loc, srv);
	if (scope->srv != NULL)
		srv = scope->srv;
	if (scope->loc != NULL) {
		loc = scope->loc;
		for (uint32_t i = 0; i < ngx_area_count; i++)
			if (ngx_areas[i]->finish_loc != NULL && !ngx_areas[i]->finish_loc(b, scope))
				return false;
	}
	for (struct ngx_scope *inner = scope->first; inner != NULL; inner = inner->next)
		if (!merge(b, inner, loc, srv))
			return false;
	return true;
}

bool ngx_merge(struct ngx_build *b)
{
	return merge(b, b->http, &conf_loc_defaults, &conf_srv_defaults);
}

/* -- what is wrong -- */

PRINTF_LIKE(4, 0)
static bool add_problem(
	struct ngx_build *b, const char *file, unsigned line, const char *format, va_list args)
{
	char text[1024];
	if (b->has_failed)
		return false;
	b->has_failed = true;
	(void)vsnprintf(text, sizeof(text), format, args);
	conf_problem_add(b->problems, file, line, "%s", text);
	return false;
}

bool ngx_fail(struct ngx_build *b, const struct ngx_node *node, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)add_problem(b, node->place.file, node->place.line, format, args);
	va_end(args);
	return false;
}

bool ngx_fail_bare(struct ngx_build *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)add_problem(b, b->conf->file, 0, format, args);
	va_end(args);
	return false;
}

bool ngx_wrong(struct ngx_build *b, const struct ngx_node *node, const char *what)
{
	return ngx_fail(b, node, "\"%s\" directive %s", node->name, what);
}

bool ngx_no_memory(struct ngx_build *b)
{
	return ngx_fail_bare(b, "out of memory");
}

PRINTF_LIKE(4, 0)
static void add_note(struct ngx_build *b, const struct ngx_node *node, enum conf_note_level level,
	const char *format, va_list args)
{
	char text[1024];
	struct conf_note **end = &b->conf->notes;
	struct conf_note *note = arena_zero(b->arena, sizeof(*note));
	int n = vsnprintf(text, sizeof(text), format, args);
	if (note == NULL || n < 0)
		return;
	*note = (struct conf_note){.level = level, .place = node->place};
	note->text = arena_copy(b->arena, text, min_size((size_t)n, sizeof(text) - 1));
	if (note->text == NULL)
		return;
	while (*end != NULL)
		end = &(*end)->next;
	*end = note;
}

void ngx_warn(struct ngx_build *b, const struct ngx_node *node, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_note(b, node, CONF_NOTE_WARN, format, args);
	va_end(args);
}

void ngx_notice(struct ngx_build *b, const struct ngx_node *node, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_note(b, node, CONF_NOTE_NOTICE, format, args);
	va_end(args);
}
