/*
 * comfy/prompt_body.c - bodies made of one that was read: for a worker, for the journal, and the
 * extra_data that may be shown.
 */
#include "base/blob.h"
#include "base/text.h"
#include "comfy/graph.h"

static void put_slice(struct text *text, struct slice slice)
{
	text_put(text, slice.p, slice.n);
}

static void put_member(struct text *text, struct slice quoted_name, struct slice value)
{
	put_slice(text, text->n == 1 ? SLICE("") : SLICE(", "));
	put_slice(text, quoted_name);
	text_puts(text, ": ");
	put_slice(text, value);
}

static void put_string(struct text *text, struct slice quoted_name, struct slice value)
{
	put_member(text, quoted_name, SLICE(""));
	json_put_text(text, value);
}

static bool is_one_of(struct slice quoted, const struct slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_is_text(quoted, names[i]))
			return true;
	return false;
}

struct blob *prompt_body_for_worker(
	const struct prompt_body *body, struct slice *ret_graph, struct slice *ret_targets)
{
	static const struct slice ours[] = {
		{"client_id", 9}, {"prompt_id", 9}, {"number", 6}, {"front", 5}};
	struct text text;
	size_t graph = 0;
	size_t targets = 0;
	text_init(&text, body->root.raw.n + 64);
	for (uint32_t i = 0; i < body->member_count; i++) {
		const struct prompt_member *member = &body->members[i];
		if (is_one_of(member->name, ours, COUNT_OF(ours)))
			continue;
		put_slice(&text, SLICE(", "));
		put_slice(&text, member->name);
		put_slice(&text, SLICE(": "));
		if (json_is_text(member->name, SLICE("prompt")))
			graph = text.n;
		else if (json_is_text(member->name, SLICE("partial_execution_targets")))
			targets = text.n;
		put_slice(&text, member->value.raw);
	}
	put_slice(&text, SLICE("}"));
	struct blob *blob = blob_of_text(&text);
	*ret_graph = *ret_targets = (struct slice){NULL, 0};
	if (blob != NULL && graph != 0)
		*ret_graph = (struct slice){blob->p + graph, body->prompt.raw.n};
	if (blob != NULL && targets != 0)
		*ret_targets = (struct slice){blob->p + targets, body->targets.raw.n};
	return blob;
}

struct blob *prompt_body_for_journal(const struct prompt_body *body, struct slice extra)
{
	struct text text;
	bool has_extra = false;
	text_init(&text, body->root.raw.n + extra.n + 64);
	text_puts(&text, "{");
	for (uint32_t i = 0; i < body->member_count; i++) {
		const struct prompt_member *member = &body->members[i];
		bool is_extra = json_is_text(member->name, SLICE("extra_data"));
		put_member(&text, member->name, is_extra ? extra : member->value.raw);
		has_extra = has_extra || is_extra;
	}
	if (!has_extra)
		put_member(&text, SLICE("\"extra_data\""), extra);
	text_puts(&text, "}");
	return blob_of_text(&text);
}

static bool says_something(struct json_value value)
{
	return value.kind != JSON_KIND_NULL &&
	       !(value.kind == JSON_KIND_STRING && value.raw.n == 2);
}

struct blob *prompt_extra_data(const struct prompt_body *body, struct slice client_id,
	uint64_t create_time_ms, bool *ret_had_secrets)
{
	static const struct slice secrets[] = {
		{"auth_token_comfy_org", 20}, {"api_key_comfy_org", 17}};
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	struct text text;
	bool has_time = false;
	*ret_had_secrets = false;
	text_init(&text, body->extra_data.raw.n + client_id.n + 64);
	text_puts(&text, "{");
	json_walk(&scan, body->extra_data);
	while (json_member(&scan, &name, &value)) {
		if (is_one_of(name, secrets, COUNT_OF(secrets))) {
			*ret_had_secrets = *ret_had_secrets || says_something(value);
			continue;
		}
		if (client_id.n != 0 && json_is_text(name, SLICE("client_id")))
			continue;
		has_time = has_time || json_is_text(name, SLICE("create_time"));
		put_member(&text, name, value.raw);
	}
	if (client_id.n != 0)
		put_string(&text, SLICE("\"client_id\""), client_id);
	if (!has_time) {
		put_member(&text, SLICE("\"create_time\""), SLICE(""));
		text_u64(&text, create_time_ms);
	}
	text_puts(&text, "}");
	return blob_of_text(&text);
}

bool graph_is_uuid(struct slice text)
{
	if (text.n != 36)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
		bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
		if (is_hyphen ? c != '-' : !is_hex)
			return false;
	}
	return true;
}
