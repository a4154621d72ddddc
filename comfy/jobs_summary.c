/*
 * comfy/jobs_summary.c - what came of a job, out of its result.
 *
 *   {"outputs": {"9": {"images": [{"filename": ...}, ...]}},
 *    "status": {"messages": [["execution_start", {"timestamp": ...}], ...], ...}}
 *
 * Counted are the files among the outputs. One of them is the preview: a saved picture, film,
 * sound or model; else one that was not saved; else a saved text; else the words of a text node.
 */
#include "base/text.h"
#include "comfy/jobs_parts.h"

#include <math.h>

#define PREVIEW_CHARACTERS 1024 /* of a text */

struct output {
	struct slice node;  /* its id, with quotes */
	struct slice media; /* "images", with quotes */
	struct json_value item;
};

struct summary {
	uint32_t count, previewable;
	struct output saved, unsaved, text_file, words; /* node.p NULL: none was seen */
	struct job_times times;
	struct slice started, ended; /* as written */
	struct slice error;          /* execution_error's object */
};

static bool ends_with(struct slice name, const char *const *endings)
{
	for (; *endings != NULL; endings++) {
		struct slice ending = slice_of(*endings);
		if (name.n >= ending.n &&
			slice_is_nocase(
				(struct slice){name.p + name.n - ending.n, ending.n}, ending))
			return true;
	}
	return false;
}

static bool is_model_file(struct slice name)
{
	static const char *const endings[] = {".obj", ".fbx", ".gltf", ".glb", ".usdz", NULL};
	return ends_with(name, endings);
}

static bool is_text_file(struct slice name)
{
	static const char *const endings[] = {".txt", ".md", ".json", NULL};
	return ends_with(name, endings);
}

static bool is_one_of(struct slice quoted, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (json_is_text(quoted, slice_of(*names)))
			return true;
	}
	return false;
}

/* A member that is a string: its text as written, without quotes. */
static struct slice string_of(struct json_value object, const char *name)
{
	struct json_value value;
	if (!json_find(object, name, &value) || value.kind != JSON_KIND_STRING)
		return (struct slice){NULL, 0};
	return json_inside(value.raw);
}

static bool is_model_string(struct json_value item)
{
	return item.kind == JSON_KIND_STRING && is_model_file(json_inside(item.raw));
}

static bool is_previewable(const struct output *output)
{
	static const char *const media[] = {"images", "video", "audio", "3d", "text", NULL};
	if (is_one_of(output->media, media) || output->item.kind == JSON_KIND_STRING)
		return true;
	struct slice format = string_of(output->item, "format");
	if (slice_starts(format, SLICE("video/")) || slice_starts(format, SLICE("audio/")))
		return true;
	struct slice file = string_of(output->item, "filename");
	return is_model_file(file) || is_text_file(file);
}

static void keep_first(struct output *kept, const struct output *output)
{
	if (kept->node.p == NULL)
		*kept = *output;
}

static void take_item(struct summary *summary, const struct output *output)
{
	bool is_text = json_is_text(output->media, SLICE("text"));
	if (output->item.kind == JSON_KIND_OBJECT || is_model_string(output->item)) {
		summary->count++;
		if (!is_previewable(output))
			return;
		summary->previewable++;
		if (is_text || is_text_file(string_of(output->item, "filename")))
			keep_first(&summary->text_file, output);
		else if (output->item.kind == JSON_KIND_STRING ||
			 slice_is(string_of(output->item, "type"), SLICE("output")))
			keep_first(&summary->saved, output);
		else
			keep_first(&summary->unsaved, output);
	} else if (is_text && output->item.kind == JSON_KIND_STRING) {
		keep_first(&summary->words, output);
	}
}

static void take_outputs(struct summary *summary, struct json_value outputs)
{
	struct json_scan nodes;
	struct json_scan media;
	struct json_scan items;
	struct output output;
	struct json_value node;
	struct json_value list;
	json_walk(&nodes, outputs);
	while (json_member(&nodes, &output.node, &node)) {
		json_walk(&media, node);
		while (json_member(&media, &output.media, &list)) {
			/* "animated" is a list of flags. */
			if (json_is_text(output.media, SLICE("animated")))
				continue;
			json_walk(&items, list);
			while (json_item(&items, &output.item))
				take_item(summary, &output);
		}
	}
}

static void take_time(struct json_value message, struct slice *ret_text, uint64_t *ret_ms)
{
	struct json_value value;
	if (!json_find(message, "timestamp", &value) || value.kind != JSON_KIND_NUMBER)
		return;
	double ms = json_number(value);
	if (!isfinite(ms) || ms <= 0 || ms > 1e15)
		return;
	*ret_text = value.raw;
	*ret_ms = (uint64_t)ms;
}

static void take_messages(struct summary *summary, struct json_value messages)
{
	static const char *const ends[] = {
		"execution_success", "execution_error", "execution_interrupted", NULL};
	struct json_scan all;
	struct json_scan one;
	struct json_value message;
	struct json_value name;
	struct json_value said;
	json_walk(&all, messages);
	while (json_item(&all, &message)) {
		json_walk(&one, message);
		if (!json_item(&one, &name) || name.kind != JSON_KIND_STRING ||
			!json_item(&one, &said) || said.kind != JSON_KIND_OBJECT)
			continue;
		if (json_is_text(name.raw, SLICE("execution_start")))
			take_time(said, &summary->started, &summary->times.started_ms);
		else if (is_one_of(name.raw, ends))
			take_time(said, &summary->ended, &summary->times.ended_ms);
		if (json_is_text(name.raw, SLICE("execution_error")))
			summary->error = said.raw;
	}
}

static void summarize(struct summary *summary, const struct job *job)
{
	struct json_value result;
	struct json_value member;
	struct json_value messages;
	*summary = (struct summary){0};
	if (job_is_active(job) || job->result == NULL ||
		!json_read(blob_slice(job->result), &result))
		return;
	if (json_find(result, "outputs", &member))
		take_outputs(summary, member);
	if (json_find(result, "status", &member) && json_find(member, "messages", &messages))
		take_messages(summary, messages);
}

static void put_slice(struct text *text, struct slice slice)
{
	text_put(text, slice.p, slice.n);
}

/* Octets of the first characters of a string as written, escapes and pairs of them whole. */
static size_t cut(struct slice inside, uint32_t characters)
{
	size_t at = 0;
	while (at < inside.n && characters-- != 0) {
		if (inside.p[at] != '\\') {
			at++;
			while (at < inside.n && ((unsigned char)inside.p[at] & 0xc0) == 0x80)
				at++;
			continue;
		}
		bool is_high = inside.n - at >= 12 && strncasecmp(inside.p + at, "\\ud", 3) == 0 &&
			       strchr("89abAB", inside.p[at + 3]) != NULL &&
			       strncasecmp(inside.p + at + 6, "\\ud", 3) == 0;
		at += is_high ? 12 : inside.p[at + 1] == 'u' ? 6 : 2;
	}
	return at < inside.n ? at : inside.n;
}

static void put_words(struct text *text, struct slice quoted)
{
	struct slice inside = json_inside(quoted);
	size_t n = cut(inside, PREVIEW_CHARACTERS);
	text_key(text, "content");
	text_put(text, "\"", 1);
	text_put(text, inside.p, n);
	text_put(text, "\"", 1);
	if (n < inside.n)
		text_key_bool(text, "truncated", true);
}

/* A file's name that stands alone, as the object that it would be elsewhere. */
static void put_model_members(struct text *text, struct slice quoted)
{
	text_key(text, "filename");
	put_slice(text, quoted);
	text_puts(text, ",\"type\":\"output\",\"subfolder\":\"\",\"mediaType\":\"3d\"");
}

static void put_preview(struct text *text, const struct output *output, bool is_words)
{
	bool has_media = false;
	text_key(text, "preview_output");
	text_put(text, "{", 1);
	if (is_words) {
		put_words(text, output->item.raw);
	} else if (output->item.kind == JSON_KIND_STRING) {
		put_model_members(text, output->item.raw);
		has_media = true;
	} else {
		struct json_scan members;
		struct slice name;
		struct json_value value;
		json_walk(&members, output->item);
		while (json_member(&members, &name, &value)) {
			if (json_is_text(name, SLICE("nodeId")))
				continue;
			has_media |= json_is_text(name, SLICE("mediaType"));
			text_item(text);
			put_slice(text, name);
			text_put(text, ":", 1);
			put_slice(text, value.raw);
		}
	}
	text_key(text, "nodeId");
	put_slice(text, output->node);
	if (!has_media) {
		text_key(text, "mediaType");
		put_slice(text, output->media);
	}
	text_put(text, "}", 1);
}

static void put_time(struct text *text, const char *name, struct slice written, uint64_t otherwise)
{
	if (written.n != 0) {
		text_key(text, name);
		put_slice(text, written);
	} else if (otherwise != 0) {
		text_key_u64(text, name, otherwise);
	}
}

void job_summarize(struct text *text, const struct job *job, struct job_times *ret_times)
{
	struct summary summary;
	summarize(&summary, job);
	text_puts(text, "\"outputs_count\":");
	text_u64(text, summary.count);
	text_key_u64(text, "previewable_outputs_count", summary.previewable);
	if (ret_times != NULL) {
		*ret_times = summary.times;
		if (ret_times->started_ms == 0)
			ret_times->started_ms = job->started_wall_ms;
		if (ret_times->ended_ms == 0)
			ret_times->ended_ms = job->ended_wall_ms;
	}
	if (job_is_active(job))
		return;
	put_time(text, "execution_start_time", summary.started, job->started_wall_ms);
	put_time(text, "execution_end_time", summary.ended, job->ended_wall_ms);
	if (summary.error.n != 0) {
		text_key(text, "execution_error");
		put_slice(text, summary.error);
	}
	if (summary.saved.node.p != NULL)
		put_preview(text, &summary.saved, false);
	else if (summary.unsaved.node.p != NULL)
		put_preview(text, &summary.unsaved, false);
	else if (summary.text_file.node.p != NULL)
		put_preview(text, &summary.text_file, false);
	else if (summary.words.node.p != NULL)
		put_preview(text, &summary.words, true);
}

/* -- the whole of it -- */

static void put_items(struct text *text, struct json_value list)
{
	struct json_scan items;
	struct json_value item;
	text_put(text, "[", 1);
	json_walk(&items, list);
	while (json_item(&items, &item)) {
		if (item.kind == JSON_KIND_NULL)
			continue;
		text_item(text);
		if (is_model_string(item)) {
			text_put(text, "{", 1);
			put_model_members(text, item.raw);
			text_put(text, "}", 1);
		} else {
			put_slice(text, item.raw);
		}
	}
	text_put(text, "]", 1);
}

static void put_node(struct text *text, struct json_value node)
{
	struct json_scan media;
	struct slice name;
	struct json_value list;
	text_put(text, "{", 1);
	json_walk(&media, node);
	while (json_member(&media, &name, &list)) {
		text_item(text);
		put_slice(text, name);
		text_put(text, ":", 1);
		if (list.kind == JSON_KIND_ARRAY && !json_is_text(name, SLICE("animated")))
			put_items(text, list);
		else
			put_slice(text, list.raw);
	}
	text_put(text, "}", 1);
}

void job_put_outcome(struct text *text, const struct job *job)
{
	struct json_value result;
	struct json_value member;
	struct json_scan nodes;
	struct slice name;
	struct json_value node;
	bool has_result = job->result != NULL && json_read(blob_slice(job->result), &result);
	text_key(text, "outputs");
	text_put(text, "{", 1);
	if (has_result && json_find(result, "outputs", &member)) {
		json_walk(&nodes, member);
		while (json_member(&nodes, &name, &node)) {
			text_item(text);
			put_slice(text, name);
			text_put(text, ":", 1);
			if (node.kind == JSON_KIND_OBJECT)
				put_node(text, node);
			else
				put_slice(text, node.raw);
		}
	}
	text_put(text, "}", 1);
	text_key(text, "execution_status");
	if (has_result && json_find(result, "status", &member))
		put_slice(text, member.raw);
	else
		text_puts(text, "{}");
}
