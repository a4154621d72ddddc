#include "base/loop.h"

#include "base/clock.h"

#include <errno.h>

#include <event2/event.h>
#include <event2/event_struct.h>

/* Distinct durations at one time. Past that a new duration shares the list of
 * the next longer one, so it expires late and never early. */
#define DEADLINE_LISTS 128

struct deadline_list {
	uint64_t ms; /* 0: unused */
	struct list members;
	struct event timer;
	bool is_armed;
};

static struct event_base *base;
static bool is_stopping;
static struct deferred *deferred_first;
static struct deferred **deferred_last = &deferred_first;
static struct list waiting_turn = {&waiting_turn, &waiting_turn};
static struct deadline_list lists[DEADLINE_LISTS];
static struct histogram busy;
static uint64_t busy_most_us;

int loop_start(void)
{
	struct event_config *config = event_config_new();
	if (config == NULL)
		return -ENOMEM;
	/* One thread, so no locks; no changelist, which our one epoll_ctl per socket would not use.
	 */
	int rc = event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = rc == 0 ? event_base_new_with_config(config) : NULL;
	event_config_free(config);
	is_stopping = false;
	(void)clock_tick();
	return base == NULL ? -ENOMEM : 0;
}

static void run_deferred(void)
{
	while (deferred_first != NULL) {
		struct deferred *item = deferred_first;
		deferred_first = item->next;
		if (deferred_first == NULL)
			deferred_last = &deferred_first;
		void (*run)(struct deferred *) = item->run;
		item->run = NULL;
		run(item);
	}
}

void loop_finish(void)
{
	run_deferred();
	for (size_t i = 0; i < DEADLINE_LISTS; i++) {
		if (lists[i].ms != 0)
			(void)event_del(&lists[i].timer);
		lists[i].ms = 0;
		lists[i].is_armed = false;
	}
	if (base != NULL)
		event_base_free(base);
	base = NULL;
}

struct event_base *loop_base(void)
{
	return base;
}

void next_turn_init(struct next_turn *item, void (*run)(struct next_turn *self))
{
	list_init(&item->node);
	item->run = run;
}

void next_turn_add(struct next_turn *item)
{
	list_remove(&item->node);
	list_push_back(&waiting_turn, &item->node);
}

void next_turn_cancel(struct next_turn *item)
{
	list_remove(&item->node);
}

/* Those that were waiting when we began; who asks again meanwhile waits for the turn after. */
static void run_waiting_turn(void)
{
	struct list now;
	if (list_is_empty(&waiting_turn))
		return;
	list_insert_after(&waiting_turn, &now);
	list_remove(&waiting_turn);
	(void)clock_tick();
	while (!list_is_empty(&now)) {
		struct next_turn *item = list_first(&now, struct next_turn, node);
		list_remove(&item->node);
		item->run(item);
	}
}

bool loop_turn(void)
{
	/* Waiting must not count as work, so a turn begins with its first tick. */
	clock_turn_began_us = 0;
	/* Without ONCE, libevent would go on as long as events come, and what waits for the next
	 * turn for ever. */
	int wait = EVLOOP_ONCE | (list_is_empty(&waiting_turn) ? 0 : EVLOOP_NONBLOCK);
	if (event_base_loop(base, wait) < 0)
		return false;
	run_waiting_turn();
	run_deferred();
	if (clock_turn_began_us == 0)
		return true;
	uint64_t us = clock_tick() - clock_turn_began_us;
	histogram_add(&busy, us);
	if (us > busy_most_us)
		busy_most_us = us;
	return true;
}

void loop_run(void)
{
	while (!is_stopping && loop_turn())
		continue;
	run_deferred();
}

void loop_stop(void)
{
	is_stopping = true;
	(void)event_base_loopbreak(base);
}

const struct histogram *loop_busy(void)
{
	return &busy;
}

uint64_t loop_busy_most_us(void)
{
	return busy_most_us;
}

void defer(struct deferred *item, void (*run)(struct deferred *self))
{
	if (item->run != NULL)
		return;
	item->run = run;
	item->next = NULL;
	*deferred_last = item;
	deferred_last = &item->next;
}

static void list_arm(struct deadline_list *list)
{
	if (list->is_armed || list_is_empty(&list->members))
		return;
	uint64_t due_us = list_first(&list->members, struct deadline, node)->due_us;
	uint64_t wait_us = due_us > clock_now_us ? due_us - clock_now_us : 0;
	struct timeval tv = {(time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000)};
	list->is_armed = event_add(&list->timer, &tv) == 0;
}

static void on_list_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct deadline_list *list = arg;
	(void)clock_tick();
	list->is_armed = false;
	while (!list_is_empty(&list->members)) {
		struct deadline *first = list_first(&list->members, struct deadline, node);
		if (first->due_us > clock_now_us)
			break;
		deadline_clear(first);
		first->on_due(first);
	}
	list_arm(list);
}

/* `unused` may have a timer running for members that are gone. */
static struct deadline_list *list_start(struct deadline_list *unused, uint64_t ms)
{
	if (unused->is_armed)
		(void)event_del(&unused->timer);
	unused->is_armed = false;
	unused->ms = ms;
	list_init(&unused->members);
	event_assign(&unused->timer, base, -1, 0, on_list_timer, unused);
	return unused;
}

static struct deadline_list *list_for(uint64_t ms)
{
	struct deadline_list *unused = NULL;
	struct deadline_list *longer = NULL;
	struct deadline_list *longest = &lists[0];
	for (size_t i = 0; i < DEADLINE_LISTS; i++) {
		struct deadline_list *list = &lists[i];
		if (list->ms == ms)
			return list;
		if (list->ms == 0 || list_is_empty(&list->members)) {
			/* Rather one whose timer does not run. */
			if (unused == NULL || (unused->is_armed && !list->is_armed))
				unused = list;
			if (list->ms == 0)
				break;
			continue;
		}
		if (list->ms > ms && (longer == NULL || list->ms < longer->ms))
			longer = list;
		if (list->ms > longest->ms)
			longest = list;
	}
	if (unused != NULL)
		return list_start(unused, ms);
	if (longer != NULL)
		return longer;
	/* From now on it waits longer; its members are due before any that comes. */
	longest->ms = ms;
	return longest;
}

void deadline_init(struct deadline *deadline, void (*on_due)(struct deadline *self))
{
	*deadline = (struct deadline){.on_due = on_due};
	list_init(&deadline->node);
}

void deadline_set(struct deadline *deadline, uint64_t ms)
{
	if (ms == 0) {
		deadline_clear(deadline);
		return;
	}
	struct deadline_list *list = deadline->list;
	if (list == NULL || list->ms != ms)
		list = list_for(ms);
	list_remove(&deadline->node);
	deadline->list = list;
	deadline->due_us = clock_now_us + list->ms * 1000;
	list_push_back(&list->members, &deadline->node);
	list_arm(list);
}

void deadline_clear(struct deadline *deadline)
{
	list_remove(&deadline->node);
	deadline->list = NULL;
}
