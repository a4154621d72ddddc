/*
 * comfy/jobs_list.c - GET /api/jobs: queue and history in one list, filtered, sorted and cut.
 *
 * Every open page of the frontend asks the same two questions whenever anything changes, so the
 * newest answers are kept until something has changed.
 */
#include "base/text.h"
#include "comfy/jobs_json.h"
#include "comfy/jobs_parts.h"
#include "http/query.h"

#include <errno.h>
#include <stdlib.h>

#define KEPT_LISTS 8
#define KEPT_QUERY_MOST 255
#define WORKFLOW_ROOM 1024

struct jobs_lists {
	uint64_t queue_epoch, history_epoch;
	uint32_t next;
	struct {
		char query[KEPT_QUERY_MOST + 1];
		struct blob *json; /* owned; NULL: free */
		int status;
	} kept[KEPT_LISTS];
};

struct listed {
	const struct job *job; /* borrowed: within one call */
	uint64_t key;
	size_t index; /* equal ones stay as they were */
};

struct list_query {
	unsigned statuses; /* BIT(enum jobs_status) */
	bool by_duration, is_ascending, has_limit, has_workflow;
	uint64_t limit, offset;
	char workflow[WORKFLOW_ROOM];
};

void jobs_lists_destroy(struct jobs_lists *lists)
{
	if (lists == NULL)
		return;
	for (size_t i = 0; i < KEPT_LISTS; i++)
		blob_unref(lists->kept[i].json);
	free(lists);
}

/* -- the query -- */

static void to_lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = ascii_lower(*text);
}

/* NULL, or what is wrong. */
static const char *read_statuses(struct list_query *query, char *words)
{
	char *rest = words;
	to_lower(words);
	for (char *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ",")) {
		struct slice name = slice_trim(slice_of(word));
		int status = 0;
		if (name.n == 0)
			continue;
		while (status < JOBS_STATUSES &&
			!slice_is(name, slice_of(jobs_status_name(status))))
			status++;
		if (status == JOBS_STATUSES)
			return "Invalid status value(s). Valid values: pending, in_progress, "
			       "completed, failed, cancelled";
		query->statuses |= BIT(status);
	}
	return NULL;
}

/* As Python's int(): a sign and blanks are let pass. What is too large is the largest. */
static bool read_integer(const char *text, int64_t *ret_value)
{
	char *end = NULL;
	errno = 0;
	*ret_value = strtoll(text, &end, 10);
	while (*end == ' ')
		end++;
	return end != text && *end == '\0';
}

/* NULL, or what is wrong. */
static const char *read_query(struct list_query *ret_query, struct slice text)
{
	char value[128];
	int64_t number = 0;
	const char *wrong = NULL;
	*ret_query = (struct list_query){0};
	if (query_find(text, "status", value, sizeof(value)) > 0)
		wrong = read_statuses(ret_query, value);
	if (wrong != NULL)
		return wrong;
	if (ret_query->statuses == 0)
		ret_query->statuses = BIT(JOBS_STATUSES) - 1;
	if (query_find(text, "sort_by", value, sizeof(value)) > 0) {
		to_lower(value);
		ret_query->by_duration = strcmp(value, "execution_duration") == 0;
		if (!ret_query->by_duration && strcmp(value, "created_at") != 0)
			return "sort_by must be 'created_at' or 'execution_duration'";
	}
	if (query_find(text, "sort_order", value, sizeof(value)) > 0) {
		to_lower(value);
		ret_query->is_ascending = strcmp(value, "asc") == 0;
		if (!ret_query->is_ascending && strcmp(value, "desc") != 0)
			return "sort_order must be 'asc' or 'desc'";
	}
	if (query_find(text, "limit", value, sizeof(value)) > 0) {
		if (!read_integer(value, &number))
			return "limit must be an integer";
		if (number <= 0)
			return "limit must be a positive integer";
		ret_query->has_limit = true;
		ret_query->limit = (uint64_t)number;
	}
	if (query_find(text, "offset", value, sizeof(value)) > 0) {
		if (!read_integer(value, &number))
			return "offset must be an integer";
		ret_query->offset = number < 0 ? 0 : (uint64_t)number;
	}
	ret_query->has_workflow = query_find(text, "workflow_id", ret_query->workflow,
					  sizeof(ret_query->workflow)) > 0;
	return NULL;
}

/* -- the list -- */

static bool is_wanted(const struct list_query *query, const struct job *job)
{
	return job->state != JOB_CHECKED && (query->statuses & BIT(job_status(job))) != 0 &&
	       (!query->has_workflow || strcmp(query->workflow, job->workflow_id) == 0);
}

static void gather(struct listed *items, size_t *count, const struct list *from,
	const struct list_query *query)
{
	list_each (node, from) {
		const struct job *job = CONTAINER_OF(node, struct job, in_table);
		if (!is_wanted(query, job))
			continue;
		items[*count] = (struct listed){
			.job = job,
			.key = query->by_duration ? job->run_ms : job->created_wall_ms,
			.index = *count,
		};
		(*count)++;
	}
}

static int ascending(const void *one, const void *other)
{
	const struct listed *a = one;
	const struct listed *b = other;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static int descending(const void *one, const void *other)
{
	const struct listed *a = one;
	const struct listed *b = other;
	if (a->key != b->key)
		return a->key > b->key ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static struct blob *write_list(
	const struct listed *items, size_t count, const struct list_query *query)
{
	struct text text;
	size_t first = min_u64(query->offset, count);
	size_t shown = count - first;
	if (query->has_limit && query->limit < shown)
		shown = (size_t)query->limit;
	text_init(&text, shown * 512 + 128);
	text_puts(&text, "{\"jobs\":[");
	for (size_t i = first; i < first + shown; i++) {
		text_item(&text);
		job_put_listed(&text, items[i].job);
	}
	text_puts(&text, "],\"pagination\":{");
	text_key_u64(&text, "offset", query->offset);
	text_key(&text, "limit");
	if (query->has_limit)
		text_u64(&text, query->limit);
	else
		text_puts(&text, "null");
	text_key_u64(&text, "total", count);
	text_key_bool(&text, "has_more", first + shown < count);
	text_puts(&text, "}}");
	return blob_of_text(&text);
}

static struct blob *make_list(const struct jobs *jobs, const struct list_query *query)
{
	size_t room = 1;
	size_t count = 0;
	for (int state = 0; state < JOB_STATES; state++)
		room += jobs_count(jobs, state);
	struct listed *items = malloc(room * sizeof(*items));
	if (items == NULL)
		return NULL;
	if (query->statuses & (BIT(JOBS_PENDING) | BIT(JOBS_IN_PROGRESS)))
		gather(items, &count, jobs_all_active(jobs), query);
	if (query->statuses & ~(BIT(JOBS_PENDING) | BIT(JOBS_IN_PROGRESS)))
		gather(items, &count, jobs_all_ended(jobs), query);
	qsort(items, count, sizeof(*items), query->is_ascending ? ascending : descending);
	struct blob *json = write_list(items, count, query);
	free(items);
	return json;
}

static struct blob *make_error(const char *what)
{
	struct text text;
	text_init(&text, 256);
	text_put(&text, "{", 1);
	text_key_string(&text, "error", what);
	text_put(&text, "}", 1);
	return blob_of_text(&text);
}

/* -- what is kept -- */

static struct jobs_lists *lists_of(struct jobs *jobs)
{
	struct jobs_lists **at = jobs_lists_of(jobs);
	if (at == NULL)
		return NULL;
	if (*at == NULL)
		*at = calloc(1, sizeof(**at));
	struct jobs_lists *lists = *at;
	if (lists == NULL || (lists->queue_epoch == jobs_queue_epoch(jobs) &&
				     lists->history_epoch == jobs_history_epoch(jobs)))
		return lists;
	lists->queue_epoch = jobs_queue_epoch(jobs);
	lists->history_epoch = jobs_history_epoch(jobs);
	for (size_t i = 0; i < KEPT_LISTS; i++) {
		blob_unref(lists->kept[i].json);
		lists->kept[i].json = NULL;
	}
	return lists;
}

static struct blob *find_kept(const struct jobs_lists *lists, struct slice query, int *ret_status)
{
	for (size_t i = 0; lists != NULL && i < KEPT_LISTS; i++) {
		if (lists->kept[i].json != NULL &&
			slice_is(slice_of(lists->kept[i].query), query)) {
			*ret_status = lists->kept[i].status;
			return blob_ref(lists->kept[i].json);
		}
	}
	return NULL;
}

static void keep(struct jobs_lists *lists, struct slice query, struct blob *json, int status)
{
	if (lists == NULL || json == NULL || query.n > KEPT_QUERY_MOST ||
		memchr(query.p != NULL ? query.p : "", '\0', query.n) != NULL)
		return;
	uint32_t i = lists->next++ % KEPT_LISTS;
	blob_unref(lists->kept[i].json);
	lists->kept[i].json = blob_ref(json);
	lists->kept[i].status = status;
	if (query.p != NULL)
		memcpy(lists->kept[i].query, query.p, query.n);
	lists->kept[i].query[query.n] = '\0';
}

struct blob *jobs_list_json(struct jobs *jobs, struct slice query, int *ret_status)
{
	struct list_query wanted;
	struct jobs_lists *lists = lists_of(jobs);
	struct blob *json = find_kept(lists, query, ret_status);
	if (json != NULL)
		return json;
	const char *wrong = read_query(&wanted, query);
	*ret_status = wrong == NULL ? 200 : 400;
	json = wrong == NULL ? make_list(jobs, &wanted) : make_error(wrong);
	keep(lists, query, json, *ret_status);
	return json;
}
