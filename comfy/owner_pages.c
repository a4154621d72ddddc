#include "comfy/fleet.h"
#include "comfy/link.h"
#include "comfy/owner_parts.h"
#include "comfy/page.h"
#include "comfy/status.h"
#include "proxy/ws.h"

/* Without a page; then nobody will ask any more. */
#define FORGET_MS ((uint64_t)600000)
/* Pages that are told a status in one turn. */
#define STATUS_BURST 256

struct owner_stats owner_stats;

/* -- frames -- */

static bool has_page(const struct owner *owner)
{
	list_each (node, &owner->pages) {
		if (!CONTAINER_OF(node, struct page, in_owner)->is_leaving)
			return true;
	}
	return false;
}

static enum outbox_kind outbox_kind_of(const struct comfy_event *event)
{
	switch (event->kind) {
	case EVENT_PROGRESS:
		return OUTBOX_PROGRESS;
	case EVENT_PROGRESS_STATE:
		return OUTBOX_PROGRESS_STATE;
	case EVENT_PREVIEW:
		return OUTBOX_PREVIEW;
	default:
		return OUTBOX_KEEP;
	}
}

static uint64_t job_key(const struct job *job)
{
	return (uint64_t)(uintptr_t)job;
}

static bool may_keep(struct owner *owner)
{
	/* Nobody can come back as an owner without a name. */
	if (owner->is_anonymous)
		return false;
	if (owner->replay == NULL)
		owner->replay = replay_create();
	if (owner->replay == NULL)
		replay_dropped++;
	return owner->replay != NULL;
}

static void keep_missed(struct owner *owner, struct blob *frame)
{
	if (!may_keep(owner))
		return;
	replay_keep_missed(owner->replay, frame);
	if (!deadline_is_set(&owner->forget))
		deadline_set(&owner->forget, FORGET_MS);
}

static void keep(struct owner *owner, const struct job *job, enum replay_part part, bool is_heard,
	struct blob *frame)
{
	if (part == REPLAY_MISSED && !is_heard)
		keep_missed(owner, frame);
	else if (part < REPLAY_SLOTS && job != NULL && may_keep(owner))
		replay_keep_run(owner->replay, job, part, frame);
}

static bool is_wanted(const struct owner *owner, const struct job *job, enum replay_part part)
{
	if (!list_is_empty(&owner->pages))
		return true;
	if (owner->is_anonymous || part == REPLAY_NOTHING)
		return false;
	return part == REPLAY_MISSED || job != NULL;
}

bool owner_deliver(struct owner *owner, const struct job *job, const struct comfy_event *event,
	enum ws_opcode opcode, struct slice message)
{
	enum replay_part part = replay_part_of(event);
	if (part == REPLAY_MISSED && event->kind != EVENT_EXECUTED)
		owner_forget_run(owner, job);
	if (!is_wanted(owner, job, part))
		return true;
	struct blob *frame = ws_frame_blob(opcode, message);
	if (frame == NULL) {
		replay_dropped++;
		list_each (node, &owner->pages)
			page_leave(CONTAINER_OF(node, struct page, in_owner), WS_CODE_INTERNAL);
		return list_is_empty(&owner->pages);
	}
	enum outbox_kind kind = outbox_kind_of(event);
	bool is_heard = false;
	bool is_ok = true;
	list_each (node, &owner->pages) {
		struct page *page = CONTAINER_OF(node, struct page, in_owner);
		bool is_told = page_send(page, kind, job_key(job), frame);
		is_heard |= is_told;
		is_ok &= is_told;
	}
	keep(owner, job, part, is_heard, frame);
	blob_unref(frame);
	return is_ok;
}

void owner_forget_run(struct owner *owner, const struct job *job)
{
	if (owner->replay != NULL)
		replay_forget_run(owner->replay, job);
}

/* What a text frame says. False: it is another frame. */
static bool read_frame(struct slice frame, struct slice *ret_text)
{
	if (frame.n < 2 || (frame.p[0] & 0x0f) != WS_TEXT)
		return false;
	uint8_t length = (uint8_t)frame.p[1];
	size_t head = length == 127 ? 10 : length == 126 ? 4 : 2;
	if (frame.n < head)
		return false;
	*ret_text = (struct slice){frame.p + head, frame.n - head};
	return true;
}

void owner_give_back(struct owner *owner, struct blob *frame)
{
	struct comfy_event event;
	struct slice text;
	if (has_page(owner) || !read_frame(blob_slice(frame), &text))
		return;
	event_read_text(&event, text);
	if (replay_part_of(&event) == REPLAY_MISSED)
		keep_missed(owner, frame);
}

/* -- pages and their status -- */

static void tell_kept(void *arg, enum replay_part part, const struct job *job, struct blob *frame)
{
	enum outbox_kind kind = OUTBOX_KEEP;
	if (part == REPLAY_PROGRESS)
		kind = OUTBOX_PROGRESS;
	else if (part == REPLAY_STATE)
		kind = OUTBOX_PROGRESS_STATE;
	(void)page_send(arg, kind, job_key(job), frame);
}

bool owner_add_page(struct owner *owner, struct page *page)
{
	struct owners *owners = owner->fleet->owners;
	struct blob *status = status_frame(fleet_queue_remaining(owner->fleet), owner->id);
	if (status == NULL)
		return false;
	bool is_told = page_send(page, OUTBOX_KEEP, 0, status);
	blob_unref(status);
	if (!is_told)
		return false;
	page->owner = owner;
	list_push_front(&owner->pages, &page->in_owner);
	list_push_back(&owners->pages, &page->in_fleet);
	owners->page_count++;
	owner_stats.pages++;
	deadline_clear(&owner->forget);
	if (owner->replay != NULL)
		replay_tell(owner->replay, tell_kept, page);
	return true;
}

void owner_remove_page(struct owner *owner, struct page *page)
{
	ensure(page->owner == owner);
	page->owner = NULL;
	list_remove(&page->in_owner);
	list_remove(&page->in_fleet);
	owner->fleet->owners->page_count--;
	owner_stats.pages--;
	if (list_is_empty(&owner->pages)) {
		link_release(owner->logs);
		owner->logs = NULL;
	}
	owner_rest(owner);
}

void owners_tell(struct next_turn *item)
{
	struct owners *owners = CONTAINER_OF(item, struct owners, tell);
	if (owners->untold > owners->page_count)
		owners->untold = owners->page_count;
	struct blob *frame = NULL;
	if (owners->untold != 0)
		frame = status_frame(fleet_queue_remaining(owners->fleet), NULL);
	if (frame == NULL)
		return; /* the next change tells */
	for (int i = 0; i < STATUS_BURST && owners->untold != 0; i++, owners->untold--) {
		struct page *page = list_first(&owners->pages, struct page, in_fleet);
		list_remove(&page->in_fleet);
		list_push_back(&owners->pages, &page->in_fleet);
		(void)page_send(page, OUTBOX_STATUS, 0, frame);
	}
	blob_unref(frame);
	if (owners->untold != 0)
		next_turn_add(&owners->tell);
}

void owners_status_changed(struct owners *owners)
{
	owners->untold = owners->page_count;
	if (owners->untold != 0)
		next_turn_add(&owners->tell);
}
