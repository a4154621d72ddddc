/*
 * comfy/inspect.c - which requests are jobs, and whose.
 *
 * Paths are compared as they were sent: one that is written in another way
 * is carried like any other, and only its sender does without.
 */
#include "comfy/comfy.h"
#include "comfy/load.h"
#include "comfy/top_keys.h"
#include "http/query.h"

/* Takes `prefix` off the front. */
static bool take_prefix(struct slice *s, struct slice prefix)
{
	if (!slice_starts(*s, prefix))
		return false;
	s->p += prefix.n;
	s->n -= prefix.n;
	return true;
}

static void set_key(struct arena *arena, struct slice *key, const char *p, size_t n)
{
	char *copy = arena_copy(arena, p, n);
	/* Without memory the request goes on as one that carries no id. */
	if (copy != NULL)
		*key = (struct slice){copy, n};
}

static void set_path_id(struct arena *arena, struct lb_keys *keys, struct slice segment)
{
	char id[TOP_KEY_MOST + 1];
	int n = percent_decode(segment, id, sizeof(id));
	if (n > 0)
		set_key(arena, &keys->value[CONF_KEY_PROMPT_ID], id, (size_t)n);
}

/* `rest` is what follows "/jobs/" or "/history/". */
static void take_id(struct slice rest, struct slice tail, struct arena *arena, struct lb_keys *keys)
{
	if (rest.n <= tail.n || memcmp(rest.p + rest.n - tail.n, tail.p, tail.n) != 0)
		return;
	rest.n -= tail.n;
	if (memchr(rest.p, '/', rest.n) == NULL)
		set_path_id(arena, keys, rest);
}

static void take_client_id(struct slice query, struct arena *arena, struct lb_keys *keys)
{
	char id[TOP_KEY_MOST + 1];
	int n = query_find(query, "clientId", id, sizeof(id));
	if (n > 0)
		set_key(arena, &keys->value[CONF_KEY_CLIENT_ID], id, (size_t)n);
}

static unsigned on_head(
	const struct http_head *head, const char *p, struct arena *arena, struct lb_keys *keys)
{
	struct slice method = http_span_in(p, head->method);
	struct slice path = http_span_in(p, head->path);
	bool is_post = slice_is(method, SLICE("POST"));
	bool is_get = slice_is(method, SLICE("GET")) || slice_is(method, SLICE("HEAD"));
	if (slice_starts(path, SLICE("/api/")))
		(void)take_prefix(&path, SLICE("/api"));
	/* ComfyUI declares its job routes with the prefix, then mirrors them like all others. */
	if (slice_starts(path, SLICE("/api/jobs/")))
		(void)take_prefix(&path, SLICE("/api"));

	if (is_post && slice_is(path, SLICE("/prompt")))
		return INSPECT_IS_JOB | INSPECT_BODY | INSPECT_ANSWER;
	if (is_get && slice_is(path, SLICE("/ws")))
		take_client_id(http_span_in(p, head->query), arena, keys);
	else if (is_get &&
		 (take_prefix(&path, SLICE("/history/")) || take_prefix(&path, SLICE("/jobs/"))))
		take_id(path, SLICE(""), arena, keys);
	else if (is_post && take_prefix(&path, SLICE("/jobs/")))
		take_id(path, SLICE("/cancel"), arena, keys);
	return 0;
}

static void on_body(struct slice body, struct arena *arena, struct lb_keys *keys)
{
	static const enum conf_sticky_key kinds[] = {CONF_KEY_CLIENT_ID, CONF_KEY_PROMPT_ID};
	struct top_key found[] = {{.name = "client_id"}, {.name = "prompt_id"}};
	if (!top_keys_find(body, found, COUNT_OF(found)))
		return;
	for (size_t i = 0; i < COUNT_OF(found); i++)
		if (found[i].length != 0)
			set_key(arena, &keys->value[kinds[i]], found[i].value, found[i].length);
}

static void on_answer(struct slice body, struct arena *arena, struct lb_keys *keys)
{
	struct top_key found = {.name = "prompt_id"};
	if (top_keys_find(body, &found, 1) && found.length != 0)
		set_key(arena, &keys->value[CONF_KEY_PROMPT_ID], found.value, found.length);
}

const struct inspector comfy_inspector = {
	.on_head = on_head,
	.on_body = on_body,
	.on_answer = on_answer,
	.on_job = comfy_load_poke,
};
